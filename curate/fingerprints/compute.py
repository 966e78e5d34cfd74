"""All fingerprints of one file: read once, decoded once. Runs in the engine's workers."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from curate.files import read_bytes
from curate.fingerprints.exif import ExifFacts, exif_facts
from curate.fingerprints.extractors import Extractor
from curate.fingerprints.hashes import energy, grey_64, oriented_hashes
from curate.fingerprints.picture import UnreadablePictureError, decode
from curate.fingerprints.points import local_features
from curate.fingerprints.quality import framing, sharpness_and_contrast

VERSION = "2"


@dataclass(frozen=True)
class Fingerprint:
    """What was computed of a file. `error` says why nothing could be; `features` and `points` are None where not asked for."""

    sha256: str | None = None
    error: str | None = None
    pixel_sha256: str | None = None
    width: int | None = None
    height: int | None = None
    hashes: bytes | None = None
    hash_energy: float | None = None
    sharpness: float | None = None
    contrast: float | None = None
    framing: float | None = None
    exif: ExifFacts = field(default_factory=ExifFacts)
    features: npt.NDArray[np.float16] | None = None
    points: npt.NDArray[np.void] | None = None


_features: Callable[[Image.Image], npt.NDArray[np.float32]] | None = None
_with_points = False


def prepare(extractor: Extractor | None, with_points: bool = False) -> None:
    """Load the network into this worker."""
    global _features, _with_points  # noqa: PLW0603 - a worker process holds one network for all its tasks
    _with_points = with_points
    _features = extractor.load() if extractor else None


def fingerprint(place: tuple[Path, str]) -> Fingerprint:
    """Return all fingerprints of a picture, given its source's folder and its path below; one that cannot be read or decoded gives
    its error instead.
    """
    try:
        content = read_bytes(*place)
    except OSError as error:
        return Fingerprint(error=f"cannot be read: {error.strerror or error}")
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        picture = decode(content)
    except UnreadablePictureError as error:
        return Fingerprint(sha256=sha256, error=str(error))
    rgb = picture.rgb
    grey = grey_64(rgb)
    sharpness, contrast = sharpness_and_contrast(rgb)
    return Fingerprint(
        sha256=sha256,
        pixel_sha256=pixel_sha256(rgb),
        width=rgb.width,
        height=rgb.height,
        hashes=oriented_hashes(grey).tobytes(),
        hash_energy=energy(grey),
        sharpness=sharpness,
        contrast=contrast,
        framing=framing(rgb),
        exif=exif_facts(content) if picture.has_exif else ExifFacts(),
        features=_features(rgb).astype(np.float16) if _features else None,
        points=local_features(rgb) if _with_points else None,
    )


def pixel_sha256(rgb: Image.Image) -> str:
    """Return the sha256 over width, height and the upright RGB pixels, row by row."""
    digest = hashlib.sha256(f"RGB {rgb.width} {rgb.height}\n".encode())
    digest.update(rgb.tobytes())
    return digest.hexdigest()
