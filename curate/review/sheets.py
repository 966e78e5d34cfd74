"""A blind sheet: one page of numbered pairs to be judged, a table for the answers, and apart from both the key.

The page holds the pictures themselves, re-encoded and of one size, and nothing else of them: no id, path, source, score or
metadata. It asks nothing of a network or a server, and works as a file opened in a browser.
"""

import base64
import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.fingerprints.picture import UnreadablePictureError, decode
from curate.manifest.pictures import Pictures
from curate.review.draw import JUDGED, KNOWN_DIFFERENT, KNOWN_SAME, Draw, Drawn

SIDE = 400  # pixels of every picture's longer side; smaller pictures are enlarged, so that a size tells nothing
QUALITY = 88
ON_A_PAGE = 10
FOR_REVIEWER = "for_reviewer"
KEY = ("number", "kind", "image_a", "image_b", "evidence", "score", "probability", "left", "sheet")
ANSWERS = ("number", "verdict", "note", "sheet")


def write_sheets(
    catalogue: Catalogue,
    drawn: Draw,
    pictures: Pictures,
    out: Path,
    settings: Mapping[str, Any],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write `for_reviewer/sheet.html` and `answers.csv`, and beside that folder `key.csv` and `draw.json`.

    Args:
        catalogue: knows where a picture lies and what its bytes were.
        drawn: the pairs, in the order in which they are shown.
        pictures: the folders of their sources.
        out: a folder that does not exist or is empty.
        settings: how the pairs were drawn, kept in `draw.json`.
        progress: called with (pairs written, pairs).

    Returns:
        `page`, `answers`, `key`, `sheet` (what ties the answers to their key), `pairs`, `judged`, `known_same`,
        `known_different`, `pool`, `notes`.

    Raises:
        InputError: `out` holds something, or a picture is not at hand, cannot be read, or is not the one that was fingerprinted.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already and not empty.", "Name another folder with --out.")
    numbers = dict(enumerate(drawn.pairs, start=1))
    sheet = sheet_of(drawn.pairs)
    read = _Reader(catalogue, pictures)
    rows = []
    for number, pair in numbers.items():
        left, right = (pair.image_b, pair.image_a) if pair.swapped else (pair.image_a, pair.image_b)
        rows.append({"number": number, "left": read.as_link(left), "right": read.as_link(right)})
        if progress:
            progress(number, len(numbers))
    counts = {kind: drawn.count(kind) for kind in (JUDGED, KNOWN_SAME, KNOWN_DIFFERENT)}
    told = {"sheet": sheet, "pairs": len(rows), **counts, "pool": drawn.pool, "notes": drawn.notes}
    partial = out.parent / f".{out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        (partial / FOR_REVIEWER).mkdir(parents=True)
        page = _template().render(pairs=rows, sheet=sheet, on_a_page=ON_A_PAGE)
        (partial / FOR_REVIEWER / "sheet.html").write_text(page, encoding="utf-8")
        _write_csv(partial / FOR_REVIEWER / "answers.csv", ANSWERS, [{"number": n, "sheet": sheet} for n in numbers])
        _write_csv(partial / "key.csv", KEY, [{"number": n, **_key(pair), "sheet": sheet} for n, pair in numbers.items()])
        text = json.dumps({"settings": settings, **told}, indent=1, sort_keys=True) + "\n"
        (partial / "draw.json").write_text(text, encoding="utf-8")
        if out.exists():
            out.rmdir()
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    page_and_answers = {name: str(out / FOR_REVIEWER / file) for name, file in (("page", "sheet.html"), ("answers", "answers.csv"))}
    return {**page_and_answers, "key": str(out / "key.csv"), **told}


def sheet_of(pairs: Sequence[Drawn]) -> str:
    """Return twelve hex digits that stand for these pairs in this order; they tell nothing of them."""
    text = json.dumps([(p.image_a, p.image_b, p.swapped) for p in pairs])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def _key(pair: Drawn) -> dict[str, Any]:
    return {
        "kind": pair.kind,
        "image_a": pair.image_a,
        "image_b": pair.image_b,
        "evidence": "|".join(pair.evidence),
        "score": "|".join(f"{score:g}" for score in pair.scores),
        "probability": "" if pair.probability is None else pair.probability,
        "left": "image_b" if pair.swapped else "image_a",
    }


class _Reader:
    """Reads pictures as they are shown."""

    def __init__(self, catalogue: Catalogue, pictures: Pictures) -> None:
        rows = catalogue.rows("SELECT image_id, source_id, path, sha256 FROM pictures")
        self._places = {image: (source, path, sha256) for image, source, path, sha256 in rows}
        self._pictures = pictures

    def as_link(self, image_id: str) -> str:
        """Return a picture as a `data:` link."""
        source, path, sha256 = self._places[image_id]
        try:
            content = self._pictures.read(source, path)
        except OSError as error:
            raise InputError(
                f"The picture {image_id} cannot be read ({error.strerror or error}).",
                f"Say where it lies: --images {source}=FOLDER.",
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputError(
                f"The picture {image_id} is not the one that was fingerprinted.",
                f"`curate ingest` and `curate fingerprint` take in the new one, or --images {source}=FOLDER names the old.",
            )
        try:
            small = shown(decode(content).rgb)
        except UnreadablePictureError as error:
            raise InputError(f"The picture {image_id} cannot be read: {error}.", "Run `curate fingerprint`.") from error
        return "data:image/jpeg;base64," + base64.b64encode(small).decode("ascii")


def shown(picture: Image.Image) -> bytes:
    """Return a picture as a JPEG file whose longer side is of `SIDE` pixels, without metadata."""
    scale = SIDE / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    content = io.BytesIO()
    bare = Image.new("RGB", (width, height))
    bare.paste(picture.resize((width, height), Image.Resampling.LANCZOS))
    bare.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = files("curate.review").joinpath("templates", "sheet.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)


def _write_csv(path: Path, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
