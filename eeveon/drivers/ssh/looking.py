"""Reading what a host holds of a scope: the script, and what it says as plain nouns. Pure.

One round trip a host, whatever it holds: one `tail` reads all records, one all units, one `sha256sum` compares all files
with what we wrote, one `systemctl show` tells what all units do. Nothing that a secret could be guessed from is sent:
the host itself compares the sums.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from eeveon.drivers.ssh.names import SECTION, Names
from eeveon.drivers.ssh.script import Raw, complete, fill, rooted

PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainExitTimestamp",
    "ActiveEnterTimestamp",
    "InactiveEnterTimestamp",
    "NRestarts",
    "DropInPaths",
)

FUNCTIONS = r"""
sc() { systemctl --no-ask-password {manager} "$@"; }
look_files() {
  section "$1"; shift
  [ -e "$1" ] || return 0
  tail -v -n +1 -- "$@" || refuse "files change while they are read"
}
look_sums() {
  section changed
  [ -e "$1" ] || return 0
  cat -- "$@" | sort -u | sha256sum -c 2>/dev/null | sed -n 's/: FAILED.*$//p' | while IFS= read -r file; do
    stat -c '%Y %u %U %n' -- "$file" 2>/dev/null || printf 'gone 0 nobody %s\n' "$file"
  done
}
look_units() {
  pattern=$1; shift; units=
  [ ! -e "$1" ] || units=$(sed -n 's/^unit //p' "$@") || refuse "files change while they are read"
  section states
  case $pattern in
    *"*"*) pattern=$(sc list-units --all --full --plain --no-legend "$pattern") || refuse "systemd does not answer";;
  esac
  # each of them once: systemd takes milliseconds to tell everything of a unit
  units=$(printf '%s\n' "$units" "$pattern" | sed 's/ .*//; /^$/d' | sort -u)
  [ -z "$units" ] || sc show -p {properties} -- $units || refuse "systemd does not answer"
}
look_starts() {
  section started
  [ ! -e "$1" ] || stat -c '%Y %n' -- "$@" 2>/dev/null || :
}
look_volumes() {
  section volumes
  [ ! -d "$S/volumes" ] || ls -1 "$S/volumes" || refuse "the volumes cannot be listed"
}
look() {
  pattern=$1 template=$2 record=$3
  section clock; date +%s
  look_files records "$S/instances/"$record
  look_files units "$U/"$template
  look_sums "$S/sums/"$record
  look_starts "$S/started/"$record
  look_units "$pattern" "$S/instances/"$record
}
"""

_OBSERVE = r"""
S={folder}; U={units}
if [ -e "$S/lock" ]; then
  exec 9<"$S/lock" && flock -s -w 20 9 || refuse "somebody else has been writing on this host for 20 s"
fi
look {pattern} {pattern_of_templates} '*'
look_volumes
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A file that is not as we wrote it: when it was changed, and by whom. `at` None: it is gone."""

    path: str
    at: int | None  # seconds since 1970
    uid: int
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a host said."""

    clock: int  # its own, in seconds since 1970
    records: Mapping[str, str]  # name of the instance → the record's text
    units: Mapping[str, str]  # name of the template → its text
    changed: Mapping[str, Changed]  # by path
    states: Mapping[str, Mapping[str, str]]  # name of the unit → its properties
    started: Mapping[str, int]  # name of the instance → when we last started it, by the host's clock
    volumes: tuple[str, ...]
    balancers: str = ""  # what is said of load balancers, as it is said


def functions(names: Names) -> Raw:
    """The functions with which scripts look."""
    return fill(FUNCTIONS, manager=names.manager_option, properties=",".join(PROPERTIES))


def observe_script(names: Names, *others: Raw) -> str:
    """The script that reads everything of the scope; `others` read what is not units and volumes."""
    pattern = f"{names.prefix}*@*.service"
    head = fill(
        _OBSERVE,
        folder=rooted(names.folder),
        units=names.unit_folder,
        pattern=pattern,
        pattern_of_templates=f"{names.prefix}*@.service",
    )
    return complete("\n".join((functions(names), head, *others)))


def look_of(stdout: str) -> Look:
    """What the output of a script that looks says. Raises ValueError where it does not have that form."""
    sections = dict(_sections(stdout))
    return Look(
        clock=int(sections["clock"]),
        records={path.rpartition("/")[2]: text for path, text in _files(sections["records"])},
        units={path.rpartition("/")[2]: text for path, text in _files(sections["units"])},
        changed={item.path: item for item in _changed(sections["changed"])},
        states=dict(_states(sections["states"])),
        started=dict(_starts(sections["started"])),
        volumes=tuple(sections.get("volumes", "").split()),
        balancers=sections.get("balancers", ""),
    )


def identity_of(unit: str) -> dict[str, str]:
    """What a unit says of itself in our section; empty if it says nothing."""
    _, found, section = unit.partition(f"\n[{SECTION}]\n")
    if not found:
        return {}
    return dict(line.partition("=")[::2] for line in section.split("\n") if "=" in line)


def sections_of(stdout: str) -> dict[str, str]:
    """The sections of what a script said, by name; of several with one name the last."""
    return dict(_sections(stdout))


def files_of(text: str) -> dict[str, str]:
    """Path → content, as `look_files` prints them."""
    return dict(_files(text))


def should_run(look: Look, unit: str) -> bool:
    """Whether the host was told to start it at boot, which it is for as long as it should run."""
    return look.states.get(unit, {}).get("UnitFileState") == "enabled"


def _sections(stdout: str) -> Iterator[tuple[str, str]]:
    for part in stdout.split("\neeveon:section ")[1:]:
        name, _, text = part.partition("\n")
        yield name, text


_HEADER = re.compile(r"^==> (/.+) <==\n", re.MULTILINE)


def _files(text: str) -> Iterator[tuple[str, str]]:
    """(path, content) as `tail -v` prints them; the line that it puts between two files is taken off."""
    parts = _HEADER.split(text)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _changed(text: str) -> Iterator[Changed]:
    for line in text.splitlines():
        at, uid, user, path = line.split(" ", 3)
        yield Changed(path=path, at=None if at == "gone" else int(at), uid=int(uid), user=user)


def _starts(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        seconds, _, path = line.partition(" ")
        if seconds.isdigit():
            yield path.rpartition("/")[2], int(seconds)


def _states(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for block in text.split("\n\n"):
        properties = dict(line.partition("=")[::2] for line in block.split("\n") if "=" in line)
        if "Id" in properties:
            yield properties["Id"], properties
