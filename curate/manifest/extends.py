"""Invariant 12: an extension keeps every assignment of the manifest that it extends; checked from the two folders alone.

Every image of the older manifest is in the newer one with the same bytes. It is in its old split and fold, or it was dropped: it is
excluded for a reason that can be seen to be true, and a finding names it. Nothing here is shared with the code that makes
extensions.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.manifest.diff import compare, next_version
from curate.manifest.folder import version_of
from curate.manifest.frozen import Frozen, Rows
from curate.manifest.held_out import BEFORE_1_1, HELD_OUT
from curate.manifest.read import Manifest, load
from curate.manifest.schema import GIVEN
from curate.manifest.verify import verify

Row = dict[str, Any]
ORDER = ("test", "validation", "train")  # which of several splits stays when they are tied
OF_AN_IMAGE = ("image_id", "sha256", "split", "fold", "component", "excluded_reason", "quality_fail", "confirmation", "independent")
COLUMNS = (*OF_AN_IMAGE, "node_id", "labels")
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


def extension_differences(folder: Path, old: Path) -> Iterator[str]:
    """Yield every way in which a manifest does not extend an older one.

    Raises:
        InputError: one of the folders holds no manifest, or one of another schema.
    """
    proof = verify(old)
    if not proof.ok:
        first = proof.violations[0].message
        yield f"{old.name} does not verify, so nothing can extend it: {len(proof.violations)} violations, the first: {first}"
        return
    before = load(old)
    try:
        after = load(folder)
        was = {row["image_id"]: row for row in before.images.select(COLUMNS).to_pylist()}
        drops = _Drops(was, Frozen(Rows(after.images), Rows(after.edges), after.classes, after.info))
    except (CurateError, *MALFORMED) as error:
        yield f"cannot be compared with {old.name} ({type(error).__name__}: {error})"
        return
    checks: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
        ("what the manifest says of it", lambda: _statement(before, after, was, drops.now)),
        ("its version", lambda: _version(before, after)),
        ("its images", lambda: _images(before, after, drops)),
        ("its seats", drops.wrong_seats),
    )
    for what, check in checks:
        try:
            yield from list(check())
        except (CurateError, *MALFORMED) as error:
            yield f"{what} cannot be checked, a value is missing or of another type ({type(error).__name__}: {error})"


def _images(before: Manifest, after: Manifest, drops: "_Drops") -> Iterator[str]:
    """Yield the images of the older manifest that are not where they were, and were not dropped either."""
    named = {image for f in after.info["findings"] if f["id"] in ("growth.merged", "growth.dropped") for image in f["images"]}
    for image, old in drops.was.items():
        new = drops.now.get(image)
        if new is None:
            yield f"{image}: {old['split']} in {before.info['name']}, and no longer there"
            continue
        if new["sha256"] != old["sha256"]:
            yield f"{image}: other bytes than in {before.info['name']}"
        reason = new["excluded_reason"]
        if old["split"] not in GIVEN:
            if old["excluded_reason"] in REASONS and (new["split"] in GIVEN or reason != old["excluded_reason"]):
                yield f"{image}: was dropped ({old['excluded_reason']}), and is in {new['split']} ({reason})"
        elif new["split"] in GIVEN:
            if new["split"] != old["split"]:
                yield f"{image}: moved from {old['split']} to {new['split']}"
            if new["fold"] != old["fold"]:
                yield f"{image}: moved from fold {old['fold']} to fold {new['fold']}"
        elif reason not in REASONS or not REASONS[reason](drops, old, new):
            yield f"{image}: was in {old['split']}, and is excluded for {reason}, which nothing in the tables bears out"
        elif image not in named:
            yield f"{image}: was dropped from {old['split']} ({reason}), and no finding says so"


def _statement(before: Manifest, after: Manifest, was: dict[str, Row], now: dict[str, Row]) -> Iterator[str]:
    """Yield where manifest.json says of the extension what the two manifests do not."""
    protocols = [{"seed": m.info["seed"], **m.info["protocol"]} for m in (before, after)]
    settings = [s | {"quality": BEFORE_1_1 | s["quality"]} for s in protocols]
    for what, value in settings[0].items():
        if settings[1][what] != value:
            yield f"{what} of the protocol is {settings[1][what]}, and was {value}"
    stated = after.info["extends"]
    if stated is None:
        yield "manifest.json says that it extends nothing"
        return
    seated = {image for image, row in was.items() if row["split"] in GIVEN}
    given = {image for image, row in now.items() if row["split"] in GIVEN}
    found = {
        "name": before.info["name"],
        "digest": before.digest,
        "kept": len(seated & given),
        "dropped": len(seated - given),
        "added": len(given - seated),
    }
    for what, value in found.items():
        if stated[what] != value:
            yield f"manifest.json says extends.{what} = {stated[what]}, and it is {value}"


def _version(before: Manifest, after: Manifest) -> Iterator[str]:
    version = next_version(version_of(before.info), compare(before, after).step)
    if after.info["version"] != version:
        yield f"version is {after.info['version']}, and what changed makes it {version}"


class _Drops:
    """What the tables say of images that were dropped."""

    def __init__(self, was: dict[str, Row], tables: Frozen) -> None:
        import pyarrow.compute as pc

        self.was, self.tables = was, tables
        rows = tables.images.table.select(COLUMNS).to_pylist()
        self.now: dict[str, Row] = {row["image_id"]: row for row in rows}
        self.sitting: dict[str, dict[tuple[str, int | None], str]] = defaultdict(dict)
        for row in rows:
            if row["split"] in GIVEN:
                self.sitting[row["component"]].setdefault((row["split"], row["fold"]), row["image_id"])
        tops = tables.tops(pc.not_equal(tables.edges["evidence"], "patient")).to_pylist()
        nodes: dict[str, set[str]] = defaultdict(set)
        for row, top in zip(rows, tops, strict=True):
            if row["node_id"] is not None:
                nodes[top].add(row["node_id"])
        self.lesion_nodes = {row["image_id"]: sorted(nodes[top]) for row, top in zip(rows, tops, strict=True)}

    def merged_with(self, split: str, old: Row, new: Row) -> bool:
        """Say whether its component sits in a split that stays before its own."""
        return ORDER.index(split) < ORDER.index(old["split"]) and any(s == split for s, _ in self.sitting[new["component"]])

    def merged_with_fold(self, old: Row, new: Row) -> bool:
        """Say whether its component sits in its split, in another fold."""
        return any(split == old["split"] and fold != old["fold"] for split, fold in self.sitting[new["component"]])

    def in_conflict(self, old: Row, new: Row) -> bool:
        """Say whether labels that exclude each other reach it, in its lesion or on itself."""
        own = {x["node_id"] for x in new["labels"] if x["node_id"] and x["weight"] is None and not x["fallback"]}
        reached = (self.lesion_nodes[new["image_id"]], sorted(own))
        return old["split"] == "test" and any(self.tables.exclude_each_other(nodes) for nodes in reached)

    def unconfirmed(self, old: Row, new: Row) -> bool:
        """Say whether the protocol's tests ask for a confirmation that it has not, or a source that it is not of."""
        requires = self.tables.info["protocol"]["test_requires"]
        confirmed = new["confirmation"] == "histopathology" or not requires["confirmed"]
        return old["split"] == "test" and not (confirmed and (new["independent"] or not requires["independent"]))

    def wrong_seats(self) -> Iterator[str]:
        """Yield the components in which not the seat stayed that the rule names.

        Test before validation before train; of the folds of one split that with more frozen images, then the lower number.
        """
        held: dict[str, Counter[tuple[str, int | None]]] = defaultdict(Counter)
        for image, old in self.was.items():
            new = self.now.get(image)
            if new is not None and old["split"] in GIVEN and (new["split"] in GIVEN or _is_merge(new["excluded_reason"])):
                held[new["component"]][old["split"], old["fold"]] += 1
        for component, counted in sorted(held.items()):
            best = max(counted, key=lambda s: (-ORDER.index(s[0]), counted[s], s[1] is not None, -(s[1] or 0)))
            for seat, image in self.sitting[component].items():
                if seat != best:
                    yield f"{image}: in {seat[0]}, fold {seat[1]}; its component's seat is {best[0]}, fold {best[1]}"


def _is_merge(reason: str | None) -> bool:
    return reason is not None and reason.startswith("merged_with_")


REASONS: dict[str, Callable[[_Drops, Row, Row], bool]] = {
    "merged_with_test": lambda drops, old, new: drops.merged_with("test", old, new),
    "merged_with_validation": lambda drops, old, new: drops.merged_with("validation", old, new),
    "merged_with_fold": lambda drops, old, new: drops.merged_with_fold(old, new),
    "label_lost": lambda _, __, new: new["node_id"] is None,
    "quality_lost": lambda _, old, new: old["split"] in HELD_OUT and new["quality_fail"] is not None,
    "confirmation_lost": lambda drops, old, new: drops.unconfirmed(old, new),
    "label_conflict_in_test": lambda drops, old, new: drops.in_conflict(old, new),
}
