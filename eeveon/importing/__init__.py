"""Specs from what others wrote: Compose files, and objects of Kubernetes. Pure: texts in, texts out."""
