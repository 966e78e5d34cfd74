"""The invariants of a frozen manifest, each checked anew from its tables alone.

Nothing here is shared with the code that linked the images and made the split: components are found by a walk of their own,
classes and counts are derived again, and what the manifest says of itself is compared with that.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from curate.manifest.frozen import Frozen, Json, Rows, in_several
from curate.manifest.held_out import gate_is_one, held_out_is_fit
from curate.manifest.pictures import is_portable
from curate.manifest.schema import GIVEN, SPLITS

if TYPE_CHECKING:
    import pyarrow as pa

MUST_LINK = {"lesion", "patient", "image_id", "declared", "bytes", "pixels", "verdict"}
CANDIDATE = {"exif", "hash", "cnn", "local"}
SHA256 = re.compile("[0-9a-f]{64}")


def images_are_well_formed(frozen: Frozen) -> Iterator[str]:
    """Images are sorted, unique, and their ids, paths and digests are what the schema says."""
    if not frozen.images.ascending("image_id", strictly=False):
        yield "images.parquet is not sorted by image_id"
    ids = (image.casefold() for (image,) in frozen.images.each("image_id"))
    paths = (f"{source}:{path}".casefold() for source, path in frozen.images.each("source", "path"))
    for field, values in (("image_id", ids), ("path", paths)):
        for value, count in Counter(values).items():
            if count > 1:
                yield f"{field} {value} stands on {count} rows (letter case ignored)"
    for image, source, path, *digests in frozen.images.each("image_id", "source", "path", "sha256", "pixel_sha256"):
        if not image.startswith(f"{source}:"):
            yield f"{image}: not of the form source:native_id with source {source}"
        if not is_portable(path):
            yield f"{image}: path {path!r} is absolute, leaves its folder or is not portable"
        for field, digest in zip(("sha256", "pixel_sha256"), digests, strict=True):
            if not SHA256.fullmatch(digest):
                yield f"{image}: {field} is no sha256"


def edges_are_well_formed(frozen: Frozen) -> Iterator[str]:
    """Edges are sorted, unique, between known images, and their words and scores are what the schema says."""
    import pyarrow.compute as pc

    edges = frozen.edges
    if not edges.ascending("image_a", "image_b", "evidence", strictly=True):
        yield "edges.parquet is not sorted, or has a pair and evidence twice"
    for a, b in edges.where(pc.greater_equal(edges["image_a"], edges["image_b"])).each("image_a", "image_b"):
        yield f"edge {a} - {b}: image_a is not before image_b"
    for end, places in (("image_a", frozen.place_a), ("image_b", frozen.place_b)):
        for a, b, unknown in edges.where(places < 0).each("image_a", "image_b", end):
            yield f"edge {a} - {b}: {unknown} is no image of this manifest"
    known, must_link = among(edges["evidence"], MUST_LINK | CANDIDATE), among(edges["evidence"], MUST_LINK)
    for a, b, evidence in edges.where(pc.invert(known)).each("image_a", "image_b", "evidence"):
        yield f"edge {a} - {b}: unknown evidence {evidence!r}"
    for a, b, evidence in edges.where(pc.not_equal(edges["must_link"], must_link)).each("image_a", "image_b", "evidence"):
        yield f"edge {a} - {b}: must_link does not fit {evidence}"
    in_range = pc.and_(pc.greater_equal(edges["score"], 0), pc.less_equal(edges["score"], 1))
    for a, b, score in edges.where(pc.invert(in_range)).each("image_a", "image_b", "score"):
        yield f"edge {a} - {b}: score {score} is not in [0, 1]"


def components_are_whole(frozen: Frozen) -> Iterator[str]:
    """1: the edges join exactly what `component` says, and no component has images in two splits, nor in two folds."""
    images, tops = frozen.images, frozen.tops()
    given, folded = images.where(among(images["split"], GIVEN)), images.where(images["fold"].is_valid())
    for image, split, fold in folded.each("image_id", "split", "fold"):
        if split not in ("train", "validation"):
            yield f"{image}: has fold {fold} and is in {split}"
    for component, ends in sorted(in_several(images["component"], tops, images["image_id"]).items()):
        yield f"component {component}: no edges join {' and '.join(sorted(ends)[:3])}"
    for top, names in sorted(in_several(tops, images["component"], images["image_id"]).items()):
        yield f"the images that edges join to {top} are in components {', '.join(sorted(names))}"
    for component, seen in sorted(in_several(given["component"], given["split"], given["image_id"]).items()):
        yield f"component {component} straddles: " + ", ".join(f"{image} in {split}" for split, image in sorted(seen.items()))
    for placed in in_several(folded["component"], folded["fold"], folded["image_id"]).values():
        yield f"component of {next(iter(placed.values()))} is in the folds {', '.join(map(str, sorted(placed)))}"


def no_evidence_crosses(frozen: Frozen) -> Iterator[str]:
    """2: no edge, lesion key, patient key (at patient level), image key, byte or pixel digest connects two splits."""
    import pyarrow.compute as pc

    a, b = frozen.ends("split")  # null where there is no such image: that is said elsewhere
    crossing = pc.and_(pc.not_equal(a, b), pc.and_(pc.not_equal(a, "excluded"), pc.not_equal(b, "excluded")))
    edges = frozen.edges.beside(split_a=a, split_b=b).where(crossing)
    for evidence, image_a, split_a, image_b, split_b in edges.each("evidence", "image_a", "split_a", "image_b", "split_b"):
        yield f"{evidence} edge {image_a} ({split_a}) - {image_b} ({split_b})"
    given = frozen.images.where(among(frozen.images["split"], GIVEN))
    for what, seen in keys_in_several(given, "split", at_patient=frozen.info["level"] == "patient"):
        yield f"{what} connects " + " and ".join(f"{image} ({split})" for split, image in sorted(seen.items()))


def pinned_stay_in_train(frozen: Frozen) -> Iterator[str]:
    """4: what is pinned to train is in train and in no fold's validation part; a component is pinned as a whole."""
    images = frozen.images
    pinned, given = images.where(images["pinned"].is_valid()), images.where(among(images["split"], GIVEN))
    for image, reason, split, fold in pinned.each("image_id", "pinned", "split", "fold"):
        if split != "train" or fold is not None:
            yield f"{image}: pinned ({reason}) and in {split}, fold {fold}"
    for component in sorted(in_several(given["component"], given["pinned"], given["image_id"])):
        yield f"component {component} is pinned in part only"


def counts_close(frozen: Frozen) -> Iterator[str]:
    """5: every image is in one split or excluded with a reason; images, files and edges add up to what the manifest says."""
    images = frozen.images
    for image, split, reason in images.each("image_id", "split", "excluded_reason"):
        if split not in SPLITS:
            yield f"{image}: unknown split {split!r}"
        if (split == "excluded") != (reason is not None):
            yield f"{image}: split {split}, excluded_reason {reason!r}"
    sizes, splits, given = images.counted("component"), images.counted("split"), images.where(among(images["split"], GIVEN))
    counted: Json = {
        "images": len(images),
        "splits": {s: splits[s] for s in SPLITS},
        "excluded": {reason: number for reason, number in images.counted("excluded_reason").items() if reason},
        "edges": dict(frozen.edges.counted("evidence")),
        "components": len(sizes),
        "components_with_several": sum(1 for n in sizes.values() if n > 1),
        "largest_component": max(sizes.values(), default=0),
        "without_nine_class": given["nine_class"].null_count,
    }
    stated = frozen.info["counts"]
    for name, value in counted.items():
        if stated.get(name) != value:
            yield f"manifest.json says {name} = {stated.get(name)}, the tables say {value}"
    by_source = images.counted("source")
    by_folder = Counter((source, path.rpartition("/")[0] or ".") for source, path in images.each("source", "path"))
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
    columns = ("image_id", "split", "node_id", "nine_class", "three_class", "training_class", "labels")
    for image, split, node, nine, three, training, labels in frozen.images.each(*columns):
        if node is None:
            if split in GIVEN:
                yield f"{image}: in {split} without a node"
            if (nine, three, training) != (None, None, None):
                yield f"{image}: has classes and no node"
            continue
        if node not in frozen.nodes:
            yield f"{image}: node {node} is not in classes.json"
            continue
        if three != frozen.three_of(node):
            yield f"{image}: three_class {three}, the tree says {frozen.three_of(node)}"
        if nine != frozen.nine_of(node):
            yield f"{image}: nine_class {nine}, the tree says {frozen.nine_of(node)}"
        expected = class_of.get(node) if split in GIVEN else None
        if split in GIVEN and expected is None:
            yield f"{image}: no training class holds {node}"
        if training != expected:
            yield f"{image}: training_class {training}, the partition says {expected}"
        if not any(node in frozen.path(label["node_id"]) for label in labels if label["node_id"]):
            yield f"{image}: node {node} is that of none of its labels, nor above one"


def classes_are_sound(frozen: Frozen) -> Iterator[str]:
    """7: every training class lies under one three-class and at most one nine-class; none exceeds the limit unless one node."""
    for node in frozen.nodes.values():
        if node["parent_id"] is not None and node["parent_id"] not in frozen.nodes:
            yield f"node {node['node_id']}: its parent {node['parent_id']} is not listed"
        if frozen.three_of(node["node_id"]) is None:
            yield f"node {node['node_id']}: no root above it"
    limit = frozen.classes["partition"]["max_class_size"]
    counted = frozen.images.where(among(frozen.images["split"], GIVEN)).counted("training_class")
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
    import pyarrow.compute as pc

    evidence = frozen.edges["evidence"]
    images = frozen.images.beside(top=frozen.tops(pc.not_equal(evidence, "patient")))
    labelled, tested = images.where(images["node_id"].is_valid()), images.where(pc.equal(images["split"], "test"))
    mixed = in_several(labelled["top"], labelled["node_id"], labelled["image_id"])
    first: dict[str, str] = {}
    for image, top in tested.where(tested["node_id"].is_valid()).each("image_id", "top"):
        first.setdefault(top, image)
    for top, seen in mixed.items():
        nodes = sorted(seen)
        if top in first and frozen.exclude_each_other(nodes):
            yield f"{first[top]}: in test, with images of the same lesion labelled {', '.join(nodes)}"
    for image, labels in tested.each("image_id", "labels"):
        firm = sorted({x["node_id"] for x in labels if x["node_id"] and x["weight"] is None and not x["fallback"]})
        if frozen.exclude_each_other(firm):
            yield f"{image}: in test, and labelled {', '.join(firm)}"


def licences_are_allowed(frozen: Frozen) -> Iterator[str]:
    """10: every licence is on the allowed list, where one was given."""
    allowed = frozen.info["allowed_licences"]
    if allowed is not None:
        for image, split, licence in frozen.images.each("image_id", "split", "licence"):
            if split in GIVEN and licence not in allowed:
                yield f"{image}: in {split} under licence {licence}, which is not allowed"


def among(column: "pa.ChunkedArray", values: Iterable[str]) -> Any:
    """Return for each row whether its value is one of these; null is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(column, value_set=pa.array(sorted(values), pa.string()))


def keys_in_several(rows: Rows, place: str, *, at_patient: bool) -> Iterator[tuple[str, dict[Any, str]]]:
    """Yield each key and digest that rows of images have in more than one place (a column), with a witness of each place.

    A key of a patient counts where `at_patient` says so.
    """
    import pyarrow.compute as pc

    for field in ("image_keys", "lesion_keys", "patient_keys"):
        if field != "patient_keys" or at_patient:
            lists = rows[field].combine_chunks()
            keys, owners = pc.list_flatten(lists), pc.list_parent_indices(lists)
            for key, seen in sorted(in_several(keys, rows[place].take(owners), rows["image_id"].take(owners)).items()):
                yield f"{field} {key}", seen
    for field in ("pixel_sha256", "sha256"):
        for digest, seen in sorted(in_several(rows[field], rows[place], rows["image_id"]).items()):
            yield f"{field} {digest}", seen


CHECKS: tuple[tuple[int, str, Callable[[Frozen], Iterator[str]]], ...] = (
    (0, "images are well formed", images_are_well_formed),
    (0, "edges are well formed", edges_are_well_formed),
    (0, "the quality gate is one", gate_is_one),
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
