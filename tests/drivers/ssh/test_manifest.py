"""What a host is sent of a release: manifests, shipments, archives. Pure."""

import io
import shlex
import subprocess
import tarfile
import zlib

from hypothesis import given, strategies as st

from eeveon.core.tree import Entry, Form, order
from eeveon.drivers.ssh import manifest, packing
from eeveon.drivers.ssh.manifest import shipment

paths = (
    st.binary(min_size=1, max_size=30)
    .filter(lambda name: b"\0" not in name and not {b"", b".", b".."} & set(name.split(b"/")))
    .map(lambda name: name.decode("utf-8", "surrogateescape"))
)
contents = st.integers(0, 3)


def entries_of(files: dict[str, int]) -> tuple[Entry, ...]:
    return tuple(
        Entry(path, list(Form)[number % 3], f"{number:040x}", 20_000 * (number % 2))
        for path, number in files.items()
    )


trees = st.dictionaries(paths, contents, max_size=8).map(entries_of)


@given(before=trees, after=trees)
def test_a_host_makes_the_manifest_of_what_it_has_and_what_differs(
    before: tuple[Entry, ...], after: tuple[Entry, ...]
) -> None:
    held = manifest.written(map(manifest.record, before))
    plan = shipment(after, "base", held)

    made = (manifest.records_in(held) - manifest.records_in(plan.gone)) | manifest.records_in(plan.added)
    assert manifest.written(made) == plan.manifest
    assert manifest.digest_of(plan.manifest) == plan.digest


@given(before=trees, after=trees, doubtful=st.sets(paths))
def test_every_file_comes_from_exactly_one_place(
    before: tuple[Entry, ...], after: tuple[Entry, ...], doubtful: set[str]
) -> None:
    held = manifest.written(map(manifest.record, before))
    spoilt = frozenset(doubtful | {entry.path for entry in before[:1]})
    plan = shipment(after, "base", held, spoilt)

    there = manifest.records_in(held)
    linked = {
        entry.path for entry in after if manifest.record(entry) in there - manifest.records_in(plan.spoilt)
    }
    copied = {path for _, path in plan.copies}
    sent = {entry.path for entry in plan.send}
    assert sorted([*linked, *copied, *sent]) == sorted(entry.path for entry in after)
    assert not spoilt & {source for source, _ in plan.copies}


@given(st.lists(paths, max_size=6))
def test_records_are_sorted_as_hosts_sort_them(names: list[str]) -> None:
    content = manifest.written(manifest.record(entry) for entry in entries_of(dict.fromkeys(names, 0)))
    done = subprocess.run(["sort", "-z"], input=content, capture_output=True, check=True, env={"LC_ALL": "C"})
    assert done.stdout == content


@given(trees)
def test_an_archive_holds_each_file_and_ends_with_its_mark(entries: tuple[Entry, ...]) -> None:
    files = [(entry, b"target" if entry.form is Form.LINK else order(entry.path)) for entry in entries]
    pieces = packing.compressed(packing.archive((("base", b"x"),), files, 7), 100)
    opened = tarfile.open(  # noqa: SIM115
        fileobj=io.BytesIO(zlib.decompress(b"".join(pieces), 31)), encoding="utf-8", errors="surrogateescape"
    )
    members = opened.getmembers()
    assert [member.name for member in members[:1] + members[-1:]] == ["m/base", packing.END]
    for member, (entry, content) in zip(members[1:-1], files, strict=True):
        assert member.name == f"r/{entry.path}".rstrip("/")
        assert member.mtime == 7
        held = opened.extractfile(member) if member.isreg() else None
        assert (held.read() if held else member.linkname.encode()) == content


@given(st.lists(st.tuples(paths, paths), max_size=5))
def test_lines_that_copy_are_words_whatever_names_are(copies: list[tuple[str, str]]) -> None:
    for line in manifest.copying(copies):
        words = shlex.split(line.replace('"$B"', "B").replace('"$N"', "N"))
        assert words[0] == "mkdir"
        assert words[-2:] == ["||", "exit"]
