"""What workloads become on an engine. Pure."""

from dataclasses import replace
from datetime import timedelta

import pytest

from eeveon.core.desired import Mount, Port, Resources, Workload
from eeveon.core.names import EnvironmentName, ProjectName, Scope, ServiceName, TargetName
from eeveon.core.secret import FromEncrypted, FromEnvironment, SecretRef, references
from eeveon.core.values import canonical
from eeveon.drivers.docker import request
from eeveon.drivers.docker.preview import canonical_image, cpu_text, fields_of, memory_text, preview_of

SCOPE = Scope(project=ProjectName("shop"), environment=EnvironmentName("staging"))
TARGET = TargetName("box")
SMALLEST = Workload(service=ServiceName("web"), target=TARGET, replicas=1, image="web", command=())
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("written", "canon"),
    [
        ("web", "docker.io/library/web:latest"),
        ("web:1.5", "docker.io/library/web:1.5"),
        ("acme/web", "docker.io/acme/web:latest"),
        ("docker.io/web:1", "docker.io/library/web:1"),
        ("index.docker.io/acme/web:1", "docker.io/acme/web:1"),
        ("localhost/web:1", "localhost/web:1"),
        ("registry:5000/web", "registry:5000/web:latest"),
        ("registry.example.com/shop/web:1", "registry.example.com/shop/web:1"),
        (f"registry:5000/web@{DIGEST}", f"registry:5000/web@{DIGEST}"),
        (f"web:1.5@{DIGEST}", f"docker.io/library/web@{DIGEST}"),
        (DIGEST, DIGEST),
    ],
)
def test_images_are_written_one_way(written: str, canon: str) -> None:
    assert canonical_image(written) == canon
    assert canonical_image(canon) == canon


def test_what_is_at_its_default_is_left_out() -> None:
    assert fields_of(SMALLEST) == {"image": "docker.io/library/web:latest", "networks": ["default"]}


def test_all_fields_are_written_in_the_words_of_the_specs() -> None:
    full = replace(
        SMALLEST,
        command=("serve",),
        env={"B": "2", "A": "1"},
        secrets={"KEY": FromEnvironment(variable="THE_KEY")},
        ports=(Port(name="http", port=80, publish=8080), Port(name="dns", port=53, protocol="udp")),
        mounts=(
            Mount(path="/data//x/", volume="stuff"),
            Mount(path="/etc/conf", host="/srv/conf/", read_only=True),
        ),
        networks=("shared", "default"),
        resources=Resources(cpu_millis=1500, memory_bytes=256 * 2**20),
        working_dir="/srv/",
        user="1000",
        restart="onFailure",
        stop_grace=timedelta(seconds=2.5),
        protected=True,
    )
    assert fields_of(full) == {
        "image": "docker.io/library/web:latest",
        "command": ["serve"],
        "env": {"B": "2", "A": "1"},
        "secrets": {"KEY": {"kind": "environment", "variable": "THE_KEY"}},
        "ports": {"http": {"port": 80, "publish": 8080}, "dns": {"port": 53, "protocol": "udp"}},
        "mounts": {"/data/x": {"volume": "stuff"}, "/etc/conf": {"host": "/srv/conf", "readOnly": True}},
        "networks": ["default", "shared"],
        "resources": {"cpu": "1500m", "memory": "256Mi"},
        "workingDir": "/srv",
        "user": "1000",
        "restart": "onFailure",
        "stopGrace": 3,
        "protected": True,
    }


@pytest.mark.parametrize(
    "other",
    [
        replace(SMALLEST, image="docker.io/library/web:latest"),
        replace(SMALLEST, networks=("default",)),
        replace(SMALLEST, replicas=2),
        replace(SMALLEST, labels={"team": "payments"}),
    ],
)
def test_other_words_for_the_same_are_the_same_revision(other: Workload) -> None:
    assert preview_of(SCOPE, TARGET, (other,)).objects[1].revision == (
        preview_of(SCOPE, TARGET, (SMALLEST,)).objects[1].revision
    )


def test_the_order_of_variables_and_networks_means_nothing() -> None:
    one = replace(SMALLEST, env={"A": "1", "B": "2"}, networks=("x", "y"))
    two = replace(SMALLEST, env={"B": "2", "A": "1"}, networks=("y", "x"))
    assert canonical(fields_of(one)) == canonical(fields_of(two))


def test_networks_and_volumes_stand_before_instances_once_each() -> None:
    workloads = (
        replace(SMALLEST, networks=("shared",), mounts=(Mount(path="/a", volume="stuff"),)),
        replace(
            SMALLEST,
            service=ServiceName("db"),
            networks=("shared",),
            mounts=(Mount(path="/b", volume="stuff"), Mount(path="/c", host="/srv")),
        ),
    )
    objects = preview_of(SCOPE, TARGET, workloads).objects
    assert [(item.id.kind, item.fields.get("name")) for item in objects] == [
        ("network", "shop-staging"),
        ("network", "shop-staging-shared"),
        ("volume", "shop-staging-stuff"),
        ("instance", None),
        ("instance", None),
    ]


def test_a_target_without_workloads_has_no_network() -> None:
    assert preview_of(SCOPE, TARGET, ()).objects == ()


def test_a_fixed_port_for_several_instances_is_said() -> None:
    fixed = replace(SMALLEST, replicas=2, ports=(Port(name="http", port=80, publish=8080),))
    (note,) = preview_of(SCOPE, TARGET, (fixed,)).notes
    assert "8080" in note.text
    assert "http" in note.text
    assert preview_of(SCOPE, TARGET, (replace(fixed, replicas=1),)).notes == ()


@pytest.mark.parametrize(
    ("nanos", "text"), [(500_000_000, "500m"), (2_000_000_000, "2"), (1_234, "1234n"), (10_000_000, "10m")]
)
def test_cores_are_written_as_in_specs_and_read_back(nanos: int, text: str) -> None:
    assert cpu_text(nanos) == text
    assert request.limits({"resources": {"cpu": text}}) == {"NanoCpus": nanos}


@pytest.mark.parametrize(
    ("size", "text"), [(2**30, "1Gi"), (256 * 2**20, "256Mi"), (5 * 1024, "5Ki"), (6_000_001, "6000001")]
)
def test_memory_is_written_as_in_specs_and_read_back(size: int, text: str) -> None:
    assert memory_text(size) == text
    assert request.limits({"resources": {"memory": text}})["Memory"] == size


def test_a_container_is_created_with_what_its_fields_say() -> None:
    workload = replace(
        SMALLEST,
        command=("serve",),
        env={"B": "2", "A": "1"},
        ports=(
            Port(name="http", port=80, publish=8080),
            Port(name="dns", port=53, publish=0, protocol="udp"),
        ),
        mounts=(Mount(path="/data", volume="stuff"),),
        resources=Resources(memory_bytes=64 * 2**20),
        restart="never",
    )
    wanted = preview_of(SCOPE, TARGET, (workload,)).objects[-1]
    body = request.container(SCOPE, wanted, {"KEY": "value"}, 5)
    assert body["Env"] == ["A=1", "B=2", "KEY=value"]
    assert body["Cmd"] == ["serve"]
    assert body["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostPort": "8080"}],
        "53/udp": [{"HostPort": ""}],
    }
    assert body["HostConfig"]["RestartPolicy"] == {"Name": "no"}
    assert body["HostConfig"]["Memory"] == 64 * 2**20
    assert body["HostConfig"]["Mounts"][0]["Source"] == "shop-staging-stuff"
    assert body["NetworkingConfig"]["EndpointsConfig"]["shop-staging"]["Aliases"] == ["web", wanted.id.name]
    assert body["Labels"]["eeveon.fields"] == canonical(wanted.fields)
    assert body["Labels"]["eeveon.fence"] == "5"


def test_secrets_come_back_as_the_references_they_were() -> None:
    refs: dict[str, SecretRef] = {
        "A": FromEnvironment(variable="X"),
        "B": FromEncrypted(file="secrets.yaml", key="b", version="1"),
    }
    assert references(fields_of(replace(SMALLEST, secrets=refs))) == refs


def test_limits_that_go_away_are_not_updated_in_place() -> None:
    limited = {"image": "web", "resources": {"cpu": "1"}}
    assert request.can_update(limited, {**limited, "resources": {"cpu": "2"}})
    assert request.can_update({"image": "web"}, limited)
    assert request.can_update(limited, {**limited, "restart": "never"})
    assert not request.can_update(limited, {"image": "web"})
    assert not request.can_update(limited, {**limited, "image": "other"})
