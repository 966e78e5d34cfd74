"""Perceptual hashes: 256 bits over the eight orientations of a picture (ImageHash's DCT hash at size 16).

The picture is reduced to 64 x 64 grey pixels once; the eight orientations are turned and mirrored from these, so that
`hash(turned picture)` and `turned hash` come from the same numbers.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

HASH_SIZE = 16
BITS = HASH_SIZE * HASH_SIZE
BYTES = BITS // 8
SIDE = 64
ORIENTATIONS = (
    "as is",
    "turned 90",
    "turned 180",
    "turned 270",
    "mirrored",
    "mirrored, turned 90",
    "mirrored, turned 180",
    "mirrored, turned 270",
)


def grey_64(rgb: Image.Image) -> npt.NDArray[np.uint8]:
    """Return the picture as 64 x 64 grey values, its aspect ratio given up."""
    return np.asarray(rgb.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def orientations(grey: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """Return the eight orientations in the order of `ORIENTATIONS`."""
    mirrored = np.fliplr(grey)
    return [np.rot90(base, turns) for base in (grey, mirrored) for turns in range(4)]


def oriented_hashes(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the hashes of the eight orientations, uint8 of shape (8, 32)."""
    import imagehash

    bits = [
        imagehash.phash(Image.fromarray(np.ascontiguousarray(o)), hash_size=HASH_SIZE).hash.reshape(-1) for o in orientations(grey)
    ]
    return np.packbits(np.array(bits), axis=1)


def energy(grey: npt.NDArray[np.uint8]) -> float:
    """Return the standard deviation of the 64 x 64 grey values (0 to 127.5); flat pictures have hashes of mere noise."""
    return round(float(grey.astype(np.float64).std()), 4)
