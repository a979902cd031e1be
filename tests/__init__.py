"""Tests, by subject; a package, so that each module has one name for pytest and for mypy."""
