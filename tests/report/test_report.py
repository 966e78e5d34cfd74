"""The report's numbers are the manifest's, and its rows stand beside it."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.pictures import Pictures
from curate.manifest.read import load, sources_of
from curate.report.build import build_report, report_folder
from tests.manifest.tampering import change_rows, copy_of


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def report(frozen, repositories, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report") / "r"
    build_report(frozen, Pictures.find(sources_of(frozen), [str(repositories)], None), out)
    return out


def test_every_table_adds_up_to_the_manifest(report, frozen):
    info = load(frozen).info
    images = load(frozen).images.to_pylist()
    edges = load(frozen).edges.to_pylist()
    assert sum(int(r["images"]) for r in rows(report / "folders.csv")) == info["counts"]["images"]
    assert sum(int(r["files"]) for r in rows(report / "folders.csv")) == 14 + 11 + 6
    by_split = Counter(r["split"] for r in images)
    assert {s: sum(int(r[s]) for r in rows(report / "sources.csv")) for s in ("train", "validation", "test", "excluded")} == {
        s: by_split[s] for s in ("train", "validation", "test", "excluded")
    }
    assert {r["evidence"]: int(r["edges"]) for r in rows(report / "evidence.csv")} == Counter(e["evidence"] for e in edges)
    assert sum(int(r["crossing_splits"]) for r in rows(report / "evidence.csv")) == 0
    sizes = rows(report / "component_sizes.csv")
    assert sum(int(r["components"]) for r in sizes) == info["counts"]["components"]
    assert sum(int(r["images"]) for r in sizes) == len(images)
    assert len(rows(report / "components.csv")) == info["counts"]["components_with_several"]
    assert sum(int(r["images"]) for r in rows(report / "training_classes.csv")) == len(images) - by_split["excluded"]
    assert len(rows(report / "rejected.csv")) == 1
    assert all(r["violations"] == "0" for r in rows(report / "checks.csv"))


def test_each_edge_lies_in_one_column(report):
    for r in rows(report / "evidence.csv"):
        parts = ("train", "validation", "test", "touching_excluded", "crossing_splits")
        assert int(r["edges"]) == sum(int(r[p]) for p in parts)


def test_a_second_build_does_nothing_and_another_folder_is_not_touched(report, frozen, repositories, tmp_path):
    pictures = Pictures.find(sources_of(frozen), [str(repositories)], None)
    assert build_report(frozen, pictures, report)["skipped"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="something else than a report"):
        build_report(frozen, pictures, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_without_pictures_it_says_so(frozen, tmp_path):
    summary = build_report(frozen, Pictures({}), tmp_path / "r")
    page = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    assert summary["pictures"] == 0
    assert "not at hand" in page
    assert "<img" not in page


def test_a_leak_is_told_in_the_first_lines(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)

    def leak(images):
        components = [r["component"] for r in images]
        row = next(r for r in images if components.count(r["component"]) > 1 and r["split"] == "train" and not r["pinned"])
        row["split"], row["fold"] = "test", None

    change_rows(folder, "images.parquet", leak)
    summary = build_report(folder, Pictures({}), tmp_path / "r")
    assert summary["violations"] > 0
    page = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    assert page.index("Not verified") < page.index("Does anything straddle?")


def test_words_from_tables_are_escaped(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "images.parquet", lambda r: r[0]["labels"][0].update(label="<script>alert(1)</script>"))
    build_report(folder, Pictures({}), tmp_path / "r")
    assert "<script" not in (tmp_path / "r" / "index.html").read_text(encoding="utf-8")


def test_a_manifest_that_cannot_be_read_is_named(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    (folder / "images.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(BrokenInvariantError, match="cannot be read"):
        build_report(folder, Pictures({}), tmp_path / "r")


def test_it_lies_beside_the_manifest_by_default(frozen):
    assert report_folder(frozen) == frozen.resolve().parent / "small.report"
