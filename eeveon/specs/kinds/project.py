"""Kind Project: what a repository is. It stands in `eeveon.yaml`."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from eeveon.specs.kinds.common import (
    VERSION_NOTE,
    ApiVersion,
    DriftSpec,
    Duration,
    Filled,
    Key,
    Metadata,
    Name,
    RelativePath,
    Spec,
    may,
    must,
)

Stage = Literal["alpha", "beta", "stable"]


class GitBase(Spec):
    """A base in another repository. Comes with a later version."""

    git: Filled = must("The address of the repository.", "https://git.example.com/shop/base.git")
    ref: Filled = must("A branch, tag or commit of it.", "main")
    path: RelativePath = may("The folder in it.")


def _form(base: object) -> str:
    return "git" if isinstance(base, dict) else "folder"


Base = Annotated[
    Annotated[RelativePath, Tag("folder")] | Annotated[GitBase, Tag("git")],
    Discriminator(_form),
]


class Promotion(Spec):
    """Where an environment takes its versions from. Comes with a later version."""

    environment: Name = must("The environment before this one.", "staging")
    soak: Duration = may("How long a version must have run there.")


class Environment(Spec):
    """One environment of the project."""

    path: RelativePath = must("The folder of its documents and overlays.", "specs/production")
    promotes_from: Promotion = may("Where it takes its versions from. Comes with a later version.")
    drift: DriftSpec = may("How `eeveon serve` looks at it when nothing was committed.")


class Retention(Spec):
    """How long things are kept. Comes with a later version."""

    events: Duration = may("Events.")
    metrics: dict[Key, Duration] = may("Measurements, by resolution: `raw`, `5m`, `1h`.")
    prompts: Duration = may("What language models were asked.")


class Features(Spec):
    """How far learned parts may go at most. Comes with a later version."""

    forecast: Stage = may("Forecasts of demand.")
    gates: Stage = may("Anomaly gates.")
    heal: Stage = may("Playbooks.")
    language: Stage = may("Language models.")


class ProjectSpec(Spec):
    """The environments of a repository, and what holds for all of them."""

    base: Base = may("The folder of the documents that all environments share.")
    environments: Annotated[dict[Name, Environment], Field(min_length=1)] = must(
        "The environments by name.", {"production": {"path": "specs/production"}}
    )
    retention: Retention = may("How long things are kept. Comes with a later version.")
    features: Features = may("How far learned parts may go at most. Comes with a later version.")


class Project(Spec):
    """What a repository is: its name and its environments."""

    api_version: ApiVersion = must(VERSION_NOTE, "eeveon/v2")
    kind: Literal["Project"] = must("The kind of the document.", "Project")
    metadata: Metadata = must("Its name, and what is said about it.", {"name": "shop"})
    spec: ProjectSpec = must("Its environments.", {"environments": {"production": {"path": "specs"}}})
