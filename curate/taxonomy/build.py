"""Makes `schemas/taxonomy` from assembled ontology terms and the tables of our own decisions; run by whoever releases a version.

    python -m curate.taxonomy.build [--folder schemas/taxonomy] [--check]

`decisions/material.csv.gz` is the tree as assembled (one row per node). The decisions stand beside it, each with its reason:

- `reviewed.csv`: `node_id, asked, decision, target, reason, version`; keep, merge (into target), drop (its images go to target),
  move (below target)
- `corrected.csv`: `node_id, column, value, reason`: a name or a malignancy that was wrong
- `new_nodes.csv`: `node_id, name, parent_id, malignancy, synonyms, reason`
- `moved_under_new.csv`: `node_id, parent_id, reason`: existing nodes that a new inner node takes
- `synonyms_taken_away.csv`: `synonym, from_node_id, to_node_id, reason`; no target: on no node
- `synonyms_added.csv`: `node_id, synonym, seen_in, taken, reason`: strings of data sets; yes, or no and why

The same tables give the same bytes.
"""

import argparse
import csv
import gzip
import io
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from curate.errors import InputError
from curate.taxonomy.tree import COLUMNS

DEFAULT_MALIGNANCY = {"DC:0000001": "benign", "DC:0000002": "malignant", "DC:0000003": "not_applicable"}
RETIRED_COLUMNS = ("node_id", "name", "successor", "version", "reason")
Row = dict[str, str]


@dataclass
class Draft:
    """The tree while it is made: rows by id, what was taken out of it, and every name and synonym in use (in lower case)."""

    rows: dict[str, Row]
    removed: dict[str, Row] = field(default_factory=dict)
    retired: dict[str, Row] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)

    def current(self, node_id: str) -> str:
        """Return the node that an id stands for now.

        Raises:
            InputError: there is none, or the retired lead in a circle.
        """
        seen: set[str] = set()
        while node_id in self.retired:
            if node_id in seen:
                raise InputError(f"The retired node {node_id} is its own successor.")
            seen.add(node_id)
            node_id = self.retired[node_id]["successor"]
        if node_id not in self.rows:
            raise InputError(f"A decision names the node {node_id}, which does not exist.")
        return node_id

    def root(self, node_id: str) -> str:
        """Return the root of a node.

        Raises:
            InputError: a move closed a circle.
        """
        seen: set[str] = set()
        while parent := self.rows[node_id]["parent_id"]:
            if parent in seen:
                raise InputError(f"The moves close a circle at {parent}.")
            seen.add(parent)
            node_id = parent
        return node_id

    def move(self, node_id: str, parent_id: str) -> None:
        """Hang a node below another; a malignancy that was merely its root's becomes that of the new root."""
        row = self.rows[node_id]
        before = DEFAULT_MALIGNANCY[self.root(node_id)]
        row["parent_id"] = parent_id
        if row["malignancy"] == before:
            row["malignancy"] = DEFAULT_MALIGNANCY[self.root(node_id)]


def build(folder: Path) -> dict[str, bytes]:
    """Return the files of the taxonomy, by name, as the decisions make them.

    Raises:
        InputError: a decision names a node that does not exist, or contradicts another.
    """
    decisions = folder / "decisions"
    with gzip.open(decisions / "material.csv.gz", "rt", encoding="utf-8", newline="") as handle:
        material = list(csv.DictReader(handle))
    draft = Draft({r["node_id"]: {c: r[c] for c in COLUMNS} for r in material})
    reviewed = _read(decisions / "reviewed.csv")
    taken = _read(decisions / "synonyms_taken_away.csv")
    new = _read(decisions / "new_nodes.csv")
    _take_synonyms_away(draft, taken)
    _add_new(draft, new)
    _place(draft, reviewed, _read(decisions / "moved_under_new.csv"))
    for row in _read(decisions / "corrected.csv"):
        draft.rows[draft.current(row["node_id"])][row["column"]] = row["value"]
    draft.texts = {t.casefold() for r in draft.rows.values() for t in (r["name"], *_parts(r["synonyms"]))}
    _merge_names(draft, [r for r in reviewed if r["decision"] == "merge"])
    for row in taken:
        if row["to_node_id"]:
            _add_synonym(draft, draft.current(row["to_node_id"]), row["synonym"])
    for row in _read(decisions / "synonyms_added.csv"):
        if row["taken"] == "yes":
            _add_synonym(draft, draft.current(row["node_id"]), row["synonym"])
    _mend_other_parents(draft)
    return {
        "taxonomy.csv": _csv(COLUMNS, _in_tree_order(draft)),
        "retired.csv": _csv(RETIRED_COLUMNS, sorted(draft.retired.values(), key=lambda r: r["node_id"])),
    }


def _add_new(draft: Draft, new: list[Row]) -> None:
    for row in new:
        if row["node_id"] in draft.rows:
            raise InputError(f"new_nodes.csv: {row['node_id']} is taken.")
        given = {c: row[c] for c in COLUMNS if c in row}
        draft.rows[row["node_id"]] = dict.fromkeys(COLUMNS, "") | given | {"source": "curated", "confidence": "medium"}


def _place(draft: Draft, reviewed: list[Row], under_new: list[Row]) -> None:
    """Retire, then move: the targets of moves are then those that stay; children of a retired node go to its successor."""
    for row in reviewed:
        if row["decision"] in ("merge", "drop"):
            _retire(draft, row)
    for row in draft.rows.values():
        if row["parent_id"]:
            row["parent_id"] = draft.current(row["parent_id"])
    for row in reviewed:
        if row["decision"] == "move":
            draft.move(row["node_id"], draft.current(row["target"]))
    for row in under_new:
        draft.move(draft.current(row["node_id"]), draft.current(row["parent_id"]))


def _retire(draft: Draft, decision: Row) -> None:
    node_id = decision["node_id"]
    if node_id in draft.retired:
        raise InputError(f"reviewed.csv retires {node_id} twice.")
    row = draft.removed[node_id] = draft.rows.pop(node_id)
    draft.retired[node_id] = {
        "node_id": node_id,
        "name": row["name"],
        "successor": decision["target"],
        "version": decision["version"],
        "reason": decision["reason"],
    }


def _merge_names(draft: Draft, merged: list[Row]) -> None:
    """Give the successor of a merged node its names, and the ids that other vocabularies have for it."""
    for row in merged:
        gone = draft.removed[row["node_id"]]
        successor = draft.rows[draft.current(row["target"])]
        for column in (c for c in COLUMNS if c.startswith("xref_")):
            successor[column] = "|".join(dict.fromkeys((*_parts(successor[column]), *_parts(gone[column]))))
        for text in (gone["name"], *_parts(gone["synonyms"])):
            _add_synonym(draft, successor["node_id"], text)


def _take_synonyms_away(draft: Draft, taken: list[Row]) -> None:
    for row in taken:
        if not row["from_node_id"]:
            continue
        holder = draft.rows[row["from_node_id"]]
        kept = [s for s in _parts(holder["synonyms"]) if s.casefold() != row["synonym"].casefold()]
        if len(kept) == len(_parts(holder["synonyms"])):
            raise InputError(f"synonyms_taken_away.csv: {row['from_node_id']} has no synonym {row['synonym']!r}.")
        holder["synonyms"] = "|".join(kept)


def _add_synonym(draft: Draft, node_id: str, text: str) -> None:
    """Give a node a synonym, unless some node has that text already."""
    if text.casefold() not in draft.texts:
        row = draft.rows[node_id]
        row["synonyms"] = "|".join((*_parts(row["synonyms"]), text))
        draft.texts.add(text.casefold())


def _mend_other_parents(draft: Draft) -> None:
    """Let other parents name nodes that are there, each once, and none above or below the node."""
    for node_id, row in draft.rows.items():
        above = _above(draft, node_id)
        others: list[str] = []
        for other in _parts(row["also_under"]):
            now = draft.current(other)
            if now not in others and now not in above and node_id not in _above(draft, now):
                others.append(now)
        row["also_under"] = "|".join(others)


def _above(draft: Draft, node_id: str) -> list[str]:
    path = [node_id]
    while parent := draft.rows[path[-1]]["parent_id"]:
        path.append(parent)
    return path


def _in_tree_order(draft: Draft) -> list[Row]:
    """Return parents before children, siblings by id."""
    children: dict[str, list[str]] = defaultdict(list)
    for node_id in sorted(draft.rows):
        children[draft.rows[node_id]["parent_id"]].append(node_id)
    ordered: list[Row] = []
    waiting = list(reversed(children[""]))
    while waiting:
        node_id = waiting.pop()
        ordered.append(draft.rows[node_id])
        waiting += reversed(children[node_id])
    if len(ordered) != len(draft.rows):
        raise InputError("The moves close a circle.")
    return ordered


def _parts(text: str) -> list[str]:
    return [part for part in text.split("|") if part]


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _csv(columns: tuple[str, ...], rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def main() -> None:
    """Write the files, or say whether they are those that the decisions make."""
    options = argparse.ArgumentParser(description="Make the shipped taxonomy from the material and our decisions.")
    options.add_argument("--folder", type=Path, default=Path("schemas/taxonomy"))
    options.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file would change")
    asked = options.parse_args()
    made = build(asked.folder)
    changed = [n for n, c in made.items() if not (asked.folder / n).is_file() or (asked.folder / n).read_bytes() != c]
    if asked.check:
        sys.exit(f"{', '.join(changed)}: not what the decisions make" if changed else 0)
    for name in changed:
        (asked.folder / name).write_bytes(made[name])


if __name__ == "__main__":
    main()
