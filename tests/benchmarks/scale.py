"""How link, split, freeze and verify grow with the number of images, on drawn rows.

    python tests/benchmarks/scale.py [--sizes 10000,30000] [--policy NAME] [--seed S] [--out FOLDER] [--json]

For each size a repository of that many images is ingested (files of a few bytes, a table of HAM10000's form), and what
fingerprinting would have computed is drawn: hashes, features, EXIF facts, a tenth of the images nearly like another one. Every
stage then runs as it does on pictures, in a process of its own for each size. Prints seconds on the clock, seconds of the
processors (which other programs disturb less) and peak MiB of each kind of evidence, of the components and of each stage, and
between two sizes the slope of the processors' seconds in log-log: 1 grows with the images, 2 with their square. Time inside
FAISS's exact searches, the part that grows with the square, stands in rows of its own. What a size of 129,450 (the paper's) would
take on the clock is extrapolated where it was not measured: exact searches with the square, other parts by their last slope, sums
as sums; memory by the last two sizes, linearly.

`verify` compares the bytes of the files, which are tiny here: reading real pictures comes on top of it.
"""

import argparse
import functools
import hashlib
import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.catalogue import Catalogue  # noqa: E402 - after the path is set
from curate.engines import LocalEngine  # noqa: E402
from curate.fingerprints.compute import VERSION  # noqa: E402
from curate.fingerprints.extractors import Extractor  # noqa: E402
from curate.fingerprints.feature_store import FeatureStore  # noqa: E402
from curate.fingerprints.hashes import BYTES, ORIENTATIONS  # noqa: E402
from curate.fingerprints.stage import fingerprint_stage  # noqa: E402
from curate.graph.components import components  # noqa: E402
from curate.graph.evidence import KINDS  # noqa: E402
from curate.graph.link import link  # noqa: E402
from curate.graph.policy import find_policy  # noqa: E402
from curate.manifest.freeze import freeze  # noqa: E402
from curate.manifest.pictures import Pictures  # noqa: E402
from curate.manifest.verify import verify  # noqa: E402
from curate.sources.ingest import ingest  # noqa: E402
from curate.sources.registry import source  # noqa: E402
from curate.splits.protocol import Protocol  # noqa: E402
from curate.splits.stage import split  # noqa: E402
from curate.stopwatch import measured  # noqa: E402
from curate.taxonomy.tree import Tree  # noqa: E402

PAPER = 129_450
DIMENSION = 1280  # of EfficientNet-Lite0's features
BATCH = 10_000  # rows drawn at a time
ALIKE = 0.1  # share of the images that are nearly like the one before
LABELS = ("nv", "mel", "bkl", "bcc", "akiec", "df", "vasc")
DRAWN = Extractor("drawn", "drawn", "0" * 64, 224, (0.5,) * 3, (0.5,) * 3, Path("drawn.onnx"))
EXACT = (("IndexFlatIP", "search"), ("IndexBinaryFlat", "range_search"))
EXACT_PART, REST_PART = ", exact search", ", rest of it"
MEASURES = ("seconds", "cpu_seconds", "peak_mib")
LEAST = 0.1  # seconds; a slope of less is noise

Contents = list[tuple[str, str, int, int]]  # (path, sha256, bytes, time of change) of each image, in order


def draw_repository(folder: Path, number: int) -> Contents:
    """Write a table of HAM10000's form and a file of a few bytes for each row."""
    lines = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    contents = []
    for part in range(10):
        (folder / f"HAM10000_images_part_{part}").mkdir(parents=True)
    for n in range(number):
        lines.append(f"HAM_{n // 2:07d},ISIC_{n:07d},{LABELS[n // 2 % len(LABELS)]},histo,{n % 90}.0,male,back")
        path = f"HAM10000_images_part_{n % 10}/ISIC_{n:07d}.jpg"
        content = n.to_bytes(4, "big")
        (folder / path).write_bytes(content)
        contents.append((path, hashlib.sha256(content).hexdigest(), len(content), (folder / path).stat().st_mtime_ns))
    (folder / "HAM10000_metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return contents


def batches(contents: Contents) -> Iterator[tuple[int, Contents]]:
    for start in range(0, len(contents), BATCH):
        yield start, contents[start : start + BATCH]


def draw_fingerprints(catalogue: Catalogue, contents: Contents, rng: np.random.Generator) -> None:
    """Draw digests, hashes, quality and EXIF facts; of every tenth image a hash a few bits from that of the one before."""
    for start, batch in batches(contents):
        hashes = rng.integers(0, 256, (len(batch), len(ORIENTATIONS), BYTES), dtype=np.uint8)
        for n in np.flatnonzero(rng.random(len(batch)) < ALIKE):
            if n:
                hashes[n] = hashes[n - 1]
                hashes[n, :, rng.integers(0, BYTES, 8)] ^= np.uint8(1)
        camera = rng.integers(0, 40, len(batch))
        taken = rng.integers(0, 10**9, len(batch)) * 1_000_000 + 1_000_000_000_000_000
        with_exif = rng.random(len(batch)) < 0.5
        common = [
            {"source_id": "ham10000", "path": path, "bytes": size, "mtime_ns": changed, "sha256": sha, "error": None}
            for path, sha, size, changed in batch
        ]
        catalogue.insert("contents", common)
        catalogue.insert(
            "fingerprints",
            [
                {
                    "sha256": sha,
                    "version": VERSION,
                    "error": None,
                    "pixel_sha256": hashlib.sha256(f"pixels {start + n}".encode()).hexdigest(),
                    "width": 600,
                    "height": 450,
                    "hashes": hashes[n].tobytes(),
                    "hash_energy": 40.0,
                    "sharpness": 100.0,
                    "contrast": 40.0,
                    "camera": f"camera {camera[n]}" if with_exif[n] else None,
                    "serial": f"S{camera[n]}" if with_exif[n] else None,
                    "taken_us": int(taken[n]) if with_exif[n] else None,
                    "unique_id": None,
                }
                for n, (_, sha, *_) in enumerate(batch)
            ],
        )


def draw_features(catalogue: Catalogue, contents: Contents, rng: np.random.Generator) -> None:
    """Draw feature vectors, every tenth one near the one before (cosine about .97)."""
    store = FeatureStore(catalogue.workspace, DRAWN.key)
    for start, batch in batches(contents):
        vectors = rng.normal(0, 1, (len(batch), DIMENSION)).astype(np.float32)
        for n in np.flatnonzero(rng.random(len(batch)) < ALIKE):
            if n:
                vectors[n] = vectors[n - 1] + 0.25 * vectors[n]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.append(vectors.astype(np.float16), start)
        catalogue.insert(
            "features", [{"sha256": sha, "extractor": DRAWN.key, "position": start + n} for n, (_, sha, *_) in enumerate(batch)]
        )


# What kinds of evidence read beside the table of images. Evidence with rows or files of its own (`local`: points, their index)
# draws them in a function of this form, added here; its time then shows in the table by itself.
DRAWERS: tuple[Callable[[Catalogue, Contents, np.random.Generator], None], ...] = (draw_fingerprints, draw_features)


class Clock:
    """Seconds and peak memory of named parts, and the time inside FAISS's exact searches of each kind of evidence."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.exact: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])  # on the clock, of the processors
        self.running = ""

    def time(self, part: str, work: Callable[[], Any]) -> Any:
        before = time.process_time()
        with measured() as cost:
            result = work()
        self._add(part, cost.seconds, time.process_time() - before, cost.peak_mib)
        return result

    def rest(self, part: str, since: int) -> None:
        """Add what the last row has beyond the rows before it, from place `since` on."""
        *parts, whole = self.rows[since:]
        self._add(part, *(whole[what] - sum(row[what] for row in parts) for what in ("seconds", "cpu_seconds")), None)

    def _add(self, part: str, seconds: float, cpu_seconds: float, peak_mib: int | None) -> None:
        row = {"part": part, "seconds": round(seconds, 2), "cpu_seconds": round(cpu_seconds, 2), "peak_mib": peak_mib}
        self.rows.append(row)

    def watch_evidence(self) -> None:
        """Time every kind of evidence, and FAISS inside it, from now on in this process."""
        import faiss

        for name, kind in list(KINDS.items()):
            KINDS[name] = functools.partial(self._evidence, name, kind)  # type: ignore[assignment]  # called by position alone
        for index, method in EXACT:
            setattr(getattr(faiss, index), method, self._timed(getattr(getattr(faiss, index), method)))

    def _evidence(self, name: str, kind: Callable[..., Any], *arguments: Any) -> Any:
        self.running = name
        return self.time(f"link: {name}", lambda: kind(*arguments))

    def _timed(self, search: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(search)
        def timed(*arguments: Any, **named: Any) -> Any:
            begun, before = time.perf_counter(), time.process_time()
            try:
                return search(*arguments, **named)
            finally:
                self.exact[self.running][0] += time.perf_counter() - begun
                self.exact[self.running][1] += time.process_time() - before

        return timed

    def with_exact(self) -> list[dict[str, Any]]:
        """Return the rows; behind each kind of evidence that searched exactly, the time of that and the time of the rest."""
        kept, self.rows = self.rows, []
        for row in kept:
            self.rows.append(row)
            inside = self.exact.get(row["part"].removeprefix("link: "))
            if inside:
                self._add(row["part"] + EXACT_PART, *inside, None)
                self._add(row["part"] + REST_PART, row["seconds"] - inside[0], row["cpu_seconds"] - inside[1], None)
        return self.rows


def measure(number: int, policy: str, seed: int, out: Path) -> dict[str, Any]:
    """Draw, link, split, freeze and verify so many images, in this process."""
    tree, clock = Tree.shipped(), Clock()
    rng = np.random.default_rng([seed, number])
    contents = draw_repository(out / "pictures", number)
    with Catalogue.write(out / "workspace", "bench") as catalogue:
        clock.time("ingest", lambda: ingest(catalogue, source("ham10000", tree), out / "pictures", tree))
        for draw in DRAWERS:
            draw(catalogue, contents, rng)
        described = fingerprint_stage(catalogue, LocalEngine(1), DRAWN)
        assert described["computed"] == 0, "rows that were drawn are not those that the stage looks for"
        clock.watch_evidence()
        before = len(clock.rows)
        summary = clock.time("link, all", lambda: link(catalogue, find_policy(policy), LocalEngine(1)))
        clock.rest("link, rest", before)
        images = [i for (i,) in catalogue.rows("SELECT image_id FROM images ORDER BY image_id")]
        pairs = catalogue.rows("SELECT image_a, image_b FROM edges")
        clock.time("components alone", lambda: components(images, pairs))
        clock.time("split", lambda: split(catalogue, Protocol(), tree))
        frozen = clock.time("freeze", lambda: freeze(catalogue, tree, "scale", out / "manifests"))
    folder = Path(frozen["folder"])
    proof = clock.time("verify", lambda: verify(folder, Pictures.find(["ham10000"], [], out / "workspace")))
    return {
        "images": number,
        "edges": {name: count for name, count in summary["edges"].items() if count},
        "not_run": summary["not_run"],
        "components": summary["components"],
        "violations": len(proof.violations),
        "rows": clock.with_exact(),
    }


def with_slopes(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each part its seconds and peaks by size, the slopes between sizes, and what 129,450 images would take.

    Args:
        runs: results of `measure`, sizes ascending.
    """
    sizes = [run["images"] for run in runs]
    table = []
    for number, part in enumerate(row["part"] for row in runs[-1]["rows"]):
        rows = [run["rows"][number] for run in runs]
        slopes = [
            _slope(row["cpu_seconds"], after["cpu_seconds"], next_size / size)
            for (size, row), (next_size, after) in itertools.pairwise(zip(sizes, rows, strict=True))
        ]
        table.append({"part": part, **{what: [row[what] for row in rows] for what in MEASURES}, "slopes": slopes})
    if len(runs) > 1 and sizes[-1] < PAPER:
        _extrapolate(table, sizes)
    return table


def _slope(seconds: float, more_seconds: float, ratio: float) -> float | None:
    if min(seconds, more_seconds) < LEAST:
        return None
    return round(math.log(more_seconds / seconds) / math.log(ratio), 2)


def _extrapolate(table: list[dict[str, Any]], sizes: Sequence[int]) -> None:
    """Add to each part `paper_seconds` and `paper_mib`, what 129,450 images would take."""
    ratio = PAPER / sizes[-1]
    by_part = {row["part"]: row for row in table}
    for row in table:
        slope = 2.0 if row["part"].endswith(EXACT_PART) else row["slopes"][-1]
        row["paper_seconds"] = round(row["seconds"][-1] * ratio ** (1.0 if slope is None else slope), 1)
        *_, before, last = row["peak_mib"]
        row["paper_mib"] = None if last is None else round(last + (last - before) * (PAPER - sizes[-1]) / (sizes[-1] - sizes[-2]))
    for row in table:
        if f"{row['part']}{EXACT_PART}" in by_part:
            parts = (by_part[row["part"] + end]["paper_seconds"] for end in (EXACT_PART, REST_PART))
            row["paper_seconds"] = round(sum(parts), 1)
    if whole := by_part.get("link, all"):
        inner = (EXACT_PART, REST_PART)
        parts = (
            r["paper_seconds"] for r in table if r["part"].startswith("link") and r is not whole and not r["part"].endswith(inner)
        )
        whole["paper_seconds"] = round(sum(parts), 1)


def printed(runs: Sequence[dict[str, Any]], table: Sequence[dict[str, Any]]) -> list[str]:
    """Return the table as lines."""
    sizes = [run["images"] for run in runs]

    def cells(values: Sequence[Any]) -> str:
        return "".join(f"{'-' if value is None else value:>14}" for value in values)

    heads = [f"{n:,} {unit}" for unit in ("s", "cpu s", "MiB") for n in sizes] + ["slope"] * (len(sizes) - 1)
    far = "paper_seconds" in table[0]
    heads += [f"{PAPER:,} s *", f"{PAPER:,} MiB *"] if far else []
    lines = [f"{'part':<32}{cells(heads)}"]
    for row in table:
        values = [*row["seconds"], *row["cpu_seconds"], *row["peak_mib"], *row["slopes"]]
        values += [row["paper_seconds"], row["paper_mib"]] if far else []
        lines.append(f"{row['part']:<32}{cells(values)}")
    lines += ["* extrapolated, not measured"] if far else []
    for run in runs:
        edges = ", ".join(f"{count} {name}" for name, count in run["edges"].items())
        lines.append(f"{run['images']:,} images: {edges}; {run['components']} components, {run['violations']} violations")
    lines += [f"not run: {name}: {why}" for name, why in runs[-1]["not_run"].items()]
    return lines


def main() -> None:
    """Run each size in a process of its own, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", default="10000,30000", help="numbers of images, ascending, joined by commas")
    options.add_argument("--policy", default="strict")
    options.add_argument("--seed", type=int, default=2017)
    options.add_argument("--out", type=Path, help="keep what was made here; by default nothing is kept")
    options.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    options.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.one, asked.policy, asked.seed, asked.out)))
        return
    runs = []
    for size in sorted(int(part) for part in asked.sizes.split(",")):
        print(f"{size} images …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as place:
            out = asked.out / str(size) if asked.out else Path(place)
            command = [sys.executable, __file__, "--one", str(size), "--policy", asked.policy, "--seed", str(asked.seed)]
            done = subprocess.run([*command, "--out", str(out)], check=True, stdout=subprocess.PIPE, text=True)
        runs.append(json.loads(done.stdout))
    table = with_slopes(runs)
    print(json.dumps({"runs": runs, "table": table}, indent=1) if asked.json else "\n".join(printed(runs, table)))


if __name__ == "__main__":
    main()
