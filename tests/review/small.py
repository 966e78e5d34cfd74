"""A small catalogue written by hand: three sources, pictures on disk, ids in two of the sources, edges of every kind."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from curate.catalogue import Catalogue
from curate.catalogue.stages import record_stage
from curate.fingerprints.picture import decode
from curate.graph.components import components

COUNT = 16  # pictures of each source
IMAGES = [f"{source}:{source}_{n:03d}" for source in ("archive", "hospital", "web") for n in range(COUNT)]
# two pictures of each lesion in the archive, one in the hospital; both name lesions in one id space, the web in none
LESIONS = {f"archive:archive_{n:03d}": f"isic:IL_{n // 2}" for n in range(COUNT)} | {
    f"hospital:hospital_{n:03d}": f"isic:IL_{100 + n}" for n in range(COUNT)
}


def a(n: int) -> str:
    return f"archive:archive_{n:03d}"


def h(n: int) -> str:
    return f"hospital:hospital_{n:03d}"


def w(n: int) -> str:
    return f"web:web_{n:03d}"


def edge(one: str, other: str, evidence: str, score: float = 1.0, probability: float | None = None) -> dict[str, object]:
    image_a, image_b = sorted((one, other))
    must = evidence in ("lesion", "patient", "image_id", "declared", "bytes", "pixels", "verdict")
    return {
        "image_a": image_a,
        "image_b": image_b,
        "evidence": evidence,
        "score": score,
        "probability": probability,
        "must_link": must,
        "weak": not must,
        "basis": "told by hand",
    }


MUST = [edge(a(n), a(n + 1), "lesion") for n in range(0, COUNT, 2)] + [edge(h(0), h(1), "patient")]
CANDIDATES = [
    *[edge(a(n), w(n), "cnn", 0.95, 0.9 + n / 1000) for n in range(12)],
    *[edge(a(n), w(n), "hash", 0.8, 0.7) for n in range(4)],
    *[edge(h(n), w(15 - n), "hash", 0.9, 0.4) for n in range(3)],
    edge(a(0), a(1), "cnn", 0.99, 0.99),  # listed: one lesion by its id
    edge(h(0), h(1), "cnn", 0.97, 0.8),  # one patient, two lesion ids: not settled
]
UNLISTED = {(e["image_a"], e["image_b"]) for e in CANDIDATES} - {(a(0), a(1))}


def write_small(catalogue: Catalogue, folder: Path, order: np.random.Generator | None = None) -> None:
    """Write the catalogue; every table's rows in another order where a generator is given."""

    def rows(given: list[dict[str, object]]) -> list[dict[str, object]]:
        return given if order is None else [given[i] for i in order.permutation(len(given))]

    files, images, contents, fingerprints, records = [], [], [], [], []
    for n, image in enumerate(IMAGES):
        source, native = image.split(":")
        path = folder / source / f"{native}.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            save_picture(path, n)
        content = path.read_bytes()
        digest, pixels = sha256(content).hexdigest(), sha256(decode(content).rgb.tobytes()).hexdigest()
        place = {"source_id": source, "path": path.name}
        stat = {"bytes": len(content), "mtime_ns": 1}
        images.append({"image_id": image, "native_id": native, **place})
        files.append({**place, "role": "image", **stat})
        contents.append({**place, **stat, "sha256": digest, "error": None})
        fingerprints.append({"sha256": digest, "version": "1", "error": None, "pixel_sha256": pixels})
        records.append(
            {
                "record_id": image,
                "source_id": source,
                "image_id": image,
                "origin": "a test",
                "image_keys": [image],
                "lesion_keys": [LESIONS[image]] if image in LESIONS else [],
                "patient_keys": [],
            }
        )
    for table, given in (
        ("images", images),
        ("files", files),
        ("contents", contents),
        ("fingerprints", fingerprints),
        ("records", records),
    ):
        catalogue.insert(table, rows(given))
    put_edges(catalogue, rows([*MUST, *CANDIDATES]))


def put_edges(catalogue: Catalogue, edges: list[dict[str, object]]) -> None:
    """Put edges and the components that follow in place of those that are there, as the stage `link` does."""
    catalogue.execute("DELETE FROM edges")
    catalogue.execute("DELETE FROM components")
    catalogue.insert("edges", edges)
    place = components(IMAGES, [(str(e["image_a"]), str(e["image_b"])) for e in edges])
    catalogue.insert("components", [{"image_id": i, "component": c, "lesion_component": c} for i, c in place.items()])
    record_stage(catalogue, "link", input_digest="", output_digest="", settings={}, summary={})


def save_picture(path: Path, n: int) -> None:
    """Save a picture of its own colours, larger, smaller, upright or lying, whose metadata tell its name."""
    random = np.random.default_rng(n)
    width, height = ((60, 40), (40, 60), (900, 500), (30, 30))[n % 4]
    corners = random.integers(0, 256, (3, 4, 3), dtype=np.uint8)
    picture = Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR)
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = f"this is {path.stem}", 6 if n % 5 == 0 else 1
    picture.save(path, quality=90, exif=exif, comment=f"this is {path.stem}".encode())
