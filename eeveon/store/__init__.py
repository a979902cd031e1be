"""What EEveon remembers: leases, the journal of every apply, saved plans. One SQLite file, and a cache beside it.

None of it decides what is changed: what runs is read from the targets, so a lost state folder loses history, saved
plans and leases, and nothing that runs.
"""
