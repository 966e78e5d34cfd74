"""The worksheet of labels without a place: written with suggestions, filled in by a steward, loaded back."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.taxonomy.names import Match, Names
from curate.taxonomy.normalise import unmapped_labels
from curate.taxonomy.tree import Tree

COLUMNS = ("source", "field", "native_label", "images", "records", "examples", "suggestions", "node", "reason")
ASKED = ("source", "field", "native_label", "node", "reason")
EXCLUDED = "excluded"
LOG_NAME = "label_decisions.jsonl"
SUGGESTIONS = 4


def suggestions(catalogue: Catalogue, tree: Tree, limit: int = SUGGESTIONS) -> list[dict[str, Any]]:
    """Return the labels without a place, each with the nodes that it may mean and their scores; nothing is applied."""
    names = Names(tree)
    return [{**row, "suggestions": names.suggest(row["native_label"], limit)} for row in unmapped_labels(catalogue)]


def in_words(match: Match, tree: Tree) -> str:
    """Return a suggestion as a worksheet shows it: id, name, likeness."""
    return f"{match.node_id} {tree.nodes[match.node_id].name} ({match.score:g})"


def write_worksheet(catalogue: Catalogue, tree: Tree, path: Path) -> int:
    """Write the worksheet and return how many labels stand in it.

    Raises:
        InputError: the file is there already; what somebody filled in is not overwritten.
    """
    rows = suggestions(catalogue, tree)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        shown = "; ".join(in_words(m, tree) for m in row["suggestions"])
        writer.writerow({**row, "examples": " ".join(row["examples"]), "suggestions": shown, "node": "", "reason": ""})
    try:
        with path.open("x", encoding="utf-8-sig", newline="") as handle:  # spreadsheets know UTF-8 by its mark
            handle.write(text.getvalue())
    except FileExistsError:
        raise InputError(f"{path} is there already.", "Load it with `curate labels apply`, or name another file.") from None
    return len(rows)


def apply_worksheet(catalogue: Catalogue, tree: Tree, path: Path, who: str) -> dict[str, Any]:
    """Take a filled worksheet in, whole or not at all.

    In the column `node` stands a node's id or name, or `excluded`, which needs a reason; rows left blank are left alone. A later
    decision on the same label counts before an earlier one, and any before the label map.

    Returns:
        `applied`, `excluded`, `blank`: rows.

    Raises:
        InputError: a column is missing, or a row names no node, no label of this workspace, or excludes without a reason.
    """
    known = {tuple(r) for r in catalogue.rows("SELECT DISTINCT source_id, field, label FROM labels")}
    names = Names(tree)
    decided = datetime.now(UTC).replace(tzinfo=None)
    rows: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for line, row in _filled(path):
        where = f"{path}, line {line} ({row['source']}: {row['native_label']!r})"
        if not row["node"]:
            counts["blank"] += 1
            continue
        key = (row["source"], row["field"], row["native_label"])
        if key not in known:
            raise InputError(
                f"{where}: no such label was ingested.", "Leave source, field and native_label as the worksheet has them."
            )
        excluded = row["node"].casefold() == EXCLUDED
        if excluded and not row["reason"]:
            raise InputError(f"{where}: excluded, and no reason is given.", "Say in the column reason why it is no diagnosis.")
        counts["excluded" if excluded else "applied"] += 1
        rows.append(
            dict(zip(("source_id", "field", "native_label"), key, strict=True))
            | {
                "node_id": None if excluded else _node(names, row["node"], where),
                "how": EXCLUDED if excluded else "steward",
                "reason": row["reason"],
                "who": who,
                "decided": decided,
            }
        )
    with catalogue.transaction():
        catalogue.insert("label_decisions", rows)
        with (catalogue.workspace / LOG_NAME).open("a", encoding="utf-8") as log:
            log.writelines(json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in rows)
    return {name: counts[name] for name in ("applied", "excluded", "blank")}


def _filled(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The worksheet {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as CSV in UTF-8.") from error
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if missing := [c for c in ASKED if c not in (reader.fieldnames or ())]:
        raise InputError(f"{path} has no column {missing[0]!r}.", "`curate labels unmapped --worksheet FILE` writes one.")
    return [(reader.line_num, {c: (row[c] or "").strip() for c in ASKED}) for row in reader]


def _node(names: Names, said: str, where: str) -> str:
    tree = names.tree
    if (current := tree.current(said.split(maxsplit=1)[0])) is not None:
        return current
    found = names.lookup(said)
    if found is None:
        near = names.suggest(said, 1)
        hint = f"Did you mean {in_words(near[0], tree)}?" if near else "`curate taxonomy find` looks names up."
        raise InputError(f"{where}: the taxonomy has no node {said!r}.", hint)
    return found.node_id
