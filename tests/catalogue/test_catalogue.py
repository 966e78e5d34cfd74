"""The catalogue: one writer, append-only migrations, a storage version that older DuckDBs read."""

import subprocess
import sys
import textwrap

import duckdb
import pytest

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.errors import InputError, NotReadyError, WorkspaceLockedError
from curate.fingerprints.stage import fingerprint_stage
from curate.graph.link import link
from curate.graph.policy import find_policy


def test_a_second_writer_is_told_who_holds_it(tmp_path):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
            import sys
            from pathlib import Path
            from curate.catalogue import Catalogue
            with Catalogue.write(Path({str(tmp_path)!r}), "curate fingerprint"):
                print("held", flush=True)
                sys.stdin.read()
            """),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline().strip() == "held"
        held_by = rf"process {holder.pid} on .* since .* \(curate fingerprint\)"
        with pytest.raises(WorkspaceLockedError, match=held_by), Catalogue.write(tmp_path, "curate link"):
            pass
        with pytest.raises(WorkspaceLockedError), Catalogue.read(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
    with Catalogue.write(tmp_path, "curate link"):  # a killed holder leaves no lock behind
        pass


def test_a_catalogue_of_a_newer_version_is_refused(tmp_path):
    with Catalogue.write(tmp_path, "a test") as catalogue:
        catalogue.execute("INSERT INTO migrations VALUES ('9999_from_the_future')")
    with pytest.raises(InputError, match="newer dermcurate"), Catalogue.write(tmp_path, "a test"):
        pass


def test_migrations_run_once(tmp_path):
    for _ in range(2):
        with Catalogue.write(tmp_path, "a test") as catalogue:
            assert catalogue.rows("SELECT name FROM migrations") == [
                ("0001_initial",),
                ("0002_labels",),
                ("0003_facts",),
                ("0004_pair_measures",),
                ("0005_drawn_sets",),
                ("0006_growth",),
                ("0007_framing",),
            ]


def test_the_storage_version_is_pinned(tmp_path):
    with Catalogue.write(tmp_path, "a test"):
        pass
    con = duckdb.connect(str(tmp_path / "catalogue.duckdb"), read_only=True)
    tags = con.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchone()[0]
    assert tags["storage_version"].startswith("v1.2")


def test_a_file_that_is_no_catalogue_and_a_missing_one(tmp_path):
    with pytest.raises(InputError, match="no catalogue"), Catalogue.read(tmp_path):
        pass
    (tmp_path / "catalogue.duckdb").write_text("something else entirely, and long enough to be looked at" * 100)
    with pytest.raises(InputError, match="not a catalogue"), Catalogue.write(tmp_path, "a test"):
        pass


def test_a_transaction_that_fails_leaves_nothing(catalogue):
    with pytest.raises(ZeroDivisionError), catalogue.transaction():
        catalogue.execute("INSERT INTO edges VALUES ('a', 'b', 'hash', 1, NULL, false, false, 'x')")
        raise ZeroDivisionError
    assert catalogue.rows("SELECT * FROM edges") == []


def test_a_stage_without_the_one_before_names_the_command(catalogue, engine):
    with pytest.raises(NotReadyError, match="No images") as caught:
        fingerprint_stage(catalogue, engine, None)
    assert "curate ingest" in caught.value.hint
    with pytest.raises(NotReadyError) as caught:
        link(catalogue, find_policy("strict"), LocalEngine(1))
    assert "curate fingerprint" in caught.value.hint
