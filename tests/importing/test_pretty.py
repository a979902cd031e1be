"""What is written is what is read again, and reads well."""

from typing import Any

from hypothesis import given, strategies as st

from eeveon.importing.pretty import document_text
from eeveon.specs.expressions import evaluate
from eeveon.specs.load import SourceFile, load_file

_scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
    | st.sampled_from(["${{ x }}", "a ${{", "x: y", "[a, b]", "- a", "8080:80", "yes", "'", "multi\nline\n", " lead"])
)  # fmt: skip
_keys = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8
) | st.sampled_from(["env", "spec", "a b", "x:y", "8080"])
_data = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(_keys, _data, min_size=1, max_size=5))
def test_a_document_is_read_as_it_was_meant(document: dict[str, Any]) -> None:
    text = document_text(document)
    loaded = load_file(SourceFile(path="x.yaml", content=text.encode()))
    assert loaded.diagnostics == ()
    read, problems = evaluate(loaded.documents[0].data, {})
    assert problems == []
    assert read == document


def test_a_service_reads_as_a_person_would_write_it() -> None:
    spec = {
        "targets": ["engine"],
        "image": "shop/web:1",
        "ports": [{"name": "http", "port": 80, "publish": "auto"}],
        "env": {"A": "b", "NUM": "1"},
        "secrets": {"K": {"env": "K"}},
        "health": {"http": {"port": "http", "path": "/x"}, "every": "5s"},
        "rollout": {"recreate": {}},
    }
    document = {"apiVersion": "eeveon/v2", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
    assert document_text(document) == (
        "apiVersion: eeveon/v2\n"
        "kind: Service\n"
        "metadata: {name: web}\n"
        "spec:\n"
        "  targets: [engine]\n"
        "  image: shop/web:1\n"
        "  ports:\n"
        "    - {name: http, port: 80, publish: auto}\n"
        "  env:\n"
        "    A: b\n"
        '    NUM: "1"\n'
        "  secrets:\n"
        "    K: {env: K}\n"
        "  health: {http: {port: http, path: /x}, every: 5s}\n"
        "  rollout: {recreate: {}}\n"
    )
