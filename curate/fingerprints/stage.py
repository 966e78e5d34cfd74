"""The stage `fingerprint`: every content that the catalogue does not know yet is read, decoded and described once."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from curate.catalogue import Catalogue, digest_of
from curate.catalogue.stages import digest_of_rows, record_stage, replace_findings, required_stage
from curate.engines import Engine
from curate.errors import NotReadyError
from curate.fingerprints.compute import VERSION, Fingerprint, fingerprint, prepare
from curate.fingerprints.extractors import Extractor
from curate.fingerprints.feature_store import FeatureStore, Half
from curate.fingerprints.points import KEY as POINTS

STAGE = "fingerprint"
Progress = Callable[[int, int], None]


def fingerprint_stage(
    catalogue: Catalogue,
    engine: Engine,
    extractor: Extractor | None,
    *,
    points: bool = False,
    batch_size: int = 256,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compute what is missing and commit it batch by batch; what was committed before a kill is not computed again.

    Args:
        catalogue: open for writing, with at least one source ingested.
        engine: where the work runs.
        extractor: the network for CNN features, or None to go without.
        points: whether to take the points that the evidence `local` compares.
        batch_size: pictures per commit; no result depends on it.
        progress: called with (done, all).

    Returns:
        The summary: images, pictures, rejected, computed now, known before.
    """
    key = extractor.key if extractor else None
    wanted = [k for k in (key, POINTS if points else None) if k]
    pending = _pending(catalogue, wanted)
    known = catalogue.value("SELECT count(*) FROM images") - len(pending)
    if not pending and known == 0:
        raise NotReadyError("No images are in the catalogue.", "Run `curate ingest SOURCE FOLDER` first.")
    results = (
        zip(pending, engine.map(fingerprint, (place for *_, place in pending), prepare, (extractor, points)), strict=True)
        if pending
        else iter(())
    )
    done = 0
    while batch := list(islice(results, batch_size)):
        _commit(catalogue, wanted, batch)
        done += len(batch)
        if progress:
            progress(done, len(pending))
    return _finish(catalogue, wanted, extractor, computed=done, known=known)


def _pending(catalogue: Catalogue, wanted: list[str]) -> list[tuple[str, str, int, int, tuple[Path, str]]]:
    """Return (source, path, bytes, mtime, (folder, path)) of images whose content or whose fingerprints are not known, in order."""
    folders = {s: Path(f) for s, f in catalogue.rows("SELECT source_id, folder FROM ingests")}
    rows = catalogue.rows(
        """SELECT c.source_id, c.path, c.bytes, c.mtime_ns
           FROM image_contents c
           LEFT JOIN fingerprints p ON p.sha256 = c.sha256 AND p.version = $1
           WHERE p.sha256 IS NULL OR (p.error IS NULL AND len($2) > (
               SELECT count(*) FROM features f WHERE f.sha256 = c.sha256 AND f.extractor IN (SELECT unnest($2::VARCHAR[]))))
           ORDER BY c.image_id""",
        [VERSION, wanted],
    )
    return [(*row, (folders[row[0]], row[1])) for row in rows]


def _commit(
    catalogue: Catalogue, wanted: list[str], batch: list[tuple[tuple[str, str, int, int, tuple[Path, str]], Fingerprint]]
) -> None:
    """Write one batch: features first (rows behind the last commit count as not written), then all rows at once."""
    fresh: dict[str, Fingerprint] = {f.sha256: f for _, f in batch if f.sha256}
    placed = [row for key in wanted for row in _append(catalogue, key, fresh)]
    with catalogue.transaction():
        catalogue.execute(
            "DELETE FROM contents WHERE (source_id, path) IN (SELECT unnest(?), unnest(?))",
            [[source for (source, *_), _ in batch], [path for (_, path, *_), _ in batch]],
        )
        catalogue.insert(
            "contents",
            [
                {
                    "source_id": s,
                    "path": p,
                    "bytes": size,
                    "mtime_ns": mtime,
                    "sha256": f.sha256,
                    "error": None if f.sha256 else f.error,
                }
                for (s, p, size, mtime, _), f in batch
            ],
        )
        catalogue.execute("DELETE FROM fingerprints WHERE sha256 IN (SELECT unnest(?))", [list(fresh)])
        catalogue.insert("fingerprints", [_row(sha, f) for sha, f in fresh.items()])
        catalogue.insert("features", placed)


def _append(catalogue: Catalogue, key: str, fresh: dict[str, Fingerprint]) -> list[dict[str, Any]]:
    """Write what an extractor made of contents that it did not know, and return their rows of the table `features`."""
    known = set(
        catalogue.rows("SELECT sha256 FROM features WHERE extractor = ? AND sha256 IN (SELECT unnest(?))", [key, list(fresh)])
    )
    rows = {sha: f.points if key == POINTS else f.features for sha, f in fresh.items() if (sha,) not in known}
    there = {sha: row for sha, row in rows.items() if row is not None}
    position = catalogue.value("SELECT count(*) FROM features WHERE extractor = ?", [key])
    if there:
        store(catalogue, key).append(np.stack(list(there.values())), position)
    return [{"sha256": sha, "extractor": key, "position": position + n} for n, sha in enumerate(there)]


def store(catalogue: Catalogue, key: str) -> FeatureStore:
    """Return where an extractor's rows lie."""
    return FeatureStore(catalogue.workspace, key, "points" if key == POINTS else "f16")


def _row(sha256: str, f: Fingerprint) -> dict[str, Any]:
    return {
        "sha256": sha256,
        "version": VERSION,
        "error": f.error,
        "pixel_sha256": f.pixel_sha256,
        "width": f.width,
        "height": f.height,
        "hashes": f.hashes,
        "hash_energy": f.hash_energy,
        "sharpness": f.sharpness,
        "contrast": f.contrast,
        "framing": f.framing,
        "camera": f.exif.camera,
        "serial": f.exif.serial,
        "taken_us": f.exif.taken_us,
        "unique_id": f.exif.unique_id,
    }


def cnn_features(catalogue: Catalogue, key: str) -> Half:
    """Return the CNN features of an extractor, float16 of shape (contents, d); the table `features` says which row is whose."""
    held = store(catalogue, key)
    count = catalogue.value("SELECT count(*) FROM features WHERE extractor = ?", [key])
    return held.read(held.path.stat().st_size // 2 // count)


def _finish(catalogue: Catalogue, wanted: list[str], extractor: Extractor | None, *, computed: int, known: int) -> dict[str, Any]:
    key = extractor.key if extractor else None
    points = POINTS if POINTS in wanted else None
    output_digest = _contents_digest(catalogue, key, points)
    pictures = catalogue.value("SELECT count(*) FROM pictures")
    broken = list(_broken(catalogue))
    summary = {
        "images": catalogue.value("SELECT count(*) FROM images"),
        "pictures": pictures,
        "rejected": len(broken),
        "computed": computed,
        "known": known,
        "extractor": key,
        "points": points,
    }
    settings = {
        "extractor": None
        if extractor is None
        else {"name": extractor.name, "key": extractor.key, "weights_sha256": extractor.weights_sha256, "side": extractor.side}
    }
    with catalogue.transaction():
        replace_findings(catalogue, STAGE, broken)
        record_stage(catalogue, STAGE, input_digest=output_digest, output_digest=output_digest, settings=settings, summary=summary)
    return {**summary, "skipped": computed == 0}


def fingerprints_are_current(catalogue: Catalogue) -> bool:
    """Say whether the last run covered every image that the catalogue holds now."""
    last = required_stage(catalogue, STAGE, "curate fingerprint")
    return last.output_digest == _contents_digest(catalogue, last.summary["extractor"], last.summary.get("points"))


def _contents_digest(catalogue: Catalogue, key: str | None, points: str | None) -> str:
    contents = digest_of_rows(catalogue, "SELECT image_id, sha256 FROM image_contents ORDER BY image_id")
    return digest_of(VERSION, key, points, contents)


def _broken(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for image_id, path, reason in catalogue.rows(
        """SELECT c.image_id, c.path, coalesce(c.error, p.error) FROM image_contents c LEFT JOIN fingerprints p USING (sha256)
           WHERE c.error IS NOT NULL OR p.error IS NOT NULL ORDER BY 1"""
    ):
        yield {
            "id": "picture.unreadable",
            "severity": "warning",
            "message": f"{path}: {reason}.",
            "component": None,
            "images": [image_id],
        }
