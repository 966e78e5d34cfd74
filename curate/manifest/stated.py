"""What a manifest states of its own rules and lists: no word of it may loosen an invariant, and no list may leave anything out.

The invariants compare rows with rules, and rows with counts. Here the rules are held to what they are called, and the lists
to each other.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from curate.manifest.drawn_sets import DRAWN
from curate.manifest.folder import FIRST_VERSION, minor_of
from curate.manifest.frozen import Frozen
from curate.manifest.invariants import among, keys_in_several
from curate.manifest.schema import GIVEN

VERSION = re.compile(r"[1-9]\d*\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)
QUARANTINED = "quarantined"
MERGES = ("drop", "quarantine")
LEVELS = {"patient": "patient", "lesion": "lesion", "image": "image_id"}  # of a source, and the evidence that they stand for
SINCE_1_1 = (
    "drawn_sets",
    "extends",
    "licence_expression",
    "nearest_found",
    "pairs_compared",
    "publication",
    "rekeyed",
    "version",
)
DROPS = (
    "merged_with_test",
    "merged_with_validation",
    "merged_with_fold",
    "label_lost",
    "quality_lost",
    "confirmation_lost",
    "label_conflict_in_test",
)


def nothing_is_left_unsaid(frozen: Frozen) -> Iterator[str]:
    """0: manifest.json says all that its schema asks for, if only that there is nothing: nobody is held to what is left out."""
    if minor_of(frozen.info):
        yield from (f"manifest.json: {name} is missing" for name in SINCE_1_1 if name not in frozen.info)


def measures_are_numbers(frozen: Frozen) -> Iterator[str]:
    """0: every measure is a number (what is none is below no limit), and every probability and share one of [0, 1]."""
    import pyarrow.compute as pc

    images, edges = frozen.images, frozen.edges
    for field in ("age", "sharpness", "contrast", "framing"):
        for image, value in images.where(pc.invert(pc.is_finite(images[field]))).each("image_id", field):
            yield f"{image}: {field} is {value}"
    in_range = pc.and_(pc.greater_equal(edges["probability"], 0), pc.less_equal(edges["probability"], 1))
    for a, b, value in edges.where(pc.invert(in_range)).each("image_a", "image_b", "probability"):
        yield f"edge {a} - {b}: probability {value} is not in [0, 1]"
    for what, share in frozen.info.get("nearest_found", {}).items():
        if not 0 <= share <= 1:
            yield f"manifest.json: nearest_found of {what} is {share}, no share"


def folds_hold_everyone(frozen: Frozen) -> Iterator[str]:
    """1: where there are folds, every image that may be held out is in one of them, and no other fold is named."""
    folds = frozen.info["protocol"]["folds"]
    for image, split, fold, pinned in frozen.images.each("image_id", "split", "fold", "pinned"):
        if fold is not None and not 0 <= fold < folds:
            yield f"{image}: in fold {fold}, and there are {folds}"
        if folds and fold is None and split in ("train", "validation") and pinned is None:
            yield f"{image}: in {split}, not pinned, and in none of the {folds} folds"


def level_is_kept(frozen: Frozen) -> Iterator[str]:
    """2: the level is that of the policy, and edges of patients are there at patient level only."""
    level, of_policy = frozen.info["level"], frozen.info["policy"]["level"]
    if level != of_policy:
        yield f"manifest.json: level {level}, and the policy's is {of_policy}"
    if level != "patient":
        for a, b in frozen.edges.where(among(frozen.edges["evidence"], ["patient"])).each("image_a", "image_b"):
            yield f"patient edge {a} - {b}, and the level is {level}"


def levels_are_borne_out(frozen: Frozen) -> Iterator[str]:
    """5: as many images of each source have keys as are stated; its level is one that the policy counts and an image of it reaches.

    Whether a key is of the source's own record or of another's, rows do not say. A coarser level than the stated one may thus be
    right too, but for that of images: their keys are their own.
    """
    import pyarrow.compute as pc

    policy = frozen.info["policy"]
    counted = {name for name, evidence in LEVELS.items() if evidence in policy["evidence"]}
    counted -= {"patient"} if policy["level"] != "patient" else set()
    keys = {name: frozen.images.where(pc.greater(pc.list_value_length(frozen.images[f"{name}_keys"]), 0)) for name in LEVELS}
    having = {name: rows.counted("source") for name, rows in keys.items()}
    for source in frozen.info["sources"]:
        if "level" not in source and "keyed" not in source:
            continue
        where, level, stated = f"source {source['id']}", source["level"], source["keyed"]
        for name, seen in having.items():
            if stated[name] != seen[source["id"]]:
                yield f"{where}: {stated[name]} images with a key of a {name} stated, {seen[source['id']]} rows"
        reached = {name for name in counted if having[name][source["id"]]}
        if level not in (*LEVELS, "pixels"):
            yield f"{where}: unknown level {level!r}"
        elif (level == "pixels" and "image" in reached) or (level != "pixels" and level not in reached):
            yield f"{where}: level {level}, and the keys of its images that count are of {', '.join(sorted(reached)) or 'nothing'}"


def no_key_crosses_folds(frozen: Frozen) -> Iterator[str]:
    """2: no lesion key, patient key (at patient level), image key, byte or pixel digest connects two folds."""
    folded = frozen.images.where(frozen.images["fold"].is_valid())
    for what, seen in keys_in_several(folded, "fold", at_patient=frozen.info["level"] == "patient"):
        yield f"{what} connects " + " and ".join(f"{image} (fold {fold})" for fold, image in sorted(seen.items()))


def protocol_keeps_its_name(frozen: Frozen) -> Iterator[str]:
    """3: the paper's protocol asks for independence and confirmation, `official` keeps to what was published, sources fit."""
    protocol = frozen.info["protocol"]
    requires = protocol["test_requires"]
    if protocol["name"] == "paper" and not (requires["independent"] and requires["confirmed"]):
        yield "manifest.json: the protocol is paper, and test_requires asks for less"
    if protocol["name"] == "official":
        adopted = set(protocol["adopted"])
        for image, source, split, published in frozen.images.each("image_id", "source", "split", "official_split"):
            side = published if source in adopted else None
            if split not in (side or "train", "excluded"):
                yield f"{image}: in {split}, and its publisher put it in {side or 'no split that is adopted'}"
    for source in frozen.info["sources"]:
        if source["independent"] != (source["id"] in protocol["independent"]):
            yield f"source {source['id']}: independent does not fit the protocol's list"


def every_folder_is_listed(frozen: Frozen) -> Iterator[str]:
    """5: every source and folder is listed once, and every folder that images or rejected files are in is listed."""
    sources = Counter(source["id"] for source in frozen.info["sources"])
    folders = Counter((source["id"], folder["folder"]) for source in frozen.info["sources"] for folder in source["folders"])
    for source, times in sources.items():
        if times > 1:
            yield f"source {source} is listed {times} times"
    for (source, folder), times in folders.items():
        if times > 1:
            yield f"source {source}, folder {folder} is listed {times} times"
    files = {(source, path.rpartition("/")[0] or ".") for source, path in frozen.images.each("source", "path")}
    files |= {(r["source"], r["path"].rpartition("/")[0] or ".") for r in frozen.info["rejected"]}
    for source, folder in sorted(files - folders.keys()):
        yield f"source {source}, folder {folder} has images or rejected files and is not listed"


def tree_is_listed_once(frozen: Frozen) -> Iterator[str]:
    """7: every node and training class is listed once, and each of the nine lies under the three-class that it names."""
    for kind, names in (
        ("node", [node["node_id"] for node in frozen.classes["nodes"]]),
        ("training class", [c["id"] for c in frozen.classes["training_classes"]]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{kind} {name} is listed {times} times"
    for group in frozen.classes["nine"]:
        if group["three"] != frozen.three_of(group["node_id"]):
            yield f"nine-class {group['name']} is not under {group['three']}"


def growth_is_told(frozen: Frozen) -> Iterator[str]:
    """5: what an extension says of itself is what its rows say, and one that extends nothing has dropped and set aside nothing."""
    extends, version = frozen.info.get("extends"), frozen.info.get("version", FIRST_VERSION)
    reasons, splits = frozen.images.counted("excluded_reason"), frozen.images.counted("split")
    given = sum(splits[split] for split in GIVEN)
    dropped = sum(reasons[why] for why in DROPS)
    if VERSION.fullmatch(version) is None:
        yield f"manifest.json: version {version!r} is not three numbers"
    elif extends is None:
        if version != FIRST_VERSION:
            yield f"manifest.json: version {version}, and it extends nothing"
    elif extends["dropped"] and not (version.endswith(".0.0") and version != FIRST_VERSION):
        yield f"manifest.json: version {version}, and images were dropped"
    elif version == FIRST_VERSION:
        yield f"manifest.json: version {version}, and it extends {extends['name']}"
    if extends is not None and extends["merge"] not in MERGES:
        yield f"manifest.json: extended by the merge policy {extends['merge']!r}, which is none"
    told = extends or {"kept": 0, "added": given, "dropped": 0, "quarantined": 0}
    if told["kept"] + told["added"] != given:
        yield f"manifest.json: {told['kept']} images kept and {told['added']} added, {given} are in splits"
    if told["quarantined"] != reasons[QUARANTINED]:
        yield f"manifest.json: {told['quarantined']} images quarantined, {reasons[QUARANTINED]} rows"
    if told["dropped"] > dropped or (extends is None and dropped):
        yield f"manifest.json: {told['dropped']} images dropped, {dropped} rows"
    for end, why in zip(("image_a", "image_b"), frozen.ends("excluded_reason"), strict=True):
        for a, b, aside in frozen.edges.where(among(why, [QUARANTINED])).each("image_a", "image_b", end):
            yield f"edge {a} - {b}: {aside} is quarantined"


STATED: tuple[tuple[int, str, Callable[[Frozen], Iterator[str]]], ...] = (
    (0, "nothing is left unsaid", nothing_is_left_unsaid),
    (0, "measures are numbers", measures_are_numbers),
    (1, "folds hold everyone", folds_hold_everyone),
    (2, "the level is kept", level_is_kept),
    (2, "no key connects two folds", no_key_crosses_folds),
    (3, "the protocol keeps its name", protocol_keeps_its_name),
    (5, "levels of sources are borne out", levels_are_borne_out),
    (5, "every folder is listed", every_folder_is_listed),
    (7, "the tree is listed once", tree_is_listed_once),
    (5, "growth is told", growth_is_told),
    *DRAWN,
)
