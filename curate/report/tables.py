"""The numbers of the report, each table derived from the frozen manifest alone."""

from collections import Counter, defaultdict
from typing import Any

import pandas as pd

from curate.manifest.read import Manifest
from curate.manifest.schema import SPLITS
from curate.report.sunburst import images_below

Rows = list[dict[str, Any]]
FOLDER_ROLES = ("images", "tables", "side_cars", "rejected", "ignored")


def folders(manifest: Manifest) -> Rows:
    """Return files by source and folder, with what they are; every file counted once."""
    return [
        {"source": source["id"], "folder": f["folder"], "files": f["files"], **{role: f[role] for role in FOLDER_ROLES}}
        for source in manifest.info["sources"]
        for f in source["folders"]
    ]


def sources(manifest: Manifest, images: pd.DataFrame) -> Rows:
    """Return, by source: files, pictures, splits, rows of tables, rows without a picture."""
    splits = images.groupby(["source", "split"]).size()
    rows = []
    for source in manifest.info["sources"]:
        totals = {role: sum(f[role] for f in source["folders"]) for role in ("files", *FOLDER_ROLES)}
        rows.append(
            {
                "source": source["id"],
                "name": source["name"],
                "licence": source["licence"],
                **totals,
                **{s: int(splits.get((source["id"], s), 0)) for s in SPLITS},
                "rows": source["rows"],
                "rows_without_picture": source["rows_without_picture"],
            }
        )
    return rows


def excluded(images: pd.DataFrame) -> Rows:
    """Return images left out, by reason."""
    counts = images.loc[images.split == "excluded", "excluded_reason"].value_counts()
    return [{"reason": reason, "images": int(n)} for reason, n in sorted(counts.items())]


def pinned(images: pd.DataFrame) -> Rows:
    """Return images kept in train, by reason; an image with several reasons counts under each."""
    counts = Counter(code for codes in images.pinned.dropna() for code in codes.split(","))
    return [{"reason": reason, "images": n} for reason, n in sorted(counts.items())]


def classes(manifest: Manifest, images: pd.DataFrame) -> Rows:
    """Return the nine classes, the images above them, and how many each split holds."""
    held = images[images.split != "excluded"]
    counts = held.groupby([held.nine_class.fillna(""), "split"]).size()
    rows = [
        {"nine_class": g["name"], "title": g["title"], "three_class": g["three"], **_by_split(counts, g["name"])}
        for g in manifest.classes["nine"]
    ]
    above = {"nine_class": "", "title": "label above the nine classes", "three_class": "", **_by_split(counts, "")}
    return [*rows, above] if above["images"] else rows


def taxonomy(manifest: Manifest, images: pd.DataFrame) -> Rows:
    """Return the nodes that hold images of a split, or lie above such: images on the node itself, and with all below it."""
    own = images_by_node(images)
    totals = images_below(manifest.classes["nodes"], own)
    return [
        {
            "node_id": node["node_id"],
            "name": node["name"],
            "parent_id": node["parent_id"] or "",
            "images_on_it": own.get(node["node_id"], 0),
            "images_below": totals[node["node_id"]],
        }
        for node in manifest.classes["nodes"]
        if totals.get(node["node_id"])
    ]


def images_by_node(images: pd.DataFrame) -> dict[str, int]:
    """Return how many images of the splits lie on each node."""
    return {str(n): int(c) for n, c in images.loc[images.split != "excluded", "node_id"].value_counts().items()}


def training_classes(manifest: Manifest) -> Rows:
    """Return the training classes, the largest first."""
    names = ("id", "title", "nine", "three", "images")
    rows = [{name: c[name] for name in names} for c in manifest.classes["training_classes"]]
    return sorted(rows, key=lambda r: (-r["images"], r["id"]))


def evidence(images: pd.DataFrame, edges: pd.DataFrame) -> Rows:
    """Return, by kind of evidence: edges, edges between two sources, pairs that nothing else joins, and in which split they lie."""
    split = images.set_index("image_id").split
    source = images.set_index("image_id").source
    with_place = edges.assign(
        split_a=edges.image_a.map(split),
        split_b=edges.image_b.map(split),
        other=edges.image_a.map(source) != edges.image_b.map(source),
    )
    alone = ~edges.duplicated(["image_a", "image_b"], keep=False)
    rows = []
    for kind, group in with_place.groupby("evidence", sort=True):
        outside = (group.split_a == "excluded") | (group.split_b == "excluded")
        inside = {s: int(((group.split_a == s) & (group.split_b == s)).sum()) for s in SPLITS[:3]}
        rows.append(
            {
                "evidence": kind,
                "edges": len(group),
                "between_sources": int(group.other.sum()),
                "only_evidence": int(alone[group.index].sum()),
                **inside,
                "touching_excluded": int(outside.sum()),
                "crossing_splits": int(((group.split_a != group.split_b) & ~outside).sum()),
            }
        )
    return rows


def source_pairs(images: pd.DataFrame, edges: pd.DataFrame) -> Rows:
    """Return how many pairs of images are joined within and between sources, whatever the evidence."""
    source = images.set_index("image_id").source
    pairs = edges[["image_a", "image_b"]].drop_duplicates()
    counts = Counter(tuple(sorted(p)) for p in zip(pairs.image_a.map(source), pairs.image_b.map(source), strict=True))
    return [{"source_a": a, "source_b": b, "pairs": n} for (a, b), n in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]))]


def component_sizes(images: pd.DataFrame) -> Rows:
    """Return how many components have each size."""
    sizes = Counter(images.groupby("component").size().tolist())
    return [{"images_in_component": size, "components": n, "images": size * n} for size, n in sorted(sizes.items())]


def components(images: pd.DataFrame, edges: pd.DataFrame) -> Rows:
    """Return the components of several images, the largest first: where they are, what joins them, what they are labelled."""
    component = images.set_index("image_id").component
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for name, kind in zip(edges.image_a.map(component), edges.evidence, strict=True):
        kinds[name][kind] += 1
    rows = []
    for name, group in images.groupby("component", sort=True):
        if len(group) > 1:
            rows.append(
                {
                    "component": name,
                    "images": len(group),
                    "split": " ".join(sorted(set(group.split))),
                    "sources": " ".join(sorted(set(group.source))),
                    "evidence": ", ".join(f"{k} {n}" for k, n in sorted(kinds[str(name)].items())),
                    "labels": ", ".join(sorted({label["label"] for labels in group.labels for label in labels})),
                    "pinned": group.pinned.dropna().iloc[0] if group.pinned.notna().any() else "",
                }
            )
    return sorted(rows, key=lambda r: (-r["images"], r["component"]))


def official_splits(images: pd.DataFrame) -> Rows:
    """Return what the publishers' own splits would leak: components with images in several of their parts."""
    rows: Rows = []
    for source, group in images[images.official_split.notna()].groupby("source", sort=True):
        parts = group.groupby("component").official_split.nunique()
        over = parts[parts > 1]
        if len(group.official_split.unique()) > 1:
            touched = group.component.isin(over.index)
            rows.append(
                {
                    "source": source,
                    **dict(Counter(group.official_split.tolist())),
                    "straddling_components": len(over),
                    "images_in_them": int(touched.sum()),
                    "test_images_in_them": int((touched & (group.official_split == "test")).sum()),
                }
            )
    return rows


def findings(manifest: Manifest) -> Rows:
    """Return the findings, errors first."""
    order = {"error": 0, "warning": 1, "info": 2}
    rows = [
        {
            "id": f["id"],
            "severity": f["severity"],
            "message": f["message"],
            "component": f["component"] or "",
            "images": list(f["images"]),
        }
        for f in manifest.info["findings"]
    ]
    return sorted(rows, key=lambda r: (order.get(r["severity"], 3), r["id"], r["message"]))


def _by_split(counts: "pd.Series[int]", name: str) -> dict[str, int]:
    found = {s: int(counts.get((name, s), 0)) for s in SPLITS[:3]}
    return {**found, "images": sum(found.values())}
