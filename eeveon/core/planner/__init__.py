"""From changes to a plan, one file a planning step: waves, moves of one service, risk, and the whole."""

from eeveon.core.planner.whole import PlanInputs, make_plan

__all__ = ["PlanInputs", "make_plan"]
