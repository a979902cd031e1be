"""The order of the files of a release, which a host and this machine must agree on."""

from hypothesis import given, strategies as st

from eeveon.core.tree import Entry, Form, order


@given(st.lists(st.binary(min_size=1, max_size=8), unique=True))
def test_paths_are_in_the_order_of_their_bytes_also_where_they_are_no_utf_8(names: list[bytes]) -> None:
    paths = [name.decode("utf-8", "surrogateescape") for name in names]
    entries = [Entry(path=path, form=Form.FILE, blob="", size=0) for path in paths]
    ordered = [entry.path for entry in sorted(entries, key=lambda entry: order(entry.path))]
    assert [path.encode("utf-8", "surrogateescape") for path in ordered] == sorted(names)
