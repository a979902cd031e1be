"""Carries out an allowed plan. It decides nothing: every choice was made in planning."""
