"""Small drawn repositories for tests: what stands in them is known exactly."""

import csv
from pathlib import Path

from PIL import Image

from curate.demo.copies import COPIES
from curate.demo.drawing import Lesion, draw

SIZE = (160, 120)
HAM = {"nevus": "nv", "melanoma": "mel", "seborrheic keratosis": "bkl", "basal cell carcinoma": "bcc"}
# native id, lesion number, kind, view: eight lesions, three of them photographed twice
HAM_PICTURES = [
    ("ISIC_0000001", 1, "nevus", 0),
    ("ISIC_0000002", 1, "nevus", 1),
    ("ISIC_0000003", 2, "melanoma", 0),
    ("ISIC_0000004", 2, "melanoma", 1),
    ("ISIC_0000005", 3, "nevus", 0),
    ("ISIC_0000006", 3, "nevus", 1),
    ("ISIC_0000007", 4, "seborrheic keratosis", 0),
    ("ISIC_0000008", 5, "basal cell carcinoma", 0),
    ("ISIC_0000009", 6, "nevus", 0),
    ("ISIC_0000010", 7, "melanoma", 0),
    ("ISIC_0000011", 8, "nevus", 0),
]
ABSENT = ("ISIC_0000012", 6, "nevus")  # a row whose picture stands in the challenge
# native id, lesion number, kind, view, copy of HAM10000 under another id
CHALLENGE_PICTURES = [
    ("ISIC_0000012", 6, "nevus", 2, None),  # its lesion is known by the row without a picture alone
    ("ISIC_0000101", 4, "seborrheic keratosis", 0, "mirrored"),
    ("ISIC_0000102", 8, "nevus", 0, "rotated"),
    ("ISIC_0000103", 20, "melanoma", 0, None),
    ("ISIC_0000104", 21, "nevus", 0, None),
    ("ISIC_0000105", 22, "nevus", 0, None),
    ("ISIC_0000106", 23, "seborrheic keratosis", 0, None),
    ("ISIC_0000107", 24, "nevus", 0, None),
    ("ISIC_0000108", 25, "melanoma", 0, None),
    ("ISIC_0000109", 26, "nevus", 0, None),
]
# patient, lesion number, kind
PAD_PICTURES = [(1, 40, "nevus"), (1, 41, "melanoma"), (2, 42, "nevus"), (3, 43, "basal cell carcinoma"), (4, 44, "nevus")]
PAD = {"nevus": "NEV", "melanoma": "MEL", "basal cell carcinoma": "BCC"}


def small_repositories(folder: Path) -> None:
    """Write ham10000 (11 pictures, 12 rows, one broken and one foreign file), isic_challenge_2017 (10) and pad_ufes_20 (5)."""
    ham10000(folder / "ham10000")
    challenge(folder / "isic_challenge_2017")
    pad(folder / "pad_ufes_20")


def picture(number: int, kind: str, view: int = 0) -> Image.Image:
    return draw(Lesion(number, kind, number), view, *SIZE)


def ham10000(folder: Path) -> None:
    images = folder / "HAM10000_images_part_1"
    images.mkdir(parents=True)
    rows = []
    for native, number, kind, view in HAM_PICTURES:
        picture(number, kind, view).save(images / f"{native}.jpg", quality=92)
        rows.append([f"HAM_{number:07d}", native, HAM[kind], "histo", 50, "male", "back"])
    native, number, kind = ABSENT
    rows.append([f"HAM_{number:07d}", native, HAM[kind], "histo", 50, "male", "back"])
    write_csv(folder / "HAM10000_metadata.csv", ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"], rows)
    (images / "ISIC_0000099.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    (folder / "notes.txt").write_text("nothing of the repository's", encoding="utf-8")


def challenge(folder: Path) -> None:
    images = folder / "ISIC-2017_Training_Data"
    images.mkdir(parents=True)
    rows = []
    for native, number, kind, view, copy in CHALLENGE_PICTURES:
        drawn = picture(number, kind, view)
        (COPIES[copy](drawn, 0) if copy else drawn).save(images / f"{native}.jpg", quality=92)
        rows.append([native, float(kind == "melanoma"), float(kind == "seborrheic keratosis")])
    write_csv(folder / "ISIC-2017_Training_Part3_GroundTruth.csv", ["image_id", "melanoma", "seborrheic_keratosis"], rows)


def pad(folder: Path) -> None:
    images = folder / "images" / "imgs_part_1"
    images.mkdir(parents=True)
    rows = []
    for patient, number, kind in PAD_PICTURES:
        name = f"PAT_{patient}_{number}_{number}.png"
        picture(number, kind).save(images / name)
        rows.append([f"PAT_{patient}", number, 60, "MALE", "2.0", "BACK", PAD[kind], name, "True"])
    header = ["patient_id", "lesion_id", "age", "gender", "fitspatrick", "region", "diagnostic", "img_id", "biopsed"]
    write_csv(folder / "metadata.csv", header, rows)


def write_csv(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
