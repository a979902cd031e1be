"""Deployments, StatefulSets and all that belongs to them, in one namespace of a cluster, by server-side apply."""
