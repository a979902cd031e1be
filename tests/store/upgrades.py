"""A later schema than the present one, as a next release would append it."""

from sqlite_utils import Database

from eeveon.store.schema import SCHEMA, Schema


def add_weight(database: Database) -> None:
    """A new column with a value for every row that exists."""
    database.table("step").add_column("weight", int, not_null_default=7)


def rebuild_lease(database: Database) -> None:
    """A column renamed, which rebuilds a table that refers to others."""
    database.table("lease").transform(rename={"reason": "purpose"})


def fail_halfway(database: Database) -> None:
    database.table("step").add_column("half", int)
    database.execute("INSERT INTO nowhere VALUES (1)")


SECOND = Schema(migrations=(*SCHEMA.migrations, add_weight))
THIRD = Schema(migrations=(*SECOND.migrations, rebuild_lease))
BROKEN = Schema(migrations=(*SCHEMA.migrations, add_weight, fail_halfway))
