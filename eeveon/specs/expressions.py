"""`${{ environment.name }}` in the strings of a document, evaluated by sandboxed Jinja after the YAML is parsed.

Only expressions are recognised: statements and comments of Jinja are plain text. What an expression may consist of is
a short list (names, fields, constants, comparisons, conditions, `~` and a few filters), so that none can run long, grow
large or reach anything that it was not given.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.environment import Template
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from eeveon.specs.files import EXPRESSION
from eeveon.specs.problem import Path, Problem
from eeveon.specs.suggest import did_you_mean, listed

LONGEST: Final = 65_536  # characters of a result
_UNUSED: Final = "\x00"  # no text with an expression may hold it, so nothing starts a statement or a comment
_FILTERS: Final = frozenset({"default", "lower", "replace", "title", "trim", "upper"})
_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.Concat,
    nodes.Filter,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Keyword,
)
_FIXED: Final = frozenset({("kind",), ("apiVersion",), ("metadata", "name")})  # by which a document is found

Context = Mapping[str, Any]


def evaluate(document: Any, context: Context) -> tuple[Any, list[Problem]]:
    """A copy of the document in which expressions are replaced by their values, and what is wrong with them."""
    problems: list[Problem] = []
    return _evaluated(document, context, (), problems), problems


def _evaluated(node: Any, context: Context, path: Path, problems: list[Problem]) -> Any:
    if isinstance(node, dict):
        return {key: _evaluated(value, context, (*path, key), problems) for key, value in node.items()}
    if isinstance(node, list):
        return [_evaluated(value, context, (*path, index), problems) for index, value in enumerate(node)]
    if not isinstance(node, str) or EXPRESSION not in node or path in _FIXED:
        return node
    try:
        return _rendered(node, context)
    except _ExpressionError as wrong:
        problems.append(Problem(code=wrong.code, message=wrong.message, path=path, hint=wrong.hint))
        return node


class _ExpressionError(Exception):
    """An expression that has no value."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def _rendered(text: str, context: Context) -> str:
    compiled = _compiled(text)
    if isinstance(compiled, _ExpressionError):
        raise compiled
    tree, template = compiled
    try:
        result = template.render(context)
    except UndefinedError:
        raise _unknown(tree, context) from None
    except (SecurityError, TypeError, ValueError, RecursionError) as error:
        raise _ExpressionError("expression-failed", f"the expression has no value: {error}") from None
    if len(result) > LONGEST:
        raise _ExpressionError(
            "expression-failed", f"the result has {len(result)} characters; at most {LONGEST} are taken"
        )
    return result


@lru_cache(4096)
def _compiled(text: str) -> tuple[nodes.Template, Template] | _ExpressionError:
    """The parsed and the compiled text; the mistake, where it cannot be compiled."""
    if _UNUSED in text:
        return _ExpressionError(
            "expression-syntax", "a text with an expression cannot hold the character NUL"
        )
    try:
        tree = _ENVIRONMENT.parse(text)
    except (TemplateSyntaxError, RecursionError) as error:
        return _ExpressionError(
            "expression-syntax",
            f"the expression cannot be read: {error}",
            "expressions look like `${{ environment.name }}`",
        )
    return _forbidden(tree) or (tree, _ENVIRONMENT.from_string(text))


def _forbidden(tree: nodes.Template) -> _ExpressionError | None:
    for node in _descendants(tree):
        if not isinstance(node, _ALLOWED):
            return _refusal(f"`{type(node).__name__.lower()}` is not allowed in expressions")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            return _refusal(f"there is no filter `{node.name}`", did_you_mean(node.name, _FILTERS))
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            return _refusal(f"`{node.attr}` is not reachable from expressions")
    return None


def _refusal(message: str, hint: str = "") -> _ExpressionError:
    allowed = (
        f"names, fields, texts, conditions, `~` and the filters {listed(sorted(_FILTERS), 'and')} are allowed"
    )
    return _ExpressionError("expression-forbidden", message, hint or allowed)


def _descendants(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _descendants(child)


def _unknown(tree: nodes.Template, context: Context) -> _ExpressionError:
    """Which name of an expression leads nowhere."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem, nodes.Name)):
        chain = _chain(node)
        known: Any = context
        for depth, name in enumerate(chain):
            if not isinstance(known, Mapping) or name not in known:
                names = known if isinstance(known, Mapping) else ()
                message = f"`{'.'.join(chain[: depth + 1])}` is not known in expressions"
                hint = did_you_mean(name, names) or (
                    f"known are {listed(sorted(names), 'and')}" if names else ""
                )
                return _ExpressionError("expression-unknown", message, hint)
            known = known[name]
    return _ExpressionError("expression-unknown", "a name in the expression is not known")


def _chain(node: nodes.Node) -> tuple[str, ...]:
    """`metadata.labels.team` as its steps; () for what starts with no name."""
    match node:
        case nodes.Name():
            return (node.name,)
        case nodes.Getattr() if before := _chain(node.node):
            return (*before, node.attr)
        case nodes.Getitem(arg=nodes.Const(value=str() as step)) if before := _chain(node.node):
            return (*before, step)
        case _:
            return ()


_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    variable_start_string=EXPRESSION,
    variable_end_string="}}",
    block_start_string=_UNUSED + "%",
    block_end_string="%" + _UNUSED,
    comment_start_string=_UNUSED + "#",
    comment_end_string="#" + _UNUSED,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # the results are values in YAML documents, not HTML
    cache_size=0,
)
_ENVIRONMENT.globals.clear()  # no range, no lipsum: only what the context gives
