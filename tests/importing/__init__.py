"""Tests of eeveon.importing, which is pure."""
