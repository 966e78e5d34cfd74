"""Tests and drawn sets: who is in them, whatever the order; how the numbers close; the paper's own numbers."""

import doctest
import json
import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.errors import InputError
from curate.project import load_project
from curate.splits import paper_numbers, test_sets
from curate.splits.closure import closure_lines, closure_rows
from curate.splits.test_sets import (
    PAPER_SAMPLES,
    PAPER_TESTS,
    Balanced,
    BinaryTest,
    Candidate,
    Exclusion,
    Readers,
    Sets,
    draw_sets,
    quotas,
    read_exclusions,
)

MALIGNANT, BENIGN, OTHER = "DC:0000018", "DC:0000017", "DC:0000016"
NINE = {MALIGNANT: "pigmented-lesion-malignant", BENIGN: "pigmented-lesion-benign", OTHER: "inflammatory"}
THREE = {MALIGNANT: "malignant", BENIGN: "benign", OTHER: "non_neoplastic"}
GROUPS = {"nine": sorted(NINE.values()), "three": sorted(THREE.values())}


def image(number: int, split: str, node: str | None, modality: str | None, confirmed: bool, side: int) -> Candidate:
    path = frozenset((node, f"{node}-root")) if node else frozenset()
    return Candidate(f"s:{number:03d}", split, path, NINE.get(node), THREE.get(node), modality, confirmed, side)


IMAGES = st.lists(
    st.tuples(
        st.sampled_from(["train", "validation", "test", "test", "excluded"]),
        st.sampled_from([MALIGNANT, BENIGN, BENIGN, OTHER, None]),
        st.sampled_from(["clinical", "dermoscopic", None]),
        st.booleans(),
        st.sampled_from([200, 298, 299, 600]),
    ),
    min_size=1,
    max_size=60,
).map(lambda rows: [image(n, *row) for n, row in enumerate(rows)])
QUOTAS = st.sampled_from(["equal", "proportional", {"malignant": 3, "benign": 4}])
ASKED = st.builds(
    lambda quota, modality, each, side: Sets(
        binary=(
            BinaryTest(
                name="t",
                malignant=(MALIGNANT,),
                benign=(BENIGN,),
                modality=modality,
                readers=Readers(size=7, quota=quota, least_side=side),
            ),
        ),
        balanced=(Balanced(name="b", level="nine", each=each), Balanced(name="k", level="three", each=None)),
    ),
    QUOTAS,
    st.sampled_from(["clinical", None]),
    st.integers(1, 4),
    st.sampled_from([0, 299]),
)


@given(images=IMAGES, asked=ASKED, seed=st.integers(0, 5), shuffle=st.randoms(use_true_random=False), data=st.data())
def test_members_and_counts_are_those_that_a_table_gives_in_any_order(images, asked, seed, shuffle, data):
    out = data.draw(st.sets(st.sampled_from([i.image_id for i in images]), max_size=5)) if images else set()
    exclusions = [Exclusion(i, "r1", "blurred") for i in sorted(out)]
    drawn = draw_sets(images, asked, exclusions, seed, GROUPS)
    other = list(images)
    shuffle.shuffle(other)
    assert draw_sets(other, asked, exclusions, seed, GROUPS) == drawn
    json.dumps(drawn.closure)

    (test,) = asked.binary
    frame = pd.DataFrame(images, columns=Candidate._fields)
    frame["node"] = [next((n for n in (MALIGNANT, BENIGN) if n in path), None) for path in frame["path"]]
    frame["in_test"] = [drawn.tests.get(i, []) == ["t"] for i in frame.image_id]
    frame["shown"] = ["t-readers" in drawn.reader_sets.get(i, []) for i in frame.image_id]
    pool = frame[(frame.split == "test") & frame.node.notna()]
    wanted = pool if test.modality is None else pool[pool.modality == test.modality]
    assert set(frame[frame.in_test].image_id) == set(wanted.image_id)
    closure, shown = drawn.closure["tests"][0], drawn.closure["reader_sets"][0]
    asked_of = {part["class"]: part["asked"] for part in shown["classes"]}
    assert sum(asked_of.values()) == 7
    for part, readers, node in zip(closure["classes"], shown["classes"], (MALIGNANT, BENIGN), strict=True):
        mine = wanted[wanted.node == node]
        assert part["found"] == (pool.node == node).sum()
        assert part["found"] == sum(part["removed"].values()) + part["kept"]
        assert part["kept"] == readers["available"] == len(mine)
        assert part["confirmed"] == mine.confirmed.sum()
        assert readers["drawn"] == min(len(mine), readers["asked"])
        assert readers["drawn"] == sum(readers["removed"].values()) + readers["kept"]
        assert readers["kept"] == mine.shown.sum()
        if isinstance(test.readers.quota, dict):
            assert readers["asked"] == test.readers.quota[part["class"]]
    kept = frame[frame.shown]
    assert set(kept.image_id) <= set(wanted.image_id)
    assert (kept.side >= test.readers.least_side).all()
    assert not set(kept.image_id) & out
    gone = {row["image_id"]: row["reason"] for row in shown["removed"]}
    for image_id, reason in gone.items():
        small = int(frame.set_index("image_id").side[image_id]) < test.readers.least_side
        assert reason == ("small" if small else "reader")
        assert small or image_id in out


@given(images=IMAGES, asked=ASKED, seed=st.integers(0, 5))
def test_balanced_samples_are_balanced_or_say_that_they_are_not(images, asked, seed):
    drawn = draw_sets(images, asked, [], seed, GROUPS)
    validation = [i for i in images if i.split == "validation"]
    for one, level in ((drawn.closure["reader_sets"][1], "nine_class"), (drawn.closure["reader_sets"][2], "three_class")):
        there = {name: [i for i in validation if getattr(i, level) == name] for name in GROUPS[level.removesuffix("_class")]}
        held = {
            name: [i for i in members if one["name"] in drawn.reader_sets.get(i.image_id, [])] for name, members in there.items()
        }
        assert {p["class"]: (p["available"], p["kept"]) for p in one["classes"]} == {
            name: (len(there[name]), len(held[name])) for name in there
        }
        assert all(len(held[name]) == min(len(there[name]), one["each"]) for name in there)
        assert one["balanced"] == (len({len(m) for m in held.values()} | {one["each"]}) == 1)
        if one["smallest"]:
            assert one["each"] == min((len(m) for m in there.values() if m), default=0)
        assert sum(map(len, held.values())) == sum(one["name"] in names for names in drawn.reader_sets.values())


@given(images=IMAGES, asked=ASKED, split=st.sampled_from(["test", "validation"]))
def test_one_more_image_displaces_at_most_one_of_each_class(images, asked, split):
    """The quotas are given: with proportional ones another class may give or take one too."""
    (test,) = asked.binary
    given_quota = test.readers.model_copy(update={"quota": {"malignant": 3, "benign": 4}})
    asked = asked.model_copy(update={"binary": (test.model_copy(update={"readers": given_quota}),), "balanced": asked.balanced[:1]})
    before = draw_sets(images, asked, [], 1, GROUPS).reader_sets
    more = [*images, image(999, split, MALIGNANT, "clinical", True, 600)]
    after = draw_sets(more, asked, [], 1, GROUPS).reader_sets
    for name in ("t-readers", "b"):
        old = {i for i, names in before.items() if name in names}
        new = {i for i, names in after.items() if name in names}
        assert len(old - new) <= 1
        assert new - old <= {"s:999"}


def test_without_images_every_set_is_empty_and_says_so():
    drawn = draw_sets([], Sets(), [], 1, GROUPS)
    assert (drawn.tests, drawn.reader_sets) == ({}, {})
    assert {r["kept"] for r in closure_rows(drawn.closure)} == {0}
    assert not any(one["balanced"] for one in drawn.closure["reader_sets"] if one.get("each"))


def test_another_seed_or_name_is_another_draw():
    images = [image(n, "test", MALIGNANT if n % 2 else BENIGN, "clinical", True, 600) for n in range(80)]
    test = BinaryTest(name="t", malignant=(MALIGNANT,), benign=(BENIGN,), readers=Readers(size=20))
    draws = []
    for name, seed in (("t", 1), ("t", 2), ("u", 1)):
        asked = Sets(binary=(test.model_copy(update={"name": name}),), balanced=())
        draws.append(frozenset(draw_sets(images, asked, [], seed, GROUPS).reader_sets))
    assert len(set(draws)) == 3
    assert [len(d) for d in draws] == [20, 20, 20]


@given(size=st.integers(1, 500), malignant=st.integers(0, 400), benign=st.integers(0, 400))
def test_quotas_add_up_and_are_near_to_their_share(size, malignant, benign):
    available = {"malignant": malignant, "benign": benign}
    for rule in ("equal", "proportional"):
        parts = quotas(size, available, rule)
        assert sum(parts.values()) == size
        total = malignant + benign
        for name, part in parts.items():
            share = available[name] / total if rule == "proportional" and total else 0.5
            assert abs(part - size * share) < 1


def test_the_paper_s_quotas_can_give_what_its_readers_saw():
    """Every class was asked for at least what was shown, and the draws add up to 140."""
    for test in PAPER_TESTS:
        full = dict(zip(("malignant", "benign"), paper_numbers.FULL[test.name], strict=True))
        parts = quotas(test.readers.size, full, test.readers.quota)
        assert sum(parts.values()) == 140
        for part, shown, there in zip(parts.values(), paper_numbers.SHOWN[test.name], full.values(), strict=True):
            assert shown <= part <= there
    assert [sum(dict(b)["each"] or 0 for _ in range(9 if b.level == "nine" else 3)) for b in PAPER_SAMPLES] == [180, 180, 0]


def test_the_paper_s_numbers_that_do_not_close_are_said():
    assert [c.check.partition(":")[0] for c in paper_numbers.checks() if not c.closes] == [
        "training and validation + tests = images",
        "dermatologist 2, three-way",
        "images per training class",
        "epidermal",
        "melanocytic-dermoscopy",
    ]
    computed = {c.check.partition(":")[0]: c for c in paper_numbers.checks()}
    assert computed["training and validation + tests = images"].computed == "129,405"
    assert computed["melanocytic-dermoscopy"].computed.startswith("12.2")
    assert computed["melanocytic-dermoscopy"].printed == "71 to 88"


def test_the_closure_table_has_every_class_and_adds_up():
    random.seed(3)
    images = [image(n, "test", random.choice([MALIGNANT, BENIGN]), "dermoscopic", True, 298 + n % 2) for n in range(30)]
    drawn = draw_sets(images, Sets(), [], 1, GROUPS)
    rows = closure_rows(drawn.closure)
    assert len(rows) == 3 * 2 + 3 * 2 + 3 + 3 + 3
    assert all(r["drawn"] == r["removed"] + r["kept"] and r["asked"] == r["drawn"] + r["short"] for r in rows)
    (row,) = (r for r in rows if (r["set"], r["class"]) == ("melanocytic-dermoscopy-readers", "malignant"))
    assert (row["asked"], row["paper"], row["reasons"]) == (88, 71, f"{row['removed']} too small")
    text = "\n".join(closure_lines(drawn.closure))
    assert f"{row['short']} short of 88" in text
    assert "balanced-9x20: 0 images, 20 of each class asked, NOT balanced: inflammatory has 0" in text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"binary": [{"name": "T", "malignant": ["a"], "benign": ["b"]}]}, "pattern"),
        ({"binary": [{"name": "t", "malignant": [], "benign": ["b"]}]}, "at least 1"),
        ({"binary": [{"name": "t", "malignant": ["a"], "benign": ["b"]}] * 2}, "two sets are called t"),
        ({"balanced": [{"name": "epidermal-readers", "level": "nine"}]}, "two sets are called epidermal-readers"),
        ({"binary": [{"name": "t", "malignant": ["a"], "benign": ["b"], "readers": {"quota": {"malignant": 70}}}]}, "add up to"),
        ({"balanced": [{"name": "b", "level": "five"}]}, "nine"),
        ({"size": 3}, "Extra inputs"),
    ],
)
def test_impossible_sets_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        Sets.model_validate(settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_id,reader\na,b\n", "lacks the column reason"),
        ("image_id,reader,reason\na,R1,\n", "row 2: reason is blank"),
        ("image_id,reader,reason\na,R1,blurred\na,R2,dark\n", "names a twice"),
    ],
)
def test_a_reader_s_list_says_of_each_image_who_and_why(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_exclusions(tmp_path / "list.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_exclusions(tmp_path / "none.csv")


def test_the_project_file_declares_them_with_the_list_beside_it(tmp_path):
    (tmp_path / "p.toml").write_text(
        """name = "x"
sources = [{ id = "ham10000", folder = "." }]
[tests]
exclusions = "not_shown.csv"
[[tests.binary]]
name = "mel"
malignant = ["DC:0000018"]
benign = ["DC:0000017"]
readers = { size = 10, quota = { malignant = 4, benign = 6 }, least_side = 0 }
"""
    )
    asked = load_project(tmp_path / "p.toml").tests
    assert asked.exclusions == tmp_path.resolve() / "not_shown.csv"
    assert [t.name for t in asked.binary] == ["mel"]
    assert asked.balanced == PAPER_SAMPLES


def test_examples_in_docstrings():
    assert doctest.testmod(test_sets).failed == 0
