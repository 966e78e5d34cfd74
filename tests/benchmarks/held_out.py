"""What the evidence `local` finds on lesions that its probabilities were not learnt from.

    python tests/benchmarks/held_out.py [--shared FOLDER] [--workspace FOLDER] [--parts N] [--workers N]

Takes the workspace that five_folders.py leaves. For each of N parts of the known components, chosen by hash as the scorer beside
the pictures chooses them, a calibration is learnt from all pairs that do not touch it; then the edges that touch it are scored.
"""

import argparse
import csv
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.catalogue import Catalogue  # noqa: E402 - after the path is set
from curate.engines import LocalEngine, default_workers  # noqa: E402
from curate.graph.calibrate import gather, learnt_from  # noqa: E402
from curate.graph.evidence import KINDS  # noqa: E402
from curate.graph.evidence.local import is_accepted  # noqa: E402
from curate.graph.policy import find_policy  # noqa: E402
from tests.real.native import known_pairs  # noqa: E402

COUNTED = re.compile(r"^\s*(same_lesion|ham10000 - ham10000|pad_ufes_20 - pad_ufes_20)\s+(\d+)\s+([\d.]+)\s+([\d.]+)")


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shared", type=Path, default=Path(os.environ.get("DERMCURATE_SHARED") or CHECKOUT.parent / "shared"))
    options.add_argument("--workspace", type=Path, default=CHECKOUT / "build" / "bench" / "without_ids")
    options.add_argument("--parts", type=int, default=5)
    options.add_argument("--workers", type=int, default=default_workers())
    asked = options.parse_args()
    policy = find_policy("strict", without_ids=True)
    part_of = parts(asked.shared, asked.parts)
    out = asked.workspace / "held_out.csv"
    with Catalogue.write(asked.workspace, "bench") as catalogue:
        found = gather(catalogue, policy, LocalEngine(asked.workers))
        plain = [
            (e.image_a, e.image_b, e.evidence, e.score)
            for kind in ("bytes", "pixels", "hash")
            for e in KINDS[kind](catalogue, policy).edges
        ]
    names = found.names()
    for part in range(asked.parts):
        touched = np.array([part in (part_of.get(a), part_of.get(b)) for a, b in names])
        probability = learnt_from(found, "all but one part", ~touched).probability(found.measures, found.modality)
        kept = np.flatnonzero(touched & is_accepted(probability, found.measures, found.modality, policy))
        with out.open("w", encoding="utf-8", newline="") as handle:
            rows = [(*sorted(names[n]), "local", probability[n]) for n in kept.tolist()]
            csv.writer(handle).writerows([("image_a", "image_b", "evidence", "score"), *plain, *rows])
        scorer = [
            sys.executable,
            str(asked.shared / "tools" / "score_edges.py"),
            str(out),
            str(asked.shared / "data" / "known_pairs.csv"),
        ]
        said = subprocess.run(
            [*scorer, "--holdout-mod", f"{part}/{asked.parts}"], check=True, capture_output=True, text=True
        ).stdout
        print(f"part {part} of {asked.parts}: {touched.sum()} pairs not learnt from, {len(kept)} of them edges")
        print("\n".join(line for line in said.splitlines() if COUNTED.match(line) or line.startswith("precision")))


def parts(shared: Path, number: int) -> dict[str, int]:
    """Return the part of each picture of a known component: a hash of the component's first name, modulo the number of parts."""
    graph = nx.Graph((pair["image_a"], pair["image_b"]) for pair in known_pairs(shared))
    return {
        image: int(hashlib.sha256(min(members).encode()).hexdigest()[:12], 16) % number
        for members in nx.connected_components(graph)
        for image in members
    }


if __name__ == "__main__":
    main()
