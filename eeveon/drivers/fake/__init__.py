"""A target in memory that behaves like a real one, and can be told to misbehave."""
