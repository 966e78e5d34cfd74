"""The tests and drawn sets of changed rows, as somebody would make them who cheats elsewhere and wants nothing to show."""

from typing import Any

from curate.splits.test_sets import Candidate, Exclusion, Sets, draw_sets

Rows = list[dict[str, Any]]


def redraw(images: Rows, classes: dict[str, Any], info: dict[str, Any], asked: Sets | None = None, not_shown: Any = ()) -> None:
    """Put the sets of the rows in place of those that stand there."""
    parent = {node["node_id"]: node["parent_id"] for node in classes["nodes"]}

    def path(node: str | None) -> frozenset[str]:
        seen: set[str] = set()
        while node in parent and node not in seen:
            seen.add(node)
            node = parent[node]
        return frozenset(seen)

    groups = {level: [group["name"] for group in classes[level]] for level in ("nine", "three")}
    candidates = [
        Candidate(
            row["image_id"],
            row["split"],
            path(row["node_id"]),
            row["nine_class"] if row["nine_class"] in groups["nine"] else None,
            row["three_class"] if row["three_class"] in groups["three"] else None,
            row["modality"],
            row["confirmation"] == "histopathology",
            min(row["width"], row["height"]),
        )
        for row in {row["image_id"]: row for row in images}.values()
    ]
    drawn = draw_sets(candidates, asked or Sets(), [Exclusion(*e) for e in not_shown], info["seed"], groups)
    for row in images:
        row["tests"], row["reader_sets"] = drawn.tests.get(row["image_id"], []), drawn.reader_sets.get(row["image_id"], [])
    info["drawn_sets"] = drawn.closure
