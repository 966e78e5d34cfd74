"""Candidate evidence from CNN features: nearest neighbours (Esteva et al. 2017, Methods: "CNN features"; FAISS).

The search is exact up to `EXACT_UP_TO` pictures; among more, an inverted file proposes, and what it misses is measured.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.fingerprints.stage import cnn_features
from curate.graph.evidence.interface import Edge, Evidence
from curate.graph.inverted_file import centres, quantizer, sampled, share_found
from curate.graph.policy import Policy

SPARE = 6  # neighbours asked beyond those that count: more than float noise can push across the last place
BLOCK = 200_000  # pairs rescored at a time
EXACT_UP_TO = 50_000  # pictures: two minutes on two cores, growing with the square
LISTS_PER_PICTURE = 1 / 150
PROBED = 1 / 16  # of the lists
LENGTH = 2000  # of a vector of whole numbers: squared distances stay below 2^24


def near_features(catalogue: Catalogue, policy: Policy) -> Evidence:
    """Tie pictures of which one is among the other's nearest neighbours, at a cosine of at least `cnn_accept`."""
    key = required_stage(catalogue, "fingerprint", "curate fingerprint").summary["extractor"]
    if key is None:
        return Evidence([], not_run="no CNN features were computed (extra `features`, or --features)")
    rows = catalogue.rows(
        """SELECT p.image_id, f.position FROM pictures p JOIN features f ON f.sha256 = p.sha256 AND f.extractor = ?
           ORDER BY p.image_id""",
        [key],
    )
    if len(rows) < 2:
        return Evidence([])
    features = cnn_features(catalogue, key)[[position for _, position in rows]]
    images = [image for image, _ in rows]
    edges = []
    near = near_pairs(features, policy.cnn_neighbours, policy.cnn_accept)
    for i, j, cosine in near.pairs:
        edges.append(Edge(images[i], images[j], "cnn", cosine, False, cosine < policy.cnn_strong, f"cosine {cosine:.4f} ({key})"))
    told = {} if near.found is None else {"cnn": near.found}
    return Evidence(edges, pairs_compared=len(images) * (len(images) - 1) // 2, nearest_found=told)


class Near(NamedTuple):
    """Pairs (i, j, cosine), i < j, sorted; `found` is the share of exact neighbours found, None where the search was exact."""

    pairs: list[tuple[int, int, float]]
    found: float | None


def near_pairs(features: npt.NDArray[np.float16], neighbours: int, least: float) -> Near:
    """Return the pairs i < j with j among i's nearest neighbours or i among j's.

    FAISS proposes; the cosines that decide are computed anew in float64, each pair by itself, so that neither the number of
    threads nor the blocking of a matrix product can change a result.

    Args:
        features: float16 of shape (n, d).
        neighbours: how many count, the nearest first, ties by position.
        least: the smallest cosine that counts.
    """
    import faiss

    vectors = features.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    asked = min(neighbours + SPARE + 1, len(vectors))
    share = None
    if len(vectors) <= EXACT_UP_TO:
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
    else:
        vectors = np.rint(vectors * np.float32(LENGTH))
        index = _inverted_file(vectors)
        share = share_found(index, vectors[sampled(len(vectors))], iter([vectors]), asked, faiss.METRIC_INNER_PRODUCT)
    _, found = index.search(vectors, asked)
    i = np.repeat(np.arange(len(vectors)), asked)
    j = found.reshape(-1).astype(np.int64)
    keep = (i != j) & (j >= 0)
    i, j = i[keep], j[keep]
    cosine = exact_cosines(features, i, j)
    order = np.lexsort((j, -cosine, i))
    i, j, cosine = i[order], j[order], cosine[order]
    first = np.searchsorted(i, i)
    keep = (np.arange(len(i)) - first < neighbours) & (cosine >= least)
    low, high = np.minimum(i, j)[keep], np.maximum(i, j)[keep]
    return Near(sorted(set(zip(low.tolist(), high.tolist(), cosine[keep].tolist(), strict=True))), share)


def _inverted_file(vectors: npt.NDArray[np.float32]):  # type: ignore[no-untyped-def] # FAISS has no types
    """Return FAISS's inverted file over vectors of whole numbers, compared by their products."""
    import faiss

    found = centres(vectors, max(1, int(len(vectors) * LISTS_PER_PICTURE)))
    index = faiss.IndexIVFFlat(quantizer(found), vectors.shape[1], len(found), faiss.METRIC_INNER_PRODUCT)
    index.is_trained = True
    index.add(vectors)
    index.nprobe = max(1, int(len(found) * PROBED))
    return index


def exact_cosines(features: npt.NDArray[np.float16], i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the cosines of the pairs (i, j), float64 rounded to four digits."""
    cosine = np.empty(len(i))
    for start in range(0, len(i), BLOCK // 100):
        part = slice(start, start + BLOCK // 100)
        a, b = features[i[part]].astype(np.float64), features[j[part]].astype(np.float64)
        products = (a * b).sum(axis=1)
        cosine[part] = products / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return cosine.round(4)
