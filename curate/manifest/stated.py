"""What a manifest states of its own rules and lists: no word of it may loosen an invariant, and no list may leave anything out.

The invariants compare rows with rules, and rows with counts. Here the rules are held to what they are called, and the lists
to each other.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from curate.manifest.invariants import GIVEN, Frozen

FIRST = "1.0.0"
VERSION = re.compile(r"[1-9]\d*\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)
QUARANTINED = "quarantined"
DROPS = (
    "merged_with_test",
    "merged_with_validation",
    "merged_with_fold",
    "label_lost",
    "quality_lost",
    "confirmation_lost",
    "label_conflict_in_test",
)


def measures_are_numbers(frozen: Frozen) -> Iterator[str]:
    """0: every measure is a number (what is none is below no limit), and every probability one of [0, 1]."""
    for row in frozen.images:
        for field in ("age", "sharpness", "contrast"):
            if row[field] is not None and not math.isfinite(row[field]):
                yield f"{row['image_id']}: {field} is {row[field]}"
    for edge in frozen.edges:
        if edge["probability"] is not None and not 0 <= edge["probability"] <= 1:
            yield f"edge {edge['image_a']} - {edge['image_b']}: probability {edge['probability']} is not in [0, 1]"


def folds_hold_everyone(frozen: Frozen) -> Iterator[str]:
    """1: where there are folds, every image that may be held out is in one of them, and no other fold is named."""
    folds = frozen.info["protocol"]["folds"]
    for row in frozen.images:
        if row["fold"] is not None and not 0 <= row["fold"] < folds:
            yield f"{row['image_id']}: in fold {row['fold']}, and there are {folds}"
        if folds and row["fold"] is None and row["split"] in ("train", "validation") and row["pinned"] is None:
            yield f"{row['image_id']}: in {row['split']}, not pinned, and in none of the {folds} folds"


def level_is_kept(frozen: Frozen) -> Iterator[str]:
    """2: the level is that of the policy, and edges of patients are there at patient level only."""
    level, of_policy = frozen.info["level"], frozen.info["policy"]["level"]
    if level != of_policy:
        yield f"manifest.json: level {level}, and the policy's is {of_policy}"
    for edge in frozen.edges:
        if edge["evidence"] == "patient" and level != "patient":
            yield f"patient edge {edge['image_a']} - {edge['image_b']}, and the level is {level}"


def no_key_crosses_folds(frozen: Frozen) -> Iterator[str]:
    """2: no lesion key, patient key (at patient level), image key, byte or pixel digest connects two folds."""
    lists = ["lesion_keys", "image_keys"] + (["patient_keys"] if frozen.info["level"] == "patient" else [])
    held: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for row in frozen.images:
        if row["fold"] is not None:
            keys = [(field, key) for field in lists for key in row[field]]
            for what in [*keys, ("sha256", row["sha256"]), ("pixel_sha256", row["pixel_sha256"])]:
                held[what].setdefault(row["fold"], row["image_id"])
    for (field, key), seen in sorted(held.items()):
        if len(seen) > 1:
            yield f"{field} {key} connects " + " and ".join(f"{image} (fold {fold})" for fold, image in sorted(seen.items()))


def protocol_keeps_its_name(frozen: Frozen) -> Iterator[str]:
    """3: the protocol of the paper asks for independence and confirmation, and sources are listed as it lists them."""
    protocol = frozen.info["protocol"]
    requires = protocol["test_requires"]
    if protocol["name"] == "paper" and not (requires["independent"] and requires["confirmed"]):
        yield "manifest.json: the protocol is paper, and test_requires asks for less"
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
    files = [*frozen.images, *frozen.info["rejected"]]
    for source, folder in sorted({(f["source"], f["path"].rpartition("/")[0] or ".") for f in files} - folders.keys()):
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
    extends, version = frozen.info.get("extends"), frozen.info.get("version", FIRST)
    reasons = Counter(row["excluded_reason"] for row in frozen.images)
    given = sum(1 for row in frozen.images if row["split"] in GIVEN)
    dropped = sum(reasons[why] for why in DROPS)
    if VERSION.fullmatch(version) is None:
        yield f"manifest.json: version {version!r} is not three numbers"
    elif extends is None:
        if version != FIRST:
            yield f"manifest.json: version {version}, and it extends nothing"
    elif extends["dropped"] and not (version.endswith(".0.0") and version != FIRST):
        yield f"manifest.json: version {version}, and images were dropped"
    elif version == FIRST:
        yield f"manifest.json: version {version}, and it extends {extends['name']}"
    told = extends or {"kept": 0, "added": given, "dropped": 0, "quarantined": 0}
    if told["kept"] + told["added"] != given:
        yield f"manifest.json: {told['kept']} images kept and {told['added']} added, {given} are in splits"
    if told["quarantined"] != reasons[QUARANTINED]:
        yield f"manifest.json: {told['quarantined']} images quarantined, {reasons[QUARANTINED]} rows"
    if told["dropped"] > dropped or (extends is None and dropped):
        yield f"manifest.json: {told['dropped']} images dropped, {dropped} rows"
    for edge in frozen.edges:
        for end in (edge["image_a"], edge["image_b"]):
            if end in frozen.by_id and frozen.by_id[end]["excluded_reason"] == QUARANTINED:
                yield f"edge {edge['image_a']} - {edge['image_b']}: {end} is quarantined"


STATED: tuple[tuple[int, str, Callable[[Frozen], Iterator[str]]], ...] = (
    (0, "measures are numbers", measures_are_numbers),
    (1, "folds hold everyone", folds_hold_everyone),
    (2, "the level is kept", level_is_kept),
    (2, "no key connects two folds", no_key_crosses_folds),
    (3, "the protocol keeps its name", protocol_keeps_its_name),
    (5, "every folder is listed", every_folder_is_listed),
    (7, "the tree is listed once", tree_is_listed_once),
    (5, "growth is told", growth_is_told),
)
