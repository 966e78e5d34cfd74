"""The paper's tests, the sets that readers are shown, and the balanced samples: what is asked for, and who is a member.

Everything here is a function of images, seed and what is asked, whatever the order of the images. A set is drawn by a keyed hash
of the image id, so that an image that is added displaces at most one other.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curate.errors import InputError
from curate.splits.paper_numbers import BALANCED, BENIGN, CLASSES, FULL, MALIGNANT, SHOWN

NAME = r"^[a-z0-9][a-z0-9-]*$"
Side = Literal["malignant", "benign"]
Closure = dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Readers(_Strict):
    """The images of a test that readers are shown: drawn by class, less those too small and those on a reader's list.

    The paper drew 140 per test and does not say how. Its numbers exclude a draw without strata for two of the three tests
    (`curate.splits.paper_numbers`), so a class has a quota: `equal`, `proportional` to the test, or given.
    """

    size: int = Field(140, ge=1, description="images to draw")
    quota: Literal["equal", "proportional"] | dict[Side, int] = Field("equal", description="how many of each class")
    least_side: int = Field(299, ge=0, description="pixels of the shorter side; the network's input has 299")

    @model_validator(mode="after")
    def _quota_fits(self) -> "Readers":
        if isinstance(self.quota, dict) and (sum(self.quota.values()) != self.size or min(self.quota.values(), default=0) < 0):
            raise ValueError(f"the quota does not add up to the size {self.size}")
        return self


class BinaryTest(_Strict):
    """Images of the test split under some nodes against images under others, of one modality where one is named."""

    name: str = Field(pattern=NAME)
    malignant: tuple[str, ...] = Field(min_length=1, description="node ids; their descendants belong to them")
    benign: tuple[str, ...] = Field(min_length=1, description="node ids; their descendants belong to them")
    modality: str | None = Field(None, description="None: any")
    readers: Readers | None = Field(Readers(), description="None: no set for readers is drawn")

    @property
    def readers_name(self) -> str:
        """What the set for readers is called."""
        return f"{self.name}-readers"


class Balanced(_Strict):
    """As many images of the validation split from each of the nine or three classes."""

    name: str = Field(pattern=NAME)
    level: Literal["nine", "three"]
    each: int | None = Field(None, ge=1, description="images of each class; None: as many as the smallest class present has")


PAPER_TESTS = (
    BinaryTest(name="epidermal", malignant=("DC:0000014",), benign=("DC:0000543",), modality="clinical"),
    BinaryTest(
        name="melanocytic",
        malignant=("DC:0000018",),
        benign=("DC:0000017",),
        modality="clinical",
        readers=Readers(quota="proportional"),
    ),
    BinaryTest(
        name="melanocytic-dermoscopy",
        malignant=("DC:0000018",),
        benign=("DC:0000017",),
        modality="dermoscopic",
        # 71 malignant images were shown, so 71 to all 88 were drawn; with 88 + 52 both classes lost about as large a share.
        readers=Readers(quota={MALIGNANT: 88, BENIGN: 52}),
    ),
)
PAPER_SAMPLES = (
    Balanced(name="balanced-9x20", level="nine", each=20),
    Balanced(name="balanced-3x60", level="three", each=60),
    Balanced(name="balanced-9xk", level="nine", each=None),
)


class Sets(_Strict):
    """Which tests, reader sets and balanced samples a manifest names; by default those of the paper."""

    binary: tuple[BinaryTest, ...] = Field(PAPER_TESTS, description="tests of two classes, with their sets for readers")
    balanced: tuple[Balanced, ...] = Field(PAPER_SAMPLES, description="samples of validation, as many images of each class")
    exclusions: Path | None = Field(None, description="CSV with the columns image_id, reader, reason: what readers are not shown")

    @model_validator(mode="after")
    def _names_differ(self) -> "Sets":
        names = [t.name for t in self.binary] + [t.readers_name for t in self.binary if t.readers] + [b.name for b in self.balanced]
        if twice := sorted(name for name, n in Counter(names).items() if n > 1):
            raise ValueError(f"two sets are called {twice[0]}")
        return self

    def below(self, base: Path) -> "Sets":
        """Return it with its relative path resolved."""
        return self.model_copy(update={"exclusions": base / self.exclusions.expanduser() if self.exclusions else None})


PAPER_SETS = Sets()


class Exclusion(NamedTuple):
    """One image that a reader does not want others to be shown, and why."""

    image_id: str
    reader: str
    reason: str


class Candidate(NamedTuple):
    """An image as the sets see it.

    Attributes:
        path: its node and all above it; empty without one.
        side: pixels of its shorter side.
    """

    image_id: str
    split: str
    path: frozenset[str]
    nine_class: str | None
    three_class: str | None
    modality: str | None
    confirmed: bool
    side: int


class Drawn(NamedTuple):
    """What was drawn.

    Attributes:
        tests, reader_sets: names by image id, sorted.
        closure: how the numbers close, as manifest.json has it (schemas/manifest/README.md).
    """

    tests: dict[str, list[str]]
    reader_sets: dict[str, list[str]]
    closure: Closure


def read_exclusions(path: Path | None) -> list[Exclusion]:
    """Return a reader's list, sorted; nothing where there is none.

    Raises:
        InputError: it cannot be read, lacks a column or a value, or names an image twice.
    """
    if path is None:
        return []
    hint = f"It has the columns {', '.join(Exclusion._fields)}."
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            table = csv.DictReader(handle)
            if absent := [name for name in Exclusion._fields if name not in (table.fieldnames or ())]:
                raise InputError(f"{path} lacks the column {absent[0]}.", hint)
            rows = [Exclusion(*((row[name] or "").strip() for name in Exclusion._fields)) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The list of images that readers are not shown, {path}, cannot be read: {error}.", hint) from error
    for number, row in enumerate(rows, start=2):
        if not all(row):
            raise InputError(f"{path}, row {number}: {Exclusion._fields[row.index('')]} is blank.", "Fill it in.")
    if twice := sorted(image for image, n in Counter(row.image_id for row in rows).items() if n > 1):
        raise InputError(f"{path} names {twice[0]} twice.", "Leave one row for each image.")
    return sorted(rows)


def draw_sets(
    images: Iterable[Candidate],
    asked: Sets,
    exclusions: Sequence[Exclusion],
    seed: int,
    groups: Mapping[str, Sequence[str]],
) -> Drawn:
    """Return the members of every set that is asked for, and how their numbers close.

    Args:
        images: those of the splits test and validation at least, in any order.
        asked: the sets.
        exclusions: what readers are not shown; each image once.
        seed: another seed, another draw.
        groups: the names of the nine and of the three classes, under `nine` and `three`.
    """
    images = list(images)
    tests: dict[str, list[str]] = {}
    reader_sets: dict[str, list[str]] = {}
    closure: Closure = {"tests": [], "reader_sets": []}
    listed = {e.image_id: e for e in exclusions}
    for test in asked.binary:
        by_class, row = _members(images, test)
        closure["tests"].append(row)
        _name(tests, test.name, by_class)
        if test.readers is not None:
            shown, row = _readers(by_class, test, test.readers, listed, seed)
            closure["reader_sets"].append(row)
            _name(reader_sets, test.readers_name, shown)
    for sample in asked.balanced:
        by_class, row = _balanced(images, sample, groups[sample.level], seed)
        closure["reader_sets"].append(row)
        _name(reader_sets, sample.name, by_class)
    return Drawn(tests, reader_sets, closure)


def quotas(size: int, available: Mapping[str, int], rule: str | Mapping[Side, int]) -> dict[str, int]:
    """Return how many images each class is asked for; the parts add up to the size.

    Rounding follows the largest remainder, the first class first where two are equal.

    >>> quotas(140, {"malignant": 58, "benign": 167}, "proportional")
    {'malignant': 36, 'benign': 104}
    """
    if not isinstance(rule, str):
        given = {str(name): n for name, n in rule.items()}
        return {name: given.get(name, 0) for name in available}
    total = sum(available.values())
    weights = {name: n if rule == "proportional" and total else 1 for name, n in available.items()}
    whole = sum(weights.values())
    parts = {name: size * weight // whole for name, weight in weights.items()}
    by_remainder = sorted(parts, key=lambda name: -(size * weights[name] % whole))
    for name in by_remainder[: size - sum(parts.values())]:
        parts[name] += 1
    return parts


def drawn_order(images: Iterable[Candidate], name: str, seed: int) -> list[Candidate]:
    """Return images in the order in which a set draws them: that of the sha256 of seed, `set`, its name and the image id,
    each on a line."""
    return sorted(images, key=lambda image: hashlib.sha256(f"{seed}\nset\n{name}\n{image.image_id}".encode()).hexdigest())


def _name(names: dict[str, list[str]], name: str, by_class: Mapping[str, Sequence[Candidate]]) -> None:
    for members in by_class.values():
        for image in members:
            names[image.image_id] = sorted([*names.get(image.image_id, []), name])


def _members(images: Sequence[Candidate], test: BinaryTest) -> tuple[dict[str, list[Candidate]], Closure]:
    by_class: dict[str, list[Candidate]] = {}
    rows = []
    for column, (name, nodes) in enumerate(((MALIGNANT, test.malignant), (BENIGN, test.benign))):
        found = [i for i in images if i.split == "test" and not i.path.isdisjoint(nodes)]
        kept = [i for i in found if test.modality in (None, i.modality)]
        others = [i.modality for i in found if test.modality not in (None, i.modality)]
        removed = Counter("modality_unknown" if modality is None else "other_modality" for modality in others)
        by_class[name] = kept
        rows.append(
            {
                "class": name,
                "nodes": sorted(nodes),
                "found": len(found),
                "removed": dict(sorted(removed.items())),
                "kept": len(kept),
                "confirmed": sum(i.confirmed for i in kept),
                "paper": FULL[test.name][column] if test.name in FULL else None,
            }
        )
    return by_class, {"name": test.name, "modality": test.modality, "classes": rows}


def _readers(
    by_class: Mapping[str, Sequence[Candidate]], test: BinaryTest, asked: Readers, listed: Mapping[str, Exclusion], seed: int
) -> tuple[dict[str, list[Candidate]], Closure]:
    quota = quotas(asked.size, {name: len(by_class[name]) for name in CLASSES}, asked.quota)
    shown: dict[str, list[Candidate]] = {}
    rows: list[Closure] = []
    taken_out: list[Closure] = []
    for column, name in enumerate(CLASSES):
        drawn = drawn_order(by_class[name], test.readers_name, seed)[: quota[name]]
        why = {i: "small" for i in drawn if i.side < asked.least_side}
        why |= {i: "reader" for i in drawn if i not in why and i.image_id in listed}
        shown[name] = [i for i in drawn if i not in why]
        for image, reason in why.items():
            said = listed[image.image_id] if reason == "reader" else None
            words = {"reader": said.reader, "words": said.reason} if said else {"reader": None, "words": None}
            taken_out.append({"image_id": image.image_id, "class": name, "reason": reason, **words})
        paper = SHOWN[test.name][column] if test.name in SHOWN else None
        rows.append(_row(name, len(by_class[name]), quota[name], drawn, shown[name], Counter(why.values()), paper))
    rule: Closure = {"size": asked.size, "quota": asked.quota, "least_side": asked.least_side}
    taken_out.sort(key=lambda row: row["image_id"])
    return shown, {"name": test.readers_name, "of": test.name, **rule, "classes": rows, "removed": taken_out}


def _balanced(
    images: Sequence[Candidate], sample: Balanced, names: Sequence[str], seed: int
) -> tuple[dict[str, list[Candidate]], Closure]:
    """Draw a sample. A class that has too few gives all it has, and its row says so; one that has none too."""
    members: dict[str, list[Candidate]] = {name: [] for name in names}
    for image in images:
        group = image.nine_class if sample.level == "nine" else image.three_class
        if image.split == "validation" and group is not None:
            members[group].append(image)
    each = sample.each if sample.each is not None else min((len(m) for m in members.values() if m), default=0)
    drawn = {name: drawn_order(members[name], sample.name, seed)[:each] for name in names}
    paper = BALANCED.get(sample.name)
    rows = [_row(name, len(members[name]), each, drawn[name], drawn[name], {}, paper) for name in names]
    rule: Closure = {"level": sample.level, "each": each, "smallest": sample.each is None}
    balanced = all(len(part) == each for part in drawn.values())
    return drawn, {"name": sample.name, "of": "validation", **rule, "balanced": balanced, "classes": rows, "removed": []}


def _row(
    name: str,
    available: int,
    asked: int,
    drawn: Sequence[Candidate],
    kept: Sequence[Candidate],
    removed: Mapping[str, int],
    paper: int | None,
) -> Closure:
    return {
        "class": name,
        "available": available,
        "asked": asked,
        "drawn": len(drawn),
        "removed": dict(sorted(removed.items())),
        "kept": len(kept),
        "paper": paper,
    }
