"""Recall of the edges by transform and strength, and the false edges, with all ids ignored.

    python tests/benchmarks/transforms.py [--number N] [--pictures FOLDER] [--policy NAME] [--features NAME]
                                          [--seed S] [--workers W] [--out FOLDER] [--json]

Draws N lesions, or takes a seeded sample of N pictures of a folder, and for each transform of tests/transforms.py and each strength
makes a second picture of each. The N first pictures and the N second ones of one strength go through `ingest`, `fingerprint`
and `link` as a repository of their own would, with a policy without ids; recall is the share of the N pairs that an edge joins,
by kind of evidence and by any. Every edge between two lesions is false. Negatives are other lesions under one vignette, one ruler,
the same hairs, the same dust and so on: no edge may join them. Nobody knows which of a folder's pictures show one lesion: pairs
that are joined as they are, before any transform, are told in a row of their own and left out of the false edges of the others.

Prints a table and writes transforms.csv, negatives.csv and index.html, which shows an example of each transform. The same seed
gives the same pictures.
"""

import argparse
import base64
import csv
import io
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.catalogue import Catalogue  # noqa: E402 - after the path is set
from curate.engines import LocalEngine, default_workers  # noqa: E402
from curate.fingerprints.extractors import find_extractor  # noqa: E402
from curate.fingerprints.stage import fingerprint_stage  # noqa: E402
from curate.graph.link import link  # noqa: E402
from curate.graph.policy import find_policy  # noqa: E402
from curate.report.page import style  # noqa: E402
from curate.sources.ingest import ingest  # noqa: E402
from curate.sources.registry import source  # noqa: E402
from curate.stopwatch import measured  # noqa: E402
from curate.taxonomy.tree import Tree  # noqa: E402
from curate.terminal import Terminal  # noqa: E402
from tests.benchmarks.made_pictures import NEGATIVES, PLAIN, Case, Task, cases_of, make, negatives_of, nothing, sample  # noqa: E402
from tests.transforms import TRANSFORMS  # noqa: E402

ABOUT = (
    ("type", "collection"),
    ("licence", "CC0-1.0"),
    *((field, "drawn") for field in ("attribution", "citation", "homepage", "download")),
)


class Bench:
    """A workspace with the first pictures and those of one case at a time, each described once."""

    def __init__(self, catalogue: Catalogue, out: Path, features: str, policy: str) -> None:
        self.catalogue, self.out = catalogue, out
        self.tree = Tree.shipped()
        self.extractor = find_extractor(features)
        self.policy = find_policy(policy, without_ids=True)

    def describe(self, workers: int, progress: Callable[[int, int], None]) -> None:
        """Ingest and describe everything that was made."""
        self._ingest("second", r"(?P<native_id>[^/]+/\d{5})\.png", ignored="no other")
        self._ingest("first", r"(?P<native_id>\d{5})\.png", ignored="no other")
        fingerprint_stage(self.catalogue, LocalEngine(workers), self.extractor, points=True, progress=progress)

    def edges(self, case: Case) -> list[tuple[str, str, str]]:
        """Link the first pictures and those of one case; return (image_a, image_b, evidence)."""
        self._ingest("second", rf"{case.folder}/(?P<native_id>\d{{5}})\.png", ignored=rf"(?!{case.folder}/).*")
        summary = fingerprint_stage(self.catalogue, LocalEngine(1), self.extractor, points=True)
        assert summary["computed"] == 0, "a picture was described twice"
        link(self.catalogue, self.policy, LocalEngine(default_workers()))
        return self.catalogue.rows("SELECT image_a, image_b, evidence FROM edges ORDER BY ALL")

    def _ingest(self, name: str, pattern: str, *, ignored: str) -> None:
        path = self.out / f"{name}.toml"
        lines = [f'{field} = "{value}"' for field, value in (("id", name), ("name", name), *ABOUT)]
        lines += ["[[images]]", f"pattern = '{pattern}'", "[[ignore]]", f"pattern = '{ignored}'", 'reason = "of another case"']
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        ingest(self.catalogue, source(str(path), self.tree), self.out / "pictures" / name, self.tree)


def judged(
    edges: Iterable[tuple[str, str, str]], kinds: Sequence[str], number: int, left_out: frozenset[tuple[str, str]]
) -> dict[str, Any]:
    """Return recall by evidence and by any, and the false edges by evidence and by any (pairs of two lesions, not left out).

    Args:
        edges: (image_a, image_b, evidence); what follows the colon of an image id is the number of its lesion.
        kinds: the evidence asked for.
        number: pairs that belong together.
        left_out: pairs of lesions, the lower number first, whose edges are no error.
    """
    right: defaultdict[str, set[str]] = defaultdict(set)
    wrong: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for a, b, evidence in edges:
        one, other = sorted((a.split(":")[1], b.split(":")[1]))
        for kind in (evidence, "any"):
            if one == other:
                right[kind].add(one)
            elif (one, other) not in left_out:
                wrong[kind].add((a, b))
    columns = (*kinds, "any")
    recall = {kind: round(len(right[kind]) / number, 4) for kind in columns} if number else {}
    return {**recall, "false": {kind: len(wrong[kind]) for kind in columns}}


def run(asked: argparse.Namespace, transforms: Sequence[str], negatives: Sequence[str]) -> dict[str, Any]:
    """Make, describe and link all pictures; return the settings, the rows of both tables, and what the time went into."""
    out: Path = asked.out
    terminal = Terminal(quiet=asked.quiet)
    for name in ("pictures", "workspace"):
        shutil.rmtree(out / name, ignore_errors=True)
    cases, others = cases_of(transforms), negatives_of(negatives)
    few = min(asked.number, asked.negatives)
    paths = sample(asked.pictures, asked.number + few, asked.seed) if asked.pictures else [None] * (asked.number + few)
    tasks = [
        Task(n, path, out / "pictures", asked.seed, tuple(cases if n < asked.number else others)) for n, path in enumerate(paths)
    ]
    seconds: dict[str, float] = {}
    with measured() as time, terminal.progress("make") as progress:
        for done, _ in enumerate(LocalEngine(asked.workers).map(make, tasks, nothing, ()), 1):
            progress(done, len(tasks))
    seconds["make the pictures"] = time.seconds
    with Catalogue.write(out / "workspace", "bench") as catalogue:
        bench = Bench(catalogue, out, asked.features, asked.policy)
        kinds = bench.policy.evidence
        with measured() as time, terminal.progress("fingerprint") as progress:
            bench.describe(asked.workers, progress)
        seconds["fingerprint"] = time.seconds
        with measured() as time:
            plain = _plain_pairs(bench, others) if asked.pictures else frozenset()
            of_negatives = []
            for case in others:
                left_out = plain if case.name != PLAIN else frozenset()
                of_negatives.append({"negatives": case.name, "pictures": few, **judged(bench.edges(case), kinds, 0, left_out)})
                terminal.say(f"negatives, {case.name}: {of_negatives[-1]['false']['any']} edges")
            rows = []
            for case in cases:
                found = judged(bench.edges(case), kinds, asked.number, plain)
                rows.append(
                    {"transform": case.name, "strength": case.strength, "words": case.words, "pairs": asked.number, **found}
                )
                terminal.say(f"{case.name}, {case.words}: {found['any']}")
        seconds["link, all cases"] = time.seconds
    return {
        "policy": bench.policy.name,
        "features": bench.extractor.key if bench.extractor else None,
        "pictures": str(asked.pictures) if asked.pictures else f"{asked.number} drawn lesions",
        "number": asked.number,
        "seed": asked.seed,
        "evidence": list(kinds),
        "pairs_of_two_lesions": 2 * asked.number * (asked.number - 1) * len(cases),
        "transforms": rows,
        "negatives": of_negatives,
        "seconds": seconds,
    }


def _plain_pairs(bench: Bench, others: Sequence[Case]) -> frozenset[tuple[str, str]]:
    """Return the pairs of pictures that are joined before anything was done to them."""
    edges = bench.edges(next(case for case in others if case.name == PLAIN))
    pairs = (sorted((a.split(":")[1], b.split(":")[1])) for a, b, _ in edges)
    return frozenset((one, other) for one, other in pairs if one != other)


def speaking(result: Mapping[str, Any]) -> list[str]:
    """Return the kinds of evidence that found anything at all, right or wrong, and `any`."""
    rows = [*result["transforms"], *result["negatives"]]
    return [*(k for k in result["evidence"] if any(row.get(k) or row["false"][k] for row in rows)), "any"]


def printed(result: Mapping[str, Any]) -> list[str]:
    """Return the tables as lines."""
    kinds = speaking(result)
    head = "".join(f"{kind:>9}" for kind in kinds)
    lines = [f"policy {result['policy']} without ids, {result['pictures']}, features {result['features'] or 'none'}"]
    lines += [f"{'recall':<36}{'strength':<18}{head}{'false edges':>13}"]
    last = ""
    for row in result["transforms"]:
        name = row["transform"] if row["transform"] != last else ""
        last = row["transform"]
        shares = "".join(f"{row[kind]:>9.3f}" for kind in kinds)
        lines.append(f"{name:<36}{row['words']:<18}{shares}{row['false']['any']:>13}")
    wrong = "".join(f"{sum(row['false'][kind] for row in result['transforms']):>9}" for kind in kinds)
    lines.append(f"{'false edges':<36}{'of ' + format(result['pairs_of_two_lesions'], ','):<18}{wrong}")
    lines += ["", f"{'negatives: false edges':<36}{'pictures':<18}{head}"]
    for row in result["negatives"]:
        counts = "".join(f"{row['false'][kind]:>9}" for kind in kinds)
        lines.append(f"{row['negatives']:<36}{row['pictures']:<18}{counts}")
    if silent := [k for k in result["evidence"] if k not in kinds]:
        lines.append(f"found nothing, right or wrong: {', '.join(silent)}")
    lines.append("seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in result["seconds"].items()))
    return lines


def write(result: Mapping[str, Any], out: Path) -> None:
    """Write transforms.csv, negatives.csv and index.html into `out`."""
    kinds = [*result["evidence"], "any"]
    for name, columns in (
        ("transforms", ("transform", "strength", "words", "pairs", *kinds)),
        ("negatives", ("negatives", "pictures")),
    ):
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow([*columns, *(f"false_{kind}" for kind in kinds)])
            writer.writerows([[row[c] for c in columns] + [row["false"][kind] for kind in kinds] for row in result[name]])
    (out / "index.html").write_text(page(result, out), encoding="utf-8")


def page(result: Mapping[str, Any], out: Path) -> str:
    """Return the page: a bar for each kind of evidence at each strength, an example of each transform and of each negative."""
    from jinja2 import Environment, StrictUndefined

    rows = [
        {**row, "example": example(out, case)}
        for row, case in zip(
            result["transforms"], cases_of(dict.fromkeys(r["transform"] for r in result["transforms"])), strict=True
        )
    ]
    negatives = [
        {**row, "example": example(out, case)}
        for row, case in zip(result["negatives"], negatives_of(r["negatives"] for r in result["negatives"]), strict=True)
    ]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["transform"], []).append(row)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(Path(__file__).with_suffix(".html.j2").read_text(encoding="utf-8"))
    shown: str = template.render(result=result, style=style(), kinds=speaking(result), groups=groups, negatives=negatives)
    return shown


def example(out: Path, case: Case) -> str:
    """Return the first picture of a case, small, as a data address."""
    path = min((out / "pictures" / "second" / case.folder).iterdir())
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((120, 90), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--number", type=int, default=150, help="lesions, or pictures of the folder")
    options.add_argument("--negatives", type=int, default=40, help="pictures of each kind of negatives")
    options.add_argument("--pictures", type=Path, help="take pictures from this folder in place of drawn ones")
    options.add_argument("--policy", default="strict")
    options.add_argument("--features", default="auto", help="as of `curate fingerprint`")
    options.add_argument("--seed", type=int, default=2017)
    options.add_argument("--workers", type=int, default=default_workers())
    options.add_argument("--out", type=Path, default=CHECKOUT / "build" / "transforms")
    options.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    options.add_argument("--quiet", action="store_true")
    return options.parse_args(arguments)


def main() -> None:
    """Run and print."""
    asked = parsed()
    asked.out.mkdir(parents=True, exist_ok=True)
    result = run(asked, list(TRANSFORMS), list(NEGATIVES))
    write(result, asked.out)
    Terminal(as_json=asked.json, quiet=asked.quiet).say(f"written to {asked.out / 'index.html'}")
    Terminal(as_json=asked.json).result(result, printed(result))


if __name__ == "__main__":
    os.environ.pop("CURATE_WORKSPACE", None)
    main()
