"""Readers' answers taken back: counted as a table counts them, refused where they cannot be right, drawn beside the curve."""

import csv
import doctest
import json
import re
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.export.study import export_study
from curate.manifest.pictures import Pictures
from curate.manifest.read import load
from tests.manifest.studied import answer, truth, with_sets

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from train.evaluate import evaluate  # noqa: E402 - after the check for the extra
from train.evaluate import readers as readers_module  # noqa: E402
from train.evaluate.binary import _is_below, malignancy, measure_binary  # noqa: E402
from train.evaluate.metrics import roc  # noqa: E402
from train.evaluate.readers import Reader, Study, fits, read_readers, read_study, summary  # noqa: E402
from train.fit import fit  # noqa: E402


@pytest.fixture(scope="module")
def manifest(frozen, tmp_path_factory):
    return with_sets(frozen, tmp_path_factory.mktemp("studied"))


@pytest.fixture(scope="module")
def pictures(repositories):
    return Pictures({s: repositories / s for s in ("ham10000", "isic_challenge_2017", "pad_ufes_20")})


@pytest.fixture(scope="module")
def keys(manifest, pictures, tmp_path_factory):
    """The keys of two studies of one set: question A and B."""
    place = tmp_path_factory.mktemp("studies")
    return [place / export_study(manifest, "mixed-readers", place / q, pictures, question=q)["key"] for q in ("A", "B")]


@pytest.fixture(scope="module")
def study(manifest, keys):
    return read_study(keys[0], load(manifest))


def read(study, *paths):
    return read_readers(paths, {study.study: study})


def change(path, change_row):
    rows = list(csv.DictReader(path.open()))
    rows = change_row(rows) or rows
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_rates_are_those_that_a_table_gives(manifest, keys, study, tmp_path):
    wrong = {"R1": (), "R2": ("1", "4"), "R3": ("2", "3", "5")}
    for name, cases in wrong.items():
        answer(manifest, keys[0], tmp_path / f"{name}.csv", name, cases)
    found = read(study, tmp_path)
    malignant = pd.Series(truth(manifest, keys[0]))
    expected = {"sensitivity": [], "specificity": []}
    for reader in found:
        frame = pd.read_csv(tmp_path / f"{reader.reader}.csv", dtype={"case": str}).set_index("case")
        called = frame.answer == "biopsy"
        expected["sensitivity"].append(called[malignant[malignant].index].mean())
        expected["specificity"].append((~called)[malignant[~malignant].index].mean())
        assert (reader.sensitivity, reader.specificity) == (expected["sensitivity"][-1], expected["specificity"][-1])
    assert [r.reader for r in found] == ["R1", "R2", "R3"]
    told = summary(study, found)
    assert (told["positives"], told["negatives"]) == (malignant.sum(), (~malignant).sum())
    for what, values in expected.items():
        assert told["mean"][what] == pytest.approx(np.mean(values), abs=1e-4)
        assert told["standard_deviation"][what] == pytest.approx(np.std(values, ddof=1), abs=1e-4)


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda rows: rows[:-1], "has not answered case 5 (1 of 5 are missing)"),
        (lambda rows: rows[2].update(answer=""), "case 3 is not answered"),
        (lambda rows: rows[2].update(answer="malignant"), "case 3 is answered 'malignant'"),
        (lambda rows: [*rows, rows[0]], "answers case 1 a second time"),
        (lambda rows: rows[1].update(case="6"), "no case '6'"),
        (lambda rows: rows[1].update(study="0" * 16), "answers of study 0000000000000000; the keys given are of"),
        (lambda rows: rows[1].update(reader=""), "no reader is named"),
        (lambda rows: rows[1].update(seconds="-1"), "no number of seconds"),
        (lambda rows: rows[1].update(seconds="nan"), "no number of seconds"),
        (lambda rows: [{**row, "reader": "R1" if n else "R9"} for n, row in enumerate(rows)], "has not answered case"),
        (lambda rows: [{"case": row["case"], "answer": row["answer"]} for row in rows], "other columns"),
    ],
)
def test_answers_that_cannot_be_right_are_refused_with_what_to_do(manifest, keys, study, tmp_path, alter, message):
    change(answer(manifest, keys[0], tmp_path / "R1.csv", "R1"), alter)
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        read(study, tmp_path)
    assert refused.value.hint
    assert "R1.csv" in refused.value.message


def test_one_reader_in_two_files_is_doubled_and_files_that_hold_nothing_are_named(manifest, keys, study, tmp_path):
    one = answer(manifest, keys[0], tmp_path / "a.csv", "R1")
    two = answer(manifest, keys[0], tmp_path / "b.csv", "R1")
    with pytest.raises(InputError, match=r"answers case 1 a second time \(first in a.csv\)"):
        read(study, one, two)
    assert len(read(study, one, one)) == 1, "a file that is named twice is one file"
    (tmp_path / "empty").mkdir()
    (tmp_path / "c.csv").write_text("case,answer,seconds,reader,study\n")
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00")
    for path, message in (("empty", "holds no .csv"), ("c.csv", "has no rows"), ("d.csv", "cannot be read"), ("e", "no file or")):
        with pytest.raises(InputError, match=message):
            read(study, tmp_path / path)


@given(cases=st.integers(1, 400), data=st.data(), decimals=st.integers(2, 6))
def test_a_rate_of_a_whole_number_fits_and_one_halfway_between_two_does_not(cases, data, decimals):
    right = data.draw(st.integers(0, cases))
    assert fits(f"{right / cases:.{decimals}f}", cases)
    between = Fraction(2 * right + 1, 2 * cases)
    if right < cases and Fraction(1, 2 * cases) > Fraction(2, 10**decimals):
        assert not fits(f"{float(between):.{decimals}f}", cases)


def test_rates_of_the_paper_s_readers_tell_the_set_that_they_are_of():
    """The repository's 22 melanocytic readers have multiples of 1/46 and 1/93: not the printed 33 + 97 (paper.md, section 5)."""
    of_46 = [f"{n / 46:.4f}" for n in range(47)]
    assert all(fits(rate, 46) for rate in of_46)
    assert sum(fits(rate, 33) for rate in of_46) == 2  # 0 and 1
    assert not fits("1.02", 50)
    assert doctest.testmod(readers_module).failed == 0


def test_rates_can_stand_for_answers_that_cannot_be_shared(manifest, keys, study, tmp_path):
    file = tmp_path / "rates.csv"
    header = "reader,sensitivity,specificity,study\n"
    file.write_text(header + f"R1,0.5,0.667,{study.study}\nR2,1,0.3333,{study.study}\n")
    found = read(study, file)
    assert [(r.reader, r.sensitivity, r.specificity, r.seconds) for r in found] == [
        ("R1", 0.5, pytest.approx(2 / 3), None),
        ("R2", 1, pytest.approx(1 / 3), None),
    ]
    for row, message in (
        (f"R1,0.6,1,{study.study}\n", "sensitivity of 0.6 does not fit 2 cases"),
        (f"R1,0.5,0.6,{study.study}\n", "specificity of 0.6 does not fit 3 cases"),
        (f"R1,,1,{study.study}\n", "sensitivity of (none)"),
        (f"R1,nan,1,{study.study}\n", "sensitivity of nan"),
        (f"R1,1,1,{study.study}\n" * 2, "R1 is there twice"),
    ):
        file.write_text(header + row)
        with pytest.raises(InputError, match=re.escape(message)):
            read(study, file)
    file.write_text(header + f"R1,1,1,{study.study}\n")
    with pytest.raises(InputError, match="both answers and rates"):
        read(study, file, answer(manifest, keys[0], tmp_path / "R1.csv", "R1"))


def test_a_key_of_another_manifest_or_one_that_was_changed_is_refused(frozen, manifest, keys, tmp_path):
    key = json.loads(keys[0].read_text())
    with pytest.raises(BrokenInvariantError, match="is of the manifest with digest"):
        read_study(keys[0], load(frozen))
    swapped = {**key, "cases": {**key["cases"], "1": key["cases"]["2"], "2": key["cases"]["1"]}}
    for name, content, error, message in (
        ("swapped", swapped, BrokenInvariantError, "was changed"),
        ("other_question", {**key, "question": "B"}, BrokenInvariantError, "was changed"),
        ("later", {**key, "version": 2}, InputError, "that this version knows"),
        ("short", {n: v for n, v in key.items() if n != "cases"}, InputError, "KeyError"),
        ("list", [key], InputError, "no key of a reader study"),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(content))
        with pytest.raises(error, match=message):
            read_study(path, load(manifest))
    (tmp_path / "words.json").write_text("hello")
    for path in (tmp_path / "words.json", tmp_path / "absent.json"):
        with pytest.raises(InputError, match="no key of a reader study"):
            read_study(path, load(manifest))


def test_a_binary_task_counts_its_branch_alone(manifest):
    """By hand: probabilities that favour another branch do not count, and none at all is one half."""
    loaded = load(manifest)
    training = loaded.classes["training_classes"]
    at = {c["nine"]: n for n, c in enumerate(training) if c["nine"]}
    rows = np.zeros((3, len(training)))
    rows[0, at["pigmented-lesion-malignant"]], rows[0, at["pigmented-lesion-benign"]] = 0.1, 0.3
    rows[0, at["epidermal-tumor-malignant"]] = 0.6
    rows[1, at["pigmented-lesion-benign"]] = 0.2
    info = {"drawn_sets": {"tests": [], "reader_sets": []}}
    for name, malignant, benign in (("mel", ["DC:0000018"], ["DC:0000017"]), ("all", ["DC:0000002"], ["DC:0000001"])):
        sides = [{"class": "malignant", "nodes": malignant}, {"class": "benign", "nodes": benign}]
        info["drawn_sets"]["tests"].append({"name": name, "classes": sides})
    info["drawn_sets"]["reader_sets"] = [{"name": "mel-readers", "of": "mel"}, {"name": "b", "of": "validation"}]
    loaded = type(loaded)(**{**vars(loaded), "info": info})
    assert malignancy(loaded, rows, "mel") == pytest.approx([0.25, 0, 0.5])
    assert malignancy(loaded, rows, "mel-readers") == pytest.approx([0.25, 0, 0.5])
    assert malignancy(loaded, rows, "all") == pytest.approx([0.7, 0, 0.5])
    assert malignancy(loaded, rows, "b") == pytest.approx([0.7, 0, 0.5])


def test_a_reader_lies_below_the_curve_where_a_threshold_does_better():
    curve = roc(np.array([0.9, 0.8, 0.4, 0.3]), np.array([True, False, True, False]))  # (0, .5), (.5, .5), (.5, 1), (1, 1)
    points = [(0.5, 1.0), (0.5, 0.9), (0.4, 1.0), (1.0, 0.5), (1.0, 0.6), (0.6, 0.6), (0.5, 0.5)]
    assert [_is_below(curve, *p) for p in points] == [False, True, True, False, False, False, True]


@pytest.fixture(scope="module")
def run(manifest, pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "studied"
    fit(manifest, pictures, out, config="quick", steps=2, batch_size=4)
    return out


def test_readers_stand_beside_the_model_in_the_evaluation(manifest, pictures, keys, run, tmp_path):
    for key, question in zip(keys, "AB", strict=True):
        (tmp_path / question).mkdir()
        answer(manifest, key, tmp_path / question / "R1.csv", "R1")
        answer(manifest, key, tmp_path / question / "R2.csv", "R2", ("1", "2"))
    asked = {"readers": [tmp_path / "A", tmp_path / "B"], "reader_keys": keys}
    told = evaluate(manifest, pictures, run, **asked)
    out = run / "evaluation-test"
    assert told["tests"].keys() == {"mixed"}
    (test,) = told["tests"].values()
    assert (test["positives"], test["negatives"]) == (2, 3)
    assert [(s["set"], s["question"], len(s["readers"])) for s in told["reader_studies"]] == [
        ("mixed-readers", "A", 2),
        ("mixed-readers", "B", 2),
    ]
    assert all(s["model"]["auc"] == test["auc"] for s in told["reader_studies"]), "the set holds the whole test"
    assert all(0 <= s["model"]["readers_below_curve"] <= 1 for s in told["reader_studies"]), "nobody is better than R1"
    rows = list(csv.DictReader((out / "readers.csv").open()))
    assert (rows[0]["question"], rows[0]["reader"], rows[0]["sensitivity"]) == ("A", "R1", "1.0")
    for name in ("roc-test-mixed.svg", "readers-mixed-readers-A.svg", "readers-mixed-readers-B.svg", "roc-tests.csv"):
        assert (out / name).stat().st_size > 0
    assert json.loads((out / "metrics.json").read_text())["reader_studies"] == told["reader_studies"]
    assert evaluate(manifest, pictures, run, **asked)["skipped"]
    answer(manifest, keys[0], tmp_path / "A" / "R2.csv", "R2")
    assert not evaluate(manifest, pictures, run, **asked)["skipped"], "other answers are another evaluation"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("readers",), "--readers was given without --reader-key"),
        (("reader_keys",), "--reader-key was given without --readers"),
        (("readers", "both"), "Nobody answered study"),
        (("readers", "reader_keys", "validation"), "has 5 images that are not measured here"),
    ],
)
def test_readers_without_what_they_need_are_refused(manifest, pictures, keys, run, tmp_path, asked, message):
    answer(manifest, keys[0], tmp_path / "R1.csv", "R1")
    settings = {"readers": [tmp_path], "reader_keys": keys[:1]}
    chosen = {name: settings[name] for name in asked if name in settings}
    if "both" in asked:
        chosen["reader_keys"] = keys
    if "validation" in asked:
        chosen["split"] = "validation"
    with pytest.raises(InputError, match=message):
        evaluate(manifest, pictures, run, **chosen)


def test_a_manifest_of_before_has_no_tests_to_measure(manifest):
    loaded = load(manifest)
    old = type(loaded)(**{**vars(loaded), "info": {n: v for n, v in loaded.info.items() if n != "drawn_sets"}})
    assert measure_binary(old, [], np.zeros((0, 3))) == ({"tests": {}, "reader_studies": []}, {})


def test_a_mean_of_one_has_no_deviation():
    study = Study("s", "n", "A", {"1": True, "2": False}, {"1": "a", "2": "b"})
    told = summary(study, [Reader("s", "R1", 1.0, 0.0, None), Reader("other", "R2", 0.0, 0.0, 1.0)])
    assert told["mean"] == {"sensitivity": 1.0, "specificity": 0.0}
    assert told["standard_deviation"] == {"sensitivity": None, "specificity": None}
