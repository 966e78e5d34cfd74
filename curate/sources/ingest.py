"""The stage `ingest`: a folder of one source becomes rows of the catalogue, and every file and row is accounted for."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from curate.catalogue import Catalogue, digest_of, stage_record
from curate.catalogue.stages import digest_of_rows, record_stage, replace_findings
from curate.errors import InputError
from curate.sources.declaration import Declaration
from curate.sources.layout import Layout, arrange, walk
from curate.sources.records import Fact, Read, Record, facts_of, keys, read_records
from curate.sources.registry import Source
from curate.taxonomy.tree import Tree

STAGE = "ingest"
VERSION = 3
LISTED = 12  # lines or examples named in a message


def ingest(catalogue: Catalogue, source: Source, folder: Path, tree: Tree, *, metadata_only: bool = False) -> dict[str, Any]:
    """Read one source's folder into the catalogue, in place of what was read of it before.

    Args:
        catalogue: open for writing.
        source: what lies in the folder.
        folder: where the repository was unpacked; archives in it are read from the inside.
        tree: the taxonomy.
        metadata_only: leave pictures alone; every row is one without a picture, and gives its keys to the same picture elsewhere.

    Returns:
        The summary: files by role, images, rows, rows without a picture, rows that could not be used, relations, findings;
        `skipped` when nothing had changed.

    Raises:
        InputError: the folder is not one of this source, or a table or side-car cannot be read. What was read of the source before
            stays as it is.
    """
    declaration = source.declaration
    layout = arrange(declaration, walk(folder), metadata_only=metadata_only)
    listing = [[f.path, f.bytes, f.mtime_ns, role] for f, role, _ in layout.files()]
    label_rows = [[row.field, row.native_label, row.node_id, row.how] for row in source.label_map]
    input_digest = digest_of(VERSION, declaration.digest(), tree.digest, label_rows, str(folder.resolve()), listing, metadata_only)
    last = stage_record(catalogue, STAGE, declaration.id)
    if last and last.input_digest == input_digest:
        catalogue.remember_folder(declaration.id, folder)
        return {**last.summary, "skipped": True}
    _require_something(declaration, layout, folder, metadata_only=metadata_only)
    read = read_records(source, folder, layout)
    with catalogue.transaction():
        write_taxonomy(catalogue, tree)
        _write_source(catalogue, source, folder, layout, read)
        findings = _findings(catalogue, source, layout, read, metadata_only=metadata_only)
        replace_findings(catalogue, f"{STAGE}:{declaration.id}", findings)
        summary = _summary(layout, read, len(findings))
        output_digest = digest_of(VERSION, declaration.digest(), tree.digest, label_rows, _rows_digest(catalogue, declaration.id))
        record_stage(
            catalogue,
            STAGE,
            scope=declaration.id,
            input_digest=input_digest,
            output_digest=output_digest,
            settings={"folder": str(folder.resolve()), "metadata_only": metadata_only},
            summary=summary,
        )
    catalogue.remember_folder(declaration.id, folder)
    return {**summary, "skipped": False}


def _require_something(declaration: Declaration, layout: Layout, folder: Path, *, metadata_only: bool) -> None:
    if metadata_only and not (layout.tables or layout.side_cars or layout.relations):
        raise InputError(f"{folder} holds no table of {declaration.name}.", declaration.download)
    if declaration.images and not layout.images and not metadata_only:
        hint = "--metadata-only reads tables without pictures. " if layout.tables or layout.side_cars else ""
        raise InputError(f"{folder} holds no picture of {declaration.name}.", f"{hint}{declaration.download}")
    if not declaration.images and not layout.relations:
        raise InputError(f"{folder} holds no list of {declaration.name}.", declaration.download)


def _rows_digest(catalogue: Catalogue, source_id: str) -> str:
    tables = (
        f"SELECT image_id, path FROM images WHERE source_id = '{source_id}' ORDER BY image_id",
        f"SELECT * FROM records WHERE source_id = '{source_id}' ORDER BY record_id",
        f"SELECT * FROM labels WHERE source_id = '{source_id}' ORDER BY record_id, rank, label",
        f"SELECT * FROM relations WHERE source_id = '{source_id}' ORDER BY ALL",
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


def _write_source(catalogue: Catalogue, source: Source, folder: Path, layout: Layout, read: Read) -> None:
    declaration = source.declaration
    records = read.records
    for table in ("sources", "ingests", "files", "rejections", "images", "records", "labels", "label_map", "relations"):
        catalogue.execute(f"DELETE FROM {table} WHERE source_id = ?", [declaration.id])
    about = declaration.model_dump(include={"name", "type", "licence", "attribution", "citation", "level"})
    catalogue.insert("sources", [{"source_id": declaration.id, **about, "declaration_sha256": declaration.digest()}])
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
    facts = facts_of(declaration)
    catalogue.insert("records", [_record_row(declaration, facts, record) for record in records.values()])
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
        "relations",
        [{"source_id": declaration.id, "key_a": a, "key_b": b, "basis": basis} for a, b, basis in sorted(set(read.relations))],
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


def _record_row(declaration: Declaration, known: list[Fact], record: Record) -> dict[str, Any]:
    spec = declaration.record
    image_id = f"{declaration.id}:{record.native_id}"
    facts = {fact.name: fact.told(record.row) for fact in known}
    words = {fact.name: word for fact in known if (word := fact.native(record.row))}
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
        "age": None if facts["age"] is None else float(facts["age"]),
        "acquisition_day": None if facts["acquisition_day"] is None else int(float(facts["acquisition_day"])),
        "native": json.dumps(words, ensure_ascii=False, sort_keys=True),
    }


class _Found:
    """The findings of one source while they are gathered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[dict[str, Any]] = []

    def add(self, finding_id: str, severity: str, message: str, images: Iterable[str] = ()) -> None:
        """Add a finding; `images` are ids."""
        row = {"id": finding_id, "severity": severity, "message": f"{self.name}: {message}", "component": None}
        self.rows.append({**row, "images": list(images)})


def _findings(catalogue: Catalogue, source: Source, layout: Layout, read: Read, *, metadata_only: bool) -> list[dict[str, Any]]:
    declaration = source.declaration
    name = declaration.id
    found = _Found(name)
    if not metadata_only and declaration.expected_images not in (None, len(layout.images)):
        found.add(
            "source.count-differs", "info", f"{len(layout.images)} pictures; the publisher names {declaration.expected_images}."
        )
    for trouble in read.trouble:
        lines = f", lines {_listed(trouble.lines)}" if trouble.lines else ""
        severity = trouble.severity
        found.add("table.line" if trouble.lines else "table.form", severity, f"{Path(trouble.where).name}{lines}: {trouble.what}.")
    for reason, count in sorted(Counter(_kind(r) for _, r in layout.rejected).items()):
        example = next(f.path for f, r in layout.rejected if _kind(r) == reason)
        found.add("file.rejected", "warning", f"{count} rejected, such as {example}: {reason}.")
    if unfinished := [f.path for f, reason in layout.ignored if "unfinished" in reason]:
        found.add("file.unfinished", "warning", f"{len(unfinished)} unfinished downloads, such as {unfinished[0]}; download again.")
    if declaration.record.labels:
        bare = [f"{name}:{r.native_id}" for r in read.records.values() if r.has_picture and not r.labels]
        if bare:
            found.add("source.picture-without-label", "warning", f"{len(bare)} pictures with no label of their own.", bare)
    _label_findings(catalogue, name, found)
    _word_findings(declaration, read, found)
    _rule_findings(catalogue, name, found)
    return found.rows


def _label_findings(catalogue: Catalogue, name: str, found: _Found) -> None:
    for column, label, count, images in catalogue.rows(
        """SELECT l.field, l.label, count(*), list(r.image_id ORDER BY r.image_id) FILTER (r.image_id IS NOT NULL)
           FROM labels l JOIN records r USING (record_id)
           LEFT JOIN label_places m ON m.source_id = l.source_id AND m.field = l.field AND m.native_label = l.label
           WHERE l.source_id = ? AND m.native_label IS NULL
           GROUP BY 1, 2 ORDER BY 1, 2""",
        [name],
    ):
        message = f"label {label!r} of {column} ({count} records) has no row in the label map."
        found.add("label.unmapped", "warning", message, images or [])
    for field_a, label_a, field_b, label_b, count, images in catalogue.rows(
        """SELECT field_a, label_a, field_b, label_b, count(*), list(c.image_id ORDER BY c.image_id)
           FROM image_label_conflicts c JOIN images i USING (image_id) WHERE i.source_id = ?
           GROUP BY ALL ORDER BY ALL""",
        [name],
    ):
        said = f"{field_a} says {label_a!r} and {field_b} says {label_b!r}"
        found.add("label.fields-disagree", "warning", f"of {count} pictures {said}; they stay in train.", images)


def _word_findings(declaration: Declaration, read: Read, found: _Found) -> None:
    words: Counter[tuple[str, str]] = Counter()
    facts = facts_of(declaration)
    for record in read.records.values():
        for fact in facts:
            if (word := fact.untranslated(record.row)) is not None:
                words[fact.name, word] += 1
    for (name, unheard), count in sorted(words.items()):
        found.add("source.unknown-word", "warning", f"{count} records give {unheard!r} as {name}, which is not understood.")


def _rule_findings(catalogue: Catalogue, name: str, found: _Found) -> None:
    """Add errors of the source: a lesion of two patients, a lesion of two diagnoses that exclude each other."""
    for lesion, patients in catalogue.rows(
        """SELECT l.key, list(DISTINCT p.key ORDER BY p.key)
           FROM records r, unnest(r.lesion_keys) l(key), unnest(r.patient_keys) p(key)
           WHERE r.source_id = ? GROUP BY 1 HAVING count(DISTINCT p.key) > 1 ORDER BY 1""",
        [name],
    ):
        found.add("source.lesion-of-two-patients", "error", f"lesion {lesion} is given to {', '.join(patients)}.")
    rows = catalogue.rows(
        """WITH said AS (
               SELECT DISTINCT k.key AS lesion, l.field, l.label, p.node_id
               FROM records r, unnest(r.lesion_keys) k(key)
               JOIN labels l ON l.record_id = r.record_id AND l.weight IS NULL AND NOT l.fallback AND l.rank = (
                   SELECT min(f.rank) FROM labels f WHERE f.record_id = l.record_id AND f.weight IS NULL AND NOT f.fallback)
               JOIN label_places p ON p.source_id = l.source_id AND p.field = l.field AND p.native_label = l.label
               WHERE r.source_id = ? AND p.node_id IS NOT NULL
           )
           SELECT DISTINCT a.lesion, a.label, b.label FROM said a JOIN said b ON a.lesion = b.lesion AND a.label < b.label
           WHERE NOT EXISTS (
               SELECT 1 FROM taxonomy_closure c
               WHERE (c.ancestor = a.node_id AND c.descendant = b.node_id) OR (c.ancestor = b.node_id AND c.descendant = a.node_id))
           ORDER BY ALL""",
        [name],
    )
    if rows:
        examples = "; ".join(f"{lesion}: {a} and {b}" for lesion, a, b in rows[:LISTED])
        lesions = len({lesion for lesion, _, _ in rows})
        found.add(
            "source.lesion-of-two-diagnoses", "error", f"{lesions} lesions have diagnoses that exclude each other: {examples}."
        )


def _kind(reason: str) -> str:
    """Return a reason without the path that it names."""
    return (
        reason.split(" as ", maxsplit=1)[0]
        if reason.startswith("same image id")
        else "differs from another by letter case only"
        if "letter case" in reason
        else reason
    )


def _listed(lines: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, lines[:LISTED]))
    return f"{shown} and {len(lines) - LISTED} more" if len(lines) > LISTED else shown


def _summary(layout: Layout, read: Read, findings: int) -> dict[str, Any]:
    roles = Counter(role for _, role, _ in layout.files())
    return {
        "files": sum(roles.values()),
        "images": roles["image"],
        "tables": roles["table"],
        "side_cars": roles["side_car"],
        "rejected": roles["rejected"],
        "ignored": roles["ignored"],
        "rows": sum(1 for r in read.records.values() if r.has_row),
        "rows_without_picture": sum(1 for r in read.records.values() if not r.has_picture),
        "rows_rejected": read.rows_rejected,
        "relations": len(set(read.relations)),
        "findings": findings,
    }
