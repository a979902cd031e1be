"""These functions are pure: a test fails where one of them reaches outside."""

from tests.purity import pytest_runtest_call

__all__ = ["pytest_runtest_call"]
