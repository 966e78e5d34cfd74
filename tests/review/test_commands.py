"""`curate review`, as a steward and a reviewer use it on drawn repositories."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curate.cli import app
from curate.errors import InputError

MIRRORED = ("ham10000:ISIC_0000007", "isic_challenge_2017:ISIC_0000101")
TURNED = ("ham10000:ISIC_0000011", "isic_challenge_2017:ISIC_0000102")
VIEWS = ("ham10000:ISIC_0000001", "ham10000:ISIC_0000002")


@pytest.fixture(scope="module")
def linked(repositories, tmp_path_factory):
    """A workspace of two drawn repositories, linked without ids."""
    workspace = tmp_path_factory.mktemp("linked") / "workspace"
    for source in ("ham10000", "isic_challenge_2017"):
        ask(workspace, "ingest", source, repositories / source)
    ask(workspace, "fingerprint", "--features", "none", "--workers", 1)
    ask(workspace, "link", "--without-ids")
    return workspace


@pytest.fixture
def workspace(linked, tmp_path):
    return shutil.copytree(linked, tmp_path / "workspace")


def run(workspace, *arguments):
    done = CliRunner().invoke(app, [*map(str, arguments), "--workspace", str(workspace)])
    if isinstance(done.exception, InputError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def ask(workspace, *arguments):
    return json.loads(run(workspace, *arguments, "--json"))


def test_a_sheet_is_drawn_judged_scored_and_its_verdicts_count(workspace, tmp_path):
    told = ask(workspace, "review", "sheets", "--out", tmp_path / "s", "--known-share", 0.6)
    with Path(told["key"]).open(newline="") as handle:
        key = list(csv.DictReader(handle))
    judged = {(row["image_a"], row["image_b"]) for row in key if row["kind"] == "judged"}
    assert {MIRRORED, TURNED} <= judged
    assert VIEWS not in judged
    assert len(judged) == told["pool"]
    truth = {"known_same": "same", "known_different": "different", "judged": "same"}
    rows = [(row["number"], truth[row["kind"]], "", row["sheet"]) for row in key]
    with Path(told["answers"]).open("w", newline="") as handle:
        csv.writer(handle).writerows([("number", "verdict", "note", "sheet"), *rows])
    scored = ask(workspace, "review", "score", told["answers"], told["key"])
    assert scored["edges"]["precision"] == 1.0
    assert scored["known_same"]["share"] == scored["known_different"]["share"] == 1.0
    assert "imported" not in scored
    lines = run(workspace, "review", "score", told["answers"], told["key"], "--import", "--who", "me").splitlines()
    assert any(line.startswith(f"{len(judged)} verdicts added ({len(judged)} same)") for line in lines)
    assert ask(workspace, "link", "--without-ids")["edges"]["verdict"] == len(judged)
    with pytest.raises(InputError, match="no pair to be judged"):
        run(workspace, "review", "sheets", "--out", tmp_path / "t")


def test_verdicts_by_hand_survive_a_lost_catalogue(workspace, repositories, tmp_path):
    said = ("review", "add", *reversed(MIRRORED), "different", "--who", "me", "--why", "outline")
    assert ask(workspace, *said)["added"] == 1
    assert "0 verdicts added, 1 were known" in run(workspace, *said)
    assert ask(workspace, "link", "--without-ids")["edges"]["hash"] >= 1
    assert not [e for e in ask(workspace, "explain", MIRRORED[0])["edges"] if MIRRORED[1] in (e["image_a"], e["image_b"])]
    exported = run(workspace, "review", "export")
    assert run(workspace, "review", "export", "--out", tmp_path / "v.csv").strip() == f"{tmp_path / 'v.csv'}: 1 verdicts"
    assert (tmp_path / "v.csv").read_text() == exported
    (workspace / "catalogue.duckdb").unlink()
    ask(workspace, "ingest", "ham10000", repositories / "ham10000")
    assert run(workspace, "review", "export") == exported
    assert ask(workspace, "review", "import", tmp_path / "v.csv")["known"] == 1
    other = tmp_path / "other"
    ask(other, "init")
    done = ask(other, "review", "import", tmp_path / "v.csv")
    assert (done["added"], [row["image"] for row in done["absent"]]) == (1, list(MIRRORED))


def test_what_is_wrong_is_said(workspace, tmp_path):
    with pytest.raises(InputError, match="no image ham10000:ISIC_000007") as caught:
        run(workspace, "review", "add", "ham10000:ISIC_000007", TURNED[0], "same", "--who", "me", "--why", "x")
    assert "Did you mean ham10000:ISIC_0000007" in caught.value.hint
    with pytest.raises(InputError, match="no verdict"):
        run(workspace, "review", "add", *TURNED, "alike", "--who", "me", "--why", "x")
    ask(workspace, "review", "sheets", "--out", tmp_path / "s", "--number", 1, "--known-share", 0)
    key, answers = tmp_path / "s" / "key.csv", tmp_path / "s" / "for_reviewer" / "answers.csv"
    with pytest.raises(InputError, match="no pair is judged"):
        run(workspace, "review", "score", answers, key)
    answers.write_text("number,verdict\n1,same\n")
    with pytest.raises(InputError, match="who decided"):
        run(workspace, "review", "score", answers, key, "--import")
    assert ask(workspace, "review", "export")["verdicts"] == []
    with pytest.raises(InputError, match="no pool"):
        run(workspace, "review", "sheets", "--out", tmp_path / "t", "--from", "candidates")
