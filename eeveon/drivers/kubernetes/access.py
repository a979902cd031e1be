"""Where a cluster is and who we are there, from a kubeconfig or from inside of a pod. Read by the `kubernetes` package."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from eeveon.core.values import Fields
from eeveon.errors import TargetUnreachable

_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_HOW = (
    "set `kubeconfig` and `context` of the target, or KUBECONFIG; `kubectl config view` shows what there is"
)


_UNUSABLE: Final = (OSError, ValueError, KeyError, TypeError, AttributeError)


class _Said(logging.Handler):
    """Keeps what the package only logs: that a plug-in failed, and how."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.texts.append(record.getMessage())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the target's settings say of the way to the cluster."""

    context: str = ""
    kubeconfig: str = ""  # "": KUBECONFIG, ~/.kube/config, or the pod that this runs in

    @classmethod
    def of(cls, settings: Fields) -> "Wanted":
        """From the settings of a target."""
        return cls(context=str(settings.get("context", "")), kubeconfig=str(settings.get("kubeconfig", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Everything that a connection takes. The headers hold credentials, so they are not shown."""

    url: str
    namespace: str  # of the context
    context: str = ""  # its name; "" inside of a pod
    tls: Mapping[str, Any] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str = ""


def access_of(wanted: Wanted) -> Access:
    """The way to the cluster, read anew each time: tokens of plug-ins and files run out.

    Raises:
        TargetUnreachable: there is no such file or context, or its plug-in gave no credentials.
    """
    from kubernetes.config import kube_config  # 0.2 s of CPU: only where something is asked of a cluster
    from kubernetes.config.config_exception import ConfigException

    if not wanted.kubeconfig and not _has_kubeconfig() and (_ACCOUNT / "token").is_file():
        return _of_the_pod()
    path = (
        wanted.kubeconfig or os.environ.get("KUBECONFIG") or None
    )  # the package reads the variable once only
    where = wanted.kubeconfig or os.environ.get("KUBECONFIG", "~/.kube/config")
    settings = _configuration()
    said = _Said()
    logging.getLogger().addHandler(said)
    try:
        kube_config.load_kube_config(
            config_file=path,
            context=wanted.context or None,
            client_configuration=settings,
            persist_config=False,
        )
        contexts, current = kube_config.list_kube_config_contexts(config_file=path)
    except (*_UNUSABLE, ConfigException, vars(kube_config)["yaml"].YAMLError) as error:
        raise TargetUnreachable(f"cannot use the kubeconfig {where}: {_said(error)}", hint=_HOW) from error
    finally:
        logging.getLogger().removeHandler(said)
    if said.texts and not (settings.api_key or settings.cert_file or settings.username):
        raise TargetUnreachable(
            f"the plug-in in the kubeconfig {where} gave no credentials: {'; '.join(said.texts)}",
            hint="`kubectl auth whoami` asks it too; most need a login of their own first",
        )
    used = next((one for one in contexts if one["name"] == wanted.context), current)
    return _access(settings, str(used.get("context", {}).get("namespace") or ""), str(used["name"]))


def _has_kubeconfig() -> bool:
    return bool(os.environ.get("KUBECONFIG")) or (Path.home() / ".kube" / "config").is_file()


def _configuration() -> Any:
    from kubernetes.client.configuration import Configuration

    return Configuration()


def _of_the_pod() -> Access:
    from kubernetes.config import incluster_config
    from kubernetes.config.config_exception import ConfigException

    settings = _configuration()
    try:
        incluster_config.load_incluster_config(client_configuration=settings)
        namespace = (_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except (ConfigException, OSError) as error:
        raise TargetUnreachable(
            f"cannot use the service account of this pod: {_said(error)}", hint=_HOW
        ) from error
    return _access(settings, namespace)


def _access(settings: Any, namespace: str, context: str = "") -> Access:
    tls = {
        "ca_certs": settings.ssl_ca_cert,
        "cert_file": settings.cert_file,
        "key_file": settings.key_file,
        "cert_reqs": "CERT_REQUIRED" if settings.verify_ssl else "CERT_NONE",
        "server_hostname": settings.tls_server_name,
    }
    bearer = settings.get_api_key_with_prefix("BearerToken", alias="authorization")
    basic = settings.get_basic_auth_token() if settings.username else None
    credentials = bearer or basic
    return Access(
        url=settings.host,
        namespace=namespace,
        context=context,
        tls={name: value for name, value in tls.items() if value},
        headers={"authorization": credentials} if credentials else {},
        proxy=settings.proxy or "",
    )


def _said(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
