"""Five small repositories in their native layouts: which picture of which lesion stands where, and what was planted."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from curate.demo.copies import COPIES
from curate.demo.drawing import KINDS, Lesion, draw
from curate.engines import Engine

DERMOSCOPIC = (400, 300)
CLINICAL = (360, 360)
SHARES = {
    "nevus": 40,
    "melanoma": 20,
    "seborrheic keratosis": 16,
    "basal cell carcinoma": 9,
    "actinic keratosis": 7,
    "dermatofibroma": 4,
    "vascular lesion": 4,
}
HAM = dict(zip(KINDS, ("nv", "mel", "bkl", "bcc", "akiec", "df", "vasc"), strict=True))
PAD = {"nevus": "NEV", "melanoma": "MEL", "seborrheic keratosis": "SEK", "basal cell carcinoma": "BCC", "actinic keratosis": "ACK"}
CHALLENGE = ("nevus", "melanoma", "seborrheic keratosis")
MALIGNANT = ("melanoma", "basal cell carcinoma")
SITES = ("back", "lower extremity", "trunk", "face", "upper extremity", "abdomen")
VERSION = 1


@dataclass(frozen=True)
class Planned:
    """One picture file.

    Attributes:
        copy: the kind of copy and its number, or None for a photograph of its own.
        taken: camera, serial number and time that EXIF tells, or None.
        blurred: whether it is out of focus.
    """

    image_id: str
    path: str
    lesion: Lesion
    view: int
    size: tuple[int, int]
    copy: tuple[str, int] | None = None
    taken: tuple[str, str, str] | None = None
    blurred: bool = False


@dataclass
class World:
    """All pictures, tables and planted pairs of the demo.

    Attributes:
        pictures: the files to draw; `path` is relative to the folder of the repositories.
        tables: text files by path.
        planted: (image_a, image_b, what was planted), `image_a < image_b`.
    """

    pictures: list[Planned] = field(default_factory=list)
    tables: dict[str, str] = field(default_factory=dict)
    planted: list[tuple[str, str, str]] = field(default_factory=list)

    def plant(self, images: Sequence[Planned], what: str) -> None:
        """Record all pairs of some images."""
        for a, b in combinations(sorted(p.image_id for p in images), 2):
            self.planted.append((a, b, what))


def plan() -> World:
    """Return what the demo draws; the same on every call."""
    world = World()
    lesions = _lesions()
    isic = (f"ISIC_{n:07d}" for n in count(24306))
    ham, absent = _ham10000(world, lesions, isic)
    archive = _isic_archive(world, lesions, isic, ham)
    challenge = _isic_challenge_2017(world, lesions, isic, ham, archive)
    _isic_class_folders(world, lesions, isic, ham, absent, challenge)
    _pad_ufes_20(world, lesions)
    return world


def write(world: World, folder: Path, engine: Engine) -> None:
    """Write all files below a folder, and two broken ones that a real download might hold."""
    for path, text in world.tables.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for parent in {(folder / p.path).parent for p in world.pictures}:
        parent.mkdir(parents=True, exist_ok=True)
    for _ in engine.map(write_picture, ((p, folder / p.path) for p in world.pictures), no_preparation, ()):
        pass
    whole = (folder / world.pictures[0].path).read_bytes()
    (folder / "ham10000/HAM10000_images_part_1/ISIC_0034999.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "ham10000/HAM10000_images_part_1/Thumbs.db").write_bytes(b"not a picture")


def write_picture(task: tuple[Planned, Path]) -> None:
    """Draw one picture and save it; the format follows the suffix."""
    planned, path = task
    picture = draw(planned.lesion, planned.view, *planned.size)
    if planned.copy:
        kind, number = planned.copy
        picture = COPIES[kind](picture, number)
    if planned.blurred:
        picture = picture.filter(ImageFilter.GaussianBlur(9))
    if path.suffix == ".png":
        picture.save(path)
    elif planned.taken:
        picture.save(path, quality=90, exif=_exif(*planned.taken))
    else:
        picture.save(path, quality=90)


def no_preparation() -> None:
    """Prepare nothing."""


def _exif(camera: str, serial: str, time: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = camera.split(" ", maxsplit=1)[0], camera
    details = exif.get_ifd(0x8769)
    details[0x9003], details[0xA431] = time, serial
    return exif


def _lesions() -> Iterator[Lesion]:
    """Yield lesions of patients of their own, kinds by their share."""
    random = np.random.default_rng(2017)
    kinds, shares = list(SHARES), np.array(list(SHARES.values())) / sum(SHARES.values())
    for number in count():
        yield Lesion(number, kinds[int(random.choice(len(kinds), p=shares))], number)


def _next(lesions: Iterator[Lesion], kinds: Sequence[str]) -> Lesion:
    return next(lesion for lesion in lesions if lesion.kind in kinds)


def _ham10000(world: World, lesions: Iterator[Lesion], isic: Iterator[str]) -> tuple[list[Planned], list[tuple[str, Lesion]]]:
    """HAM10000: 150 pictures of 118 lesions, and 12 rows whose pictures lie elsewhere."""
    pictures: list[Planned] = []
    absent: list[tuple[str, Lesion]] = []
    rows = []

    def row(native: str, lesion: Lesion) -> None:
        histo = lesion.kind in MALIGNANT or lesion.number % 3 == 0
        sex, site = ("male", "female")[lesion.number % 2], SITES[lesion.number % 6]
        rows.append(
            (
                f"HAM_{lesion.number:07d}",
                native,
                HAM[lesion.kind],
                "histo" if histo else "consensus",
                30 + 5 * (lesion.number % 10),
                sex,
                site,
            )
        )

    for n in range(118):
        lesion = next(lesions)
        views = []
        for view in range(3 if n < 4 else 2 if n < 28 else 1):
            native = next(isic)
            path = f"ham10000/HAM10000_images_part_{1 + n % 2}/{native}.jpg"
            views.append(Planned(f"ham10000:{native}", path, lesion, view, DERMOSCOPIC))
            row(native, lesion)
        world.plant(views, "several views of one lesion")
        pictures += views
        if 28 <= n < 40:
            native = next(isic)
            absent.append((native, lesion))
            row(native, lesion)
    world.pictures += pictures
    header = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
    world.tables["ham10000/HAM10000_metadata.csv"] = _csv(header, rows)
    return pictures, absent


def _isic_archive(world: World, lesions: Iterator[Lesion], isic: Iterator[str], ham: list[Planned]) -> list[Planned]:
    """ISIC Archive: 10 of HAM10000's pictures under their id, two lesions of each of 5 patients, 40 others. Returns the others."""
    others = []

    def add(native: str, planned: Planned, dataset: str, unstructured: dict[str, str]) -> Planned:
        world.pictures.append(planned)
        kind = planned.lesion.kind
        clinical = {
            "age_approx": 30 + 5 * (planned.lesion.number % 10),
            "benign_malignant": "malignant" if kind in MALIGNANT else "benign",
            "diagnosis": "pigmented benign keratosis" if dataset == "HAM10000" and kind == "seborrheic keratosis" else kind,
            "diagnosis_confirm_type": "histopathology",
            "sex": ("male", "female")[planned.lesion.number % 2],
        }
        side_car = {
            "dataset": {"license": "CC-BY-NC" if dataset == "HAM10000" else "CC-0", "name": dataset},
            "meta": {"acquisition": {"image_type": "dermoscopic"}, "clinical": clinical, "unstructured": unstructured},
            "name": native,
        }
        world.tables[f"isic_archive/Data/Descriptions/{native}"] = json.dumps(side_car, sort_keys=True)
        return planned

    def place(native: str) -> tuple[str, str]:
        return f"isic_archive:{native}", f"isic_archive/Data/Images/{native}.jpg"

    for n, original in enumerate(ham[60:70]):
        native = original.image_id.split(":")[1]
        copy = add(
            native,
            Planned(*place(native), original.lesion, original.view, DERMOSCOPIC, ("re-encoded", n)),
            "HAM10000",
            {"lesion_id": f"HAM_{original.lesion.number:07d}"},
        )
        world.plant([original, copy], "same id in two repositories")
    for n in range(5):
        first, second = next(lesions), next(lesions)
        second = Lesion(second.number, second.kind, first.patient)
        pair = []
        for m, lesion in enumerate((first, second)):
            native = next(isic)
            pair.append(
                add(
                    native, Planned(*place(native), lesion, 0, DERMOSCOPIC), "MSK-1", {"patient": f"P{n}", "lesion id": f"P{n}-{m}"}
                )
            )
        world.plant(pair, "two lesions of one patient")
    for _ in range(40):
        native = next(isic)
        others.append(add(native, Planned(*place(native), next(lesions), 0, DERMOSCOPIC), "UDA-1", {"id1": native[-3:]}))
    return others


def _isic_challenge_2017(
    world: World, lesions: Iterator[Lesion], isic: Iterator[str], ham: list[Planned], archive: list[Planned]
) -> list[Planned]:
    """ISIC challenge 2017: 140 pictures, among them copies of HAM10000's under other ids. Returns those of lesions of their own."""
    pictures: list[Planned] = []

    def add(native: str, lesion: Lesion, view: int, **more: Any) -> Planned:
        part = ("Training",) * 7 + ("Validation",) + ("Test_v2",) * 2
        path = f"isic_challenge_2017/ISIC-2017_{part[len(pictures) % 10]}_Data/{native}.jpg"
        pictures.append(Planned(f"isic_challenge_2017:{native}", path, lesion, view, DERMOSCOPIC, **more))
        return pictures[-1]

    for n, original in enumerate([p for p in archive if p.lesion.kind in CHALLENGE][:20]):
        copy = add(original.image_id.split(":")[1], original.lesion, 0, copy=("resized", n))
        world.plant([original, copy], "same id in two repositories")
    originals = iter([p for p in ham[70:] if p.lesion.kind in CHALLENGE])
    for kind in COPIES:
        for n in range(6):
            original = next(originals)
            copy = add(next(isic), original.lesion, original.view, copy=(kind, n))
            world.plant([original, copy], f"{kind} copy under another id")
    for n in range(3):
        lesion = _next(lesions, CHALLENGE)
        times = [f"2014:05:{3 + n:02d} 10:12:{second:02d}" for second in (5, 27, 48)]
        burst = [add(next(isic), lesion, view, taken=("DermaCam D2", f"S{n}", time)) for view, time in enumerate(times)]
        world.plant(burst, "burst by EXIF, no ids")
    for _ in range(4):
        lesion = _next(lesions, CHALLENGE)
        world.plant([add(next(isic), lesion, view) for view in range(2)], "two views of one lesion, no ids")
    own = [add(next(isic), _next(lesions, CHALLENGE), 0, blurred=n == 0) for n in range(67)]
    world.pictures += pictures
    for part in ("Training", "Validation", "Test_v2"):
        rows = [
            (p.image_id.split(":")[1], float(p.lesion.kind == "melanoma"), float(p.lesion.kind == "seborrheic keratosis"))
            for p in pictures
            if f"_{part}_Data" in p.path
        ]
        table = f"isic_challenge_2017/ISIC-2017_{part}_Part3_GroundTruth.csv"
        world.tables[table] = _csv(("image_id", "melanoma", "seborrheic_keratosis"), rows)
    return own[1:]


def _isic_class_folders(
    world: World,
    lesions: Iterator[Lesion],
    isic: Iterator[str],
    ham: list[Planned],
    absent: list[tuple[str, Lesion]],
    challenge: list[Planned],
) -> None:
    """The nine-class export: 30 of HAM10000's pictures, 12 that only its table knows, 4 in two folders, 18 copies, 42 others."""
    added = 0

    def add(native: str, lesion: Lesion, view: int, label: str = "", **more: Any) -> Planned:
        nonlocal added
        part = "Test" if added % 12 == 11 else "Train"
        added += 1
        name = f"{part}/{label or _folder(lesion, known_as_bkl=view == 5)}/{native}"
        planned = Planned(f"isic_class_folders:{name}", f"isic_class_folders/{name}.jpg", lesion, view, DERMOSCOPIC, **more)
        world.pictures.append(planned)
        return planned

    for n, original in enumerate(ham[30:60]):
        copy = add(original.image_id.split(":")[1], original.lesion, original.view, copy=("resized", n))
        world.plant([original, copy], "same id in two repositories")
    by_lesion = {p.lesion.number: p for p in ham}
    for native, lesion in absent:
        world.plant([by_lesion[lesion.number], add(native, lesion, 5)], "lesion id from a row without a picture")
    for _ in range(4):
        lesion, native = _next(lesions, ("melanoma",)), next(isic)
        world.plant(
            [add(native, lesion, 0, label) for label in ("melanoma", "seborrheic keratosis")], "one picture under two labels"
        )
    originals = iter(challenge)
    for kind in COPIES:
        for n in range(3):
            original = next(originals)
            copy = add(next(isic), original.lesion, original.view, copy=(kind, n + 6))
            world.plant([original, copy], f"{kind} copy under another id")
    for _ in range(42):
        add(next(isic), next(lesions), 0)


def _folder(lesion: Lesion, *, known_as_bkl: bool) -> str:
    return "pigmented benign keratosis" if known_as_bkl and lesion.kind == "seborrheic keratosis" else lesion.kind


def _pad_ufes_20(world: World, lesions: Iterator[Lesion]) -> None:
    """PAD-UFES-20: 44 lesions seen once, two lesions of each of 8 patients, two views of each of 10 lesions."""
    rows: list[tuple[object, ...]] = []

    def add(patient: int, lesion: Lesion, view: int) -> Planned:
        native = f"PAT_{patient}_{lesion.number}_{len(rows) + 1}"
        diagnostic = PAD[lesion.kind]
        histo = lesion.kind in MALIGNANT
        sex = ("FEMALE", "MALE")[patient % 2]
        rows.append(
            (
                f"PAT_{patient}",
                lesion.number,
                40 + patient % 40,
                sex,
                f"{1 + patient % 4}.0",
                "BACK",
                diagnostic,
                f"{native}.png",
                histo,
            )
        )
        path = f"pad_ufes_20/images/imgs_part_{1 + len(rows) % 3}/{native}.png"
        world.pictures.append(Planned(f"pad_ufes_20:{native}", path, lesion, view, CLINICAL))
        return world.pictures[-1]

    kinds = tuple(PAD)
    for n in range(44):
        add(n, _next(lesions, kinds), 0)
    for n in range(44, 52):
        first, second = _next(lesions, kinds), _next(lesions, kinds)
        pair = [add(n, first, 0), add(n, Lesion(second.number, second.kind, first.patient), 0)]
        world.plant(pair, "two lesions of one patient")
    for n in range(52, 62):
        lesion = _next(lesions, kinds)
        world.plant([add(n, lesion, view) for view in range(2)], "several views of one lesion")
    header = ("patient_id", "lesion_id", "age", "gender", "fitspatrick", "region", "diagnostic", "img_id", "biopsed")
    world.tables["pad_ufes_20/metadata.csv"] = _csv(header, rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
