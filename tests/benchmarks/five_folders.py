"""The whole job on the real pictures beside the checkout: time and memory by stage, recall and precision of the edges.

    python tests/benchmarks/five_folders.py [--shared FOLDER] [--out FOLDER] [--workers N]

Prints, for a run from nothing: seconds and peak memory of each stage; for a second run: seconds; then how many known pairs
straddle the split, and what the edges are worth with all ids ignored (recall and precision against the known pairs).
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.catalogue import Catalogue  # noqa: E402 - after the path is set
from curate.engines import LocalEngine, default_workers  # noqa: E402
from curate.graph.link import link  # noqa: E402
from curate.graph.policy import find_policy  # noqa: E402
from curate.manifest.read import Manifest, load  # noqa: E402
from curate.pipeline import run_project  # noqa: E402
from curate.project import load_project  # noqa: E402
from curate.terminal import Terminal  # noqa: E402
from tests.real.native import EXPECTED, known_pairs, lesions, project_text  # noqa: E402


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shared", type=Path, default=Path(os.environ.get("DERMCURATE_SHARED") or CHECKOUT.parent / "shared"))
    options.add_argument("--out", type=Path, default=CHECKOUT / "build" / "bench")
    options.add_argument("--workers", type=int, default=default_workers())
    asked = options.parse_args()
    if not (asked.shared / "data" / "known_pairs.csv").is_file():
        sys.exit(f"There are no real pictures at {asked.shared}; --shared or DERMCURATE_SHARED names another folder.")
    shutil.rmtree(asked.out, ignore_errors=True)
    asked.out.mkdir(parents=True)
    project_file = asked.out / "five.toml"
    project_file.write_text(project_text(asked.shared / "data", "five"), encoding="utf-8")
    project = load_project(project_file)
    engine = LocalEngine(asked.workers)
    result = run_project(project, engine, Terminal(quiet=True))
    print(f"{asked.workers} workers\n{'stage':<28}{'seconds':>9}{'peak MiB':>10}")
    for stage in result["stages"]:
        print(f"{stage['stage']:<28}{stage['seconds']:>9.2f}{stage['peak_mib'] or '-':>10}")
    print(f"{'all':<28}{sum(s['seconds'] for s in result['stages']):>9.2f}")
    begun = time.perf_counter()
    run_project(project, engine, Terminal(quiet=True))
    print(f"{'second run':<28}{time.perf_counter() - begun:>9.2f}\n")
    manifest = load(Path(result["manifest"]))
    counts(manifest)
    straddling(manifest, asked.shared)
    without_ids(project.workspace, asked.out, asked.shared)


def counts(manifest: Manifest) -> None:
    """Print the counts and whether they are those expected."""
    found = {s["id"]: s["images"] for s in manifest.info["sources"]}
    print(f"images: {sum(found.values())}, by source {'as expected' if found == EXPECTED else f'NOT as expected: {found}'}")
    ham = next(s for s in manifest.info["sources"] if s["id"] == "ham10000")
    print(f"rows of HAM10000 without a picture: {ham['rows_without_picture']}")
    print(f"components: {manifest.info['counts']['components']}, largest {manifest.info['counts']['largest_component']}")
    print(f"splits: {manifest.info['counts']['splits']}\n")


def straddling(manifest: Manifest, shared: Path) -> None:
    """Print, by relation, known pairs, those in one component, those that straddle splits, and those that rest on absent rows."""
    rows = {r["image_id"]: r for r in manifest.images.to_pylist()}
    present = {image.split(":")[1] for image in rows if image.startswith("ham10000:")}
    of_table = set().union(*lesions(shared).values())
    table: dict[str, Counter[str]] = {}
    for pair in known_pairs(shared):
        a, b = rows[pair["image_a"]], rows[pair["image_b"]]
        row = table.setdefault(pair["relation"], Counter())
        row["pairs"] += 1
        row["joined"] += a["component"] == b["component"]
        row["straddling"] += a["split"] != b["split"]
        native = {n for i in (a, b) for n in re.findall(r"ISIC_\d{7}", i["image_id"])}
        row["absent"] += pair["relation"] == "same_lesion" and any(n in of_table and n not in present for n in native)
    print(f"{'known pairs, with ids':<28}{'pairs':>7}{'joined':>8}{'straddling':>12}{'rest on rows without a picture':>32}")
    for relation, row in table.items():
        print(f"{relation:<28}{row['pairs']:>7}{row['joined']:>8}{row['straddling']:>12}{row['absent'] or '':>32}")
    print()


def without_ids(workspace: Path, out: Path, shared: Path) -> None:
    """Link a copy of the workspace without ids and let the scorer that lies beside the pictures judge the edges."""
    copy = out / "without_ids"
    shutil.copytree(workspace, copy, copy_function=_linked_or_copied)
    with Catalogue.write(copy, "bench") as catalogue:
        link(catalogue, find_policy("strict", without_ids=True), LocalEngine(default_workers()))
        edges = catalogue.rows("SELECT image_a, image_b, evidence, score, probability FROM edges ORDER BY ALL")
        ham = catalogue.rows("SELECT image_id FROM images WHERE source_id = 'ham10000' ORDER BY 1")
    path = out / "edges_without_ids.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([("image_a", "image_b", "evidence", "score", "probability"), *edges])
    alone = out / "ham10000.csv"
    alone.write_text("\n".join(["image_id", *(image for (image,) in ham)]) + "\n", encoding="utf-8")
    scorer = [sys.executable, str(shared / "tools" / "score_edges.py"), str(path), str(shared / "data" / "known_pairs.csv")]
    for title, more in (("edges with all ids ignored:", []), ("HAM10000 alone:", ["--images", str(alone)])):
        said = subprocess.run([*scorer, *more], check=True, capture_output=True, text=True).stdout
        print(title, said.split("\njoins to look at")[0], sep="\n")


def _linked_or_copied(source: str, target: str) -> None:
    """Copy a file of a workspace; what is only appended to is linked."""
    if Path(source).parent.name == "features":
        os.link(source, target)
    else:
        shutil.copy2(source, target)


if __name__ == "__main__":
    main()
