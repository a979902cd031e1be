"""Single fields, and properties of many of them at a time."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from eeveon.core.diagnostic import Position
from eeveon.core.health import CommandCheck
from eeveon.importing import amounts
from eeveon.importing.naming import is_secret, masked_words, spec_name, unique
from eeveon.render.yaml import yaml_text
from eeveon.specs import quantities
from eeveon.specs.convert import Pool, workloads
from tests.importing.compose_projects import service, spec, told, written


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ("3000", {"name": "http", "port": 3000, "publish": "auto"}),
        ("8000:8000", {"name": "http", "port": 8000, "publish": 8000}),
        ("6060:6060/udp", {"name": "udp-6060", "port": 6060, "publish": 6060, "protocol": "udp"}),
        ("0.0.0.0:80:8080", {"name": "http", "port": 8080, "publish": 80}),
        ("[::]:80:8080", {"name": "http", "port": 8080, "publish": 80}),
        ("127.0.0.1:80:8080", {"name": "http", "port": 8080}),
        ("[::1]:80:8080", {"name": "http", "port": 8080}),
        ("127.0.0.1::8080", {"name": "http", "port": 8080}),
        ("5432:5432", {"name": "postgres", "port": 5432, "publish": 5432}),
        ("9000-9005:80", {"name": "http", "port": 80, "publish": "auto"}),
        (":80", {"name": "http", "port": 80, "publish": "auto"}),
        ("0:80", {"name": "http", "port": 80, "publish": "auto"}),
    ],
)
def test_a_short_port(port: str, found: dict[str, Any]) -> None:
    assert service(f"    ports: ['{port}']")["ports"] == [found]


def test_a_range_of_ports_is_each_of_them() -> None:
    made = service("    ports: ['9090-9092:8080-8082']\n    expose: ['8082', 7000-7001]")["ports"]
    assert [(port["port"], port.get("publish")) for port in made] == [
        (8080, 9090), (8081, 9091), (8082, 9092), (7000, None), (7001, None)
    ]  # fmt: skip
    assert len({port["name"] for port in made}) == 5


def test_a_port_that_is_published_twice_is_published_once() -> None:
    result = written("services: {a: {image: x, ports: ['80:80', '81:80']}}")
    assert spec(result, "a")["ports"] == [{"name": "http", "port": 80, "publish": 80}]
    assert "published more than once" in told(result, "services.a.ports")[0]


@pytest.mark.parametrize(
    ("volume", "found"),
    [
        ("data:/var/lib/x", {"name": "data", "path": "/var/lib/x"}),
        ("Data_1:/x:ro", {"name": "data-1", "path": "/x", "readOnly": True}),
        ("./a:/x/:ro,z", {"host": "/src/shop/a", "path": "/x", "readOnly": True}),
        ("../b:/x", {"host": "/src/b", "path": "/x"}),
        ("/abs:/x:rw", {"host": "/abs", "path": "/x"}),
        ("~/h:/x", {"host": "/root/h", "path": "/x"}),
        ("/x", {"name": "one-x", "path": "/x"}),
    ],
)
def test_a_short_volume(volume: str, found: dict[str, Any]) -> None:
    assert service(f"    volumes: ['{volume}']\nvolumes: {{data: , Data_1: }}")["volumes"] == [found]


def test_what_keeps_files_is_stopped_before_it_starts_again() -> None:
    assert service("    volumes: ['a:/x']")["rollout"] == {"recreate": {}}
    assert "rollout" not in service("    volumes: ['a:/x:ro', '/var/run/docker.sock:/var/run/docker.sock']")
    assert "rollout" not in service("    volumes: ['a:/x']\n    scale: 2")


def test_an_entry_point_goes_before_the_command_and_is_to_be_looked_at() -> None:
    result = written("services: {a: {image: x, entrypoint: 'sh -c', command: ['a b']}}")
    assert spec(result, "a")["command"] == ["sh", "-c", "a b"]
    assert "keeps its own entry point" in told(result, "services.a.entrypoint")[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [("1m30s", "90s"), ("1.5h", "5400s"), ("500ms", "500ms"), ("1s1ms", "1001ms"), ("0", "0s"), ("2µs", "1ms"),
     ("10", None), ("", None), ("1 s", None)],
)  # fmt: skip
def test_durations(text: str, found: str | None) -> None:
    assert amounts.duration(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("256M", "256Mi"), ("1g", "1Gi"), ("1.5gb", "1536Mi"), ("1000", "1000"), ("64kb", "64Ki"), ("10b", "10"),
     ("x", None)],
)  # fmt: skip
def test_sizes(text: str, found: str | None) -> None:
    assert amounts.size(text) == found


@given(st.integers(1, 10**9))
def test_a_duration_is_worth_what_it_was(milliseconds: int) -> None:
    text = amounts.duration(f"{milliseconds}ms")
    assert text is not None
    assert quantities.duration(text) == timedelta(milliseconds=milliseconds)


@given(st.text())
def test_a_name_is_a_name_or_nothing(text: str) -> None:
    name = spec_name(text)
    assert name == spec_name(name)
    assert len(name) <= 40
    assert unique(name, {name, f"{name}-2"}) not in {name, f"{name}-2"}


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DB_PASSWORD", "x", True),
        ("PASSWORD", "", False),
        ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes", False),
        ("DATABASE_URL", "postgres://u:p@h/d", True),
        ("DATABASE_URL", "postgres://h/d", False),
        ("API_KEY", "k", True),
        ("APIKEY", "k", True),
        ("KEYBOARD", "de", False),
        ("TOKEN_TTL", "30", False),
        ("PASSWORD_FILE", "/run/secrets/x", False),
        ("AWS_SECRET_ACCESS_KEY", "x", True),
        ("NOTE", "-----BEGIN RSA PRIVATE KEY-----", True),
        ("GH", "ghp_abc", True),
        ("MSSQL", "Server=x;User=a;Password=b;", True),
        ("COLOUR", "red", False),
    ],
)
def test_what_is_taken_for_a_secret(name: str, value: str, secret: bool) -> None:
    assert is_secret(name, value) is secret


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (
            ["redis-server", "--requirepass", "x", "--port", "1"],
            ["redis-server", "--requirepass", "SECRET", "--port", "1"],
        ),
        (["a", "--db-password=x", "-v"], ["a", "--db-password=SECRET", "-v"]),
        (["a", "--token", "--verbose"], ["a", "--token", "--verbose"]),
        (
            ["sh", "-c", "a --password 'x' && b --secret=$S"],
            ["sh", "-c", "a --password 'SECRET' && b --secret=$S"],
        ),
        (["a", "redis://:pw@h:1/0", "http://h:80/x@y"], ["a", "redis://:SECRET@h:1/0", "http://h:80/x@y"]),
        (
            ["a", "--password", "$PW", "--tokens-per-second", "3"],
            ["a", "--password", "$PW", "--tokens-per-second", "3"],
        ),
    ],
)
def test_words_of_commands_lose_the_values_of_secrets(words: list[str], found: list[str]) -> None:
    assert masked_words(words) == found


def test_a_masked_word_is_told() -> None:
    result = written(
        "services: {a: {image: x, command: 'x --password hunter2', healthcheck: {test: 'p --token=hunter2'}}}"
    )
    assert spec(result, "a")["command"] == ["x", "--password", "SECRET"]
    assert spec(result, "a")["health"]["command"][2] == "p --token=SECRET"
    for field in ("command", "healthcheck.test"):
        assert "`SECRET` stands in its place" in told(result, f"services.a.{field}")[0]


def test_only_the_secret_variables_of_a_command_are_left_open() -> None:
    text = """
services:
  a:
    image: x
    command: run --port ${PORT} --key ${API_KEY}
    healthcheck: {test: "check $$HOME ${PORT} ${API_KEY:-x}"}
"""
    made = spec(written(text, environ={"PORT": "80", "API_KEY": "hunter2"}), "a")
    assert made["command"] == ["run", "--port", "80", "--key", "${API_KEY}"]
    assert made["health"]["command"][2] == "check $HOME 80 ${API_KEY}"


_values = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\x85\u2028\u2029"), max_size=20)
_env = st.dictionaries(st.from_regex(r"\A[A-Z]{1,3}\Z"), _values, max_size=4)
_ports = st.lists(
    st.tuples(st.integers(1, 65535), st.none() | st.integers(1, 65535), st.sampled_from(["tcp", "udp"])),
    max_size=5, unique_by=lambda port: (port[0], port[2]),
)  # fmt: skip
_checks = st.tuples(
    st.lists(_values, min_size=1, max_size=3),
    st.integers(1, 900),
    st.integers(1, 90),
    st.integers(1, 9),
    st.integers(0, 90),
)


@given(_env, _ports, _checks)
def test_variables_ports_and_checks_mean_the_same_as_they_did(
    env: dict[str, str], ports: list[tuple[int, int | None, str]], check: tuple[list[str], int, int, int, int]
) -> None:
    words, every, timeout, failures, startup = check
    body = {
        "image": "x:1",
        "environment": {name: value.replace("$", "$$") for name, value in env.items()},
        "ports": [
            {
                "target": target,
                "protocol": protocol,
                **({} if published is None else {"published": str(published)}),
            }
            for target, published, protocol in ports
        ],
        "healthcheck": {
            "test": ["CMD", *(word.replace("$", "$$") for word in words)],
            "interval": f"{every}s",
            "timeout": f"{timeout}s",
            "retries": failures,
            "start_period": f"{startup}s",
        },
    }
    made = written(yaml_text({"services": {"one": body}}))
    (document,) = [one for file in made.files for one in file.documents if one["kind"] == "Service"]
    (workload,) = workloads(document, Position(file="x"), Pool())
    plain = {name: value for name, value in env.items() if not is_secret(name, value)}
    assert workload.env == plain
    assert set(workload.secrets) == set(env) - set(plain)
    assert [(port.port, port.publish, port.protocol) for port in workload.ports] == [
        (target, 0 if published is None else published, protocol) for target, published, protocol in ports
    ]
    assert workload.health.check == CommandCheck(command=tuple(words))
    assert workload.health.every == timedelta(seconds=every)
    assert workload.health.timeout == timedelta(seconds=timeout)
    assert workload.health.startup == timedelta(seconds=startup)
    assert workload.health.failures == failures
