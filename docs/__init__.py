"""The pages, and the generator of their reference."""
