"""The demo: draw, run the whole job, compare what was found with what was planted."""

import csv
import importlib.util
import json
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from curate.demo.repositories import VERSION, World, plan, write
from curate.engines import Engine
from curate.errors import InputError
from curate.manifest.read import load
from curate.pipeline import run_project
from curate.project import load_project
from curate.terminal import Terminal

MARK = "demo.json"
SOURCES = ("ham10000", "isic_archive", "isic_challenge_2017", "isic_class_folders", "pad_ufes_20")
TRAINING = ("torch", "torchvision", "safetensors", "matplotlib")
PROJECT = """\
# The demo's project file; `curate run project.toml` does the whole job again.
name = "demo"
sources = [
{sources}
]

[split]
protocol = "holdout"
test = 0.2
validation = 0.1
folds = 9

[partition]
max_class_size = 60
"""
TRAIN = """
[train]
config = "quick"
steps = 24
batch_size = 24
"""


def run_demo(out: Path, engine: Engine, terminal: Terminal) -> dict[str, Any]:
    """Draw the repositories where they are not drawn yet, run the project on them, and compare.

    Args:
        out: a folder of the demo's own: `repositories/`, `planted_pairs.csv`, `project.toml`, and what the job makes.
        engine: where pictures are drawn and read.
        terminal: where progress goes.

    Returns:
        What `curate run` returns, `found` (by what was planted), `false_joins`, `straddling`, `images`, `rejected`.

    Raises:
        InputError: the folder holds something else.
    """
    world = plan()
    if not _is_drawn(out):
        terminal.say(f"drawing {len(world.pictures)} pictures in five repositories …")
        _draw(world, out, engine)
    result = run_project(load_project(out / "project.toml"), engine, terminal)
    if not _can_train():
        terminal.say("no model was trained: the extra `train` is not installed")
    return {**result, **compare(world, Path(result["manifest"])), "planted_pairs": str(out / "planted_pairs.csv")}


def compare(world: World, manifest: Path) -> dict[str, Any]:
    """Return how many planted pairs are joined and by what, which joins were not planted, and which pairs straddle splits."""
    frozen = load(manifest)
    names = ("image_id", "component", "split")
    columns = frozen.images.select(names).to_pydict()
    component = dict(zip(columns["image_id"], columns["component"], strict=True))
    split = dict(zip(columns["image_id"], columns["split"], strict=True))
    evidence: dict[tuple[str, str], list[str]] = defaultdict(list)
    edges = frozen.edges.select(("image_a", "image_b", "evidence")).to_pydict()
    for a, b, kind in zip(edges["image_a"], edges["image_b"], edges["evidence"], strict=True):
        evidence[a, b].append(kind)
    found: dict[str, dict[str, Any]] = {}
    for a, b, what in world.planted:
        row = found.setdefault(what, {"planted": 0, "joined": 0, "straddling": 0, "by": Counter()})
        row["planted"] += 1
        row["joined"] += component[a] == component[b]
        row["by"].update(evidence[a, b])
        row["straddling"] += split[a] != split[b]
    patient = {p.image_id: p.lesion.patient for p in world.pictures}
    false = [[a, b, *kinds] for (a, b), kinds in evidence.items() if patient[a] != patient[b]]
    return {
        "found": [
            {"planted_as": what, **{k: dict(v) if k == "by" else v for k, v in row.items()}} for what, row in sorted(found.items())
        ],
        "planted": sum(r["planted"] for r in found.values()),
        "joined": sum(r["joined"] for r in found.values()),
        "straddling": sum(r["straddling"] for r in found.values()),
        "false_joins": false,
        "images": frozen.info["counts"]["images"],
        "rejected": len(frozen.info["rejected"]),
    }


def found_lines(result: dict[str, Any]) -> list[str]:
    """Return the result in words."""
    lines = [f"{'planted':<42}{'pairs':>6}{'joined':>8}{'straddle':>10}  by", "-" * 88]
    for row in result["found"]:
        by = ", ".join(f"{kind} {n}" for kind, n in sorted(row["by"].items()))
        lines.append(
            f"{row['planted_as']:<42}{row['planted']:>6}{row['joined']:>8}{row['straddling']:>10}  {by or 'no pair of its own'}"
        )
    lines += [
        "-" * 88,
        f"{'all':<42}{result['planted']:>6}{result['joined']:>8}{result['straddling']:>10}",
        "",
        f"{result['images']} images, {result['rejected']} broken file rejected",
        f"edges that join different patients: {len(result['false_joins'])}",
        "straddle: pairs on two sides of the split, because nothing joined them",
        "",
        f"manifest  {result['manifest']}",
        f"report    {result['report']}",
    ]
    if "run" in result:
        lines.append(f"model     {result['run']}")
    return lines


def _can_train() -> bool:
    return all(importlib.util.find_spec(package) for package in TRAINING)


def _is_drawn(out: Path) -> bool:
    if not out.exists() or not any(out.iterdir()):
        return False
    mark = out / MARK
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")).get("version") == VERSION:
        return True
    if mark.is_file() or all(p.name in ("repositories", "planted_pairs.csv", "project.toml") for p in out.iterdir()):
        return False  # drawn by another version, or not to the end: drawn again
    raise InputError(f"{out} holds something else than the demo.", "Name another folder with --out.")


def _draw(world: World, out: Path, engine: Engine) -> None:
    for name in (MARK, "repositories", ".curate", "data_manifests", "runs"):
        path = out / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    write(world, out / "repositories", engine)
    with (out / "planted_pairs.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["image_a", "image_b", "planted_as"])
        writer.writerows(sorted(world.planted))
    sources = "\n".join(f'  {{ id = "{s}", folder = "repositories/{s}" }},' for s in SOURCES)
    text = PROJECT.format(sources=sources) + (TRAIN if _can_train() else "")
    (out / "project.toml").write_text(text, encoding="utf-8")
    (out / MARK).write_text(json.dumps({"version": VERSION}) + "\n", encoding="utf-8")
