"""Training and evaluating on a small frozen manifest, and refusing what is not what was frozen."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.pictures import Pictures
from curate.manifest.read import load, sources_of
from tests.manifest.tampering import change_rows, copy_of

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from train.evaluate import evaluate  # noqa: E402 - after the check for the extra
from train.fit import fit  # noqa: E402
from train.model.inception import build  # noqa: E402

STEPS = {"config": "quick", "steps": 2, "batch_size": 4}


@pytest.fixture(scope="session")
def pictures(frozen, repositories) -> Pictures:
    return Pictures.find(sources_of(frozen), [str(repositories)], None)


@pytest.fixture(scope="session")
def run(frozen, pictures, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "small"
    assert not fit(frozen, pictures, out, **STEPS)["skipped"]
    return out


def test_a_run_says_what_it_was_trained_on(run, frozen):
    settings = json.loads((run / "run.json").read_text())["settings"]
    assert settings["manifest_digest"] == load(frozen).digest
    assert settings["classes"] == [c["id"] for c in load(frozen).classes["training_classes"]]
    assert len((run / "log.csv").read_text().splitlines()) == 1 + STEPS["steps"]


def test_the_same_again_does_nothing_and_another_is_refused(run, frozen, pictures):
    assert fit(frozen, pictures, run, **STEPS)["skipped"]
    with pytest.raises(InputError, match="another steps"):
        fit(frozen, pictures, run, **{**STEPS, "steps": 3})


def test_two_runs_give_one_model_with_or_without_loaders(run, frozen, pictures, tmp_path):
    fit(frozen, pictures, tmp_path / "again", **STEPS, loaders=1)
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


def test_evaluation_counts_and_figures(run, frozen, pictures):
    metrics = evaluate(frozen, pictures, run)
    out = run / "evaluation-test"
    rows = list(csv.DictReader((out / "predictions.csv").open()))
    test = [r for r in load(frozen).images.to_pylist() if r["split"] == "test"]
    assert metrics["images"] == len(rows) == len(test)
    for row in rows:
        assert sum(float(v) for k, v in row.items() if k.startswith("three:")) == pytest.approx(1, abs=1e-4)
    right = [
        max((k for k in row if k.startswith("three:")), key=lambda k: float(row[k])) == f"three:{row['three_class']}"
        for row in rows
    ]
    assert metrics["accuracy"]["three"] == pytest.approx(sum(right) / len(right), abs=1e-4)
    assert (out / "roc-nine.svg").read_text().startswith("<?xml")
    assert evaluate(frozen, pictures, run)["skipped"]


def test_a_limit_draws_a_part_and_says_so(run, frozen, pictures):
    metrics = evaluate(frozen, pictures, run, limit=2)
    assert (metrics["images"], metrics["request"]["limit"]) == (2, 2)


@pytest.mark.parametrize("name", ["images.parquet", "edges.parquet", "classes.json", "manifest.json", "SHA256SUMS"])
def test_one_flipped_byte_is_refused_by_name(run, frozen, pictures, tmp_path, name):
    folder = copy_of(frozen, tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    for work in (lambda: fit(folder, pictures, tmp_path / "run", **STEPS), lambda: evaluate(folder, pictures, run)):
        with pytest.raises(BrokenInvariantError, match=name) as caught:
            work()
        assert caught.value.exit_code == 3
    assert not (tmp_path / "run").exists()


def test_one_swapped_picture_is_refused_by_name(run, frozen, repositories, tmp_path):
    shutil.copytree(repositories, tmp_path / "pictures")
    part = tmp_path / "pictures" / "ham10000" / "HAM10000_images_part_1"
    shutil.copy(part / "ISIC_0000009.jpg", part / "ISIC_0000001.jpg")
    swapped = Pictures.find(sources_of(frozen), [str(tmp_path / "pictures")], None)
    for work in (lambda: fit(frozen, swapped, tmp_path / "run", **STEPS), lambda: evaluate(frozen, swapped, run)):
        with pytest.raises(BrokenInvariantError, match="ham10000:ISIC_0000001"):
            work()


def test_a_leak_with_repaired_checksums_is_refused(frozen, pictures, tmp_path):
    folder = copy_of(frozen, tmp_path)

    def leak(rows):
        components = [r["component"] for r in rows]
        row = next(r for r in rows if components.count(r["component"]) > 1 and r["split"] == "train" and not r["pinned"])
        row["split"], row["fold"] = "test", None

    change_rows(folder, "images.parquet", leak)
    with pytest.raises(BrokenInvariantError, match=r"straddles|Invariant"):
        fit(folder, pictures, tmp_path / "run", **STEPS)


def test_unknown_folders_are_the_callers_fault(run, frozen, repositories, tmp_path):
    some = Pictures.find(sources_of(frozen), [f"ham10000={repositories / 'ham10000'}"], None)
    with pytest.raises(InputError, match="isic_challenge_2017, pad_ufes_20 lie is not known"):
        fit(frozen, some, tmp_path / "run", **STEPS)
    with pytest.raises(InputError, match="no finished run"):
        evaluate(frozen, some, tmp_path)
    with pytest.raises(InputError, match="not measured on train"):
        evaluate(frozen, some, run, split="train")


def test_a_model_of_another_manifest_is_not_measured(run, frozen, pictures, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    content = json.loads((copy / "run.json").read_text())
    content["settings"]["manifest_digest"] = "0" * 64
    (copy / "run.json").write_text(json.dumps(content))
    with pytest.raises(BrokenInvariantError, match="trained on the manifest"):
        evaluate(frozen, pictures, copy)


def test_weights_to_start_from_leave_the_last_layers_out(tmp_path):
    first = build(5, dropout=0, auxiliary=True, seed=1)
    path = tmp_path / "weights.pth"
    torch.save(first.state_dict(), path)
    second = build(7, dropout=0, auxiliary=False, seed=2, weights=path)
    assert torch.equal(first.state_dict()["Conv2d_1a_3x3.conv.weight"], second.state_dict()["Conv2d_1a_3x3.conv.weight"])
    assert second.fc.out_features == 7
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(InputError, match="no state dict"):
        build(5, dropout=0, auxiliary=True, seed=1, weights=tmp_path / "text.pth")
    with pytest.raises(InputError, match="no file with weights"):
        build(5, dropout=0, auxiliary=True, seed=1, weights=tmp_path / "absent.pth")
