#!/usr/bin/env python3
"""A proof that a frozen manifest of dermatology images keeps what it promises, to be read in one sitting.

    python proof.py FOLDER [--digest HEX] [--json]

Copy this one file anywhere: it needs Python 3.11 or newer and nothing else, and shares no line with the program that linked the
images, split them and froze the manifest. It reads `images.csv`, `edges.csv`, `classes.json` and `manifest.json` (described in
schemas/manifest/README.md), reports all that is wrong, and exits 0 when nothing is, 3 when something is, 2 when asked wrongly.

The claim. Let the images be the vertices of a graph and the accepted edges its edges. Then train, validation and test are
unions of its whole connected components, excluded images aside; so are the folds of cross-validation; nothing that identifies
a lesion, a patient, a file or a picture stands on two sides; and every figure of the manifest can be counted from its rows.

The argument. Step 1: the bytes are those that SHA256SUMS names, so one digest stands for all of them. Step 2: they are values
of the types that later steps speak of, so those fail for what they look for alone. Steps 3 and 4: rows and edges name what they
should, once. Steps 5 and 6 are the heart: no leak. Steps 7 to 13: tests are fit for their use, nothing was lost, labels mean
what the taxonomy says. Each step is one function; its docstring says what is proven, under its invariant's number, and why.

Not provable from here, Python and its sha256 taken on trust: that pictures are those that were frozen (`curate verify --images`
hashes them), that the parquet files say the same as the text (`curate verify` compares), that the edges are all there is to find
(`not_checked` says what was not looked for), that this is the manifest that somebody else read (--digest, if they published it).
"""

import argparse
import csv
import hashlib
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
# What a value must be: a type, [x] for a list of x, {name: x} for an object with at least these names, {EACH: x} for one of any
# names, (x,) where null may stand for an x.
EACH, TEXT, MINOR = "each", (str,), 1  # schema 1.MINOR; 1.0 lacks columns and thresholds:
SINCE_1_1 = {"shot_type", "tests", "reader_sets", "framing", "quality_word", "least_sharpness_of", "far_shots", "least_framing"}
SINCE_1_1 |= {"extends"}  # null where it extends none
LABEL = {"field": TEXT, "label": TEXT, "node_id": TEXT, "weight": (float,), "fallback": (bool,)}
IMAGE: Row = {"image_id": str, "source": str, "path": str, "sha256": str, "pixel_sha256": str, "bytes": int, "width": int}
IMAGE |= {"height": int, "split": str, "excluded_reason": TEXT, "pinned": TEXT, "fold": (int,), "component": str, "node_id": TEXT}
IMAGE |= {"training_class": TEXT, "nine_class": TEXT, "three_class": TEXT, "labels": [LABEL], "image_keys": [str]}
IMAGE |= {"lesion_keys": [str], "patient_keys": [str], "confirmation": TEXT, "independent": bool, "official_split": TEXT}
IMAGE |= {"modality": TEXT, "shot_type": TEXT, "site": TEXT, "sex": TEXT, "skin_type": TEXT, "age": (float,), "sharpness": float}
IMAGE |= {"contrast": float, "framing": (float,), "quality_word": TEXT, "quality_fail": TEXT, "licence": TEXT}
IMAGE |= {"attribution": TEXT, "tests": [str], "reader_sets": [str]}
EDGE = {"image_a": str, "image_b": str, "evidence": str, "score": float, "probability": (float,), "must_link": bool, "basis": str}
CLASSES: Row = {"partition": {"max_class_size": int, "inclusive": bool}, "three": [{"name": str, "node_id": str}]}
CLASSES |= {"nine": [{"name": str, "node_id": str, "three": str}], "nodes": [{"node_id": str, "parent_id": TEXT}]}
CLASSES |= {"training_classes": [{"id": str, "nodes": [str], "nine": TEXT, "three": str, "images": int}]}
ROLES = ("images", "tables", "side_cars", "rejected", "ignored")
FOLDER, GROWTH = {"folder": str, "files": int, **dict.fromkeys(ROLES, int)}, dict.fromkeys(("kept", "added", "quarantined"), int)
GATE = {**dict.fromkeys(("least_side", "least_sharpness", "least_contrast", "least_framing"), float), "far_shots": [str]}
COUNTS: Row = {"splits": {EACH: int}, "excluded": {EACH: int}, "edges": {EACH: int}, "images": int, "components": int}
COUNTS |= {"components_with_several": int, "largest_component": int, "without_nine_class": int}
INFO: Row = {"schema": str, "schema_version": str, "name": str, "level": str, "policy": {"level": str}, "counts": COUNTS}
INFO |= {"protocol": {"name": str, "folds": int, "independent": [str], "quality": GATE | {"least_sharpness_of": {EACH: float}}}}
INFO["protocol"] |= {"test_requires": {"independent": bool, "confirmed": bool, "quality": bool}}
INFO |= {"sources": [{"id": str, "independent": bool, "images": int, "folders": [FOLDER]}], "allowed_licences": ([str],)}
INFO |= {"rejected": [{"source": str, "path": str, "reason": str}], "not_checked": [str], "extends": (GROWTH,)}
READ = {"images.csv": IMAGE, "edges.csv": EDGE, "classes.json": CLASSES, "manifest.json": INFO}
UNNAMED = {"SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.minisig"}  # what is made of SHA256SUMS cannot be named there
REQUIRED = {"images.parquet", "edges.parquet", "classes.json", "manifest.json"}
HEX, SPLITS, SIDES = set("0123456789abcdef"), ("train", "validation", "test", "excluded"), ("train", "validation", "test")
MUST_LINK, CANDIDATE = {"lesion", "patient", "image_id", "declared", "bytes", "pixels", "verdict"}, {"exif", "hash", "cnn", "local"}


class Manifest:
    """What steps 3 to 13 speak of: the rows of the two tables, the two objects, and the tree of the taxonomy in use."""

    def __init__(self, images: list[Row], edges: list[Row], classes: Row, info: Row) -> None:
        self.images, self.edges, self.classes, self.info = images, edges, classes, info
        self.row: dict[str, Row] = {row["image_id"]: row for row in images}
        self.parent: dict[str | None, str | None] = {node["node_id"]: node["parent_id"] for node in classes["nodes"]}
        self.names = {kind: {group["node_id"]: group["name"] for group in classes[kind]} for kind in ("three", "nine")}

    def line(self, node: str | None) -> list[str | None]:
        """Return a node and all above it; it ends early where a parent is not listed or the line comes back to itself."""
        line: list[str | None] = []
        while node in self.parent and node not in line:
            line.append(node)
            node = self.parent[node]
        return line

    def group(self, kind: str, node: str | None) -> str | None:
        """Return the name of the first of the three or the nine on the line of a node, or None."""
        return next((self.names[kind][above] for above in self.line(node) if above in self.names[kind]), None)

    def exclude_each_other(self, nodes: Iterable[str]) -> bool:
        """Say whether two of the nodes are such that neither lies on the line of the other."""
        return any(a not in self.line(b) and b not in self.line(a) for a in nodes for b in nodes if a < b)

    def joined(self, edges: Iterable[Row]) -> dict[str, str]:
        """Return for each image a representative, the same for two images if and only if a chain of the edges joins them.
        Every image begins as its own root; an edge hangs the root of one end under that of the other. So two sets become
        one when an edge joins them and at no other time, and each set has one root (union-find)."""
        above = {image: image for image in self.row}

        def root(image: str) -> str:
            while above[image] != image:
                above[image] = above[above[image]]  # a shorter way for the next who asks; the root stays the same
                image = above[image]
            return image

        for edge in edges:
            if edge["image_a"] in above and edge["image_b"] in above:  # step 4 reports the others
                above[root(edge["image_a"])] = root(edge["image_b"])
        return {image: root(image) for image in above}


def told(*claims: tuple[object, str]) -> list[str]:
    """Return the messages of those (condition, message) whose condition holds: each condition is one that must not."""
    return [message for wrong, message in claims if wrong]


def repeated(message: str, things: Iterable[str]) -> list[str]:
    """Return a message for each thing that stands more than once: what, and how often."""
    return [message.format(thing, times) for thing, times in Counter(things).items() if times > 1]


def several(message: str, triples: Iterable[tuple[str, Any, str]]) -> list[str]:
    """Return a message for each thing in more than one place, of (thing, place, witness): what, and where by whose witness."""
    places: dict[str, dict[Any, str]] = defaultdict(dict)
    for thing, place, witness in triples:
        places[thing].setdefault(place, witness)
    found = [(thing, " and ".join(f"{p} ({w})" for p, w in seen.items())) for thing, seen in places.items() if len(seen) > 1]
    return [message.format(*pair) for pair in found]


def step_1_bytes(files: dict[str, bytes | None], digests: dict[str, Any], expected: str | None) -> Iterator[str]:
    """9: every file of the folder is named in SHA256SUMS with the digest that it has, and every file named is there.
    Two files of one sha256 are one file to all that we know: the sha256 of SHA256SUMS, the digest, stands for the whole folder."""
    sums, own = files.get("SHA256SUMS"), digests.get("SHA256SUMS")
    text, named = (sums or b"").decode("utf-8", "backslashreplace"), dict[str, str]()
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        digest, blanks, name, where = line[:64], line[64:66], line[66:], f"SHA256SUMS, line {number}"
        malformed = len(digest) != 64 or not set(digest) <= HEX or blanks != "  " or not name
        yield from told((malformed, f"{where}: not a digest, two blanks and a name"), (name in named, f"{where}: {name} once more"))
        named |= {} if malformed or name in named else {name: digest}
    yield from told(
        (own is None, "SHA256SUMS is missing or cannot be read"),
        (expected not in (None, own), f"SHA256SUMS: the manifest's digest is {own}, not {expected}"),
        (not text.endswith("\n"), "SHA256SUMS: does not end with a line end"),
        (list(named) != sorted(named), "SHA256SUMS: not sorted by name"),
        *((name not in named, f"SHA256SUMS does not name {name}") for name in sorted(REQUIRED)),
        *((name not in named, f"{name}: not named in SHA256SUMS") for name in sorted(files.keys() - UNNAMED)),
        *((name not in files, f"{name}: named in SHA256SUMS and missing") for name in named),
        *((digests.get(n, d) != d, f"{n}: its bytes are not those that SHA256SUMS names") for n, d in named.items()),
    )


def step_2_form(name: str, content: bytes | None, lacks: Collection[str] = ()) -> tuple[Any, list[str]]:
    """0: a file holds values of the types that the later steps speak of. Return these values and what is wrong.
    A table has the columns of the schema in order, one row per line. An empty cell is null; a text stands as it is, or as a JSON
    string where it is empty, begins with a quote or holds a control character; all else is JSON. If it fails, no later step runs.
    """
    shape, rows, wrong = READ[name], list[Row](), list[str]()
    try:
        text = (content or b"").decode("utf-8")
        if name.endswith(".json"):
            value = dict.fromkeys(INFO.keys() & lacks) | json.loads(text, object_pairs_hook=once)
            return value, list(misfits(value, shape, name, lacks))
    except (ValueError, TypeError, RecursionError) as error:
        return None, [f"{name}: missing, or cannot be read ({error})"]
    first, *lines = text.split("\n")
    shape = {column: part for column, part in shape.items() if column in first.split(",") or column not in lacks}
    if first != ",".join(shape) or lines.pop() != "":
        return None, [f"{name}: does not begin with the columns {','.join(shape)}, or does not end with a line end"]
    for number, line in enumerate(lines, 1):
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error:
            cells = []
        row: Row = {}
        for (column, part), cell in zip(shape.items(), cells, strict=False):
            try:
                plain = part in (str, TEXT) and cell and not cell.startswith('"')
                row[column] = cell if plain else json.loads(cell, object_pairs_hook=once) if cell else None
                wrong += [] if plain else misfits(row[column], part, f"{name}, row {number}, column {column}", lacks)
            except (ValueError, RecursionError) as error:
                wrong.append(f"{name}, row {number}, column {column}: {cell[:60]!r} cannot be read ({error})")
        wrong += told((len(cells) != len(shape), f"{name}, row {number}: not one cell for each of {len(shape)} columns"))
        rows.append(row | dict.fromkeys(READ[name].keys() - row.keys()))
    return rows, wrong


def once(pairs: list[tuple[str, Any]]) -> Row:
    """Return the JSON object of these pairs; ValueError where it says a name twice, since programs differ in which they believe."""
    if repeated("{}", (name for name, _ in pairs)):
        raise ValueError("an object says a name twice")
    return dict(pairs)


def misfits(value: Any, shape: Any, where: str, lacks: Collection[str] = ()) -> Iterator[str]:
    """Yield where a value is not of a shape; names in `lacks` may be missing."""
    if isinstance(shape, tuple):
        yield from misfits(value, shape[0], where, lacks) if value is not None else ()
    elif isinstance(shape, type):
        of = (int, float) if shape is float else (shape,)
        if type(value) not in of or (shape is float and not -math.inf < value < math.inf):
            yield f"{where}: {str(value)[:60]!r} is not of type {shape.__name__}"
    elif not isinstance(value, type(shape)):
        yield f"{where}: not a {'list' if isinstance(shape, list) else 'JSON object'}"
    elif isinstance(shape, list):
        for number, item in enumerate(value):
            yield from misfits(item, shape[0], f"{where}[{number}]", lacks)
    else:
        for name, part in shape.items() if EACH not in shape else ((name, shape[EACH]) for name in value):
            lacking = told((name not in lacks, f"{where}.{name}: missing"))
            yield from misfits(value[name], part, f"{where}.{name}", lacks) if name in value else lacking


def step_3_rows(m: Manifest) -> Iterator[str]:
    """0: each image stands on one row, each file too, and every row says which.
    Letter case is ignored, as some systems do. A path inside its source's folder and a full sha256 say which bytes are meant."""
    ids = [row["image_id"] for row in m.images]
    yield from told((ids != sorted(ids), "images.csv is not sorted by image_id"))
    yield from repeated("image_id {} stands on {} rows (letter case ignored)", (image.casefold() for image in ids))
    yield from repeated("{} stands on {} rows (letter case ignored)", (f"{r['source']}: {r['path']}".casefold() for r in m.images))
    for row in m.images:
        image, path, parts = row["image_id"], row["path"], row["path"].split("/")
        leaves = {"", ".", ".."} & {*parts} or ":" in parts[0] or "\\" in path or "\0" in path
        yield from told(
            (not image.startswith(row["source"] + ":"), f"{image}: not of the form source:native_id with source {row['source']}"),
            (leaves, f"{image}: path {path!r} is absolute, leaves its folder or is not portable"),
            *((len(row[c]) != 64 or not set(row[c]) <= HEX, f"{image}: {c} is no sha256") for c in ("sha256", "pixel_sha256")),
        )


def step_4_edges(m: Manifest) -> Iterator[str]:
    """0: each edge joins two images of this manifest, stands there once for its kind of evidence, and states what it may.
    With every end on a row of images.csv, no edge of another manifest can pass for one of this."""
    keys = [(edge["image_a"], edge["image_b"], edge["evidence"]) for edge in m.edges]
    yield from told((keys != sorted(set(keys)), "edges.csv is not sorted, or has a pair and evidence twice"))
    for edge in m.edges:
        a, b, evidence = edge["image_a"], edge["image_b"], edge["evidence"]
        yield from told(
            (a >= b, f"edge {a} - {b}: image_a is not before image_b"),
            *((end not in m.row, f"edge {a} - {b}: {end} is no image of this manifest") for end in (a, b)),
            (evidence not in MUST_LINK | CANDIDATE, f"edge {a} - {b}: unknown evidence {evidence!r}"),
            (edge["must_link"] != (evidence in MUST_LINK), f"edge {a} - {b}: must_link does not fit {evidence}"),
            *((not 0 <= (edge[c] or 0) <= 1, f"edge {a} - {b}: {c} is not in [0, 1]") for c in ("score", "probability")),
        )


def step_5_components(m: Manifest) -> Iterator[str]:
    """1: the column `component` names exactly the connected components of the graph, and each has one side and one fold.
    Representatives are computed here from the edges alone; that each has one name, and each name one representative, says that
    two images bear one name if and only if a chain of edges joins them. Then it is enough that all images of a name that are not
    excluded are on one side, and in one fold. Last, where there are folds, all that may be held out is in one."""
    top, folds, ids = m.joined(m.edges), m.info["protocol"]["folds"], [(row["image_id"], row) for row in m.images]
    named = [(top[image], row["component"], image) for image, row in ids]
    yield from several("the images that edges join to {} are in components {}", named)
    yield from several("component {}: no edges join {}", ((name, root, image) for root, name, image in named))
    yield from several("component {} straddles {}", ((r["component"], r["split"], i) for i, r in ids if r["split"] in SIDES))
    yield from several("component {} is in folds {}", ((r["component"], r["fold"], i) for i, r in ids if r["fold"] is not None))
    for image, row in ids:
        may = row["split"] in ("train", "validation")  # that a pinned image has no fold is step 8
        fits = may and row["fold"] in range(folds) if row["fold"] is not None else not (may and folds and row["pinned"] is None)
        yield from told((not fits, f"{image}: in {row['split']}, pinned {row['pinned']}, and in fold {row['fold']} of {folds}"))


def step_6_nothing_crosses(m: Manifest) -> Iterator[str]:
    """2: no edge, no key of a lesion, an image or (at patient level) a patient, and no digest is on two sides or in two folds.
    For edges that follows from step 5, and is looked at once more. For keys and digests it does not: that they were drawn as
    edges is the maker's word, so each is followed to all images that bear it. Edges of patients are there at patient level only."""
    level, policy, at_patient = m.info["level"], m.info["policy"]["level"], m.info["level"] == "patient"
    yield from told((level != policy, f"the level is {level}, and that of the policy {policy}"))
    for edge in m.edges:
        ends = [m.row[end] for end in (edge["image_a"], edge["image_b"]) if end in m.row and m.row[end]["split"] in SIDES]
        sides = " - ".join(f"{end['image_id']} ({end['split']})" for end in ends)
        yield from told(
            (len({end["split"] for end in ends}) > 1, f"{edge['evidence']} edge {sides}"),
            (edge["evidence"] == "patient" and not at_patient, f"patient edge {sides}, and the level is {level}"),
        )
    rows, lists = [row for row in m.images if row["split"] in SIDES], ("lesion_keys", "image_keys", "patient_keys")
    borne = [(row, f"{column} {key}") for row in rows for column in lists[: 2 + at_patient] for key in row[column]]
    borne += [(row, f"{column} {row[column]}") for row in rows for column in ("sha256", "pixel_sha256")]
    yield from several("{} connects {}", ((what, row["split"], row["image_id"]) for row, what in borne))
    yield from several("{} connects folds {}", ((key, r["fold"], r["image_id"]) for r, key in borne if r["fold"] is not None))


def step_7_held_out(m: Manifest) -> Iterator[str]:
    """3: every test image is of an independent source, confirmed by histopathology and of quality, as the protocol asks.
    The gate, which validation passes too, is applied to the measures on the row, a reviewer's word before them. The paper's
    protocol asks for independence and confirmation by its definition."""
    protocol, asks = m.info["protocol"], m.info["protocol"]["test_requires"]
    gate = {"least_sharpness_of": {}, "far_shots": [], "least_framing": 0} | protocol["quality"]
    independent, less = set(protocol["independent"]), not (asks["independent"] and asks["confirmed"])
    yield from told((protocol["name"] == "paper" and less, "the protocol is paper, and test_requires asks for less"))
    unfit = (source["id"] for source in m.info["sources"] if source["independent"] != (source["id"] in independent))
    yield from (f"source {source}: independent does not fit the protocol's list" for source in unfit)
    for row in m.images:
        image, split, word, is_independent = row["image_id"], row["split"], row["quality_word"], row["source"] in independent
        sharp = gate["least_sharpness_of"].get(row["modality"], gate["least_sharpness"])
        far = row["shot_type"] in gate["far_shots"] or (row["framing"] is not None and row["framing"] < gate["least_framing"])
        codes = {"small": min(row["width"], row["height"]) < gate["least_side"], "blurred": row["sharpness"] < sharp}
        codes |= {"flat": row["contrast"] < gate["least_contrast"], "far": far}
        failed = {None: ",".join(filter(codes.get, codes)) or None, "fit": None, "unfit": "reviewer"}.get(word, [word, "no word"])
        gated, tested = asks["quality"] and split in ("validation", "test"), split == "test"
        framed = row["modality"] == "clinical" and row["shot_type"] is None and gate["least_framing"] > 0
        yield from told(
            (row["quality_fail"] != failed, f"{image}: quality_fail is {row['quality_fail']!r}, its measures say {failed!r}"),
            (row["framing"] is None and framed, f"{image}: clinical, of no kind of shot, and its framing is not given"),
            (row["independent"] != is_independent, f"{image}: independent does not fit the protocol's list"),
            (gated and failed, f"{image}: in {split}, and fails the quality gate ({failed})"),
            (tested and asks["independent"] and not is_independent, f"{image}: in test, and its source is not independent"),
            (tested and asks["confirmed"] and row["confirmation"] != "histopathology", f"{image}: in test, and not confirmed"),
        )


def step_8_pinned(m: Manifest) -> Iterator[str]:
    """4: what is pinned to train (in doubt, or of poor quality) is in train, in no fold, and so is its whole component.
    That nothing in train or validation overlaps a test set is step 5, since to overlap is to be of one component."""
    rows = [row for row in m.images if row["split"] in SIDES or row["pinned"] is not None]
    loose = (r for r in rows if r["pinned"] is not None and (r["split"] != "train" or r["fold"] is not None))
    yield from (f"{row['image_id']}: pinned ({row['pinned']}) and in {row['split']}, fold {row['fold']}" for row in loose)
    yield from several("component {} is pinned in part only: {}", ((r["component"], r["pinned"], r["image_id"]) for r in rows))


def step_9_counts(m: Manifest) -> Iterator[str]:
    """5: every image is in one split or excluded with a reason, and all that manifest.json states is what the rows give.
    An image that was taken out of the tables is missing from its folder's count, and every file of a folder is accounted for."""
    for image, split, reason in ((row["image_id"], row["split"], row["excluded_reason"]) for row in m.images):
        yield from told(
            (split not in SPLITS, f"{image}: unknown split {split!r}"),
            ((split == "excluded") != (reason is not None), f"{image}: split {split}, excluded_reason {reason!r}"),
        )
    sizes, splits = Counter(row["component"] for row in m.images), Counter(row["split"] for row in m.images)
    grown = m.info["extends"] or {"kept": 0, "added": len(m.images) - splits["excluded"], "quarantined": 0}
    stated = m.info["counts"] | {"kept or added, quarantined": [grown["kept"] + grown["added"], grown["quarantined"]]}
    counted = {
        "kept or added, quarantined": [len(m.images) - splits["excluded"], m.info["counts"]["excluded"].get("quarantined", 0)],
        "images": len(m.images),
        "splits": {split: splits[split] for split in SPLITS},
        "excluded": dict(Counter(row["excluded_reason"] for row in m.images if row["excluded_reason"] is not None)),
        "edges": dict(Counter(edge["evidence"] for edge in m.edges)),
        "components": len(sizes),
        "components_with_several": sum(size > 1 for size in sizes.values()),
        "largest_component": max(sizes.values(), default=0),
        "without_nine_class": sum(row["split"] in SIDES and row["nine_class"] is None for row in m.images),
    }
    yield from (f"{what} = {stated[what]} stated, the tables say {n}" for what, n in counted.items() if stated[what] != n)
    sources = m.info["sources"]
    listed = [(f"source {source['id']}, folder {folder['folder']}", folder) for source in sources for folder in source["folders"]]
    yield from repeated("{} is listed {} times", [f"source {source['id']}" for source in sources] + [where for where, _ in listed])
    folders = dict(listed)
    stated = {(f"source {source['id']}", "images"): source["images"] for source in sources}
    stated |= {(where, role): folder[role] for where, folder in folders.items() for role in ("images", "rejected")}
    found = Counter((f"source {row['source']}", "images") for row in m.images)
    for role, rows in (("images", m.images), ("rejected", m.info["rejected"])):
        found.update((f"source {row['source']}, folder {row['path'].rpartition('/')[0] or '.'}", role) for row in rows)
    for place, number in {**dict.fromkeys(found, 0), **stated}.items():
        yield from told((number != found[place], f"{', '.join(place)}: {number} stated, {found[place]} listed"))
    short = (where for where, folder in folders.items() if folder["files"] != sum(folder[role] for role in ROLES))
    yield from (f"{where}: {folders[where]['files']} files do not add up" for where in short)


def step_10_classes(m: Manifest) -> Iterator[str]:
    """7: every training class lies under one three-class and at most one nine-class; none is over the limit unless one node.
    Each node of classes.json stands once below a three-class, so that no line is broken or a ring, and in one class at most."""
    yield from repeated("node {} is listed {} times", (node["node_id"] for node in m.classes["nodes"]))
    for node, parent in m.parent.items():
        yield from told(
            (parent is not None and parent not in m.parent, f"node {node}: its parent {parent} is not listed"),
            (m.group("three", node) is None, f"node {node}: no root above it"),
        )
    astray = (g["name"] for g in m.classes["nine"] if m.group("three", g["node_id"]) != g["three"])
    yield from (f"nine-class {name} is not under its three-class" for name in astray)
    classes, limit = m.classes["training_classes"], m.classes["partition"]["max_class_size"]
    most = limit - (not m.classes["partition"]["inclusive"])
    counted = Counter(row["training_class"] for row in m.images if row["split"] in SIDES)
    for c in classes:
        name, images, nodes = c["id"], c["images"], c["nodes"]
        yield from told(
            *(({m.group(k, n) for n in nodes} != {c[k]}, f"training class {name} is not under {c[k]} alone") for k in m.names),
            (images != counted[name], f"training class {name}: {images} images stated, {counted[name]} rows"),
            (images > most and len(nodes) > 1, f"training class {name}: {images} images of {len(nodes)} nodes, limit {limit}"),
        )
    yield from repeated("training class {} is listed {} times", (c["id"] for c in classes))
    yield from repeated("node {} is {} times in training classes", (node for c in classes for node in c["nodes"]))


def step_11_labels(m: Manifest) -> Iterator[str]:
    """6: every image on a side has a node that one of its labels leads to, and the classes that the tree gives that node.
    A node that is that of none of the image's labels, nor above one, would be a label that nobody gave."""
    training = {node: c["id"] for c in m.classes["training_classes"] for node in c["nodes"]}
    for row in m.images:
        image, node, split, on_a_side = row["image_id"], row["node_id"], row["split"], row["split"] in SIDES
        held = training.get(node) if on_a_side else None
        expected = {"three_class": m.group("three", node), "nine_class": m.group("nine", node), "training_class": held}
        given = [label["node_id"] for label in row["labels"] if label["node_id"] is not None]
        known = node is not None and node in m.parent
        yield from told(
            (node is None and on_a_side, f"{image}: in {split} without a node"),
            (node is not None and not known, f"{image}: node {node} is not in classes.json"),
            (known and on_a_side and held is None, f"{image}: no training class holds {node}"),
            (known and not any(node in m.line(n) for n in given), f"{image}: node {node} is none of its labels', nor above one"),
            *((row[c] != value, f"{image}: {c} {row[c]}, node {node} gives {value}") for c, value in expected.items()),
        )


def step_12_conflicts(m: Manifest) -> Iterator[str]:
    """8: no test image is of a lesion whose images bear labels that exclude each other, nor bears such labels itself.
    Images of one lesion are those that any edges but those of patients join: a patient may well have two diseases. Of an
    image's own labels those count that have no weight (they say what it is, not what it may be) and are no fallback."""
    nodes, tested = defaultdict[str, set[str]](set), dict[str, str]()
    for image, top in m.joined(edge for edge in m.edges if edge["evidence"] != "patient").items():
        nodes[top] |= {m.row[image]["node_id"]} - {None}
        if m.row[image]["split"] == "test":
            tested.setdefault(top, image)
            own = {x["node_id"] for x in m.row[image]["labels"] if x["weight"] is None and not x["fallback"]} - {None}
            yield from told((m.exclude_each_other(own), f"{image}: in test, and labelled {', '.join(sorted(own))}"))
    mixed = [(image, sorted(nodes[top])) for top, image in tested.items() if m.exclude_each_other(nodes[top])]
    yield from (f"{image}: in test, with images of the same lesion labelled {', '.join(labels)}" for image, labels in mixed)


def step_13_licences(m: Manifest) -> Iterator[str]:
    """10: where licences are restricted, every image on a side has one that is allowed; one without a licence has none."""
    allowed = m.info["allowed_licences"]
    rows = (row for row in m.images if allowed is not None and row["split"] in SIDES and row["licence"] not in allowed)
    yield from (f"{row['image_id']}: in {row['split']} under licence {row['licence']}, which is not allowed" for row in rows)


STEPS: tuple[Callable[[Manifest], Iterator[str]], ...] = (step_3_rows, step_4_edges, step_5_components, step_6_nothing_crosses)
STEPS += (step_7_held_out, step_8_pinned, step_9_counts, step_10_classes, step_11_labels, step_12_conflicts, step_13_licences)


def files_of(folder: Path) -> dict[str, bytes | None]:
    """Return the bytes of each file below a folder, each read once; None where that is impossible, or a folder is empty."""
    files: dict[str, bytes | None] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        try:
            if path.is_symlink() or not path.is_dir() or not any(path.iterdir()):
                files[name] = path.read_bytes() if path.is_file() else None
        except OSError:
            files[name] = None
    return files


def prove(folder: Path, expected: str | None = None) -> Row:
    """Return what was found, as one JSON object; `error` in it says that there is nothing here to prove, and what to do."""
    files, nothing = files_of(folder), {"ok": False, "exit_code": 2}
    digests = {name: None if content is None else hashlib.sha256(content).hexdigest() for name, content in files.items()}
    if not files.keys() & {*REQUIRED, *READ, "SHA256SUMS"}:
        return nothing | {"error": f"{folder} holds no manifest: name the folder of one."}
    if not any(name in files or name.encode() in (files.get("SHA256SUMS") or b"") for name in ("images.csv", "edges.csv")):
        return nothing | {"error": f"{folder} has no text form: freeze it with `curate freeze NAME --text`."}
    info = step_2_form("manifest.json", files.get("manifest.json"), SINCE_1_1)[0]
    version = str(info.get("schema_version", "1")) if isinstance(info, dict) else "1"
    read = {name: step_2_form(name, files.get(name), SINCE_1_1 if version == "1.0" else ()) for name in READ}
    unfit = [message for _, wrong in read.values() for message in wrong]
    found: dict[Any, list[str]] = {step_1_bytes: list(step_1_bytes(files, digests, expected)), step_2_form: unfit}
    later = unfit and (minor := version.partition(".")[2]).isdecimal() and int(minor[:9]) > MINOR  # it may have further columns
    if (version.partition(".")[0] != "1" or later) and not found[step_1_bytes]:  # a changed byte is damage, and no other schema
        return nothing | {"error": f"{folder} is of schema {version}, not 1.{MINOR}: use the proof.py that came with it."}
    if not unfit:
        m = Manifest(read["images.csv"][0], read["edges.csv"][0], read["classes.json"][0], info)
        found |= {step: list(step(m)) for step in STEPS}
    checks = [(step.__doc__.split("\n")[0].partition(": "), wrong) for step, wrong in found.items()]
    return {
        "ok": not any(wrong for _, wrong in checks),
        "manifest": None if unfit else info["name"],
        "digest": digests.get("SHA256SUMS"),
        "checks": [{"invariant": int(number), "name": what, "violations": len(wrong)} for (number, _, what), wrong in checks],
        "violations": [{"invariant": int(number), "message": w} for (number, _, _), wrong in checks for w in wrong],
        "not_checked": ["all but the form"] if unfit else ["pictures, parquet files, drawn sets, growth", *info["not_checked"]],
    }


def main() -> int:
    """Read the command line, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description="Prove a frozen manifest from its text form.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--digest", type=str.lower, help="the published digest that the manifest must have")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    result = prove(asked.folder, asked.digest)
    lines = [f"{'FAIL' if c['violations'] else 'ok  '} {c['invariant'] or '':>2} {c['name']}" for c in result.get("checks", [])]
    lines += [f"     invariant {v['invariant']}: {v['message']}" for v in result.get("violations", [])]
    lines += [f"not checked: {reason}" for reason in result.get("not_checked", [])]
    lines += [result.get("error") or f"{asked.folder}: {'proven' if result['ok'] else 'NOT proven'}; digest {result['digest']}"]
    text = json.dumps(result, indent=1) if asked.json else "\n".join(ascii(line)[1:-1] for line in lines)
    (sys.stderr if "error" in result and not asked.json else sys.stdout).write(text + "\n")
    return 2 if "error" in result else 0 if result["ok"] else 3


if __name__ == "__main__":
    csv.field_size_limit(2**31 - 1)
    sys.exit(main())
