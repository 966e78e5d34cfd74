"""The demo: drawn the same way every time, and its leaks found."""

import hashlib
import json
from pathlib import Path

import pytest

from curate.demo.job import compare, found_lines, run_demo
from curate.demo.repositories import plan, write
from curate.engines import LocalEngine
from curate.errors import InputError
from curate.manifest.read import load
from curate.terminal import Terminal

BY_IDS = {
    "lesion id from a row without a picture",
    "one picture under two labels",
    "same id in two repositories",
    "several views of one lesion",
    "two lesions of one patient",
}
BY_PIXELS = {f"{kind} copy under another id" for kind in ("re-encoded", "resized", "rotated", "mirrored", "recoloured")}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The demo without CNN features and without training, so that what is left has to find the leaks."""
    out = tmp_path_factory.mktemp("demo") / "d"
    from curate.demo import job

    job._can_train, kept = (lambda: False), job._can_train
    try:
        yield run_demo(out, LocalEngine(2), Terminal(quiet=True))
    finally:
        job._can_train = kept


def test_the_plan_is_fixed_and_several_hundred_pictures_large():
    world = plan()
    assert plan() == world
    assert len(world.pictures) == 540
    assert len({p.image_id for p in world.pictures}) == 540
    assert len(world.planted) == len(set(world.planted)) == 202
    ids = {p.image_id for p in world.pictures}
    assert all(a in ids and b in ids and a < b for a, b, _ in world.planted)


def test_drawing_does_not_depend_on_workers(tmp_path):
    world = plan()
    world.pictures = world.pictures[:6] + [p for p in world.pictures if p.taken][:2] + world.pictures[-2:]
    digests = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        write(world, folder, LocalEngine(workers))
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        digests.append([(p.relative_to(folder), hashlib.sha256(p.read_bytes()).hexdigest()) for p in files])
    assert digests[0] == digests[1]


def test_every_kind_of_leak_is_found_or_named(result):
    found = {r["planted_as"]: r for r in result["found"]}
    for kind in BY_IDS | BY_PIXELS | {"burst by EXIF, no ids"}:
        assert found[kind]["joined"] == found[kind]["planted"], kind
    assert found["burst by EXIF, no ids"]["by"]["exif"] == 9
    assert found["two views of one lesion, no ids"] == {**found["two views of one lesion, no ids"], "planted": 4, "joined": 4}
    assert result["false_joins"] == []
    assert all(r["straddling"] == 0 for r in found.values())
    assert (result["images"], result["rejected"]) == (540, 1)


def test_the_words_name_report_and_table(result):
    text = "\n".join(found_lines(result))
    assert result["report"] in text
    assert Path(result["report"]).is_file()
    assert "mirrored copy under another id" in text


def test_one_picture_under_two_labels_is_a_finding_and_in_no_test(result):
    manifest = load(Path(result["manifest"]))
    conflicts = [f for f in manifest.info["findings"] if f["id"] == "label.conflict"]
    images = {i for f in conflicts for i in f["images"]}
    assert sum("seborrheic keratosis" in i or "melanoma" in i for i in images) >= 8
    split = dict(zip(manifest.images.column("image_id").to_pylist(), manifest.images.column("split").to_pylist(), strict=True))
    assert {split[i] for i in images} == {"train"}


def test_the_blurred_picture_is_in_train(result):
    rows = [r for r in load(Path(result["manifest"])).images.to_pylist() if r["quality_fail"]]
    assert [(r["quality_fail"], r["split"]) for r in rows] == [("blurred", "train")]


def test_a_second_demo_draws_nothing(result):
    out = Path(result["planted_pairs"]).parent
    before = {p: p.stat().st_mtime_ns for p in (out / "repositories").rglob("*")}
    again = run_demo(out, LocalEngine(1), Terminal(quiet=True))
    assert {p: p.stat().st_mtime_ns for p in (out / "repositories").rglob("*")} == before
    assert again["digest"] == result["digest"]
    assert compare(plan(), Path(again["manifest"]))["joined"] == result["joined"]


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="something else than the demo"):
        run_demo(tmp_path, LocalEngine(1), Terminal(quiet=True))
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_shipped_example_is_of_the_demo_and_verifies():
    from curate.manifest.verify import verify

    folder = Path(__file__).parents[2] / "data_manifests" / "demo"
    proof = verify(folder)
    assert proof.ok, proof.violations
    info = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert info["counts"]["images"] == 540
