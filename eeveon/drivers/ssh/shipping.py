"""Brings a release to a host: asks what is there, sends what is not, and has it completed. Pure but for the line.

Two round trips: what the host has, and one script with one stream. Whatever happens in between, a release is complete
or is none: its folder is made under another name, and the mark that counts is set last.
"""

import base64
import gzip
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

from eeveon.core.names import Scope
from eeveon.core.tree import Entry, Trees, order
from eeveon.drivers.ssh import manifest, packing, scripts_of_releases as texts
from eeveon.drivers.ssh.client import Line, Output
from eeveon.drivers.ssh.edits import Edit, edits_of
from eeveon.drivers.ssh.looking import sections_of
from eeveon.drivers.ssh.manifest import Shipment, shipment
from eeveon.drivers.ssh.releases import Release
from eeveon.drivers.ssh.script import Raw, complete, fill, locked, rooted
from eeveon.drivers.ssh.trouble import refusal
from eeveon.errors import ActionRefused, RepositoryError, TargetUnreachable

SURVEYING = timedelta(seconds=60)
BLOCK = 4096  # bytes that a file system gives out at a time
ROOM_BESIDE = 1.1  # times the size of the files, for folders and what we note
SHOWN = 20  # lines of the output of a build that are told
UNPACK = "gzip -dc"
PROBE = "\x01"  # a name that no pattern is about: what is excluded with it is excluded by its folder

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dock:
    """Where releases go to: a host, our folder on it, and what an action may use."""

    line: Line
    scope: Scope
    root: str
    trees: Trees
    state: Path  # ours, on this machine
    fence: int
    brought: set[tuple[str, str]]  # (host, release) that were looked at since the target was observed
    tell: Callable[[str], None]

    def locked(self, body: str, release: Release) -> str:
        """The whole script of something that writes: nobody else works on releases of the service meanwhile."""
        return locked(
            f"{texts.FUNCTIONS}\n{body}",
            scope=(self.scope.project, self.scope.environment),
            root=self.root,
            fence=self.fence,
            key=f"release-{release.service}",
        )

    def reading(self, body: str) -> str:
        """The whole script of something that only reads."""
        folder = f"{self.root}/{self.scope.project}/{self.scope.environment}"
        return complete(f"{texts.FUNCTIONS}\nS={rooted(folder)}\n{body}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a host has of a release, and of the one before it."""

    is_there: bool
    edits: tuple[Edit, ...]
    base: str  # "": none
    base_digest: str
    base_edits: tuple[Edit, ...]
    extras: tuple[str, ...]  # files in service, or in the place of a release, that Git does not know
    room: int | None  # bytes


def head(release: Release) -> Raw:
    """What scripts about one release begin with."""
    return fill(texts.HEAD, service=release.service, name=release.name, path=release.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """A release and its files, on the way to a host."""

    dock: Dock
    release: Release
    entries: Sequence[Entry]


def ship(dock: Dock, release: Release, timeout: timedelta) -> None:
    """The release is complete on the host, and its files are as they were brought. Raises the three target errors."""
    end = monotonic() + timeout.total_seconds()
    known = (dock.line.host.name, release.folder)
    if known in dock.brought:
        return
    found = survey(dock, release)
    if found.is_there and not found.edits:
        dock.brought.add(known)
        return
    try:
        entries = dock.trees.entries(release.commit, release.exclude)
        cargo = Cargo(dock=dock, release=release, entries=entries)
        left = timedelta(seconds=max(1.0, end - monotonic()))
        if found.is_there:
            _mend(cargo, found.edits, left)
        else:
            _bring(cargo, found, left)
        dock.brought.add(known)
    except RepositoryError as error:
        raise ActionRefused(error.message, hint=error.hint) from error


def survey(dock: Dock, release: Release) -> Survey:
    """Ask the host. Changes nothing."""
    asking = fill(texts.SURVEY, excludes="yes" if release.exclude else "")
    said = dock.line.read(dock.reading(f"{head(release)}\n{asking}"), SURVEYING)
    told = sections_of(said.stdout)
    try:
        if lacks := told["lacks"].split():
            raise ActionRefused(
                f"{dock.line.host} lacks {', '.join(lacks)}, which releases need",
                hint="install coreutils, findutils, tar and gzip there",
            )
        state, *mine = told["release"].strip().split("\n")
        name, *theirs = told["base"].strip().split("\n")
        base, _, digest = name.partition(" ")
        room = told["space"].strip()
        return Survey(
            is_there=state in {"complete", "edited"},
            edits=edits_of(mine),
            base=base,
            base_digest=digest,
            base_edits=edits_of(theirs),
            extras=_paths(told["extras"]),
            room=int(room) * 1024 if room.isdigit() else None,
        )
    except (KeyError, ValueError, OSError) as error:
        raise TargetUnreachable(f"{dock.line.host} answers in an unknown form: {error!r}") from error


def _paths(packed: str) -> tuple[str, ...]:
    if not packed.strip():
        return ()
    return tuple(unpacked(packed).decode("utf-8", "surrogateescape").split("\0")[:-1])


def held_back(cargo: Cargo, extras: Sequence[str]) -> tuple[str, ...]:
    """What of the host's own files is excluded, as the topmost folders and the files outside of them."""
    if not extras:
        return ()
    release, excluded = cargo.release, cargo.dock.trees.excluded
    mine = excluded(release.commit, release.exclude, extras)
    folders = {folder for path in mine for folder in _above(path)} | set(mine)
    inner = excluded(release.commit, release.exclude, [f"{folder}/{PROBE}" for folder in folders])
    whole = {path.removesuffix(f"/{PROBE}") for path in inner}
    top = (next((folder for folder in _above(path) if folder in whole), path) for path in mine)
    return tuple(sorted(set(top)))


def _above(path: str) -> list[str]:
    """The folders that a path lies in, the topmost first."""
    steps = path.split("/")
    return ["/".join(steps[:length]) for length in range(1, len(steps))]


def _bring(cargo: Cargo, found: Survey, timeout: timedelta) -> None:
    dock, release, entries = cargo.dock, cargo.release, cargo.entries
    _refuse_without_room(cargo, found)
    held = _held(dock, release, found)
    spoilt = frozenset(edit.path for edit in found.base_edits)
    plan = shipment(entries, found.base if held else "", held, spoilt)
    body = fill(
        texts.SHIP,
        base=plan.base,
        user=release.user,
        of=f"{dock.scope}/{release.service}",
        unpack=Raw(UNPACK),
        way="--link" if release.is_read_only and release.is_made_like(plan.base) else "--reflink=auto",
        digest=plan.digest,
    )
    done = fill(texts.COMPLETE, excludes="yes" if release.exclude else "")
    built = commands(release, release.build, texts.BUILD)
    parts = (head(release), body, built, texts.SAID if built else "", done)
    size = sum(entry.size for entry in plan.send)
    dock.tell(f"{release.name}: sends {len(plan.send)} of {len(entries)} files, {size} bytes")
    stream = _stream(cargo, plan, held_back(cargo, found.extras))
    run(dock, dock.locked("\n".join(parts), release), timeout, stream)
    _remember(dock, plan.digest, plan.manifest)


def _mend(cargo: Cargo, edits: Sequence[Edit], timeout: timedelta) -> None:
    dock, release = cargo.dock, cargo.release
    spoilt = {edit.path for edit in edits}
    wrong = tuple(entry for entry in cargo.entries if entry.path in spoilt)
    plan = replace(shipment(wrong, "", b""), added=b"")
    dock.tell(f"{release.name}: puts back {len(wrong)} files")
    body = fill(texts.MEND, user=release.user, unpack=Raw(UNPACK))
    run(dock, dock.locked(f"{head(release)}\n{body}", release), timeout, _stream(cargo, plan, ()))


def _stream(cargo: Cargo, plan: Shipment, kept: Sequence[str]) -> Iterable[bytes]:
    """What the host gets for a shipment."""
    lines = "".join(f"{line}\n" for line in manifest.copying(plan.copies))
    control = (
        ("base", plan.base.encode()),
        ("added", plan.added),
        ("gone", plan.gone),
        ("spoilt", plan.spoilt),
        ("held", b"".join(order(path) + b"\0" for path in kept)),
        ("copies", lines.encode("utf-8", "surrogateescape")),
    )
    when = int(cargo.release.committed.timestamp())
    pieces = packing.archive(control, _contents(cargo, plan.send), when)
    return packing.compressed(pieces, sum(entry.size for entry in plan.send))


def _contents(cargo: Cargo, send: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """The files with their contents, each content read once."""
    wanting: dict[str, list[Entry]] = {}
    for entry in send:
        wanting.setdefault(entry.blob, []).append(entry)
    for blob, content in cargo.dock.trees.read(cargo.release.commit, wanting):
        for entry in wanting[blob]:
            yield entry, content


def _held(dock: Dock, release: Release, found: Survey) -> bytes:
    """The manifest of the base on the host: as remembered here, or as the host says."""
    if not found.base:
        return b""
    kept = dock.state / "manifests" / found.base_digest
    try:
        content = kept.read_bytes()
    except OSError:
        body = fill(texts.MANIFEST, base=found.base)
        said = dock.line.read(dock.reading(f"{head(release)}\n{body}"), SURVEYING)
        content = unpacked(sections_of(said.stdout)["manifest"])
    if manifest.digest_of(content) != found.base_digest:
        return b""  # whatever that is, it is not what the host says it has
    _remember(dock, found.base_digest, content)
    return content


def _remember(dock: Dock, digest: str, content: bytes) -> None:
    """Keep a manifest, so that no host needs to tell it. It is only a convenience: failing changes nothing."""
    folder = dock.state / "manifests"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = folder / f".{digest}.new"
        beside.write_bytes(content)
        beside.replace(folder / digest)
    except OSError as error:
        _log.debug("manifest %s is not kept: %s", digest, error)


def _refuse_without_room(cargo: Cargo, found: Survey) -> None:
    needed = int(sum(-(-entry.size // BLOCK) * BLOCK for entry in cargo.entries) * ROOM_BESIDE)
    if found.room is not None and needed > found.room:
        raise ActionRefused(
            f"{cargo.dock.line.host}: {cargo.release.path} has room for {found.room // 2**20} MiB, and the release "
            f"needs {needed // 2**20 + 1} MiB",
            hint="make room there; the release in service is untouched",
        )


def commands(release: Release, words: Iterable[tuple[str, ...]], line: str) -> Raw:
    """The shell lines that run commands of a release in its folder, as its user; none for no commands."""
    given = [f"{name}={value}" for name, value in sorted(release.env.items())]
    limit = max(1, int(release.limit.total_seconds()))
    lines = [fill(line, limit=limit, words=command, shown=f"`{' '.join(command)}`") for command in words]
    able = fill(texts.RUN, user=release.user, commit=release.commit, env=given)
    return Raw("\n".join((able, *lines))) if lines else Raw("")


def run(dock: Dock, script: str, timeout: timedelta, stream: Iterable[bytes] = ()) -> Output:
    """Run a script, and tell what commands said in it. Raises the three target errors."""
    output = dock.line.ask(script, timeout, stream)
    for section in output.stdout.split("\neeveon:section said\n")[1:]:
        said = unpacked(section.partition("\n")[0]).decode(errors="replace").rstrip()
        for line in said.splitlines()[-SHOWN:]:
            dock.tell(line)
    if output.status != 0:
        raise refusal(dock.line.host, output.status, output.stderr)
    return output


def unpacked(text: str) -> bytes:
    """What the host's `packed` wrote. Raises ValueError or OSError."""
    return gzip.decompress(base64.b64decode(text.strip(), validate=True))
