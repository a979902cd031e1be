"""Reads the files of a repository: from its working tree, or from a commit without a checkout."""
