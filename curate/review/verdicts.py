"""Verdicts on pairs and pictures, in and out: a table of them, one by hand, and the way back."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from curate.catalogue import Catalogue
from curate.catalogue.verdicts import (
    COLUMNS,
    LOG_NAME,
    STEP,
    VERDICTS,
    Verdict,
    all_verdicts,
    header,
    record,
    stored_verdicts,
    text_of,
    verdict_of,
)
from curate.errors import InputError
from curate.review.filled import filled

TYPOS = 3  # an id this many letters off may be meant
HINTED = 5  # absent images for which the nearest ids are looked up

Row = dict[str, str]


def import_verdicts(catalogue: Catalogue, path: Path, who: str | None = None) -> dict[str, Any]:
    """Take in a table of verdicts, whole or not at all; what is known already is passed over.

    Columns are `image_a, image_b, verdict` and, where it has them, `who, decided, why`; without an `image_b` the verdict is on one
    picture. A row without a time is taken to be decided now, unless the same person has said the same of the pair or picture in
    the same words before.

    Args:
        catalogue: open for writing.
        path: the table.
        who: who decided, for rows that do not say.

    Returns:
        `added`, `known` (rows that were there), `absent` (images that the catalogue does not hold now, each with the nearest
        ids; their verdicts are kept and count once the images are there), `verdicts` by kind of those added, `pairs` (how many of
        them are on pairs), `log`.

    Raises:
        InputError: a row cannot be read, or two verdicts on one pair or picture differ and are of one moment.
    """
    rows = filled(path, COLUMNS[:3], COLUMNS[3:])
    return take_in(catalogue, [(f"{path}, line {line}", {**row, "who": row["who"] or who or ""}) for line, row in rows])


def add_verdict(catalogue: Catalogue, row: Row, *, keep_absent: bool = False) -> dict[str, Any]:
    """Add one verdict that somebody typed; returns what `import_verdicts` does.

    Args:
        catalogue: open for writing.
        row: `image_a, image_b, verdict, who, why`; `image_b` is empty where one picture is spoken of.
        keep_absent: whether an image may be one that the catalogue does not hold.

    Raises:
        InputError: the verdict cannot be read, or names an unknown image; the nearest ids are told.
    """
    unknown = absent_images(catalogue, [image for image in (row["image_a"], row["image_b"]) if image])
    if unknown and not keep_absent:
        near = unknown[0]["nearest"]
        hint = f"Did you mean {' or '.join(near)}?" if near else "An image id is SOURCE:NATIVE_ID."
        raise InputError(
            f"There is no image {unknown[0]['image']}.", f"{hint} With --keep-absent the verdict waits until the image is there."
        )
    return take_in(catalogue, [("the verdict", {**row, "decided": ""})])


def take_in(catalogue: Catalogue, rows: Iterable[tuple[str, Row]]) -> dict[str, Any]:
    """Add verdicts given as (where it stands, row of text); see `import_verdicts`."""
    earlier = stored_verdicts(catalogue)
    said = {(v.pair, v.verdict, v.who, v.why) for v in earlier}
    latest = {v.pair: v.decided for v in earlier}  # in order of time
    at = {(v.pair, v.decided): v.verdict for v in earlier}
    now = datetime.now(UTC).replace(tzinfo=None)
    asked: list[Verdict] = []
    known = 0
    for where, row in rows:
        verdict = verdict_of({**row, "decided": row["decided"] or now.isoformat()}, where)
        if not row["decided"]:
            if (verdict.pair, verdict.verdict, verdict.who, verdict.why) in said:
                known += 1
                continue
            # a clock that was set back does not make a new verdict an old one
            verdict = verdict._replace(decided=max(now, latest.get(verdict.pair, now) + STEP))
        if at.setdefault((verdict.pair, verdict.decided), verdict.verdict) != verdict.verdict:
            raise InputError(
                f"{where}: another verdict on {' and '.join(verdict.images)} is of the same moment, {verdict.decided}.",
                "The last one counts: give them times that differ.",
            )
        said.add((verdict.pair, verdict.verdict, verdict.who, verdict.why))
        latest[verdict.pair] = max(verdict.decided, latest.get(verdict.pair, verdict.decided))
        asked.append(verdict)
    new = record(catalogue, asked)
    return {
        "added": len(new),
        "known": known + len(asked) - len(new),
        "verdicts": dict.fromkeys(VERDICTS, 0) | Counter(v.verdict for v in new),
        "pairs": sum(1 for v in new if v.image_b),
        "absent": absent_images(catalogue, [image for v in asked for image in v.images]),
        "log": str(catalogue.workspace / LOG_NAME),
    }


def export_verdicts(catalogue: Catalogue, out: Path | None) -> tuple[list[Verdict], str]:
    """Return all verdicts in order of time, and as the text of a table that `import_verdicts` takes; written to `out` if given.

    Raises:
        InputError: `out` is there already.
    """
    verdicts = all_verdicts(catalogue)
    text = header() + text_of(verdicts)
    if out is not None:
        try:
            with out.open("x", encoding="utf-8", newline="") as handle:
                handle.write(text)
        except FileExistsError:
            raise InputError(f"{out} is there already.", "Name another file with --out.") from None
    return verdicts, text


def absent_images(catalogue: Catalogue, images: Iterable[str]) -> list[dict[str, Any]]:
    """Return the images that the catalogue does not hold, sorted, the first few with the ids nearest to theirs."""
    wanted = sorted(set(images))
    held = {i for (i,) in catalogue.rows("SELECT image_id FROM images WHERE image_id IN (SELECT unnest(?::VARCHAR[]))", [wanted])}
    absent = [image for image in wanted if image not in held]
    return [{"image": i, "nearest": nearest(catalogue, i) if n < HINTED else []} for n, i in enumerate(absent)]


def nearest(catalogue: Catalogue, image_id: str) -> list[str]:
    """Return up to three ids of the catalogue that end alike, or are some letters off."""
    tail = image_id.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    rows = catalogue.rows(
        """SELECT image_id FROM images WHERE ($1 <> '' AND contains(image_id, $1)) OR levenshtein(image_id, $2) <= $3
           ORDER BY levenshtein(image_id, $2), image_id LIMIT 3""",
        [tail, image_id, TYPOS],
    )
    return [i for (i,) in rows]
