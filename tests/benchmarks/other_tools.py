"""What other tools find on the real pictures beside the checkout: precision, recall, components, seconds and memory of each.

    python tests/benchmarks/other_tools.py [--shared FOLDER] [--pictures FOLDER] [--known CSV] [--alone SOURCE] [--tools A,B]
                                           [--ours NAME=EDGES.csv ...] [--workers N] [--out FOLDER] [--json]

Runs each tool that is installed here on the folder of pictures (one folder for each source in it), in a process of its own, writes
its pairs to OUT/NAME.csv, and lets the scorer that lies beside the pictures judge them against the known pairs. A tool that is not
installed, or whose weights are not at hand, is named with the reason; nothing is downloaded. With --ours the edges of our own
policies stand in the same table: EDGES.csv as tests/benchmarks/five_folders.py writes it. Seconds include imports.

The tools are no dependencies; they may live in an environment of their own, and this program needs nothing of ours but the
checkout: `python -m venv tools; tools/bin/pip install imagehash pdqhash imagededup fastdup pandas scipy pyarrow`.

- imagehash: its `phash` of 64 bits, every pair compared; one process.
- imagededup: `PHash().find_duplicates` and `CNN().find_duplicates` with their defaults (10 bits of 64; cosine .9).
- pdqhash: pairs within 31 of 256 bits, its makers' threshold; every pair compared; one process.
- fastdup: `create().run()` with its defaults (two neighbours, cosine .9), and .96, its default for components.
"""

import argparse
import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.stopwatch import measured  # noqa: E402 - after the path is set; the standard library alone is behind it

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
NOT_PICTURES = ("other_copies", "as_found", "tables")  # folders beside the native layout
Pair = tuple[int, int, float]  # two places in the list of pictures, the lower first, and a likeness in [0, 1]


@dataclass(frozen=True)
class Tool:
    """A tool: what has to be importable, how its pairs are found, and what keeps it from running beside that.

    Attributes:
        find: from (picture files, a folder of its own, workers) to pairs.
        rows: names in the table, each with the least likeness that counts.
        missing: why it cannot run although it is installed; empty when it can.
    """

    package: str
    find: Callable[[list[Path], Path, int], Iterator[Pair]]
    rows: tuple[tuple[str, float], ...]
    missing: Callable[[], str] = lambda: ""


def bits(distance: int, of: int) -> float:
    return 1 - distance / of


def imagehash_phash(files: list[Path], _: Path, __: int) -> Iterator[Pair]:
    import imagehash
    import numpy as np
    from PIL import Image

    hashes = np.empty((len(files), 8), dtype=np.uint8)
    for n, file in enumerate(files):
        with Image.open(file) as picture:
            hashes[n] = np.packbits(imagehash.phash(picture).hash.reshape(-1))
    yield from near(hashes, 10)


def pdq(files: list[Path], _: Path, __: int) -> Iterator[Pair]:
    import numpy as np
    import pdqhash
    from PIL import Image

    hashes = np.empty((len(files), 32), dtype=np.uint8)
    for n, file in enumerate(files):
        with Image.open(file) as picture:
            vector, _quality = pdqhash.compute(np.asarray(picture.convert("RGB")))
        hashes[n] = np.packbits(np.asarray(vector, dtype=np.uint8))
    yield from near(hashes, 31)


def near(hashes: Any, radius: int) -> Iterator[Pair]:
    """Yield the pairs within so many bits; hashes are uint8 of shape (n, bytes)."""
    import numpy as np

    words = hashes.view(np.uint64)
    for start in range(0, len(words), 256):
        part = words[start : start + 256]
        distance = sum(np.bitwise_count(part[:, None, w] ^ words[None, :, w]).astype(np.uint16) for w in range(words.shape[1]))
        for i, j in zip(*np.nonzero(distance <= radius), strict=True):
            if start + i < j:
                yield int(start + i), int(j), bits(int(distance[i, j]), 8 * hashes.shape[1])


def imagededup_phash(files: list[Path], place: Path, workers: int) -> Iterator[Pair]:
    from imagededup.methods import PHash

    found = PHash(verbose=False).find_duplicates(
        image_dir=flat(files, place), scores=True, num_enc_workers=workers, num_dist_workers=workers
    )
    yield from of_names(found, lambda distance: bits(distance, 64))


def imagededup_cnn(files: list[Path], place: Path, _: int) -> Iterator[Pair]:
    from imagededup.methods import CNN

    yield from of_names(CNN(verbose=False).find_duplicates(image_dir=flat(files, place), scores=True), float)


def cnn_weights() -> str:
    import torch

    file = Path(torch.hub.get_dir()) / "checkpoints" / "mobilenet_v3_small-047dcff4.pth"
    return "" if file.is_file() else f"its weights ({file.name}) are not at hand, and nothing is downloaded"


def flat(files: list[Path], place: Path) -> Path:
    """Link the pictures into one folder, each named by its place in the list, as these tools want them; return the folder."""
    folder = place / "links"
    folder.mkdir(parents=True)
    for n, file in enumerate(files):
        (folder / f"{n:07d}{file.suffix.lower()}").symlink_to(file.resolve())
    return folder


def of_names(found: dict[str, list[tuple[str, Any]]], likeness: Callable[[Any], float]) -> Iterator[Pair]:
    for name, others in found.items():
        for other, value in others:
            i, j = int(Path(name).stem), int(Path(other).stem)
            if i < j:
                yield i, j, likeness(value)


def fastdup_pairs(files: list[Path], place: Path, workers: int) -> Iterator[Pair]:
    import fastdup

    job = fastdup.create(work_dir=str(place / "work"), input_dir=str(flat(files, place)))
    job.run(ccthreshold=0.96, num_threads=workers, verbose=False, print_summary=False)
    found = job.similarity()
    for one, other, cosine in zip(found["filename_from"], found["filename_to"], found["distance"], strict=True):
        i, j = int(Path(one).stem), int(Path(other).stem)
        if i != j:
            yield min(i, j), max(i, j), float(cosine)


TOOLS: dict[str, Tool] = {
    "imagehash": Tool("imagehash", imagehash_phash, (("imagehash pHash, 10 of 64 bits", bits(10, 64)), ("… 4 bits", bits(4, 64)))),
    "imagededup": Tool("imagededup", imagededup_phash, (("imagededup PHash, its default", bits(10, 64)),)),
    "imagededup-cnn": Tool("imagededup", imagededup_cnn, (("imagededup CNN, its default", 0.9),), cnn_weights),
    "pdqhash": Tool("pdqhash", pdq, (("pdqhash, 31 of 256 bits", bits(31, 256)),)),
    "fastdup": Tool("fastdup", fastdup_pairs, (("fastdup, its default (.9)", 0.9), ("… .96", 0.96))),
}


def pictures(folder: Path) -> list[tuple[str, Path]]:
    """Return (image id, file) of all pictures: the source's folder and the file's stem, or its path where a stem stands twice."""
    found = []
    for source in sorted(p for p in folder.iterdir() if p.is_dir() and p.name not in NOT_PICTURES):
        files = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
        files = [p for p in files if not set(p.relative_to(source).parts) & set(NOT_PICTURES)]
        stems = Counter(p.stem for p in files)
        found += [
            (f"{source.name}:{p.stem if stems[p.stem] == 1 else p.relative_to(source).with_suffix('').as_posix()}", p)
            for p in files
        ]
    return found


def run_one(name: str, listed: Path, out: Path, workers: int) -> None:
    """Run one tool, in the process of its own that `measure` starts; write its pairs and what it cost."""
    files = [Path(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    place = out / f"{name}.work"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    with measured() as cost:
        pairs = sorted(set(TOOLS[name].find(files, place, workers)))
    shutil.rmtree(place)
    with (out / f"{name}.places.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(pairs)
    (out / f"{name}.json").write_text(json.dumps({"seconds": cost.seconds, "peak_mib": cost.peak_mib}), encoding="utf-8")


def measure(name: str, listed: Path, ids: Sequence[str], out: Path, workers: int) -> tuple[list[tuple[str, Path]], dict[str, Any]]:
    """Run one tool; return for each of its rows the file of its edges, and what the run cost, or why there was none."""
    tool = TOOLS[name]
    if importlib.util.find_spec(tool.package) is None:
        return [], {"not_run": "not installed"}
    if reason := tool.missing():
        return [], {"not_run": reason}
    command = [sys.executable, __file__, "--run", name, "--list", str(listed), "--out", str(out), "--workers", str(workers)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "SENTRY_OPT_OUT": "1"})
    (out / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        return [], {"not_run": f"it ended with {done.returncode}; see {out / name}.log"}
    edges = []
    with (out / f"{name}.places.csv").open(encoding="utf-8", newline="") as handle:
        pairs = [(ids[int(i)], ids[int(j)], float(score)) for i, j, score in csv.reader(handle)]
    for number, (label, least) in enumerate(tool.rows):
        path = out / f"{name}{number or ''}.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            rows = [(*sorted((a, b)), name, round(score, 4)) for a, b, score in pairs if score >= least]
            csv.writer(handle).writerows([("image_a", "image_b", "evidence", "score"), *rows])
        edges.append((label, path))
    return edges, json.loads((out / f"{name}.json").read_text(encoding="utf-8"))


class Scorer:
    """The scorer beside the pictures, asked twice: of all pictures, and of one source alone."""

    def __init__(self, shared: Path, known: Path, lesions: Path | None, alone: str, alone_images: Path) -> None:
        self.command = [sys.executable, str(shared / "tools" / "score_edges.py")]
        self.known, self.alone, self.alone_images = known, alone, alone_images
        self.lesions = ["--lesions", str(lesions)] if lesions else []

    def row(self, edges: Path) -> dict[str, Any]:
        """Return one row of the table."""
        said, alone = self._ask(edges), self._ask(edges, "--images", str(self.alone_images))
        nothing = {"direct": None, "component": None}
        lesion = said["recall"].get("same_lesion", {**nothing, "by_sources": {}})
        return {
            "pairs": said["edges"]["pairs"],
            "precision": said["precision_lower_bound"]["lesion_level"],
            "same_photograph": said["recall"].get("same_id", nothing)["component"],
            "same_lesion_direct": lesion["direct"],
            "same_lesion_component": lesion["component"],
            "of_alone_component": lesion["by_sources"].get(f"{self.alone} - {self.alone}", nothing)["component"],
            "alone_component": alone["recall"].get("same_lesion", nothing)["component"],
            "alone_precision": alone["precision_lower_bound"]["lesion_level"],
            "largest": said["components"]["largest"],
            "joining_3": said["components"]["joining_3_or_more_lesion_ids"],
        }

    def _ask(self, edges: Path, *more: str) -> dict[str, Any]:
        command = [*self.command, str(edges), str(self.known), "--json", "--joins", "0", *self.lesions, *more]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return found


COLUMNS = (
    ("pairs", "pairs", 9),
    ("precision", "precision", 11),
    ("same_photograph", "same photo", 12),
    ("same_lesion_direct", "lesion", 8),
    ("same_lesion_component", "by comp.", 10),
    ("of_alone_component", "its own", 9),
    ("alone_component", "alone", 8),
    ("alone_precision", "precision", 11),
    ("largest", "largest", 9),
    ("joining_3", "join 3+", 9),
    ("seconds", "seconds", 9),
    ("peak_mib", "peak MiB", 10),
)


def printed(rows: Sequence[dict[str, Any]], not_run: dict[str, str], alone: str) -> list[str]:
    """Return the table as lines."""
    lines = [
        f"its own: same-lesion pairs of {alone} by component of all edges; alone: by component of the edges among its pictures,",
        "and their precision. Every precision is a lower bound: the list of known pairs is short",
    ]
    lines.append(f"{'tool':<32}" + "".join(f"{title:>{width}}" for _, title, width in COLUMNS))
    for row in rows:
        cells = (
            "-" if row[key] is None else f"{row[key]:.4f}" if isinstance(row[key], float) and key != "seconds" else row[key]
            for key, *_ in COLUMNS
        )
        lines.append(f"{row['tool']:<32}" + "".join(f"{cell:>{width}}" for cell, (*_, width) in zip(cells, COLUMNS, strict=True)))
    return lines + [f"not run: {name}: {why}" for name, why in not_run.items()]


def parsed() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shared", type=Path, default=Path(os.environ.get("DERMCURATE_SHARED") or CHECKOUT.parent / "shared"))
    options.add_argument("--pictures", type=Path, help="one folder for each source in it; by default those of --shared")
    options.add_argument("--known", type=Path, help="known pairs; by default those of --shared")
    options.add_argument("--lesions", type=Path, help="a table of image_id and lesion_id; by default HAM10000's of --shared")
    options.add_argument("--alone", default="ham10000", help="the source that is also judged alone")
    options.add_argument("--tools", default=",".join(TOOLS), help="which of " + ", ".join(TOOLS))
    options.add_argument("--ours", action="append", default=[], metavar="NAME=EDGES.csv", help="edges of ours; repeatable")
    options.add_argument("--workers", type=int, default=2, help="for the tools that take a number")
    options.add_argument("--out", type=Path, default=CHECKOUT / "build" / "other_tools")
    options.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    options.add_argument("--run", help=argparse.SUPPRESS)
    options.add_argument("--list", type=Path, help=argparse.SUPPRESS)
    return options.parse_args()


def main() -> None:
    """Run and print."""
    asked = parsed()
    if asked.run:
        run_one(asked.run, asked.list, asked.out, asked.workers)
        return
    data = asked.shared / "data"
    known, folder = asked.known or data / "known_pairs.csv", asked.pictures or data
    if not known.is_file() or not (asked.shared / "tools" / "score_edges.py").is_file():
        sys.exit(f"No known pairs at {known}, or no scorer in {asked.shared}: --shared or DERMCURATE_SHARED names another folder.")
    asked.out.mkdir(parents=True, exist_ok=True)
    found = pictures(folder)
    ids = [image_id for image_id, _ in found]
    listed, alone = asked.out / "pictures.txt", asked.out / "alone.csv"
    listed.write_text("\n".join(str(file) for _, file in found) + "\n", encoding="utf-8")
    alone.write_text("\n".join(["image_id", *(i for i in ids if i.startswith(f"{asked.alone}:"))]) + "\n", encoding="utf-8")
    table = asked.lesions or data / "ham10000" / "HAM10000_metadata.csv"
    scorer = Scorer(asked.shared, known, table if table.is_file() else None, asked.alone, alone)
    rows: list[dict[str, Any]] = []
    not_run: dict[str, str] = {}
    names = [name for name in asked.tools.split(",") if name]
    if unknown := [name for name in names if name not in TOOLS]:
        sys.exit(f"There is no tool {unknown[0]!r}. Use {', '.join(TOOLS)}.")
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        edges, cost = measure(name, listed, ids, asked.out, asked.workers)
        if "not_run" in cost:
            not_run[name] = cost["not_run"]
        rows += [{"tool": label, **scorer.row(path), **cost} for label, path in edges]
    for ours in asked.ours:
        name, _, path = ours.partition("=")
        rows.append({"tool": name, **scorer.row(Path(path)), "seconds": None, "peak_mib": None})
    with (asked.out / "other_tools.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ["tool", *(key for key, *_ in COLUMNS)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    result = {"pictures": len(found), "rows": rows, "not_run": not_run}
    print(
        json.dumps(result, indent=1) if asked.json else "\n".join([f"{len(found)} pictures", *printed(rows, not_run, asked.alone)])
    )


if __name__ == "__main__":
    main()
