"""Tests of reading, checking and resolving specs."""
