"""Opening the catalogue, and the few ways in which rows are read and written."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.catalogue.lock import writer_lock
from curate.catalogue.migrate import migrate
from curate.catalogue.transaction import transaction
from curate.catalogue.verdicts import agree
from curate.errors import InputError, WorkspaceLockedError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

CATALOGUE_NAME = "catalogue.duckdb"
FOLDERS_NAME = "folders.json"
STORAGE_VERSION = "v1.2.0"  # pinned: any DuckDB from 1.2 on reads the file


def workspace_folder(option: Path | None) -> Path:
    """Return the workspace: the option, else `CURATE_WORKSPACE`, else `.curate` in the current folder."""
    if option is not None:
        return option
    return Path(os.environ.get("CURATE_WORKSPACE") or ".curate")


class Catalogue:
    """An open catalogue.

    Attributes:
        workspace: the folder that holds the catalogue, the features and the log of verdicts.
        connection: the DuckDB connection; SQL is the way to ask it.
    """

    def __init__(self, workspace: Path, connection: "duckdb.DuckDBPyConnection") -> None:
        self.workspace = workspace
        self.connection = connection

    @classmethod
    @contextlib.contextmanager
    def write(cls, workspace: Path, command: str) -> Iterator["Catalogue"]:
        """Open for writing under the writer lock, creating the workspace and applying migrations where needed.

        Verdicts that stand in the text log alone, as after a lost catalogue, are taken into the table.

        Raises:
            WorkspaceLockedError: another process writes to the workspace.
            InputError: the folder cannot be made, holds a catalogue of a newer version, or a log of verdicts with a broken line.
        """
        try:
            workspace.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The workspace {workspace} cannot be made: {error.strerror}.", "Choose --workspace.") from error
        with writer_lock(workspace, command):
            connection = _connect(workspace / CATALOGUE_NAME, read_only=False)
            try:
                migrate(connection)
                catalogue = cls(workspace, connection)
                agree(catalogue)
                yield catalogue
            finally:
                connection.close()

    @classmethod
    @contextlib.contextmanager
    def read(cls, workspace: Path) -> Iterator["Catalogue"]:
        """Open for reading.

        Raises:
            InputError: there is no catalogue here.
            WorkspaceLockedError: a writer has it open.
        """
        path = workspace / CATALOGUE_NAME
        if not path.exists():
            raise InputError(
                f"There is no catalogue in {workspace}.",
                "Run `curate init` and `curate ingest`, or name the folder with --workspace or CURATE_WORKSPACE.",
            )
        connection = _connect(path, read_only=True)
        try:
            yield cls(workspace, connection)
        finally:
            connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query as tuples."""
        return self.connection.execute(sql, list(parameters)).fetchall()

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row of a query."""
        return self.rows(sql, parameters)[0][0]

    def frame(self, sql: str, parameters: Sequence[Any] = ()) -> "pd.DataFrame":
        """Return a query's rows as a data frame."""
        return self.connection.execute(sql, list(parameters)).df()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement."""
        self.connection.execute(sql, list(parameters))

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a table; each row names every column that it fills, all rows the same ones."""
        if not rows:
            return
        import pyarrow as pa

        names = list(rows[0])
        types = dict(self.rows("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ?", [table]))
        batch = pa.table({n: pa.array([r[n] for r in rows], type=_arrow_type(types[n])) for n in names})
        columns = ", ".join(f'"{n}"' for n in names)
        self.connection.register("incoming", batch)
        self.connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming")
        self.connection.unregister("incoming")

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Commit what happens inside as a whole, or none of it."""
        return transaction(self.connection)

    def remember_folder(self, source_id: str, folder: Path) -> None:
        """Keep a source's folder in `folders.json`, where commands that open pictures look for it without the catalogue."""
        path = self.workspace / FOLDERS_NAME
        folders = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        folders[source_id] = str(folder.resolve())
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(folders, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        beside.replace(path)

    def folder_of(self, source_id: str) -> Path:
        """Return the folder from which a source was ingested."""
        return Path(self.value("SELECT folder FROM ingests WHERE source_id = ?", [source_id]))


def _connect(path: Path, *, read_only: bool) -> "duckdb.DuckDBPyConnection":
    import duckdb

    try:
        if read_only:
            connection = duckdb.connect(str(path), read_only=True)
        else:
            connection = duckdb.connect(":memory:")
            quoted = str(path).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS catalogue (STORAGE_VERSION '{STORAGE_VERSION}')")
            connection.execute("USE catalogue")
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise WorkspaceLockedError(
                f"The catalogue in {path.parent} is open for writing elsewhere.", "Try again when that command has ended."
            ) from error
        raise InputError(
            f"{path} is not a catalogue that can be opened: {str(error).splitlines()[0]}", "Name another --workspace."
        ) from error
    return connection


def _arrow_type(declared: str) -> Any:
    import pyarrow as pa

    types = {
        "VARCHAR": pa.string(),
        "VARCHAR[]": pa.list_(pa.string()),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "SMALLINT": pa.int16(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "BLOB": pa.binary(),
        "TIMESTAMP": pa.timestamp("us"),
    }
    return types[declared]
