"""`${{ … }}` in the strings of documents."""

import pytest

from eeveon.specs.expressions import LONGEST, evaluate
from tests.specs.building import EDGE, desired, lines, resolved, service

CONTEXT = {
    "environment": {"name": "production"},
    "metadata": {"labels": {"team": "a", "x-y": "b"}},
    "service": {"name": "w"},
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${{ environment.name }}", "production"),
        ("a-${{ environment.name|upper }}-${{service.name}}\n", "a-PRODUCTION-w\n"),
        ("${{ metadata.labels['x-y'] }}", "b"),
        ("${{ metadata.labels.none | default('z') }}", "z"),
        ("${{ 'p' if environment.name == 'production' and not false else 's' }}", "p"),
        ("${{ environment.name ~ '}}' }}", "production}}"),
        ("{% for %} {# no #} {{ }} ${{ service.name }}", "{% for %} {# no #} {{ }} w"),
        ("no expression: {{ x }}", "no expression: {{ x }}"),
    ],
)
def test_an_expression_becomes_its_value(text: str, result: str) -> None:
    assert evaluate({"a": [text, 1]}, CONTEXT) == ({"a": [result, 1]}, [])


WRONG = {
    "${{ enviroment.name }}": (
        "expression-unknown",
        "`enviroment` is not known in expressions",
        "did you mean `environment`?",
    ),
    "${{ environment.nam }}": (
        "expression-unknown",
        "`environment.nam` is not known in expressions",
        "did you mean `name`?",
    ),
    "${{ metadata.labels['q'] }}": (
        "expression-unknown",
        "`metadata.labels.q` is not known in expressions",
        "known are `team` and `x-y`",
    ),
    "${{ environment.name.first }}": (
        "expression-unknown",
        "`environment.name.first` is not known in expressions",
        "",
    ),
    "${{ 'a'.b }}": ("expression-unknown", "a name in the expression is not known", ""),
    "${{ environment.name": ("expression-syntax", "the expression cannot be read", "expressions look like"),
    "${{ }}": ("expression-syntax", "the expression cannot be read", "expressions look like"),
    "\x00% for x in y %\x00 ${{ a }}": (
        "expression-syntax",
        "a text with an expression cannot hold the character NUL",
        "",
    ),
    "${{ 'a' * 10**9 }}": ("expression-forbidden", "`mul` is not allowed", "names, fields"),
    "${{ 2 ** 9 }}": ("expression-forbidden", "`pow` is not allowed", "names, fields"),
    "${{ range(10) }}": ("expression-forbidden", "`call` is not allowed", "names, fields"),
    "${{ 'a'|uper }}": ("expression-forbidden", "there is no filter `uper`", "did you mean `upper`?"),
    "${{ 'a'|center(9) }}": ("expression-forbidden", "there is no filter `center`", "names, fields"),
    "${{ environment.__class__ }}": (
        "expression-forbidden",
        "`__class__` is not reachable from expressions",
        "names, fields",
    ),
    "${{ environment['__class__'] }}": ("expression-failed", "access to attribute '__class__'", ""),
    "${{ 'a'|replace }}": ("expression-failed", "the expression has no value", ""),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_expression_is_said_in_words(text: str) -> None:
    code, message, hint = WRONG[text]
    result, (problem,) = evaluate({"a": {"b": text}}, CONTEXT)
    assert result == {"a": {"b": text}}
    assert (problem.code, problem.path) == (code, ("a", "b"))
    assert message in problem.message
    assert problem.hint.startswith(hint)


def test_a_result_has_a_longest_length() -> None:
    text = "${{ '" + "a" * 400 + "'|replace('a', '" + "b" * 400 + "') }}"
    _, (problem,) = evaluate(text, CONTEXT)
    assert problem.message == f"the result has 160000 characters; at most {LONGEST} are taken"


def test_an_environment_names_itself_in_its_documents() -> None:
    spec = 'targets: [edge]\nimage: "a:${{ project.name }}"\nenv: {E: "${{ environment.name }}", S: "${{ service.name }}"}'
    (workload,) = desired({"base/edge.yaml": EDGE, "base/web.yaml": service(spec)}).workloads
    assert (workload.image, workload.env) == ("a:shop", {"E": "production", "S": "web"})


def test_a_value_made_by_an_expression_is_checked_as_if_it_were_written() -> None:
    files = {
        "base/edge.yaml": 'kind: Target\nmetadata: {name: edge, labels: {a: "${{ metadata.name }}"}}\nspec: {local: {}}\n'
    }
    assert desired(files).targets[0].kind == "local"
    files["base/web.yaml"] = service('targets: ["${{ environment.nme }}"]\nimage: a')
    (line,) = lines(resolved(files).diagnostics)
    assert line.startswith("base/web.yaml:4:13 expression-unknown")


def test_what_a_document_is_found_by_holds_no_expression() -> None:
    text = 'kind: Target\nmetadata: {name: "${{ environment.name }}"}\nspec: {fake: {}}\n'
    (line,) = lines(resolved({"base/a.yaml": text}).diagnostics)
    assert "wrong-value: `name` must be a name" in line
