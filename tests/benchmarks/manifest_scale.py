"""How split, freeze and verify grow with the images and edges of a catalogue, links given.

    python tests/benchmarks/manifest_scale.py [--images N] [--edges M] [--seed S] [--out FOLDER] [--json]

A catalogue is drawn straight into its tables: three sources, patients of up to some 150 images, lesions of up to twelve, each
lesion under a label of the shipped taxonomy (frequent and rare ones, some left unmapped), keys, facts, licences, and the accepted
edges: a chain through every lesion and patient, the rest between random images of one lesion or patient. Split (the protocol of the
paper, nine folds), freeze and verify then run one after the other, each in a process of its own. Prints for each the seconds on the
clock from start to end of its process, those of the processors, and the peak of its resident memory in MiB; then what is wrong with
the manifest, if anything is.

Pictures are not part of it: there are none. `tests/benchmarks/picture_digests.py` measures those.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.catalogue import Catalogue  # noqa: E402 - after the path is set
from curate.catalogue.stages import record_stage  # noqa: E402
from curate.engines import LocalEngine  # noqa: E402
from curate.fingerprints.compute import VERSION  # noqa: E402
from curate.fingerprints.stage import fingerprint_stage  # noqa: E402
from curate.graph.link import link  # noqa: E402
from curate.graph.policy import Policy, find_policy  # noqa: E402
from curate.sources.ingest import write_taxonomy  # noqa: E402
from curate.taxonomy.tree import Tree  # noqa: E402

PAPER = (129_450, 1_300_000)
STAGES = ("split", "freeze", "verify")
SOURCES = ("archive_a", "archive_b", "clinic_c")  # the first two are independent
LESION_SIZES = ((1, 2, 3, 5, 8, 12), (0.55, 0.22, 0.1, 0.08, 0.03, 0.02))  # images, probabilities
PATIENT_LESIONS = ((1, 2, 4, 10, 30), (0.6, 0.2, 0.12, 0.06, 0.02))  # lesions, probabilities
LARGEST = 150  # images of one patient
OF_A_LESION = ("cnn", "hash", "local", "pixels")
UNMAPPED, POOR = 0.01, 0.02  # shares of lesions without a node, of images that fail the quality gate
LABELS = 600  # nodes that labels name
ROUNDS = 60  # of drawing edges, until there are enough


def groups(rng: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each of so many images in drawing order the number of its lesion and of its patient, both ascending."""
    lesions = np.repeat(np.arange(number), rng.choice(LESION_SIZES[0], number, p=LESION_SIZES[1]))[:number]
    patients = np.repeat(np.arange(number), rng.choice(PATIENT_LESIONS[0], number, p=PATIENT_LESIONS[1]))[lesions]
    first = np.searchsorted(patients, patients)
    new = (np.arange(number) - first) // LARGEST  # a patient of more images becomes several, cut between lesions
    new = new[np.searchsorted(lesions, lesions)]
    _, patients = np.unique(np.stack([patients, new]), axis=1, return_inverse=True)
    return lesions, patients.reshape(-1)


def draw_edges(rng: np.random.Generator, lesions: np.ndarray, patients: np.ndarray, wanted: int) -> tuple[np.ndarray, ...]:
    """Return (a, b, evidence) of distinct edges, a < b in drawing order; evidence is a place in (lesion, patient, *OF_A_LESION)."""
    number, kinds = len(lesions), 2 + len(OF_A_LESION)
    follow = np.flatnonzero(patients[1:] == patients[:-1])
    chain = (follow * number + follow + 1) * kinds + (lesions[follow] != lesions[follow + 1])
    keys = chain
    for _ in range(ROUNDS):
        if len(keys) >= wanted:
            break
        a = rng.integers(0, number, wanted)
        of_lesion = rng.random(wanted) < 0.7
        group = np.where(of_lesion, lesions[a], patients[a])
        starts = np.where(of_lesion, np.searchsorted(lesions, group), np.searchsorted(patients, group))
        ends = np.where(of_lesion, np.searchsorted(lesions, group, "right"), np.searchsorted(patients, group, "right"))
        b = starts + (rng.random(wanted) * (ends - starts)).astype(np.int64)
        kind = np.where(of_lesion, 2 + rng.integers(0, len(OF_A_LESION), wanted), 1)
        drawn = ((np.minimum(a, b) * number + np.maximum(a, b)) * kinds + kind)[a != b]
        more = np.setdiff1d(drawn, keys)
        keys = np.concatenate([keys, rng.permutation(more)[: max(0, wanted - len(keys))]])
    pairs, kind = np.divmod(keys, kinds)
    return (*np.divmod(pairs, number), kind)


def make(out: Path, number: int, wanted: int, seed: int) -> None:
    """Draw a catalogue of so many images and edges into the workspace `out`, linked."""
    rng, tree = np.random.default_rng([seed, number]), Tree.shipped()
    lesions, patients = groups(rng, number)
    order = rng.permutation(number)  # so that neighbours in one lesion are none by id
    source = np.asarray(rng.choice(len(SOURCES), number, p=(0.6, 0.3, 0.1)))
    native = np.char.mod("ISIC_%07d", order)
    sources = np.array(SOURCES)[source]
    ids = np.char.add(np.char.add(sources, ":"), native)
    nodes = np.array([n for n in tree.nodes if tree.depth(n) > 2])
    names = rng.permutation(nodes)[:LABELS]
    rank = np.minimum(rng.zipf(1.3, number), LABELS) - 1
    unmapped = rng.random(number) < UNMAPPED
    label = np.where(unmapped[lesions], "rash", names[rank[lesions]])
    table = pa.table(
        {
            "n": np.arange(number),
            "image_id": ids,
            "source_id": sources,
            "native_id": native,
            "path": np.char.add(np.char.add(np.char.mod("part_%d/", order % 10), native), ".jpg"),
            "label": label,
            "lesion": lesions,
            "patient": patients,
            "confirmation": np.array(["histopathology", "consensus", "clinical"])[rng.integers(0, 3, number)],
            "modality": np.array(["dermoscopic", "clinical"])[rng.integers(0, 2, number)],
            "site": np.array(["back", "face", "upper extremity"])[rng.integers(0, 3, number)],
            "sex": np.array(["male", "female"])[rng.integers(0, 2, number)],
            "age": 5.0 * rng.integers(0, 18, number),
            "sharpness": np.where(rng.random(number) < POOR, 1.0, np.round(rng.uniform(5, 900, number), 4)),
            "contrast": np.round(rng.uniform(10, 90, number), 4),
        }
    )
    a, b, kind = draw_edges(rng, lesions, patients, wanted)
    edges = pa.table({"a": a, "b": b, "kind": kind})
    with Catalogue.write(out, "bench") as catalogue:
        write_taxonomy(catalogue, tree)
        connection = catalogue.connection
        connection.register("drawn", table)
        connection.register("pairs", edges)
        connection.register("names", pa.table({"node_id": names}))
        for sql in FILL:
            connection.execute(sql, {"version": VERSION} if "$version" in sql else {})
        for name in SOURCES:
            catalogue.remember_folder(name, out)
            counts = dict.fromkeys(("files", "images", "rows"), 0)
            record_stage(catalogue, "ingest", scope=name, input_digest=name, output_digest=name, settings={}, summary=counts)
        fingerprint_stage(catalogue, LocalEngine(1), None)
        # Linking by no evidence at all writes what the later stages ask of that stage; what it found is drawn over it.
        link(
            catalogue,
            Policy.model_validate({**find_policy("strict").model_dump(), "evidence": [], "level": "patient"}),
            LocalEngine(1),
        )
        for sql in LINKED:
            connection.execute(sql)


FILL = (
    f"""INSERT INTO sources SELECT s, s, 'archive', 'CC-BY-4.0', 'The drawn archive', 'Drawn.', sha256(s), 'patient'
        FROM unnest({list(SOURCES)}) t(s)""",
    """INSERT INTO ingests SELECT source_id, '/nowhere', count(*), 0 FROM drawn GROUP BY 1""",
    """INSERT INTO files SELECT source_id, path, 'image', 1000 + n % 977, 1 FROM drawn ORDER BY 1, 2""",
    f"INSERT INTO files SELECT s, 'table.csv', 'table', 1, 1 FROM unnest({list(SOURCES)}) t(s)",
    "INSERT INTO images SELECT image_id, source_id, native_id, path FROM drawn ORDER BY 1",
    """INSERT INTO records BY NAME
       SELECT image_id AS record_id, source_id, image_id, 'table.csv' AS origin, ['isic:' || native_id] AS image_keys,
              ['isic:IL_' || lesion] AS lesion_keys, ['isic:IP_' || patient] AS patient_keys, confirmation, modality, site, sex,
              age, 'CC-BY-4.0' AS licence, 'The drawn archive' AS attribution
       FROM drawn ORDER BY 1""",
    """INSERT INTO labels BY NAME
       SELECT image_id AS record_id, source_id, 'diagnosis' AS field, label, 0 AS rank, false AS fallback FROM drawn ORDER BY 1""",
    f"""INSERT INTO label_map SELECT s, 'diagnosis', node_id, node_id, 'exact' FROM names, unnest({list(SOURCES)}) t(s)""",
    """INSERT INTO contents BY NAME
       SELECT source_id, path, 1000 + n % 977 AS bytes, 1 AS mtime_ns, sha256(image_id) AS sha256 FROM drawn ORDER BY 1, 2""",
    """INSERT INTO fingerprints BY NAME
       SELECT sha256(image_id) AS sha256, $version AS version, sha256('pixels' || image_id) AS pixel_sha256, 600 AS width,
              450 AS height, 40.0 AS hash_energy, sharpness, contrast, 0.5 AS framing
       FROM drawn""",
)
LINKED = (
    "DELETE FROM edges",
    """INSERT INTO edges BY NAME
       SELECT least(x.image_id, y.image_id) AS image_a, greatest(x.image_id, y.image_id) AS image_b,
              kinds[kind + 1] AS evidence, CASE WHEN kind IN (0, 1, 5) THEN 1 ELSE 0.97 END AS score,
              CASE WHEN kinds[kind + 1] = 'local' THEN 0.98 END AS probability, kind IN (0, 1, 5) AS must_link, false AS weak,
              'drawn basis of ' || kinds[kind + 1] AS basis
       FROM pairs JOIN drawn x ON x.n = a JOIN drawn y ON y.n = b,
            (SELECT ['lesion', 'patient', 'cnn', 'hash', 'local', 'pixels'] AS kinds)
       ORDER BY 1, 2, 3""",
    "DELETE FROM components",
    """INSERT INTO components
       SELECT image_id, 'c-' || sha256(min(image_id) OVER (PARTITION BY patient))[:16],
              'c-' || sha256(min(image_id) OVER (PARTITION BY lesion))[:16]
       FROM drawn ORDER BY 1""",
)


def run_stage(stage: str, out: Path) -> dict[str, Any]:
    """Run one stage in this process and return what it says."""
    if stage == "verify":
        from curate.manifest.verify import verify

        proof = verify(out / "manifests" / "scale")
        return {"images": proof.images, "edges": proof.edges, "violations": [v.message for v in proof.violations]}
    tree = Tree.shipped()
    with Catalogue.write(out / "workspace", "bench") as catalogue:
        catalogue.execute("DELETE FROM stages WHERE stage = ?", [stage])  # else a second run would skip it
        shutil.rmtree(out / "manifests", ignore_errors=True)
        if stage == "split":
            from curate.splits.protocol import Protocol
            from curate.splits.stage import split

            return split(catalogue, Protocol(protocol="paper", folds=9, independent=SOURCES[:2]), tree)
        from curate.manifest.freeze import freeze

        return freeze(catalogue, tree, "scale", out / "manifests")


def in_a_process(*arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run this file in a process of its own; return what it printed, and its seconds and peak MiB."""
    begun = time.perf_counter()
    with subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        text = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    cost = {"seconds": round(time.perf_counter() - begun, 1), "cpu_seconds": round(used.ru_utime + used.ru_stime, 1)}
    return json.loads(text), {**cost, "peak_mib": used.ru_maxrss // 1024}


def main() -> None:
    """Draw, run each stage in a process of its own, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--images", type=int, default=PAPER[0])
    options.add_argument("--edges", type=int, default=PAPER[1])
    options.add_argument("--seed", type=int, default=2017)
    options.add_argument("--out", type=Path, help="keep what was made here, and draw nothing where it is already there")
    options.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    options.add_argument("--stages", default=",".join(STAGES), help="those to run, joined by commas")
    options.add_argument("--one", choices=("make", *STAGES), help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one == "make":
        make(asked.out / "workspace", asked.images, asked.edges, asked.seed)
        print("{}")
        return
    if asked.one:
        print(json.dumps(run_stage(asked.one, asked.out), default=str))
        return
    with tempfile.TemporaryDirectory() as place:
        out = asked.out or Path(place)
        common = ("--images", str(asked.images), "--edges", str(asked.edges), "--seed", str(asked.seed), "--out", str(out))
        rows = {} if (out / "workspace").exists() else {"drawn": in_a_process("--one", "make", *common)}
        rows |= {stage: in_a_process("--one", stage, *common) for stage in asked.stages.split(",")}
    if asked.json:
        print(json.dumps({stage: {**told, **cost} for stage, (told, cost) in rows.items()}, indent=1))
        return
    print(f"{asked.images:,} images, {asked.edges:,} edges\n{'stage':<10}{'seconds':>10}{'cpu s':>10}{'peak MiB':>10}")
    for stage, (_, cost) in rows.items():
        print(f"{stage:<10}" + "".join(f"{cost[what]:>10}" for what in ("seconds", "cpu_seconds", "peak_mib")))
    together = sum(cost["seconds"] for stage, (_, cost) in rows.items() if stage in STAGES)
    print(f"{'together':<10}{together:>10.1f}")
    for message in rows.get("verify", ({"violations": []},))[0]["violations"]:
        print(f"violation: {message}")


if __name__ == "__main__":
    main()
