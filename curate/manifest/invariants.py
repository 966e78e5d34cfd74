"""The invariants of a frozen manifest, each checked anew from its tables alone.

Nothing here is shared with the code that linked the images and made the split: components are found by a union-find of
their own, classes and counts are derived again, and what the manifest says of itself is compared with that.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from curate.manifest.pictures import is_portable
from curate.manifest.schema import SPLITS

Rows = list[dict[str, Any]]
Json = dict[str, Any]
HELD_OUT = ("validation", "test")
GIVEN = ("train", "validation", "test")
MUST_LINK = {"lesion", "patient", "image_id", "declared", "bytes", "pixels", "verdict"}
CANDIDATE = {"exif", "hash", "cnn", "local"}


class Frozen:
    """The rows of a manifest, and what several checks need of them."""

    def __init__(self, images: Rows, edges: Rows, classes: Json, info: Json) -> None:
        self.images = images
        self.edges = edges
        self.classes = classes
        self.info = info
        self.by_id: dict[str, dict[str, Any]] = {row["image_id"]: row for row in images}
        self.nodes: dict[str, dict[str, Any]] = {n["node_id"]: n for n in classes["nodes"]}
        self.three: dict[str, str] = {g["node_id"]: g["name"] for g in classes["three"]}
        self.nine: dict[str, str] = {g["node_id"]: g["name"] for g in classes["nine"]}

    def path(self, node_id: str) -> list[str]:
        """Return the node and its ancestors, the root last; stops where a parent is missing or a circle closes."""
        path: list[str] = []
        node: str | None = node_id
        while node is not None and node in self.nodes and node not in path:
            path.append(node)
            node = self.nodes[node]["parent_id"]
        return path

    def three_of(self, node_id: str) -> str | None:
        """Return the three-class of a node, derived."""
        return next((self.three[n] for n in self.path(node_id) if n in self.three), None)

    def nine_of(self, node_id: str) -> str | None:
        """Return the nine-class of a node, derived; None above level 2."""
        return next((self.nine[n] for n in self.path(node_id) if n in self.nine), None)

    def exclude_each_other(self, nodes: list[str]) -> bool:
        """Say whether two of the nodes are such that neither is the other or lies above it."""
        return any(a not in self.path(b) and b not in self.path(a) for n, a in enumerate(nodes) for b in nodes[n + 1 :])

    def groups(self, edges: Iterable[dict[str, Any]]) -> dict[str, str]:
        """Return for each image the smallest id that edges lead to."""
        parent = {image: image for image in self.by_id}

        def top(image: str) -> str:
            while parent[image] != image:
                parent[image] = parent[parent[image]]
                image = parent[image]
            return image

        for edge in edges:
            if edge["image_a"] in parent and edge["image_b"] in parent:
                a, b = top(edge["image_a"]), top(edge["image_b"])
                parent[max(a, b)] = min(a, b)
        return {image: top(image) for image in parent}


def images_are_well_formed(frozen: Frozen) -> Iterator[str]:
    """Images are sorted, unique, and their ids, paths and digests are what the schema says."""
    ids = [row["image_id"] for row in frozen.images]
    if ids != sorted(ids):
        yield "images.parquet is not sorted by image_id"
    for field, values in (("image_id", ids), ("path", [f"{r['source']}:{r['path']}" for r in frozen.images])):
        for value, count in Counter(v.casefold() for v in values).items():
            if count > 1:
                yield f"{field} {value} stands on {count} rows (letter case ignored)"
    for row in frozen.images:
        image = row["image_id"]
        if not image.startswith(f"{row['source']}:"):
            yield f"{image}: not of the form source:native_id with source {row['source']}"
        if not is_portable(row["path"]):
            yield f"{image}: path {row['path']!r} is absolute, leaves its folder or is not portable"
        for field in ("sha256", "pixel_sha256"):
            if len(row[field]) != 64 or not set(row[field]) <= set("0123456789abcdef"):
                yield f"{image}: {field} is no sha256"


def edges_are_well_formed(frozen: Frozen) -> Iterator[str]:
    """Edges are sorted, unique, between known images, and their words and scores are what the schema says."""
    order = [(e["image_a"], e["image_b"], e["evidence"]) for e in frozen.edges]
    if order != sorted(set(order)):
        yield "edges.parquet is not sorted, or has a pair and evidence twice"
    for edge in frozen.edges:
        pair = f"{edge['image_a']} - {edge['image_b']}"
        if not edge["image_a"] < edge["image_b"]:
            yield f"edge {pair}: image_a is not before image_b"
        for end in (edge["image_a"], edge["image_b"]):
            if end not in frozen.by_id:
                yield f"edge {pair}: {end} is no image of this manifest"
        if edge["evidence"] not in MUST_LINK | CANDIDATE:
            yield f"edge {pair}: unknown evidence {edge['evidence']!r}"
        if edge["must_link"] != (edge["evidence"] in MUST_LINK):
            yield f"edge {pair}: must_link does not fit {edge['evidence']}"
        if not 0 <= edge["score"] <= 1:
            yield f"edge {pair}: score {edge['score']} is not in [0, 1]"


def components_are_whole(frozen: Frozen) -> Iterator[str]:
    """1: the edges join exactly what `component` says, and no component has images in two splits, nor in two folds."""
    derived = frozen.groups(frozen.edges)
    named: dict[str, set[str]] = defaultdict(set)
    joined: dict[str, set[str]] = defaultdict(set)
    splits: dict[str, dict[str, str]] = defaultdict(dict)
    folds: dict[str, dict[int, str]] = defaultdict(dict)
    for row in frozen.images:
        image, component = row["image_id"], row["component"]
        named[component].add(derived[image])
        joined[derived[image]].add(component)
        if row["split"] in GIVEN:
            splits[component].setdefault(row["split"], image)
        if row["fold"] is not None:
            folds[component].setdefault(row["fold"], image)
            if row["split"] not in ("train", "validation"):
                yield f"{image}: has fold {row['fold']} and is in {row['split']}"
    for component, tops in sorted(named.items()):
        if len(tops) > 1:
            yield f"component {component}: no edges join {' and '.join(sorted(tops)[:3])}"
    for top, names in sorted(joined.items()):
        if len(names) > 1:
            yield f"the images that edges join to {top} are in components {', '.join(sorted(names))}"
    for component, seen in sorted(splits.items()):
        if len(seen) > 1:
            yield f"component {component} straddles: " + ", ".join(f"{image} in {split}" for split, image in sorted(seen.items()))
    for placed in folds.values():
        if len(placed) > 1:
            yield f"component of {next(iter(placed.values()))} is in the folds {', '.join(map(str, sorted(placed)))}"


def no_evidence_crosses(frozen: Frozen) -> Iterator[str]:
    """2: no edge, lesion key, patient key (at patient level), image key, byte or pixel digest connects two splits."""
    for edge in frozen.edges:
        a, b = frozen.by_id.get(edge["image_a"]), frozen.by_id.get(edge["image_b"])
        if a and b and a["split"] != b["split"] and "excluded" not in (a["split"], b["split"]):
            yield f"{edge['evidence']} edge {a['image_id']} ({a['split']}) - {b['image_id']} ({b['split']})"
    lists = ["lesion_keys", "image_keys"] + (["patient_keys"] if frozen.info["level"] == "patient" else [])
    held: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in frozen.images:
        if row["split"] not in GIVEN:
            continue
        keys = [(field, key) for field in lists for key in row[field]]
        for what in [*keys, ("sha256", row["sha256"]), ("pixel_sha256", row["pixel_sha256"])]:
            held[what].setdefault(row["split"], row["image_id"])
    for (field, key), seen in sorted(held.items()):
        if len(seen) > 1:
            yield f"{field} {key} connects " + " and ".join(f"{image} ({split})" for split, image in sorted(seen.items()))


def held_out_is_fit(frozen: Frozen) -> Iterator[str]:
    """3: every test image is independent, confirmed and of quality, as the protocol asks; validation passes the gate too."""
    requires = frozen.info["protocol"]["test_requires"]
    gate = frozen.info["protocol"]["quality"]
    independent = set(frozen.info["protocol"]["independent"])
    for row in frozen.images:
        image = row["image_id"]
        codes = []
        if min(row["width"], row["height"]) < gate["least_side"]:
            codes.append("small")
        if row["sharpness"] < gate["least_sharpness"]:
            codes.append("blurred")
        if row["contrast"] < gate["least_contrast"]:
            codes.append("flat")
        if (row["quality_fail"] or "") != ",".join(codes):
            yield f"{image}: quality_fail is {row['quality_fail']!r}, its measures say {','.join(codes) or None!r}"
        if row["independent"] != (row["source"] in independent):
            yield f"{image}: independent does not fit the protocol's list"
        if requires["quality"] and row["split"] in HELD_OUT and codes:
            yield f"{image}: in {row['split']}, and fails the quality gate ({','.join(codes)})"
        if row["split"] == "test":
            if requires["independent"] and not row["independent"]:
                yield f"{image}: in test, and its source is not independent"
            if requires["confirmed"] and row["confirmation"] != "histopathology":
                yield f"{image}: in test, and not confirmed by histopathology"


def pinned_stay_in_train(frozen: Frozen) -> Iterator[str]:
    """4: what is pinned to train is in train and in no fold's validation part; a component is pinned as a whole."""
    pins: dict[str, set[str | None]] = defaultdict(set)
    for row in frozen.images:
        if row["pinned"] is not None and (row["split"] != "train" or row["fold"] is not None):
            yield f"{row['image_id']}: pinned ({row['pinned']}) and in {row['split']}, fold {row['fold']}"
        if row["split"] in GIVEN:
            pins[row["component"]].add(row["pinned"])
    for component, reasons in sorted(pins.items()):
        if len(reasons) > 1:
            yield f"component {component} is pinned in part only"


def counts_close(frozen: Frozen) -> Iterator[str]:
    """5: every image is in one split or excluded with a reason; images, files and edges add up to what the manifest says."""
    for row in frozen.images:
        if row["split"] not in SPLITS:
            yield f"{row['image_id']}: unknown split {row['split']!r}"
        if (row["split"] == "excluded") != (row["excluded_reason"] is not None):
            yield f"{row['image_id']}: split {row['split']}, excluded_reason {row['excluded_reason']!r}"
    sizes = Counter(r["component"] for r in frozen.images)
    splits = Counter(r["split"] for r in frozen.images)
    counted: Json = {
        "images": len(frozen.images),
        "splits": {s: splits[s] for s in SPLITS},
        "excluded": dict(Counter(r["excluded_reason"] for r in frozen.images if r["excluded_reason"])),
        "edges": dict(Counter(e["evidence"] for e in frozen.edges)),
        "components": len(sizes),
        "components_with_several": sum(1 for n in sizes.values() if n > 1),
        "largest_component": max(sizes.values(), default=0),
        "without_nine_class": sum(1 for r in frozen.images if r["split"] in GIVEN and r["nine_class"] is None),
    }
    stated = frozen.info["counts"]
    for name, value in counted.items():
        if stated.get(name) != value:
            yield f"manifest.json says {name} = {stated.get(name)}, the tables say {value}"
    by_source = Counter(r["source"] for r in frozen.images)
    by_folder = Counter((r["source"], r["path"].rpartition("/")[0] or ".") for r in frozen.images)
    rejected = Counter((r["source"], r["path"].rpartition("/")[0] or ".") for r in frozen.info["rejected"])
    listed = {s["id"] for s in frozen.info["sources"]}
    for source in sorted(by_source.keys() - listed):
        yield f"source {source} has images and is not in manifest.json"
    for source in frozen.info["sources"]:
        if source["images"] != by_source[source["id"]]:
            yield f"source {source['id']}: {source['images']} images stated, {by_source[source['id']]} rows"
        for folder in source["folders"]:
            where = f"source {source['id']}, folder {folder['folder']}"
            parts = sum(folder[role] for role in ("images", "tables", "side_cars", "rejected", "ignored"))
            if folder["files"] != parts:
                yield f"{where}: {folder['files']} files, accounted for {parts}"
            if folder["images"] != by_folder[source["id"], folder["folder"]]:
                yield f"{where}: {folder['images']} images stated, {by_folder[source['id'], folder['folder']]} rows"
            if folder["rejected"] != rejected[source["id"], folder["folder"]]:
                yield f"{where}: {folder['rejected']} rejected stated, {rejected[source['id'], folder['folder']]} listed"


def labels_agree(frozen: Frozen) -> Iterator[str]:
    """6: every image of a split has a node, a training class, a three-class and a nine-class that agree with the tree."""
    class_of = {node: c["id"] for c in frozen.classes["training_classes"] for node in c["nodes"]}
    for row in frozen.images:
        image, node = row["image_id"], row["node_id"]
        if node is None:
            if row["split"] in GIVEN:
                yield f"{image}: in {row['split']} without a node"
            if (row["nine_class"], row["three_class"], row["training_class"]) != (None, None, None):
                yield f"{image}: has classes and no node"
            continue
        if node not in frozen.nodes:
            yield f"{image}: node {node} is not in classes.json"
            continue
        if row["three_class"] != frozen.three_of(node):
            yield f"{image}: three_class {row['three_class']}, the tree says {frozen.three_of(node)}"
        if row["nine_class"] != frozen.nine_of(node):
            yield f"{image}: nine_class {row['nine_class']}, the tree says {frozen.nine_of(node)}"
        expected = class_of.get(node) if row["split"] in GIVEN else None
        if row["split"] in GIVEN and expected is None:
            yield f"{image}: no training class holds {node}"
        if row["training_class"] != expected:
            yield f"{image}: training_class {row['training_class']}, the partition says {expected}"
        if not any(node in frozen.path(label["node_id"]) for label in row["labels"] if label["node_id"]):
            yield f"{image}: node {node} is that of none of its labels, nor above one"


def classes_are_sound(frozen: Frozen) -> Iterator[str]:
    """7: every training class lies under one three-class and at most one nine-class; none exceeds the limit unless one node."""
    for node in frozen.nodes.values():
        if node["parent_id"] is not None and node["parent_id"] not in frozen.nodes:
            yield f"node {node['node_id']}: its parent {node['parent_id']} is not listed"
        if frozen.three_of(node["node_id"]) is None:
            yield f"node {node['node_id']}: no root above it"
    limit = frozen.classes["partition"]["max_class_size"]
    counted = Counter(r["training_class"] for r in frozen.images if r["split"] in GIVEN)
    holders: dict[str, str] = {}
    for c in frozen.classes["training_classes"]:
        if {frozen.three_of(n) for n in c["nodes"]} != {c["three"]}:
            yield f"training class {c['id']} is not under {c['three']} alone"
        if {frozen.nine_of(n) for n in c["nodes"]} != {c["nine"]}:
            yield f"training class {c['id']} is not under {c['nine']} alone"
        if c["images"] != counted[c["id"]]:
            yield f"training class {c['id']}: {c['images']} images stated, {counted[c['id']]} rows"
        over = c["images"] > limit or (c["images"] == limit and not frozen.classes["partition"]["inclusive"])
        if over and len(c["nodes"]) > 1:
            yield f"training class {c['id']}: {c['images']} images of {len(c['nodes'])} nodes, the limit is {limit}"
        for node in c["nodes"]:
            if (holder := holders.setdefault(node, c["id"])) != c["id"]:
                yield f"node {node} is in the training classes {holder} and {c['id']}"


def no_conflict_in_test(frozen: Frozen) -> Iterator[str]:
    """8: no two images of one lesion whose labels exclude each other are in a test set."""
    groups: dict[str, Rows] = defaultdict(list)
    tops = frozen.groups(e for e in frozen.edges if e["evidence"] != "patient")
    for row in frozen.images:
        if row["node_id"] is not None:
            groups[tops[row["image_id"]]].append(row)
    for rows in groups.values():
        tested = [r["image_id"] for r in rows if r["split"] == "test"]
        nodes = sorted({r["node_id"] for r in rows})
        if tested and frozen.exclude_each_other(nodes):
            yield f"{tested[0]}: in test, with images of the same lesion labelled {', '.join(nodes)}"
    for row in frozen.images:
        firm = sorted({x["node_id"] for x in row["labels"] if x["node_id"] and x["weight"] is None and not x["fallback"]})
        if row["split"] == "test" and frozen.exclude_each_other(firm):
            yield f"{row['image_id']}: in test, and labelled {', '.join(firm)}"


def licences_are_allowed(frozen: Frozen) -> Iterator[str]:
    """10: every licence is on the allowed list, where one was given."""
    allowed = frozen.info["allowed_licences"]
    if allowed is not None:
        for row in frozen.images:
            if row["split"] in GIVEN and row["licence"] not in allowed:
                yield f"{row['image_id']}: in {row['split']} under licence {row['licence']}, which is not allowed"


CHECKS: tuple[tuple[int, str, Callable[[Frozen], Iterator[str]]], ...] = (
    (0, "images are well formed", images_are_well_formed),
    (0, "edges are well formed", edges_are_well_formed),
    (1, "no component straddles splits or folds", components_are_whole),
    (2, "no evidence or key connects two splits", no_evidence_crosses),
    (3, "what is held out is fit for it", held_out_is_fit),
    (4, "what must stay in train is there", pinned_stay_in_train),
    (5, "counts close", counts_close),
    (6, "labels agree with the tree", labels_agree),
    (7, "training classes are sound", classes_are_sound),
    (8, "no label conflict in a test set", no_conflict_in_test),
    (10, "licences are allowed", licences_are_allowed),
)
