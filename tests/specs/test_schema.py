"""The published schemas are the models: the same files, the same verdict on every document."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaMismatch
from jsonschema.validators import extend
from pydantic import ValidationError

from eeveon.specs.kinds import MODELS
from eeveon.specs.schema import at, schema, schemas

COMMITTED = {
    path.name: path.read_text() for path in (Path(__file__).parents[2] / "schemas").glob("[A-Z]*.json")
}


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in schemas().items()
    } == COMMITTED


_END = re.compile(r"(?<!\\)\$")  # and not the character itself


def _pattern(_validator: object, pattern: str, text: object, _schema: object) -> Iterator[SchemaMismatch]:
    """As ECMAScript has it: `$` is the end of the text, and not the place before a last line break."""
    if isinstance(text, str) and not re.search(_END.sub(r"\\Z", pattern), text):
        yield SchemaMismatch("pattern")


Judge = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # its stub has none


def model_accepts(kind: str, document: object) -> bool:
    try:
        MODELS[kind].model_validate(document)
    except ValidationError:
        return False
    return True


VALID: dict[str, dict[str, Any]] = {
    "Project": {
        "apiVersion": "eeveon/v2",
        "kind": "Project",
        "metadata": {"name": "shop"},
        "spec": {
            "base": "specs/base",
            "environments": {"a": {"path": "a", "promotesFrom": {"environment": "b", "soak": "2h"}}},
            "features": {"gates": "stable"},
        },
    },
    "Target": {"kind": "Target", "metadata": {"name": "edge"}, "spec": {"docker": {"tls": {"ca": "x"}}}},
    "Service": {
        "kind": "Service",
        "metadata": {"name": "web", "labels": {"a": "b"}, "protected": True},
        "spec": {
            "targets": ["edge"],
            "image": "web:1",
            "replicas": 3,
            "command": ["a", 1],
            "ports": [{"name": "http", "port": 80, "publish": "auto"}],
            "env": {"A": "b", "B": 3},
            "secrets": {"KEY": {"file": "x", "key": "y"}},
            "volumes": [{"host": "/a", "path": "/b"}],
            "resources": {"cpu": 0.5, "memory": "1Gi"},
            "health": {"http": {"port": "http"}, "every": "5s"},
            "rollout": {"rolling": {"maxUnavailable": "25%", "surge": 1}},
            "kubernetes": {"podTemplate": {"spec": {"priorityClassName": "web"}}, "conflicts": "force"},
            "route": {"loadBalancer": "front", "host": "shop.example.com", "path": "/api", "port": "http"},
        },
    },
    "AccessPolicy": {
        "kind": "AccessPolicy",
        "metadata": {"name": "team"},
        "spec": {
            "roles": {"deployer": {"verbs": ["plan", "apply"], "environments": ["staging"]}},
            "bindings": [{"role": "deployer", "user": "alice"}],
        },
    },
    "SafetyPolicy": {
        "kind": "SafetyPolicy",
        "metadata": {"name": "p"},
        "spec": {
            "services": {"labels": {"a": "b"}},
            "mode": "off",
            "limits": {"blastRadius": "25%", "deletes": 2},
            "windows": [{"deny": "2026-12-20/2027-01-03", "reason": "holidays"}],
        },
    },
    "LoadBalancer": {
        "kind": "LoadBalancer",
        "metadata": {"name": "front"},
        "spec": {
            "target": "edge",
            "haproxy": {"extra": {"global": ["nbthread 2"], "frontend": ["option http-server-close"]}},
            "hosts": ["edge1"],
            "listen": 8080,
            "timeouts": {"connect": "5s"},
            "drain": {"timeout": "30s"},
        },
    },
    "NodeGroup": {
        "kind": "NodeGroup",
        "metadata": {"name": "pool"},
        "spec": {
            "target": "edge",
            "active": {"min": 2, "max": 3},
            "drain": {"timeout": "60s"},
            "cost": {"perHostHour": "0.03 EUR"},
        },
    },
    "ScalingPolicy": {
        "kind": "ScalingPolicy",
        "metadata": {"name": "web"},
        "spec": {
            "service": "web",
            "bounds": {"min": 2, "max": 20},
            "demand": {"metric": "requests_per_second", "perReplica": 80},
            "reactive": {"target": "70%", "up": {"step": 4}, "down": {"step": 1, "stabilize": "10m"}},
            "forecast": {"quantile": 0.9, "lead": "10m", "require": {"history": "14d", "by": "5%"}},
            "schedule": [
                {"days": "Mon-Fri", "from": "08:30", "to": "18:00", "min": 5, "expires": "2027-03-09"}
            ],
            "timezone": "Europe/Berlin",
            "onMissing": {"fallback": 4},
            "budget": {"replicaHoursPerDay": 200},
            "canary": {"services": ["web-eu"], "for": "2h"},
        },
    },
    "Controller": {
        "kind": "Controller",
        "spec": {
            "listen": "[::1]:8080",
            "repositories": [
                {
                    "name": "shop",
                    "url": "git@github.com:acme/shop.git",
                    "branch": "main",
                    "environments": ["production"],
                    "poll": {"interval": "2m"},
                    "webhook": {"provider": "github", "secrets": [{"env": "A"}], "allow": ["10.0.0.0/8"]},
                    "verify": {"signers": "allowed_signers"},
                    "access": {"key": {"file": "key"}, "knownHosts": "known_hosts"},
                }
            ],
            "trustedProxies": ["::1"],
            "bodyLimit": "1Mi",
            "drift": {"action": "revert"},
        },
    },
}


@pytest.mark.parametrize("kind", MODELS)
def test_the_schemas_are_schemas_and_accept_a_document(kind: str) -> None:
    Draft202012Validator.check_schema(schema(kind))
    assert Judge(schema(kind)).is_valid(VALID[kind])
    assert model_accepts(kind, VALID[kind])


def documents(root: Any, node: Any) -> st.SearchStrategy[Any]:
    """Values of the types that a schema names. Choices between fields are made at random, so some are refused."""
    if "$ref" in node:
        return documents(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    alternatives = [
        part for part in (*node.get("anyOf", ()), *node.get("oneOf", ())) if "required" not in part
    ]
    if alternatives:
        return st.one_of([documents(root, part) for part in alternatives])
    simple: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "string": lambda: st.from_regex(re.compile(node["pattern"])),
        "integer": lambda: st.integers(node.get("minimum", -5) - 1, node.get("maximum", 5) + 1),
        "number": lambda: st.floats(-1, 9, allow_nan=False),
        "boolean": st.booleans,
        "array": lambda: st.lists(documents(root, node["items"]), max_size=2),
    }
    if "const" in node or "enum" in node:
        return st.sampled_from(node.get("enum", [node.get("const")]))
    return simple[node["type"]]() if node["type"] in simple else _mappings(root, node)


def _mappings(root: Any, node: Any) -> st.SearchStrategy[Any]:
    if "properties" not in node:
        keys = documents(root, node["propertyNames"]) if "propertyNames" in node else st.text(max_size=2)
        values = node.get("additionalProperties", True)
        return st.dictionaries(keys, st.none() if values is True else documents(root, values), max_size=2)
    needed = {
        name: documents(root, part)
        for name, part in node["properties"].items()
        if name in node.get("required", ())
    }
    others = {name: documents(root, part) for name, part in node["properties"].items() if name not in needed}
    few = st.sets(st.sampled_from(sorted(others)), max_size=3) if others else st.just(set())
    return few.flatmap(
        lambda names: st.fixed_dictionaries({**needed, **{name: others[name] for name in names}})
    )


@pytest.mark.parametrize("kind", MODELS)
@given(data=st.data())
@settings(max_examples=60)
def test_a_document_made_from_the_schema_gets_the_same_verdict_from_both(
    kind: str, data: st.DataObject
) -> None:
    document = data.draw(documents(schema(kind), schema(kind)))
    assert model_accepts(kind, document) == Judge(schema(kind)).is_valid(document)


VALUES = st.one_of(
    st.sampled_from(
        [None, True, False, 0, 1, -1, 3.0, 0.5, 10**30, "", "a", "A-", "5s", "25%", "auto", "x\n", "/a"]
    ),
    st.sampled_from(
        [[], {}, ["a"], [1], {"a": 1}, {"name": "a"}, {"http": {"port": "a"}}, "${{ a }}", "2026-01-01"]
    ),
    st.text(max_size=5),
)
NAMES = st.sampled_from(["name", "port", "image", "replica", "every", "local", "canary", "key", "a b", "ref"])


@pytest.mark.parametrize("kind", MODELS)
@given(data=st.data())
@settings(max_examples=150)
def test_a_changed_document_gets_the_same_verdict_from_both(kind: str, data: st.DataObject) -> None:
    document = json.loads(json.dumps(VALID[kind]))
    for _ in range(data.draw(st.integers(1, 3))):
        holder = data.draw(st.sampled_from(list(_holders(document))))
        if isinstance(holder, list):
            holder[:] = [deepcopy(data.draw(VALUES)), *holder[data.draw(st.integers(0, 1)) :]]
            continue
        name = data.draw(st.sampled_from(sorted(holder)) | NAMES if holder else NAMES)
        if data.draw(st.booleans()):
            holder[name] = deepcopy(data.draw(VALUES))
        else:
            holder.pop(name, None)
    assert model_accepts(kind, document) == Judge(schema(kind)).is_valid(document)


def _holders(node: Any) -> Iterator[Any]:
    if isinstance(node, dict | list):
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from _holders(child)


def test_every_field_is_described() -> None:
    for kind in MODELS:
        root = schema(kind)
        for name, definition in {kind: root, **root["$defs"]}.items():
            assert definition.get("description"), name
            for field, content in definition.get("properties", {}).items():
                described = content if "description" in content else root["$defs"][content["$ref"][8:]]
                assert described["description"], f"{name}.{field}"


def test_the_schema_says_what_stands_at_a_path() -> None:
    root = schema("Project")
    assert at(root, ("spec", "base", "git"))["type"] == "string"
    assert at(root, ("spec", "environments", "x", "path"))["type"] == "string"
    assert at(root, ("spec", 3)) == {}
    assert at(root, ("nothing", "at", "all")) == {}
    assert at(schema("Service"), ("spec", "ports", 0, "protocol"))["enum"] == ["tcp", "udp"]
