"""What holds of every source, read from a drawn fake of its layout or from its publisher's real tables."""

import json

from curate.sources.ingest import ingest
from curate.sources.layout import walk
from curate.sources.registry import source


def read(catalogue, source_id, folder, tree, *, metadata_only=False):
    """Ingest; every file has one role, a second time there is nothing to do, every word is understood, and kept as it was."""
    found = source(source_id, tree)
    summary = ingest(catalogue, found, folder, tree, metadata_only=metadata_only)
    assert summary["files"] == len(walk(folder))
    assert ingest(catalogue, found, folder, tree, metadata_only=metadata_only)["skipped"]
    unheard = catalogue.rows("SELECT message FROM findings WHERE id IN ('source.unknown-word', 'label.unmapped')")
    assert unheard == []
    constant = found.declaration.record.sex.constant
    for native, sex in catalogue.rows("SELECT native, sex FROM records"):
        words = json.loads(native)
        assert all(isinstance(word, str) and word for word in words.values())
        assert sex is None or "sex" in words or constant
    return summary
