"""Why an image stands in another split of a later manifest, as far as the two frozen tables tell."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

LABEL = "label changed"
FACTS = "quality, licence or confirmation changed"
JOINED = "component joined with others"
EDGES = "edges changed its component"
SETTINGS = "protocol or seed changed"
UNKNOWN = "unknown"
CAUSES = (LABEL, FACTS, JOINED, EDGES, SETTINGS, UNKNOWN)

LABEL_REASONS = ("no_label", "label_", "labels_")  # beginnings of exclusion reasons and pins
FACT_REASONS = ("quality", "licence", "confirmation")
EDGE_REASONS = ("over_budget", "weak_bridge")
NAMED = 3  # images or components that a detail names

Rows = Mapping[str, Mapping[str, Any]]


class Causes:
    """Says of each moved image why it moved: the first of `CAUSES` that holds.

    It is what the tables show, not a proof: where a label and the protocol changed together, the label is named.
    """

    def __init__(self, before: Rows, after: Rows, settings: Sequence[str]) -> None:
        """Take the rows of both manifests by image id, and the settings that differ (`protocol.test`, `seed`, …)."""
        self._before, self._after = before, after
        self._members_before, self._members_after = _members(before), _members(after)
        self._settings = [s for s in settings if s == "seed" or s.startswith("protocol.")]

    def of(self, image: str) -> tuple[str, str]:
        """Return cause and detail of an image that is in both manifests, in different splits."""
        return next(self._found(image))

    def _found(self, image: str) -> Iterator[tuple[str, str]]:
        old, new = self._before[image], self._after[image]
        before, after = self._members_before[old["component"]], self._members_after[new["component"]]
        others = sorted(i for i in before | after if i in self._before and i in self._after and i != image)
        codes = _codes(old) ^ _codes(new)
        for cause, columns, reasons in (
            (LABEL, ("node_id", "labels"), LABEL_REASONS),
            (FACTS, ("quality_fail", "licence", "confirmation"), FACT_REASONS),
        ):
            if own := [c for c in columns if old.get(c) != new.get(c)]:
                yield cause, f"its {' and '.join(own)}"
            changed = [i for i in others if any(self._before[i].get(c) != self._after[i].get(c) for c in columns)]
            if found := sorted(code for code in codes if code.startswith(reasons)):
                yield cause, ", ".join(found) + (f": {_named(changed)}" if changed else "")
            if changed:
                yield cause, f"of {_named(changed)} in its component"
        if joined := {self._before[i]["component"] for i in after - before if i in self._before}:
            yield JOINED, _named(sorted(joined))
        if newcomers := sorted(after - self._before.keys()):
            yield JOINED, f"new images {_named(newcomers)}"
        if parted := sorted(before - after):
            gone = sum(1 for i in parted if i not in self._after)
            yield EDGES, f"no longer with {_named(parted)}" + (f", {gone} of them removed" if gone else "")
        if found := sorted(code for code in codes if code in EDGE_REASONS):
            yield EDGES, ", ".join(found)
        if self._settings:
            yield SETTINGS, ", ".join(self._settings)
        redrawn = self._before.keys() != self._after.keys()
        yield UNKNOWN, "nothing about it changed" + ("; the split was drawn over other images" if redrawn else "")


def _members(rows: Rows) -> dict[str, set[str]]:
    members: dict[str, set[str]] = defaultdict(set)
    for image, row in rows.items():
        members[row["component"]].add(image)
    return members


def _codes(row: Mapping[str, Any]) -> set[str]:
    """Return why an image is excluded or kept in train, as codes."""
    return {code for column in ("excluded_reason", "pinned") if row.get(column) for code in str(row[column]).split(",")}


def _named(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
