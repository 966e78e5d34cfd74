"""Splits: whole components, whatever the sizes, the seed and the order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.errors import InputError
from curate.graph.link import link
from curate.graph.policy import find_policy
from curate.splits.assign import Atom, assign, folds
from curate.splits.protocol import Protocol, QualityGate
from curate.splits.stage import split

ATOMS = st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.booleans()), min_size=1, max_size=60).map(
    lambda rows: [
        Atom(f"c-{n:03d}", size, ("quality",) if pinned else (), testable) for n, (size, pinned, testable) in enumerate(rows)
    ]
)
PROTOCOLS = st.builds(
    lambda test, validation, seed, k: Protocol(test=test, validation=validation, seed=seed, folds=k),
    st.floats(0, 0.5),
    st.floats(0, 0.4),
    st.integers(0, 9),
    st.integers(0, 9),
)


@given(atoms=ATOMS, protocol=PROTOCOLS)
def test_shares_are_kept_and_what_must_stay_in_train_stays(atoms, protocol):
    splits = assign(atoms, protocol)
    assert splits.keys() == {a.component for a in atoms}
    total = sum(a.size for a in atoms)
    size = {s: sum(a.size for a in atoms if splits[a.component] == s) for s in ("train", "validation", "test")}
    assert size["test"] <= round(protocol.test * total)
    assert size["validation"] <= round(protocol.validation * total)
    for a in atoms:
        if a.pinned:
            assert splits[a.component] == "train"
        if not a.testable:
            assert splits[a.component] != "test"


@given(atoms=ATOMS, protocol=PROTOCOLS, shuffle=st.randoms(use_true_random=False))
def test_order_changes_nothing(atoms, protocol, shuffle):
    splits = assign(atoms, protocol)
    placed = folds(atoms, splits, protocol)
    other = list(atoms)
    shuffle.shuffle(other)
    assert assign(other, protocol) == splits
    assert folds(other, splits, protocol) == placed


@given(atoms=ATOMS, protocol=PROTOCOLS)
def test_folds_hold_whole_components_of_train_and_validation_evenly(atoms, protocol):
    splits = assign(atoms, protocol)
    placed = folds(atoms, splits, protocol)
    expected = {a.component for a in atoms if not a.pinned and splits[a.component] != "test"} if protocol.folds else set()
    assert placed.keys() == expected
    if protocol.folds and placed:
        sizes = [sum(a.size for a in atoms if placed.get(a.component) == f) for f in range(protocol.folds)]
        assert max(sizes) - min(sizes) <= max(a.size for a in atoms)


def test_many_small_components_reach_their_shares():
    atoms = [Atom(f"c-{n}", 1, (), True) for n in range(1000)]
    splits = assign(atoms, Protocol(test=0.2, validation=0.1))
    assert [sum(v == s for v in splits.values()) for s in ("train", "validation", "test")] == [700, 100, 200]


def test_another_seed_is_another_draw():
    atoms = [Atom(f"c-{n}", 1, (), True) for n in range(100)]
    assert assign(atoms, Protocol(seed=1)) != assign(atoms, Protocol(seed=2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test": 0.6, "validation": 0.5}, "leave nothing"),
        ({"protocol": "paper"}, "needs `independent`"),
        ({"protocol": "kfold"}, "at least 2 folds"),
        ({"shares": 3}, "Extra inputs"),
    ],
)
def test_impossible_protocols_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        Protocol(**settings)


def test_the_gate_names_every_reason():
    gate = QualityGate()
    assert gate.fails(400, 300, 50, 30) is None
    assert gate.fails(50, 300, 1, 1) == "small,blurred,flat"


@pytest.fixture
def linked(project, frozen, tree):
    assert frozen
    with Catalogue.write(project.workspace, "a test") as catalogue:
        link(catalogue, find_policy("strict"), LocalEngine(1))
        yield catalogue
        link(catalogue, find_policy("strict"), LocalEngine(1))
        split(catalogue, project.split, tree)


def test_the_paper_s_protocol_tests_on_confirmed_independent_images_only(linked, tree):
    protocol = Protocol(protocol="paper", independent=("pad_ufes_20",), test=0.3, validation=0)
    summary = split(linked, protocol, tree)
    tested = linked.rows(
        """SELECT i.source_id, r.confirmation FROM assignments a JOIN images i USING (image_id) JOIN records r USING (image_id)
           WHERE split = 'test'"""
    )
    assert tested
    assert set(tested) == {("pad_ufes_20", "histopathology")}
    assert sum(summary["splits"].values()) == 26


def test_what_overlaps_the_paper_s_test_is_excluded_with_its_reason(linked, tree):
    """The challenge holds copies of HAM10000's lesions: where HAM10000 is the test, they leave the training set."""
    split(linked, Protocol(protocol="paper", independent=("ham10000",), test=0.6, validation=0), tree)
    rows = linked.rows("""SELECT a.image_id, a.excluded_reason FROM assignments a WHERE a.split = 'excluded' ORDER BY 1""")
    assert rows
    assert all(i.startswith("isic_challenge_2017:") and reason == "overlaps_test" for i, reason in rows)
    straddling = linked.value(
        """SELECT count(*) FROM edges e JOIN assignments a ON a.image_id = e.image_a JOIN assignments b ON b.image_id = e.image_b
           WHERE a.split <> b.split AND a.split <> 'excluded' AND b.split <> 'excluded'"""
    )
    assert straddling == 0


def test_k_folds_draw_no_test(linked, tree):
    summary = split(linked, Protocol(protocol="kfold", folds=3), tree)
    assert (summary["splits"]["test"], summary["splits"]["validation"]) == (0, 0)
    assert sum(summary["folds"]) == 26 - sum(summary["pinned"].values())


def test_an_independent_source_that_is_not_there_is_named(linked, tree):
    with pytest.raises(InputError, match="'dermofit', named as independent"):
        split(linked, Protocol(protocol="paper", independent=("dermofit",)), tree)
