"""Candidate pairs by voting: pictures whose points have near descriptors (Sivic and Zisserman, ICCV 2003; Jégou et al., IJCV 2010).

Each asked point of a picture looks for its nearest stored points in an inverted file (FAISS) and gives the picture of each a vote,
the larger the nearer it is against the last of the list. Every number that decides is an integer: descriptors are reduced to 64
bytes, whose squared distances float32 holds exactly, by a fixed projection with integer entries. So neither the number of
threads nor the blocking of a matrix product can change a result.
"""

from functools import cache
from importlib.resources import as_file, files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.fingerprints.points import VIEWS

STORED = (120, 80, 60)  # points of each view that can be found, the strongest
ASKED = (70, 60, 50)  # points of each view that look for others
NEIGHBOURS = 20
SPARE = 8  # neighbours asked beyond these, in place of the picture's own points
LISTS_PER_POINT = 1 / 600
MOST_LISTS = 16384
PROBED = 4
ROUNDS = 3  # of k-means
TAUGHT = 30  # codes per list that k-means sees
VOTE = 255  # the weight of a vote of distance 0
REDUCED = 64
NORM = 200  # of a reduced descriptor, in units of a byte
UNRELATED = NORM * 2**0.5  # the distance of two descriptors that have nothing in common
AT_ONCE = 100_000
PICTURES_AT_ONCE = 500
REMEMBERED = 200  # pictures that one picture's own points vote for, the best; so memory grows with the number of pictures alone

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


class Candidates(NamedTuple):
    """Pairs i < j of positions, sorted, and the votes for each, both directions summed."""

    i: Integers
    j: Integers
    votes: Integers


class Codes(NamedTuple):
    """The stored points of all pictures.

    Attributes:
        values: uint8 of shape (points, 64).
        owner: the picture of each.
        asks: whether it looks for others.
    """

    values: Bytes
    owner: Integers
    asks: npt.NDArray[np.bool_]


def codes(points: npt.NDArray[np.void], rows: Integers) -> Codes:
    """Reduce the strongest points of the pictures in these rows to 64 bytes; `points` are of dtype `POINT`, of shape (n, 350)."""
    chosen: list[int] = []
    asking: list[bool] = []
    first = 0
    for view, stored, asked in zip(VIEWS, STORED, ASKED, strict=True):
        chosen += range(first, first + stored)
        asking += [n < asked for n in range(stored)]
        first += view.points
    values, owner, asks = [], [], []
    step = max(1, AT_ONCE // len(chosen))
    for start in range(0, len(rows), step):
        part = points[rows[start : start + step]][:, np.array(chosen)]
        there = part["size"] > 0
        values.append(reduced(part["descriptor"][there]))
        owner.append(np.nonzero(there)[0] + start)
        asks.append(np.broadcast_to(np.array(asking), there.shape)[there])
    if not values:
        return Codes(np.zeros((0, REDUCED), np.uint8), np.zeros(0, np.int64), np.zeros(0, bool))
    return Codes(np.concatenate(values), np.concatenate(owner), np.concatenate(asks))


def reduced(descriptors: Bytes) -> Bytes:
    """Return descriptors, uint8 of shape (n, 128), projected to (n, 64), brought to one length and moved into a byte."""
    centre, projection = _projection()
    wide = (descriptors.astype(np.float32) - centre) @ projection  # whole numbers below 2^24: exact in any order of summation
    length = np.sqrt((wide.astype(np.int64) ** 2).sum(axis=1, keepdims=True))
    values: Bytes = np.clip(np.rint(wide / np.maximum(length, 1) * NORM) + 128, 0, 255).astype(np.uint8)
    return values


def vote(points: Codes, pictures: int, most: int) -> Candidates:
    """Return each picture's `most` best candidates by votes; ties go to the picture that comes first."""
    if not len(points.values):
        nothing = np.zeros(0, dtype=np.int64)
        return Candidates(nothing, nothing, nothing)
    index = _inverted_file(points.values)
    asking = np.flatnonzero(points.asks)
    starts = np.searchsorted(points.owner[asking], np.arange(0, pictures, PICTURES_AT_ONCE))
    given: list[tuple[Integers, Integers, Integers]] = []
    for start, end in zip(starts, [*starts[1:], len(asking)], strict=True):
        asked = asking[start:end]
        if len(asked):
            squared, found = index.search(points.values[asked].astype(np.float32), NEIGHBOURS + SPARE)
            votes = _votes(points.owner[asked], points.owner[found], np.where(found < 0, np.inf, squared), pictures)
            given.append(_most(*_summed(*votes), REMEMBERED))
    one, other, weight = (np.concatenate(part) for part in zip(*given, strict=True))
    one, other, weight = _summed(np.concatenate([one, other]), np.concatenate([other, one]), np.concatenate([weight, weight]))
    return _pairs(*_most(one, other, weight, most))


def _inverted_file(values: Bytes):  # type: ignore[no-untyped-def] # FAISS has no types
    """Return FAISS's inverted file over bytes; its centres are those of a few rounds of k-means, rounded to whole numbers."""
    import faiss

    lists = int(min(MOST_LISTS, max(1, len(values) * LISTS_PER_POINT)))
    random = np.random.default_rng(2017)
    sample = values[np.sort(random.choice(len(values), min(len(values), lists * TAUGHT), replace=False))].astype(np.float32)
    centres = sample[np.sort(random.choice(len(sample), lists, replace=False))]
    for _ in range(ROUNDS):
        flat = faiss.IndexFlatL2(REDUCED)
        flat.add(centres)
        nearest = flat.search(sample, 1)[1][:, 0]
        sums, counts = np.zeros((lists, REDUCED)), np.bincount(nearest, minlength=lists)
        np.add.at(sums, nearest, sample)  # whole numbers below 2^53
        centres = np.where(counts[:, None] > 0, np.rint(sums / np.maximum(counts, 1)[:, None]), centres).astype(np.float32)
    coarse = faiss.IndexFlatL2(REDUCED)
    coarse.add(centres)
    index = faiss.IndexIVFScalarQuantizer(coarse, REDUCED, lists, faiss.ScalarQuantizer.QT_8bit_direct, faiss.METRIC_L2, False)
    index.is_trained = True
    for start in range(0, len(values), AT_ONCE):
        index.add(values[start : start + AT_ONCE].astype(np.float32))
    index.nprobe = PROBED
    return index


def _votes(
    asking: Integers, found: Integers, squared: npt.NDArray[np.float32], pictures: int
) -> tuple[Integers, Integers, Integers]:
    """Return (asking picture, found picture, weight): one vote per asked point and picture, that of its nearest point."""
    squared = np.where(found == asking[:, None], np.inf, squared)
    order = np.argsort(squared, axis=1, kind="stable")[:, : NEIGHBOURS + 1]
    distance, found = np.sqrt(np.take_along_axis(squared, order, 1)), np.take_along_axis(found, order, 1)
    last = np.clip(distance[:, -1:], 1, UNRELATED)  # a small collection has no 21st neighbour
    weight = np.rint(np.clip(1 - distance[:, :-1] / last, 0, None) * VOTE)
    place = np.arange(len(asking))[:, None] * pictures + found[:, :-1]
    order = np.lexsort((-weight.ravel(), place.ravel()))
    place, weight = place.ravel()[order], weight.ravel()[order]
    first = np.flatnonzero(np.diff(place, prepend=-1) != 0)
    place, weight = place[first], weight[first].astype(np.int64)
    return asking[place // pictures], place % pictures, weight


def _summed(one: Integers, other: Integers, weight: Integers) -> tuple[Integers, Integers, Integers]:
    """Return each pair (one, other) once, its weights summed, sorted; pairs of no weight are left out."""
    order = np.lexsort((other, one))
    one, other, weight = one[order], other[order], weight[order]
    first = np.flatnonzero((np.diff(one, prepend=-1) != 0) | (np.diff(other, prepend=-1) != 0))
    sums = np.add.reduceat(weight, first) if len(first) else weight
    there = sums > 0
    return one[first][there], other[first][there], sums[there]


def _most(one: Integers, other: Integers, weight: Integers, most: int) -> tuple[Integers, Integers, Integers]:
    """Return for each `one` the pairs of the largest weights; of equal ones those whose `other` comes first."""
    order = np.lexsort((other, -weight, one))
    one, other, weight = one[order], other[order], weight[order]
    kept = np.arange(len(one)) - np.searchsorted(one, one) < most
    return one[kept], other[kept], weight[kept]


def _pairs(one: Integers, other: Integers, weight: Integers) -> Candidates:
    """Return the pairs whichever way round they stand, once each, sorted."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low))
    low, high, weight = low[order], high[order], weight[order]
    first = (np.diff(low, prepend=-1) != 0) | (np.diff(high, prepend=-1) != 0)
    return Candidates(low[first], high[first], weight[first])


@cache
def _projection() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the centre (128) and the projection (128, 64), whole numbers: the first 64 principal components of descriptors.

    Learnt once on 300,000 points of 9,665 public pictures, scaled to 127 and rounded.
    """
    with as_file(files("curate.graph").joinpath("descriptor_projection.npy")) as path:
        table = np.load(path).astype(np.float32)
    return table[:, 0], table[:, 1:]
