"""The nouns and pure verbs of a change. Standard library only, no input or output."""
