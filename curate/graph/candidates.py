"""Candidate pairs by voting: pictures whose points have near descriptors (Sivic and Zisserman, ICCV 2003; Jégou et al., IJCV 2010).

Each asked point of a picture looks for its nearest stored points in an inverted file (FAISS) and gives the picture of each a vote,
the larger the nearer it is against the last of the list. Every number that decides is an integer: descriptors are reduced to 64
bytes, whose squared distances float32 holds exactly, by a fixed projection with integer entries. So neither the number of
threads nor the blocking of a matrix product can change a result.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import as_file, files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.fingerprints.points import VIEWS
from curate.graph.inverted_file import centres, make_room, quantizer, sampled, share_found

STORED = (120, 80, 60)  # points of each view that can be found, the strongest
ASKED = (70, 60, 50)  # points of each view that look for others
NEIGHBOURS = 20
SPARE = 8  # neighbours asked beyond these, in place of the picture's own points
LISTS_PER_POINT = 1 / 600
MOST_LISTS = 16384
PROBED = 4
VOTE = 255  # the weight of a vote of distance 0
REDUCED = 64
NORM = 200  # of a reduced descriptor, in units of a byte
UNRELATED = NORM * 2**0.5  # the distance of two descriptors that have nothing in common
AT_ONCE = 100_000
PICTURES_AT_ONCE = 500
JOINED_AT_ONCE = 10_000  # pictures whose votes in both directions are summed together
REMEMBERED = 200  # pictures that one picture's own points vote for, the best; so memory grows with the number of pictures alone

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]  # numbers of pictures and sums of votes: there are hundreds of millions at times


class Candidates(NamedTuple):
    """Pairs i < j of positions, sorted, and the votes for each, both directions summed.

    `recall` is the share of the true nearest points that the inverted file found, on a seeded sample; None without points.
    """

    i: Small
    j: Small
    votes: Small
    recall: float | None = None


class Codes(NamedTuple):
    """The stored points of all pictures.

    Attributes:
        values: uint8 of shape (points, 64).
        owner: the picture of each.
        asks: whether it looks for others.
    """

    values: Bytes
    owner: Small
    asks: npt.NDArray[np.bool_]


def codes(points_of: Callable[[Integers], npt.NDArray[np.void]], rows: Integers) -> Codes:
    """Reduce the strongest points of the pictures in these rows to 64 bytes.

    `points_of` returns the points of the rows that it is asked for, of dtype `POINT`, of shape (rows, 350).
    """
    chosen: list[int] = []
    asking: list[bool] = []
    first = 0
    for view, stored, asked in zip(VIEWS, STORED, ASKED, strict=True):
        chosen += range(first, first + stored)
        asking += [n < asked for n in range(stored)]
        first += view.points
    most = len(rows) * len(chosen)
    found = Codes(np.empty((most, REDUCED), np.uint8), np.empty(most, np.int32), np.empty(most, bool))
    end = 0
    step = max(1, AT_ONCE // len(chosen))
    for start in range(0, len(rows), step):
        part = points_of(rows[start : start + step])[:, np.array(chosen)]
        there = part["size"] > 0
        begun, end = end, end + int(there.sum())
        found.values[begun:end] = reduced(part["descriptor"][there])
        found.owner[begun:end] = np.nonzero(there)[0] + start
        found.asks[begun:end] = np.broadcast_to(np.array(asking), there.shape)[there]
    return Codes(found.values[:end], found.owner[:end], found.asks[:end])


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
        nothing = np.zeros(0, dtype=np.int32)
        return Candidates(nothing, nothing, nothing)
    index = _inverted_file(points.values)
    recall = _recall(index, points)
    asking = np.flatnonzero(points.asks)
    starts = np.searchsorted(points.owner[asking], np.arange(0, pictures, PICTURES_AT_ONCE))
    given = np.empty((3, pictures * REMEMBERED), dtype=np.int32)  # asking picture, found picture, weight
    filled = 0
    for start, end in zip(starts, [*starts[1:], len(asking)], strict=True):
        asked = asking[start:end]
        if len(asked):
            squared, found = index.search(points.values[asked].astype(np.float32), NEIGHBOURS + SPARE)
            votes = _votes(points.owner[asked], points.owner[found], np.where(found < 0, np.inf, squared), pictures)
            best = _most(*_summed(*votes), REMEMBERED)
            given[:, filled : filled + len(best[0])] = best
            filled += len(best[0])
    del index
    one, other, weight = given[:, :filled]
    kept = []
    for start in range(0, pictures, JOINED_AT_ONCE):
        there, back = ((side >= start) & (side < start + JOINED_AT_ONCE) for side in (one, other))
        both = (np.concatenate([a[there], b[back]]) for a, b in ((one, other), (other, one), (weight, weight)))
        kept.append(_most(*_summed(*both), most))
    one, other, weight = (np.concatenate(part) for part in zip(*kept, strict=True))
    return Candidates(*_pairs(one, other, weight), recall)


def _recall(index, points: Codes) -> float:  # type: ignore[no-untyped-def] # FAISS has no types
    import faiss

    asking = np.flatnonzero(points.asks)
    asked = points.values[asking[sampled(len(asking))]].astype(np.float32)
    starts = range(0, len(points.values), AT_ONCE)
    parts = (points.values[start : start + AT_ONCE].astype(np.float32) for start in starts)
    return share_found(index, asked, parts, NEIGHBOURS, faiss.METRIC_L2)


def _inverted_file(values: Bytes):  # type: ignore[no-untyped-def] # FAISS has no types
    """Return FAISS's inverted file over bytes."""
    import faiss

    found = centres(values, int(min(MOST_LISTS, max(1, len(values) * LISTS_PER_POINT))))
    coarse, of_bytes = quantizer(found), faiss.ScalarQuantizer.QT_8bit_direct
    index = faiss.IndexIVFScalarQuantizer(coarse, REDUCED, len(found), of_bytes, faiss.METRIC_L2, False)
    index.is_trained = True
    starts = range(0, len(values), AT_ONCE)
    of_list = np.empty(len(values), dtype=np.int64)
    for start in starts:
        of_list[start : start + AT_ONCE] = coarse.search(values[start : start + AT_ONCE].astype(np.float32), 1)[1][:, 0]
    make_room(index, np.bincount(of_list, minlength=len(found)))
    for start in starts:
        part = values[start : start + AT_ONCE].astype(np.float32)
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(of_list[start : start + AT_ONCE]))
    index.nprobe = PROBED
    return index


def _votes(asking: Small, found: Small, squared: npt.NDArray[np.float32], pictures: int) -> tuple[Small, Small, Small]:
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
    place, weight = place[first], weight[first].astype(np.int32)
    return asking[place // pictures], (place % pictures).astype(np.int32), weight


def _summed(one: Small, other: Small, weight: Small) -> tuple[Small, Small, Small]:
    """Return each pair (one, other) once, its weights summed, sorted; pairs of no weight are left out."""
    order = np.lexsort((other, one))
    one, other, weight = one[order], other[order], weight[order]
    first = np.flatnonzero((np.diff(one, prepend=-1) != 0) | (np.diff(other, prepend=-1) != 0))
    sums = np.add.reduceat(weight, first).astype(np.int32) if len(first) else weight
    there = sums > 0
    return one[first][there], other[first][there], sums[there]


def _most(one: Small, other: Small, weight: Small, most: int) -> tuple[Small, Small, Small]:
    """Return for each `one` the pairs of the largest weights; of equal ones those whose `other` comes first."""
    order = np.lexsort((other, -weight, one))
    one, other, weight = one[order], other[order], weight[order]
    kept = np.arange(len(one)) - np.searchsorted(one, one) < most
    return one[kept], other[kept], weight[kept]


def _pairs(one: Small, other: Small, weight: Small) -> tuple[Small, Small, Small]:
    """Return the pairs whichever way round they stand, once each, sorted."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low))
    low, high, weight = low[order], high[order], weight[order]
    first = (np.diff(low, prepend=-1) != 0) | (np.diff(high, prepend=-1) != 0)
    return low[first], high[first], weight[first]


@cache
def _projection() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the centre (128) and the projection (128, 64), whole numbers: the first 64 principal components of descriptors.

    Learnt once on 300,000 points of 9,665 public pictures, scaled to 127 and rounded.
    """
    with as_file(files("curate.graph").joinpath("descriptor_projection.npy")) as path:
        table = np.load(path).astype(np.float32)
    return table[:, 0], table[:, 1:]
