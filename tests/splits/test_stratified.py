"""Stratified assignment: proportions within the tolerance, against an exhaustive oracle and against figures worked out here."""

from itertools import chain, combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.splits.assign import assign, folds
from curate.splits.proportions import proportions
from curate.splits.protocol import Protocol
from curate.splits.strata import DIMENSIONS, deviations, folds_task, reaches, splits_task
from tests.splits.drawn import ATOMS, atom, protocols

CELLS = [(a, b, "m", "I") for a in "AB" for b in "ST"]


def by_hand(atoms, splits, protocol):
    """Return the deviation of each stratum in test and validation, the slow way; of components that may be held out."""
    free = [a for a in atoms if not a.pinned]
    total = sum(a.size for a in atoms)
    found = {}
    for side, share in (("test", protocol.test), ("validation", protocol.validation)):
        pool = [a for a in free if side != "test" or a.testable]
        room = min(round(share * total), sum(a.size for a in pool))
        wanted = room / max(1, sum(a.size for a in pool))
        for stratum in strata(pool):
            there = sum(images_in(a, stratum) for a in pool)
            here = sum(images_in(a, stratum) for a in pool if splits[a.component] == side)
            off = abs(here / there - wanted)
            found[stratum] = max(found.get(stratum, 0), off)
    return found


def strata(atoms):
    cells = {cell for a in atoms for cell, _ in a.cells}
    return {("all",) for _ in atoms} | {(name, cell[n]) for cell in cells for n, name in enumerate(DIMENSIONS)} | cells


def images_in(one, stratum):
    if stratum == ("all",):
        return one.size
    if len(stratum) == 2:
        return sum(n for cell, n in one.cells if cell[DIMENSIONS.index(stratum[0])] == stratum[1])
    return dict(one.cells).get(stratum, 0)


def name(stratum):
    return " ".join(stratum) if len(stratum) < 4 else " × ".join(stratum)


@given(atoms=ATOMS, protocol=protocols(("stratified",), ("holdout", "paper")))
def test_the_deviations_told_are_those_counted_by_hand(atoms, protocol):
    splits = assign(atoms, protocol)
    told, findings = proportions(atoms, splits, {}, protocol.model_copy(update={"folds": 0}))
    rows = {row["stratum"]: row for row in told["splits"]["strata"]}
    expected = {name(s): off for s, off in by_hand(atoms, splits, protocol).items()}
    assert {s for s in rows if rows[s]["deviation"] > 0} <= expected.keys()
    for stratum, row in rows.items():
        assert abs(row["deviation"] - expected.get(stratum, 0)) < 1e-4
    off = [s for s, row in rows.items() if not row["too_few"] and row["deviation"] > protocol.tolerance]
    assert len(off) == told["splits"]["off"] == sum(f["id"] == "split.proportion" for f in findings)


@given(cells=st.lists(st.sampled_from(CELLS), min_size=1, max_size=60), protocol=protocols(("stratified",), ("holdout",)))
def test_single_images_are_spread_to_within_two_of_what_is_wanted(cells, protocol):
    atoms = [atom(n, [cell]) for n, cell in enumerate(cells)]
    splits = assign(atoms, protocol)
    for cell in set(cells):
        there = cells.count(cell)
        for side, share in protocol.shares().items():
            wanted = round(share * len(cells)) / len(cells) * there
            here = sum(c == cell and splits[a.component] == side for a, c in zip(atoms, cells, strict=True))
            assert abs(here - wanted) <= 2


@settings(max_examples=60)
@given(
    rows=st.lists(st.lists(st.sampled_from(CELLS[:2]), min_size=1, max_size=3), min_size=1, max_size=6),
    protocol=protocols(("stratified",), ("holdout",)),
)
def test_where_a_search_of_all_assignments_finds_one_within_the_tolerance_ours_is_off_by_less_than_a_component(rows, protocol):
    """The greedy assignment is no search of all: it may miss, and then by less than the largest component of the stratum."""
    atoms = [atom(n, cells) for n, cells in enumerate(rows)]
    total = sum(a.size for a in atoms)

    def fits(splits):
        sizes = {s: sum(a.size for a in atoms if splits[a.component] == s) for s in ("test", "validation")}
        return all(sizes[s] <= round(share * total) for s, share in protocol.shares().items())

    names = [a.component for a in atoms]
    ways = (dict(zip(names, way, strict=True)) for way in product(("train", "validation", "test"), repeat=len(names)))
    solved = any(fits(way) and max(by_hand(atoms, way, protocol).values()) <= protocol.tolerance for way in ways)
    if solved:
        for stratum, off in by_hand(atoms, assign(atoms, protocol), protocol).items():
            held = [images_in(a, stratum) for a in atoms]
            assert off <= protocol.tolerance + max(held) / sum(held)


@given(sizes=st.lists(st.integers(1, 12), max_size=8), least=st.integers(0, 40), more=st.integers(0, 6))
def test_what_sums_can_be_had(sizes, least, more):
    sums = {sum(some) for some in chain.from_iterable(combinations(sizes, n) for n in range(len(sizes) + 1))}
    assert reaches(sizes, least, least + more) == any(least <= total <= least + more for total in sums)


@given(atoms=ATOMS, protocol=protocols(("stratified",), ("holdout",)))
def test_a_stratum_named_too_small_is_beyond_every_assignment_of_it(atoms, protocol):
    task = splits_task(atoms, protocol)
    for stratum in task.too_few & {name(s) for s in strata(task.atoms) if len(s) == 4}:
        cell = next(s for s in strata(task.atoms) if name(s) == stratum)
        holding = [a for a in task.atoms if images_in(a, cell)][:6]
        if len(holding) < len([a for a in task.atoms if images_in(a, cell)]):
            continue
        for way in product(("train", "validation", "test"), repeat=len(holding)):
            splits = {a.component: "train" for a in atoms} | {a.component: s for a, s in zip(holding, way, strict=True)}
            if all(a.testable or splits[a.component] != "test" for a in atoms):
                assert by_hand(atoms, splits, protocol)[cell] > protocol.tolerance


def test_a_class_that_random_would_miss_is_kept_in_proportion():
    """Twenty rare lesions of five pictures among 900: a fifth of them are tests, whatever the seed."""
    rare, often = ("rare", "S", "m", "I"), ("often", "T", "m", "I")
    atoms = [atom(n, [rare] * 5) for n in range(20)] + [atom(n, [often]) for n in range(20, 920)]
    for seed in range(5):
        protocol = Protocol(assignment="stratified", seed=seed)
        splits = assign(atoms, protocol)
        assert [sum(splits[a.component] == s for a in atoms[:20]) for s in ("test", "validation", "train")] == [4, 2, 14]
        told, findings = proportions(atoms, splits, {}, protocol)
        assert (told["splits"]["largest"], findings) == (0.0, [])


def test_folds_keep_proportions_too():
    cells = [("rare", "S", "m", "I"), ("often", "T", "m", "I")]
    atoms = [atom(n, [cells[n >= 18]]) for n in range(198)]
    protocol = Protocol(protocol="kfold", folds=9, assignment="stratified")
    placed = folds(atoms, dict.fromkeys((a.component for a in atoms), "train"), protocol)
    for fold in range(9):
        assert [sum(placed[a.component] == fold for a in some) for some in (atoms[:18], atoms[18:])] == [2, 20]


def test_too_few_components_for_as_many_folds_are_named():
    atoms = [atom(n, [("rare" if n < 3 else "often", "S", "m", "I")]) for n in range(103)]
    protocol = Protocol(protocol="kfold", folds=5, assignment="stratified", tolerance=0.15)  # one each at least, of three
    splits = dict.fromkeys((a.component for a in atoms), "train")
    placed = folds(atoms, splits, protocol)
    told, findings = proportions(atoms, splits, placed, protocol)
    named = {row["stratum"] for row in told["folds"]["strata"] if row["too_few"]}
    assert named == {"class rare", "rare × S × m × I"}
    assert [f["id"] for f in findings] == ["split.stratum-too-small"]
    assert "class rare, rare × S × m × I" in findings[0]["message"]
    assert "splits" not in told


def test_components_that_fill_no_fold_evenly_are_named_though_each_fold_could_be_filled():
    """Twelve pictures in folds of at least one and at most one: each of nine folds can be served, all together cannot."""
    atoms = [atom(n, [("rare", "S", "m", "I")]) for n in range(12)]
    protocol = Protocol(protocol="kfold", folds=9, assignment="stratified", tolerance=0.05)
    task = folds_task(atoms, dict.fromkeys((a.component for a in atoms), "train"), protocol)
    assert all(reaches([1] * 12, 1, 1) for _ in range(9))
    assert "all" in task.too_few


A_S, A_T = ("A", "S", "m", "I"), ("A", "T", "m", "I")


@pytest.mark.parametrize(
    ("rows", "greedy", "repaired"),
    [
        ([[A_S], [A_S] * 3, [A_T]], 0.2, 0.15),
        ([[A_T] * 3, [A_S] * 3, [A_S, A_S, A_T]], 0.4167, 0.0833),
    ],
    ids=["by one move", "by a swap alone"],
)
def test_repair_brings_within_the_tolerance_what_the_greedy_order_misses(monkeypatch, rows, greedy, repaired):
    atoms = [atom(n, cells) for n, cells in enumerate(rows)]
    protocol = Protocol(assignment="stratified", test=0.3, validation=0, tolerance=0.15)

    def largest():
        return proportions(atoms, assign(atoms, protocol), {}, protocol)[0]["splits"]["largest"]

    assert largest() == repaired
    monkeypatch.setattr("curate.splits.stratified.TRIES", 0)
    assert largest() == greedy


def test_tests_of_the_paper_are_kept_in_proportion_by_the_images_that_stay():
    """What a test component holds beside its confirmed images is excluded, and no proportion of the test counts it."""
    sure, copy = ("A", "S", "m", "I"), ("A", "copies", "m", "I")
    plain = atom(0, [sure, copy])
    one = type(plain)(**{**plain.__dict__, "test_cells": ((sure, 1),)})
    atoms = [type(one)(**{**one.__dict__, "component": f"c-{n}", "members": (f"s:{n}", f"t:{n}")}) for n in range(20)]
    protocol = Protocol(protocol="paper", independent=("S",), assignment="stratified", test=0.2, validation=0)
    rows = deviations(splits_task(atoms, protocol), {a.component: 0 if n < 4 else 2 for n, a in enumerate(atoms)})
    assert {row["stratum"]: row["share"] for row in rows if row["in"] == "test"}["source S"] == 0.2
    assert next(row for row in rows if row["stratum"] == "source copies")["share"] == 0.0
    assert all(row["deviation"] == 0 for row in rows)
