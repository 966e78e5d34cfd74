"""The stage `ingest`: a folder of one source becomes rows of the catalogue, and every file and row is accounted for."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from curate.catalogue import Catalogue, digest_of, stage_record
from curate.catalogue.stages import digest_of_rows, record_stage, replace_findings
from curate.sources.layout import Layout, arrange, walk
from curate.sources.records import Record, keys, read_records, told, untranslated
from curate.sources.registry import Source
from curate.taxonomy.tree import Tree

STAGE = "ingest"
VERSION = 2
FACTS = ("confirmation", "official_split", "modality", "site", "sex", "skin_type", "licence", "attribution")


def ingest(catalogue: Catalogue, source: Source, folder: Path, tree: Tree) -> dict[str, Any]:
    """Read one source's folder into the catalogue, in place of what was read of it before.

    Returns:
        The summary: files by role, images, rows, rows without a picture, findings; `skipped` when nothing had changed.

    Raises:
        InputError: the folder is not one of this source, or a table or side-car cannot be read.
    """
    declaration = source.declaration
    layout = arrange(declaration, walk(folder))
    listing = [[f.path, f.bytes, f.mtime_ns, role] for f, role, _ in layout.files()]
    label_rows = [[row.field, row.native_label, row.node_id, row.how] for row in source.label_map]
    input_digest = digest_of(VERSION, declaration.digest(), tree.digest, label_rows, str(folder.resolve()), listing)
    last = stage_record(catalogue, STAGE, declaration.id)
    if last and last.input_digest == input_digest:
        catalogue.remember_folder(declaration.id, folder)
        return {**last.summary, "skipped": True}
    records = read_records(source, folder, layout)
    with catalogue.transaction():
        write_taxonomy(catalogue, tree)
        _write_source(catalogue, source, folder, layout, records)
        findings = _findings(catalogue, source, layout, records)
        replace_findings(catalogue, f"{STAGE}:{declaration.id}", findings)
        summary = _summary(layout, records, len(findings))
        output_digest = digest_of(VERSION, declaration.digest(), tree.digest, label_rows, _rows_digest(catalogue, declaration.id))
        record_stage(
            catalogue,
            STAGE,
            scope=declaration.id,
            input_digest=input_digest,
            output_digest=output_digest,
            settings={"folder": str(folder.resolve())},
            summary=summary,
        )
    catalogue.remember_folder(declaration.id, folder)
    return {**summary, "skipped": False}


def _rows_digest(catalogue: Catalogue, source_id: str) -> str:
    tables = (
        f"SELECT image_id, path FROM images WHERE source_id = '{source_id}' ORDER BY image_id",
        f"SELECT * FROM records WHERE source_id = '{source_id}' ORDER BY record_id",
        f"SELECT * FROM labels WHERE source_id = '{source_id}' ORDER BY record_id, rank, label",
        f"SELECT path, role, reason FROM rejections WHERE source_id = '{source_id}' ORDER BY path",
    )
    return digest_of(*(digest_of_rows(catalogue, sql) for sql in tables))


def write_taxonomy(catalogue: Catalogue, tree: Tree) -> None:
    """Put a taxonomy's nodes, their ancestors and the successors of retired nodes into the catalogue."""
    catalogue.execute("DELETE FROM taxonomy_nodes")
    catalogue.execute("DELETE FROM taxonomy_closure")
    catalogue.insert(
        "taxonomy_nodes",
        [
            {
                "node_id": node.node_id,
                "name": node.name,
                "parent_id": node.parent_id,
                "depth": tree.depth(node.node_id),
                "nine_class": tree.nine_class(node.node_id),
                "three_class": tree.three_class(node.node_id),
            }
            for node in tree.nodes.values()
        ],
    )
    catalogue.execute("DELETE FROM taxonomy_retired")
    catalogue.insert("taxonomy_retired", [{"node_id": old, "successor": tree.current(old)} for old in tree.retired])
    names = ("ancestor", "descendant", "distance")
    catalogue.insert("taxonomy_closure", [dict(zip(names, row, strict=True)) for row in tree.closure()])


def _write_source(catalogue: Catalogue, source: Source, folder: Path, layout: Layout, records: dict[str, Record]) -> None:
    declaration = source.declaration
    for table in ("sources", "ingests", "files", "rejections", "images", "records", "labels", "label_map"):
        catalogue.execute(f"DELETE FROM {table} WHERE source_id = ?", [declaration.id])
    catalogue.insert(
        "sources",
        [
            {
                "source_id": declaration.id,
                "name": declaration.name,
                "type": declaration.type,
                "licence": declaration.licence,
                "attribution": declaration.attribution,
                "citation": declaration.citation,
                "declaration_sha256": declaration.digest(),
            }
        ],
    )
    catalogue.insert(
        "ingests",
        [
            {
                "source_id": declaration.id,
                "folder": str(folder.resolve()),
                "rows": sum(1 for r in records.values() if r.has_row),
                "rows_without_picture": sum(1 for r in records.values() if not r.has_picture),
            }
        ],
    )
    files = [(f, role, reason) for f, role, reason in layout.files()]
    catalogue.insert(
        "files",
        [
            {"source_id": declaration.id, "path": f.path, "role": role, "bytes": f.bytes, "mtime_ns": f.mtime_ns}
            for f, role, _ in files
        ],
    )
    catalogue.insert(
        "rejections",
        [{"source_id": declaration.id, "path": f.path, "role": role, "reason": reason} for f, role, reason in files if reason],
    )
    catalogue.insert(
        "images",
        [
            {
                "image_id": f"{declaration.id}:{native_id}",
                "source_id": declaration.id,
                "native_id": native_id,
                "path": f.path,
            }
            for native_id, (f, _) in sorted(layout.images.items())
        ],
    )
    catalogue.insert("records", [_record_row(source, record) for record in records.values()])
    catalogue.insert(
        "labels",
        [
            {
                "record_id": f"{declaration.id}:{record.native_id}",
                "source_id": declaration.id,
                **label._asdict(),
            }
            for record in records.values()
            for label in record.labels
        ],
    )
    catalogue.insert(
        "label_map",
        [
            {
                "source_id": declaration.id,
                "field": row.field,
                "native_label": row.native_label,
                "node_id": row.node_id,
                "how": row.how,
            }
            for row in source.label_map
        ],
    )


def _record_row(source: Source, record: Record) -> dict[str, Any]:
    declaration = source.declaration
    spec = declaration.record
    image_id = f"{declaration.id}:{record.native_id}"
    facts = {name: told(getattr(spec, name), record.row) for name in FACTS}
    return {
        "record_id": image_id,
        "source_id": declaration.id,
        "image_id": image_id if record.has_picture else None,
        "origin": record.origin,
        "image_keys": keys(spec.image_keys, record.row),
        "lesion_keys": keys(spec.lesion_keys, record.row),
        "patient_keys": keys(spec.patient_keys, record.row),
        **facts,
        "licence": facts["licence"] or declaration.licence,
        "attribution": facts["attribution"] or declaration.attribution,
        "age": _years(told(spec.age, record.row)),
    }


def _years(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _findings(catalogue: Catalogue, source: Source, layout: Layout, records: dict[str, Record]) -> list[dict[str, Any]]:
    declaration = source.declaration
    name = declaration.id
    found: list[dict[str, Any]] = []

    def add(finding_id: str, severity: str, message: str, images: Iterable[str] = ()) -> None:
        ids = [f"{name}:{native_id}" for native_id in images]
        found.append({"id": finding_id, "severity": severity, "message": message, "component": None, "images": ids})

    if declaration.expected_images not in (None, len(layout.images)):
        add(
            "source.count-differs",
            "info",
            f"{name}: {len(layout.images)} pictures; the publisher names {declaration.expected_images}.",
        )
    if bare := [r.native_id for r in records.values() if r.has_picture and not r.labels]:
        add("source.picture-without-label", "warning", f"{name}: {len(bare)} pictures with no label of their own.", bare)
    unmapped = catalogue.rows(
        """SELECT l.field, l.label, count(*), list(r.image_id ORDER BY r.image_id)
           FROM labels l JOIN records r USING (record_id)
           LEFT JOIN label_places m ON m.source_id = l.source_id AND m.field = l.field AND m.native_label = l.label
           WHERE l.source_id = ? AND m.native_label IS NULL AND r.image_id IS NOT NULL
           GROUP BY 1, 2 ORDER BY 1, 2""",
        [name],
    )
    for column, label, count, images in unmapped:
        ids = [i.split(":", 1)[1] for i in images]
        add(
            "label.unmapped", "warning", f"{name}: label {label!r} of {column} ({count} pictures) has no row in the label map.", ids
        )
    for field_a, label_a, field_b, label_b, count, images in catalogue.rows(
        """SELECT field_a, label_a, field_b, label_b, count(*), list(c.image_id ORDER BY c.image_id)
           FROM image_label_conflicts c JOIN images i USING (image_id) WHERE i.source_id = ?
           GROUP BY ALL ORDER BY ALL""",
        [name],
    ):
        said = f"{field_a} says {label_a!r} and {field_b} says {label_b!r}"
        ids = [i.split(":", 1)[1] for i in images]
        add("label.fields-disagree", "warning", f"{name}: of {count} pictures {said}; they stay in train.", ids)
    words: Counter[tuple[str, str]] = Counter()
    for record in records.values():
        for fact in (*FACTS, "age"):
            if (word := untranslated(getattr(declaration.record, fact), record.row)) is not None:
                words[fact, word] += 1
        if (age := told(declaration.record.age, record.row)) is not None and _years(age) is None:
            words["age", age] += 1
    for (fact, word), count in sorted(words.items()):
        add("source.unknown-word", "warning", f"{name}: {count} rows give {word!r} as {fact}, which is not understood.")
    for lesion, patients in catalogue.rows(
        """SELECT l.key, list(DISTINCT p.key ORDER BY p.key)
           FROM records r, unnest(r.lesion_keys) l(key), unnest(r.patient_keys) p(key)
           WHERE r.source_id = ? GROUP BY 1 HAVING count(DISTINCT p.key) > 1 ORDER BY 1""",
        [name],
    ):
        add("source.lesion-of-two-patients", "error", f"{name}: lesion {lesion} is given to {', '.join(patients)}.")
    return found


def _summary(layout: Layout, records: dict[str, Record], findings: int) -> dict[str, Any]:
    roles = Counter(role for _, role, _ in layout.files())
    return {
        "files": sum(roles.values()),
        "images": roles["image"],
        "tables": roles["table"],
        "side_cars": roles["side_car"],
        "rejected": roles["rejected"],
        "ignored": roles["ignored"],
        "rows": sum(1 for r in records.values() if r.has_row),
        "rows_without_picture": sum(1 for r in records.values() if not r.has_picture),
        "findings": findings,
    }
