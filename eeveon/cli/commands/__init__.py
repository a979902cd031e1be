"""One module a command, named as the command. Each has `command`, and imports what is heavy inside it."""
