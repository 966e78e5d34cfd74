"""Pictures compared with their frozen digests, beside sha256sum over the same files.

    python tests/benchmarks/picture_digests.py [--files N] [--kib SIZE] [--rounds R] [--out FOLDER] [--json]

Files of random bytes around a size are written; then `sha256sum` (one process for all, its output thrown away) and what
`curate verify --images` does read them in turn, R times each: warm, from the cache of the system, and as cold as a program without
special rights can make it (each file's pages are given up before each turn; a virtual disk may still keep them). Prints the
medians, and the ratio within this run: below 1 is faster than sha256sum.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from curate.manifest.pictures import Pictures  # noqa: E402 - after the path is set

Row = tuple[str, str, str, str]


def write(folder: Path, number: int, kib: int) -> list[Row]:
    """Write files of half to twice the size, in ten folders, and return the row of each."""
    rng = np.random.default_rng(2017)
    rows = []
    for n in range(number):
        path = f"part_{n % 10}/ISIC_{n:07d}.jpg"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        content = rng.bytes(int(kib * 1024 * 2 ** rng.uniform(-1, 1)))
        with (folder / path).open("wb") as file:
            file.write(content)
            os.fsync(file.fileno())  # pages that are not written yet cannot be given up
        rows.append((f"bench:ISIC_{n:07d}", "bench", path, hashlib.sha256(content).hexdigest()))
    return rows


def give_up(folder: Path, rows: Sequence[Row]) -> None:
    """Ask the system to forget what it holds of the files."""
    for *_, path, _ in rows:
        descriptor = os.open(folder / path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def theirs(folder: Path, rows: Sequence[Row]) -> None:
    names = "\0".join(path for *_, path, _ in rows)
    command = ["xargs", "-0", "-n", "1000000", "-s", "2000000", "sha256sum"]
    subprocess.run(command, cwd=folder, input=names, text=True, check=True, stdout=subprocess.DEVNULL)


def ours(folder: Path, rows: Sequence[Row]) -> None:
    assert not list(Pictures({"bench": folder}).differences(rows))


def seconds(work: Callable[[Path, Sequence[Row]], None], folder: Path, rows: Sequence[Row]) -> float:
    begun = time.perf_counter()
    work(folder, rows)
    return time.perf_counter() - begun


def measure(folder: Path, number: int, kib: int, rounds: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of both and their ratio, warm and cold."""
    rows = write(folder, number, kib)
    table = {}
    for state in ("warm", "cold"):
        taken: dict[str, list[float]] = {"sha256sum": [], "verify": []}
        for _ in range(rounds):
            for name, work in (("sha256sum", theirs), ("verify", ours)):
                if state == "cold":
                    give_up(folder, rows)
                taken[name].append(seconds(work, folder, rows))
        both = {name: round(statistics.median(values), 3) for name, values in taken.items()}
        table[state] = {**both, "ratio": round(both["verify"] / both["sha256sum"], 2)}
    return table


def main() -> None:
    """Write, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=4000)
    options.add_argument("--kib", type=int, default=100, help="size in the middle, in KiB")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--out", type=Path, help="an empty folder for the files, on the disk to be measured")
    options.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        table = measure(asked.out or Path(place), asked.files, asked.kib, asked.rounds)
    if asked.json:
        print(json.dumps(table))
        return
    print(f"{asked.files} files around {asked.kib} KiB\n{'':<6}{'sha256sum s':>14}{'verify s':>14}{'ratio':>8}")
    for state, row in table.items():
        print(f"{state:<6}{row['sha256sum']:>14}{row['verify']:>14}{row['ratio']:>8}")


if __name__ == "__main__":
    main()
