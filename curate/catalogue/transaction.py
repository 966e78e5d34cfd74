"""All or nothing."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@contextlib.contextmanager
def transaction(connection: "duckdb.DuckDBPyConnection") -> Iterator[None]:
    """Commit what happens inside as a whole, or none of it."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:  # a signal too takes it back; raised again
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
