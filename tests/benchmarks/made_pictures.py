"""The pictures of the benchmark by transforms: of each lesion a first picture, a second one of each case, and negatives."""

import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from curate.demo.drawing import KINDS, Lesion, draw
from tests import overlays
from tests.transforms import TRANSFORMS

LARGE, KEPT = 800, 320  # longer side of the picture that close views are cut from, and of those that are kept
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
PLAIN = "as they are"
Negative = Callable[[Image.Image, np.random.Generator, np.random.Generator], Image.Image]  # (picture, one for all, its own)

NEGATIVES: dict[str, Negative] = {
    PLAIN: lambda picture, _, __: picture,
    "one vignette, 35 % dark": lambda picture, same, _: overlays.vignette(picture, 0.35, same),
    "one ruler on two edges": lambda picture, same, _: overlays.ruler(picture, 2, same),
    "the same 25 hairs": lambda picture, same, _: overlays.hairs(picture, 25, same),
    "the same 80 specks of dust": lambda picture, same, _: overlays.dust(picture, 80, same),
    "one label": lambda picture, _, __: overlays.label(picture, "Patient 12\nleft arm"),
    "one watermark": lambda picture, same, _: overlays.watermark(picture, 0.6, same),
    "one window frame": lambda picture, _, __: overlays.window(picture, 0.4),
    "black bars": lambda picture, _, __: overlays.letterbox(picture, 0.6),
    "vignette, ruler and dust": lambda picture, same, _: overlays.dust(
        overlays.ruler(overlays.vignette(picture, 0.25, same), 1, same), 40, same
    ),
    "cut out on white": lambda picture, _, own: overlays.cut_out(picture, own),
    "plots": lambda picture, _, own: overlays.plot(picture.size, own),
}


@dataclass(frozen=True)
class Case:
    """One strength of one transform, or one kind of negatives; `folder` is where its pictures lie."""

    folder: str
    name: str
    strength: float | None = None

    @property
    def words(self) -> str:
        return "" if self.strength is None else TRANSFORMS[self.name].words(self.strength)


@dataclass(frozen=True)
class Task:
    """One lesion and what is made of it: its number, its picture file where it is not drawn, where to write, which cases."""

    number: int
    file: Path | None
    out: Path
    seed: int
    cases: tuple[Case, ...]


def cases_of(names: Iterable[str]) -> list[Case]:
    return [
        Case(f"{list(TRANSFORMS).index(name):02d}-{n}", name, strength)
        for name in names
        for n, strength in enumerate(TRANSFORMS[name].strengths)
    ]


def negatives_of(names: Iterable[str]) -> list[Case]:
    return [Case(f"n{list(NEGATIVES).index(name):02d}", name) for name in names]


def make(task: Task) -> int:
    """Write the pictures of one lesion; return how many."""
    large = _large(task)
    small = reduced(large, KEPT)
    first = task.out / "first" / f"{task.number:05d}.png"
    if any(case.strength is not None for case in task.cases):
        first.parent.mkdir(parents=True, exist_ok=True)
        small.save(first, compress_level=1)
    for case in task.cases:
        key = zlib.crc32(f"{case.name} {case.strength}".encode())
        own = np.random.default_rng([task.seed, key, task.number])
        if case.strength is None:
            made = NEGATIVES[case.name](small, np.random.default_rng([task.seed, key]), own)
        else:
            transform = TRANSFORMS[case.name]
            made = transform.change(large if transform.large else small, case.strength, own)
            made = reduced(made, KEPT) if transform.large else made
        path = task.out / "second" / case.folder / f"{task.number:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        made.save(path, compress_level=1)
    return len(task.cases)


def _large(task: Task) -> Image.Image:
    if task.file is None:
        kinds = list(KINDS)
        return draw(Lesion(task.number, kinds[task.number % len(kinds)], task.number), 0, LARGE, LARGE * 3 // 4)
    with Image.open(task.file) as picture:
        return reduced(picture.convert("RGB"), LARGE)


def nothing() -> None:
    """Workers need no preparation to make pictures."""


def reduced(picture: Image.Image, longer: int) -> Image.Image:
    """Return the picture with its longer side at most so many pixels."""
    factor = longer / max(picture.size)
    if factor >= 1:
        return picture
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)


def sample(folder: Path, number: int, seed: int) -> list[Path]:
    """Return so many picture files of a folder, drawn with the seed."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if len(found) < number:
        sys.exit(f"{folder} holds {len(found)} pictures, {number} are asked for; --number asks for fewer.")
    drawn = np.random.default_rng([seed, 1]).choice(len(found), number, replace=False)
    return [found[n] for n in drawn]
