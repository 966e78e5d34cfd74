"""The quality gate against a second reading of its rule, one code at a time, and its words against the vocabularies."""

import csv
import math
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.splits.quality_gate import Modality, QualityGate, Seen, ShotType
from tests.conftest import CHECKOUT

MODALITIES, SHOTS = get_args(Modality), get_args(ShotType)
LEAST = st.sampled_from([0.0, 0.07, 0.5, 1.0, 4.0, 8.0, 10.0])  # few, so that measures often lie at a threshold
GATES = st.builds(
    QualityGate,
    least_side=st.integers(0, 4),
    least_sharpness=LEAST,
    least_sharpness_of=st.dictionaries(st.sampled_from(MODALITIES), LEAST),
    least_contrast=LEAST,
    far_shots=st.lists(st.sampled_from(SHOTS), unique=True).map(tuple),
    least_framing=st.sampled_from([0.0, 0.07, 0.5, 1.0]),
)
SEEN = st.builds(
    Seen,
    width=st.integers(0, 5),
    height=st.integers(0, 5),
    sharpness=LEAST,
    contrast=LEAST,
    framing=st.none() | LEAST,
    modality=st.sampled_from((None, *MODALITIES)),
    shot_type=st.sampled_from((None, *SHOTS)),
    word=st.sampled_from((None, None, None, "fit", "unfit")),
)


def failing(gate: QualityGate, seen: Seen) -> set[str]:
    """Read the rule again: one `if` for each sentence of it."""
    if seen.word == "fit":
        return set()
    if seen.word == "unfit":
        return {"reviewer"}
    found = set()
    if seen.width < gate.least_side or seen.height < gate.least_side:
        found.add("small")
    if seen.modality in gate.least_sharpness_of:
        if seen.sharpness < gate.least_sharpness_of[seen.modality]:
            found.add("blurred")
    elif seen.sharpness < gate.least_sharpness:
        found.add("blurred")
    if seen.contrast < gate.least_contrast:
        found.add("flat")
    if seen.shot_type is None:
        if seen.modality == "clinical" and seen.framing is not None and seen.framing < gate.least_framing:
            found.add("far")
    elif any(seen.shot_type == far for far in gate.far_shots):
        found.add("far")
    return found


@example(QualityGate(least_sharpness_of={}, least_sharpness=4.0), Seen(200, 200, 3.0, 9.0, None, "clinical", "at_distance"))
@given(gate=GATES, seen=SEEN)
def test_it_fails_for_what_the_rule_names(gate, seen):
    told = gate.fails(seen)
    codes = [] if told is None else told.split(",")
    assert set(codes) == failing(gate, seen)
    assert codes == [code for code in ("small", "blurred", "flat", "far", "reviewer") if code in codes], "in one order, once"


GOOD = Seen(96, 96, 8.0, 4.0, 0.07, "clinical")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"width": 95}, "small"),
        ({"height": 95}, "small"),
        ({"width": 95, "height": 5000}, "small"),
        ({"sharpness": 7.9999}, "blurred"),
        ({"sharpness": 7.9999, "modality": None}, None),
        ({"sharpness": 4.0, "modality": "tbp_tile"}, None),
        ({"sharpness": 3.9999, "modality": "tbp_tile"}, "blurred"),
        ({"sharpness": 9.9999, "modality": "dermoscopic"}, "blurred"),
        ({"sharpness": 10.0, "modality": "dermoscopic"}, None),
        ({"contrast": 3.9999}, "flat"),
        ({"framing": 0.0699}, "far"),
        ({"framing": None}, None),
        ({"framing": 0.0, "modality": None}, None),
        ({"framing": 0.0, "modality": "dermoscopic", "sharpness": 10.0}, None),
        ({"framing": 0.0, "shot_type": "close_up"}, None),
        ({"framing": 0.0, "shot_type": "overview"}, None),
        ({"framing": 0.9, "shot_type": "at_distance"}, "far"),
        ({"framing": 0.9, "shot_type": "at_distance", "modality": "dermoscopic", "sharpness": 10.0}, "far"),
        ({"width": 1, "sharpness": 0.0, "contrast": 0.0, "framing": 0.0}, "small,blurred,flat,far"),
        ({"width": 1, "sharpness": 0.0, "contrast": 0.0, "framing": 0.0, "word": "fit"}, None),
        ({"word": "unfit"}, "reviewer"),
        ({"width": 1, "word": "unfit"}, "reviewer"),
    ],
)
def test_the_gate_as_it_is_by_default(change, told):
    assert QualityGate().fails(GOOD._replace(**change)) == told


def test_a_gate_of_nothing_lets_everything_through():
    gate = QualityGate(least_side=0, least_sharpness=0, least_sharpness_of={}, least_contrast=0, far_shots=(), least_framing=0)
    assert gate.fails(Seen(1, 1, 0.0, 0.0, 0.0, "clinical", None)) is None
    assert gate.fails(Seen(1, 1, 0.0, 0.0, 0.0, "clinical", "at_distance")) is None


@pytest.mark.parametrize(("terms", "name"), [(MODALITIES, "modality"), (SHOTS, "shot_type")])
def test_its_words_are_those_of_the_vocabulary(terms, name):
    with (CHECKOUT / "schemas" / "vocabularies" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        assert list(terms) == [row["term"] for row in csv.DictReader(handle)]


@pytest.mark.parametrize(
    "said",
    [
        {"least_sharpness": -1},
        {"least_sharpness": math.inf},
        {"least_sharpness": math.nan},
        {"least_contrast": math.inf},
        {"least_sharpness_of": {"clinical": -1}},
        {"least_sharpness_of": {"clinical": math.nan}},
        {"least_sharpness_of": {"by candle light": 1}},
        {"far_shots": ["from the moon"]},
        {"least_framing": 1.01},
        {"least_framing": math.nan},
        {"least_side": -1},
        {"furthest_shot": "overview"},
    ],
)
def test_thresholds_that_are_none_are_refused(said):
    with pytest.raises(ValidationError):
        QualityGate.model_validate(said)
