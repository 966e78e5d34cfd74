"""The closure table: of each test and drawn set what was found or asked, what was removed and why, and what is left."""

from collections.abc import Mapping
from typing import Any

Rows = list[dict[str, Any]]


def closure_rows(closure: Mapping[str, Any]) -> Rows:
    """Return a row for each set and class, with the paper's count beside ours.

    `from` counts what a class is drawn from, `asked` is the quota (all of them for a test), `short` what the class lacks of it;
    `drawn = removed + kept` in every row.
    """
    rows: Rows = []
    for test in closure["tests"]:
        for part in test["classes"]:
            row = _row(test["name"], "split test", part, part["found"])
            rows.append({**row, "asked": part["found"], "drawn": part["found"], "short": 0, "confirmed": part["confirmed"]})
    for one in closure["reader_sets"]:
        for part in one["classes"]:
            row = _row(one["name"], one["of"], part, part["available"])
            short = part["asked"] - part["drawn"]
            rows.append({**row, "asked": part["asked"], "drawn": part["drawn"], "short": short, "confirmed": None})
    return rows


def _row(name: str, of: str, part: Mapping[str, Any], available: int) -> dict[str, Any]:
    reasons = {"small": "too small", "reader": "a reader's list"}
    removed = ", ".join(f"{n} {reasons.get(why, why.replace('_', ' '))}" for why, n in part["removed"].items())
    return {
        "set": name,
        "of": of,
        "class": part["class"],
        "from": available,
        "asked": None,
        "drawn": None,
        "short": None,
        "removed": sum(part["removed"].values()),
        "reasons": removed,
        "kept": part["kept"],
        "confirmed": None,
        "paper": part["paper"],
    }


def closure_lines(closure: Mapping[str, Any]) -> list[str]:
    """Return the table in words, a line for each class of a test or of a set for readers, and one for each balanced sample."""
    names = {test["name"] for test in closure["tests"]}
    shown = [row for row in closure_rows(closure) if row["set"] in names or row["of"] in names]
    width = max((len(row["set"]) + len(row["class"]) for row in shown), default=0) + 4
    lines = [f"{'test or set':<{width}}{'drawn':>6}{'removed':>9}{'kept':>7}{'paper':>7}"] if shown else []
    for row in shown:
        notes = [row["reasons"]] if row["reasons"] else []
        notes += [f"{row['short']} short of {row['asked']}"] if row["short"] else []
        paper = "" if row["paper"] is None else row["paper"]
        name = f"{row['set']}: {row['class']}"
        lines.append(f"{name:<{width}}{row['drawn']:>6}{row['removed']:>9}{row['kept']:>7}{paper:>7}  {'; '.join(notes)}".rstrip())
    for one in closure["reader_sets"]:
        if one["of"] not in names:
            total = sum(part["kept"] for part in one["classes"])
            lacking = [f"{part['class']} has {part['drawn']}" for part in one["classes"] if part["drawn"] < one["each"]]
            words = "" if one["balanced"] else f", NOT balanced: {', '.join(lacking)}"
            lines.append(f"{one['name']}: {total} images, {one['each']} of each class asked{words}")
    return lines
