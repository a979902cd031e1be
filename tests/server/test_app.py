"""A controller that could not check its webhooks, or could not keep them, says so."""

import base64
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from eeveon.core.delivery import Receipt
from eeveon.errors import SecretError
from eeveon.secrets.identities import read_identities
from eeveon.secrets.sources import Resolver
from eeveon.server.api.endpoint import Means
from eeveon.server.api.routes import Api
from eeveon.server.app import Parts, build
from eeveon.server.log import text_log
from eeveon.server.measures import Measures
from eeveon.specs.controller import read_controller
from eeveon.store.inbox import Arrival
from eeveon.store.store import FILE, Store
from tests.server.hooks.samples import GITHUB, NOW
from tests.server.serving import CONFIG, Served, serving


class Nowhere:
    def put_many(self, arrivals: Sequence[Arrival], now: datetime) -> tuple[Receipt, ...]:
        raise AssertionError("nothing is kept before it starts")


def built(config: str, **environ: str) -> None:
    with TemporaryDirectory() as folder, Store.open(Path(folder), NOW) as store:
        means = Means(
            store=store, policies=lambda _: (), proxies=(), now=lambda: NOW, log=text_log(lambda: NOW)
        )
        _built(config, Api(means=means, wake=lambda _: None, metrics=Measures(store, lambda: NOW)), environ)


def _built(config: str, api: Api, environ: Mapping[str, str]) -> None:
    build(
        Parts(
            api=api,
            controller=read_controller("controller.yaml", config.encode()),
            secrets=Resolver(lambda path: Path(path).read_bytes(), environ, read_identities(())),
            inbox=Nowhere(),
            now=lambda: NOW,
            wake=lambda _: None,
            ready=lambda: True,
        )
    )


def test_with_all_its_secrets_it_starts() -> None:
    built(CONFIG, HOOK_A="a", HOOK_B="b")


def test_a_webhook_without_its_secret_does_not_start() -> None:
    with pytest.raises(SecretError, match="HOOK_B is not set"):
        built(CONFIG, HOOK_A="a")
    with pytest.raises(
        SecretError, match="webhooks of repository shop cannot be checked with environment variable HOOK_B"
    ):
        built(CONFIG, HOOK_A="a", HOOK_B="")


def test_a_signing_token_that_is_none_does_not_start() -> None:
    with pytest.raises(SecretError, match=r"repository lab .* is not Base64"):
        built(CONFIG, HOOK_A="whsec_*", HOOK_B="b")
    built(CONFIG, HOOK_A="whsec_" + base64.b64encode(b"key").decode(), HOOK_B="b")


def test_what_cannot_be_kept_is_not_accepted(served: Served) -> None:
    with closing(sqlite3.connect(served.folder / "state" / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = served.send(GITHUB, identity="held")
        assert (reply.status, reply.content) == (
            503,
            {"error": "the delivery could not be kept; send it again"},
        )
        other.execute("ROLLBACK")
    assert served.events() == ()
    assert served.send(GITHUB, identity="held").content["receipt"] == "new"


def test_a_damaged_state_file_takes_nothing_and_ends_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        with closing(sqlite3.connect(tmp_path / "state" / FILE)) as other:
            other.execute("DROP TABLE errand")
        assert served.send(GITHUB).status == 503
        assert served.send(GITHUB).status == 503
        assert served.ask("GET", "/healthz").status == 200
