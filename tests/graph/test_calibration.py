"""The logistic model against scikit-learn's, and what a calibration says of itself against counts by hand."""

import numpy as np
import pytest

from curate.errors import InputError
from curate.graph import calibration
from curate.graph.calibration import DEFAULT, RIDGE, Calibration, as_json, judged, learn, looked_at, read_calibration, shipped
from curate.graph.verification import MEASURES
from curate.report.calibration_page import write_calibration_page


def drawn(n=600, seed=0, strength=2.0):
    """Return measures of pairs of which half are the same, and which are."""
    random = np.random.default_rng(seed)
    same = random.random(n) < 0.5
    measures = random.random((n, len(MEASURES)))
    measures[:, MEASURES.index("detail")] = random.normal(same * strength, 1)
    measures[:, MEASURES.index("guided")] = 1 + random.poisson(5 + 10 * same)
    return measures, same


def test_the_fit_is_scikit_learn_s():
    from sklearn.linear_model import LogisticRegression

    measures, same = drawn()
    columns = np.column_stack([measures, np.log1p(np.maximum(measures, 0))])
    standard = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    theirs = LogisticRegression(C=1 / RIDGE, tol=1e-10, max_iter=10_000).fit(standard, same).predict_proba(standard)[:, 1]
    assert calibration._fit(measures, same).probability(measures) == pytest.approx(theirs, abs=2e-4)


def test_judging_counts():
    probability = np.array([0.01, 0.04, 0.3, 0.6, 0.97, 0.99, 1.0])
    same = np.array([False, False, True, False, True, True, True])
    curve, reliability, error = judged(probability, same, 8)
    at = {row["threshold"]: row for row in curve}
    assert at[0.5] == {"threshold": 0.5, "pairs": 4, "precision": 0.75, "recall": 0.375}
    assert at[0.95] == {"threshold": 0.95, "pairs": 3, "precision": 1.0, "recall": 0.375}
    assert sum(row["pairs"] for row in reliability) == len(same)
    assert reliability[-1] == {"from": 0.95, "to": 1.0, "pairs": 3, "mean": 0.9867, "share": 1.0}
    assert error == pytest.approx((0.01 + 0.04 + 0.7 + 0.6 + 0.03 + 0.01) / 7, abs=1e-3)


def test_probabilities_of_components_not_seen_are_calibrated():
    measures, same = drawn(4000)
    model = learn(measures, same, np.arange(4000), np.ones(4000, dtype=bool))
    assert model.calibration_error < 0.04
    assert all(abs(r["mean"] - r["share"]) < 0.12 for r in model.reliability if r["pairs"] > 100)


def test_a_component_is_never_on_both_sides():
    components = np.random.default_rng(1).integers(0, 40, 900)
    folds = calibration._folds(components)
    assert all(len(set(folds[components == c].tolist())) == 1 for c in range(40))
    assert set(folds.tolist()) == set(range(calibration.FOLDS))


def test_an_answer_that_is_copied_within_components_is_not_learnt_by_heart():
    """Measures that only name the component tell nothing of another component: held out they are no better than chance."""
    random = np.random.default_rng(2)
    components = np.repeat(np.arange(60), 20)
    same = (np.arange(60) % 2 == 0)[components]
    measures = np.repeat(random.normal(size=(60, len(MEASURES))), 20, axis=0)
    measures[:, MEASURES.index("guided")] = 1
    model = learn(measures, same, components, np.ones(len(same), dtype=bool))
    assert next(r for r in model.curve if r["threshold"] == 0.5)["precision"] < 0.75


def test_suspicious_pairs_are_left_out_unless_somebody_told_them_apart():
    measures, same = drawn(800, strength=4.0)
    hidden = same & (np.random.default_rng(3).random(800) < 0.1)
    known = same & ~hidden
    nobody, everybody = np.zeros(800, dtype=bool), np.ones(800, dtype=bool)
    left_out = learn(measures, known, np.arange(800), nobody).pairs_left_out
    assert left_out > hidden.sum() / 2
    assert learn(measures, known, np.arange(800), everybody).pairs_left_out == 0


def test_too_few_pairs_are_refused():
    measures, _ = drawn(60)
    with pytest.raises(InputError, match="39 pairs of one lesion"):
        learn(measures, np.arange(60) < 39, np.arange(60), np.zeros(60, dtype=bool))


def test_pairs_that_did_not_pass_the_first_look_have_no_chance():
    measures, _ = drawn(10)
    measures[3, MEASURES.index("guided")] = 0
    assert list(np.flatnonzero(~looked_at(measures))) == [3]
    chances = shipped().probability(measures, [DEFAULT] * 10)
    assert chances[3] == 0
    assert (chances == chances.round(4)).all()


def test_a_modality_without_a_model_takes_the_default_one():
    measures, _ = drawn(10)
    assert (shipped().probability(measures, ["trichoscopic"] * 10) == shipped().probability(measures, [DEFAULT] * 10)).all()


def test_what_is_shipped_says_what_it_was_learnt_on_and_how_well():
    found = shipped()
    assert set(found.models) == {"clinical", "dermoscopic"}
    assert "ham10000" in found.learnt_on
    assert found.measures == MEASURES
    for model in found.models.values():
        assert model.pairs_same >= calibration.LEAST_PAIRS
        assert model.calibration_error is not None
        assert len(model.curve) == len(calibration.THRESHOLDS)


def test_a_calibration_is_read_back_and_a_wrong_one_refused(tmp_path):
    measures, same = drawn()
    learnt = Calibration(learnt_on="drawn pairs", models={DEFAULT: learn(measures, same, np.arange(600), same)})
    path = tmp_path / "mine.json"
    path.write_text(as_json(learnt), encoding="utf-8")
    assert read_calibration(path) == learnt
    path.write_text(as_json(learnt.model_copy(update={"measures": MEASURES[:-1]})), encoding="utf-8")
    with pytest.raises(InputError, match="other measures"):
        read_calibration(path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="no calibration"):
        read_calibration(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_calibration(tmp_path / "absent.json")


def test_the_page_has_every_row(tmp_path):
    write_calibration_page(shipped(), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<tr>") == sum(1 + len(m.curve) for m in shipped().models.values()) + 1 + len(shipped().components)
    assert "http" not in page.replace("http-equiv", "")
