"""Kind Service: something that runs, and how it is replaced."""

from typing import ClassVar, Literal

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    AbsolutePath,
    ApiVersion,
    Argument,
    Choice,
    Count,
    CountOrShare,
    Cpu,
    Domain,
    Duration,
    Filled,
    Filledlist,
    Free,
    Image,
    Metadata,
    Name,
    PortNumber,
    Positive,
    Prefix,
    RelativePath,
    Share,
    Size,
    Spec,
    Variable,
    may,
    must,
)


class Port(Spec):
    """A port that the service listens on."""

    name: Name = must("By which health checks and routes name it.", "http")
    port: PortNumber = may(
        "The number. On `local` it may be left out: one is chosen and told to the process in `PORT`."
    )
    publish: PortNumber | Literal["auto"] = may("Where the target opens it to others; `auto`: any free port.")
    protocol: Literal["tcp", "udp"] = may("The transport.", default="tcp")


class Secret(Choice):
    """Where the value of a secret comes from. The specs never hold it."""

    exactly_one: ClassVar[tuple[str, ...]] = ("env", "file")
    needs: ClassVar[dict[str, str]] = {"key": "file"}

    env: Variable = may("A variable in the environment of the controller.")
    file: Filled = may("A file: an encrypted one of the repository, or an absolute path on the controller.")
    key: Filled = may(
        "The entry of an encrypted file, dotted where it is nested. Without it, the whole content."
    )


class Volume(Choice):
    """Storage that outlives an instance."""

    exactly_one: ClassVar[tuple[str, ...]] = ("name", "host")

    name: Name = may("A volume that the target keeps for this environment.")
    host: AbsolutePath = may("A folder of the target.")
    path: AbsolutePath = must("Where the instance sees it.", "/var/lib/data")
    read_only: bool = may("Whether the instance may only read it.", default=False)
    size: Size = may("How large a volume of a cluster is made.", default="1Gi")


class Resources(Spec):
    """Upper limits. What is left out is not limited."""

    cpu: Cpu = may("Processors: `500m` and `0.5` are half of one.")
    memory: Size = may("Memory: `256Mi`, `1G`.")


class HttpCheck(Spec):
    """GET a path; 2xx and 3xx are healthy."""

    port: Name = must("The name of one of the service's ports.", "http")
    path: AbsolutePath = may("The path, from `/`.", default="/")


class TcpCheck(Spec):
    """A connection is accepted."""

    port: Name = must("The name of one of the service's ports.", "http")


class Health(Choice):
    """How an instance shows that it works. Without it, by running."""

    exactly_one: ClassVar[tuple[str, ...]] = ("http", "tcp", "command")

    http: HttpCheck = may("GET a path; 2xx and 3xx are healthy.")
    tcp: TcpCheck = may("A connection is accepted.")
    command: Filledlist[Argument] = may("A command that is run inside of the instance; status 0 is healthy.")
    every: Duration = may("From one probe to the next.", default="5s")
    timeout: Duration = may("How long one probe may take.", default="2s")
    failures: Positive = may("So many failures in a row are a verdict.", default=3)
    startup: Duration = may("How long after the start failures do not count.", default="60s")


class Recreate(Spec):
    """All old instances stop, then all new ones start."""


class Rolling(Spec):
    """A few instances at a time."""

    max_unavailable: CountOrShare = may(
        "How many fewer than `replicas` may be healthy meanwhile; a share is rounded down.", default=0
    )
    surge: CountOrShare = may(
        "How many more than `replicas` may exist meanwhile; a share is rounded up.", default=1
    )


class CanaryStep(Spec):
    """A share of the traffic for a while."""

    weight: Share = must("The share that the new version gets.", "10%")
    hold: Duration = must("For how long.", "5m")


class Canary(Spec):
    """A growing share goes to the new version."""

    steps: Filledlist[CanaryStep] = must(
        "The shares, one after the other.", [{"weight": "10%", "hold": "5m"}]
    )


class BlueGreen(Spec):
    """All new instances stand beside the old ones; once all are healthy, all requests change sides at once."""


class Rollout(Choice):
    """How running instances are replaced by new ones."""

    exactly_one: ClassVar[tuple[str, ...]] = ("recreate", "rolling", "canary", "blue_green")

    recreate: Recreate = may("All old instances stop, then all new ones start.")
    rolling: Rolling = may("A few instances at a time. The default.")
    canary: Canary = may("A growing share goes to the new version. Comes with a later version.")
    blue_green: BlueGreen = may("All requests change sides at once, when all new instances are healthy.")
    gate: Name = may("The AnomalyGate that judges the new version. Comes with a later version.")
    approval: Literal["automatic", "manual"] = may(
        "Whether a person says yes between the steps. `manual` comes with a later version.",
        default="automatic",
    )
    keep: Count = may(
        "How many old versions stay on a host, stopped, to go back to. Without it: 5 of a `source`, else none."
    )


class GitRef(Choice):
    """One version of a Git repository."""

    exactly_one: ClassVar[tuple[str, ...]] = ("branch", "tag", "commit")

    branch: Filled = may("The head of a branch.")
    tag: Filled = may("A tag.")
    commit: Filled = may("A full object id.")


Commands = Filledlist[Argument] | Filledlist[Filledlist[Argument]]


class Hooks(Spec):
    """Commands at certain moments: one as a list of words, or a list of such lists."""

    post_deploy: Commands = may("Run in the release each time it has come into service.")


class Source(Spec):
    """Code that `ssh` targets get as releases: folders side by side, and a link `current` to the one in service."""

    git: Filled = must(
        "The address of the repository: https://, ssh://, `host:path`, or a folder of the controller.",
        "https://git.example.com/shop/web.git",
    )
    ref: GitRef = must("Which version.", {"branch": "main"})
    path: AbsolutePath = must("The folder on the hosts that holds `releases/` and `current`.", "/srv/web")
    update: Literal["follow", "propose", "pin"] = may(
        "`follow`: each plan asks where the branch or tag is. `pin`: the `commit`, whatever happens. "
        "`propose` comes with a later version.",
        default="follow",
    )
    exclude: list[Filled] = may(
        "Patterns as in .gitignore. Such files are not brought to hosts; those that a host has itself stay."
    )
    build: Commands = may(
        "Run in a new release on the host before it is complete. What it does is not known."
    )
    run: Filledlist[Argument] = may(
        "The program and its arguments, started in the release. Without it (and `command`) the release is passive: "
        "files for something else to serve."
    )
    hooks: Hooks = may("Commands at certain moments.")
    timeout: Duration = may("How long the build and each hook may take.", default="5m")


class Route(Spec):
    """Which requests of a load balancer go to the service."""

    load_balancer: Name = may(
        "The LoadBalancer that serves it. Needed on `ssh`. Without it, a cluster makes an Ingress."
    )
    host: Domain = may("The host name of its requests. Without it, any.")
    path: Prefix = may("The prefix of their paths, in whole steps: `/a` is not `/ab`.", default="/")
    port: Name = may(
        "The name of the port that gets them. Without it, the only one, or the one named `http`."
    )


class KubernetesParts(Spec):
    """What is merged last into the objects of a cluster, by object: maps merge, entries with a name by their name.

    What an object is found by (its name, namespace, selector and labels of identity) stays as it is.
    """

    deployment: Free = may("Into its Deployment.")
    stateful_set: Free = may("Into its StatefulSet.")
    pod_template: Free = may("Into the template of its pods. Its container has the name of the service.")
    service: Free = may("Into its Service.")
    ingress: Free = may("Into its Ingress.")
    pod_disruption_budget: Free = may("Into its PodDisruptionBudget.")
    horizontal_pod_autoscaler: Free = may("Into its HorizontalPodAutoscaler.")
    persistent_volume_claims: dict[Name, Free] = may("Into the claims of its volumes, by name.")
    conflicts: Literal["refuse", "force"] = may(
        "Whether fields that something else has set and the specs want as well are taken over.",
        default="refuse",
    )


class ServiceSpec(Choice):
    """What runs, where, and how it is replaced."""

    at_least_one: ClassVar[tuple[str, ...]] = ("image", "command", "source", "manifests")

    targets: Filledlist[Name] = must("The Targets that run it, each with all replicas.", ["edge"])
    replicas: Count = may("How many instances run on each target; 0 is none.", default=1)
    image: Image = may("The container image, by tag or digest.")
    source: Source = may("Code that hosts get as releases.")
    manifests: RelativePath = may(
        "A folder of the repository with Kubernetes YAML, or with a kustomization, which needs kubectl."
    )
    command: Filledlist[Argument] = may(
        "The program and its arguments. For an image, instead of its own command."
    )
    ports: list[Port] = may("The ports that it listens on.")
    env: dict[Variable, Argument] = may("Variables of its environment.")
    secrets: dict[Variable, Secret] = may("Variables whose values are secret.")
    volumes: list[Volume] = may("Storage that outlives an instance.")
    networks: list[Name] = may("Networks besides the environment's own.")
    resources: Resources = may("Upper limits.")
    working_dir: Filled = may("The folder in which the command starts.")
    user: Filled = may("The user it runs as.")
    restart: Literal["always", "onFailure", "never"] = may("What follows when it ends.", default="always")
    stop_grace: Duration = may("From the request to stop to the kill.", default="10s")
    health: Health = may("How an instance shows that it works.")
    rollout: Rollout = may("How running instances are replaced by new ones.")
    hardening: bool = may(
        "Whether units on hosts and pods get the isolation that harms few programs.", default=True
    )
    route: Route = may("How requests find it.")
    depends_on: list[Name] = may("Services that must be healthy before this one is changed.")
    stateful: bool = may(
        "Whether instances have names and volumes of their own, and come and go in order: a StatefulSet.",
        default=False,
    )
    kubernetes: KubernetesParts = may("Merged last into the objects of a cluster.")


class Service(Spec):
    """Something that runs, on one target or several."""

    api_version: ApiVersion = may(VERSION_NOTE)
    kind: Literal["Service"] = must("The kind of the document.", "Service")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "web"})
    spec: ServiceSpec = must("What runs.", {"targets": ["edge"], "image": "nginx"})
