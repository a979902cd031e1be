"""The controller as a process: what it answers, and how it hears of changes."""
