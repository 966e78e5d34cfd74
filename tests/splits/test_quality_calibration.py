"""Thresholds learnt from pictures made worse by known amounts, and what the gate keeps out, counted by hand."""

import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from curate.catalogue import Catalogue
from curate.cli import app
from curate.engines import LocalEngine
from curate.errors import NotReadyError
from curate.fingerprints.degraded import blurred, farther
from curate.fingerprints.quality import framing, sharpness_and_contrast
from curate.splits import quality_calibration
from curate.splits.quality_calibration import BLURS, TIMES, calibrate_gate, gate_counts
from tests.drawn import picture, small_repositories


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    place = tmp_path_factory.mktemp("quality")
    small_repositories(place / "repositories")
    runner = CliRunner()
    for source in ("ham10000", "pad_ufes_20"):
        arguments = ["ingest", source, str(place / "repositories" / source), "--workspace", str(place / "workspace")]
        assert runner.invoke(app, arguments).exit_code == 0
    arguments = ["fingerprint", "--features", "none", "--no-points", "--workers", "1", "--workspace", str(place / "workspace")]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return place / "workspace"


@pytest.fixture
def catalogue(workspace):
    with Catalogue.read(workspace) as catalogue:
        yield catalogue


def disc(side: int, diameter: int) -> Image.Image:
    image = Image.new("RGB", (side, side), (210, 160, 140))
    start = (side - diameter) // 2
    ImageDraw.Draw(image).ellipse((start, start, start + diameter, start + diameter), fill=(90, 50, 40))
    return image


@pytest.mark.parametrize("times", TIMES)
def test_what_is_farther_is_framed_as_much_smaller(times):
    near = disc(320, 180)
    far = farther(near, times)
    assert far.size == near.size
    assert framing(far) * times == pytest.approx(framing(near), rel=0.2)  # a step of scale is 1.19


def test_a_farther_picture_is_the_same_again_and_keeps_its_middle():
    near = disc(200, 120)
    assert farther(near, 2) == farther(near, 2)
    assert farther(near, 2) != farther(near, 2, seed=1)
    assert farther(near, 4).getpixel((100, 100)) == pytest.approx((90, 50, 40), abs=3)
    assert farther(near, 4).getpixel((5, 5)) == pytest.approx((210, 160, 140), abs=30)


@pytest.mark.parametrize("size", [(40, 300), (9, 9), (301, 40)])
def test_any_shape_can_be_farther(size):
    assert farther(Image.new("RGB", size, (200, 150, 130)), 6).size == size


def test_blur_is_by_the_longer_side():
    one = picture(3, "nevus").resize((512, 384), Image.Resampling.LANCZOS)
    large = one.resize((one.width * 2, one.height * 2), Image.Resampling.LANCZOS)
    values = [sharpness_and_contrast(blurred(one, share))[0] for share in (0, *BLURS)]
    assert values == sorted(values, reverse=True)
    assert sharpness_and_contrast(blurred(large, BLURS[-1]))[0] == pytest.approx(values[-1], rel=0.25)


def test_thresholds_are_those_of_a_slow_reading(catalogue, monkeypatch):
    """Few pictures: the learnt threshold lies at the least of their values, and each share is counted picture by picture."""
    monkeypatch.setattr(quality_calibration, "LEAST_PICTURES", 6)
    told = calibrate_gate(catalogue, LocalEngine(1), number=100, seed=1)
    (row,) = told["sharpness"]
    assert row["modality"] == "dermoscopic"
    assert told["framing"] is None
    assert told["too_few"] == {"clinical": 5}
    values = [sharp for (sharp,) in catalogue.rows("SELECT sharpness FROM pictures WHERE source_id = 'ham10000'")]
    assert row["pictures"] == len(values)
    learnt, present = row["learnt"], row["present"]
    assert 0 <= min(values) - learnt["threshold"] < 0.01
    assert learnt["published_below"] == 0
    assert present["threshold"] == 10
    assert present["published_below"] == pytest.approx(sum(v < 10 for v in values) / len(values), abs=1e-4)
    assert [c["strength"] for c in learnt["caught"]] == list(BLURS)
    shares = [c["share"] for c in learnt["caught"]]
    assert shares == sorted(shares)
    assert shares[-1] > 0.5


def test_clinical_pictures_without_a_kind_of_shot_teach_the_framing(catalogue, monkeypatch):
    monkeypatch.setattr(quality_calibration, "LEAST_PICTURES", 5)
    told = calibrate_gate(catalogue, LocalEngine(1), number=100, seed=1)
    row = told["framing"]
    assert (row["modality"], row["pictures"], row["present"]["threshold"]) == ("clinical", 5, 0.07)
    assert [c["strength"] for c in row["learnt"]["caught"]] == list(TIMES)
    assert row["learnt"]["published_below"] == 0
    assert [c["share"] for c in row["learnt"]["caught"]] == sorted(c["share"] for c in row["learnt"]["caught"])
    assert row["learnt"]["caught"][-1]["share"] == 1


def test_the_threshold_is_the_value_nearest_to_one_in_a_hundred():
    values = np.column_stack([np.repeat([1.0, 2.0, 3.0, 4.0], [5, 4, 491, 500]), np.zeros(1000)])
    told = quality_calibration._thresholds(values, (1.0,), 2.5)
    assert told["learnt"] == {"threshold": 3.0, "published_below": 0.009, "caught": [{"strength": 1.0, "share": 1.0}]}
    assert told["present"]["published_below"] == 0.009
    close = quality_calibration._thresholds(np.array([[1.001], *[[1.005]] * 99]), (), 0.0)
    assert close["learnt"]["threshold"] == 1.005  # two digits would lie below the value before it


def test_the_gate_is_counted_by_source_and_reason(workspace, tmp_path):
    import shutil

    shutil.copytree(workspace, tmp_path / "copy", ignore=shutil.ignore_patterns("writer.lock"))
    with Catalogue.write(tmp_path / "copy", "a test") as catalogue:
        images = catalogue.rows("SELECT image_id, sha256 FROM pictures WHERE source_id = 'pad_ufes_20' ORDER BY 1")
        (blurry, one), (flat, two), (far, three), (spoken, _), *_ = images
        catalogue.execute("UPDATE fingerprints SET sharpness = 7.9, contrast = 3.9 WHERE sha256 = ?", [one])
        catalogue.execute("UPDATE fingerprints SET contrast = 3.9 WHERE sha256 = ?", [two])
        catalogue.execute("UPDATE fingerprints SET framing = 0.0699 WHERE sha256 = ?", [three])
    for image, word in ((spoken, "unfit"), (flat, "fit")):
        done = CliRunner().invoke(
            app, ["review", "image", image, word, "--who", "me", "--why", "seen", "--workspace", str(tmp_path / "copy")]
        )
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, ["quality", "show", "--json", "--workspace", str(tmp_path / "copy")])
    told = json.loads(done.stdout)
    (row,) = (r for r in told["rows"] if r["source"] == "pad_ufes_20")
    assert {k: row[k] for k in ("pictures", "fail", "small", "blurred", "flat", "far", "reviewer")} == {
        "pictures": 5,
        "fail": 3,
        "small": 0,
        "blurred": 1,
        "flat": 1,
        "far": 1,
        "reviewer": 1,
    }
    assert told["words"] == {"fit": 1, "unfit": 1}
    words = CliRunner().invoke(app, ["quality", "show", "--workspace", str(tmp_path / "copy")]).stdout
    assert Counter(words.split())["pad_ufes_20"] == 1
    assert "1 fit, 1 unfit" in words
    assert blurry != far


def test_pictures_that_are_gone_teach_nothing(catalogue, monkeypatch, workspace):
    monkeypatch.setattr(quality_calibration, "LEAST_PICTURES", 5)
    repositories = workspace.parent / "repositories"
    repositories.rename(workspace.parent / "elsewhere")
    try:
        told = calibrate_gate(catalogue, LocalEngine(1), number=100, seed=1)
    finally:
        (workspace.parent / "elsewhere").rename(repositories)
    assert (told["sharpness"], told["framing"], told["too_few"]) == ([], None, {"clinical": 0, "dermoscopic": 0})


def test_an_empty_catalogue_has_no_pictures_to_count(tmp_path):
    with Catalogue.write(tmp_path, "a test") as catalogue, pytest.raises(NotReadyError, match="No pictures"):
        gate_counts(catalogue)


def test_the_command_prints_what_to_put_into_the_project_file(workspace, monkeypatch):
    monkeypatch.setattr(quality_calibration, "LEAST_PICTURES", 5)
    done = CliRunner().invoke(app, ["quality", "calibrate", "--workers", "1", "--number", "50", "--workspace", str(workspace)])
    assert done.exit_code == 0, done.output
    import tomllib

    told = tomllib.loads(done.stdout.partition("In the project file:")[2])
    assert set(told["split"]["quality"]["least_sharpness_of"]) == {"clinical", "dermoscopic"}
    assert 0 < told["split"]["quality"]["least_framing"] < 1
