"""A manifest in a notebook: the frames and the graph against the files, read by other means."""

import doctest
import subprocess
import sys

import networkx as nx
import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import BrokenInvariantError, InputError
from curate.manifest.read import load
from tests.conftest import CHECKOUT
from tests.manifest.tampering import change_rows, copy_of


def test_the_frames_are_the_tables_row_by_row(frozen):
    manifest = curate.load_manifest(str(frozen))
    for frame, name in ((manifest.images, "images.parquet"), (manifest.edges, "edges.parquet")):
        rows = pq.ParquetFile(frozen / name).read().to_pylist()
        shown = [
            {k: None if (not isinstance(v, list) and v != v) or str(v) == "<NA>" else v for k, v in row.items()}
            for row in frame.to_dict("records")
        ]
        assert shown == rows
    assert manifest.images.fold.dtype == "Int16"
    assert manifest.digest == load(frozen).digest
    assert manifest.folder == frozen
    assert (manifest.info["name"], "nine" in manifest.classes) == ("small", True)


def test_components_of_the_graph_are_those_of_the_manifest(frozen):
    manifest = curate.load_manifest(frozen)
    graph = manifest.graph()
    found = {frozenset(part) for part in nx.connected_components(graph)}
    assert found == {frozenset(part.image_id) for _, part in manifest.images.groupby("component")}
    assert {i: graph.nodes[i]["split"] for i in graph} == dict(zip(manifest.images.image_id, manifest.images.split, strict=True))
    pairs = manifest.edges.groupby(["image_a", "image_b"])
    assert graph.number_of_edges() == len(pairs)
    for (a, b), rows in pairs:
        tie = graph.edges[a, b]
        assert tie["evidence"] == sorted(rows.evidence)
        assert tie["score"] == rows.score.max()
        assert tie["must_link"] == rows.must_link.any()
        known = rows.probability.dropna()
        assert tie["probability"] == (known.max() if len(known) else None)


def test_the_best_probability_of_a_pair_is_shown(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)

    def calibrate(rows):
        rows[:] = [
            {"image_a": "a", "image_b": "b", "evidence": e, "score": s, "probability": p, "must_link": False, "basis": ""}
            for e, s, p in (("cnn", 0.96, 0.7), ("exif", 1.0, None), ("hash", 0.9, 0.8))
        ]

    change_rows(folder, "edges.parquet", calibrate)
    tie = curate.load_manifest(folder).graph().edges["b", "a"]
    assert tie == {"evidence": ["cnn", "exif", "hash"], "score": 1.0, "probability": 0.8, "must_link": False}


def test_it_says_what_it_is(frozen):
    manifest = curate.load_manifest(frozen)
    assert repr(manifest).startswith("<manifest small: 26 images (")
    assert manifest.digest[:12] in repr(manifest)


def test_no_manifest_and_a_damaged_one_are_told_apart(frozen, tmp_path):
    with pytest.raises(InputError, match="holds no manifest"):
        curate.load_manifest(tmp_path)
    folder = copy_of(frozen, tmp_path)
    (folder / "edges.parquet").write_bytes(b"PAR1")
    with pytest.raises(BrokenInvariantError):
        curate.load_manifest(folder)


def test_the_example_of_its_docstring_holds(monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    (test,) = doctest.DocTestFinder().find(curate.load_manifest, "load_manifest")
    assert len(test.examples) > 3
    assert doctest.DocTestRunner().run(test).failed == 0


def test_importing_the_package_reads_nothing_heavy():
    code = "import sys, curate; print(sorted({m.split('.')[0] for m in sys.modules} & {'pandas', 'numpy', 'pyarrow', 'networkx'}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
