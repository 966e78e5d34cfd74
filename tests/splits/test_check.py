"""The check after the fact sees every way in which an assignment can be wrong, and lets a good one pass."""

import pytest
from hypothesis import given

from curate.errors import BrokenInvariantError
from curate.splits.assign import assign, folds
from curate.splits.check import require_sound
from tests.splits.drawn import ATOMS, protocols

COMPONENTS = {"s:1": "a", "s:2": "a", "s:3": "b", "s:4": "c", "s:5": "d"}
PINS = {"b": "quality"}


def row(image, split, **more):
    return {"image_id": image, "split": split, "excluded_reason": None, "pinned": None, "fold": None, "quality_fail": None, **more}


def good():
    return [
        row("s:1", "validation", fold=1),
        row("s:2", "validation", fold=1),
        row("s:3", "train", pinned="quality", quality_fail="blurred"),
        row("s:4", "test"),
        row("s:5", "excluded", excluded_reason="no_label"),
    ]


def test_a_sound_assignment_passes():
    require_sound(good(), COMPONENTS, PINS)


@pytest.mark.parametrize(
    ("image", "changes", "words"),
    [
        ("s:2", {"split": "train"}, "component a is in validation and in train"),
        ("s:2", {"fold": 0}, "component a is in fold 1 and in fold 0"),
        ("s:2", {"fold": None}, "component a is in fold 1 and in fold None"),
        ("s:3", {"split": "test", "quality_fail": None}, "s:3 must stay in train"),
        ("s:3", {"fold": 0}, "s:3 must stay in train"),
        ("s:3", {"pinned": None}, "s:3 is pinned None"),
        ("s:1", {"pinned": "quality"}, "s:1 is pinned 'quality'"),
        ("s:4", {"fold": 0}, "s:4 is in the test, and in fold 0"),
        ("s:4", {"quality_fail": "small"}, "fails the quality gate"),
        ("s:5", {"excluded_reason": None}, "s:5 is in excluded"),
        ("s:5", {"fold": 0}, "s:5 is excluded, and in fold 0"),
        ("s:4", {"excluded_reason": "no_label"}, "s:4 is in test, excluded because of"),
        ("s:4", {"image_id": "s:9"}, "not those of the catalogue"),
        ("s:4", {"image_id": "s:3"}, "not those of the catalogue"),
    ],
)
def test_every_fault_is_named(image, changes, words):
    rows = [{**r, **changes} if r["image_id"] == image else r for r in good()]
    with pytest.raises(BrokenInvariantError, match=words):
        require_sound(rows, COMPONENTS, PINS)


def test_an_image_that_is_left_out_is_missed():
    with pytest.raises(BrokenInvariantError, match="not those of the catalogue"):
        require_sound(good()[1:], COMPONENTS, PINS)


@given(atoms=ATOMS, protocol=protocols())
def test_whatever_made_it_every_assignment_is_sound(atoms, protocol):
    splits = assign(atoms, protocol)
    placed = folds(atoms, splits, protocol)
    rows = [
        row(image, splits[a.component], pinned=",".join(a.pinned) or None, fold=placed.get(a.component))
        for a in atoms
        for image in a.members
    ]
    component_of = {image: a.component for a in atoms for image in a.members}
    require_sound(rows, component_of, {a.component: "quality" for a in atoms if a.pinned})
