"""The benchmarks measure what they say: counts by hand on a few edges, and a small run of each that can run here."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks import other_tools, scale, transforms
from tests.benchmarks.made_pictures import NEGATIVES, PLAIN, Task, cases_of, make, negatives_of
from tests.benchmarks.other_tools import bits, near, pictures
from tests.transforms import TRANSFORMS

NOTHING_FOUND = {"edges": {}, "components": 0, "violations": 0, "not_run": {}}


def test_recall_and_false_edges_are_counted_by_pair_and_by_evidence():
    edges = [
        ("first:00001", "second:00001", "hash"),
        ("first:00001", "second:00001", "cnn"),
        ("first:00002", "second:00002", "cnn"),
        ("first:00001", "second:00002", "cnn"),
        ("first:00001", "second:00002", "hash"),
        ("first:00003", "second:00001", "cnn"),
    ]
    found = transforms.judged(edges, ("hash", "cnn", "exif"), 4, frozenset())
    assert {k: found[k] for k in ("hash", "cnn", "exif", "any")} == {"hash": 0.25, "cnn": 0.5, "exif": 0, "any": 0.5}
    assert found["false"] == {"hash": 1, "cnn": 2, "exif": 0, "any": 2}
    found = transforms.judged(edges, ("hash", "cnn"), 4, frozenset({("00001", "00002")}))
    assert found["any"] == 0.5
    assert found["false"] == {"hash": 0, "cnn": 1, "any": 1}
    turned = transforms.judged([("first:00002", "second:00001", "cnn")], ("cnn",), 4, frozenset({("00001", "00002")}))
    assert turned["false"] == {"cnn": 0, "any": 0}


def test_pictures_are_made_the_same_way_whatever_else_is_made(tmp_path: Path):
    """A case's pictures depend on the seed, the case and the lesion alone; another seed draws another vignette."""
    case = next(c for c in cases_of(["vignette"]) if c.strength == 0.25)
    for name, seed, cases in (("a", 1, (case,)), ("b", 1, (*cases_of(["mirror"]), case)), ("c", 2, (case,))):
        assert make(Task(4, None, tmp_path / name, seed, cases)) == len(cases)
    a, b, c = (Image.open(tmp_path / name / "second" / case.folder / "00004.png") for name in "abc")
    assert a == b
    assert a != c
    assert Image.open(tmp_path / "a" / "first" / "00004.png").size == a.size == (320, 240)


def test_folders_of_cases_are_names_of_their_own():
    cases = [*cases_of(TRANSFORMS), *negatives_of(NEGATIVES)]
    assert len({case.folder for case in cases}) == len(cases)
    assert len({(case.name, case.words) for case in cases}) == len(cases)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench")
    asked = ["--number", "5", "--negatives", "3", "--features", "none", "--workers", "1", "--quiet", "--out", str(out)]
    result = transforms.run(transforms.parsed(asked), ["mirror", "zoom pair"], [PLAIN, "plots"])
    transforms.write(result, out)
    return result, out


def test_a_small_run_finds_mirrored_copies_and_joins_no_plots(small):
    result, _ = small
    by_case = {(row["transform"], row["strength"]): row for row in result["transforms"]}
    assert by_case["mirror", 1]["hash"] == by_case["mirror", 1]["any"] == 1
    assert by_case["zoom pair", 1.5]["hash"] == 0
    assert result["pairs_of_two_lesions"] == 5 * (10 * 9 // 2 - 5)
    assert [row["negatives"] for row in result["negatives"]] == [PLAIN, "plots"]
    assert all(row["false"]["any"] == 0 for row in (*result["transforms"], *result["negatives"]))


def test_the_table_the_csv_and_the_page_say_the_same(small):
    result, out = small
    lines = transforms.printed(result)
    assert any(re.fullmatch(r"mirror +left to right( +[01]\.\d{3})+ +0", line) for line in lines)
    with (out / "transforms.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [float(row["any"]) for row in rows] == [row["any"] for row in result["transforms"]]
    assert json.loads(json.dumps(result))["transforms"] == result["transforms"]
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count('data-name="hash"') == len(result["transforms"]) + len(result["negatives"])
    assert page.count("data:image/jpeg") == len(result["transforms"]) + len(result["negatives"])
    assert "http" not in page.replace("http-equiv", "")


def test_what_is_joined_as_it_is_does_not_count_against_a_folder_of_pictures(tmp_path: Path):
    """One picture lies in the folder twice: nobody can call the edge between the two false, in whatever case."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for n in range(6):
        noise = Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize((160, 120), Image.Resampling.BICUBIC)
        noise.save(folder / f"{n}.png")
        if n == 0:
            noise.save(folder / "0 again.jpg", quality=80)
    asked = ["--number", "5", "--negatives", "2", "--pictures", str(folder), "--features", "none", "--workers", "1", "--quiet"]
    result = transforms.run(transforms.parsed([*asked, "--out", str(tmp_path / "out")]), ["jpeg"], [PLAIN, "black bars"])
    plain, bars = result["negatives"]
    assert plain["false"]["hash"] == 1
    assert bars["false"]["any"] == 0
    assert [row["any"] for row in result["transforms"][:3]] == [1, 1, 1]
    assert [row["false"]["any"] for row in result["transforms"]] == [0, 0, 0, 0]


def test_pairs_of_hashes_are_those_of_a_slow_search():
    rng = np.random.default_rng(5)
    hashes = rng.integers(0, 256, (300, 8), dtype=np.uint8)
    hashes[200:] = hashes[:100]
    hashes[200:, 0] ^= np.uint8(0b111)
    slow = {
        (i, j): 1 - distance / 64
        for i in range(300)
        for j in range(i + 1, 300)
        if (distance := int(np.unpackbits(hashes[i] ^ hashes[j]).sum())) <= 16
    }
    assert {(i, j): score for i, j, score in near(hashes, 16)} == slow
    assert len(slow) >= 100
    assert bits(16, 64) == 0.75


def test_ids_are_stems_and_paths_where_a_stem_stands_twice(tmp_path: Path):
    for path in (
        "ham10000/part_1/a.jpg",
        "ham10000/part_2/b.JPG",
        "folders/nv/a.png",
        "folders/mel/a.png",
        "ham10000/other_copies/a.jpg",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "c.png").write_bytes(b"")
    assert [i for i, _ in pictures(tmp_path)] == ["folders:mel/a", "folders:nv/a", "ham10000:a", "ham10000:b"]


def test_a_tool_that_is_not_installed_is_named(tmp_path: Path, monkeypatch):
    absent = other_tools.Tool("no_such_package", other_tools.pdq, (("none", 0.5),))
    monkeypatch.setitem(other_tools.TOOLS, "absent", absent)
    assert other_tools.measure("absent", tmp_path / "list", [], tmp_path, 1) == ([], {"not_run": "not installed"})


def test_imagehash_finds_the_copy(tmp_path: Path):
    """The whole way of one tool: a process of its own, its pairs as a file of edges, its cost."""
    rng = np.random.default_rng(3)
    noise = [Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize((80, 60)) for _ in range(3)]
    for n, picture in enumerate([*noise, noise[1].resize((160, 120))]):
        picture.save(tmp_path / f"{n}.png")
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(str(tmp_path / f"{n}.png") for n in range(4)), encoding="utf-8")
    edges, cost = other_tools.measure("imagehash", listed, ["s:d", "s:c", "s:b", "s:a"], tmp_path, 1)
    assert cost["seconds"] > 0
    with edges[1][1].open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["image_a"], row["image_b"]) for row in rows] == [("s:a", "s:c")]


def test_slopes_and_extrapolation():
    """Ten times the images and a hundred times the processors' seconds is a slope of 2, whatever the clock says."""

    def row(part: str, seconds: float, cpu: float, mib: int | None) -> dict:
        return {"part": part, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": mib}

    runs = [
        {
            "images": n,
            **NOTHING_FOUND,
            "rows": [
                row("link: hash", clock + 1, cpu + 0.2, mib),
                row("link: hash, exact search", clock, cpu, None),
                row("link: hash, rest of it", 1.0, 0.2, None),
                row("link, all", clock + 2, cpu + 0.3, mib),
                row("link, rest", 1.0, 0.01, None),
                row("freeze", clock, cpu, mib),
            ],
        }
        for n, clock, cpu, mib in ((1_000, 0.9, 0.2, 100), (10_000, 11.0, 2.0, 190))
    ]
    found = {r["part"]: r for r in scale.with_slopes(runs)}
    assert found["freeze"]["slopes"] == [1.0]
    assert found["freeze"]["paper_seconds"] == pytest.approx(11 * 12.945, abs=0.1)
    assert found["freeze"]["paper_mib"] == 190 + round(0.01 * 119_450)
    assert found["link, rest"]["slopes"] == [None]
    exact = 11 * 12.945**2  # grows with the square, whatever was measured between small sizes
    assert found["link: hash, exact search"]["paper_seconds"] == pytest.approx(exact, abs=0.1)
    assert found["link: hash"]["paper_seconds"] == pytest.approx(exact + 1, abs=0.2)
    assert found["link, all"]["paper_seconds"] == pytest.approx(exact + 1 + 12.945, abs=0.2)
    assert "129,450 s *" in scale.printed(runs, list(found.values()))[0]
    assert "129,450 s *" not in scale.printed(runs[:1], scale.with_slopes(runs[:1]))[0]


def test_a_small_scale_runs_every_stage_and_verifies(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(scale, "KINDS", scale.KINDS)  # whatever is put into it is taken out again
    kept = dict(scale.KINDS)
    try:
        result = scale.measure(60, "strict", 1, tmp_path)
    finally:
        scale.KINDS.update(kept)
    assert result["violations"] == 0
    assert result["edges"]["lesion"] == 30
    assert result["edges"]["hash"] > 0
    parts = [row["part"] for row in result["rows"]]
    assert {"link: hash, exact search", "components alone", "split", "freeze", "verify"} <= set(parts)
    assert json.dumps(result)
