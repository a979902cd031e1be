"""The peer of planning: `terraform plan` of as many `terraform_data` resources with the same fields, all applied.

The state is written as an apply leaves it (applying 10,000 takes terraform many minutes); that the plan then says "no
changes" is checked at each run.
"""

import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from benchmarks.costs import CannotMeasureError, Cost, Errand, run
from benchmarks.shop import name_of

PROVIDER = 'provider["terraform.io/builtin/terraform"]'
NAMES = uuid.UUID("c1b37b4c-6a53-4d38-9a05-3c2f3a4e3f63")  # any; ids need only differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """One root module."""

    folder: Path

    def plan(self) -> Cost:
        """What a plan without changes costs; status 2 would be changes, which are refused here."""
        return run(self._errand("plan", "-detailed-exitcode", "-no-color", "-input=false"))

    def init(self) -> None:
        """Make the folder usable; the built-in provider needs no download."""
        run(self._errand("init", "-no-color", "-input=false"))

    def _errand(self, *arguments: str) -> Errand:
        settings = self.folder / "terraform.rc"
        settings.touch()
        environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1"}
        return Errand(command=("terraform", *arguments), folder=self.folder, environment=environment)


def make_terraform(folder: Path, resources: int) -> Terraform:
    """A module of so many resources, a file each, and the state that says all of them are there."""
    if shutil.which("terraform") is None:
        raise CannotMeasureError("terraform is not installed")
    folder.mkdir()
    held = []
    for number in range(resources):
        name, data = name_of(number), fields(number)
        text = f'resource "terraform_data" "{name}" {{\n  input = {json.dumps(data, indent=2)}\n}}\n'
        (folder / f"{name}.tf").write_text(text)
        held.append(json.dumps(_resource(name, data)))
    state = {"version": 4, "terraform_version": "1.0.0", "serial": 1, "lineage": str(NAMES), "outputs": {}}
    text = json.dumps(state)[:-1] + ', "resources": [' + ",\n".join(held) + "]}\n"
    (folder / "terraform.tfstate").write_text(text)
    module = Terraform(folder=folder)
    module.init()
    return module


def fields(number: int) -> dict[str, object]:
    """What a service of `shop.SERVICE` says, as the input of a resource."""
    name, team = name_of(number), number % 10
    return {
        "name": name,
        "labels": {"team": f"team-{team}", "tier": "standard"},
        "targets": ["pretend"],
        "replicas": 1,
        "image": f"registry.example.com/shop/{name}:1.{number % 7}.0",
        "command": ["serve", "--port", "8080"],
        "ports": [{"name": "http", "port": 8080}],
        "env": {
            "LOG_LEVEL": "info",
            "SERVICE_NAME": name,
            "CACHE_URL": f"redis://cache-{team}.internal:6379/0",
        },
        "resources": {"cpu": "250m", "memory": "128Mi"},
        "restart": "always",
        "stopGrace": "15s",
        "health": {"tcp": {"port": "http"}, "every": "5s", "timeout": "2s"},
    }


def _resource(name: str, data: dict[str, object]) -> dict[str, object]:
    value = {"value": data, "type": _type(data)}
    attributes = {
        "id": str(uuid.uuid5(NAMES, name)),
        "input": value,
        "output": value,
        "triggers_replace": None,
    }
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": PROVIDER,
        "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
    }


def _type(value: object) -> object:
    """The type of a value as terraform's state names it."""
    match value:
        case dict():
            return ["object", {key: _type(item) for key, item in value.items()}]
        case list():
            return ["tuple", [_type(item) for item in value]]
        case str():
            return "string"
        case _:
            return "number"
