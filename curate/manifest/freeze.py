"""The stage `freeze`: the catalogue's pictures, edges, classes and counts as a folder that nobody changes any more."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import curate
from curate.catalogue import Catalogue, digest_of, stage_record
from curate.catalogue.stages import record_stage, required_stage
from curate.catalogue.verdicts import last_words, stored_verdicts
from curate.errors import InputError, NotReadyError
from curate.manifest.about.files import about_files
from curate.manifest.about.publication import Publication
from curate.manifest.extension import history
from curate.manifest.folder import names_below
from curate.manifest.gate import admitted
from curate.manifest.keys import new_keys, put_in_place, with_new_keys, words_with
from curate.manifest.read import Manifest
from curate.manifest.schema import EDGES, IMAGES, SCHEMA_NAME, SCHEMA_VERSION, SPLITS
from curate.manifest.signature import Keys
from curate.manifest.text import text_lines
from curate.splits.quality_gate import FRAMED
from curate.splits.stage import split_is_current
from curate.taxonomy.normalise import images_by_node
from curate.taxonomy.partition import assign, classes_json, partition
from curate.taxonomy.tree import Tree

if TYPE_CHECKING:
    import pyarrow as pa

STAGE = "freeze"
VERSION = 2
PRIVATE_LICENCE = "LicenseRef-hospital-agreement"  # of an export that was made for one study
NOT_PUBLISHED = Publication()
LIBRARIES = ("duckdb", "faiss-cpu", "ImageHash", "numpy", "opencv-python-headless", "pillow", "pyarrow", "scipy")
SAFE_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


def freeze(
    catalogue: Catalogue,
    tree: Tree,
    name: str,
    out: Path,
    *,
    max_class_size: int = 1000,
    inclusive: bool = True,
    allowed_licences: Sequence[str] | None = None,
    text: bool = False,
    publication: Publication = NOT_PUBLISHED,
    private: Sequence[str] = (),
    keys: Keys | None = None,
) -> dict[str, Any]:
    """Write the manifest `out/name` and return its summary: folder, digest, images, edges, training classes, signatures.

    The folder appears whole or not at all. One that is already there is never touched: it is the same to the byte, or the
    name is refused. With `text` it holds its tables in their text form too, and so has another digest than without.

    Args:
        catalogue: with a split that is not older than its links.
        tree: the taxonomy.
        name: of the manifest and of its folder.
        out: the folder in which that of the manifest is made.
        max_class_size: limit of a training class.
        inclusive: whether a class may have exactly that many images.
        allowed_licences: SPDX expressions, any of which may do for an image in a split; None: any licence.
        text: whether to write the tables as CSV too.
        publication: when it was published, by whom, and where.
        private: sources whose patient and lesion keys are made anew, besides those under a hospital's agreement.
        keys: what to sign with, now or, where the same manifest is there already, after the fact.

    Raises:
        NotReadyError: the split is missing or older than what it was made of.
        InputError: the name is taken by another content, or is no portable folder name; an expression, a source or a key
            is none.
        BrokenInvariantError: an image in a split is under a licence that is not allowed.
    """
    if keys is not None:
        keys.check()
    summary = _freeze(catalogue, tree, name, out, max_class_size, inclusive, allowed_licences, text, publication, private)
    return summary if keys is None else {**summary, "signatures": keys.sign(Path(summary["folder"]))}


def _freeze(
    catalogue: Catalogue,
    tree: Tree,
    name: str,
    out: Path,
    max_class_size: int,
    inclusive: bool,
    allowed_licences: Sequence[str] | None,
    text: bool,
    publication: Publication,
    private: Sequence[str],
) -> dict[str, Any]:
    if not name or any(c not in SAFE_NAME for c in name) or name.startswith("."):
        raise InputError(f"{name!r} cannot name a manifest.", "Use letters, digits, '.', '_' and '-'.")
    split = required_stage(catalogue, "split", "curate split")
    if not split_is_current(catalogue, tree):
        raise NotReadyError(
            "The split is older than the links, the labels or what people said of pictures.", "Run `curate split` again."
        )
    target = out / name
    asked = _Asked(
        name=name,
        max_class_size=max_class_size,
        inclusive=inclusive,
        allowed_licences=None if allowed_licences is None else tuple(allowed_licences),
        text=text,
        publication=publication.stated(),
        private=_private(catalogue, private),
    )
    settings = asdict(asked)
    input_digest = digest_of(VERSION, split.output_digest, tree.digest, settings, _versions())
    last = stage_record(catalogue, STAGE, name)
    if last and last.input_digest == input_digest and _sums_digest(target) == last.output_digest:
        return {**last.summary, "folder": str(target), "skipped": True}
    partial = out / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        summary = _write(catalogue, tree, partial, asked)
        digest = _sums_digest(partial)
        if target.exists():
            if _sums_digest(target) != digest:
                raise InputError(
                    f"{target} is frozen already, with other content.", "A correction is a new manifest: give it another name."
                )
        else:
            partial.replace(target)
            _sync_folder(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    summary["digest"] = digest
    with catalogue.transaction():
        record_stage(
            catalogue, STAGE, scope=name, input_digest=input_digest, output_digest=str(digest), settings=settings, summary=summary
        )
    return {**summary, "folder": str(target), "skipped": False}


@dataclass(frozen=True)
class _Asked:
    """What a manifest is to be, besides what the catalogue holds."""

    name: str
    max_class_size: int
    inclusive: bool
    allowed_licences: tuple[str, ...] | None
    text: bool
    publication: dict[str, Any]
    private: tuple[str, ...]


def _private(catalogue: Catalogue, named: Sequence[str]) -> tuple[str, ...]:
    """Return the sources whose keys are not public: those named, and those under a hospital's agreement."""
    licences = dict(catalogue.rows("SELECT source_id, licence FROM sources"))
    if unknown := sorted(set(named) - licences.keys()):
        raise InputError(
            f"The catalogue has no source {unknown[0]!r} whose keys could be made anew.",
            f"Its sources are {', '.join(sorted(licences))}.",
        )
    return tuple(sorted(set(named) | {source for source, licence in licences.items() if licence == PRIVATE_LICENCE}))


def _write(catalogue: Catalogue, tree: Tree, folder: Path, asked: _Asked) -> dict[str, Any]:
    import pyarrow as pa

    classes = partition(tree, images_by_node(catalogue), asked.max_class_size, inclusive=asked.inclusive)
    image_rows = _image_rows(catalogue, tree, assign(classes))
    allowance = admitted(image_rows, asked.allowed_licences)
    new = new_keys(image_rows, asked.private)
    put_in_place(image_rows, new)
    images = pa.Table.from_pylist(image_rows, schema=IMAGES)
    edges = with_new_keys(_edges(catalogue), new)
    _write_table(images, folder / "images.parquet")
    _write_table(edges, folder / "edges.parquet")
    if asked.text:
        _write_text(images, folder / "images.csv")
        _write_text(edges, folder / "edges.csv")
    used = classes_json(
        tree, classes, used_nodes=_used_nodes(catalogue), max_class_size=asked.max_class_size, inclusive=asked.inclusive
    )
    _write_json(used, folder / "classes.json")
    info = _info(catalogue, asked, images, edges, allowance, new)
    extends = required_stage(catalogue, "split", "curate split").settings.get("extends")
    info |= history(extends, Manifest(folder, "", info, used, images, edges))
    _write_json(info, folder / "manifest.json")
    digests = {name: _file_sha256(folder / name) for name in ("images.parquet", "edges.parquet")}
    for name, content in about_files(info, images, edges.schema, digests, text=asked.text).items():
        (folder / name).parent.mkdir(exist_ok=True)
        _write_bytes(content.encode("utf-8"), folder / name)
    sums = "".join(f"{_file_sha256(folder / n)}  {n}\n" for n in names_below(folder))
    _write_bytes(sums.encode(), folder / "SHA256SUMS")
    return {"images": images.num_rows, "edges": edges.num_rows, "training_classes": len(classes), "name": asked.name}


def _image_rows(catalogue: Catalogue, tree: Tree, class_of: dict[str, str]) -> list[dict[str, Any]]:
    independent = set(required_stage(catalogue, "split", "curate split").settings["protocol"]["independent"])
    frame = catalogue.connection.execute(
        """SELECT p.image_id, p.source_id AS source, p.path, p.sha256, p.pixel_sha256, p.bytes, p.width, p.height,
                  a.split, a.excluded_reason, a.pinned, a.fold, c.component, n.node_id,
                  p.sharpness, p.contrast, p.framing, a.quality_fail,
                  r.confirmation, r.official_split, r.modality, r.shot_type, r.site, r.sex, r.skin_type, r.age,
                  r.licence, r.attribution,
                  (SELECT coalesce(list({'field': l.field, 'label': l.label, 'node_id': l.node_id, 'weight': l.weight,
                                         'fallback': l.fallback} ORDER BY l.rank, l.weight DESC, l.label), [])
                   FROM image_labels l WHERE l.image_id = p.image_id) AS labels,
                  (SELECT coalesce(list(k.key ORDER BY k.key), [])
                   FROM image_key_rows k WHERE k.image_id = p.image_id) AS image_keys,
                  (SELECT coalesce(list(k.lesion_key ORDER BY k.lesion_key), [])
                   FROM image_lesion_keys k WHERE k.image_id = p.image_id) AS lesion_keys,
                  (SELECT coalesce(list(k.patient_key ORDER BY k.patient_key), [])
                   FROM image_patient_keys k WHERE k.image_id = p.image_id) AS patient_keys,
                  (SELECT coalesce(list(d.name ORDER BY d.name), [])
                   FROM drawn_sets d WHERE d.image_id = p.image_id AND d.kind = 'test') AS tests,
                  (SELECT coalesce(list(d.name ORDER BY d.name), [])
                   FROM drawn_sets d WHERE d.image_id = p.image_id AND d.kind = 'reader_set') AS reader_sets
           FROM pictures p JOIN assignments a USING (image_id) JOIN split_components c USING (image_id)
           LEFT JOIN image_nodes n USING (image_id) LEFT JOIN records r USING (image_id)"""
    )
    names = [column[0] for column in frame.description]
    rows = [dict(zip(names, values, strict=True)) for values in frame.fetchall()]
    words = last_words(stored_verdicts(catalogue))
    for row in rows:
        node = row["node_id"]
        row["quality_word"] = words.get(row["image_id"])
        if row["modality"] != FRAMED or row["shot_type"] is not None:
            row["framing"] = None  # of no account
        in_split = row["split"] != "excluded"
        row["training_class"] = class_of[node] if in_split else None
        row["nine_class"] = tree.nine_class(node) if node else None
        row["three_class"] = tree.three_class(node) if node else None
        row["independent"] = row["source"] in independent
    return sorted(rows, key=lambda row: row["image_id"])


def _edges(catalogue: Catalogue) -> "pa.Table":
    columns = catalogue.connection.sql(f"SELECT {', '.join(EDGES.names)} FROM split_edges ORDER BY image_a, image_b, evidence")
    return columns.to_arrow_table().cast(EDGES)


def _used_nodes(catalogue: Catalogue) -> list[str]:
    return [n for (n,) in catalogue.rows("SELECT DISTINCT node_id FROM image_labels WHERE node_id IS NOT NULL ORDER BY 1")]


def _info(
    catalogue: Catalogue,
    asked: _Asked,
    images: "pa.Table",
    edges: "pa.Table",
    allowance: dict[str, Any],
    new: dict[str, dict[str, str]],
) -> dict[str, Any]:
    linked = required_stage(catalogue, "link", "curate link")
    made = required_stage(catalogue, "split", "curate split")
    protocol = made.settings["protocol"]
    extractor = required_stage(catalogue, "fingerprint", "curate fingerprint").settings["extractor"]
    calibration = linked.summary.get("calibration")
    policy = {**linked.settings["policy"], "calibration": calibration and calibration["sha256"]}
    columns = images.select(["split", "excluded_reason", "component", "nine_class"]).to_pydict()
    splits = Counter(columns["split"])
    sizes = Counter(columns["component"])
    said = words_with(new, _unseen_keys(catalogue, asked.private))
    requires = {"independent": protocol["protocol"] == "paper", "confirmed": protocol["protocol"] == "paper", "quality": True}
    return {
        "schema": SCHEMA_NAME,
        "schema_version": SCHEMA_VERSION,
        "name": asked.name,
        "publication": asked.publication,
        "rekeyed": list(asked.private),
        "level": policy["level"],
        "software": _versions(),
        "seed": protocol["seed"],
        "policy": policy,
        "extractor": extractor,
        "calibration": calibration,
        "nearest_found": linked.summary["nearest_found"],
        "pairs_compared": linked.summary["pairs_compared"],
        "protocol": {
            "name": protocol["protocol"],
            "assignment": protocol["assignment"],
            "tolerance": protocol["tolerance"],
            "adopted": made.summary["official"]["adopted"] if made.summary["official"] else [],
            "test": protocol["test"],
            "validation": protocol["validation"],
            "folds": protocol["folds"],
            "independent": protocol["independent"],
            "quality": protocol["quality"],
            "test_requires": requires,
        },
        **allowance,
        "counts": {
            "images": images.num_rows,
            "splits": {s: splits[s] for s in SPLITS},
            "excluded": dict(sorted(Counter(r for r in columns["excluded_reason"] if r).items())),
            "edges": dict(sorted(Counter(edges.column("evidence").to_pylist()).items())),
            "components": len(sizes),
            "components_with_several": sum(1 for n in sizes.values() if n > 1),
            "largest_component": max(sizes.values(), default=0),
            "without_nine_class": sum(
                1 for s, n in zip(columns["split"], columns["nine_class"], strict=True) if s != "excluded" and n is None
            ),
        },
        "drawn_sets": made.summary["sets"],
        "sources": _sources(catalogue, set(protocol["independent"]), made.summary["levels"]),
        "rejected": [
            {"source": s, "path": p, "reason": r}
            for s, p, r in catalogue.rows("SELECT source_id, path, reason FROM rejected_files ORDER BY 1, 2")
        ],
        "findings": [
            {"id": i, "severity": s, "message": said(m), "component": c, "images": list(images)}
            for i, s, m, c, images in catalogue.rows("SELECT id, severity, message, component, images FROM findings ORDER BY ALL")
        ],
        "not_checked": [*(f"{name}: {why}" for name, why in sorted(linked.summary["not_run"].items())), _unseen(calibration)],
    }


def _unseen_keys(catalogue: Catalogue, private: Sequence[str]) -> list[str]:
    """Return the patient and lesion keys of private sources, with those of rows that have no picture."""
    return [
        key
        for (key,) in catalogue.rows(
            """SELECT DISTINCT key FROM (SELECT source_id, unnest(lesion_keys || patient_keys) AS key FROM records)
               WHERE list_contains(?, source_id) ORDER BY 1""",
            [list(private)],
        )
    ]


def _unseen(calibration: dict[str, Any] | None) -> str:
    """Say which leaks no evidence of this manifest can see."""
    if calibration is None:
        return (
            "other photographs of one lesion that share neither an id, nor a time, nor nearly all of their pixels: "
            "no evidence of this manifest finds them"
        )
    found = ", ".join(f"{share:.0%} of {name} pairs" for name, share in calibration["recall_of_known"].items())
    return (
        "other photographs of one lesion that share no id and too few points: without ids, "
        f"{found} known beforehand were found where the probabilities were learnt"
    )


def _sources(catalogue: Catalogue, independent: set[str], levels: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    folders: dict[str, list[dict[str, Any]]] = {}
    for source, folder, *numbers in catalogue.rows(
        """WITH roles AS (
               SELECT f.source_id, f.path, CASE WHEN r.path IS NOT NULL THEN 'rejected' ELSE f.role END AS role
               FROM files f LEFT JOIN rejected_files r USING (source_id, path))
           SELECT source_id, regexp_replace(path, '/?[^/]*$', '') AS folder, count(*),
                  count(*) FILTER (role = 'image'), count(*) FILTER (role = 'table'), count(*) FILTER (role = 'side_car'),
                  count(*) FILTER (role = 'rejected'), count(*) FILTER (role = 'ignored')
           FROM roles GROUP BY 1, 2 ORDER BY 1, 2"""
    ):
        names = ("files", "images", "tables", "side_cars", "rejected", "ignored")
        folders.setdefault(source, []).append({"folder": folder or ".", **dict(zip(names, numbers, strict=True))})
    return [
        {
            "id": source,
            "name": name,
            "licence": licence,
            "citation": citation,
            "independent": source in independent,
            **_level(levels.get(source)),
            "declaration_sha256": digest,
            "images": sum(f["images"] for f in folders.get(source, [])),
            "rows": rows,
            "rows_without_picture": without,
            "folders": folders.get(source, []),
        }
        for source, name, licence, citation, digest, rows, without in catalogue.rows(
            """SELECT s.source_id, s.name, s.licence, s.citation, s.declaration_sha256, i."rows", i.rows_without_picture
               FROM sources s JOIN ingests i USING (source_id) ORDER BY 1"""
        )
    ]


def _level(found: dict[str, Any] | None) -> dict[str, Any]:
    """Return the level of a source and how many of its images have keys of each; a source without pictures has none."""
    return {"level": found["level"], "keyed": {n: found[n] for n in ("patient", "lesion", "image")}} if found else {}


def _versions() -> dict[str, str]:
    return {"dermcurate": curate.__version__, **{name: version(name) for name in LIBRARIES}}


def _write_table(table: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd", row_group_size=65_536, version="2.6", store_schema=False)
    _sync_file(path)


def _write_text(table: "pa.Table", path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        handle.writelines(text_lines(table))
    _sync_file(path)


def _write_json(content: object, path: Path) -> None:
    _write_bytes((json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8"), path)


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    _sync_file(path)


def _sync_file(path: Path) -> None:
    path.chmod(0o444)
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sums_digest(folder: Path) -> str | None:
    path = folder / "SHA256SUMS"
    return _file_sha256(path) if path.is_file() else None


def _file_sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
