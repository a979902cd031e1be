"""`eeveon pause` and `resume`, on real processes of this machine."""

import json
import subprocess
import sys

from tests.cli.conftest import SHOP, Cli
from tests.lab.waiting import wait_until

SLOW = SHOP["specs/web.yaml"].replace(
    "[python3, -m, http.server,", "[sh, -c, 'sleep 2; exec python3 -m http.server \"$@\"', http,"
)


def running(shop: Cli) -> set[str]:
    """The services of which an instance is there."""
    return {item["service"] for item in json.loads(shop("status", "--format", "json").out)["instances"]}


def services(*names: str) -> dict[str, str]:
    """Services that take two seconds to be healthy, each after the one before."""
    files = {}
    for name, before in zip(names, (None, *names), strict=False):
        text = SLOW.replace("name: web}", f"name: {name}}}", 1)
        files[f"specs/{name}.yaml"] = text + (f"  dependsOn: [{before}]\n" if before else "")
    return files


def test_nothing_is_changed_until_it_is_resumed(shop: Cli) -> None:
    said = shop("pause", "--why", "the fair")
    assert said.status == 0, said.err
    assert "shop/demo is paused. Go on with: eeveon resume -e demo" in said.out
    plan = shop("plan")
    assert "paused since" in plan.out
    assert "the fair; go on with `eeveon resume`" in " ".join(plan.out.split())
    assert shop("apply", "--yes").status == 5
    assert json.loads(shop("status", "--format", "json").out)["instances"] == []
    assert "the fair" in shop("status").out
    assert "shop/demo goes on." in shop("resume").out
    assert shop("apply", "--yes").status == 0


def test_a_paused_service_stays_and_the_others_go_on(shop: Cli) -> None:
    shop.write({"specs/api.yaml": SHOP["specs/web.yaml"].replace("name: web}", "name: api}", 1)})
    assert shop("pause", "web").status == 0
    shop("apply", "--yes")
    assert running(shop) == {"api"}
    assert "service web of shop/demo is not paused" not in shop("resume", "web").err
    assert shop("apply", "--yes").status == 0


def test_an_apply_under_way_starts_nothing_more(shop: Cli) -> None:
    (shop.root / "specs/web.yaml").unlink()
    shop.write(services("a", "b", "c"))
    command = [sys.executable, "-m", "eeveon.cli.app", "apply", "--yes"]
    with subprocess.Popen(
        command, cwd=shop.root, env=shop.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as apply:
        wait_until(lambda: bool(running(shop)), seconds=30, what="the first instance")
        assert shop("pause").status == 0
        out, err = apply.communicate(timeout=60)
    assert apply.returncode == 1, err
    assert "paused since" in out
    assert running(shop) < {"a", "b", "c"}
    assert shop("resume").status == 0
    assert shop("apply", "--yes").status == 0


def test_a_rollback_works_while_changes_are_paused(shop: Cli) -> None:
    assert shop("apply", "--yes").status == 0
    shop.write(
        {
            "specs/web.yaml": SHOP["specs/web.yaml"]
            + "  env: {COLOUR: blue}\n  rollout: {rolling: {}, keep: 2}\n"
        }
    )
    assert shop("apply", "--yes").status == 0
    assert shop("pause").status == 0
    done = shop("rollback", "web", "--yes")
    assert done.status == 0, done.err


def test_slips_are_answered_with_what_there_is(shop: Cli) -> None:
    assert "did you mean `web`" in shop("pause", "wep").err
    assert shop("pause", "web").status == 0
    said = shop("resume")
    assert said.status == 1
    assert "shop/demo is not paused" in said.err
    assert "web: service web is paused since" in said.err
