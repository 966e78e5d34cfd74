"""Exporting a frozen manifest: verified, its pictures checked, whole or not at all."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.export import FORMATS
from curate.manifest.export.interface import Export, Format, Item
from curate.manifest.export.names import class_folder, picture_name
from curate.manifest.export.rows import csv_text
from curate.manifest.export.shelf import Progress, Shelf
from curate.manifest.pictures import Pictures
from curate.manifest.read import Manifest, load
from curate.manifest.schema import GIVEN
from curate.manifest.verify import verify

DIGEST = "manifest.digest"
NAMED = 5  # missing pictures that a message names


def export_manifest(
    folder: Path,
    to: str,
    out: Path,
    pictures: Pictures,
    *,
    splits: Sequence[str] = GIVEN,
    link: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Any]:
    """Write the splits of a manifest in another tool's format. What is excluded never goes out.

    Args:
        folder: the manifest.
        to: the name of a format, of `FORMATS`.
        out: a folder that is not there, or is empty.
        pictures: where the pictures lie.
        splits: those that go out.
        link: whether a picture may be a link to its file where the file has no metadata; others are written without.
        progress: called with (pictures done, pictures in all).

    Returns:
        `folder`, `format`, `digest` of the manifest, images by split, and pictures by what became of them: `as_is`,
        `stripped`, `decoded` and, of these, `linked`.

    Raises:
        InputError: no such format or split, `out` cannot be used, no image is in the splits, pictures are missing.
        BrokenInvariantError: the manifest does not verify, or a picture is not the one that was frozen.
    """
    form = _format(to, link=link)
    splits = _splits(splits)
    require_place(out, folder, pictures)
    manifest = trusted(folder)
    items = _items(manifest, splits)
    if form.has_pictures:
        require_pictures(items, pictures)
    target = out.resolve()
    partial = target.parent / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        shelf = Shelf(pictures, len(items), progress, link=link)
        export = Export(manifest, [s for s in splits if any(i.split == s for i in items)], items, partial, shelf)
        places = form.write(export)
        _write_rows(export, places)
        _write_text(partial / "README.md", form.front(export) + _readme(export, form))
        _write_text(partial / DIGEST, manifest.digest + "\n")
        partial.replace(target)  # in place of an empty folder, or of none
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    counts = Counter(item.split for item in items)
    return {
        "folder": str(out),
        "format": to,
        "digest": manifest.digest,
        "images": {split: counts[split] for split in splits},
        "pictures": {how: shelf.counts[how] for how in ("as_is", "stripped", "decoded", "linked")},
    }


def _format(name: str, *, link: bool) -> Format:
    if name not in FORMATS:
        raise InputError(f"There is no format {name!r}.", f"Use one of {', '.join(FORMATS)}.")
    if link and not FORMATS[name].may_link:
        linked = ", ".join(n for n, f in FORMATS.items() if f.may_link)
        raise InputError(f"--link: {name} has no picture files that could be links.", f"Those of {linked} can.")
    return FORMATS[name]


def _splits(asked: Sequence[str]) -> list[str]:
    if unknown := [s for s in asked if s not in GIVEN]:
        why = "What is excluded never goes out." if unknown[0] == "excluded" else f"There is no split {unknown[0]!r}."
        raise InputError(f"--split: {why}", f"Use {', '.join(GIVEN)}.")
    return [s for s in GIVEN if s in asked]


def require_place(out: Path, manifest: Path, pictures: Pictures) -> None:
    """Raise InputError where `out` holds something, or lies where nothing may be written."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there and not empty.", "Name another folder with --out.")
    for inside, what in ((manifest, "the manifest"), *((f, f"the pictures of {s}") for s, f in pictures.folders.items())):
        if out.resolve().is_relative_to(inside.resolve()):
            raise InputError(
                f"{out} lies in the folder of {what}, in which nothing may be written.", "Name another one with --out."
            )


def trusted(folder: Path) -> Manifest:
    """Return a manifest after all its invariants were checked; pictures are checked when they are taken."""
    verify(folder).require(f"{folder} is not exported.", folder)
    return load(folder)


def _items(manifest: Manifest, splits: Sequence[str]) -> list[Item]:
    position = {c["id"]: n for n, c in enumerate(manifest.classes["training_classes"])}
    rows = [row for row in manifest.images.to_pylist() if row["split"] in splits]
    items = [Item(row, picture_name(row["image_id"]), position[row["training_class"]]) for row in rows]
    if not items:
        raise InputError(f"{manifest.folder} has no image in {', '.join(splits)}.", "Choose another --split.")
    if len({item.name for item in items}) != len(items):
        raise BrokenInvariantError(f"{manifest.folder}: two images would have one file name.", "Please report this.")
    return sorted(items, key=lambda item: item.image_id)


def require_pictures(items: Sequence[Item], pictures: Pictures) -> None:
    """Raise InputError where a picture of the items is not there; nothing is read."""
    if unknown := pictures.missing(item.row["source"] for item in items):
        raise InputError(f"Where the pictures of {', '.join(unknown)} lie is not known.", f"Say --images {unknown[0]}=FOLDER.")
    absent = pictures.absent((i.image_id, i.row["source"], i.row["path"]) for i in items)
    if absent:
        named = ", ".join(absent[:NAMED]) + (", …" if len(absent) > NAMED else "")
        raise InputError(
            f"{len(absent)} of {len(items)} pictures are missing: {named}.",
            "Nothing was exported. Put them back, or name another folder with --images SOURCE=FOLDER.",
        )


def _write_rows(export: Export, places: dict[str, str]) -> None:
    names = export.manifest.images.column_names
    rows = [[*([places[i.image_id]] if places else []), *(i.row[name] for name in names)] for i in export.items]
    _write_text(export.folder / "images.csv", csv_text([*(["file"] if places else []), *names], rows))
    counts = Counter(item.label for item in export.items)
    header = ["label", "id", "folder", "title", "nine_class", "three_class", "images"]
    classes = [
        [n, c["id"], class_folder(c["id"]), c["title"], c["nine"], c["three"], counts[n]] for n, c in enumerate(export.classes)
    ]
    _write_text(export.folder / "classes.csv", csv_text(header, classes))


def _readme(export: Export, form: Format) -> str:
    info = export.manifest.info
    counts = Counter(item.split for item in export.items)
    lines = [
        f"# {info['name']}",
        "",
        f"Exported by dermcurate for {form.reader}.",
        "",
        f"Manifest: `{export.manifest.digest}` (also in `{DIGEST}`). Quote this digest with what is computed from here.",
        "",
        "| split | images |",
        "| --- | --- |",
        *(f"| {split} | {counts[split]} |" for split in export.splits),
        "",
        f"No component of the manifest (level: {info['level']}) is in two splits. What no evidence of it looked for:",
        "",
        *(f"- {limit}" for limit in info["not_checked"]),
        "",
        "`images.csv` has the rows of the manifest"
        + (", `file` says where each picture is" if form.has_pictures else "")
        + "; `classes.csv` numbers the training classes. Licence and attribution of each picture are columns of `images.csv`.",
    ]
    if form.has_pictures:
        lines += [
            "",
            "A picture is named by the first 32 hex digits of the sha256 of its `image_id`. Pictures carry no EXIF, no comments",
            "and no colour profile; their pixels are those of the manifest, upright. What was no JPEG or PNG file, or had to be",
            "turned, is PNG.",
        ]
    return "\n".join([*lines, "", "## How to read it", "", form.how])


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
