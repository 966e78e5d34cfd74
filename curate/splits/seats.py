"""Seats: where the images of a frozen manifest stand, and what an image must be to take one."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Merge = Literal["drop", "quarantine"]
Exclude = Callable[[str, str], bool]
LABEL_LOST, QUALITY_LOST, CONFIRMATION_LOST = "label_lost", "quality_lost", "confirmation_lost"
CONFLICT = "label_conflict_in_test"
DROPS = {"merged_with_test", "merged_with_validation", "merged_with_fold", LABEL_LOST, QUALITY_LOST, CONFIRMATION_LOST, CONFLICT}
QUARANTINED = "quarantined"
RANK = {"test": 0, "validation": 1, "train": 2}  # what stays when seats are tied: the lowest
WITHOUT_NODE = {"no_label", "label_unmapped", "labels_of_several_roots", "label_without_node"}


class Seat(NamedTuple):
    """Where a frozen image stands; the fold is None in a test, without folds, and where a pin keeps it in train of all folds."""

    split: str
    fold: int | None

    def __str__(self) -> str:
        return self.split if self.fold is None else f"{self.split} (fold {self.fold})"


@dataclass(frozen=True)
class Frozen:
    """The manifest that is extended, as far as growth needs it.

    Attributes:
        folder, name, digest: where it lies and what it is.
        seats: of each of its images that is in a split.
        pins: why those of them that are pinned to train are so.
        excluded: the reason of each other image.
        sha256: of each image's bytes.
        protocol: the settings that an extension keeps, as `Protocol` takes them.
        merge: the policy by which it was itself an extension; None where it was none.
        drawn_sets: what its manifest.json states of its sets; None where it is from before there were any.
    """

    folder: str
    name: str
    digest: str
    seats: Mapping[str, Seat]
    pins: Mapping[str, str]
    excluded: Mapping[str, str]
    sha256: Mapping[str, str]
    protocol: Mapping[str, Any]
    merge: Merge | None = None
    drawn_sets: Mapping[str, Any] | None = None

    def comes_new(self, image: str) -> bool:
        """Say whether an image is a newcomer: unknown, set aside earlier, or without a place in the taxonomy until now."""
        return image not in self.seats and self.excluded.get(image, QUARANTINED) in {QUARANTINED, *WITHOUT_NODE}


@dataclass(frozen=True)
class Member:
    """An image of the catalogue.

    Attributes:
        component, lesion_component: by all edges, and by all but those of patients.
        node_id: its place in the taxonomy, or None.
        passes: whether it passes the quality gate.
        testable: whether the protocol allows it in a test, quality and labels aside.
        own_conflict: whether its own labels exclude each other.
    """

    image_id: str
    component: str
    lesion_component: str
    node_id: str | None
    passes: bool
    testable: bool
    own_conflict: bool

    def unfit_for(self, split: str) -> str | None:
        """Return why it cannot stand in a split, or None."""
        if self.node_id is None:
            return LABEL_LOST
        if split != "train" and not self.passes:
            return QUALITY_LOST
        if split == "test" and not self.testable:
            return CONFIRMATION_LOST
        return CONFLICT if split == "test" and self.own_conflict else None


def seated(members: Iterable[Member], frozen: Frozen) -> tuple[dict[str, Seat], dict[str, str]]:
    """Return the seats of frozen images, and why those lose theirs whose own record no longer allows it."""
    seats: dict[str, Seat] = {}
    lost: dict[str, str] = {}
    for member in members:
        if seat := frozen.seats.get(member.image_id):
            if why := member.unfit_for(seat.split):
                lost[member.image_id] = why
            else:
                seats[member.image_id] = seat
    return seats, lost


def stays(held: Mapping[Seat, int]) -> Seat:
    """Return the seat that stays of several that are tied, by how many images sit on each.

    Test before validation before train; of the folds of one split the one with more images, then the lower number, and train of
    all folds last.
    """
    return min(held, key=lambda s: (RANK[s.split], -held[s], s.fold is None, s.fold or 0))


def grouped(members: Iterable[Member], key: Callable[[Member], str]) -> dict[str, list[Member]]:
    """Return the members by what the key says of them."""
    groups: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        groups[key(member)].append(member)
    return groups


def tests(group: Iterable[Member], seats: Mapping[str, Seat]) -> list[str]:
    """Return those that sit in a test."""
    return [m.image_id for m in group if m.image_id in seats and seats[m.image_id].split == "test"]


def conflict(group: Iterable[Member], exclude: Exclude) -> bool:
    """Say whether two of the members have places in the taxonomy that exclude each other."""
    nodes = sorted({m.node_id for m in group if m.node_id is not None})
    return any(exclude(a, b) for n, a in enumerate(nodes) for b in nodes[n + 1 :])
