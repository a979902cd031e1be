"""Plug-ins that read a target and bring single objects of it to a stated condition."""
