"""Candidate evidence from CNN features: nearest neighbours (Esteva et al. 2017, Methods: "CNN features"; FAISS, exact)."""

import numpy as np
import numpy.typing as npt

from curate.catalogue import Catalogue
from curate.catalogue.stages import required_stage
from curate.fingerprints.stage import cnn_features
from curate.graph.evidence.interface import Edge, Evidence
from curate.graph.policy import Policy

SPARE = 6  # neighbours asked beyond those that count: more than float noise can push across the last place
BLOCK = 200_000  # pairs rescored at a time


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
    for i, j, cosine in near_pairs(features, policy.cnn_neighbours, policy.cnn_accept):
        edges.append(Edge(images[i], images[j], "cnn", cosine, False, cosine < policy.cnn_strong, f"cosine {cosine:.4f} ({key})"))
    return Evidence(edges, pairs_compared=len(images) * (len(images) - 1) // 2)


def near_pairs(features: npt.NDArray[np.float16], neighbours: int, least: float) -> list[tuple[int, int, float]]:
    """Return (i, j, cosine) of pairs i < j with j among i's nearest neighbours or i among j's, sorted.

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
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    asked = min(neighbours + SPARE + 1, len(vectors))
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
    return sorted(set(zip(low.tolist(), high.tolist(), cosine[keep].tolist(), strict=True)))


def exact_cosines(features: npt.NDArray[np.float16], i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the cosines of the pairs (i, j), float64 rounded to four digits."""
    cosine = np.empty(len(i))
    for start in range(0, len(i), BLOCK // 100):
        part = slice(start, start + BLOCK // 100)
        a, b = features[i[part]].astype(np.float64), features[j[part]].astype(np.float64)
        products = (a * b).sum(axis=1)
        cosine[part] = products / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return cosine.round(4)
