"""Processes of this machine, supervised: nothing needs to be installed.

Two processes work on one target folder. The driver (`driver.py`, part of whatever command runs) asks; the supervisor
(the package `supervisor`, one small process per folder that outlives every command) starts, watches and stops. Every
object is a record file, so a supervisor or a driver that dies loses nothing but the values of secrets.
"""
