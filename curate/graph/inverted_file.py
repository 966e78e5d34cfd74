"""Inverted files (FAISS) of whole numbers, so that neither threads nor the blocking of a matrix product can change a result.

float32 holds whole numbers below 2^24 exactly, and so their sums in any order, as long as these stay below it too.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

TAUGHT = 30  # vectors per list that k-means sees
ROUNDS = 3  # of k-means
EXACT_LISTS = 8192  # a vector is compared with the centre of each of so many; of more, with the centres of the nearest groups
GROUPS, GROUPS_PROBED = 128, 8
SAMPLED = 256  # vectors whose neighbours are looked for exactly too, to say what an inverted file misses


def centres(vectors: npt.NDArray[Any], lists: int, *, rounds: int = ROUNDS) -> Floats:
    """Return the centres of as many lists, whole numbers, float32 of shape (lists, d), by a few rounds of k-means on a sample."""
    import faiss

    random = np.random.default_rng(2017)
    sample = vectors[np.sort(random.choice(len(vectors), min(len(vectors), lists * TAUGHT), replace=False))].astype(np.float32)
    found = sample[np.sort(random.choice(len(sample), lists, replace=False))]
    for _ in range(rounds):
        flat = faiss.IndexFlatL2(sample.shape[1])
        flat.add(found)
        nearest = flat.search(sample, 1)[1][:, 0]
        sums, counts = np.zeros(found.shape), np.bincount(nearest, minlength=lists)
        np.add.at(sums, nearest, sample)  # whole numbers below 2^53
        found = np.where(counts[:, None] > 0, np.rint(sums / np.maximum(counts, 1)[:, None]), found).astype(np.float32)
    return found


def quantizer(found: Floats) -> Any:
    """Return FAISS's index over the centres of lists, which says in which list a vector lies.

    Of more than `EXACT_LISTS` it is an inverted file itself: of 16,384 it names the nearest for 95 vectors of 100 in a third of the
    time, and one near to it for the others.
    """
    import faiss

    flat = faiss.IndexFlatL2(found.shape[1])
    if len(found) <= EXACT_LISTS:
        flat.add(found)
        return flat
    flat.add(centres(found, GROUPS))
    grouped = faiss.IndexIVFFlat(flat, found.shape[1], GROUPS, faiss.METRIC_L2)
    grouped.is_trained = True
    grouped.add(found)
    grouped.nprobe = GROUPS_PROBED
    return grouped


def make_room(index: Any, sizes: npt.NDArray[np.int64]) -> None:
    """Let the lists of an inverted file (FAISS) hold so many vectors, no more: as they grow they would take up to twice as much."""
    for number, size in enumerate(sizes.tolist()):
        index.invlists.resize(number, size)
        index.invlists.resize(number, 0)


def sampled(number: int) -> npt.NDArray[np.int64]:
    """Return which of so many vectors are looked for exactly too, sorted."""
    return np.sort(np.random.default_rng(2017).choice(number, min(number, SAMPLED), replace=False))


def share_found(index: Any, asked: Floats, parts: Iterator[Floats], most: int, metric: int) -> float:
    """Return the share of the exactly nearest vectors that an index finds; of equally near ones any will do.

    Args:
        index: of FAISS.
        asked: of shape (n, d).
        parts: all that the index holds.
        most: how many neighbours count.
        metric: FAISS's, of the index.
    """
    import faiss

    sign = 1 if metric == faiss.METRIC_L2 else -1
    nearest = np.full((len(asked), most), np.inf, dtype=np.float32)
    for part in parts:
        distance, _ = faiss.knn(asked, part, min(most, len(part)), metric=metric)
        nearest = np.sort(np.concatenate([nearest, sign * distance], axis=1), axis=1)[:, :most]
    found, labels = index.search(asked, most)
    there = (sign * found <= nearest[:, -1:]) & (labels >= 0)
    return round(float(there.sum() / np.isfinite(nearest).sum()), 4)
