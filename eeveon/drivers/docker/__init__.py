"""Containers, networks and volumes of one Docker engine."""
