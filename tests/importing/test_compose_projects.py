"""Whole projects, hard ones among them: what becomes of each, and what is said to be lost."""

import json

import pytest

from eeveon.core.desired import Workload
from eeveon.core.diagnostic import Position
from eeveon.errors import SpecsRejected
from eeveon.importing.imported import Choices, Sort
from eeveon.importing.layout import texts
from eeveon.render.import_text import files_text, losses_text
from eeveon.render.words import Style
from eeveon.specs.convert import Pool, workloads
from eeveon.specs.files import check_file
from eeveon.specs.load import SourceFile
from tests.golden import golden
from tests.importing.compose_projects import NAMES, project, spec, told, written

PLAIN = Style(colour=False, width=100)
SECRETS = ("somewordpress", "hunter2", "hunter3", "s3cret", "abcdef", "sk_live", "abc@sentry")


@pytest.mark.golden
@pytest.mark.parametrize("name", NAMES)
def test_reads_well(name: str) -> None:
    result = project(name)
    golden(f"import/{name}.txt", files_text(texts(result)) + losses_text(result.lost, PLAIN))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_without_a_mistake(name: str) -> None:
    for path, text in texts(project(name, profiles=frozenset({"*"}))).items():
        checked = check_file(SourceFile(path=path, content=text.encode()))
        assert checked.diagnostics == (), path


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_secret_is_written_or_told(name: str) -> None:
    result = project(name)
    said = json.dumps(texts(result)) + losses_text(result.lost, PLAIN)
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize("name", NAMES)
def test_everything_lost_has_its_line(name: str) -> None:
    for one in project(name).lost:
        assert one.where.line > 0, one
        assert one.sort is not Sort.TODO or one.todo or one.why, one


@pytest.mark.parametrize("name", NAMES)
def test_the_same_files_come_out_each_time(name: str) -> None:
    assert texts(project(name)) == texts(project(name))


def workload(name: str, service: str) -> Workload:
    """A service as its target is to run it."""
    for file in project(name).files:
        for document in file.documents:
            if document["kind"] == "Service" and document["metadata"]["name"] == service:
                return workloads(document, Position(file=file.path), Pool())[0]
    raise AssertionError(service)


def test_variables_come_from_the_file_the_environment_and_defaults() -> None:
    web = workload("anchors", "web")
    assert web.image == "registry.example.com/app:2.3.1"
    assert web.env == {"TZ": "Etc/UTC", "LOG_LEVEL": "info"}
    assert web.command == ("gunicorn", "--bind", "0.0.0.0:8000", "app.wsgi:application", "--workers", "4")
    worker = workload("anchors", "worker")
    assert worker.env["QUEUE"] == "high,low"
    assert worker.env["RATIO"] == "0.75"
    assert worker.env["RETRIES"] == "3"
    assert worker.env["EMPTY"] == ""
    assert worker.env["PASSED_ON"] == "yes, it is"
    assert "UNKNOWN_ONE" not in worker.env
    assert worker.replicas == 3


def test_a_health_check_is_the_same_check() -> None:
    health = workload("anchors", "web").health
    assert health.check is not None
    assert json.loads(json.dumps(health.check.__getattribute__("command")))[2].endswith(
        "grep -q ${EXPECTED:-ok}"
    )
    seconds = (health.every.total_seconds(), health.timeout.total_seconds(), health.startup.total_seconds())
    assert (*seconds, health.failures) == (90, 2.5, 40, 5)
    assert workload("tasks", "off").health.check is None
    assert workload("tasks", "none").health.check is None


def test_an_extended_service_has_what_it_extends_with_paths_of_that_file() -> None:
    api = spec(project("extends"), "api")
    assert api["env"] == {
        "FROM_FILE": "plain",
        "QUOTED": "two words # no comment",
        "SHARED": "1",
        "ROLE": "api",
    }
    assert api["secrets"] == {"API_TOKEN": {"env": "API_TOKEN"}}
    assert api["volumes"] == [{"host": "/src/extends/common/conf", "path": "/etc/app", "readOnly": True}]
    assert (api["user"], api["workingDir"]) == ("1000:1000", "/srv/app")
    assert api["resources"] == {"cpu": "250m", "memory": "512Mi"}
    jobs = spec(project("extends"), "jobs")
    assert jobs["env"]["ROLE"] == "jobs"
    assert jobs["dependsOn"] == ["api"]


def test_what_is_open_to_this_machine_only_is_never_opened_to_all() -> None:
    ports = spec(project("extends"), "api")["ports"]
    assert ports == [
        {"name": "http", "port": 9000},
        {"name": "port-9001", "port": 9001, "publish": "auto"},
    ] or (ports[0] == {"name": "port-9000", "port": 9000})
    assert any("127.0.0.1 only" in why for why in told(project("extends"), "services.api.ports"))


def test_one_file_over_another_merges_as_compose_does() -> None:
    web = spec(project("override"), "web")
    assert web["env"] == {"MODE": "debug", "KEEP": "me"}
    assert [port["publish"] for port in web["ports"]] == [8080, 8443]
    assert {"host": "/src/override/b", "path": "/a", "readOnly": True} in web["volumes"]
    assert len(web["volumes"]) == 2
    assert web["command"] == ["nginx", "-g", "daemon off; error_log /dev/stdout debug;"]
    assert spec(project("override"), "mail")["ports"] == [
        {"name": "smtp-in", "port": 1025, "publish": 1025},
        {"name": "port-8025", "port": 8025, "publish": "auto"},
    ]


def test_included_files_have_a_folder_and_variables_of_their_own() -> None:
    cache = spec(project("includes"), "cache")
    assert cache["image"] == "redis:7.4-alpine"
    assert cache["volumes"][0] == {"host": "/src/includes/infra/redis.conf", "path": "/etc/redis.conf"}
    assert cache["volumes"][1]["path"] == "/data"
    assert spec(project("includes"), "web")["dependsOn"] == ["cache", "queue"]


def test_files_of_secrets_are_mounted_and_variables_of_secrets_are_variables() -> None:
    db = spec(project("secrets"), "db")
    assert db["env"] == {"POSTGRES_PASSWORD_FILE": "/run/secrets/db_password"}
    assert db["secrets"] == {"POSTGRES_USER": {"env": "DB_USER"}}
    assert {
        "host": "/src/secrets/db_password.txt",
        "path": "/run/secrets/db_password",
        "readOnly": True,
    } in db["volumes"]
    app = spec(project("secrets"), "app")
    assert app["env"] == {
        "JWT_TOKEN_TTL": "3600", "ALLOW_EMPTY_PASSWORD": "yes", "TEMPLATE": "${{ secrets.X }} and $HOME"
    }  # fmt: skip
    assert set(app["secrets"]) == {"SENTRY_DSN", "MAIL_URL", "STRIPE"}
    assert app["command"] == ["app", "--password", "${APP_PASSWORD}", "--listen", ":80"]


def test_patterns_decide_what_is_secret() -> None:
    text = "services: {a: {image: x, environment: {PLAIN_TOKEN: t, COLOUR: red, SIZE: '1'}}}"
    made = spec(written(text, choices=Choices(secret=("COL*",), plain=("PLAIN_*",))), "a")
    assert made["env"] == {"PLAIN_TOKEN": "t", "SIZE": "1"}
    assert made["secrets"] == {"COLOUR": {"env": "COLOUR"}}


def test_services_with_different_secrets_of_one_name_get_different_variables() -> None:
    text = (
        "services: {a: {image: x, environment: {PASSWORD: one}}, b: {image: x, environment: {PASSWORD: two}}}"
    )
    result = written(text)
    assert spec(result, "a")["secrets"] == {"PASSWORD": {"env": "PASSWORD"}}
    assert spec(result, "b")["secrets"] == {"PASSWORD": {"env": "B_PASSWORD"}}


def test_a_swarm_service_keeps_its_copies_limits_and_order() -> None:
    web = spec(project("swarm"), "web")
    assert web["replicas"] == 4
    assert web["resources"] == {"cpu": "1500m", "memory": "1536Mi"}
    assert web["restart"] == "onFailure"
    assert web["rollout"] == {"rolling": {"surge": 2}}
    assert web["ports"] == [{"name": "http", "port": 8000, "publish": "auto"}]
    assert spec(project("swarm"), "agent")["rollout"] == {"recreate": {}}


def test_tasks_that_end_are_not_services() -> None:
    result = project("tasks")
    assert [file.path for file in result.files if "migrate" in file.path or "tool" in file.path] == []
    assert spec(result, "app")["dependsOn"] == ["db"]
    assert "runs once" in told(result, "services.migrate")[0]
    assert "profile debug" in told(result, "services.tool")[0]


def test_a_profile_brings_its_services() -> None:
    result = project("tasks", profiles=frozenset({"debug"}))
    assert spec(result, "tool")["image"] == "tool:1"
    assert spec(result, "app")["dependsOn"] == ["db", "tool"]


def test_a_service_that_is_called_otherwise_says_who_speaks_of_it() -> None:
    result = project("names")
    names = [file.documents[0]["metadata"]["name"] for file in result.files]
    assert result.project == "my-project"
    assert names[2:] == ["web-app", "db-1", "web-app-2", "a-service-whose-name-is-very-much-longer"]
    assert told(result, "services.Web_App.DB") == ["it speaks of `db_1`, which is found as `db-1` now"]
    assert any("web.app" in why for why in told(result, "services.Web_App.OTHER"))
    assert all("db_1" not in why for why in told(result, "services.Web_App.OTHER"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: {a: {image: 'x:${TAG:?which}'}}", "`TAG` needs a value: which"),
        ("services: {a: {image: 'x:$'}}", "is no variable"),
        ("services: {a: {}}", "neither `image` nor `build`"),
        ("services: {a: {image: x, ports: [http]}}", "`http` is no port"),
        ("services: {a: {image: x, ports: ['80-82:90-91']}}", "not equally many"),
        ("services: {a: {image: x, ports: ['70000']}}", "no range of ports"),
        ("services: {a: {image: x, extends: b}}", "no service `b`"),
        ("services: {a: {image: x, extends: a}}", "extends itself"),
        ("services: {a: {image: x, env_file: no.env}}", "there is no file no.env"),
        ("services: {a: {image: x, secrets: [s]}}", "no `s` in `secrets`"),
        ("services: {a: {image: x, healthcheck: {test: [echo]}}}", "NONE, CMD or CMD-SHELL"),
        ("services: {a: {image: x, healthcheck: {test: a, interval: soon}}}", "no duration"),
        ("services: {a: {image: x, restart: maybe}}", "nothing that can follow"),
        ('services: {a: {image: x, command: "a \'b"}}', "cannot be split"),
        ("services: {}", "no service to import"),
        ("services: {a: {image: x}", "needs a `,` or its `}`"),
        ("services:\n  a: {image: x}\n  a: {image: y}", "written twice"),
        ("include: [none.yaml]\nservices: {a: {image: x}}", "there is no such file"),
        ("", "the file is empty"),
    ],
)
def test_what_compose_refuses_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(SpecsRejected) as refused:
        written(text)
    assert any(said in one.message for one in refused.value.diagnostics), refused.value.diagnostics
    assert all(one.position.file for one in refused.value.diagnostics)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SpecsRejected) as refused:
        written("services: {a: {image: x, ports: [http], restart: maybe}, b: {}}")
    assert len(refused.value.diagnostics) == 3
