"""`eeveon rollback` and `unhold`, on real processes of this machine."""

import json
import urllib.request

from tests.cli.conftest import SHOP, Cli

PAGES = "[sh, -c, 'mkdir -p www; echo {page} > www/index.html; exec python3 -m http.server $PORT --directory www']"


def web(page: str, keep: int = 2) -> str:
    command = PAGES.format(page=page)
    text = SHOP["specs/web.yaml"].replace('[python3, -m, http.server, "$(PORT)", --bind, 127.0.0.1]', command)
    return f"{text}  rollout: {{rolling: {{}}, keep: {keep}}}\n"


def page(cli: Cli) -> str:
    (serving,) = [
        item
        for item in json.loads(cli("status", "--format", "json").out)["instances"]
        if item["condition"] == "running"
    ]
    end = serving["endpoints"][0]
    with urllib.request.urlopen(f"http://{end['host']}:{end['number']}/", timeout=5) as answer:
        text: str = answer.read().decode()
        return text.strip()


def release(cli: Cli, *pages: str) -> None:
    for one in pages:
        cli.write({"specs/web.yaml": web(one)})
        assert cli("apply", "--yes").status == 0


def test_goes_back_to_the_newest_kept_revision_and_stays_there(shop: Cli) -> None:
    release(shop, "v1", "v2", "v3")
    listed = json.loads(shop("rollback", "web", "--list", "--format", "json").out)
    assert [
        word
        for one in listed["targets"]["here"]
        for word in ("v1", "v2", "v3")
        if word in one["fields"]["command"][-1]
    ] == ["v2", "v1"]
    done = shop("rollback", "web", "--yes")
    assert done.status == 0, done.err
    assert "back to a revision that is kept" in done.out
    assert page(shop) == "v2"
    again = shop("plan")
    assert again.status == 0
    assert "held at revision" in again.out
    assert page(shop) == "v2"


def test_a_second_one_goes_further_back_and_a_new_commit_ends_it(shop: Cli) -> None:
    release(shop, "v1", "v2", "v3")
    assert shop("rollback", "web", "--yes").status == 0
    assert shop("rollback", "web", "--yes").status == 0
    assert page(shop) == "v1"
    nothing = shop("rollback", "web", "--yes")
    assert nothing.status == 1
    assert "here keeps no older revision of service web" in nothing.err
    release(shop, "v4")
    assert page(shop) == "v4"
    assert "held" not in shop("plan").out


def test_unhold_follows_the_specs_again(shop: Cli) -> None:
    release(shop, "v1", "v2")
    assert shop("rollback", "web", "--yes").status == 0
    assert "follows its specs again on 1 target" in shop("unhold", "web").out
    plan = shop("plan")
    assert plan.status == 2
    assert "v1" in plan.out
    assert "v2" in plan.out
    assert shop("apply", "--yes").status == 0
    assert page(shop) == "v2"
    assert "service web is not held in shop/demo" in shop("unhold", "web").err


def test_slips_are_answered_with_what_there_is(shop: Cli) -> None:
    release(shop, "v1", "v2")
    assert "did you mean `web`" in shop("rollback", "wbe").err
    unknown = shop("rollback", "web", "--to", "nosuch", "--yes")
    assert (unknown.status, "here keeps no nosuch of service web" in unknown.err) == (1, True)


def test_what_cannot_be_seen_has_not_lost_its_service(cli: Cli) -> None:
    fake = SHOP["specs/here.yaml"].replace(
        "{local: {}}", "{fake: {faults: [{fault: vanish, on: [observe]}]}}"
    )
    cli.write({**SHOP, "specs/here.yaml": fake})
    said = cli("rollback", "web")
    assert said.status == 3
    assert "target/here was not reached" in said.err


def test_the_oldest_beyond_keep_goes(shop: Cli) -> None:
    release(shop, "v1", "v2", "v3", "v4")
    listed = shop("rollback", "web", "--list").out
    assert [word for word in ("v1", "v2", "v3", "v4") if word in listed] == ["v2", "v3"]
