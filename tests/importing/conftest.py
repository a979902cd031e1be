"""These tests are of a pure room."""

from tests.purity import pytest_runtest_call

__all__ = ["pytest_runtest_call"]
