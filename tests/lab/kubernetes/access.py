"""Who asks, and what they may: tokens, and rules as RBAC writes them."""

from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]  # noqa: TID251 - bodies of an apply are YAML 1.1; it ships no types

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.resources import Resource
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import Request

ADMIN = "admin-token"
What = tuple[str, str, str]  # group, plural, subresource
Where = tuple[str, str]  # namespace, name
_OPEN = ("/api", "/apis", "/version", "/openapi", "/readyz", "/livez", "/healthz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What may be done: verbs on resources (`deployments.apps`, `pods/log`, `*`), in a namespace or, without one, in all."""

    verbs: frozenset[str]
    resources: frozenset[str]
    namespace: str = ""

    def allows(self, verb: str, what: What, where: Where) -> bool:
        """Whether it is among them."""
        group, plural, sub = what
        name = statuses.qualified(group, plural) + (f"/{sub}" if sub else "")
        here = not self.namespace or self.namespace == where[0]
        return here and bool({verb, "*"} & self.verbs) and bool({name, "*"} & self.resources)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody. The administrator may do all."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    rules: tuple[Rule, ...] = ()
    admin: bool = False
    account: tuple[str, str] = ("", "")  # namespace and name, where roles say what it may
    binding: str = ""  # why they may, as a review says it

    def shown(self) -> Object:
        """As a review has it."""
        row: Object = {"username": self.name, "groups": list(self.groups)}
        return row | ({"uid": self.uid} if self.uid else {})


ANONYMOUS = User(name="system:anonymous", groups=("system:unauthenticated",))
_ADMIN = User(name="admin", groups=("system:masters", "system:authenticated"), admin=True)


def service_account(namespace: str, name: str, *rules: Rule) -> User:
    """A service account with these rights."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    named = f"{name}/{namespace}"
    binding = f'RBAC: allowed by RoleBinding "{named}" of Role "{name}" to ServiceAccount "{named}"'
    whole = f"system:serviceaccount:{namespace}:{name}"
    return User(name=whole, groups=groups, rules=rules, binding=binding)


def may(verbs: str, resources: str, namespace: str = "") -> Rule:
    """`may("get list", "deployments.apps configmaps", "shop")`."""
    return Rule(verbs=frozenset(verbs.split()), resources=frozenset(resources.split()), namespace=namespace)


@dataclass(slots=True)
class Access:
    """The tokens that are known."""

    tokens: dict[str, User] = field(default_factory=lambda: {ADMIN: _ADMIN})

    def user(self, request: Request) -> User:
        """Who asks. Refused with 401 if nobody knows the token."""
        header = request.headers.get("authorization", "")
        if not header:
            return ANONYMOUS
        found = self.tokens.get(header.removeprefix("Bearer ").strip())
        if found is None:
            raise statuses.unauthorized()
        return found

    def allows(self, user: User, verb: str, what: What, where: Where) -> bool:
        """Whether they may."""
        return user.admin or any(rule.allows(verb, what, where) for rule in user.rules)

    def check(self, user: User, verb: str, what: What, where: Where) -> None:
        """Refused with 403, in the words of RBAC."""
        group, plural, sub = what
        reviews = group in {"authorization.k8s.io", "authentication.k8s.io"} and user != ANONYMOUS
        if reviews or self.allows(user, verb, what, where):
            return
        named = f"{plural}/{sub}" if sub else plural
        scope = f' in the namespace "{where[0]}"' if where[0] else " at the cluster scope"
        said = f'User "{user.name}" cannot {verb} resource "{named}" in API group "{group}"{scope}'
        raise statuses.forbidden(group, plural, where[1], said)

    def check_grant(self, user: User, resource: Resource, name: str, request: Request) -> None:
        """Refused where somebody writes a role that may do more than they may."""
        if user.admin or resource.kind not in {"Role", "ClusterRole"}:
            return
        rules = (yaml.safe_load(request.body) or {}).get("rules") or []
        if all(self._has(user, rule) for rule in rules):
            return
        groups = " ".join(f'"{group}"' for group in user.groups)
        lists = "\n".join(_shown(rule) for rule in rules)
        said = f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{lists}'
        raise statuses.forbidden(resource.group, resource.plural, name, said)

    def _has(self, user: User, rule: Object) -> bool:
        asked = {
            (verb, statuses.qualified(group, plural))
            for verb in rule.get("verbs") or ()
            for group in rule.get("apiGroups") or ()
            for plural in rule.get("resources") or ()
        }
        return all(
            any({verb, "*"} & own.verbs and {what, "*"} & own.resources for own in user.rules)
            for verb, what in asked
        )

    def check_path(self, user: User, request: Request) -> None:
        """Refused with 403 where somebody unknown asks what the server has."""
        if user == ANONYMOUS:
            verb = {"GET": "get", "POST": "post"}.get(request.method, request.method.lower())
            message = f'forbidden: User "{user.name}" cannot {verb} path "{request.path}"'
            raise statuses.Refused(403, message, "Forbidden", {})

    def verdict(self, user: User, *, allowed: bool) -> Object:
        """The status of an access review."""
        if not allowed:
            return {"allowed": False}
        return {"allowed": True, "reason": user.binding}

    def rules(self, user: User, namespace: str) -> Object:
        """The status of a rules review."""
        rows: list[Any] = []
        for rule in user.rules:
            if rule.namespace in {"", namespace}:
                groups = sorted({name.partition(".")[2] for name in rule.resources})
                plain = sorted({name.partition(".")[0] for name in rule.resources})
                rows.append({"verbs": sorted(rule.verbs), "apiGroups": groups, "resources": plain})
        return {"resourceRules": rows, "nonResourceRules": [], "incomplete": False}


def _shown(rule: Object) -> str:
    def go(name: str) -> str:
        return "[" + " ".join(f'"{value}"' for value in rule.get(name) or ()) + "]"

    return f"{{APIGroups:{go('apiGroups')}, Resources:{go('resources')}, Verbs:{go('verbs')}}}"
