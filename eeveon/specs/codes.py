"""Every code that a diagnostic of resolving specs can have, with what it means; the reference lists them."""

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[str, str]] = {
    "ambiguous-reference": "A name is referred to that two documents have.",
    "dependency-cycle": "Services wait for each other in a circle by `dependsOn`.",
    "duplicate-item": "An entry that must be unique in its list is there twice.",
    "duplicate-name": "Two documents of one layer have the same kind and name.",
    "empty-folder": "A folder that the Project names holds no spec file.",
    "expression-failed": "An expression has no value, or one that is too long.",
    "expression-forbidden": "An expression uses something that expressions may not use.",
    "expression-syntax": "The text between `${{` and `}}` cannot be read.",
    "expression-unknown": "An expression names something that is not there.",
    "kind-not-yet": "The kind comes with a later version.",
    "misplaced-kind": "The document stands in a file in which its kind has no place.",
    "missing-field": "A field that is needed is not there.",
    "missing-project": "The project file holds no Project.",
    "no-value": "A field has nothing behind it.",
    "not-yet-honoured": "The field is understood and has no effect in this version.",
    "one-of": "Fields that stand for each other are there together, or none of them is.",
    "outside-repository": "A path leads out of the repository.",
    "overlay-removes-nothing": "An overlay removes a field that its base does not have.",
    "port-conflict": "Several instances would use the same port of their target.",
    "promotion-cycle": "Environments promote to each other in a circle.",
    "unknown-environment": "A name of an environment that the project does not have.",
    "unknown-field": "The kind has no such field.",
    "unknown-guardrail": "The file of a guardrail is not in the repository.",
    "unknown-kind": "There is no such kind, or the document does not say its kind.",
    "unknown-port": "A health check asks a port that the service does not have.",
    "unknown-service": "A name of a Service that the environment does not have.",
    "unknown-target": "A name of a Target that the environment does not have.",
    "wrong-form": "A target cannot run a service in the form it has.",
    "wrong-guardrail": "The file of a guardrail is not a JSON Schema that can be used.",
    "wrong-name": "A key does not have the form of the names in its place.",
    "wrong-type": "A value is of another type than its field.",
    "wrong-value": "A value is of the right type and is not one that its field takes.",
}
