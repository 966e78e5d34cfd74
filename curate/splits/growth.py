"""Growth: what becomes of a frozen manifest's images when the catalogue has grown, over plain rows and without the catalogue.

Every image that the frozen manifest has in a split sits on a seat, its split and fold, and keeps it or is dropped: excluded, for
a reason. It never gets another seat. What comes new takes the seat of the component that it joins, where it may, and else is
assigned as ever. Where a component has several seats, because a newcomer or new evidence ties what was apart, the merge policy
says what gives way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from curate.graph.components import components
from curate.graph.evidence.interface import Edge
from curate.splits.assign import Atom
from curate.splits.quarantine import bridges, bringing_conflict, conflicting_tests, tying, without
from curate.splits.seats import (
    CONFLICT,
    DROPS,
    QUARANTINED,
    Exclude,
    Frozen,
    Member,
    Merge,
    Seat,
    conflict,
    grouped,
    seated,
    stays,
    tests,
)

NAMED = 3  # images or edges that a message names


@dataclass
class Growth:
    """What was decided; one without content decides nothing, as for a manifest that extends none.

    Attributes:
        components: (component, lesion component) of each image for which withheld edges change them.
        excluded: the reason of each image that growth excludes.
        splits, folds: of each component that holds a seat.
        pins: codes that stay on a component because it sits in train of all folds.
        aside: newcomers whose edges are withheld.
        restored: edges between the others of a star whose middle was set aside.
        findings: rows for the catalogue.
        kept, dropped: frozen images that keep their seat, and those that lose it with the reason.
    """

    components: dict[str, tuple[str, str]] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)
    folds: dict[str, int | None] = field(default_factory=dict)
    pins: dict[str, set[str]] = field(default_factory=dict)
    aside: set[str] = field(default_factory=set)
    restored: list[Edge] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    dropped: dict[str, str] = field(default_factory=dict)

    def counts(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        """Return counts of the assigned images that close: `kept + dropped + added + excluded = images`, of all rows.

        `added` are images in a split that had no seat, `excluded` those without a seat then and now, `quarantined` among them.
        """
        given = {row["image_id"]: row["split"] != "excluded" for row in rows}
        frozen = self.kept | self.dropped.keys()
        return {
            "kept": len(self.kept),
            "dropped": len(self.dropped),
            "quarantined": len(self.aside),
            "added": sum(1 for image, in_split in given.items() if in_split and image not in frozen),
            "excluded": sum(1 for image, in_split in given.items() if not in_split and image not in frozen),
            "images": len(given),
        }


def contested(members: Iterable[Member], frozen: Frozen, exclude: Exclude) -> set[str]:
    """Return the components whose edges decide: with several seats, or with a label conflict at a frozen test image."""
    members = list(members)
    seats, _ = seated(members, frozen)
    held: dict[str, set[Seat]] = defaultdict(set)
    for member in members:
        if member.image_id in seats:
            held[member.component].add(seats[member.image_id])
    found = {component for component, several in held.items() if len(several) > 1}
    for group in grouped(members, lambda m: m.lesion_component).values():
        if tests(group, seats) and conflict(group, exclude):
            found.add(group[0].component)
    return found


def grow(members: Sequence[Member], frozen: Frozen, edges: Iterable[Edge], *, merge: Merge, exclude: Exclude) -> Growth:
    """Decide which frozen images keep their seats, which newcomers take one, and who is set aside.

    Args:
        members: all images of the catalogue; every image of the frozen manifest is among them.
        frozen: the manifest that is extended.
        edges: at least all of the components that `contested` names.
        merge: `drop`: of tied seats test stays before validation before train, and who has another is dropped. `quarantine`:
            newcomers that tie seats are set aside first. Those that bring a label conflict to a frozen test image always are.
        exclude: whether two places of the taxonomy exclude each other.
    """
    members = sorted(members, key=lambda m: m.image_id)
    seats, dropped = seated(members, frozen)
    growth = Growth(dropped=dropped)
    growth.findings += [_lost(image, frozen.seats[image], why) for image, why in sorted(dropped.items())]
    component = {m.image_id: m.component for m in members}
    where = contested(members, frozen, exclude)
    part = [m for m in members if m.component in where]
    ties = sorted((e for e in edges if component[e.image_a] in where), key=lambda e: e[:3])
    new = {m.image_id for m in part if frozen.comes_new(m.image_id)}
    for image in conflicting_tests(part, ties, seats, new, exclude):
        growth.dropped[image] = CONFLICT
        growth.findings.append(_lost(image, seats.pop(image), CONFLICT))
    aside = tying(part, ties, seats, new) if merge == "quarantine" else {}
    kept, restored = without(ties, aside)
    left = [m for m in part if m.image_id not in aside]
    aside |= bringing_conflict(left, kept + restored, seats, new - aside.keys(), exclude)
    if aside:
        ties = _set_aside(part, ties, aside, growth)
        members = [
            replace(m, component=now[0], lesion_component=now[1]) if (now := growth.components.get(m.image_id)) else m
            for m in members
        ]
    _give_seats(members, frozen, ties, seats, growth, exclude)
    return growth


def keep_pins(atoms: Iterable[Atom], growth: Growth, folds: int) -> list[Atom]:
    """Return the atoms with the pins that count: one that comes late moves no component from its seat, and is a finding.

    What sits in train of all folds stays pinned as it was; without folds nobody sits otherwise in train, and pins follow the day.
    Atoms and findings come in order of the components' names, in whatever order the atoms are given.
    """
    kept = []
    for atom in sorted(atoms, key=lambda a: a.component):
        pinned = set(atom.pinned)
        if atom.component in growth.splits:
            seat = Seat(growth.splits[atom.component], growth.folds[atom.component])
            if seat.split == "train" and seat.fold is None:
                pinned |= growth.pins.get(atom.component, set()) if folds else set()
            elif pinned:
                why = ",".join(sorted(pinned))
                words = f"The component would be kept in train now ({why}); it stays in {seat}, where it was frozen."
                growth.findings.append(_finding("growth.pin-ignored", "warning", words, [], atom.component))
                pinned = set()
        kept.append(replace(atom, pinned=tuple(sorted(pinned))))
    return kept


def _set_aside(part: Sequence[Member], ties: Sequence[Edge], aside: Mapping[str, str], growth: Growth) -> list[Edge]:
    """Take the edges of some newcomers away, name the components that are left, and say what was withheld."""
    kept, restored = without(ties, aside)
    ids = [m.image_id for m in part]
    now = kept + restored
    whole = components(ids, ((e.image_a, e.image_b) for e in now))
    lesion = components(ids, ((e.image_a, e.image_b) for e in now if e.evidence != "patient"))
    growth.components = {image: (whole[image], lesion[image]) for image in ids}
    growth.aside, growth.restored = set(aside), restored
    withheld: dict[str, list[Edge]] = defaultdict(list)
    for edge in ties:
        for image in {edge.image_a, edge.image_b} & aside.keys():
            withheld[image].append(edge)
    for image, why in sorted(aside.items()):
        growth.excluded[image] = QUARANTINED
        certain = any(e.must_link for e in withheld[image])
        words = f"{image} is set aside. {why} Withheld: {'; '.join(map(_edge, withheld[image]))}."
        ends = sorted({end for e in withheld[image] for end in (e.image_a, e.image_b)} - {image})
        severity = "error" if certain else "warning"  # what must be linked is linked, whoever is set aside
        growth.findings.append(_finding("growth.quarantined", severity, words, [image, *ends], whole[image]))
    return now


def _give_seats(
    members: Sequence[Member],
    frozen: Frozen,
    ties: Sequence[Edge],
    seats: Mapping[str, Seat],
    growth: Growth,
    exclude: Exclude,
) -> None:
    """Settle every component that holds a seat: which stays, who is dropped, who takes it."""
    place = {m.image_id: m.component for m in members}
    ties_of: dict[str, list[Edge]] = defaultdict(list)
    for edge in ties:
        ties_of[place[edge.image_a]].append(edge)
    in_conflict = {
        m.image_id for group in grouped(members, lambda m: m.lesion_component).values() if conflict(group, exclude) for m in group
    }
    growth.excluded |= {i: why for i, why in frozen.excluded.items() if why in DROPS}
    for component, group in sorted(grouped(members, lambda m: m.component).items()):
        held = Counter(seats[m.image_id] for m in group if m.image_id in seats)
        if not held:
            continue
        seat = stays(held)
        growth.splits[component], growth.folds[component] = seat
        sitting = {m.image_id for m in group if seats.get(m.image_id) == seat}
        growth.kept |= sitting
        growth.pins[component] = {code for i in sitting if i in frozen.pins for code in frozen.pins[i].split(",")}
        merged = {
            m.image_id: f"merged_with_{seat.split if seats[m.image_id].split != seat.split else 'fold'}"
            for m in group
            if m.image_id in seats and seats[m.image_id] != seat
        }
        growth.dropped |= merged
        if merged:
            growth.findings.append(_merged(component, ties_of[component], group, seats, seat, sorted(merged)))
        unfit = []
        for member in group:
            image = member.image_id
            if image in seats or image in growth.dropped or member.node_id is None:
                continue
            if not frozen.comes_new(image):
                growth.excluded[image] = frozen.excluded[image]
            elif member.unfit_for(seat.split) or (seat.split == "test" and image in in_conflict):
                growth.excluded[image] = f"overlaps_{seat.split}"
                unfit.append(image)
        if unfit:
            words = f"{_listed(unfit)} came to a component in {seat}, and may not stand there."
            growth.findings.append(_finding("growth.unfit", "info", words, unfit, component))
    growth.excluded |= growth.dropped


def _merged(
    component: str, ties: Sequence[Edge], group: Sequence[Member], seats: Mapping[str, Seat], seat: Seat, dropped: list[str]
) -> dict[str, Any]:
    """Return the finding of a component with several seats: who ties what by which evidence, and who is dropped."""
    between = {i for bridge, touched in bridges(group, ties, seats) if len(touched) > 1 for i in bridge}
    cross = [
        edge
        for edge in ties
        if {edge.image_a, edge.image_b} & between
        or (edge.image_a in seats and edge.image_b in seats and seats[edge.image_a] != seats[edge.image_b])
    ]
    told = " and ".join(sorted({str(seats[m.image_id]) for m in group if m.image_id in seats}))
    kinds = ", ".join(sorted({edge.evidence for edge in cross}))
    by = _listed(sorted(between)) if between else "Evidence between frozen images"
    of_pair: dict[str, list[str]] = defaultdict(list)
    for edge in cross:
        of_pair[f"{edge.image_a} - {edge.image_b}"].append(f"{edge.evidence} ({edge.basis})")
    shown = _listed([f"{pair} {', '.join(evidence)}" for pair, evidence in of_pair.items()], "; ")
    words = f"{by}: {told} are tied by {kinds}: {shown}. {seat} stays, dropped: {_listed(dropped)}."
    return _finding("growth.merged", "warning", words, [*dropped, *sorted(between - set(dropped))], component)


def _lost(image: str, seat: Seat, why: str) -> dict[str, Any]:
    return _finding("growth.dropped", "warning", f"{image} can no longer stand in {seat} ({why}), and is excluded.", [image])


def _finding(finding: str, severity: str, message: str, images: list[str], component: str | None = None) -> dict[str, Any]:
    return {"id": finding, "severity": severity, "message": message, "component": component, "images": images}


def _edge(edge: Edge) -> str:
    return f"{edge.image_a} - {edge.image_b} {edge.evidence} ({edge.basis})"


def _listed(names: Sequence[str], between: str = ", ") -> str:
    return between.join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
