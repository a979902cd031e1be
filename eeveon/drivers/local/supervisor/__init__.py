"""The supervising process: starts, watches, restarts and stops the instances of one target folder.

It lives as long as there is something to supervise and must be small and quick to start, so it imports nothing but a
few modules of the standard library and its own neighbours here. The driver reads the same record files and speaks
to it through `client.py`.
"""
