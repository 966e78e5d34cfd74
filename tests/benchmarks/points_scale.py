"""What the evidence `local` costs as pictures grow in number: voting on generated descriptors, the rest on drawn skin.

    python tests/benchmarks/points_scale.py [--sizes N,N,…] [--pictures N] [--json]

Voting is measured at each size, its three parts apart: `index` grows with points times lists, `search` with points times the length
of a list (with the square of the pictures, once there are as many lists as there may be), `votes` with points alone. So is the
search for the nearest by CNN features, `alike`, which grows with the square. Points and verification cost the same per picture and
per pair at any size: they are measured on drawn pictures of 600 x 450 and of 24 megapixels. Seconds are of the processor; the last
lines put them together for 129,450 pictures on two cores.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers; read when numpy is imported

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.fingerprints.points import LOCAL, local_features  # noqa: E402 - after the path is set
from curate.graph import candidates  # noqa: E402
from curate.graph.candidates import ASKED, STORED, Codes, vote  # noqa: E402
from curate.graph.evidence.cnn import near_pairs  # noqa: E402
from curate.graph.inverted_file import EXACT_LISTS, GROUPS, GROUPS_PROBED  # noqa: E402
from curate.graph.policy import find_policy  # noqa: E402
from curate.graph.verification import prepare, verify  # noqa: E402
from tests.graph.skin import skin, view  # noqa: E402

WORDS = 20_000  # centres around which generated descriptors lie, so that lists are as uneven as those of real points
WHOLE = 129_450
PAIRS_PER_PICTURE = 17  # verified at 20 candidates by votes and 3 by CNN features each, seen on 9,665 photographs
FEATURES, SEEN = 1280, 3000  # numbers of a CNN feature; kinds of picture that generated ones lie around

COLUMNS = {  # what is printed of a size: key, width, digits
    "pictures": ("pictures", 9, 0),
    "s, index": ("index", 11, 1),
    "s, search": ("search", 11, 1),
    "s, votes": ("votes", 11, 1),
    "s, alike": ("alike", 11, 1),
    "s by the clock": ("clock", 16, 1),
    "peak MiB": ("peak_mib", 10, 0),
    "candidates": ("pairs", 12, 0),
    "nearest found": ("recall", 15, 3),
}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", default="10000,30000")
    options.add_argument("--pictures", type=int, default=40)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    one = drawn(asked.pictures)
    rows = []
    for size in asked.sizes.split(","):
        rows.append({**voting(int(size)), "alike": alike(int(size))})
        print(rows[-1], file=sys.stderr, flush=True)
    result = {"voting": rows, **one, "whole": together(rows, one)}
    if asked.json:
        print(json.dumps(result))
        return
    print("".join(f"{name:>{width}}" for name, (_, width, _) in COLUMNS.items()))
    for row in rows:
        print("".join(f"{row[key]:>{width}.{digits}f}" for key, width, digits in COLUMNS.values()))
    for name, value in one.items():
        print(f"{name:<46}{value:>10.2f} ms")
    for name, value in result["whole"].items():
        print(f"{name:<46}{value:>10.1f} minutes on two cores")


def voting(pictures: int) -> dict[str, Any]:
    """Vote among pictures with generated points."""
    random = np.random.default_rng(pictures)
    words = random.normal(0, 1, (WORDS, 64))
    each = sum(STORED)
    share = random.zipf(1.3, pictures * each) % WORDS
    values = np.empty((pictures * each, 64), dtype=np.uint8)
    for start in range(0, len(values), 200_000):
        part = words[share[start : start + 200_000]] + random.normal(0, 0.7, (min(200_000, len(values) - start), 64))
        part *= candidates.NORM / np.linalg.norm(part, axis=1, keepdims=True)
        values[start : start + 200_000] = np.clip(np.rint(part) + 128, 0, 255)
    del share
    asks = np.concatenate([np.arange(stored) < ask for stored, ask in zip(STORED, ASKED, strict=True)])
    points = Codes(values, np.repeat(np.arange(pictures, dtype=np.int32), each), np.tile(asks, pictures))
    spent = {"index": 0.0, "search": 0.0}
    made = candidates._inverted_file

    def watched(values: Any) -> Any:
        begun = time.process_time()
        index = made(values)
        spent["index"] = time.process_time() - begun
        looked = index.search

        def search(*asked: Any) -> Any:
            begun = time.process_time()
            found = looked(*asked)
            spent["search"] += time.process_time() - begun
            return found

        index.search = search
        return index

    candidates._inverted_file = watched
    begun, clock = time.process_time(), time.monotonic()
    try:
        found = vote(points, pictures, find_policy("strict").local_candidates)
    finally:
        candidates._inverted_file = made
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "pictures": pictures,
        **spent,
        "votes": time.process_time() - begun - sum(spent.values()),
        "clock": time.monotonic() - clock,
        "peak_mib": peak,
        "pairs": len(found.i),
        "recall": found.recall,
    }


def alike(pictures: int) -> float:
    """Return the seconds of the processor in which the nearest of pictures with generated features are found."""
    random = np.random.default_rng(pictures)
    kinds = random.normal(0, 1, (SEEN, FEATURES)).astype(np.float32)
    features = np.empty((pictures, FEATURES), dtype=np.float16)
    for start in range(0, pictures, 10_000):
        part = features[start : start + 10_000]
        part[:] = kinds[random.integers(0, SEEN, len(part))] + random.normal(0, 0.7, part.shape)
    begun = time.process_time()
    near_pairs(features, find_policy("strict").local_alike, -1.0)
    return time.process_time() - begun


def lists_of(pictures: int) -> float:
    """Return how many lists the inverted file has."""
    return min(candidates.MOST_LISTS, pictures * sum(STORED) * candidates.LISTS_PER_POINT)


def centres_of(lists: float) -> float:
    """Return with how many centres a point is compared."""
    return lists if lists <= EXACT_LISTS else GROUPS + lists * GROUPS_PROBED / GROUPS


def drawn(number: int) -> dict[str, float]:
    """Return milliseconds of the processor per picture and per pair."""
    shots = [view(skin(n // 2), seed=n, turn=5 * n).resize((600, 450)) for n in range(number)]
    large = skin(1, 4000).resize((6000, 4000))
    points = timed(lambda: [local_features(shot) for shot in shots]) / number
    of_large = timed(lambda: local_features(large))
    records = np.array([local_features(shot) for shot in shots], dtype=LOCAL)
    ready = timed(lambda: [prepare(record) for record in records]) / number
    prepared = [prepare(record) for record in records]
    different = timed(lambda: [verify(prepared[n], prepared[(n + 2) % number]) for n in range(number)]) / number
    same = timed(lambda: [verify(prepared[n], prepared[n ^ 1]) for n in range(number - number % 2)]) / number
    return {
        "points of a picture of 600 x 450": points,
        "points of a picture of 24 megapixels": of_large,
        "making a picture ready": ready,
        "verifying two lesions": different,
        "verifying one lesion": same,
    }


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds of the processor that some work takes."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1000


def together(rows: list[dict[str, Any]], one: dict[str, float]) -> dict[str, float]:
    """Return minutes on two cores for 129,450 pictures, voting extrapolated from the last size by what its parts grow with."""
    shares = {"points": one["points of a picture of 600 x 450"] / 1000 * WHOLE}
    last = rows[-1]
    there, then = lists_of(last["pictures"]), lists_of(WHOLE)
    more = WHOLE / last["pictures"]
    shares["voting, index (points x lists)"] = last["index"] * more * centres_of(then) / centres_of(there)
    shares["voting, search (points x length of a list)"] = last["search"] * more * more * there / then
    shares["nearest by CNN features (pictures x pictures)"] = last["alike"] * more * more
    shares["voting, votes (points)"] = last["votes"] * more * 2  # on one core, while the other waits
    per_pair = one["making a picture ready"] + 0.7 * one["verifying two lesions"] + 0.3 * one["verifying one lesion"]
    shares["verification"] = per_pair / 1000 * WHOLE * PAIRS_PER_PICTURE
    minutes = {name: seconds / 60 / 2 for name, seconds in shares.items()}
    return {**minutes, "together": sum(minutes.values())}


if __name__ == "__main__":
    main()
