"""`eeveon doctor`: every line says what was found, and a bad one what to do."""

import json
from collections.abc import Mapping
from typing import Any

from tests.cli.conftest import PROJECT, TARGET, WEB, Cli

CANARY = "canary4711"


def checks(cli: Cli, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    said = cli("doctor", *arguments, "--format", "json", env=env)
    return said.status, {item["what"]: item for item in json.loads(said.out)["checks"]}


def test_a_sound_shop_is_fine_and_its_targets_answer(shop: Cli) -> None:
    assert shop("plan").status == 2
    status, found = checks(shop)
    assert status == 0
    assert {item["verdict"] for name, item in found.items() if name != "repository"} == {"good"}
    assert {
        "Python",
        "git",
        "state folder",
        "free space",
        "store",
        "cache",
        "specs",
        "demo: target here",
    } <= set(found)


def test_says_the_same_to_people_with_marks_and_what_to_do(shop: Cli) -> None:
    said = shop("doctor")
    assert "✓ specs" in said.out
    assert "! repository" in said.out
    assert "    git init " in said.out
    assert said.out.endswith("\n1 warning\n")


def test_works_outside_of_any_repository(cli: Cli) -> None:
    status, found = checks(cli)
    assert status == 0
    assert "eeveon init" in found["repository"]["hint"]


def test_a_state_folder_that_others_can_enter_is_a_problem(shop: Cli) -> None:
    shop("plan")
    shop.state.chmod(0o755)
    status, found = checks(shop)
    assert status == 1
    assert "0755" in found["state folder"]["found"]
    assert found["state folder"]["hint"] == f"chmod 700 {shop.state}"


def test_a_damaged_store_is_a_problem(shop: Cli) -> None:
    shop("plan")
    place = shop.state / "eeveon.db"
    content = bytearray(place.read_bytes())
    content[4096:8192] = bytes(4096)
    place.write_bytes(content)
    for left in shop.state.glob("eeveon.db-*"):
        left.unlink()
    status, found = checks(shop)
    assert status == 1
    assert found["store"]["verdict"] == "bad"
    assert "damaged" in found["store"]["found"]


def test_mistakes_in_the_specs_are_counted_and_nothing_is_looked_at(shop: Cli) -> None:
    shop.write({"specs/web.yaml": WEB.replace("command", "comand")})
    status, found = checks(shop)
    assert status == 1
    assert found["specs"]["verdict"] == "bad"
    assert "demo: target here" not in found


def test_a_target_that_does_not_answer_has_a_status_of_its_own(shop: Cli) -> None:
    far = TARGET.replace("name: here", "name: far").replace(
        "local: {}", "docker: {host: 'tcp://127.0.0.1:9'}"
    )
    shop.write({"specs/far.yaml": far})
    status, found = checks(shop)
    assert status == 3
    assert found["demo: target far"]["verdict"] == "unreachable"
    assert found["demo: target here"]["verdict"] == "good"


def test_only_the_environment_that_is_named_is_looked_at(shop: Cli) -> None:
    shop.write({"eeveon.yaml": PROJECT + "    live: {path: live}\n", "live/here.yaml": TARGET})
    assert "live: target here" in checks(shop)[1]
    _, found = checks(shop, "-e", "demo")
    assert "live: target here" not in found
    said = shop("doctor", "-e", "dmo")
    assert (said.status, "did you mean `demo`?" in said.err) == (1, True)


def test_every_secret_is_tried_and_none_is_shown(shop: Cli) -> None:
    shop.write({"specs/web.yaml": WEB + "  secrets: {TOKEN: {env: SHOP_TOKEN}, OTHER: {env: SHOP_OTHER}}\n"})
    status, found = checks(shop, env={"SHOP_TOKEN": CANARY})
    assert status == 1
    assert "SHOP_OTHER" in found["demo: secrets"]["found"]
    said = shop("doctor", env={"SHOP_TOKEN": CANARY, "SHOP_OTHER": CANARY})
    assert said.status == 0
    assert "2 values can be read" in said.out
    assert CANARY not in said.out + said.err


def test_health_asks_each_running_instance_by_its_own_check(shop: Cli) -> None:
    status, found = checks(shop, "health")
    assert (status, found["web on here"]["found"]) == (1, "no instance exists")
    assert shop("apply", "--yes").status == 0
    status, found = checks(shop, "health", "web")
    assert status == 0
    (item,) = found.values()
    assert "200" in item["found"]
    assert item["found"].endswith(" ms)")


def test_health_tells_what_an_ill_instance_said(shop: Cli) -> None:
    assert shop("apply", "--yes").status == 0
    shop.write({"specs/web.yaml": WEB.replace("path: /}", "path: /missing}")})
    said = shop("doctor", "health")
    assert said.status == 1
    assert "404" in said.out


def test_health_of_an_unknown_service_is_a_slip(shop: Cli) -> None:
    said = shop("doctor", "health", "wep")
    assert (said.status, "did you mean `web`?" in said.err) == (1, True)
