"""Bytes in, data out: reading, checking and resolving what people wrote. Pure: no input or output."""
