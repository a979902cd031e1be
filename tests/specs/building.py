"""Repositories as maps from path to text, and what resolving them says."""

from collections.abc import Mapping

from eeveon.core.desired import Desired
from eeveon.core.diagnostic import Diagnostic
from eeveon.core.names import EnvironmentName
from eeveon.specs.files import CheckedFile, check_file
from eeveon.specs.load import SourceFile
from eeveon.specs.project import Project, read_project
from eeveon.specs.resolve import Resolved, Sources, resolve_environment

PROJECT = """\
apiVersion: eeveon/v2
kind: Project
metadata: {name: shop}
spec:
  base: base
  environments: {production: {path: production}}
"""
EDGE = "kind: Target\nmetadata: {name: edge}\nspec: {fake: {}}\n"
WEB = "kind: Service\nmetadata: {name: web}\nspec: {targets: [edge], image: 'web:1'}\n"

FULL = """
targets: [edge, other]
replicas: 4
image: web:1
command: [run, 1]
ports: [{name: http, port: 80, publish: auto}, {name: dns, protocol: udp, publish: 53, port: 53}]
env: {A: b, PORT: 8080}
secrets: {A1: {env: X}, B1: {file: /run/x}, C1: {file: x.enc.yaml}, D1: {file: /x, key: y}}
volumes: [{name: data, path: /data}, {host: /srv, path: /srv, readOnly: true}]
networks: [front]
resources: {cpu: 500m, memory: 256Mi}
workingDir: app
user: nobody
restart: never
stopGrace: 1m
health: {http: {port: http, path: /healthz}, every: 1s, timeout: 500ms, failures: 2, startup: 3s}
rollout: {rolling: {maxUnavailable: 25%, surge: 10%}}
"""
OTHER = EDGE.replace("edge", "other")
POLICY = """\
kind: SafetyPolicy
metadata: {name: calm}
spec:
  services: {names: [web], labels: {tier: critical}}
  mode: advise
  classes: {restart: automerge}
  paused: true
  limits: {blastRadius: 25%, deletes: 2, replicasPerStep: 50%}
  timezone: Europe/Berlin
  windows: [{allow: "22:00-06:00", reason: night}, {deny: 2026-12-24}]
"""


def checked(text: str, path: str = "base/a.yaml") -> CheckedFile:
    return check_file(SourceFile(path=path, content=text.encode()))


def project_of(text: str = PROJECT) -> Project:
    project, diagnostics = read_project(checked(text, "eeveon.yaml"), {"eeveon.yaml": text.encode()}.get)
    assert project is not None, diagnostics
    return project


def resolved(files: Mapping[str, str]) -> Resolved:
    """What comes of `base/…` and `production/…`; any other path is a file of the repository."""
    contents = {path: text.encode() for path, text in files.items()}
    found = {path: checked(text, path) for path, text in files.items() if path.endswith(".yaml")}
    sources = Sources(
        base=[file for path, file in found.items() if path.startswith("base/")],
        own=[file for path, file in found.items() if path.startswith("production/")],
        read=contents.get,
    )
    return resolve_environment(project_of(), EnvironmentName("production"), sources)


def desired(files: Mapping[str, str]) -> Desired:
    outcome = resolved(files)
    assert outcome.desired is not None, lines(outcome.diagnostics)
    return outcome.desired


def lines(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    """Each as one line: place, code, message and hint."""
    return [
        f"{item.position} {item.code}: {item.message}" + (f" → {item.hint}" if item.hint else "")
        for item in diagnostics
    ]


def service(spec: str, name: str = "web") -> str:
    """A Service with the indented lines of its spec."""
    return f"kind: Service\nmetadata: {{name: {name}}}\nspec:\n" + "".join(
        f"  {line}\n" for line in spec.strip().splitlines()
    )


def problems_of_service(spec: str) -> list[str]:
    """What is wrong with a service on a fake target: without the place."""
    outcome = resolved({"base/edge.yaml": EDGE, "base/web.yaml": service(spec)})
    return [line.split(" ", 1)[1] for line in lines(outcome.diagnostics)]
