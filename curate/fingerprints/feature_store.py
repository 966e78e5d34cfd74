"""CNN features beside the catalogue: one memory-mapped float16 file per extractor, rows in the order of arrival."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

Half = npt.NDArray[np.float16]


class FeatureStore:
    """The features of one extractor. The catalogue's table `features` says which row belongs to which content."""

    def __init__(self, workspace: Path, extractor_key: str) -> None:
        self.path = workspace / "features" / f"{extractor_key}.f16"

    def append(self, vectors: Half, rows_known: int) -> None:
        """Write vectors, float16 of shape (n, d), behind the rows that the catalogue knows.

        What lies behind these rows is of a run that was killed before it committed, and is overwritten.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "w+b") as handle:
            handle.seek(rows_known * vectors.shape[1] * vectors.itemsize)
            handle.write(vectors.tobytes())
            handle.truncate()
            handle.flush()
            os.fsync(handle.fileno())

    def read(self, dimension: int) -> Half:
        """Return all rows as a read-only memory map, float16 of shape (rows, dimension)."""
        return np.memmap(self.path, dtype=np.float16, mode="r").reshape(-1, dimension)
