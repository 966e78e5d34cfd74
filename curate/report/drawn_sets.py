"""Tables of the report on tests and drawn sets, and on the paper's own numbers."""

from curate.manifest.read import Manifest
from curate.report.tables import Rows
from curate.splits.closure import closure_rows
from curate.splits.paper_numbers import checks


def drawn_sets(manifest: Manifest) -> Rows:
    """Return the closure table; nothing where a manifest is of a schema before there were any sets."""
    stated = manifest.info.get("drawn_sets")
    return [{name: "" if v is None else v for name, v in row.items()} for row in closure_rows(stated)] if stated else []


def paper_numbers(manifest: Manifest) -> Rows:
    """Return the sums over the paper's own numbers, where the manifest has a test that the paper has."""
    stated = manifest.info.get("drawn_sets", {"tests": []})
    if not any(part["paper"] is not None for test in stated["tests"] for part in test["classes"]):
        return []
    return [{**check._asdict(), "closes": "yes" if check.closes else "NO"} for check in checks()]
