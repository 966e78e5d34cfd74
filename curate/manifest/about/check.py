"""Whether README.md, attribution.txt, licenses/ and croissant.json say what the tables say; nothing of them is taken on trust.

What is read by programs or owed to others is compared value by value. Sentences are free, so that better ones in a later
version do not turn a manifest into a bad one: in croissant.json the descriptions and the citation, in a licence's text what
stands before the counts, in README.md all but the table of counts.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.manifest.about import croissant, readme
from curate.manifest.about.licences import ATTRIBUTION, FOLDER, Tally, attribution_text, counted_lines, file_names, shown
from curate.manifest.folder import minor_of, names_below
from curate.manifest.frozen import Rows
from curate.manifest.read import said_once

if TYPE_CHECKING:
    import pyarrow as pa

Json = dict[str, Any]
SINGLE = (readme.NAME, ATTRIBUTION, croissant.NAME)
FREE = {"description": "description", "citeAs": "citation"}  # unless the publisher gave it in manifest.json


def about_differences(folder: Path, images: Rows, info: Json) -> Iterator[str]:
    """Yield where a file says something else than the tables and manifest.json, or cannot be compared with them.

    A manifest of schema 1.0 has none of these files and needs none.

    Args:
        folder: the manifest.
        images: the rows of images.parquet.
        info: manifest.json.
    """
    try:
        yield from _differences(folder, images, info)
    except (KeyError, TypeError, AttributeError, ValueError, OSError, RecursionError) as error:
        yield f"{readme.NAME}, {ATTRIBUTION}, {FOLDER}/, {croissant.NAME}: cannot be checked ({type(error).__name__}: {error})"


def allowance_differences(info: Json) -> Iterator[str]:
    """Yield where the licences that manifest.json allows are not those of the expression that it states.

    What an expression allows is worked out when a manifest is frozen; here no licence may be on the list of which the expression
    says nothing, and none of the two stands without the other. A manifest of schema 1.0 has the list alone.
    """
    allowed, expression = info.get("allowed_licences"), info.get("licence_expression")
    if minor_of(info) < 1 and expression is None:
        return
    if (allowed is None) != (expression is None):
        yield "manifest.json: of allowed_licences and licence_expression one is null and the other is not"
    for licence in allowed if isinstance(allowed, list) else []:
        if not _words(str(licence)) & _words(str(expression)):
            yield f"manifest.json: {licence} is on the list of allowed licences, and {expression} says nothing of it"


def _words(expression: str) -> set[str]:
    return set(re.findall(r"[\w.+:-]+", expression.casefold())) - {"and", "or", "with"}


def _differences(folder: Path, images: Rows, info: Json) -> Iterator[str]:
    tally = Tally.of(images.each("source", "split", "licence", "attribution"))
    names = file_names(tally.licences())
    present = {name for name in names_below(folder) if name in SINGLE or name.startswith(f"{FOLDER}/")}
    if minor_of(info) < 1 and not present:
        return
    yield from _attribution(folder, tally)
    yield from _licences(folder, tally, names, present)
    yield from _readme(folder, tally)
    yield from _croissant(folder, info, tally)


def _text(folder: Path, name: str) -> str | None:
    try:
        return (folder / name).read_bytes().decode("utf-8") if (folder / name).is_file() else None
    except (OSError, ValueError):
        return None


def _attribution(folder: Path, tally: Tally) -> Iterator[str]:
    text, expected = _text(folder, ATTRIBUTION), attribution_text(tally)
    if text is None:
        yield f"{ATTRIBUTION}: missing, or no text"
    elif text != expected:
        stated, owed = text.split("\n\n"), expected.split("\n\n")
        for name in (n for n in owed if n not in stated):
            yield f"{ATTRIBUTION} leaves out {name!r}, whom images are to be credited to"
        for name in (n for n in stated if n not in owed):
            yield f"{ATTRIBUTION} names {name!r}, whom no image is to be credited to"
        if sorted(stated) == sorted(owed) or set(stated) == set(owed):
            yield f"{ATTRIBUTION}: not each holder once, by falling number of images"


def _licences(folder: Path, tally: Tally, names: Mapping[str, str], present: set[str]) -> Iterator[str]:
    for name in sorted({n for n in present if n.startswith(f"{FOLDER}/")} - set(names.values())):
        yield f"{name}: no image is under such a licence"
    for licence, name in names.items():
        text = _text(folder, name)
        if text is None:
            yield f"{name}: missing, or no text; images are under {licence}"
            continue
        lines = text.split("\n")
        if f"SPDX identifier: {shown(licence)}" not in lines:
            yield f"{name} does not say that it is {licence}"
        block = [*counted_lines(tally.sources_of(licence)), ""]
        if lines[-len(block) :] != block or sum(line.startswith("Images under it:") for line in lines) != 1:
            yield f"{name} does not end with the images under it: {', '.join(line.strip() for line in block[1:-1])}"


def _readme(folder: Path, tally: Tally) -> Iterator[str]:
    text = _text(folder, readme.NAME)
    table = "\n".join(readme.count_lines(tally))
    if text is None:
        yield f"{readme.NAME}: missing, or no text"
    elif f"\n\n{table}\n\n" not in text or text.count(table.split("\n", maxsplit=1)[0]) != 1:
        yield f"{readme.NAME} does not have the table of images by source and split that images.parquet gives"


def _croissant(folder: Path, info: Json, tally: Tally) -> Iterator[str]:
    text = _text(folder, croissant.NAME)
    if text is None:
        yield f"{croissant.NAME}: missing, or no text"
        return
    try:
        stated = json.loads(text, object_pairs_hook=said_once)
    except (ValueError, RecursionError) as error:
        yield f"{croissant.NAME}: cannot be read ({error})"
        return
    if not isinstance(stated, dict):
        yield f"{croissant.NAME}: not an object"
        return
    schemas = {stem: _schema(folder / f"{stem}.parquet") for stem in ("images", "edges")}
    digests = {f"{stem}.parquet": _digest(folder / f"{stem}.parquet") for stem in schemas}
    expected = croissant.croissant(info, schemas, digests, tally.licences())
    given = info.get("publication") or {}
    for key in sorted(expected.keys() | stated.keys()):
        if key in FREE and FREE[key] not in given and isinstance(stated.get(key), str):
            continue
        if key not in expected or key not in stated:
            yield f"{croissant.NAME}: {key!r} is {'missing' if key in expected else 'not of its form'}"
        elif _without_words(stated[key]) != _without_words(expected[key]):
            yield f"{croissant.NAME}: {key!r} is not what the tables and manifest.json say"


def _without_words(value: Any, *, of: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _without_words(part, of=name) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_words(part) for part in value]
    return "" if of == "description" and isinstance(value, str) else value


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _schema(path: Path) -> "pa.Schema":
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).schema_arrow
