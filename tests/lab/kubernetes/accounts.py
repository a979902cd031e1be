"""Tokens of service accounts, as `kubectl create token` asks for them, and what roles let them do."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab.kubernetes import statuses
from tests.lab.kubernetes.access import Rule, User, service_account
from tests.lab.kubernetes.types import Object
from tests.lab.kubernetes.wire import Answer

if TYPE_CHECKING:
    from tests.lab.kubernetes.cluster import Cluster

_GROUP = "rbac.authorization.k8s.io"


def issue(cluster: "Cluster", account: Object) -> Answer:
    """A TokenRequest, answered. The token is good as long as the account is there."""
    meta = account["metadata"]
    token = f"issued-to-{meta['uid']}"
    cluster.access.tokens[token] = replace(
        service_account(meta["namespace"], meta["name"]), account=(meta["namespace"], meta["name"])
    )
    return Answer(
        code=201,
        body={
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
            "spec": {"expirationSeconds": 3600},
            "status": {"token": token, "expirationTimestamp": cluster.now()},
        },
    )


def with_roles(cluster: "Cluster", user: User) -> User:
    """The user with what is bound to it now. Refused with 401 where its account is gone."""
    if user.account == ("", ""):
        return user
    if cluster.store.get(("", "serviceaccounts"), *user.account) is None:
        raise statuses.unauthorized()
    return replace(user, rules=tuple(_rules(cluster, user.account)))


def _rules(cluster: "Cluster", account: tuple[str, str]) -> Iterator[Rule]:
    namespace, name = account
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    for kind in ("clusterrolebindings", "rolebindings"):
        for binding in cluster.store.list((_GROUP, kind)):
            if subject in binding.get("subjects", ()):
                yield from _bound(cluster, binding)


def _bound(cluster: "Cluster", binding: Object) -> Iterator[Rule]:
    where = binding["metadata"].get("namespace", "")
    of = binding["roleRef"]
    key = (_GROUP, f"{of['kind'].lower()}s")
    role = cluster.store.get(key, where if of["kind"] == "Role" else "", of["name"]) or {}
    for rule in role.get("rules") or ():
        for group in rule.get("apiGroups") or ():
            names = {
                "*" if plural == "*" else _named(group, plural) for plural in rule.get("resources") or ()
            }
            yield Rule(verbs=frozenset(rule["verbs"]), resources=frozenset(names), namespace=where)


def _named(group: str, plural: str) -> str:
    name, _, sub = plural.partition("/")
    return statuses.qualified(group, name) + (f"/{sub}" if sub else "")
