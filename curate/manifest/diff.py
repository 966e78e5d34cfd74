"""What changed between two frozen manifests, and the step of version that follows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from curate.errors import BrokenInvariantError
from curate.manifest.moves import Causes
from curate.manifest.read import Manifest
from curate.manifest.schema import EDGES, SPLITS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

Row = dict[str, Any]
LABEL_COLUMNS = ("labels", "node_id", "training_class", "nine_class", "three_class")
OF_CONTENT = ("pixel_sha256", "bytes", "width", "height", "sharpness", "contrast", "framing")  # follow from the file's bytes
REASONS = ("component", "pinned", "excluded_reason")  # names and reasons that follow from edges, labels and settings
TOLD_ELSEWHERE = (
    "counts",
    "sources",
    "rejected",
    "findings",
    "not_checked",
    "version",
    "extends",
)  # keys of manifest.json that are no settings
PAIR = ["image_a", "image_b", "evidence"]


@dataclass(frozen=True)
class Difference:
    """Two manifests compared; every list holds rows (dicts) that can be printed as JSON, in the order of their keys.

    Attributes:
        before, after: `name`, `version`, `digest`, `images` and `edges` of the two.
        step: `none` (the same digest), `patch`, `minor` or `major`; `because`: what makes it so.
        splits: images by split: `before + added - removed + moved_in - moved_out = after`.
        evidence: edges by evidence: `before + added - removed = after`.
        images_added, images_removed: `image_id`, `split`, `component`.
        images_changed: the same id, another sha256; `same_pixels` where only the file around them changed.
        moved: `image_id`, `from` and `to` (a split, or `excluded`), `cause` (`curate.manifest.moves`), `detail`.
        folds: images that changed their cross-validation fold: `image_id`, `from`, `to`.
        labels: `image_id`, `column` (the publisher's `labels`, `node_id` or a class), `from`, `to`.
        facts: the same of all other columns.
        reasons: the same of `component`, `pinned` and `excluded_reason`, which follow from the rest.
        edges_added, edges_removed, edges_changed: pairs by evidence; a change is of score, probability or basis.
        components_merged, components_split: a component, those that it came `from` or went `to`, its size, and the edges
            added or removed in it by evidence. components_new, components_gone: components of added or removed images alone.
        classes, nodes, groups, sources: rows with `change` (`added`, `removed`, `changed`), the `id`, and of a change
            `column`, `from`, `to`: training classes, places of the taxonomy in use, the nine and the three, repositories.
        settings: `setting`, `from`, `to`: policy, protocol, seed, taxonomy, partition, software.
        columns: columns of images.parquet that one of the two lacks: `change`, `id`.
        notes: findings, rejected files and limits of the proof: `change`, `kind`, `note`.
    """

    before: Row
    after: Row
    step: str
    because: list[str]
    splits: list[Row]
    evidence: list[Row]
    images_added: list[Row]
    images_removed: list[Row]
    images_changed: list[Row]
    moved: list[Row]
    folds: list[Row]
    labels: list[Row]
    facts: list[Row]
    reasons: list[Row]
    edges_added: list[Row]
    edges_removed: list[Row]
    edges_changed: list[Row]
    components_merged: list[Row]
    components_split: list[Row]
    components_new: list[Row]
    components_gone: list[Row]
    classes: list[Row]
    nodes: list[Row]
    groups: list[Row]
    sources: list[Row]
    settings: list[Row]
    columns: list[Row]
    notes: list[Row]

    def as_json(self) -> Row:
        """Return everything as one JSON object."""
        return asdict(self)


def next_version(version: str, step: str) -> str:
    """Return the version that follows one such as `1.4.2` by a step of `compare`; a manifest that says the same is a patch, too."""
    major, minor, patch = map(int, version.split("."))
    if step == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if step == "minor" else f"{major}.{minor}.{patch + 1}"


def compare(before: Manifest, after: Manifest) -> Difference:
    """Compare two manifests that were read, an older with a newer one; neither is verified here.

    Raises:
        BrokenInvariantError: a table is not of the form that the schema says (an image twice, a value missing).
    """
    try:
        return _compare(before, after)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenInvariantError(
            f"{before.folder} and {after.folder} cannot be compared: a value is missing, twice or of another type ({error}).",
            "`curate verify` on each says what is wrong.",
        ) from error


def _compare(before: Manifest, after: Manifest) -> Difference:
    old, new = _rows(before), _rows(after)
    shared = sorted(set(before.columns) & set(after.columns))
    changes = list(_changes(old, new, shared))
    settings = _settings(before, after)
    causes = Causes(old, new, [row["setting"] for row in settings])
    moved = []
    for row in (r for r in changes if r["column"] == "split"):
        cause, detail = causes.of(row["image_id"])
        moved.append({"image_id": row["image_id"], "from": row["from"], "to": row["to"], "cause": cause, "detail": detail})
    edges_added, edges_removed, edges_changed = _edges(before, after)
    rows = {
        "images_added": [_place(i, new) for i in sorted(new.keys() - old.keys())],
        "images_removed": [_place(i, old) for i in sorted(old.keys() - new.keys())],
        "images_changed": [
            {
                "image_id": r["image_id"],
                "from": r["from"],
                "to": r["to"],
                "same_pixels": old[r["image_id"]]["pixel_sha256"] == new[r["image_id"]]["pixel_sha256"],
            }
            for r in changes
            if r["column"] == "sha256"
        ],
        "moved": moved,
        "folds": [{k: v for k, v in r.items() if k != "column"} for r in changes if r["column"] == "fold"],
        "labels": [r for r in changes if r["column"] in LABEL_COLUMNS],
        "facts": [r for r in changes if r["column"] not in (*LABEL_COLUMNS, *REASONS, "sha256", "split", "fold")],
        "reasons": [r for r in changes if r["column"] in REASONS],
        "edges_added": edges_added,
        "edges_removed": edges_removed,
        "edges_changed": edges_changed,
        **_components(old, new, edges_added, edges_removed),
        "classes": _by_id(before.classes["training_classes"], after.classes["training_classes"], "id", {"images"}),
        "nodes": _by_id(before.classes["nodes"], after.classes["nodes"], "node_id"),
        "groups": [
            row for level in ("three", "nine") for row in _by_id(before.classes[level], after.classes[level], "name", {"images"})
        ],
        "sources": _by_id(before.info["sources"], after.info["sources"], "id", {"folders"}),
        "settings": settings,
        "columns": _columns(before, after),
        "notes": _notes(before, after),
    }
    step, because = _step(rows, same=before.digest == after.digest)
    return Difference(
        before=_told(before),
        after=_told(after),
        step=step,
        because=because,
        splits=_split_counts(old, new, rows),
        evidence=_evidence_counts(before, after, rows),
        **rows,
    )


def _told(manifest: Manifest) -> Row:
    return {
        "name": manifest.info.get("name"),
        "version": manifest.info.get("version"),
        "digest": manifest.digest,
        "images": manifest.images.num_rows,
        "edges": manifest.edges.num_rows,
    }


def _rows(manifest: Manifest) -> dict[str, Row]:
    rows = {row["image_id"]: row for row in manifest.images.to_pylist()}
    if len(rows) != manifest.images.num_rows:
        raise ValueError(f"an image id stands twice in {manifest.folder / 'images.parquet'}")
    return rows


def _place(image: str, rows: dict[str, Row]) -> Row:
    return {"image_id": image, "split": rows[image]["split"], "component": rows[image]["component"]}


def _same(a: object, b: object) -> bool:
    return a == b or repr(a) == repr(b)  # a missing number, also inside of a list, is equal to a missing number


def _changes(old: dict[str, Row], new: dict[str, Row], columns: list[str]) -> Iterable[Row]:
    for image in sorted(old.keys() & new.keys()):
        was, now = old[image], new[image]
        if was == now:
            continue
        other_file = was["sha256"] != now["sha256"]
        for column in columns:
            if not _same(was[column], now[column]) and not (other_file and column in OF_CONTENT):
                yield {"image_id": image, "column": column, "from": was[column], "to": now[column]}


def _edges(before: Manifest, after: Manifest) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows of pairs by evidence that came, went, and stayed with another score, probability or basis.

    Pairs are compared as whole numbers, and rows made of those that differ alone: a million edges are a matter of a second.
    """
    import numpy as np
    import pyarrow.compute as pc

    old, new = _pair_numbers(before.edges, after.edges)
    came = after.edges.filter(~np.isin(new, old)).select(EDGES.names).to_pylist()
    went = before.edges.filter(~np.isin(old, new)).select(EDGES.names).to_pylist()
    _, at_old, at_new = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    was, now = before.edges.take(at_old), after.edges.take(at_new)
    changed = []
    for value in EDGES.names[len(PAIR) :]:
        missing_was, missing_now = (pc.is_null(table.column(value), nan_is_null=True) for table in (was, now))
        one_missing, any_missing = pc.xor(missing_was, missing_now), pc.or_(missing_was, missing_now)
        other = pc.if_else(any_missing, one_missing, pc.not_equal(was.column(value), now.column(value)))
        for row, now_value in zip(
            was.filter(other).select([*PAIR, value]).to_pylist(), now.filter(other).column(value).to_pylist(), strict=True
        ):
            changed.append({**{k: row[k] for k in PAIR}, "column": value, "from": row[value], "to": now_value})
    return _by_pair(came), _by_pair(went), _by_pair(changed)


def _pair_numbers(old: "pa.Table", new: "pa.Table") -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return one whole number for each row: the same for the same pair and evidence in both tables, and for no others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers: tuple[Any, Any] = (np.zeros(len(old), np.int64), np.zeros(len(new), np.int64))
    for name in PAIR:
        words = pc.unique(pa.chunked_array([*old.column(name).chunks, *new.column(name).chunks], type=pa.string()))
        numbers = tuple(
            n * len(words) + pc.index_in(table.column(name), value_set=words).to_numpy()
            for n, table in zip(numbers, (old, new), strict=True)
        )
    if any(len(np.unique(n)) != len(n) for n in numbers):
        raise ValueError("a pair stands twice with the same evidence")
    return numbers


def _by_pair(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (*(row[name] for name in PAIR), row.get("column", "")))


def _components(old: dict[str, Row], new: dict[str, Row], added: list[Row], removed: list[Row]) -> dict[str, list[Row]]:
    became: dict[str, set[str]] = defaultdict(set)
    came_from: dict[str, set[str]] = defaultdict(set)
    for image in old.keys() & new.keys():
        became[old[image]["component"]].add(new[image]["component"])
        came_from[new[image]["component"]].add(old[image]["component"])
    sizes_old, sizes_new = (Counter(row["component"] for row in rows.values()) for rows in (old, new))

    def by_evidence(edges: list[Row], rows: dict[str, Row]) -> dict[str, Counter[str]]:
        kinds: dict[str, Counter[str]] = defaultdict(Counter)
        for edge in edges:
            kinds[rows[edge["image_a"]]["component"]][edge["evidence"]] += 1
        return kinds

    def several(of: Mapping[str, set[str]], end: str, sizes: Counter[str], kinds: Mapping[str, Counter[str]]) -> list[Row]:
        return [
            {"component": c, end: sorted(others), "images": sizes[c], "evidence": dict(sorted(kinds[c].items()))}
            for c, others in sorted(of.items())
            if len(others) > 1
        ]

    return {
        "components_merged": several(came_from, "from", sizes_new, by_evidence(added, new)),
        "components_split": several(became, "to", sizes_old, by_evidence(removed, old)),
        "components_new": [{"component": c, "images": n} for c, n in sorted(sizes_new.items()) if c not in came_from],
        "components_gone": [{"component": c, "images": n} for c, n in sorted(sizes_old.items()) if c not in became],
    }


def _by_id(before: list[Row], after: list[Row], key: str, passed_over: Iterable[str] = ()) -> list[Row]:
    """Return what was added, removed and changed in a list of objects that have an id."""
    old, new = ({row[key]: row for row in rows} for rows in (before, after))
    rows: list[Row] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new:
            rows.append({"change": "added" if name in new else "removed", "id": name})
            continue
        for column in sorted((old[name].keys() | new[name].keys()) - set(passed_over)):
            if not _same(was := old[name].get(column), now := new[name].get(column)):
                rows.append({"change": "changed", "id": name, "column": column, "from": was, "to": now})
    return rows


def _settings(before: Manifest, after: Manifest) -> list[Row]:
    old, new = (
        dict(
            _flat(
                {
                    **{k: v for k, v in m.info.items() if k not in TOLD_ELSEWHERE},
                    **{k: m.classes[k] for k in ("taxonomy", "partition")},
                }
            )
        )
        for m in (before, after)
    )
    return [
        {"setting": name, "from": old.get(name), "to": new.get(name)}
        for name in sorted(old.keys() | new.keys())
        if not _same(old.get(name), new.get(name))
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _columns(before: Manifest, after: Manifest) -> list[Row]:
    old, new = set(before.columns), set(after.columns)
    return [{"change": "added" if name in new else "removed", "id": name} for name in sorted(old ^ new)]


def _notes(before: Manifest, after: Manifest) -> list[Row]:
    rows: list[Row] = []
    for kind in ("findings", "rejected", "not_checked"):
        old, new = ({repr(note): note for note in m.info[kind]} for m in (before, after))
        for name in sorted(old.keys() ^ new.keys()):
            rows.append({"change": "added" if name in new else "removed", "kind": kind, "note": new.get(name, old.get(name))})
    return rows


def _split_counts(old: dict[str, Row], new: dict[str, Row], rows: Mapping[str, list[Row]]) -> list[Row]:
    columns = {
        "before": Counter(r["split"] for r in old.values()),
        "added": Counter(r["split"] for r in rows["images_added"]),
        "removed": Counter(r["split"] for r in rows["images_removed"]),
        "moved_in": Counter(r["to"] for r in rows["moved"]),
        "moved_out": Counter(r["from"] for r in rows["moved"]),
        "after": Counter(r["split"] for r in new.values()),
    }
    return [{"split": split, **{name: counts[split] for name, counts in columns.items()}} for split in SPLITS]


def _evidence_counts(before: Manifest, after: Manifest, rows: Mapping[str, list[Row]]) -> list[Row]:
    columns = {
        "before": Counter(before.edges.column("evidence").to_pylist()),
        "added": Counter(r["evidence"] for r in rows["edges_added"]),
        "removed": Counter(r["evidence"] for r in rows["edges_removed"]),
        "after": Counter(after.edges.column("evidence").to_pylist()),
    }
    kinds = sorted(columns["before"].keys() | columns["after"].keys())
    return [{"evidence": kind, **{name: counts[kind] for name, counts in columns.items()}} for kind in kinds]


def _step(rows: Mapping[str, list[Row]], *, same: bool) -> tuple[str, list[str]]:
    """Return the step of version and what makes it so, by Croissant's rule (version 1.1, "Versioning").

    MAJOR where existing data was edited, removed or moved across splits; MINOR where there is more of it and what there was is
    as it was; PATCH where only what is said about it, or its bytes, changed. Names of components, pins and reasons of exclusion
    follow from the rest and are no edits; a training class that gains places of the taxonomy is an addition.
    """

    def change(name: str, *kinds: str) -> list[Row]:
        return [r for r in rows[name] if r["change"] in kinds]

    grown = [r for r in rows["classes"] if r.get("column") == "nodes" and set(r["from"] or ()) <= set(r["to"] or ())]
    edited_classes = [r for r in change("classes", "changed", "removed") if r not in grown]
    major = {
        "images changed their split": rows["moved"],
        "images were removed": rows["images_removed"],
        "images changed their content": rows["images_changed"],
        "images changed their fold": rows["folds"],
        "values of labels or classes changed": rows["labels"],
        "other values of images changed": rows["facts"],
        "edges were removed": rows["edges_removed"],
        "values of edges changed": rows["edges_changed"],
        "training classes were removed or changed": edited_classes,
        "places of the taxonomy were removed or changed": change("nodes", "changed", "removed"),
        "of the nine and three classes changed": rows["groups"],
        "sources were removed": change("sources", "removed"),
        "columns were removed": change("columns", "removed"),
    }
    minor = {
        "images were added": rows["images_added"],
        "edges were added": rows["edges_added"],
        "training classes were added or grew": [*change("classes", "added"), *grown],
        "places of the taxonomy were added": change("nodes", "added"),
        "sources were added": change("sources", "added"),
        "columns were added": change("columns", "added"),
    }
    patch = {
        "settings changed": rows["settings"],
        "values of sources changed": change("sources", "changed"),
        "notes were added or removed": rows["notes"],
        "names or reasons changed": rows["reasons"],
    }
    for step, reasons in (("major", major), ("minor", minor), ("patch", patch)):
        if because := [f"{len(found)} {what}" for what, found in reasons.items() if found]:
            return step, because
    return ("none", []) if same else ("patch", ["the same content in other bytes"])
