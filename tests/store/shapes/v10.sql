PRAGMA application_id = 1162171973;
PRAGMA user_version = 10;
BEGIN TRANSACTION;
CREATE TABLE "action" (
   "record" INTEGER NOT NULL REFERENCES "record"("number"),
   "place" INTEGER NOT NULL,
   "step" TEXT NOT NULL,
   "target" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "name" TEXT NOT NULL,
   "condition" TEXT NOT NULL,
   "cleanup" INTEGER NOT NULL, "undo" TEXT NOT NULL DEFAULT '',
   PRIMARY KEY ("record", "place")
) STRICT;
INSERT INTO "action" VALUES(1,0,'service/web on edge','edge','instance','web-1-0a1b2c','running',0,'');
INSERT INTO "action" VALUES(1,1,'service/web on edge','edge','instance','web-2-0a1b2c','running',0,'');
INSERT INTO "action" VALUES(1,2,'service/web on edge','edge','instance','web-3-0a1b2c','absent',1,'');
INSERT INTO "action" VALUES(2,0,'service/api on edge','edge','instance','api-1-0a1b2c','running',0,'');
INSERT INTO "action" VALUES(2,1,'service/api on edge','edge','instance','api-2-0a1b2c','running',0,'');
INSERT INTO "action" VALUES(2,2,'service/api on edge','edge','instance','api-3-0a1b2c','absent',1,'');
CREATE TABLE "approval" (
   "scope" INTEGER NOT NULL REFERENCES "scope"("id"),
   "plan" TEXT NOT NULL,
   "by" TEXT NOT NULL,
   "at" TEXT NOT NULL,
   PRIMARY KEY ("scope", "plan", "by")
) STRICT;
INSERT INTO "approval" VALUES(1,'plan-3','alice@desk','2027-03-01T12:00:12.000000+00:00');
CREATE TABLE "call" (
   "number" INTEGER PRIMARY KEY,
   "at" TEXT NOT NULL,
   "token" TEXT NOT NULL,
   "user" TEXT NOT NULL,
   "address" TEXT NOT NULL,
   "method" TEXT NOT NULL,
   "path" TEXT NOT NULL,
   "status" INTEGER NOT NULL
) STRICT;
CREATE TABLE "delivery" (
   "number" INTEGER PRIMARY KEY,
   "id" TEXT NOT NULL,
   "provider" TEXT NOT NULL,
   "repository" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "event" TEXT NOT NULL,
   "deleted" INTEGER NOT NULL,
   "ref" TEXT NOT NULL,
   "commit_id" TEXT NOT NULL,
   "urls" TEXT NOT NULL,
   "received" TEXT NOT NULL,
   "paths" TEXT
) STRICT;
INSERT INTO "delivery" VALUES(1,'done-1','github','shop','push','push',0,'refs/heads/main','4f2c91a4f2c91a4f2c91a4f2c91a4f2c91a4f2c9','["https://github.com/acme/shop.git", "git@github.com:acme/shop.git"]','2027-03-01T12:00:00.000000+00:00','["specs/production/web.yaml", "\u00e4.yaml"]');
INSERT INTO "delivery" VALUES(2,'waiting-1','github','shop','push','push',0,'refs/heads/main','4f2c91a4f2c91a4f2c91a4f2c91a4f2c91a4f2c9','["https://github.com/acme/shop.git", "git@github.com:acme/shop.git"]','2027-03-01T12:00:00.000000+00:00','["specs/production/web.yaml", "\u00e4.yaml"]');
CREATE TABLE "entry" (
   "number" INTEGER PRIMARY KEY,
   "record" INTEGER NOT NULL,
   "place" INTEGER NOT NULL,
   "event" TEXT NOT NULL,
   "text" TEXT NOT NULL,
   "at" TEXT NOT NULL,
   FOREIGN KEY ("record", "place") REFERENCES "action"("record", "place")
) STRICT;
INSERT INTO "entry" VALUES(1,1,0,'intended','run instance/web-1-0a1b2c on edge','2027-03-01T12:00:01.000000+00:00');
INSERT INTO "entry" VALUES(2,1,0,'done','healthy','2027-03-01T12:00:02.000000+00:00');
INSERT INTO "entry" VALUES(3,1,1,'intended','run instance/web-2-0a1b2c on edge','2027-03-01T12:00:01.000000+00:00');
INSERT INTO "entry" VALUES(4,1,1,'done','healthy','2027-03-01T12:00:02.000000+00:00');
INSERT INTO "entry" VALUES(5,1,2,'intended','remove instance/web-3-0a1b2c on edge','2027-03-01T12:00:01.000000+00:00');
INSERT INTO "entry" VALUES(6,1,2,'done','healthy','2027-03-01T12:00:02.000000+00:00');
INSERT INTO "entry" VALUES(7,2,0,'intended','run instance/api-1-0a1b2c on edge','2027-03-01T12:00:11.000000+00:00');
CREATE TABLE "errand" (
   "number" INTEGER PRIMARY KEY,
   "delivery" INTEGER NOT NULL REFERENCES "delivery"("number"),
   "environment" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "attempts" INTEGER NOT NULL,
   "due" TEXT NOT NULL,
   "cause" TEXT NOT NULL,
   "record" TEXT NOT NULL
) STRICT;
INSERT INTO "errand" VALUES(1,1,'shop/a','done',1,'2027-03-01T12:00:11.000000+00:00','','apply-1');
INSERT INTO "errand" VALUES(2,2,'shop/b','waiting',0,'2027-03-01T12:00:11.000000+00:00','','');
CREATE TABLE "head" (
   "repository" TEXT PRIMARY KEY NOT NULL,
   "url" TEXT NOT NULL,
   "branch" TEXT NOT NULL,
   "commit_id" TEXT NOT NULL,
   "at" TEXT NOT NULL
) STRICT;
CREATE TABLE "hold" (
   "scope" INTEGER NOT NULL REFERENCES "scope"("id"),
   "service" TEXT NOT NULL,
   "target" TEXT NOT NULL,
   "bad" TEXT NOT NULL,
   "back_to" TEXT NOT NULL,
   "since" TEXT NOT NULL,
   "by" TEXT NOT NULL,
   PRIMARY KEY ("scope", "service", "target")
) STRICT;
CREATE TABLE "lease" (
   "scope" INTEGER PRIMARY KEY REFERENCES "scope"("id"),
   "owner" TEXT NOT NULL,
   "host" TEXT NOT NULL,
   "pid" INTEGER NOT NULL,
   "process" TEXT NOT NULL,
   "reason" TEXT NOT NULL,
   "fence" INTEGER NOT NULL,
   "acquired" TEXT NOT NULL,
   "renewed" TEXT NOT NULL,
   "expires" TEXT NOT NULL
) STRICT;
INSERT INTO "lease" VALUES(1,'bob','laptop',42,'2002','apply plan-2',1803902410000000,'2027-03-01T12:00:10.000000+00:00','2027-03-01T12:00:10.000000+00:00','2027-03-01T12:00:40.000000+00:00');
CREATE TABLE "lease_end" (
   "scope" INTEGER NOT NULL REFERENCES "scope"("id"),
   "fence" INTEGER NOT NULL,
   "ending" TEXT NOT NULL,
   "cause" TEXT NOT NULL,
   "at" TEXT NOT NULL,
   PRIMARY KEY ("scope", "fence")
) STRICT;
CREATE TABLE "let_in" (
   "repository" TEXT PRIMARY KEY NOT NULL,
   "commit_id" TEXT NOT NULL
) STRICT;
CREATE TABLE "output" (
   "record" INTEGER NOT NULL REFERENCES "record"("number"),
   "line" INTEGER NOT NULL,
   "text" TEXT NOT NULL,
   PRIMARY KEY ("record", "line")
) STRICT;
CREATE TABLE "pause" (
   "scope" INTEGER NOT NULL REFERENCES "scope"("id"),
   "service" TEXT NOT NULL,
   "since" TEXT NOT NULL,
   "by" TEXT NOT NULL,
   "why" TEXT NOT NULL,
   PRIMARY KEY ("scope", "service")
) STRICT;
INSERT INTO "pause" VALUES(1,'','2027-03-01T12:00:11.000000+00:00','alice@desk','fair');
CREATE TABLE "plan" (
   "number" INTEGER PRIMARY KEY,
   "scope" INTEGER NOT NULL REFERENCES "scope"("id"),
   "id" TEXT NOT NULL,
   "text" TEXT NOT NULL,
   "digest" TEXT NOT NULL,
   "saved" TEXT NOT NULL
) STRICT;
INSERT INTO "plan" VALUES(1,1,'plan-3','{"id":"plan-3"}','b267451878dc444eb19a439b836e094d952006ab8824048c9cc220dce4607e14','2027-03-01T12:00:12.000000+00:00');
CREATE TABLE "record" (
   "number" INTEGER PRIMARY KEY,
   "id" TEXT NOT NULL,
   "scope" INTEGER NOT NULL REFERENCES "scope"("id"),
   "plan" TEXT NOT NULL,
   "digest" TEXT NOT NULL,
   "commit_id" TEXT NOT NULL,
   "generation" INTEGER NOT NULL,
   "actor" TEXT NOT NULL,
   "fence" INTEGER NOT NULL,
   "started" TEXT NOT NULL,
   "ending" TEXT NOT NULL,
   "cause" TEXT NOT NULL,
   "ended" TEXT,
   "text" TEXT NOT NULL
) STRICT;
INSERT INTO "record" VALUES(1,'apply-1',1,'plan-1','3c3432cf5e096bebab526c04452fb5210a3209fca2d991eab2330e01a2080f15','4f2c91a',1,'alice@desk',1803902400000000,'2027-03-01T12:00:00.000000+00:00','success','','2027-03-01T12:00:03.000000+00:00','{"actions":[{"after":[],"cleanup":false,"deadline":60.0,"effect":{"beside":[],"condition":"running","instead":[],"object":{"kind":"instance","name":"web-1-0a1b2c","target":"edge"},"wanted":null},"health":null,"index":0,"step":"service/web on edge","undo":[]},{"after":[],"cleanup":false,"deadline":60.0,"effect":{"beside":[],"condition":"running","instead":[],"object":{"kind":"instance","name":"web-2-0a1b2c","target":"edge"},"wanted":null},"health":null,"index":1,"step":"service/web on edge","undo":[]},{"after":[],"cleanup":true,"deadline":60.0,"effect":{"beside":[],"condition":"absent","instead":[],"object":{"kind":"instance","name":"web-3-0a1b2c","target":"edge"},"wanted":null},"health":null,"index":2,"step":"service/web on edge","undo":[]}],"changed_files":0,"commit":"4f2c91a","generation":0,"id":"plan-1","impact":{"blast_radius":0.0,"instances":0,"removes":0,"risk":"low","touched":0,"worst_wait":0.0},"kept":[],"labels":{},"notes":[],"scope":{"environment":"production","project":"shop"},"steps":[{"document":"","drift":false,"drift_by":[],"fields":[],"goes_back_to":"","id":"service/web on edge","observed":"","opaque":[],"present":[],"reasons":[],"replicas":[0,1],"risk":"low","service":"web","source":"","strategy":"","target":"edge","verb":"create","wave":1,"worst_wait":60.0}],"unchanged":0,"unknown":[]}');
INSERT INTO "record" VALUES(2,'apply-2',1,'plan-2','ef26cb4a71abd0b4ebcc89c721ebea605faa1774f6d00210eae0366efd9b80d7','4f2c91a',2,'alice@desk',1803902410000000,'2027-03-01T12:00:10.000000+00:00','running','',NULL,'{"actions":[{"after":[],"cleanup":false,"deadline":60.0,"effect":{"beside":[],"condition":"running","instead":[],"object":{"kind":"instance","name":"api-1-0a1b2c","target":"edge"},"wanted":null},"health":null,"index":0,"step":"service/api on edge","undo":[]},{"after":[],"cleanup":false,"deadline":60.0,"effect":{"beside":[],"condition":"running","instead":[],"object":{"kind":"instance","name":"api-2-0a1b2c","target":"edge"},"wanted":null},"health":null,"index":1,"step":"service/api on edge","undo":[]},{"after":[],"cleanup":true,"deadline":60.0,"effect":{"beside":[],"condition":"absent","instead":[],"object":{"kind":"instance","name":"api-3-0a1b2c","target":"edge"},"wanted":null},"health":null,"index":2,"step":"service/api on edge","undo":[]}],"changed_files":0,"commit":"4f2c91a","generation":0,"id":"plan-2","impact":{"blast_radius":0.0,"instances":0,"removes":0,"risk":"low","touched":0,"worst_wait":0.0},"kept":[],"labels":{},"notes":[],"scope":{"environment":"production","project":"shop"},"steps":[{"document":"","drift":false,"drift_by":[],"fields":[],"goes_back_to":"","id":"service/api on edge","observed":"","opaque":[],"present":[],"reasons":[],"replicas":[0,1],"risk":"low","service":"api","source":"","strategy":"","target":"edge","verb":"create","wave":1,"worst_wait":60.0}],"unchanged":0,"unknown":[]}');
CREATE TABLE "said" (
   "times" INTEGER NOT NULL
) STRICT;
INSERT INTO "said" VALUES(2);
CREATE TABLE "scope" (
   "id" INTEGER PRIMARY KEY,
   "project" TEXT NOT NULL,
   "environment" TEXT NOT NULL,
   "generation" INTEGER NOT NULL,
   "fence" INTEGER NOT NULL
) STRICT;
INSERT INTO "scope" VALUES(1,'shop','production',2,1803902410000000);
CREATE TABLE "side" (
   "record" INTEGER NOT NULL,
   "place" INTEGER NOT NULL,
   "target" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "name" TEXT NOT NULL,
   "condition" TEXT NOT NULL,
   "undo" TEXT NOT NULL,
   FOREIGN KEY ("record", "place") REFERENCES "action"("record", "place"),
   PRIMARY KEY ("record", "place", "target", "kind", "name")
) STRICT;
CREATE TABLE "standing" (
   "key" TEXT PRIMARY KEY NOT NULL,
   "phase" TEXT NOT NULL,
   "cause" TEXT NOT NULL,
   "project" TEXT NOT NULL,
   "environment" TEXT NOT NULL,
   "seen" TEXT NOT NULL,
   "applied" TEXT NOT NULL,
   "plan" TEXT NOT NULL,
   "record" TEXT NOT NULL,
   "tried" TEXT NOT NULL,
   "since" TEXT NOT NULL,
   "checked" TEXT NOT NULL
) STRICT;
CREATE TABLE "step" (
   "record" INTEGER NOT NULL REFERENCES "record"("number"),
   "id" TEXT NOT NULL,
   "service" TEXT,
   "target" TEXT NOT NULL,
   "verb" TEXT NOT NULL,
   PRIMARY KEY ("record", "id")
) STRICT;
INSERT INTO "step" VALUES(1,'service/web on edge','web','edge','create');
INSERT INTO "step" VALUES(2,'service/api on edge','api','edge','create');
CREATE TABLE "target" (
   "scope" INTEGER NOT NULL REFERENCES "scope"("id"),
   "name" TEXT NOT NULL,
   "applied" TEXT NOT NULL,
   PRIMARY KEY ("scope", "name")
) STRICT;
INSERT INTO "target" VALUES(1,'edge','2027-03-01T12:00:10.000000+00:00');
CREATE TABLE "token" (
   "id" TEXT PRIMARY KEY NOT NULL,
   "digest" TEXT NOT NULL,
   "user" TEXT NOT NULL,
   "rights" TEXT NOT NULL,
   "repositories" TEXT NOT NULL,
   "note" TEXT NOT NULL,
   "made" TEXT NOT NULL,
   "expires" TEXT NOT NULL,
   "revoked" TEXT
) STRICT;
INSERT INTO "token" VALUES('73730a8f','9faad3febc46443193cedec42604f227857bad79102b19bf29cc43aee8f4a6bc','alice','read','[]','','2027-03-01T12:00:12.000000+00:00','2027-03-01T12:01:00.000000+00:00',NULL);
CREATE UNIQUE INDEX "idx_scope_project_environment"
    ON "scope" ("project", "environment");
CREATE UNIQUE INDEX "idx_plan_scope_id"
    ON "plan" ("scope", "id");
CREATE UNIQUE INDEX "idx_record_id"
    ON "record" ("id");
CREATE INDEX "idx_record_scope_number"
    ON "record" ("scope", "number");
CREATE UNIQUE INDEX record_applies_once ON record (scope, plan) WHERE ending <> 'denied';
CREATE INDEX "idx_step_service_target_record"
    ON "step" ("service", "target", "record");
CREATE INDEX "idx_action_record_step"
    ON "action" ("record", "step");
CREATE INDEX "idx_entry_record_place_number"
    ON "entry" ("record", "place", "number");
CREATE INDEX "idx_action_name_kind_target"
    ON "action" ("name", "kind", "target");
CREATE INDEX "idx_side_name_kind_target"
    ON "side" ("name", "kind", "target");
CREATE UNIQUE INDEX "idx_delivery_repository_id"
    ON "delivery" ("repository", "id");
CREATE INDEX "idx_delivery_received"
    ON "delivery" ("received");
CREATE INDEX "idx_errand_delivery"
    ON "errand" ("delivery");
CREATE INDEX errand_waits ON errand (environment, due) WHERE state = 'waiting';
COMMIT;
