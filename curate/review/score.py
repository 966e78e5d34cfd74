"""How a sheet was judged: the known pairs judged right, and the precision of the edges with its interval."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from curate.catalogue import Catalogue
from curate.catalogue.verdicts import VERDICTS
from curate.errors import InputError
from curate.review.draw import JUDGED, KNOWN_DIFFERENT, KNOWN_SAME
from curate.review.filled import filled
from curate.review.sheets import KEY
from curate.review.verdicts import take_in

Z = 1.959963984540054  # standard normal quantile of .975
BANDS = (0.5, 0.8, 0.9, 0.95, 0.99)  # edges between the bands of probability


class Judged(NamedTuple):
    """One pair of a sheet with its answer; `verdict` is blank where there is none."""

    number: int
    kind: str
    image_a: str
    image_b: str
    evidence: tuple[str, ...]
    probability: float | None
    verdict: str
    note: str
    sheet: str


def read_judged(answers: Path, key: Path) -> list[Judged]:
    """Return the pairs of a key with the answers to them, in order of their numbers.

    Raises:
        InputError: one of the tables cannot be read, they are of two sheets, a number is not in the key or is answered twice, an
            answer is none of same, different, unsure, or nothing is filled in.
    """
    pairs = {row["number"]: row for _, row in filled(key, KEY)}
    told: dict[str, tuple[str, str]] = {}
    for line, row in filled(answers, ("number", "verdict"), ("note", "sheet")):
        number, verdict = row["number"], row["verdict"].lower()
        where = f"{answers}, line {line}"
        if number not in pairs:
            raise InputError(f"{where}: the key has no pair {number!r}.", "Name the key that was written with this sheet.")
        if row["sheet"] not in ("", pairs[number]["sheet"]):
            raise InputError(
                f"{where}: the answers are to the sheet {row['sheet']}, the key is of {pairs[number]['sheet']}.",
                "Name the key that was written with this sheet.",
            )
        if number in told:
            raise InputError(f"{where}: pair {number} is answered twice.", "Leave one line of each pair.")
        if verdict not in ("", *VERDICTS):
            raise InputError(f"{where}: {row['verdict']!r} is no verdict.", f"Use {', '.join(VERDICTS)}, or leave it blank.")
        told[number] = (verdict, row["note"])
    if not any(verdict for verdict, _ in told.values()):
        raise InputError(f"{answers}: no pair is judged.", "Fill in the column verdict, or save the page's answers over it.")
    return sorted(_judged(row, *told.get(number, ("", "")), key) for number, row in pairs.items())


def _judged(row: Mapping[str, str], verdict: str, note: str, key: Path) -> Judged:
    try:
        probability = float(row["probability"]) if row["probability"] else None
        evidence = tuple(row["evidence"].split("|")) if row["evidence"] else ()
        pair = row["image_a"], row["image_b"]
        return Judged(int(row["number"]), row["kind"], *pair, evidence, probability, verdict, note, row["sheet"])
    except ValueError as error:
        raise InputError(f"{key}, pair {row['number']}: {error}.", "Take the key as `curate review sheets` wrote it.") from error


def score(judged: Iterable[Judged]) -> dict[str, Any]:
    """Return how the known pairs were judged, and the precision of the others.

    Returns:
        `known_same` and `known_different`: `pairs` judged, `right`, `unsure`, `share` right (an unsure one is not), `interval`;
        `edges`, and by `evidence` and by band of `probability`: see `precision`; `unanswered`: pairs left blank.
    """
    rows = list(judged)
    answered = [row for row in rows if row.verdict]
    edges = [row for row in answered if row.kind == JUDGED]
    kinds = sorted({kind for row in edges for kind in row.evidence})
    bands = sorted({_band(row.probability) for row in edges})
    return {
        "sheet": rows[0].sheet,
        "unanswered": len(rows) - len(answered),
        "known_same": _known([row for row in answered if row.kind == KNOWN_SAME], "same"),
        "known_different": _known([row for row in answered if row.kind == KNOWN_DIFFERENT], "different"),
        "edges": precision(edges),
        "evidence": [{"evidence": kind, **precision([r for r in edges if kind in r.evidence])} for kind in kinds],
        "probability": [
            {"probability": band[1], **precision([r for r in edges if _band(r.probability) == band])} for band in bands
        ],
    }


def precision(rows: Sequence[Judged]) -> dict[str, Any]:
    """Return the share of pairs that are the same, unsure ones counted as different and as the same.

    Returns:
        `pairs`, `same`, `different`, `unsure`; `precision` and its Wilson `interval` with unsure counted as different, and
        `precision_if_unsure_same` and `interval_if_unsure_same`; None where there is no pair.
    """
    counts = Counter(row.verdict for row in rows)
    least, most = counts["same"], counts["same"] + counts["unsure"]
    return {
        "pairs": len(rows),
        **{verdict: counts[verdict] for verdict in VERDICTS},
        "precision": _share(least, len(rows)),
        "interval": wilson(least, len(rows)),
        "precision_if_unsure_same": _share(most, len(rows)),
        "interval_if_unsure_same": wilson(most, len(rows)),
    }


def wilson(right: int, all_: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share after Wilson (1927), rounded to four digits, or None of nothing."""
    if not all_:
        return None
    share, z = right / all_, Z * Z / all_
    half = sqrt(z * (share * (1 - share) + z / 4))
    middle = share + z / 2
    return round(max(0.0, (middle - half) / (1 + z)), 4), round(min(1.0, (middle + half) / (1 + z)), 4)


def import_judged(catalogue: Catalogue, judged: Iterable[Judged], who: str) -> dict[str, Any]:
    """Make verdicts of the judged pairs, the known ones left out; returns what `import_verdicts` does."""
    rows = [
        (
            f"pair {row.number}",
            {
                "image_a": row.image_a,
                "image_b": row.image_b,
                "verdict": row.verdict,
                "who": who,
                "decided": "",
                "why": f"blind sheet {row.sheet}, pair {row.number}" + (f": {row.note}" if row.note else ""),
            },
        )
        for row in judged
        if row.verdict and row.kind == JUDGED
    ]
    return take_in(catalogue, rows)


def _known(rows: Sequence[Judged], truth: str) -> dict[str, Any]:
    right = sum(row.verdict == truth for row in rows)
    return {
        "pairs": len(rows),
        "right": right,
        "unsure": sum(row.verdict == "unsure" for row in rows),
        "share": _share(right, len(rows)),
        "interval": wilson(right, len(rows)),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _band(probability: float | None) -> tuple[float, str]:
    """Return a band's place in the order and its name."""
    if probability is None:
        return -1.0, "none"
    low = max((b for b in BANDS if b <= probability), default=0.0)
    high = min((b for b in BANDS if b > probability), default=1.0)
    return low, f"{low:g} to {high:g}"
