"""Fields of a Compose file that have no place in specs, and what to do about each."""

from dataclasses import dataclass
from typing import Final

from eeveon.importing.imported import Sort


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a field cannot be kept."""

    why: str
    todo: str = ""
    sort: Sort = Sort.LOST


_RIGHTS = (
    "run the service on a host with `command` or `source` and give the unit the right, or keep it in Compose"
)
_PLAIN = Loss("containers get no such setting")
_STEPS = Loss("`rollout` and `health` say how instances are replaced", "see `rollout` in the reference")

# Of a service. Those that are read elsewhere are not here; nor are those without effect on what runs.
SERVICE: Final = {
    "annotations": Loss("they are for the engine's runtime"),
    "blkio_config": _PLAIN,
    "cap_add": Loss("containers get the capabilities of the engine's default", _RIGHTS, Sort.TODO),
    "cap_drop": Loss("containers get the capabilities of the engine's default"),
    "cgroup": _PLAIN,
    "cgroup_parent": _PLAIN,
    "cpu_count": _PLAIN,
    "cpu_percent": _PLAIN,
    "cpu_period": Loss("a limit of processors is `resources.cpu`", "set `resources.cpu`"),
    "cpu_quota": Loss("a limit of processors is `resources.cpu`", "set `resources.cpu`"),
    "cpu_rt_period": _PLAIN,
    "cpu_rt_runtime": _PLAIN,
    "cpu_shares": Loss(
        "there are upper limits, and no shares", "set `resources.cpu` where it is to be limited"
    ),
    "cpuset": _PLAIN,
    "credential_spec": _PLAIN,
    "device_cgroup_rules": _PLAIN,
    "devices": Loss("containers get no devices", _RIGHTS, Sort.TODO),
    "dns": Loss("containers use the engine's name servers"),
    "dns_opt": Loss("containers use the engine's name servers"),
    "dns_search": Loss("containers use the engine's name servers"),
    "domainname": Loss("an instance has the name that the engine gives it"),
    "external_links": Loss(
        "containers of others are not linked", "reach them by an address or a published port"
    ),
    "extra_hosts": Loss("no names are added to containers", "name an address in `env`", Sort.TODO),
    "gpus": Loss("containers get no devices", _RIGHTS, Sort.TODO),
    "group_add": Loss("there is `user` only, which may be `user:group`"),
    "hostname": Loss(
        "an instance has the name that the engine gives it; others find it by the service's name"
    ),
    "init": Loss(
        "containers run their command as process 1", "use an image with `tini` if children are left over"
    ),
    "ipc": _PLAIN,
    "isolation": _PLAIN,
    "logging": Loss("the engine's default logging is used, and `eeveon logs` reads it"),
    "mac_address": _PLAIN,
    "mem_reservation": Loss("there are upper limits only"),
    "mem_swappiness": _PLAIN,
    "memswap_limit": Loss("with a limit of memory, as much swap again may be used"),
    "models": Loss("models are not a part of specs", "", Sort.TODO),
    "oom_kill_disable": _PLAIN,
    "oom_score_adj": _PLAIN,
    "pid": Loss("containers have their own processes", _RIGHTS, Sort.TODO),
    "pids_limit": _PLAIN,
    "platform": Loss("the engine takes the image of its own platform"),
    "post_start": Loss(
        "nothing is run beside a container's command", "move it into the image's start", Sort.TODO
    ),
    "pre_stop": Loss("nothing is run beside a container's command", "let the program act on SIGTERM"),
    "privileged": Loss("containers are never privileged", _RIGHTS, Sort.TODO),
    "provider": Loss("a service runs an image", "", Sort.TODO),
    "pull_policy": Loss(
        "an image is pulled when the engine lacks it", "use versions or digests, which do not move"
    ),
    "read_only": Loss("the file system of a container can be written"),
    "runtime": _PLAIN,
    "security_opt": _PLAIN,
    "shm_size": Loss(
        "containers have 64 MiB of shared memory", "tell the program to use less, or files", Sort.TODO
    ),
    "stdin_open": Loss("nothing can be typed into a service"),
    "stop_signal": Loss("the image's own stop signal is used, else SIGTERM"),
    "storage_opt": _PLAIN,
    "sysctls": _PLAIN,
    "tmpfs": Loss("there are no volumes in memory; the path is in the container's own file system"),
    "tty": Loss("a service has no terminal"),
    "ulimits": Loss("the engine's own limits hold", "set default-ulimits of the engine"),
    "use_api_socket": Loss("the engine's socket is not handed on", "mount it by `volumes`"),
    "userns_mode": _PLAIN,
    "uts": _PLAIN,
    "volumes_from": Loss("volumes are named by each service", "repeat the volumes here", Sort.TODO),
}
# Of a service, read by some other part of the import, or without meaning for what runs.
KNOWN: Final = frozenset(
    {"attach", "build", "command", "configs", "container_name", "cpus", "depends_on", "deploy", "develop"}
    | {"entrypoint", "env_file", "environment", "expose", "extends", "healthcheck", "image", "label_file"}
    | {"labels", "links", "mem_limit", "network_mode", "networks", "ports", "profiles", "restart", "scale"}
    | {"secrets", "stop_grace_period", "user", "volumes", "working_dir"}
)
DEPLOY: Final = {
    "endpoint_mode": Loss("names of services lead to all instances, by the engine's name server"),
    "labels": Loss("they are of a swarm's service"),
    "placement": Loss("a target is one engine", "make a Target for each engine, and name it in `targets`"),
    "rollback_config": _STEPS,
}
