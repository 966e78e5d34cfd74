"""Freezing: the same content gives the same bytes, and nothing frozen is ever touched."""

import json
import shutil
import stat
from pathlib import Path

import jsonschema
import pytest

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.errors import InputError
from curate.manifest.freeze import freeze
from curate.manifest.read import load
from curate.pipeline import run_project
from curate.resources import schemas
from curate.terminal import Terminal


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_counts_are_those_of_the_drawn_repositories(frozen):
    info = load(frozen).info
    assert info["counts"]["images"] == 26
    assert sum(info["counts"]["splits"].values()) == 26
    by_id = {s["id"]: s for s in info["sources"]}
    assert (by_id["ham10000"]["rows"], by_id["ham10000"]["rows_without_picture"]) == (12, 1)
    assert [f["path"] for f in info["rejected"]] == ["HAM10000_images_part_1/ISIC_0000099.jpg"]
    assert sum(f["ignored"] for f in by_id["ham10000"]["folders"]) == 1


def test_a_row_without_a_picture_gives_its_lesion_to_the_same_id_elsewhere(frozen):
    rows = {r["image_id"]: r for r in load(frozen).images.to_pylist()}
    elsewhere = rows["isic_challenge_2017:ISIC_0000012"]
    assert elsewhere["lesion_keys"] == ["ham10000:HAM_0000006"]
    assert elsewhere["component"] == rows["ham10000:ISIC_0000009"]["component"]


def test_planted_copies_are_joined_and_strangers_are_not(frozen):
    component = {r["image_id"]: r["component"] for r in load(frozen).images.to_pylist()}
    assert component["isic_challenge_2017:ISIC_0000101"] == component["ham10000:ISIC_0000007"]
    assert component["isic_challenge_2017:ISIC_0000102"] == component["ham10000:ISIC_0000011"]
    assert component["pad_ufes_20:PAT_1_40_40"] == component["pad_ufes_20:PAT_1_41_41"]
    # 26 pictures; joined: three lesions seen twice, one by the row without a picture, two copies, one patient with two lesions
    assert len(set(component.values())) == 26 - 3 - 1 - 2 - 1


def test_no_time_host_or_absolute_path_stands_in_it(frozen, repositories):
    import getpass
    import socket

    for name, data in content(frozen).items():
        for word in (str(repositories), socket.gethostname(), str(Path.home())):
            if len(word) > 4:
                assert word.encode() not in data, (name, word)
    assert getpass.getuser().encode() not in content(frozen)["SHA256SUMS"]


def test_frozen_files_are_read_only(frozen):
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o444 for p in frozen.rglob("*") if p.is_file())


@pytest.mark.parametrize(("workers", "batch_size"), [(2, 7), (1, 1), (3, 1000)])
def test_workers_and_batches_change_no_byte(frozen, project, tmp_path, workers, batch_size):
    other = project.model_copy(
        update={
            "workspace": tmp_path / "ws",
            "manifest": project.manifest.model_copy(update={"out": tmp_path / "out"}),
            "sources": tuple(reversed(project.sources)),
        }
    )
    again = run_project(other, LocalEngine(workers), Terminal(quiet=True), batch_size=batch_size)
    assert content(Path(again["manifest"])) == content(frozen)


def test_a_second_run_does_nothing(frozen, project):
    before = {p: p.stat().st_mtime_ns for p in frozen.rglob("*")}
    again = run_project(project, LocalEngine(1), Terminal(quiet=True))
    assert {s["stage"] for s in again["stages"] if not s.get("skipped")} == {"verify"}
    assert {p: p.stat().st_mtime_ns for p in frozen.rglob("*")} == before


def test_another_content_under_the_same_name_is_refused(frozen, project, tree, tmp_path):
    with Catalogue.write(project.workspace, "a test") as catalogue:
        with pytest.raises(InputError, match="frozen already"):
            freeze(catalogue, tree, "small", frozen.parent, max_class_size=1)
        assert freeze(catalogue, tree, "other", tmp_path, max_class_size=1)["images"] == 26
    assert not list(frozen.parent.glob(".*partial"))


def test_the_same_content_from_another_workspace_is_the_same_manifest_and_touches_nothing(frozen, project, tree, tmp_path):
    """The other workspace has not frozen it, and finds it there."""
    shutil.copytree(project.workspace, tmp_path / "workspace", ignore=shutil.ignore_patterns("writer.lock"))
    freeze_into = tmp_path / "out"
    with Catalogue.write(project.workspace, "a test") as catalogue:
        freeze(catalogue, tree, "same", freeze_into)
    before = {path: path.stat().st_mtime_ns for path in freeze_into.rglob("*")}
    with Catalogue.write(tmp_path / "workspace", "a test") as catalogue:
        told = freeze(catalogue, tree, "same", freeze_into)
    assert not told.get("skipped")
    assert {path: path.stat().st_mtime_ns for path in freeze_into.rglob("*")} == before


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "a b"])
def test_unportable_names_are_refused(project, tree, tmp_path, name):
    with Catalogue.write(project.workspace, "a test") as catalogue, pytest.raises(InputError, match="cannot name"):
        freeze(catalogue, tree, name, tmp_path)


@pytest.mark.parametrize("name", ["manifest", "classes"])
def test_json_files_fit_their_schema(frozen, name):
    schema = json.loads(schemas().joinpath("manifest", f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((frozen / f"{name}.json").read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    ("thresholds", "fits"),
    [
        ({}, True),
        ({"least_sharpness_of": {}, "far_shots": [], "least_framing": 0}, True),
        ({"least_sharpness_of": None}, False),
        ({"far_shots": None}, False),
        ({"least_framing": None}, False),
        ({"least_sharpness_of": [8.0]}, False),
        ({"least_sharpness_of": {"clinical": "8"}}, False),
        ({"least_sharpness_of": {"clinical": -1}}, False),
        ({"far_shots": "at_distance"}, False),
        ({"least_framing": 1.5}, False),
    ],
)
def test_the_schema_asks_for_a_whole_gate_since_it_is_1_1(frozen, thresholds, fits):
    """None here: without it, as schema 1.0 had it."""
    schema = json.loads(schemas().joinpath("manifest", "manifest.schema.json").read_text(encoding="utf-8"))
    info = json.loads((frozen / "manifest.json").read_text(encoding="utf-8"))
    gate = info["protocol"]["quality"] | thresholds
    info["protocol"]["quality"] = {name: value for name, value in gate.items() if value is not None}
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(info) == fits
    assert validator.is_valid(info | {"schema_version": "1.0"}) == (fits or None in thresholds.values())


def test_every_column_is_documented():
    from curate.manifest.schema import EDGES, IMAGES

    text = schemas().joinpath("manifest", "README.md").read_text(encoding="utf-8")
    for column in (*IMAGES.names, *EDGES.names):
        assert f"`{column}`" in text, column
