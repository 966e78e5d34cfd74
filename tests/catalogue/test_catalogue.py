"""The catalogue: one writer, append-only migrations, a storage version that older DuckDBs read."""

import subprocess
import sys
import textwrap
from hashlib import sha256

import duckdb
import pytest

from curate.catalogue import Catalogue
from curate.catalogue.migrate import available
from curate.engines import LocalEngine
from curate.errors import InputError, NotReadyError, WorkspaceLockedError
from curate.fingerprints.stage import fingerprint_stage
from curate.graph.link import link
from curate.graph.policy import find_policy
from curate.sources.ingest import ingest
from curate.sources.registry import source


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


def test_a_catalogue_from_before_there_was_a_framing_keeps_its_pictures_and_measures_them_anew(tmp_path, repositories, tree):
    known = available()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("curate.catalogue.migrate.available", lambda: {k: v for k, v in known.items() if k < "0007"})
        with Catalogue.write(tmp_path, "a test") as older:
            ingest(older, source("pad_ufes_20", tree), repositories / "pad_ufes_20", tree)
            columns = ("source_id", "path", "bytes", "mtime_ns")
            for row in older.rows(f"SELECT {', '.join(columns)} FROM files WHERE role = 'image'"):
                digest = sha256((repositories / "pad_ufes_20" / row[1]).read_bytes()).hexdigest()
                older.insert("contents", [{**dict(zip(columns, row, strict=True)), "sha256": digest, "error": None}])
                older.insert("fingerprints", [{"sha256": digest, "version": "1", "sharpness": 9.0}])
            assert "framing" not in older.frame("SELECT * FROM pictures").columns
    with Catalogue.write(tmp_path, "a test") as catalogue:
        assert catalogue.rows("SELECT sharpness, framing FROM pictures") == [(9.0, None)] * 5
        fingerprint_stage(catalogue, LocalEngine(1), None, points=False)
        assert all(found > 0 for (found,) in catalogue.rows("SELECT framing FROM pictures"))
        assert len(catalogue.rows("SELECT framing FROM pictures")) == 5


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
