"""How fast the cluster that is not there works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds that things take. The usual pace is that of tests: visible steps, and nobody waits long."""

    create: float = 0.01  # until a container runs
    ready: float = 0.02  # from then until it is ready; a startup or readiness probe is passed then
    stop: float = 0.02  # until a Pod that is to stop is gone
    crash: float = 0.03  # a crashing container lives so long
    backoff: float = 0.05  # before it is started again
    growth: float = 2.0  # of that, each time
    longest_backoff: float = 0.4
    pull: float = 0.03  # from ErrImagePull to ImagePullBackOff and back
    establish: float = 0.03  # until the kind of a CustomResourceDefinition is offered
    second: float = 1.0  # how long a second of minReadySeconds and progressDeadlineSeconds is
    runs: bool = True  # whether controllers run at all


PROMPT = Pace(create=0.0, ready=0.0, stop=0.0)
STILL = Pace(runs=False)
