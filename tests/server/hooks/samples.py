"""Payloads of every provider, and their requests as the provider would sign them."""

import base64
import hashlib
import hmac
import json
import lzma
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from eeveon.core.controller import Provider
from eeveon.server.hooks.headers import Headers
from eeveon.server.hooks.payload import Signed

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "It's a Secret to Everybody"
BEFORE, AFTER, ZEROS = "0a" * 20, "4f" * 20, "0" * 40
URL = "https://git.example.com/acme/shop.git"
Payload = Mapping[str, Any]

COMMITS = [
    {"id": BEFORE, "added": ["a.txt"], "modified": [], "removed": []},
    {"id": AFTER, "added": [], "modified": ["specs/web.yaml"], "removed": ["a.txt"]},
]
GITHUB: Payload = {
    "ref": "refs/heads/main",
    "before": BEFORE,
    "after": AFTER,
    "created": False,
    "deleted": False,
    "forced": False,
    "commits": COMMITS,
    "repository": {"clone_url": URL, "ssh_url": "git@git.example.com:acme/shop.git"},
}
# https://docs.gitea.com/usage/webhooks, https://forgejo.org/docs/latest/user/webhooks
GITEA: Payload = {
    "ref": "refs/heads/main",
    "before": BEFORE,
    "after": AFTER,
    "compare_url": "https://git.example.com/acme/shop/compare",
    "commits": COMMITS,
    "total_commits": 2,
    "repository": {
        "html_url": "https://git.example.com/acme/shop",
        "ssh_url": "ssh://git@git.example.com:2222/acme/shop.git",
        "clone_url": URL,
    },
}
# https://docs.gitlab.com/user/project/integrations/webhook_events
GITLAB: Payload = {
    "object_kind": "push",
    "event_name": "push",
    "before": BEFORE,
    "after": AFTER,
    "ref": "refs/heads/main",
    "ref_protected": True,
    "checkout_sha": AFTER,
    "project": {
        "web_url": "https://git.example.com/acme/shop",
        "git_ssh_url": "git@git.example.com:acme/shop.git",
        "git_http_url": URL,
        "homepage": "https://git.example.com/acme/shop",
    },
    "repository": {"name": "shop", "url": "git@git.example.com:acme/shop.git", "git_http_url": URL},
    "commits": COMMITS,
    "total_commits_count": 2,
}
GENERIC: Payload = {"ref": "main", "after": AFTER, "repository": URL, "paths": ["specs/web.yaml"]}
PUSHES: Mapping[Provider, Payload] = {
    Provider.GITHUB: GITHUB,
    Provider.GITEA: GITEA,
    Provider.GITLAB: GITLAB,
    Provider.GENERIC: GENERIC,
}
EVENTS: Mapping[Provider, tuple[str, str, str]] = {  # header, value, header of the id
    Provider.GITHUB: ("x-github-event", "push", "x-github-delivery"),
    Provider.GITEA: ("x-gitea-event", "push", "x-gitea-delivery"),
    Provider.GITLAB: ("x-gitlab-event", "Push Hook", "idempotency-key"),
    Provider.GENERIC: ("x-event", "push", "x-delivery-id"),
}


def hex_of(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signature(provider: Provider, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The header by which the provider proves that it knows the secret."""
    return {
        Provider.GITHUB: {"x-hub-signature-256": f"sha256={hex_of(body, secret)}"},
        Provider.GITEA: {"x-gitea-signature": hex_of(body, secret)},
        Provider.GITLAB: {"x-gitlab-token": secret},
        Provider.GENERIC: {"x-signature-256": f"sha256={hex_of(body, secret)}"},
    }[provider]


def standard(body: bytes, secret: str, moment: datetime = NOW, identity: str = "msg-1") -> dict[str, str]:
    """The headers of the Standard Webhooks scheme."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = str(int(moment.timestamp()))
    signed = f"{identity}.{stamp}.".encode() + body
    made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": f"v1,{made}"}


def headers_for(provider: Provider, identity: str = "d-1", event: str = "") -> dict[str, str]:
    """The headers besides the signature."""
    header, usual, identity_header = EVENTS[provider]
    return {"content-type": "application/json", header: event or usual, identity_header: identity}


def raw(headers: Mapping[str, str]) -> Headers:
    return Headers([(name.encode(), value.encode("latin-1")) for name, value in headers.items()])


def signed(provider: Provider, payload: object, event: str = "", **headers: str) -> Signed:
    """A request that was found good."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Signed(
        provider=provider,
        repository="shop",
        headers=raw(headers_for(provider, event=event) | more),
        body=payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
        received=NOW,
    )


@cache
def _octokit() -> tuple[tuple[str, str], ...]:
    path = Path(__file__).parents[1] / "payloads" / "github.json.xz"
    with lzma.open(path) as file:
        return tuple(
            (event["name"], json.dumps(example)) for event in json.load(file) for example in event["examples"]
        )


def octokit() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every payload that GitHub is known to send, with the name of its event."""
    for name, example in _octokit():
        yield name, json.loads(example)
