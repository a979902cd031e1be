"""Kind Target: a place where services run."""

from typing import ClassVar, Literal

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    Choice,
    ClassName,
    Duration,
    Filled,
    Filledlist,
    HostFolder,
    HostKey,
    HostName,
    Key,
    LoginName,
    Metadata,
    Name,
    NamespaceName,
    PortNumber,
    Positive,
    Spec,
    Text,
    Variable,
    may,
    must,
)


class Local(Spec):
    """Processes of this machine, supervised by EEveon itself. Needs nothing installed."""

    directory: Filled = may(
        "Where commands start, relative to the repository. Logs and volumes lie in the state folder."
    )


class Tls(Spec):
    """How the two sides of a connection know each other. Paths are relative to the repository."""

    ca: Filled = may("The certificate of the authority that signed the server's.")
    cert: Filled = may("The client's certificate.")
    key: Filled = may("The client's key.")
    verify: bool = may("Whether the server's certificate is checked.", default=True)


class Docker(Spec):
    """A Docker engine."""

    host: Filled = may(
        "Its address, as in DOCKER_HOST: unix://, tcp:// or ssh://. Without it, the one of the controller."
    )
    tls: Tls = may("Certificates for tcp://.")
    address: Filled = may("Where published ports are opened and found: an address or host name.")


class Fake(Spec):
    """A target in memory, for trying things out and for tests. It can be told to misbehave."""

    model_config = ConfigDict(extra="allow", strict=True, alias_generator=to_camel)

    state: Filled = may("A file that keeps what the target holds; relative to the repository.")


class Host(Spec):
    """One machine."""

    name: Name = must("By which plans and reports name it.", "edge1")
    address: HostName = must("Its address or host name.", "10.0.3.11")
    port: PortNumber = may("The port of its SSH server.", default=22)
    user: LoginName = may("The user to log in as, instead of the target's.")
    standby: bool = may("Whether it is capacity that a NodeGroup may bring into service.", default=False)
    host_key: HostKey = may("The only key that it may show, as in known_hosts: `ssh-ed25519 AAAA…`.")
    labels: dict[Key, Text] = may("Pairs that say what it is. EEveon does not act on them.")


class Identity(Choice):
    """The private key that is shown to hosts."""

    exactly_one: ClassVar[tuple[str, ...]] = ("env", "file")

    env: Variable = may(
        "A variable of the controller's environment: the path of a key file, or the key itself."
    )
    file: Filled = may("A key file; relative to the repository, or absolute on the controller.")


class Jump(Spec):
    """A host through which all others are reached."""

    address: HostName = must("Its address or host name.", "bastion.example.com")
    port: PortNumber = may("The port of its SSH server.", default=22)
    user: LoginName = may("The user to log in as there, instead of the target's.")


class Ssh(Spec):
    """systemd units and code releases on Linux hosts. Needs the extra `ssh`."""

    hosts: Filledlist[Host] = must("The machines.", [{"name": "edge1", "address": "10.0.3.11"}])
    user: LoginName = may("The user to log in as. Without it, the user of the controller.")
    known_hosts: Filled = may(
        "The file of host keys, relative to the repository. Keys are always checked. Without it, "
        "~/.ssh/known_hosts of the controller."
    )
    identity: Identity = may(
        "The private key. Without it, the agent and the usual files of the controller's user."
    )
    agent: bool = may("Whether keys of the ssh agent are tried. Without it, if there is no `identity`.")
    jump: Jump = may("A host through which all others are reached.")
    connect_timeout: Duration = may("How long a connection and a login may take each.", default="10s")
    root: HostFolder = may(
        "The folder on the hosts in which EEveon keeps what it must. Without it, /var/lib/eeveon, or "
        "~/.local/share/eeveon for `manager: user`."
    )
    manager: Literal["system", "user"] = may(
        "Whose systemd runs the units: the host's, as root or by `sudo -n`, or the user's own.",
        default="system",
    )


class Kubernetes(Spec):
    """One namespace of a cluster. Needs the extra `kubernetes`."""

    context: Filled = may(
        "A context of the kubeconfig. Without it, the current one, or the account of the pod EEveon runs in."
    )
    kubeconfig: Filled = may(
        "The kubeconfig file; relative to the repository, or absolute on the controller. Without it, KUBECONFIG "
        "and ~/.kube/config of the controller."
    )
    namespace: NamespaceName = may("The namespace of everything. Without it, that of the context.")
    create_namespace: bool = may(
        "Whether the namespace is made where it is missing. It is never removed.", default=False
    )
    ingress_class: ClassName = may("The class of Ingresses. Without it, the cluster's own default.")
    storage_class: ClassName = may("The class of volumes. Without it, the cluster's own default.")


class TargetSpec(Choice):
    """How the place is reached, and how hard it is worked on."""

    exactly_one: ClassVar[tuple[str, ...]] = ("local", "docker", "fake", "ssh", "kubernetes")

    local: Local = may("Processes of this machine.")
    docker: Docker = may("A Docker engine.")
    fake: Fake = may("A target in memory.")
    ssh: Ssh = may("Linux hosts, by SSH.")
    kubernetes: Kubernetes = may("One namespace of a cluster.")
    concurrency: Positive = may("How many actions run there at a time.", default=8)


class Target(Spec):
    """A place where services run."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["Target"] = must("The kind of the document.", "Target")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "edge"})
    spec: TargetSpec = must("How it is reached.", {"docker": {}})
