"""Every protocol with every assignment: whole components, shares, pins, order, what is fixed."""

import hashlib
import hmac
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from curate.splits.assign import assign, folds
from curate.splits.atom import Atom
from curate.splits.hashed import representative
from curate.splits.protocol import Protocol
from tests.splits.drawn import ATOMS, atom, protocols

SIDES = ("train", "validation", "test")


def sizes(atoms, splits):
    return {side: sum(a.size for a in atoms if splits[a.component] == side) for side in SIDES}


@given(atoms=ATOMS, protocol=protocols())
def test_every_component_has_one_split_and_what_must_not_be_held_out_is_not(atoms, protocol):
    splits = assign(atoms, protocol)
    assert splits.keys() == {a.component for a in atoms}
    assert set(splits.values()) <= set(SIDES)
    assert sum(sizes(atoms, splits).values()) == sum(a.size for a in atoms)
    for a in atoms:
        assert not (a.pinned and splits[a.component] != "train")
        assert not (not a.testable and splits[a.component] == "test")
    if protocol.protocol == "kfold":
        assert set(splits.values()) == {"train"}


@given(atoms=ATOMS, protocol=protocols(("random", "stratified")))
def test_no_set_exceeds_its_share(atoms, protocol):
    total = sum(a.size for a in atoms)
    found = sizes(atoms, assign(atoms, protocol))
    assert found["test"] <= round(protocol.test * total)
    assert found["validation"] <= round(protocol.validation * total)


@given(atoms=ATOMS, protocol=protocols(), shuffle=st.randoms(use_true_random=False))
def test_order_changes_nothing(atoms, protocol, shuffle):
    splits = assign(atoms, protocol)
    placed = folds(atoms, splits, protocol)
    other = list(atoms)
    shuffle.shuffle(other)
    assert assign(other, protocol) == splits
    assert folds(other, splits, protocol) == placed


@given(atoms=ATOMS, protocol=protocols())
def test_folds_hold_whole_components_of_train_and_validation(atoms, protocol):
    splits = assign(atoms, protocol)
    placed = folds(atoms, splits, protocol)
    expected = {a.component for a in atoms if not a.pinned and splits[a.component] != "test"} if protocol.folds else set()
    assert placed.keys() == expected
    assert set(placed.values()) <= set(range(protocol.folds))


@given(atoms=ATOMS, protocol=protocols(), data=st.data())
def test_what_is_fixed_stays_and_counts_towards_the_shares(atoms, protocol, data):
    free = [a for a in atoms if not a.pinned]
    fixed = {
        a.component: data.draw(st.sampled_from(SIDES if a.testable else SIDES[:2]))
        for a in free
        if data.draw(st.booleans(), label=f"{a.component} is fixed")
    }
    splits = assign(atoms, protocol, fixed | {"c-of-another-catalogue": "test"})
    assert splits.keys() == {a.component for a in atoms}
    assert {c: splits[c] for c in fixed} == fixed
    if protocol.assignment in ("random", "stratified"):
        total = sum(a.size for a in atoms)
        held = sizes([a for a in atoms if a.component in fixed], splits)
        for side, share in protocol.shares().items():
            assert sizes(atoms, splits)[side] <= max(held[side], round(share * total))
    frozen = dict.fromkeys(fixed, 0) if protocol.folds else {}
    placed = folds(atoms, splits, protocol, frozen)
    assert all(placed[c] == 0 for c in frozen if splits[c] != "test")


@given(atoms=ATOMS, protocol=protocols(("hashed",)), more=ATOMS)
def test_a_hashed_component_stays_where_it_is_when_others_come_or_go(atoms, protocol, more):
    others = [replace(a, component=f"x{a.component}", members=tuple(f"x{m}" for m in a.members)) for a in more]
    splits, alone = assign([*others, *atoms], protocol), assign(atoms, protocol)
    assert {a.component: splits[a.component] for a in atoms} == alone
    placed = folds([*others, *atoms], splits, protocol)
    alone_placed = folds(atoms, alone, protocol)
    assert {c: placed[c] for c in alone_placed} == alone_placed


@given(members=st.sets(st.text(min_size=1, max_size=4), min_size=1, max_size=9), new=st.text(min_size=5, max_size=6))
def test_a_hashed_component_may_move_only_when_the_newcomer_has_the_smallest_hash(members, new):
    """The hash is made here anew; whatever the component is called, it stays where its representative puts it."""

    def keyed(purpose, name):
        return hmac.new(b"2017", f"{purpose}\n{name}".encode(), hashlib.sha256).digest()

    def of(images, name):
        return Atom(name, 1, (), True, tuple(images))

    first = min(members, key=lambda m: keyed("member", m))
    protocol = Protocol(assignment="hashed", test=0.3, validation=0.3, folds=5)
    before, after = of(members, "c"), of(members | {new}, "d")
    assert representative(2017, before) == first
    if representative(2017, after) != new:
        assert assign([before], protocol)["c"] == assign([after], protocol)["d"]
        splits = {"c": "train", "d": "train"}
        assert folds([before], splits, protocol)["c"] == folds([after], splits, protocol)["d"]
    else:
        assert keyed("member", new) < keyed("member", first)
    place = int.from_bytes(keyed("split", first)) / 2**256
    assert assign([before], protocol)["c"] == ("test" if place < 0.3 else "validation" if place < 0.6 else "train")


def test_a_newcomer_takes_the_place_of_the_representative_once_in_as_many_members_as_there_are():
    moved = 0
    for n in range(2000):
        members = tuple(f"{n}.{m}" for m in range(4))
        moved += representative(1, Atom("c", 1, (), True, members)) == members[-1]
    assert 430 < moved < 570  # 1 in 4; five standard deviations are 97


def test_large_components_are_hashed_as_evenly_as_small_ones():
    """The smallest of 30 hashes is nearly always below 0.2: taken as the place it would put every large component in the test."""
    atoms = [Atom(f"c-{n}", 30, (), True, tuple(f"{n}.{m}" for m in range(30))) for n in range(1000)]
    splits = assign(atoms, Protocol(assignment="hashed", test=0.2, validation=0.1, folds=4))
    counts = [sum(s == side for s in splits.values()) for side in ("test", "validation", "train")]
    assert all(abs(n - expected) < 65 for n, expected in zip(counts, (200, 100, 700), strict=True))
    placed = list(folds(atoms, dict.fromkeys(splits, "train"), Protocol(assignment="hashed", folds=4)).values())
    assert all(abs(placed.count(fold) - 250) < 70 for fold in range(4))


def slow_majority(atoms, protocol):
    """Draw images one by one, then let each component go where most of its images are."""
    total = sum(a.size for a in atoms)
    left = {"test": round(protocol.test * total), "validation": round(protocol.validation * total)}
    if protocol.protocol == "kfold":
        left = {"test": 0, "validation": 0}
    of = {image: a for a in atoms for image in a.standing}
    side = {}
    for image in sorted(of, key=lambda i: hashlib.sha256(f"{protocol.seed}\ncandidate\n{i}".encode()).digest()):
        side[image] = "train"
        if of[image].pinned:
            continue
        if left["test"] > 0 and of[image].testable:
            side[image] = "test"
        elif left["validation"] > 0:
            side[image] = "validation"
        if side[image] != "train":
            left[side[image]] -= 1
    splits = {}
    for a in atoms:
        held = [side[image] for image in a.standing]
        most = max(held.count(s) for s in SIDES)
        splits[a.component] = [s for s in SIDES if held.count(s) == most][-1]  # test before validation before train
    return splits


@given(atoms=ATOMS, protocol=protocols(("majority",)))
def test_the_authors_majority_side(atoms, protocol):
    assert assign(atoms, protocol) == slow_majority(atoms, protocol)


def test_a_tie_of_the_majority_goes_to_the_test():
    protocol = Protocol(assignment="majority", test=0.5, validation=0)
    parted = 0
    for seed in range(30):
        pair = [atom(0, [("A", "S", "m", "I")] * 2)]
        parted += assign(pair, protocol.model_copy(update={"seed": seed}))["c-000"] == "test"
    assert parted == 30


def test_another_seed_is_another_draw_whatever_the_assignment():
    atoms = [atom(n, [("A", "S", "m", "I")]) for n in range(200)]
    for assignment in ("random", "stratified", "hashed", "majority"):
        drawn = [assign(atoms, Protocol(assignment=assignment, seed=seed)) for seed in (1, 2)]
        assert drawn[0] != drawn[1], assignment
