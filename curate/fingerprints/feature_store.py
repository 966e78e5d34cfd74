"""What is too large for the catalogue lies beside it: one memory-mapped file per extractor, rows in the order of arrival."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Half = npt.NDArray[np.float16]


class FeatureStore:
    """The rows of one extractor: CNN features, or records of points; the table `features` says of which content each is."""

    def __init__(self, workspace: Path, extractor_key: str, suffix: str = "f16") -> None:
        self.path = workspace / "features" / f"{extractor_key}.{suffix}"

    def append(self, rows: npt.NDArray[Any], rows_known: int) -> None:
        """Write rows (the first axis) behind those that the catalogue knows.

        What lies behind these is of a run that was killed before it committed, and is overwritten.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "w+b") as handle:
            handle.seek(rows_known * rows[0].nbytes)
            handle.write(rows.tobytes())
            handle.truncate()
            handle.flush()
            os.fsync(handle.fileno())

    def read(self, dimension: int) -> Half:
        """Return all rows as a read-only memory map, float16 of shape (rows, dimension)."""
        return np.memmap(self.path, dtype=np.float16, mode="r").reshape(-1, dimension)

    def records(self, dtype: np.dtype[Any], rows: Iterable[int]) -> npt.NDArray[Any]:
        """Return copies of some rows, records of shape (rows,).

        They are read, not mapped: of a file larger than the memory only what is asked for is held.
        """
        found = np.empty(len(rows := list(rows)), dtype=dtype)
        with self.path.open("rb") as handle:
            for n, row in enumerate(rows):
                found[n] = np.frombuffer(os.pread(handle.fileno(), dtype.itemsize, row * dtype.itemsize), dtype=dtype)[0]
        return found
