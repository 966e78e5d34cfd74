"""Candidate evidence from perceptual hashes: near in one of the eight orientations (FAISS binary search, exact)."""

import numpy as np
import numpy.typing as npt

from curate.catalogue import Catalogue
from curate.fingerprints.hashes import BITS, BYTES, ORIENTATIONS
from curate.graph.evidence.interface import Edge, Evidence
from curate.graph.policy import Policy

QUERIES = 4096  # hashes asked at a time, so that memory stays bounded


def near_hashes(catalogue: Catalogue, policy: Policy) -> Evidence:
    """Tie pictures whose hashes differ in at most `hash_accept` bits in some orientation; flat pictures take no part.

    Pairs of up to `hash_near` bits are given to verification.
    """
    rows = catalogue.rows(
        "SELECT image_id, hashes FROM pictures WHERE hash_energy >= ? ORDER BY image_id", [policy.hash_least_energy]
    )
    if len(rows) < 2:
        return Evidence([])
    images = [image for image, _ in rows]
    hashes = np.frombuffer(b"".join(h for _, h in rows), dtype=np.uint8).reshape(-1, len(ORIENTATIONS), BYTES)
    edges, near = [], []
    for (i, j), (distance, orientation) in sorted(near_pairs(hashes, max(policy.hash_accept, policy.hash_near)).items()):
        if distance > policy.hash_accept:
            near.append((images[i], images[j]))
            continue
        basis = f"{distance} of {BITS} bits differ"
        if orientation:
            basis += f", {ORIENTATIONS[orientation]}"
        edges.append(Edge(images[i], images[j], "hash", round(1 - distance / BITS, 4), False, distance > policy.hash_strong, basis))
    return Evidence(edges, pairs_compared=len(images) * (len(images) - 1) // 2, near=near)


def near_pairs(hashes: npt.NDArray[np.uint8], radius: int) -> dict[tuple[int, int], tuple[int, int]]:
    """Return {(i, j): (distance in bits, orientation)} of all pairs i < j within the radius, the nearest orientation each.

    Args:
        hashes: uint8 of shape (n, 8, 32), the eight orientations of each picture.
        radius: bits, inclusive.
    """
    import faiss

    upright = np.ascontiguousarray(hashes[:, 0])
    index = faiss.IndexBinaryFlat(BITS)
    index.add(upright)
    nearest: dict[tuple[int, int], tuple[int, int]] = {}
    for orientation in range(len(ORIENTATIONS)):
        for start in range(0, len(hashes), QUERIES):
            asked = np.ascontiguousarray(hashes[start : start + QUERIES, orientation])
            limits, distances, found = index.range_search(asked, radius + 1)  # FAISS takes the radius exclusively
            asking = np.repeat(np.arange(start, start + len(asked)), np.diff(limits).astype(np.int64))
            for i, j, distance in zip(asking.tolist(), found.tolist(), distances.tolist(), strict=True):
                if i == j:
                    continue
                pair = (i, j) if i < j else (j, i)
                candidate = (int(distance), orientation)
                if candidate < nearest.get(pair, (BITS + 1, 0)):
                    nearest[pair] = candidate
    return nearest
