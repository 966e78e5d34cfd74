"""DermNet's 23-class export, and topic folders of a scrape of DermNet NZ beside it."""

from pathlib import Path

from tests.data.native import Expected, save

HEADERS: dict[str, str] = {}
ACNE = "Acne and Rosacea Photos"
ATOPIC = "Atopic Dermatitis Photos"
NAIL = "Nail Fungus and other Nail Disease"
ECZEMA = "Eczema Photos"
VASCULAR = "Vascular Tumors"


def make(folder: Path) -> Expected:
    """Write 13 pictures: names that stand in several folders, both ways of naming, a stem without a number, dermoscopy, topics."""
    names = [
        f"train/{ACNE}/acne-open-comedo-3.jpg",
        f"test/{ACNE}/acne-open-comedo-3.jpg",
        f"train/{ACNE}/07VascularFace0120.jpg",
        f"train/{ACNE}/rhinophyma.jpg",
        f"train/{ATOPIC}/05Atopic010203.jpg",
        f"train/{ATOPIC}/05atopic1.jpg",
        f"train/{ATOPIC}/26-0002.jpg",
        f"train/{NAIL}/fissure-7.jpg",
        f"test/{ECZEMA}/fissure-7.jpg",
        f"train/{VASCULAR}/hemangioma-.jpg",
        f"train/{VASCULAR}/Hemangioma-Dermoscopy-2.jpg",
        "scrape/images/Acne vulgaris/01.JPG",
        "other/Acne vulgaris/images/face-acne-2.webp",
    ]
    for n, name in enumerate(names):
        save(folder / name, n)
    empty = folder / "train" / ACNE / "acne-cystic-1.jpg"
    empty.write_bytes(b"")
    (folder / "scrape" / "contents").mkdir(parents=True)
    (folder / "scrape" / "contents" / "Acne vulgaris.txt").write_text("words", encoding="utf-8")
    return Expected(
        images=13,
        ignored=1,
        rejected=1,
        nodes={
            f"train/{ACNE}/acne-open-comedo-3": "comedonal acne",
            f"train/{ACNE}/07VascularFace0120": "acne, rosacea and follicular disorder",  # by the folder: the stem is ambiguous
            f"train/{ATOPIC}/26-0002": "atopic dermatitis",  # by the folder: the stem says nothing
            f"train/{VASCULAR}/hemangioma-": "hemangioma of skin",
            "images/Acne vulgaris/01": "acne vulgaris",
            "Acne vulgaris/images/face-acne-2": "acne vulgaris",
        },
        facts={
            f"train/{ACNE}/acne-open-comedo-3": {"official_split": "train", "modality": "clinical"},
            f"test/{ACNE}/acne-open-comedo-3": {"official_split": "test"},
            f"train/{VASCULAR}/Hemangioma-Dermoscopy-2": {"modality": "dermoscopic"},
            "images/Acne vulgaris/01": {"official_split": None, "modality": "clinical"},
        },
        apart=[
            (f"train/{ACNE}/acne-open-comedo-3", f"test/{ACNE}/acne-open-comedo-3"),
            (f"train/{ATOPIC}/05Atopic010203", f"train/{ATOPIC}/05atopic1"),
        ],
    )
