"""The certificate as a page: what is proven on one sheet of A4, then the flow, the table by partition and the paragraphs."""

import re
from pathlib import Path
from typing import Any

from markupsafe import Markup

from curate.errors import InputError
from curate.manifest.certificate.words import LEVEL_WORDS, percent, reason_words
from curate.report.page import style, template

MARK = '<meta name="generator" content="dermcurate certificate">'
SHOWN = 6  # sources that have a line each on the first sheet; more are counted by level there, and listed later
REASONS = 5  # of what was not checked, on the first sheet …
LETTERS = 180  # … and how much of each, where they are long; all of it stands later
BLANK = re.compile(r"(\[author: [^\]]*\])")


def require_place(path: Path, manifest: Path) -> None:
    """Refuse to write where a certificate must not go.

    Raises:
        InputError: the file would lie in the manifest's folder, or is there and no certificate.
    """
    if path.resolve().is_relative_to(manifest.resolve()):
        raise InputError(
            f"{path} lies in the manifest's folder, in which nothing may be written.", "Name another file with --html."
        )
    if path.exists() and MARK.encode() not in path.read_bytes()[:500]:
        raise InputError(f"{path} is there and no certificate.", "Name another file with --html.")


def write_certificate_page(certificate: dict[str, Any], path: Path) -> None:
    """Write one HTML file without external parts, whole or not at all."""
    import curate

    facts = certificate["facts"]
    page = template("certificate.html.j2").render(
        certificate=certificate,
        facts=facts,
        numbers=facts["numbers"],
        flow=facts["flow"],
        by_level=_by_level(facts["levels"]) if len(facts["levels"]) > SHOWN else [],
        reasons=_first(certificate["not_checked"]),
        level_words=LEVEL_WORDS,
        reason_words=reason_words,
        percent=percent,
        parts=_parts,
        mark=Markup(MARK),
        style=Markup(style()),
        version=curate.__version__,
    )
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _by_level(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sources' numbers added up by their level, the coarsest first."""
    rows = []
    for level in ("patient", "lesion", "image"):
        mine = [row for row in levels if row["level"] == level]
        if mine:
            sums = {key: sum(row[key] for row in mine) for key in ("images", "at_patient", "at_lesion", "at_image")}
            rows.append({"level": level, "sources": len(mine), **sums})
    return rows


def _first(reasons: list[str]) -> list[str]:
    """Return reasons as they stand where the first sheet has room for them, else the first, cut."""
    if sum(LETTERS // 3 + len(reason) for reason in reasons) <= REASONS * LETTERS:
        return reasons
    return [reason if len(reason) <= LETTERS else f"{reason[:LETTERS]}…" for reason in reasons[:REASONS]]


def _parts(text: str) -> list[tuple[bool, str]]:
    """Return the text cut at the author's blanks: whether a part is one, and its words."""
    return [(bool(BLANK.fullmatch(part)), part) for part in BLANK.split(text) if part]
