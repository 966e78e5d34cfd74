"""Splits: whole components, whatever the sizes, the seed and the order."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.errors import BrokenInvariantError, InputError, NotReadyError
from curate.graph.link import link
from curate.graph.policy import find_policy
from curate.splits.assign import Atom, assign, folds
from curate.splits.in_words import summary_lines
from curate.splits.protocol import Protocol
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
        ({"adopt": ("ham10000",)}, "the protocol official alone"),
        ({"assignment": "by hand"}, "Input should be"),
        ({"tolerance": 2}, "less than or equal to 1"),
        ({"shares": 3}, "Extra inputs"),
    ],
)
def test_impossible_protocols_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        Protocol(**settings)


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


def test_the_summary_says_how_far_ids_reach_in_each_source(linked, tree):
    summary = split(linked, Protocol(), tree)
    told = {name: found["level"] for name, found in summary["levels"].items()}
    assert told == {"ham10000": "lesion", "isic_challenge_2017": "image", "pad_ufes_20": "patient"}
    ham = summary["levels"]["ham10000"]
    assert ham["lesion"] == ham["image"] == ham["images"]
    assert ham["patient"] == 0
    assert summary["levels"]["isic_challenge_2017"]["lesion"] > 0  # HAM10000 tells the lesion of the same number


def test_a_level_that_only_rows_without_a_picture_know_is_none_of_the_pictures(linked, tree):
    linked.execute(
        """INSERT INTO records BY NAME
           SELECT * REPLACE ('ham10000:row' AS record_id, NULL AS image_id, ['isic:0'] AS image_keys, ['h:1'] AS patient_keys)
           FROM records WHERE source_id = 'ham10000' LIMIT 1"""
    )
    ham = split(linked, Protocol(), tree)["levels"]["ham10000"]
    assert (ham["level"], ham["patient"]) == ("lesion", 0)


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        ({"level": "lesion"}, {"ham10000": "lesion", "isic_challenge_2017": "image", "pad_ufes_20": "lesion"}),
        ({"without_ids": True}, dict.fromkeys(("ham10000", "isic_challenge_2017", "pad_ufes_20"), "pixels")),
    ],
)
def test_no_level_is_claimed_that_the_policy_does_not_count(linked, tree, changes, levels):
    link(linked, find_policy("strict", **changes), LocalEngine(1))
    summary = split(linked, Protocol(), tree)
    assert {name: found["level"] for name, found in summary["levels"].items()} == levels


def test_a_stratified_split_tells_its_proportions_in_the_summary_and_in_findings(linked, tree):
    summary = split(linked, Protocol(assignment="stratified", tolerance=0.01, folds=3), tree)
    for what in ("splits", "folds"):
        rows = summary["strata"][what]["strata"]
        assert {"all", "source ham10000", "modality dermoscopic"} <= {row["stratum"] for row in rows}
        assert rows == sorted(rows, key=lambda row: (-row["deviation"], row["stratum"]))
        assert summary["strata"][what]["too_few"] == sum(row["too_few"] for row in rows) > 0
    ids = {i for (i,) in linked.rows("SELECT id FROM findings WHERE stage = 'split'")}
    assert "split.stratum-too-small" in ids
    lines = summary_lines(summary)
    assert sum(line.startswith("proportions in the ") for line in lines) == 2
    only = summary_lines(split(linked, Protocol(assignment="stratified"), tree))
    assert sum(line.startswith("proportions in the ") for line in only) == 1
    assert "proportions" not in " ".join(summary_lines(split(linked, Protocol(), tree)))


def test_the_same_split_again_changes_nothing(linked, tree):
    first = split(linked, Protocol(assignment="hashed"), tree)
    assert split(linked, Protocol(assignment="hashed"), tree) == {**first, "skipped": True}


def test_a_split_that_is_not_sound_is_not_written(linked, tree, monkeypatch):
    before = linked.rows("SELECT * FROM assignments ORDER BY ALL")
    monkeypatch.setattr("curate.splits.stage.folds", lambda atoms, splits, *_: dict.fromkeys(splits, 0))
    with pytest.raises(BrokenInvariantError, match=r"The split was not written: .* is in the test, and in fold 0"):
        split(linked, Protocol(seed=99), tree)
    assert linked.rows("SELECT * FROM assignments ORDER BY ALL") == before


@pytest.fixture
def doubtful(project, frozen, tmp_path):
    """A copy of the workspace in which tests make pictures doubtful."""
    assert frozen
    shutil.copytree(project.workspace, tmp_path / "copy", ignore=shutil.ignore_patterns("writer.lock"))
    with Catalogue.write(tmp_path / "copy", "a test") as catalogue:
        yield catalogue


def lesion_of_several(catalogue, source):
    """Return a component all of whose pictures are of one source and one lesion, with them."""
    return catalogue.rows(
        """SELECT component, list(image_id ORDER BY image_id) FROM components GROUP BY 1
           HAVING count(*) > 1 AND count(DISTINCT lesion_component) = 1 AND bool_and(starts_with(image_id, ? || ':')) ORDER BY 1""",
        [source],
    )[0]


def relabel(catalogue, image_id, label):
    catalogue.execute(
        "UPDATE labels SET label = ? WHERE record_id = (SELECT record_id FROM records WHERE image_id = ?)", [label, image_id]
    )


def assigned(catalogue, images):
    return catalogue.rows(
        f"SELECT split, pinned, excluded_reason FROM assignments WHERE image_id IN ({', '.join('?' * len(images))})", images
    )


OFFICIAL = Protocol(protocol="official", adopt=("ham10000",))


def test_images_of_one_lesion_under_two_diagnoses_stay_in_train(doubtful, tree):
    component, images = lesion_of_several(doubtful, "ham10000")
    for n, image in enumerate(images):
        relabel(doubtful, image, ("mel", "nv")[n % 2])
    summary = split(doubtful, Protocol(test=0.5, validation=0.4), tree)
    assert set(assigned(doubtful, images)) == {("train", "label_conflict", None)}
    assert summary["pinned"]["label_conflict"] == len(images)
    found = doubtful.rows("SELECT message, images FROM findings WHERE id = 'label.conflict' AND component = ?", [component])
    assert [listed for _, listed in found] == [images]
    assert "labelled" in found[0][0]
    doubtful.execute("UPDATE records SET official_split = 'test' WHERE source_id = 'ham10000'")
    split(doubtful, OFFICIAL, tree)
    assert set(assigned(doubtful, images)) == {("excluded", None, "label_conflict")}


def test_a_component_in_doubt_stays_in_train_or_leaves_the_published_test(doubtful, tree):
    component, images = lesion_of_several(doubtful, "ham10000")
    for name in ("component.weak-bridge", "component.over-budget"):
        doubtful.insert(
            "findings",
            [{"stage": "link", "id": name, "severity": "info", "message": "", "component": component, "images": images}],
        )
    split(doubtful, Protocol(test=0.5, validation=0.4, folds=2), tree)
    assert set(assigned(doubtful, images)) == {("train", "over_budget,weak_bridge", None)}
    doubtful.execute("UPDATE records SET official_split = 'validation' WHERE source_id = 'ham10000'")
    split(doubtful, OFFICIAL, tree)
    assert set(assigned(doubtful, images)) == {("excluded", None, "over_budget,weak_bridge")}


def test_a_blurred_picture_pins_its_component_and_leaves_a_published_test_alone(doubtful, tree):
    _, images = lesion_of_several(doubtful, "ham10000")
    doubtful.execute(
        "UPDATE fingerprints SET sharpness = 1 WHERE sha256 = (SELECT sha256 FROM image_contents WHERE image_id = ?)", [images[0]]
    )
    split(doubtful, Protocol(test=0.5, validation=0.4), tree)
    assert set(assigned(doubtful, images)) == {("train", "quality", None)}
    doubtful.execute("UPDATE records SET official_split = 'test' WHERE source_id = 'ham10000'")
    split(doubtful, OFFICIAL, tree)
    assert assigned(doubtful, images[:1]) == [("excluded", None, "quality")]
    assert set(assigned(doubtful, images[1:])) == {("test", None, None)}


def test_a_picture_without_a_label_is_excluded_and_its_component_is_not(doubtful, tree):
    _, images = lesion_of_several(doubtful, "ham10000")
    doubtful.execute("DELETE FROM labels WHERE record_id = (SELECT record_id FROM records WHERE image_id = ?)", [images[0]])
    split(doubtful, Protocol(), tree)
    assert assigned(doubtful, images[:1]) == [("excluded", None, "no_label")]
    assert {where for where, *_ in assigned(doubtful, images[1:])} & {"train", "validation", "test"}


def test_without_any_label_there_is_nothing_to_split(doubtful, tree):
    doubtful.execute("DELETE FROM labels")
    with pytest.raises(InputError, match="No image can stand in a split"):
        split(doubtful, Protocol(), tree)


def test_a_split_waits_for_links_that_are_up_to_date(doubtful, tree):
    doubtful.execute("UPDATE stages SET input_digest = 'of older rows' WHERE stage = 'link'")
    with pytest.raises(NotReadyError, match="The links are older"):
        split(doubtful, Protocol(), tree)
