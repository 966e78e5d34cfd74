"""How far a stratified assignment keeps the proportions that it was asked for, as the summary and the findings tell it."""

from collections.abc import Mapping
from typing import Any

from curate.splits.atom import Atom
from curate.splits.protocol import Protocol
from curate.splits.strata import deviations, folds_task, splits_task

NAMED = 5  # strata that a finding names


def proportions(
    atoms: list[Atom], splits: Mapping[str, str], fold_of: Mapping[str, int], protocol: Protocol
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return what became of the proportions, and a finding for each stratum that is further off than the tolerance.

    Returns:
        None unless the assignment is `stratified`; else `tolerance`, and for `splits` (unless none are drawn) and `folds` (where
        there are any): `largest` deviation of a stratum that can be within the tolerance, the number that is `off`, that of
        `too_few`, and `strata`, the rows of `strata.deviations`. Strata of too few components are named in one finding.
    """
    if protocol.assignment != "stratified":
        return None, []
    tasks = {}
    if protocol.protocol in ("holdout", "paper"):
        task = splits_task(atoms, protocol)
        tasks["splits"] = (task, {component: task.parts.index(split) for component, split in splits.items()})
    if protocol.folds:
        tasks["folds"] = (folds_task(atoms, splits, protocol), dict(fold_of))
    summary: dict[str, Any] = {"tolerance": protocol.tolerance}
    findings = []
    for what, (task, placed) in tasks.items():
        rows = deviations(task, placed)
        can = [row for row in rows if not row["too_few"]]
        off = [row for row in can if row["deviation"] > protocol.tolerance]
        cannot = [row["stratum"] for row in rows if row["too_few"]]
        largest = can[0]["deviation"] if can else 0.0
        summary[what] = {"largest": largest, "off": len(off), "too_few": len(cannot), "strata": rows}
        findings += [
            _finding(
                "split.proportion",
                "warning",
                f"{row['share']:.1%} of {row['stratum']} ({row['images']} images) are in {row['in']}, {row['wanted']:.1%} are "
                f"wanted; the tolerance is {protocol.tolerance:.1%}.",
            )
            for row in off
        ]
        if cannot:
            more = f" and {len(cannot) - NAMED} more" if len(cannot) > NAMED else ""
            findings.append(
                _finding(
                    "split.stratum-too-small",
                    "info",
                    f"Of the {what}, {len(cannot)} strata have too few components to keep their proportion within "
                    f"{protocol.tolerance:.1%}: {', '.join(cannot[:NAMED])}{more}.",
                )
            )
    return summary, findings


def _finding(name: str, severity: str, message: str) -> dict[str, Any]:
    return {"id": name, "severity": severity, "message": message, "component": None, "images": []}
