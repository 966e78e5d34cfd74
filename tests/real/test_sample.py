"""The whole job on a sample of the real pictures, against what publishers say belongs together."""

from pathlib import Path

import pytest

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.graph.link import link
from curate.graph.policy import find_policy
from curate.manifest.read import load
from curate.pipeline import run_project
from curate.project import load_project
from curate.terminal import Terminal
from tests.real.native import BY_KEY, EXPECTED, known_pairs, project_text, sample

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def job(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    images = sample(shared, folder / "data", one_in=19)
    (folder / "p.toml").write_text(project_text(folder / "data", "sample"), encoding="utf-8")
    project = load_project(folder / "p.toml")
    result = run_project(project, LocalEngine(2), Terminal(quiet=True))
    return images, project, load(Path(result["manifest"]))


@pytest.fixture(scope="module")
def pairs(job, shared):
    rows = set(job[2].images.column("image_id").to_pylist())
    return [p for p in known_pairs(shared) if p["image_a"] in rows and p["image_b"] in rows]


def test_every_picture_is_in(job):
    images, _, manifest = job
    assert 400 < images < 900
    assert manifest.info["counts"]["images"] == images
    assert manifest.info["rejected"] == []


def test_rows_without_a_picture_are_reported(job):
    ham = next(s for s in job[2].info["sources"] if s["id"] == "ham10000")
    assert ham["rows"] == 10015
    assert ham["rows_without_picture"] == 10015 - ham["images"]


def test_no_known_pair_straddles(job, pairs):
    assert len(pairs) > 150
    rows = {r["image_id"]: r for r in job[2].images.to_pylist()}
    for pair in pairs:
        if pair["relation"] in BY_KEY:
            a, b = rows[pair["image_a"]], rows[pair["image_b"]]
            assert a["component"] == b["component"], pair
            assert a["split"] == b["split"], pair


def test_without_ids_the_same_photograph_and_most_of_the_same_lesions_are_found_and_little_else_is_joined(job, pairs):
    _, project, manifest = job
    with Catalogue.write(project.workspace, "a test") as catalogue:
        link(catalogue, find_policy("strict", without_ids=True), LocalEngine(1))
        component = dict(catalogue.rows("SELECT image_id, component FROM components"))
        edges = set(catalogue.rows("SELECT DISTINCT image_a, image_b FROM edges"))
    same = [p for p in pairs if p["relation"] in ("same_id", "identical_pixels")]
    assert len(same) > 50
    assert all(component[p["image_a"]] == component[p["image_b"]] for p in same)
    lesions = [p for p in pairs if p["relation"] == "same_lesion"]
    assert len(lesions) > 80
    assert sum(component[p["image_a"]] == component[p["image_b"]] for p in lesions) / len(lesions) > 0.85
    together = {r["image_id"]: r["component"] for r in manifest.images.to_pylist()}
    by_ids = {(p["image_a"], p["image_b"]) for p in pairs}
    known = [e for e in edges if e in by_ids or e[::-1] in by_ids]
    assert together
    assert len(known) / len(edges) > 0.9, "of the edges found, so many are known pairs"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_pictures(shared, tmp_path):
    (tmp_path / "p.toml").write_text(project_text(shared / "data", "all"), encoding="utf-8")
    result = run_project(load_project(tmp_path / "p.toml"), LocalEngine(2), Terminal(quiet=True))
    manifest = load(Path(result["manifest"]))
    assert {s["id"]: s["images"] for s in manifest.info["sources"]} == EXPECTED
    ham = next(s for s in manifest.info["sources"] if s["id"] == "ham10000")
    assert (ham["rows"], ham["rows_without_picture"]) == (10015, 5014)
    rows = {r["image_id"]: r for r in manifest.images.to_pylist()}
    for pair in known_pairs(shared):
        if pair["relation"] in BY_KEY:
            assert rows[pair["image_a"]]["component"] == rows[pair["image_b"]]["component"], pair
            assert rows[pair["image_a"]]["split"] == rows[pair["image_b"]]["split"], pair
