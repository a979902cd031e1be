"""What systemd makes of our units and environment files is what the specs say: asked of systemd itself."""

import base64
import shlex
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from eeveon.drivers.ssh.quoting import assignment, bind, command, looked_up
from tests.drivers.ssh.conftest import Box

pytestmark = [pytest.mark.ssh, pytest.mark.xdist_group("ssh")]

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40).filter(
    lambda text: "$$(" not in text  # has a meaning of its own, below
)
HOSTILE = st.sampled_from(
    [
        "",
        " ",
        ";",
        "\\;",
        "%h",
        "%%",
        "$HOME",
        "${HOME}",
        "$$",
        "'",
        '"',
        "\\",
        "\\x41",
        "\n",
        "a\nb\n",
        "\t",
        "#",
        "@",
        "-",
        "$(PORT)",
        "\x1b",
        "\x7f",
        "\u2028",
        "🜚",
        "a=b",
        "`id`",
        "\\\n",
        "\r",
    ]
)
WORDS = st.lists(HOSTILE | TEXTS, max_size=5)
SEVERAL = 8  # cases that one start of a unit shows
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Prints its arguments, or one variable each, so that nothing of them is lost on the way.
ARGUMENTS = 'for a in "$@"; do printf \'%s\' "$a" | base64 -w0; echo; done'
UNIT = """[Service]
Type=oneshot
EnvironmentFile=/run/eeveon-quoting.env
StandardOutput=append:/run/eeveon-quoting.out
{starts}
"""


def started(box: Box, starts: Sequence[str], env: str = "") -> list[str]:
    """What the commands of a unit printed, decoded, line by line."""
    unit = UNIT.format(starts="\n".join(f"ExecStart={line}" for line in starts))
    files = {"/run/systemd/system/eeveon-quoting.service": unit, "/run/eeveon-quoting.env": env}
    writes = [
        f"echo {base64.b64encode(text.encode()).decode()} | base64 -d > {path}"
        for path, text in files.items()
    ]
    run = "rm -f /run/eeveon-quoting.out; systemctl daemon-reload; systemctl start eeveon-quoting.service && cat /run/eeveon-quoting.out"
    out = box.sh("\n".join([*writes, run]))
    return [base64.b64decode(line).decode() for line in out.splitlines()]


@FEW
@given(cases=st.lists(WORDS, min_size=1, max_size=SEVERAL))
def test_every_argument_arrives_as_it_was_written(boxes: tuple[Box, ...], cases: list[list[str]]) -> None:
    starts = [command(["/bin/sh", "-c", ARGUMENTS, "sh", *words]) for words in cases]
    assert started(boxes[0], starts) == [word for words in cases for word in words]


@FEW
@given(words=WORDS)
def test_a_program_of_any_name_is_started(boxes: tuple[Box, ...], words: list[str]) -> None:
    name = "/srv/a $HOME; 'b' %h"
    text = base64.b64encode(f"#!/bin/sh\n{ARGUMENTS}\n".encode()).decode()
    boxes[0].sh(f'f={shlex.quote(name)}; echo {text} | base64 -d > "$f"; chmod 755 "$f"')
    assert started(boxes[0], [command([name, *words]), looked_up([name, *words])]) == words * 2


def test_names_of_ours_are_filled_in_and_no_others(boxes: tuple[Box, ...]) -> None:
    words = ["$(PORT)", "$$(PORT)", "a$(PORT)b$(PORT_HTTP)", "$PORT", "$(SECRET)", "$$$(PORT)"]
    env = assignment("PORT", "8000") + assignment("PORT_HTTP", "8001") + assignment("SECRET", "x")
    start = command(["/bin/sh", "-c", ARGUMENTS, "sh", *words], ["PORT", "PORT_HTTP"])
    assert started(boxes[0], [start], env) == [
        "8000",
        "$(PORT)",
        "a8000b8001",
        "$PORT",
        "$(SECRET)",
        "$$(PORT)",
    ]


@FEW
@given(values=st.lists(HOSTILE | TEXTS, min_size=1, max_size=SEVERAL))
def test_every_value_of_an_environment_file_arrives_as_it_was_written(
    boxes: tuple[Box, ...], values: list[str]
) -> None:
    env = "".join(assignment(f"V{index}", value) for index, value in enumerate(values))
    names = " ".join(f'"$V{index}"' for index in range(len(values)))
    start = command(["/bin/sh", "-c", f"set -- {names}; {ARGUMENTS}"])
    assert started(boxes[0], [start], env) == values


def test_paths_of_any_form_are_mounted(boxes: tuple[Box, ...]) -> None:
    box = boxes[0]
    box.sh("mkdir -p '/run/a:b \"c\" %h'; echo kept > '/run/a:b \"c\" %h/note'")
    pair = bind('/run/a:b \\"c\\" %%h', "/srv/x:y 'z' \"q\" $p")
    unit = f"[Service]\nType=oneshot\nBindPaths={pair}\nStandardOutput=append:/run/eeveon-quoting.out\n"
    start = command(["/bin/sh", "-c", 'cat "$1/note"', "sh", "/srv/x:y 'z' \"q\" $p"])
    text = base64.b64encode(f"{unit}ExecStart={start}\n".encode()).decode()
    out = box.sh(
        f"rm -f /run/eeveon-quoting.out; echo {text} | base64 -d > /run/systemd/system/eeveon-quoting.service;"
        " systemctl daemon-reload;"
        " systemctl start eeveon-quoting.service && cat /run/eeveon-quoting.out"
    )
    assert out == "kept\n"
