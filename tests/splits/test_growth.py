"""Growth over catalogues in miniature: no frozen image ever gets another seat, and no tie outlives a split."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.graph.components import components
from curate.graph.evidence import groups
from curate.graph.evidence.interface import Edge
from curate.splits.assign import Atom, assign, folds
from curate.splits.extend import frozen_protocol
from curate.splits.growth import Growth, contested, grow, keep_pins, stays
from curate.splits.protocol import Protocol
from curate.splits.quality_gate import QualityGate
from curate.splits.quarantine import without
from curate.splits.seats import DROPS, Frozen, Member, Seat

SOME = settings(max_examples=100)
GIVEN = ("train", "validation", "test")


def exclude(a: str, b: str) -> bool:
    """Nodes are words; one that begins with another lies below it."""
    return not (a.startswith(b) or b.startswith(a))


@dataclass(frozen=True)
class Picture:
    """An image with what its publisher says, and the keys that it shares with others."""

    name: str
    node: str | None = "n"
    keys: frozenset[tuple[str, str]] = frozenset()  # (evidence, key)
    passes: bool = True
    confirmed: bool = True
    own_conflict: bool = False


@dataclass(frozen=True)
class World:
    pictures: tuple[Picture, ...]
    hashes: frozenset[tuple[str, str]] = frozenset()  # pairs tied by likeness
    weak: frozenset[str] = frozenset()  # whose component hangs together by a weak edge

    def edges(self) -> list[Edge]:
        shared: dict[tuple[str, str], list[str]] = defaultdict(list)
        for picture in self.pictures:
            for key in picture.keys:
                shared[key].append(picture.name)
        tied = [
            edge
            for evidence in ("bytes", "lesion", "patient")
            for edge in groups.must_link(evidence, [(k, names) for (e, k), names in sorted(shared.items()) if e == evidence])
        ]
        return tied + [Edge(*sorted(pair), "hash", 0.9, False, False, "9 bits") for pair in sorted(self.hashes)]


@dataclass
class Made:
    """A split: a row for each image, the edges of its manifest, what growth decided."""

    rows: dict[str, dict]
    edges: list[Edge]
    growth: Growth = field(default_factory=Growth)

    def frozen(self, protocol: Protocol) -> Frozen:
        return Frozen(
            folder="old",
            name="old",
            digest="0",
            seats={i: Seat(r["split"], r["fold"]) for i, r in self.rows.items() if r["split"] != "excluded"},
            pins={i: r["pinned"] for i, r in self.rows.items() if r["pinned"]},
            excluded={i: r["reason"] for i, r in self.rows.items() if r["reason"]},
            sha256={},
            protocol=protocol.model_dump(mode="json"),
        )

    def places(self) -> dict[str, tuple]:
        return {i: tuple(row.values()) for i, row in self.rows.items()}


def make(world: World, protocol: Protocol, frozen: Frozen | None = None, merge="drop", order=lambda items: items) -> Made:
    """Split a world as the stage does."""
    edges = order(world.edges())
    names = [p.name for p in world.pictures]
    whole = components(names, [e[:2] for e in edges])
    lesion = components(names, [e[:2] for e in edges if e.evidence != "patient"])
    paper = protocol.protocol == "paper"
    members = order(
        [
            Member(p.name, whole[p.name], lesion[p.name], p.node, p.passes, not paper or p.confirmed, p.own_conflict)
            for p in world.pictures
        ]
    )
    growth = grow(members, frozen, edges, merge=merge, exclude=exclude) if frozen else Growth()
    members = [
        replace(m, component=growth.components[m.image_id][0], lesion_component=growth.components[m.image_id][1])
        if m.image_id in growth.components
        else m
        for m in members
    ]
    reasons = {m.image_id: "no_label" for m in members if m.node_id is None} | growth.excluded
    pins = defaultdict(set)
    for m in members:
        if m.own_conflict or any(
            n.lesion_component == m.lesion_component and m.node_id and n.node_id and exclude(m.node_id, n.node_id) for n in members
        ):
            pins[m.component].add("label_conflict")
        if m.image_id in world.weak:
            pins[m.component].add("weak_bridge")
        if not m.passes and m.image_id not in reasons:
            pins[m.component].add("quality")
    standing = defaultdict(list)
    for m in members:
        if m.image_id not in reasons:
            standing[m.component].append(m)
    atoms = [Atom(c, len(g), tuple(sorted(pins[c])), any(m.testable for m in g)) for c, g in standing.items()]
    atoms = keep_pins(atoms, growth, protocol.folds)
    splits = assign(atoms, protocol, growth.splits)
    placed = folds(atoms, splits, protocol, growth.folds)
    if paper:
        overlap = {m.image_id: "overlaps_test" for m in members if splits.get(m.component) == "test" and not m.testable}
        reasons |= {i: why for i, why in overlap.items() if i not in growth.excluded}
    pinned = {a.component: ",".join(a.pinned) for a in atoms if a.pinned}
    rows = {
        m.image_id: {
            "split": "excluded" if m.image_id in reasons else splits[m.component],
            "fold": None if m.image_id in reasons else placed.get(m.component),
            "pinned": None if m.image_id in reasons else pinned.get(m.component),
            "reason": reasons.get(m.image_id),
        }
        for m in sorted(members, key=lambda m: m.image_id)
    }
    kept, restored = without(edges, growth.aside)
    assert restored == growth.restored
    return Made(rows, kept + restored, growth)


def wrong(world: World, made: Made, protocol: Protocol) -> list[str]:
    """Return what breaks an invariant of a manifest, looked for slowly."""
    found = []
    rows = made.rows
    given = {i: r for i, r in rows.items() if r["split"] in GIVEN}
    pictures = {p.name: p for p in world.pictures}
    graph, lesions = nx.Graph(), nx.Graph()
    for g in (graph, lesions):
        g.add_nodes_from(rows)
    graph.add_edges_from(e[:2] for e in made.edges)
    lesions.add_edges_from(e[:2] for e in made.edges if e.evidence != "patient")
    for piece in nx.connected_components(graph):
        for what in ("split", "fold", "pinned"):
            if len({given[i][what] for i in piece if i in given}) > 1:
                found.append(f"{sorted(piece)} straddle by {what}")
    for a, b in combinations(given, 2):
        if pictures[a].keys & pictures[b].keys and (given[a]["split"], given[a]["fold"]) != (given[b]["split"], given[b]["fold"]):
            found.append(f"a key connects {a} and {b}")
    for piece in nx.connected_components(lesions):
        nodes = {pictures[i].node for i in piece} - {None}
        if any(exclude(a, b) for a in nodes for b in nodes) and any(rows[i]["split"] == "test" for i in piece):
            found.append(f"{sorted(piece)} conflict in test")
    for i, row in given.items():
        p = pictures[i]
        if p.node is None or (row["split"] != "train" and not p.passes):
            found.append(f"{i} is unfit")
        if row["split"] == "test" and (p.own_conflict or (protocol.protocol == "paper" and not p.confirmed)):
            found.append(f"{i} is no test")
        if row["pinned"] and (row["split"] != "train" or row["fold"] is not None):
            found.append(f"{i} is pinned in {row}")
        if protocol.folds and row["split"] != "test" and (row["fold"] is None) != (row["pinned"] is not None):
            found.append(f"{i}: fold and pin {row}")
    return found


def broken(old: Made, new: Made) -> list[str]:
    """Return the frozen images that invariant 12 says are wrong."""
    found = []
    for i, was in old.rows.items():
        now = new.rows[i]
        if was["split"] == "excluded":
            if was["reason"] in DROPS and now != was:
                found.append(f"{i}: {was} came back as {now}")
        elif now["split"] == "excluded":
            named = [f for f in new.growth.findings if f["id"] in ("growth.merged", "growth.dropped") and i in f["images"]]
            if now["reason"] not in DROPS or not named:
                found.append(f"{i}: {was} excluded as {now}")
        elif (was["split"], was["fold"]) != (now["split"], now["fold"]):
            found.append(f"{i}: {was} moved to {now}")
    return found


NAMES = [f"s:{n}" for n in range(10)]
WORDS = st.sampled_from(("n:k", "n:l, m"))  # namespaced, as all keys are; one holds a comma
KEYS = st.frozensets(st.tuples(st.sampled_from(("bytes", "lesion", "patient")), WORDS), max_size=2)
FLAGS = {"passes": st.sampled_from((True, True, True, False)), "confirmed": st.sampled_from((True, True, False))}


def pictures_named(name: str) -> st.SearchStrategy[Picture]:
    node = st.sampled_from(("n", "n", "n", "nn", "m", None))
    return st.builds(Picture, st.just(name), node, KEYS, own_conflict=st.sampled_from((False,) * 5 + (True,)), **FLAGS)


@st.composite
def growing(draw):
    """Two worlds, the second with all images of the first, and a protocol."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=10, unique=True))
    first = draw(st.integers(1, len(names)))
    pictures = [draw(pictures_named(name)) for name in names]
    pairs = st.frozensets(st.tuples(*[st.sampled_from(names)] * 2).filter(lambda p: p[0] != p[1]), max_size=4)
    early, late = draw(pairs), draw(pairs)
    old = World(
        tuple(pictures[:first]),
        frozenset(p for p in early if set(p) <= set(names[:first])),
        draw(st.frozensets(st.sampled_from(names), max_size=1)),
    )
    again = [draw(st.one_of(st.just(p), pictures_named(p.name))) for p in pictures]
    new = World(tuple(again), early | late, draw(st.frozensets(st.sampled_from(names), max_size=2)))
    protocol = Protocol(
        protocol=draw(st.sampled_from(("holdout", "paper"))),
        independent=("s",),
        test=draw(st.sampled_from((0.0, 0.3, 0.5))),
        validation=draw(st.sampled_from((0.0, 0.2, 0.4))),
        folds=draw(st.sampled_from((0, 2, 3))),
        seed=draw(st.integers(0, 20)),
    )
    return old, new, protocol, draw(st.sampled_from(("drop", "quarantine")))


@pytest.fixture(autouse=True, scope="module")
def small_stars():
    """Three images of one key are tied as a star already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "LARGEST_CLIQUE", 2)
        yield


@given(growing())
@settings(max_examples=300)
def test_no_invariant_ever_breaks(drawn):
    old, new, protocol, merge = drawn
    before = make(old, protocol)
    assert wrong(old, before, protocol) == []
    after = make(new, protocol, before.frozen(protocol), merge)
    assert broken(before, after) == []
    assert wrong(new, after, protocol) == []


@given(growing())
@SOME
def test_counts_close(drawn):
    old, new, protocol, merge = drawn
    before = make(old, protocol)
    after = make(new, protocol, before.frozen(protocol), merge)
    rows = [{"image_id": i, **row} for i, row in after.rows.items()]
    counts = after.growth.counts(rows)
    seated = {i for i, row in before.rows.items() if row["split"] != "excluded"}
    splits = Counter(row["split"] for row in after.rows.values())
    assert counts["kept"] + counts["dropped"] + counts["added"] + counts["excluded"] == counts["images"] == len(new.pictures)
    assert counts["kept"] + counts["dropped"] == len(seated)
    assert counts["kept"] + counts["added"] == len(new.pictures) - splits["excluded"]
    assert counts["quarantined"] == sum(row["reason"] == "quarantined" for row in after.rows.values())
    assert counts["dropped"] == sum(i in seated and row["split"] == "excluded" for i, row in after.rows.items())


@given(growing(), st.randoms(use_true_random=False))
@SOME
def test_order_changes_nothing(drawn, shuffle):
    old, new, protocol, merge = drawn
    frozen = make(old, protocol).frozen(protocol)
    one = make(new, protocol, frozen, merge)
    other = make(new, protocol, frozen, merge, order=lambda items: shuffle.sample(items, len(items)))
    assert one.rows == other.rows
    assert one.growth.aside == other.growth.aside
    assert one.growth.findings == other.growth.findings
    assert sorted(one.edges) == sorted(other.edges)


@given(growing())
@SOME
def test_what_is_extended_with_nothing_new_stays_as_it_is(drawn):
    old, new, protocol, merge = drawn
    before = make(old, protocol)
    assert make(old, protocol, before.frozen(protocol), merge).places() == before.places()
    after = make(new, protocol, before.frozen(protocol), merge)
    again = make(new, protocol, after.frozen(protocol), merge)
    assert again.places() == after.places()
    assert sorted(again.edges) == sorted(after.edges)


@given(growing())
@SOME
def test_only_the_edges_of_contested_components_decide(drawn):
    old, new, protocol, merge = drawn
    frozen = make(old, protocol).frozen(protocol)
    edges = new.edges()
    names = [p.name for p in new.pictures]
    whole = components(names, [e[:2] for e in edges])
    lesion = components(names, [e[:2] for e in edges if e.evidence != "patient"])
    members = [Member(p.name, whole[p.name], lesion[p.name], p.node, p.passes, p.confirmed, p.own_conflict) for p in new.pictures]
    where = contested(members, frozen, exclude)
    fewer = [e for e in edges if whole[e.image_a] in where]
    assert grow(members, frozen, fewer, merge=merge, exclude=exclude) == grow(members, frozen, edges, merge=merge, exclude=exclude)


@given(growing())
@SOME
def test_without_a_tie_nobody_is_dropped(drawn):
    """Where no new edge reaches a frozen image and no record changed, all keep their seats and their pins."""
    old, new, protocol, merge = drawn
    before = make(old, protocol)
    there = {p.name for p in old.pictures}
    strangers = [replace(p, keys=frozenset()) for p in new.pictures if p.name not in there]
    apart = World((*old.pictures, *strangers), old.hashes, old.weak)
    after = make(apart, protocol, before.frozen(protocol), merge)
    assert after.growth.dropped == {}
    assert {i: after.rows[i] for i in there} == before.rows


# Each rule by one example. Frozen: x in train, y in validation, t in test, all of places that agree.

HOLDOUT = Protocol(test=0.2, validation=0.2)
FOLDED = Protocol(test=0.2, validation=0.2, folds=4)
SEATS = {"s:x": Seat("train", None), "s:y": Seat("validation", None), "s:t": Seat("test", None)}


def extended(
    *pictures: Picture,
    ties: str = "",
    merge="drop",
    protocol: Protocol = HOLDOUT,
    seats: dict[str, Seat] = SEATS,
    excluded: dict[str, str] | None = None,
    pins: dict[str, str] | None = None,
    weak: frozenset[str] = frozenset(),
) -> Made:
    """Extend a manifest with these seats; `ties` are pairs of letters tied by likeness."""
    told = {p.name: p for p in pictures}
    old = [told.pop(i, Picture(i)) for i in [*seats, *(excluded or {})]]
    world = World((*old, *told.values()), frozenset((f"s:{a}", f"s:{b}") for a, b in ties.split()), weak)
    frozen = Frozen("old", "old", "0", seats, pins or {}, excluded or {}, {}, protocol.model_dump(mode="json"))
    made = make(world, protocol, frozen, merge)
    assert wrong(world, made, protocol) == []
    return made


def N(node: str | None = "n", **more) -> Picture:  # noqa: N802 - the newcomer
    return Picture("s:n", node, **more)


def told(made: Made) -> dict[str, str]:
    return {i: row["reason"] or row["split"] for i, row in made.rows.items()}


@pytest.mark.parametrize(("at", "seat"), [("x", "train"), ("y", "validation"), ("t", "test")])
def test_a_newcomer_takes_the_seat_of_its_component(at, seat):
    assert told(extended(N(), ties=f"n{at}")) == {"s:x": "train", "s:y": "validation", "s:t": "test", "s:n": seat}


@pytest.mark.parametrize(
    ("newcomer", "at", "reason"),
    [
        (N(passes=False), "t", "overlaps_test"),
        (N(own_conflict=True), "t", "overlaps_test"),
        (N(passes=False), "y", "overlaps_validation"),
        (N(None), "t", "no_label"),
        (N(passes=False), "x", "train"),
        (N(own_conflict=True), "y", "validation"),
    ],
)
def test_a_newcomer_that_is_not_fit_for_the_seat_is_excluded(newcomer, at, reason):
    made = extended(newcomer, ties=f"n{at}")
    assert told(made)["s:n"] == reason
    assert made.growth.dropped == {}
    named = [f["images"] for f in made.growth.findings if f["id"] == "growth.unfit"]
    assert named == ([["s:n"]] if reason.startswith("overlaps") else [])


def test_an_unconfirmed_newcomer_is_no_test_of_the_paper_s_protocol():
    paper = Protocol(protocol="paper", independent=("s",), test=0.2, validation=0.2)
    assert told(extended(N(confirmed=False), ties="nt", protocol=paper))["s:n"] == "overlaps_test"
    assert told(extended(N(confirmed=False), ties="nt"))["s:n"] == "test"


def test_newcomers_of_one_patient_whose_lesion_is_in_conflict_are_no_test():
    patient = frozenset({("patient", "p")})
    lesion = patient | {("lesion", "l")}
    made = extended(Picture("s:t", keys=patient), N("n", keys=lesion), Picture("s:o", "m", keys=lesion))
    assert told(made) == {"s:x": "train", "s:y": "validation", "s:t": "test", "s:n": "overlaps_test", "s:o": "overlaps_test"}


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ("nx nt", {"s:x": "merged_with_test", "s:y": "validation", "s:t": "test", "s:n": "test"}),
        ("nx ny", {"s:x": "merged_with_validation", "s:y": "validation", "s:t": "test", "s:n": "validation"}),
        ("nx ny nt", {"s:x": "merged_with_test", "s:y": "merged_with_test", "s:t": "test", "s:n": "test"}),
        ("xt", {"s:x": "merged_with_test", "s:y": "validation", "s:t": "test", "s:n": "train"}),
    ],
)
def test_drop_keeps_test_before_validation_before_train(ties, expected):
    made = extended(N(), ties=ties, protocol=Protocol(test=0, validation=0))
    assert told(made) == expected
    (finding,) = made.growth.findings
    assert finding["id"] == "growth.merged"
    assert set(finding["images"]) == {i for i, why in expected.items() if why in DROPS} | ({"s:n"} if "n" in ties else set())
    assert finding["message"].startswith("s:n: " if "n" in ties else "Evidence between frozen images: ")
    assert "by hash" in finding["message"]


@pytest.mark.parametrize(
    ("held", "stay"),
    [
        ({Seat("train", 1): 2, Seat("train", 3): 1}, Seat("train", 1)),
        ({Seat("train", 3): 2, Seat("train", 1): 1}, Seat("train", 3)),
        ({Seat("train", 3): 1, Seat("train", 1): 1}, Seat("train", 1)),
        ({Seat("train", None): 1, Seat("train", 1): 1}, Seat("train", 1)),
        ({Seat("train", None): 2, Seat("train", 1): 1}, Seat("train", None)),
        ({Seat("train", 0): 9, Seat("validation", 2): 1, Seat("validation", 1): 1}, Seat("validation", 1)),
        ({Seat("train", 0): 9, Seat("validation", 0): 2, Seat("test", None): 1}, Seat("test", None)),
    ],
)
def test_between_folds_more_images_stay_then_the_lower_number(held, stay):
    assert stays(held) == stay
    assert stays(dict(reversed(held.items()))) == stay


def test_a_tie_of_folds_drops_the_smaller():
    seats = {"s:a": Seat("train", 0), "s:b": Seat("train", 1), "s:c": Seat("train", 1)}
    made = extended(N(), ties="ab bc cn", seats=seats, protocol=FOLDED)
    assert told(made) == {"s:a": "merged_with_fold", "s:b": "train", "s:c": "train", "s:n": "train"}
    assert {row["fold"] for i, row in made.rows.items() if i != "s:a"} == {1}


def test_quarantine_sets_the_newcomers_that_tie_aside_and_nobody_else():
    """n and o tie train with test; p joins train alone."""
    made = extended(N(), Picture("s:o"), Picture("s:p"), ties="xn no ot px", merge="quarantine")
    assert told(made) == {
        "s:x": "train", "s:y": "validation", "s:t": "test", "s:n": "quarantined", "s:o": "quarantined", "s:p": "train",
    }  # fmt: skip
    assert {e[:2] for e in made.edges} == {("s:p", "s:x")}
    first, second = made.growth.findings
    assert (first["id"], first["images"], first["severity"]) == ("growth.quarantined", ["s:n", "s:o", "s:x"], "warning")
    assert "s:n - s:x hash (9 bits)" in first["message"]
    assert "It ties test and train." in second["message"]


def test_quarantine_of_what_must_be_linked_is_an_error_to_look_at():
    made = extended(
        N(keys=frozenset({("bytes", "k")})), Picture("s:x", keys=frozenset({("bytes", "k")})), ties="nt", merge="quarantine"
    )
    assert told(made)["s:n"] == "quarantined"
    assert [f["severity"] for f in made.growth.findings] == ["error"]


def test_what_hangs_together_without_newcomers_and_has_no_seat_is_no_seat_to_settle():
    """What the older manifest left out stays out, and settles nothing."""
    left = {"s:a": "label_lost", "s:b": "label_lost"}
    made = extended(N(), ties="ab xn", excluded=left, merge="quarantine")
    assert told(made) == {"s:x": "train", "s:y": "validation", "s:t": "test", "s:n": "train", **left}


def test_a_publishers_own_split_does_not_grow():
    asked = Protocol(protocol="official").model_dump(mode="json")
    with pytest.raises(InputError, match="old adopts its publishers' own split"):
        frozen_protocol(Frozen("old", "old", "0", {}, {}, {}, {}, asked), {})


def test_quarantine_drops_what_is_tied_without_newcomers():
    made = extended(N(), ties="xt nx", merge="quarantine")
    assert told(made) == {"s:x": "merged_with_test", "s:y": "validation", "s:t": "test", "s:n": "test"}


def test_quarantine_settles_frozen_ties_before_it_looks_at_newcomers():
    """x is dropped for its own tie to t, so that n, which joins both, ties nothing any more."""
    made = extended(N(), ties="xt nx nt", merge="quarantine")
    assert told(made) == {"s:x": "merged_with_test", "s:y": "validation", "s:t": "test", "s:n": "test"}


def test_a_newcomer_over_an_excluded_frozen_image_ties_too():
    """e was excluded when it was frozen; over it n ties train with test, and e keeps its edge."""
    made = extended(N(), ties="te en nx", merge="quarantine", excluded={"s:e": "overlaps_test"})
    assert told(made) == {"s:x": "train", "s:y": "validation", "s:t": "test", "s:e": "overlaps_test", "s:n": "quarantined"}
    assert {e[:2] for e in made.edges} == {("s:e", "s:t")}


@pytest.mark.parametrize("merge", ["drop", "quarantine"])
def test_a_newcomer_that_brings_a_conflict_into_a_test_is_set_aside(merge):
    made = extended(N("m"), Picture("s:o"), ties="nt ot", merge=merge)
    assert told(made)["s:n"] == "quarantined"
    assert told(made)["s:t"] == told(made)["s:o"] == "test"
    assert "excludes" in made.growth.findings[0]["message"]


def test_a_newcomer_that_ties_a_conflict_to_a_test_is_set_aside():
    """n agrees with t, and ties it to x, which does not."""
    made = extended(Picture("s:x", "m"), N(), ties="nt nx")
    assert told(made) == {"s:x": "train", "s:y": "validation", "s:t": "test", "s:n": "quarantined"}


def test_a_test_whose_lesion_conflicts_with_frozen_images_is_dropped():
    made = extended(Picture("s:x", "m"), N("m"), ties="xt nx")
    assert told(made) == {"s:x": "train", "s:y": "validation", "s:t": "label_conflict_in_test", "s:n": "train"}
    assert [f["id"] for f in made.growth.findings] == ["growth.dropped"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (Picture("s:t", None), "label_lost"),
        (Picture("s:t", passes=False), "quality_lost"),
        (Picture("s:y", passes=False), "quality_lost"),
        (Picture("s:x", None), "label_lost"),
        (Picture("s:t", own_conflict=True), "label_conflict_in_test"),
        (Picture("s:x", passes=False), "train"),
        (Picture("s:y", own_conflict=True), "validation"),
    ],
)
def test_a_frozen_image_whose_own_record_changed_is_dropped(changed, reason):
    made = extended(changed)
    assert told(made)[changed.name] == reason
    assert {i for i, why in told(made).items() if why in DROPS} == ({changed.name} if reason in DROPS else set())


def test_a_test_whose_confirmation_was_withdrawn_is_dropped():
    paper = Protocol(protocol="paper", independent=("s",), test=0.2, validation=0.2)
    assert told(extended(Picture("s:t", confirmed=False), protocol=paper))["s:t"] == "confirmation_lost"


def test_what_was_dropped_stays_dropped():
    made = extended(ties="dt", excluded={"s:d": "merged_with_test", "s:e": "quality_lost"})
    assert (told(made)["s:d"], told(made)["s:e"]) == ("merged_with_test", "quality_lost")


def test_what_was_excluded_for_its_label_comes_as_a_newcomer():
    made = extended(ties="et", excluded={"s:e": "label_unmapped", "s:f": "quarantined"})
    assert told(made)["s:e"] == "test"
    assert told(made)["s:f"] in GIVEN


@pytest.mark.parametrize("seat", [Seat("test", None), Seat("validation", 1), Seat("train", 1)])
def test_a_pin_that_comes_late_moves_nobody(seat):
    made = extended(seats={"s:a": seat}, protocol=FOLDED, weak=frozenset({"s:a"}))
    assert made.rows["s:a"] == {"split": seat.split, "fold": seat.fold, "pinned": None, "reason": None}
    assert [f["id"] for f in made.growth.findings] == ["growth.pin-ignored"]
    assert f"stays in {seat}" in made.growth.findings[0]["message"]


def test_what_was_pinned_stays_pinned_where_there_are_folds():
    """Without its pin it would have to get a fold, which is another seat."""
    made = extended(N(passes=False), ties="na", seats={"s:a": Seat("train", None)}, pins={"s:a": "weak_bridge"}, protocol=FOLDED)
    assert made.rows["s:a"]["pinned"] == made.rows["s:n"]["pinned"] == "quality,weak_bridge"
    freed = extended(seats={"s:a": Seat("train", None)}, pins={"s:a": "weak_bridge"})
    assert freed.rows["s:a"]["pinned"] is None


def test_shares_count_what_is_frozen():
    seats = {f"s:{n:02d}": Seat("train", None) for n in range(10)}
    made = extended(*(Picture(f"s:{n}") for n in range(100, 110)), seats=seats, protocol=Protocol(test=0.3, validation=0.2))
    assert Counter(told(made).values()) == {"train": 10, "test": 6, "validation": 4}
    full = {f"s:{n:02d}": Seat("test", None) for n in range(10)}
    made = extended(*(Picture(f"s:{n}") for n in range(100, 110)), seats=full, protocol=Protocol(test=0.3, validation=0.2))
    assert Counter(told(made).values()) == {"test": 10, "validation": 4, "train": 6}


def test_new_components_fill_the_folds_that_frozen_ones_left_short():
    seats = {f"s:{n:02d}": Seat("train", n % 2) for n in range(6)}
    made = extended(*(Picture(f"s:{n}") for n in range(100, 106)), seats=seats, protocol=Protocol(test=0, validation=0, folds=4))
    assert Counter(row["fold"] for row in made.rows.values()) == {0: 3, 1: 3, 2: 3, 3: 3}


def test_a_star_whose_middle_is_set_aside_is_tied_anew():
    """Three of one lesion hang on n, the smallest; one of them is tied to the others by nothing else."""
    key = frozenset({("lesion", "l"), ("bytes", "b")})
    seats = {"s:x": Seat("train", None), "s:z": Seat("train", None), "s:t": Seat("test", None)}
    pictures = [Picture("s:x", keys=key), Picture("s:z", keys=frozenset({("lesion", "l")})), N(keys=key)]
    made = extended(*pictures, ties="nt", seats=seats, merge="quarantine")
    assert told(made) == {"s:x": "train", "s:z": "train", "s:t": "test", "s:n": "quarantined"}
    assert [(e[:3], e.must_link, e.basis) for e in made.edges] == [(("s:x", "s:z", "lesion"), True, "l")]


def test_pins_that_come_late_are_told_in_one_order():
    growth = Growth(splits={"c": "train", "d": "train"}, folds={"c": 0, "d": 1})
    atoms = [Atom("d", 1, ("quality",), True), Atom("c", 1, ("weak_bridge",), True)]
    assert [a.component for a in keep_pins(atoms, growth, 3)] == ["c", "d"]
    assert [f["component"] for f in growth.findings] == ["c", "d"]


def test_a_first_manifest_decides_nothing():
    atoms = [Atom("c", 1, ("quality",), True)]
    assert keep_pins(atoms, Growth(), 3) == atoms


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"test": 0.3}, "its test is 0.2, and 0.3 was asked"),
        ({"seed": 1}, "its seed is 2017"),
        ({"independent": ["b"]}, "its independent"),
        ({"quality": {"least_side": 1}}, "its quality.least_side is 96, and 1 was asked"),
        ({"quality": {"least_sharpness_of": {"clinical": 8.0}}}, "its quality.least_sharpness_of"),
        ({"quality": {"far_shots": []}}, "its quality.far_shots"),
    ],
)
def test_another_protocol_is_refused_with_the_field_s_name(asked, named):
    own = Protocol(independent=("b", "a"), quality=QualityGate(far_shots=("overview", "at_distance")))
    frozen = Frozen("old", "old", "0", {}, {}, {}, {}, own.model_dump(mode="json"))
    assert frozen_protocol(frozen, {}) == own
    assert frozen_protocol(frozen, {"test": 0.2, "independent": ("a", "b"), "quality": own.quality.model_dump()}) == own
    some = {"least_side": 96, "far_shots": ("at_distance", "overview")}  # in another order, and nothing of the rest
    assert frozen_protocol(frozen, {"quality": some}) == own
    with pytest.raises(InputError, match=named):
        frozen_protocol(frozen, asked)
