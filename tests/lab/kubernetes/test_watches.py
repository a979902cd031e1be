"""Watches: what the recorded streams show, and what a client sees over the wire."""

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from tests.lab.kubernetes.client import Client
from tests.lab.kubernetes.lab import Kubernetes
from tests.lab.kubernetes.recordings import Exchange, Names, exchanges, folder
from tests.lab.kubernetes.replay import Replay, known, stable
from tests.lab.kubernetes.samples import CONFIG_MAPS, config_map
from tests.lab.kubernetes.wire import Answer, Reply, Stream
from tests.lab.requirements import must_run

CASE = "33-watch"
PATH = "/api/v1/namespaces/rec-watch/configmaps/w"
# What the recorder wrote while the streams were open.
WRITES = ({"app": "x"}, "1"), ({"app": "x"}, "2"), ({"app": "y"}, "2")


@pytest.fixture
def client(cluster: Kubernetes) -> Client:
    return Client(cluster=cluster)


def _apply(replay: Replay, labels: dict[str, str], value: str) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "w", "labels": labels},
        "data": {"a": value},
    }
    asked = {"method": "PATCH", "path": PATH, "query": {"fieldManager": "eeveon"}, "body": body}
    headers = {"Content-Type": "application/apply-patch+yaml"}
    _send(replay, {**asked, "headers": headers})


def _send(replay: Replay, request: dict[str, Any]) -> Reply:
    return replay.send(Exchange(line=0, request=request, response={}, note="", by="", at=0))


def _events(reply: Reply) -> list[Any]:
    if isinstance(reply, Answer):
        return [reply.body]
    found, on = [], True
    while on:
        lines, on = reply.more(3600)
        found += lines
    return found


def _told(lines: list[Any], names: Names) -> Iterator[Any]:
    """Events of the object that is written, without bookmarks and revisions."""
    for line in lines:
        if line.get("type") != "BOOKMARK" and line.get("object", {}).get("metadata", {}).get("name") in {
            "w",
            None,
        }:
            yield stable(names.value(known(line)))


def test_streams_show_what_the_recorded_ones_show() -> None:
    if folder() is None and not must_run(os.environ):
        pytest.skip("the recordings are not beside the repository")
    streams = [one for one in exchanges(CASE) if one.request["query"].get("watch")]
    replay = Replay(CASE)
    replay.begin()
    first = next(exchanges(CASE))
    replay.tokens[f"rv {first.response['body']['metadata']['resourceVersion']}"] = str(
        replay.cluster.store.revision
    )
    early = [one for one in streams if "replayed" not in one.note]
    opened = [(one, replay.send(one)) for one in early]
    for labels, value in WRITES:
        _apply(replay, labels, value)
    _send(replay, {"method": "DELETE", "path": PATH, "query": {}, "headers": {}, "body": None})
    opened += [(one, replay.send(one)) for one in streams if one not in early]
    for one, reply in opened:
        real, ours = Names(), Names()
        recorded = list(_told(one.response["body"], real))
        assert list(_told(_events(reply), ours)) == recorded, one.note
        assert isinstance(reply, Stream) == (one.response["status"] == 200)


def test_a_watch_tells_of_writes_as_they_come(cluster: Kubernetes, client: Client) -> None:
    begin = client.send("GET", CONFIG_MAPS).body["metadata"]["resourceVersion"]
    with client.watch(CONFIG_MAPS, resourceVersion=begin) as events:
        client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"))
        client.apply(f"{CONFIG_MAPS}/settings", config_map(A="2"))
        client.send("DELETE", f"{CONFIG_MAPS}/settings")
        seen = list(islice(events, 3))
    assert [one["type"] for one in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert [one["object"]["data"]["A"] for one in seen] == ["1", "2", "2"]


def test_an_object_that_leaves_the_selection_is_deleted(cluster: Kubernetes, client: Client) -> None:
    with client.watch(CONFIG_MAPS, labelSelector="tier=a") as events:
        labelled = config_map()
        labelled["metadata"]["labels"] = {"tier": "a"}
        client.apply(f"{CONFIG_MAPS}/settings", labelled)
        labelled["metadata"]["labels"] = {"tier": "b"}
        client.apply(f"{CONFIG_MAPS}/settings", labelled)
        assert [one["type"] for one in islice(events, 2)] == ["ADDED", "DELETED"]


def test_bookmarks_come_where_they_are_asked_for(cluster: Kubernetes, client: Client) -> None:
    cluster.cluster.bookmark_every = 0.05
    with client.watch(CONFIG_MAPS, allowWatchBookmarks="true") as events:
        mark = next(events)
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"] == {"resourceVersion": str(cluster.cluster.store.revision)}


def test_a_revision_that_was_compacted_is_gone(cluster: Kubernetes, client: Client) -> None:
    client.apply(f"{CONFIG_MAPS}/settings", config_map(A="1"))
    cluster.cluster.store.compact()
    with client.watch(CONFIG_MAPS, resourceVersion="1") as events:
        (line,) = list(events)
    assert (line["type"], line["object"]["code"], line["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_list_goes_on_as_of_its_first_page(client: Client) -> None:
    for name in ("a", "b", "d"):
        client.apply(f"{CONFIG_MAPS}/{name}", config_map(name))
    first = client.send("GET", CONFIG_MAPS, limit="2")
    assert first.body["metadata"]["remainingItemCount"] == 1
    client.apply(f"{CONFIG_MAPS}/c", config_map("c"))
    rest = client.send("GET", CONFIG_MAPS, limit="2", **{"continue": first.body["metadata"]["continue"]})
    assert [one["metadata"]["name"] for one in rest.body["items"]] == ["d"]


def test_a_compacted_page_is_expired_and_gives_a_token_for_the_rest(
    cluster: Kubernetes, client: Client
) -> None:
    for name in ("a", "b", "d"):
        client.apply(f"{CONFIG_MAPS}/{name}", config_map(name))
    first = client.send("GET", CONFIG_MAPS, limit="2")
    cluster.cluster.store.compact()
    refused = client.send("GET", CONFIG_MAPS, limit="2", **{"continue": first.body["metadata"]["continue"]})
    assert refused.code == 410
    rest = client.send("GET", CONFIG_MAPS, limit="2", **{"continue": refused.body["metadata"]["continue"]})
    assert [one["metadata"]["name"] for one in rest.body["items"]] == ["d"]
