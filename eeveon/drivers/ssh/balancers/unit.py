"""The unit that runs a load balancer: ours, beside that of the distribution. Pure."""

import hashlib

from eeveon.core.desired import Balancer
from eeveon.drivers.ssh.balancers.render import config_name
from eeveon.drivers.ssh.names import SECTION, Names

STOP_MARGIN = 5  # seconds to the kill, besides the drain

# Ports below 1024 and becoming nobody are all that root is needed for.
_RIGHTS = "CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_OVERRIDE CAP_KILL"


def unit_name(names: Names, name: str) -> str:
    """How the unit is called."""
    return f"{names.prefix}lb-{name}.service"


def balancer_unit(names: Names, balancer: Balancer) -> str:
    """The text of the unit."""
    config = names.in_unit(f"balancers/{balancer.name}/current/{config_name(balancer.software)}")
    cache = f"eeveon-lb-{hashlib.sha256(unit_name(names, balancer.name).encode()).hexdigest()[:12]}"
    start, stop, reload = {
        "haproxy": (f"haproxy -W -f {config}", "SIGUSR1", "USR2"),
        "nginx": (f"nginx -p %C/{cache}/ -c {config}", "SIGQUIT", "HUP"),
    }[balancer.software]
    hardening = (
        f"CapabilityBoundingSet={_RIGHTS}",
        "PrivateDevices=yes",
        "PrivateTmp=yes",
        "ProtectControlGroups=yes",
        "ProtectHome=read-only",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectSystem=full",
        "RestrictSUIDSGID=yes",
    )
    return "\n".join(
        (
            "# Written by EEveon from the specs. What is changed here is found by the next plan, and put back.",
            "",
            "[Unit]",
            f"Description=Load balancer {balancer.name} of {names.scope}",
            *(
                ("After=network-online.target", "Wants=network-online.target")
                if names.manager == "system"
                else ()
            ),
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=exec",
            f"ExecStart={start}",
            f"ExecReload=kill -{reload} $MAINPID",
            f"KillSignal={stop}",
            "KillMode=mixed",
            f"TimeoutStopSec={balancer.drain.total_seconds() + STOP_MARGIN:g}",
            "Restart=always",
            "RestartSec=1",
            f"CacheDirectory={cache}",
            "NoNewPrivileges=yes",
            *(hardening if names.manager == "system" else ()),
            "",
            "[Install]",
            f"WantedBy={names.wanted_by}",
            "",
            f"[{SECTION}]",
            f"Project={names.scope.project}",
            f"Environment={names.scope.environment}",
            f"Balancer={balancer.name}",
            "",
        )
    )
