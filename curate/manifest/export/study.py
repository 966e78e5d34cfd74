"""A reader study: the pictures of a test or drawn set, blinded, with a page on which a reader answers; the key beside, not inside.

Question A of the paper is whether to biopsy or treat, or to reassure; question B whether the lesion is malignant or benign.
"""

import hashlib
import io
import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from curate.errors import InputError
from curate.fingerprints.picture import decode
from curate.manifest.export.interface import Item
from curate.manifest.export.job import require_pictures, require_place, trusted
from curate.manifest.export.names import picture_name
from curate.manifest.export.shelf import Progress, Shelf
from curate.manifest.pictures import Pictures
from curate.manifest.read import Manifest

FORMAT, VERSION = "dermcurate-reader-study", 1
FOR_READERS, KEY = "for_readers", "key.json"
QUALITY = 95
QUESTIONS = {  # the question, then the answer that counts as positive and the one that does not
    "A": ("What would you do?", ("biopsy", "Biopsy or treat"), ("reassure", "Reassure the patient")),
    "B": ("Is this lesion malignant or benign?", ("malignant", "Malignant"), ("benign", "Benign")),
}


def export_study(
    folder: Path,
    name: str,
    out: Path,
    pictures: Pictures,
    *,
    question: Literal["A", "B"] = "A",
    seed: int = 2017,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Any]:
    """Write a study of a set: `out/for_readers/`, which can be handed over as it is, and `out/key.json`, which stays.

    Pictures are shuffled, numbered and written anew as JPEG files of their own size, so that neither name nor order, neither
    metadata nor format tells anything. Whole or not at all.

    Args:
        folder: the manifest; it is verified first, and each picture compared with its frozen digest.
        name: a test or drawn set of the manifest.
        out: a folder that is not there, or is empty.
        pictures: where the pictures lie.
        question: A or B.
        seed: of the shuffle; another seed, another order.
        progress: called with (pictures done, pictures in all).

    Returns:
        `page`, `key`, `study` (what ties answers to their key), `digest` of the manifest, `set`, `question`, `cases`.

    Raises:
        InputError: no such set or question, one without images, `out` cannot be used, pictures are missing.
        BrokenInvariantError: the manifest does not verify, or a picture is not the one that was frozen.
    """
    if question not in QUESTIONS:
        raise InputError(f"There is no question {question!r}.", f"Use one of {', '.join(QUESTIONS)}.")
    require_place(out, folder, pictures)
    manifest = trusted(folder)
    items = _shuffled(manifest, name, seed)
    require_pictures(items, pictures)
    study = _study(manifest.digest, name, question, [item.image_id for item in items])
    digits = max(3, len(str(len(items))))
    cases = {str(number): item for number, item in enumerate(items, start=1)}
    target = out.resolve()
    partial = target.parent / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    (partial / FOR_READERS).mkdir(parents=True)
    try:
        shelf = Shelf(pictures, len(items), progress, link=False)
        for number, item in cases.items():
            (partial / FOR_READERS / f"{number:0>{digits}}.jpg").write_bytes(_written_anew(shelf.take(item).content))
        asked, *answers = QUESTIONS[question]
        page = _template().render(study=study, number=len(items), digits=digits, question=question, asked=asked, answers=[*answers])
        (partial / FOR_READERS / "index.html").write_text(page, encoding="utf-8", newline="\n")
        key = {
            "format": FORMAT,
            "version": VERSION,
            "study": study,
            "manifest": manifest.info["name"],
            "manifest_digest": manifest.digest,
            "set": name,
            "question": question,
            "seed": seed,
            "cases": {number: item.image_id for number, item in cases.items()},
        }
        (partial / KEY).write_text(json.dumps(key, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
        partial.replace(target)  # in place of an empty folder, or of none
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {
        "page": str(out / FOR_READERS / "index.html"),
        "key": str(out / KEY),
        "study": study,
        "digest": manifest.digest,
        "set": name,
        "question": question,
        "cases": len(items),
    }


def _shuffled(manifest: Manifest, name: str, seed: int) -> list[Item]:
    rows = manifest.images.to_pylist()
    members = [row for row in rows if name in row["tests"] or name in row["reader_sets"]]
    if not members:
        stated = manifest.info.get("drawn_sets", {"tests": [], "reader_sets": []})
        known = [one["name"] for one in (*stated["tests"], *stated["reader_sets"])]
        held = sorted({other for row in rows for other in (*row["tests"], *row["reader_sets"])})
        what = (
            f"The set {name} of {manifest.folder} holds no image." if name in known else f"{manifest.folder} has no set {name!r}."
        )
        raise InputError(what, f"Sets with images: {', '.join(held)}." if held else "None of its sets holds an image.")
    items = [Item(row, picture_name(row["image_id"]), 0) for row in members]
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}\nstudy\n{item.image_id}".encode()).digest())


def _study(digest: str, name: str, question: str, image_ids: list[str]) -> str:
    """Return sixteen hex digits that stand for these pictures in this order under this question; they tell nothing of them."""
    return hashlib.sha256(json.dumps([digest, name, question, image_ids]).encode("utf-8")).hexdigest()[:16]


def _written_anew(content: bytes) -> bytes:
    """Return a picture as a JPEG file at its own size, with full colour resolution and without anything but its pixels."""
    from PIL import Image

    upright = decode(content).rgb
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = files("curate.manifest.export").joinpath("templates", "study.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)
