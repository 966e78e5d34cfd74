"""Time and peak memory of ingesting 130,000 rows of metadata, pictures aside.

    python tests/benchmarks/metadata.py [--rows N]

Writes a table of HAM10000's form with that many rows and reads it with `--metadata-only` in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CODE = """
import json, resource, sys, time
from pathlib import Path
from curate.catalogue import Catalogue
from curate.sources.ingest import ingest
from curate.sources.registry import source
from curate.taxonomy.tree import Tree
tree = Tree.shipped()
begun = time.perf_counter()
with Catalogue.write(Path(sys.argv[2]), "bench") as catalogue:
    summary = ingest(catalogue, source("ham10000", tree), Path(sys.argv[1]), tree, metadata_only=True)
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": summary["rows"], "seconds": round(seconds, 2), "peak_mib": round(peak)}))
"""


def measure(rows: int) -> dict[str, float]:
    """Return rows, seconds and peak memory in MiB of one run."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "ham"
        folder.mkdir()
        lines = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
        lines += [f"HAM_{n // 2:07d},ISIC_{n:07d},{('nv', 'mel', 'bkl')[n % 3]},histo,{n % 90}.0,male,back" for n in range(rows)]
        (folder / "HAM10000_metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-c", CODE, str(folder), str(Path(place) / "workspace")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=130_000)
    begun = time.perf_counter()
    found = measure(options.parse_args().rows)
    print(f"{found['rows']} rows: {found['seconds']} s, peak {found['peak_mib']} MiB ({time.perf_counter() - begun:.1f} s in all)")


if __name__ == "__main__":
    main()
