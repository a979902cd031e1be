"""The files of a first repository: small, valid, commented, and a service that really answers."""

from collections.abc import Mapping
from dataclasses import dataclass

_SCHEMA = "# yaml-language-server: $schema={up}schemas/{kind}.schema.json\n"

_PROJECT = """\
# What this repository is. Each environment is a folder of documents; `base` is what all of them share.
apiVersion: eeveon/v2
kind: Project
metadata: {{name: {name}}}
spec:
  base: specs/base
  environments:
    dev: {{path: specs/dev}}
    # production: {{path: specs/production}}
"""
_SERVICE = """\
# A service: what runs, how many of it, and how it shows that it works.
apiVersion: eeveon/v2
kind: Service
metadata: {{name: web}}
spec:
  targets: [here]                # names of kind Target, see specs/dev/here.yaml
  workingDir: site
  command: [python3, -m, http.server, "$(PORT)", --bind, 127.0.0.1]
  ports: [{port}]
  health:
    http: {{port: http, path: {path}}}
    every: 1s
    startup: 30s
"""
_TARGET = """\
# Where things run: processes of this machine, supervised by EEveon itself. Nothing needs to be installed.
apiVersion: eeveon/v2
kind: Target
metadata: {name: here}
spec:
  local: {}
"""
_OVERLAY = """\
# What is different in this environment: only the fields that differ from specs/base/web.yaml.
apiVersion: eeveon/v2
kind: Service
metadata: {name: web}
spec:
  replicas: 1                    # change this to 2, then: eeveon plan
"""
_IGNORE = """\
# Never commit what opens secrets, nor plans that were saved to files.
identity.txt
*.key
.env
*.plan.json
"""
_PAGE = "<!doctype html>\n<title>{name}</title>\n<h1>{name} runs</h1>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is asked for: the project's name, and where its service answers."""

    name: str
    path: str = "/"  # of its health check, as in a URL, without a query; starts with `/`
    page: str = "/"  # the same as the name of a file
    port: int | None = None  # None: any free one


def starter_files(start: Start) -> Mapping[str, str]:
    """The texts by their paths from the root of the repository."""
    from eeveon.render.yaml import flow_text

    port = "{name: http}" if start.port is None else f"{{name: http, port: {start.port}}}"
    service = _SERVICE.format(port=port, path=flow_text(start.path))
    return {
        "eeveon.yaml": _schema("Project", "") + _PROJECT.format(name=flow_text(start.name)),
        "specs/base/web.yaml": _schema("Service", "../../") + service,
        "specs/dev/here.yaml": _schema("Target", "../../") + _TARGET,
        "specs/dev/web.yaml": _schema("Service", "../../") + _OVERLAY,
        "site/index.html": _PAGE.format(name=start.name),
        ".gitignore": _IGNORE,
        **_answer(start.page),
    }


def _schema(kind: str, up: str) -> str:
    return _SCHEMA.format(kind=kind, up=up)


def _answer(page: str) -> Mapping[str, str]:
    """The file that makes the service answer its health check."""
    if page == "/":
        return {}
    return {f"site{page}index.html" if page.endswith("/") else f"site{page}": "ok\n"}
