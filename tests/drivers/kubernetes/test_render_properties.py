"""What holds of everything that is rendered, whatever the service says."""

from datetime import timedelta
from typing import Any

from hypothesis import given, strategies as st

from eeveon.core.desired import BlueGreen, Mount, Port, Recreate, Resources, Rolling, Route, Workload
from eeveon.core.health import CommandCheck, Health, HttpCheck, TcpCheck
from eeveon.core.scaling import Demand, Pace, Scaling
from eeveon.core.secret import FromEnvironment, FromFile
from eeveon.core.values import canonical, plain
from eeveon.drivers.kubernetes.render import Manifest, Rendered, common_of, fields_of, rendered
from tests.drivers.kubernetes.api_schema import mistakes
from tests.drivers.kubernetes.shop import HTTP, PLACE, service

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
NAMES = st.sampled_from(["A", "B", "C_D"])
SPANS = st.integers(0, 4000).map(lambda tenths: timedelta(seconds=tenths / 10))
CHECKS = st.sampled_from(
    [None, HttpCheck(port="http", path="/"), TcpCheck(port="http"), CommandCheck(command=("a", "$(B)"))]
)
PACES = st.sampled_from([Pace(), Pace(step=2), Pace(stabilize=timedelta(minutes=1))])
PARTS = st.sampled_from(
    [
        {},
        {
            "podTemplate": {
                "spec": {"priorityClassName": "web", "containers": [{"name": "side", "image": "a"}]}
            }
        },
        {
            "deployment": {"metadata": {"annotations": {"a": "b"}}},
            "service": {"spec": {"type": "LoadBalancer"}},
        },
    ]
)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    stateful = draw(st.booleans())
    strategies = [Rolling(), Rolling(surge=0, max_unavailable=1)]
    if not stateful:
        strategies += [Recreate(), BlueGreen()]  # type: ignore[list-item]  # strategies all
    demand = draw(st.sampled_from([Demand(metric="cpu", target=0.7), Demand(metric="rps", target=5.5)]))
    scaling = Scaling(policy="web", least=draw(st.integers(1, 3)), most=5, demand=demand, up=draw(PACES))
    return service(
        replicas=draw(st.integers(0, 4)),
        command=tuple(draw(st.lists(TEXT, max_size=2))),
        env=draw(st.dictionaries(NAMES, TEXT)),
        secrets=draw(
            st.dictionaries(NAMES, st.sampled_from([FromEnvironment(variable="K"), FromFile(path="/k")]))
        ),
        ports=draw(
            st.sampled_from([(), (HTTP,), (HTTP, Port(name="dns", port=53, protocol="udp", publish=0))])
        ),
        mounts=draw(
            st.sampled_from(
                [(), (Mount(path="/a", volume="data"), Mount(path="/b", host="/srv", read_only=True))]
            )
        ),
        resources=draw(
            st.builds(
                Resources,
                cpu_millis=st.none() | st.integers(1, 10**5),
                memory_bytes=st.none() | st.integers(1, 2**45),
            )
        ),
        user=draw(st.sampled_from([None, "0", "1000:1000"])),
        health=Health(
            check=draw(CHECKS),
            every=draw(SPANS) + timedelta(milliseconds=1),
            timeout=draw(SPANS) + timedelta(milliseconds=1),
            failures=draw(st.integers(1, 9)),
            startup=draw(SPANS),
        ),
        strategy=draw(st.sampled_from(strategies)),
        route=draw(st.sampled_from([None, Route(balancer="", port="http", path="/a")])),
        scaling=draw(st.sampled_from([None, scaling])),
        labels=draw(st.dictionaries(st.sampled_from(["team", "a.b/c", "a/b/c"]), TEXT)),
        keep=draw(st.integers(0, 3)),
        hardening=draw(st.booleans()),
        kubernetes=draw(PARTS),
        stateful=stateful,
    )


def manifests(found: Rendered) -> list[Manifest]:
    assert found.instance is not None
    own = (found.instance.manifest, found.instance.config, found.instance.secret, found.instance.scaler)
    return [*(item for item in own if item is not None), *(item.manifest for item in found.supports)]


@given(workloads())
def test_the_server_knows_every_field(workload: Workload) -> None:
    found = rendered(PLACE, workload)
    assert found.instance is not None
    assert mistakes(found.instance.manifest.body) == []
    for claim in common_of(PLACE, (workload,)):
        assert mistakes(claim.manifest.body) == []


@given(workloads())
def test_the_same_service_gives_the_same_bytes(workload: Workload) -> None:
    first = canonical(plain(rendered(PLACE, workload)))
    assert canonical(plain(rendered(PLACE, workload))) == first


@given(workloads())
def test_every_manifest_is_what_it_says_and_carries_its_identity(workload: Workload) -> None:
    seen = set()
    for item in manifests(rendered(PLACE, workload)):
        body: Any = item.body
        assert (body["apiVersion"], body["kind"], body["metadata"]["name"]) == (
            item.api_version,
            item.kind,
            item.name,
        )
        assert body["metadata"]["namespace"] == item.namespace == "shop"
        assert body["metadata"]["labels"]["eeveon.dev/service"] == "web"
        assert (item.kind, item.name) not in seen
        seen.add((item.kind, item.name))


@given(workloads())
def test_what_refers_to_something_finds_it(workload: Workload) -> None:
    found = rendered(PLACE, workload)
    assert found.instance is not None
    made = found.instance
    body: Any = made.manifest.body
    template, spec = body["spec"]["template"], body["spec"]["template"]["spec"]
    assert body["spec"]["selector"]["matchLabels"] == made.selector
    assert template["metadata"]["labels"].items() >= made.selector.items()
    container = spec["containers"][0]
    for source in container.get("envFrom", ()):
        for kind, one in (("configMapRef", made.config), ("secretRef", made.secret)):
            if kind in source:
                assert one is not None
                assert source[kind]["name"] == one.name
    volumes = {item["name"] for item in spec.get("volumes", ())}
    volumes |= {item["metadata"]["name"] for item in body["spec"].get("volumeClaimTemplates", ())}
    assert {item["name"] for item in container.get("volumeMounts", ())} == volumes
    claims = {item.manifest.name for item in common_of(PLACE, (workload,))}
    for item in spec.get("volumes", ()):
        if "persistentVolumeClaim" in item:
            assert item["persistentVolumeClaim"]["claimName"] in claims
    if made.scaler is not None:
        scaled: Any = made.scaler.body["spec"]
        assert (scaled["scaleTargetRef"]["kind"], scaled["scaleTargetRef"]["name"]) == (
            made.manifest.kind,
            made.manifest.name,
        )
    assert ("replicas" in body["spec"]) is not made.scaled
    if workload.stateful:
        services = {item.manifest.name for item in found.supports if item.manifest.kind == "Service"}
        assert body["spec"]["serviceName"] in services


@given(workloads())
def test_a_plan_shows_neither_identity_nor_values_of_secrets(workload: Workload) -> None:
    found = rendered(PLACE, workload)
    assert found.instance is not None
    config = found.instance.config
    shown = canonical(fields_of(found.instance.manifest.body, config.body["data"] if config else None))  # type: ignore[arg-type]  # a map
    assert "eeveon.dev/" not in shown
    assert 'configMapRef":{"name' not in shown
    if found.instance.secret is not None:
        assert not {"data", "stringData"} & found.instance.secret.body.keys()
