"""`eeveon render` of 1,000 services beside `kubectl kustomize` of 1,000 Deployments of the same fields."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.costs import Cost, Errand, cpu, in_turns, run
from benchmarks.figures import Bench, Figure, Missing, as_ratio, seconds
from benchmarks.shop import make_shop, name_of

SERVICES = 1_000
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: %(name)s
  labels: {team: team-%(team)d, tier: standard}
spec:
  replicas: 1
  selector: {matchLabels: {app: %(name)s}}
  template:
    metadata:
      labels: {app: %(name)s, team: team-%(team)d, tier: standard}
    spec:
      terminationGracePeriodSeconds: 15
      containers:
        - name: main
          image: registry.example.com/shop/%(name)s:1.%(minor)d.0
          command: [serve, --port, "8080"]
          ports: [{name: http, containerPort: 8080}]
          env:
            - {name: LOG_LEVEL, value: info}
            - {name: SERVICE_NAME, value: %(name)s}
            - {name: CACHE_URL, value: "redis://cache-%(team)d.internal:6379/0"}
          resources: {limits: {cpu: 250m, memory: 128Mi}}
          readinessProbe: {tcpSocket: {port: http}, periodSeconds: 5, timeoutSeconds: 2}
"""


def render(bench: Bench) -> Iterator[Figure | Missing]:
    """Nothing cached: every file is read, checked, resolved and printed."""
    shop = make_shop(bench.folder / "shop", SERVICES)

    def ours() -> Cost:
        shop.forget_what_was_read()
        return shop.run("render")

    what = "render, 1,000 services, nothing cached: CPU"
    if shutil.which("kubectl") is None:
        yield Missing(what=what, why=f"kubectl is not installed; ours: {seconds('render', ours().cpu)}")
        return
    peer = _kustomization(bench.folder / "kustomize")
    run(peer)
    turns = in_turns(bench.often, ours, lambda: run(peer))
    mine, theirs = turns.middle(cpu)
    yield Figure(
        what=what,
        value=turns.ratio(cpu),
        goal=1 / 3,
        words=as_ratio,
        from_=f"{seconds('render', mine)}, {seconds('kubectl kustomize', theirs)}",
    )


def _kustomization(folder: Path) -> Errand:
    folder.mkdir()
    names = []
    for number in range(SERVICES):
        name = name_of(number)
        text = DEPLOYMENT % {"name": name, "team": number % 10, "minor": number % 7}
        (folder / f"{name}.yaml").write_text(text)
        names.append(f"  - {name}.yaml\n")
    (folder / "kustomization.yaml").write_text("resources:\n" + "".join(names))
    return Errand(command=("kubectl", "kustomize", str(folder)), folder=folder, environment=os.environ)
