"""Looking at a folder before anything is ingested: what it holds, what is missing, what would not fit."""

import tempfile
from pathlib import Path
from typing import Any

from curate.catalogue import Catalogue
from curate.sources.ingest import ingest
from curate.sources.registry import Source
from curate.taxonomy.normalise import coverage, unmapped_labels
from curate.taxonomy.tree import Tree


def check_folder(source: Source, folder: Path, tree: Tree, *, metadata_only: bool = False) -> dict[str, Any]:
    """Read a folder into a catalogue that is thrown away, and return what an ingest would say.

    Returns:
        The ingest's summary, `expected_images`, `expected_rows`, `findings` (severity, id, message), `unmapped` labels, and
        `coverage`: how many images get a node, a leaf, a nine-class.

    Raises:
        InputError: the folder is not one of this source.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dermcurate-check-") as place,
        Catalogue.write(Path(place), "curate sources check") as catalogue,
    ):
        summary = ingest(catalogue, source, folder, tree, metadata_only=metadata_only)
        findings = catalogue.rows("SELECT severity, id, message, len(images) FROM findings ORDER BY 1, 2, 3")
        found = {
            "source": source.declaration.id,
            "folder": str(folder),
            **summary,
            "expected_images": source.declaration.expected_images,
            "expected_rows": source.declaration.expected_rows,
            "findings": [{"severity": s, "id": i, "message": m, "images": n} for s, i, m, n in findings],
            "unmapped": unmapped_labels(catalogue),
            "coverage": coverage(catalogue),
            "lesions": catalogue.value("SELECT count(DISTINCT key) FROM (SELECT unnest(lesion_keys) AS key FROM records)"),
            "patients": catalogue.value("SELECT count(DISTINCT key) FROM (SELECT unnest(patient_keys) AS key FROM records)"),
        }
    found.pop("skipped")
    return found
