"""The real pictures beside the checkout: a sample in whole components, and what is known of them."""

import csv
import hashlib
import shutil
from collections import defaultdict
from pathlib import Path

SOURCES = ("ham10000", "isic_challenge_2017", "isic_class_folders", "pad_ufes_20", "isic_archive")
EXPECTED = {"ham10000": 5001, "isic_challenge_2017": 2750, "isic_class_folders": 2359, "pad_ufes_20": 933, "isic_archive": 384}
BY_KEY = ("same_id", "same_lesion", "same_patient", "identical_pixels")
PICTURES = (".jpg", ".jpeg", ".png")


def known_pairs(shared: Path) -> list[dict[str, str]]:
    with (shared / "data" / "known_pairs.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def project_text(folder: Path, name: str, features: str = "auto", more: str = "") -> str:
    sources = ",\n".join(f'{{ id = "{s}", folder = "{folder / s}" }}' for s in SOURCES)
    return f'name = "{name}"\nsources = [\n{sources}\n]\n[fingerprints]\nfeatures = "{features}"\n[split]\nfolds = 9\n{more}'


def sample(shared: Path, out: Path, one_in: int) -> int:
    """Copy one in so many of the known components, and of the pictures in none, into `out`, tables whole; return the pictures."""
    parent: dict[str, str] = {}

    def top(image: str) -> str:
        while parent.setdefault(image, image) != image:
            image = parent[image]
        return image

    for pair in known_pairs(shared):
        a, b = top(pair["image_a"]), top(pair["image_b"])
        parent[max(a, b)] = min(a, b)
    images = 0
    for source in SOURCES:
        root = shared / "data" / source
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            relative = path.relative_to(root)
            if "other_copies" in relative.parts or "as_found" in relative.parts:
                continue
            is_picture = path.suffix.lower() in PICTURES
            if is_picture or "Descriptions" in relative.parts:
                name = relative.stem
                if source == "isic_class_folders":
                    name = "/".join(relative.with_suffix("").parts[-3:])
                drawn = hashlib.sha256(top(f"{source}:{name}").encode()).digest()
                if int.from_bytes(drawn[:4], "big") % one_in:
                    continue
                images += is_picture
            target = out / source / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return images


def lesions(shared: Path) -> dict[str, set[str]]:
    """Return the picture ids of each lesion by HAM10000's own table, read here by itself."""
    found: dict[str, set[str]] = defaultdict(set)
    with (shared / "data" / "ham10000" / "HAM10000_metadata.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            found[row["lesion_id"]].add(row["image_id"])
    return found
