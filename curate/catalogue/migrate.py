"""Append-only migrations: each SQL file runs once, in one transaction together with the row that records it."""

from importlib.resources import files
from typing import TYPE_CHECKING

from curate.catalogue.transaction import transaction
from curate.errors import InputError

if TYPE_CHECKING:
    import duckdb


def available() -> dict[str, str]:
    """Return the SQL of each migration by name, in the order in which they apply."""
    folder = files("curate.catalogue").joinpath("migrations")
    found = {f.name.removesuffix(".sql"): f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(".sql")}
    return dict(sorted(found.items()))


def migrate(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    """Apply the migrations that the catalogue lacks and return their names.

    Raises:
        InputError: the catalogue records a migration that this version does not know.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name VARCHAR PRIMARY KEY)")
    applied = {name for (name,) in connection.execute("SELECT name FROM migrations").fetchall()}
    known = available()
    if newer := sorted(applied - known.keys()):
        raise InputError(
            f"The catalogue was written by a newer dermcurate (migration {newer[-1]}).",
            "Install that version, or start a new workspace; frozen manifests stay readable.",
        )
    pending = [name for name in known if name not in applied]
    for name in pending:
        with transaction(connection):
            connection.execute(known[name])
            connection.execute("INSERT INTO migrations VALUES (?)", [name])
    return pending
