"""The publishers' own splits: what is kept of them, what is taken out and why, and what the audit tells."""

import shutil
from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.catalogue import Catalogue
from curate.engines import LocalEngine
from curate.errors import InputError
from curate.graph.link import link
from curate.graph.policy import find_policy
from curate.manifest.freeze import freeze
from curate.manifest.frozen import Frozen, Rows
from curate.manifest.read import load
from curate.manifest.stated import protocol_keeps_its_name
from curate.manifest.verify import verify
from curate.splits.atom import Atom
from curate.splits.audit_official import SEVERAL, audit, straddling
from curate.splits.images import Image, read_images
from curate.splits.in_words import summary_lines
from curate.splits.official import adopt
from curate.splits.protocol import Protocol
from curate.splits.stage import split

OFFICIAL = Protocol(protocol="official")
SIDES = ("train", "validation", "test")


def image(image_id, component, official=None, quality=None, node="n"):
    return Image(image_id, image_id.split(":")[0], component, component, node, "", None, quality, official)


IMAGES = st.lists(
    st.builds(
        lambda source, component, side, blurred, labelled: (source, component, side, blurred, labelled),
        st.sampled_from(("s", "t", "u")),
        st.sampled_from("abcde"),
        st.sampled_from((None, *SIDES)),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
).map(
    lambda rows: [
        image(f"{source}:{n}", component, side, "blurred" if blurred else None, "n" if labelled else None)
        for n, (source, component, side, blurred, labelled) in enumerate(rows)
    ]
)
PINS = st.dictionaries(st.sampled_from("abcde"), st.sampled_from((("weak_bridge",), ("label_conflict", "over_budget"))), max_size=3)


def atoms_of(images, pins, out=()):
    """Return the atoms as the stage makes them."""
    standing = defaultdict(list)
    for one in images:
        if one.node_id and one.image_id not in out:
            standing[one.component].append(one)
    return [
        Atom(c, len(group), tuple(sorted({*pins.get(c, ()), *("quality" for i in group if i.quality_fail)})), True)
        for c, group in sorted(standing.items())
    ]


@given(images=IMAGES, pins=PINS, sources=st.sets(st.sampled_from("stu"), min_size=1))
def test_what_is_held_out_is_a_part_of_what_was_published_and_touches_nothing_else(images, pins, sources):
    reasons = {i.image_id: "no_label" for i in images if i.node_id is None}
    found = adopt(images, atoms_of(images, pins), reasons, sources)
    published = {i.image_id: i.official for i in images if i.source in sources and i.official}
    kept = defaultdict(lambda: defaultdict(list))
    for one in images:
        if one.image_id not in reasons and one.image_id not in found.reasons:
            split = found.splits[one.component]
            kept[one.component][split].append(one)
            if split == "train":
                assert published.get(one.image_id, "train") == "train"
            else:
                assert published[one.image_id] == split
                assert not one.quality_fail
                assert one.component not in pins
    assert all(len(splits) == 1 for splits in kept.values())
    for atom in atoms_of(images, pins, found.reasons):
        before = next(b for b in atoms_of(images, pins) if b.component == atom.component)
        assert atom.pinned == (() if found.splits[atom.component] != "train" else before.pinned)
    for one in images:  # what is left out has a reason that holds
        reason = found.reasons.get(one.image_id)
        sides = {published.get(i.image_id) for i in images if i.component == one.component}
        if reason == "overlaps_test":
            assert "test" in sides
            assert published.get(one.image_id) != "test"
        elif reason == "overlaps_validation":
            assert "validation" in sides
            assert published.get(one.image_id) != "validation"
        elif reason == "quality":
            assert one.quality_fail
        elif reason is not None:
            assert tuple(reason.split(",")) == pins[one.component]
        if reason is not None:
            assert one.image_id not in reasons


def test_a_test_image_that_has_no_node_still_keeps_its_component_from_train():
    images = [image("s:1", "a", "test", node=None), image("s:2", "a", "train")]
    found = adopt(images, atoms_of(images, {}), {"s:1": "no_label"}, {"s"})
    assert found.reasons == {"s:2": "overlaps_test"}


@pytest.fixture
def linked(project, frozen, tmp_path):
    """A copy of the drawn repositories' workspace, linked; tests put published splits into it."""
    assert frozen
    shutil.copytree(project.workspace, tmp_path / "copy", ignore=shutil.ignore_patterns("writer.lock"))
    with Catalogue.write(tmp_path / "copy", "a test") as catalogue:
        yield catalogue


def publish(catalogue, sides):
    for image_id, side in sides.items():
        catalogue.execute("UPDATE records SET official_split = ? WHERE image_id = ?", [side, image_id])


def sides_by_number(catalogue, source):
    """Put the pictures of a source in turn on the three sides, by id."""
    ids = [i for (i,) in catalogue.rows("SELECT image_id FROM pictures WHERE source_id = ? ORDER BY 1", [source])]
    return {i: SIDES[n % 3] for n, i in enumerate(ids)}


def test_a_leaking_split_is_adopted_as_far_as_it_is_sound_and_verifies(linked, tree, tmp_path):
    sides = sides_by_number(linked, "ham10000")
    publish(linked, sides)
    summary = split(linked, Protocol(protocol="official", adopt=("ham10000",), folds=2), tree)
    assert summary["official"]["adopted"] == ["ham10000"]
    lesions = defaultdict(set)
    for image_id, key in linked.rows("SELECT image_id, lesion_key FROM image_lesion_keys"):
        if image_id in sides:
            lesions[key].add(sides[image_id])
    parted = sum(len(on) > 1 for on in lesions.values())
    assert parted > 0
    counted = {r["evidence"]: r["groups"] for r in summary["official"]["straddling"] if r["source"] == "ham10000"}
    assert counted["lesion"] == parted
    rows = linked.rows("SELECT image_id, split, excluded_reason FROM assignments")
    for image_id, where, reason in rows:
        assert where in ("excluded", sides.get(image_id, "train"))
        assert (where == "excluded") == (reason is not None)
    frozen = freeze(linked, tree, "official", tmp_path)
    assert verify(tmp_path / "official").violations == []
    assert frozen["images"] == len(rows)
    info = load(tmp_path / "official").info
    assert info["protocol"]["adopted"] == ["ham10000"]
    leaks = [f for f in info["findings"] if f["id"] == "official.leak"]
    assert len(leaks) == summary["official"]["components"]
    assert all("Joined by" in f["message"] and f["severity"] == "error" for f in leaks)
    assert any("overlaps" in reason for reason in summary["excluded"])
    lines = summary_lines(summary)
    assert any(line.startswith("adopted: the split of ham10000; it parts") for line in lines)
    assert any("lesion of ham10000" in line for line in lines)
    assert "trained on, though no adopted split speaks of them:" in lines


def test_folds_are_stratified_over_the_images_that_are_kept(linked, tree):
    publish(linked, {i: "validation" if side == "test" else side for i, side in sides_by_number(linked, "ham10000").items()})
    asked = Protocol(protocol="official", assignment="stratified", folds=2, adopt=("ham10000",))
    summary = split(linked, asked, tree)
    assert summary["excluded"]["overlaps_validation"] > 0
    (whole,) = (row for row in summary["strata"]["folds"]["strata"] if row["stratum"] == "all")
    assert whole["images"] == sum(summary["folds"]) > 0


def test_a_sound_split_of_all_is_kept_whole(linked, tree):
    component = dict(linked.rows("SELECT image_id, component FROM components"))
    publish(linked, dict.fromkeys(component, "train"))
    summary = split(linked, OFFICIAL, tree)
    assert summary["official"] == {
        "adopted": ["ham10000", "isic_challenge_2017", "pad_ufes_20"],
        "components": 0,
        "images": 0,
        "straddling": [],
        "train_unpublished": {},
    }
    assert summary["splits"] == {"train": len(component), "validation": 0, "test": 0, "excluded": 0}
    assert summary_lines(summary)[-1].endswith("it parts 0 components with 0 images")


def test_two_publishers_that_are_sound_alone_may_overlap(linked, tree):
    """The challenge holds copies of HAM10000's pictures: one's test is the other's training set."""
    rows = linked.rows("SELECT image_id, source_id FROM pictures")
    sides = {i: {"ham10000": "test", "isic_challenge_2017": "train"}.get(s) for i, s in rows}
    publish(linked, sides)
    summary = split(linked, OFFICIAL, tree)
    assert summary["official"]["components"] == 0
    assert {r["source"] for r in summary["official"]["straddling"]} == {SEVERAL}
    found = linked.rows("SELECT id, severity, message FROM findings WHERE id LIKE 'official.%'")
    assert {(name, severity) for name, severity, _ in found} == {("official.overlap", "warning")}
    assert all("several sources together" in message for *_, message in found)
    assert summary["excluded"]["overlaps_test"] > 0


def test_a_straddle_that_only_a_chain_explains_is_told_as_one(linked):
    """A and C are on two sides, nothing joins them but B, of which no split speaks."""
    a, b, c = (i for (i,) in linked.rows("SELECT image_id FROM pictures ORDER BY 1 LIMIT 3"))
    linked.execute("UPDATE components SET component = 'c-chain' WHERE image_id IN (?, ?, ?)", [a, b, c])
    linked.execute("UPDATE records SET official_split = NULL")
    linked.execute("DELETE FROM edges")
    for first, second in ((a, b), (b, c)):
        linked.execute("INSERT INTO edges VALUES (?, ?, 'hash', 1, NULL, false, false, '')", [first, second])
    publish(linked, {a: "train", c: "test"})
    linked.execute("UPDATE records SET lesion_keys = [], patient_keys = [], image_keys = []")
    images = read_images(linked, OFFICIAL)
    source = images[0].source
    found = [s for s in straddling(linked, images, {source}) if a in s.images]
    assert [(s.evidence, s.images) for s in found] == [("chain", (a, c))]
    publish(linked, {b: "train"})
    images = read_images(linked, OFFICIAL)
    found = [s for s in straddling(linked, images, {source}) if c in s.images]
    assert [(s.evidence, s.name, s.images) for s in found] == [("hash", f"{b} - {c}", (b, c))]
    splits = {i.component: "test" for i in images}
    summary, findings = audit(linked, images, splits, {i.image_id for i in images}, {source})
    assert summary["straddling"] == [{"source": source, "evidence": "hash", "groups": 1, "images": 2, "components": 1}]
    assert [f["images"] for f in findings] == [[a, b, c]]


def test_evidence_that_the_policy_does_not_count_is_not_audited(linked, tree):
    """One patient's pictures stand on three sides: a leak at patient level, and none where lesions are what is kept together."""
    publish(linked, sides_by_number(linked, "pad_ufes_20"))
    protocol = Protocol(protocol="official", adopt=("pad_ufes_20",))
    counted = {row["evidence"] for row in split(linked, protocol, tree)["official"]["straddling"]}
    assert "patient" in counted
    link(linked, find_policy("strict", level="lesion"), LocalEngine(1))
    summary = split(linked, protocol, tree)
    assert {row["evidence"] for row in summary["official"]["straddling"]} == counted - {"patient"}


def test_sources_that_cannot_be_adopted_are_named(linked, tree):
    linked.execute("UPDATE records SET official_split = NULL WHERE source_id <> 'isic_challenge_2017'")
    with pytest.raises(InputError, match="'dermofit', named as one whose split is adopted"):
        split(linked, Protocol(protocol="official", adopt=("dermofit",)), tree)
    with pytest.raises(InputError, match="'ham10000' has no split of its own"):
        split(linked, Protocol(protocol="official", adopt=("ham10000",)), tree)
    linked.execute("UPDATE records SET official_split = NULL")
    with pytest.raises(InputError, match="No source of the catalogue has a split of its own"):
        split(linked, OFFICIAL, tree)


@pytest.mark.parametrize(("split_name", "official"), [("train", "test"), ("test", "train"), ("test", None), ("validation", "test")])
def test_a_frozen_official_split_that_is_not_the_publisher_s_does_not_verify(split_name, official):
    row = {"image_id": "s:1", "source": "s", "official_split": official, "split": split_name}
    info = {"protocol": {"name": "official", "adopted": ["s"], "independent": [], "test_requires": {}}, "sources": []}

    def violations(rows):
        columns = {"image_a": pa.array([], pa.string()), "image_b": pa.array([], pa.string())}
        frozen = Frozen(Rows(pa.Table.from_pylist(rows)), Rows(pa.table(columns)), {"nodes": [], "three": [], "nine": []}, info)
        return list(protocol_keeps_its_name(frozen))

    assert len(violations([row])) == 1
    assert violations([{**row, "split": official or "train"}]) == []
    assert violations([{**row, "split": "excluded"}]) == []
