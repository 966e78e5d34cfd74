"""Tests and drawn sets of a manifest, checked anew from its rows: who is in them, who is not, and every number stated of them.

Nothing here is shared with the code that drew them. A draw is drawn again by the rule of schemas/manifest/README.md (the first of
each class in the order of sha256 of seed, `set`, name and image id), so that no picture can be put in or left out by hand.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from curate.manifest.frozen import Frozen, Json

Row = dict[str, Any]
SIDES = ["malignant", "benign"]
COLUMNS = (
    *("image_id", "split", "node_id", "nine_class", "three_class", "modality", "confirmation", "width", "height"),
    *("tests", "reader_sets"),
)


def names_are_listed(frozen: Frozen) -> Iterator[str]:
    """0: every set that a row names is listed in manifest.json, once, and no row names a set twice."""
    stated, rows = _stated(frozen), _rows(frozen)
    for column in ("tests", "reader_sets"):
        names = [one["name"] for one in stated[column]]
        for name, times in Counter(names).items():
            if times > 1:
                yield f"manifest.json lists the set {name} {times} times"
        for row in rows:
            if row[column] != sorted(set(row[column])):
                yield f"{row['image_id']}: {column} are not sorted, or one is named twice"
            for name in sorted(set(row[column]) - set(names)):
                yield f"{row['image_id']}: in the set {name}, which manifest.json does not list"


def tests_hold_what_they_say(frozen: Frozen) -> Iterator[str]:
    """3: a test holds the images of the test split that are of one of its classes and of its modality, all of them and no other."""
    rows = _rows(frozen)
    for test in _stated(frozen)["tests"]:
        name = test["name"]
        for row in rows:
            sides = _sides(frozen, test, row)
            fits = bool(sides) and test["modality"] in (None, row["modality"])
            if len(sides) > 1:
                yield f"{row['image_id']}: of both classes of the test {name}"
            elif (name in row["tests"]) != fits:
                what = "in" if name in row["tests"] else "not in"
                why = f"split {row['split']}, class {sides[0] if sides else None}, modality {row['modality']}"
                yield f"{row['image_id']}: {what} the test {name}, with {why}"


def tests_are_counted(frozen: Frozen) -> Iterator[str]:
    """5: what is stated of each test and class (found, removed by reason, kept, confirmed) is what the rows give."""
    tested = [row for row in _rows(frozen) if row["split"] == "test"]
    for test in _stated(frozen)["tests"]:
        if [part["class"] for part in test["classes"]] != SIDES:
            yield f"test {test['name']}: its classes are not {' and '.join(SIDES)}"
        for part in test["classes"]:
            found = [row for row in tested if part["class"] in _sides(frozen, test, row)]
            kept = [row for row in found if test["name"] in row["tests"]]
            out = [row["modality"] for row in found if test["name"] not in row["tests"]]
            removed = Counter("modality_unknown" if modality is None else "other_modality" for modality in out)
            counted = {"found": len(found), "removed": dict(removed), "kept": len(kept)}
            counted["confirmed"] = sum(row["confirmation"] == "histopathology" for row in kept)
            yield from _unlike(f"test {test['name']}, {part['class']}", part, counted)


def sets_are_drawn_by_rule(frozen: Frozen) -> Iterator[str]:
    """3: a drawn set holds those that its rule draws, less those whose removal is stated with a reason, and no other."""
    rows = _rows(frozen)
    for one in _stated(frozen)["reader_sets"]:
        expected: set[str] = set()
        listed = Counter(gone["image_id"] for gone in one["removed"])
        yield from (f"set {one['name']}: {image} is removed {n} times" for image, n in listed.items() if n > 1)
        removed = {gone["image_id"]: gone for gone in one["removed"]}
        drawn_of: dict[str, str] = {}
        for part in one["classes"]:
            pool = _pool(frozen, rows, one, part["class"])
            drawn = _first(pool, one["name"], frozen.info["seed"], part["asked"])
            drawn_of |= {row["image_id"]: part["class"] for row in drawn}
            for row in drawn:
                gone = removed.get(row["image_id"])
                small = min(row["width"], row["height"]) < one.get("least_side", 0)
                if small != (gone is not None and gone["reason"] == "small"):
                    yield f"set {one['name']}: {row['image_id']} is {'small and kept' if small else 'removed as small and is not'}"
                if gone is None:
                    expected.add(row["image_id"])
        for image, gone in removed.items():
            if drawn_of.get(image) != gone["class"]:
                yield f"set {one['name']}: {image} is removed as {gone['class']}, and was not drawn so"
            if gone["reason"] not in ("small", "reader") or (gone["reason"] == "reader") != bool(gone["reader"] and gone["words"]):
                yield f"set {one['name']}: {image} is removed without a reader who says why"
        held = {row["image_id"] for row in rows if one["name"] in row["reader_sets"]}
        yield from (f"{image}: in the set {one['name']}, and the draw does not give it" for image in sorted(held - expected))
        yield from (f"{image}: not in the set {one['name']}, and the draw gives it" for image in sorted(expected - held))


def sets_are_counted(frozen: Frozen) -> Iterator[str]:
    """5: what is stated of each drawn set and class (available, asked, drawn, removed, kept) is what its rule and the rows give."""
    rows = _rows(frozen)
    for one in _stated(frozen)["reader_sets"]:
        name = one["name"]
        available = {part["class"]: len(_pool(frozen, rows, one, part["class"])) for part in one["classes"]}
        classes = SIDES if "quota" in one else [group["name"] for group in frozen.classes[one["level"]]]
        if list(available) != classes or len(one["classes"]) != len(classes):
            yield f"set {name}: its classes are not {', '.join(classes)}"
        for part in one["classes"]:
            drawn = min(part["asked"], available[part["class"]])
            gone = Counter(g["reason"] for g in one["removed"] if g["class"] == part["class"])
            counted = {"available": available[part["class"]], "drawn": drawn, "removed": dict(gone), "kept": drawn - gone.total()}
            yield from _unlike(f"set {name}, {part['class']}", part, counted)
        asked = {part["class"]: part["asked"] for part in one["classes"]}
        yield from _quota(one, asked, available) if "quota" in one else _balance(one, asked, available)


def _quota(one: Json, asked: dict[str, int], available: dict[str, int]) -> Iterator[str]:
    """Yield where the quotas of a set for readers are not what its rule gives."""
    rule, size, total = one["quota"], one["size"], sum(available.values())
    if sum(asked.values()) != size:
        yield f"set {one['name']}: {sum(asked.values())} asked of its classes, and its size is {size}"
    for name, quota in asked.items():
        if isinstance(rule, dict):
            exact = rule.get(name, 0)
        else:
            exact = size * (available[name] / total if rule == "proportional" and total else 1 / len(asked))
        if (rule not in ("equal", "proportional") and quota != exact) or abs(quota - exact) >= 1:
            yield f"set {one['name']}, {name}: {quota} asked, the quota {rule} gives {exact:g}"


def _balance(one: Json, asked: dict[str, int], available: dict[str, int]) -> Iterator[str]:
    """Yield where a balanced sample asks for more of one class than of another, or says wrongly that it is balanced."""
    each, present = one["each"], [n for n in available.values() if n]
    if set(asked.values()) != {each}:
        yield f"set {one['name']}: asked {sorted(set(asked.values()))}, and {each} of each class are stated"
    if one["smallest"] and each != min(present, default=0):
        yield f"set {one['name']}: {each} of each class, and the smallest class has {min(present, default=0)}"
    if one["balanced"] != all(n >= each for n in available.values()):
        yield f"set {one['name']}: balanced is {one['balanced']}, and its classes hold {', '.join(map(str, available.values()))}"


def _stated(frozen: Frozen) -> dict[str, list[Json]]:
    """Return the sets of manifest.json; none where it is of a schema before there were any."""
    stated: dict[str, list[Json]] = frozen.info.get("drawn_sets", {"tests": [], "reader_sets": []})
    return stated


def _sides(frozen: Frozen, test: Json, row: Row) -> list[str]:
    """Return the classes of a test that a row is of, were it of the right modality; none outside the test split."""
    if row["split"] != "test" or row["node_id"] is None:
        return []
    line = frozen.path(row["node_id"])
    return [part["class"] for part in test["classes"] if any(node in line for node in part["nodes"])]


def _rows(frozen: Frozen) -> list[Row]:
    """Return the columns that sets depend on, of the images that are in a set or in a split that sets are drawn from."""
    rows = (dict(zip(COLUMNS, values, strict=True)) for values in frozen.images.each(*COLUMNS))
    return [row for row in rows if row["split"] in ("test", "validation") or row["tests"] or row["reader_sets"]]


def _pool(frozen: Frozen, rows: list[Row], one: Json, name: str) -> list[Row]:
    """Return the images that a class of a set is drawn from."""
    if "quota" not in one:
        column = f"{one['level']}_class"
        return [row for row in rows if row["split"] == "validation" and row[column] == name]
    tests = {test["name"]: test for test in _stated(frozen)["tests"]}
    members = (row for row in rows if one["of"] in row["tests"])
    return [row for row in members if name in _sides(frozen, tests[one["of"]], row)]


def _first(pool: list[Row], name: str, seed: int, count: int) -> list[Row]:
    keyed = sorted((hashlib.sha256(f"{seed}\nset\n{name}\n{row['image_id']}".encode()).digest(), n) for n, row in enumerate(pool))
    return [pool[n] for _, n in keyed[:count]]


def _unlike(where: str, stated: Json, counted: Json) -> Iterator[str]:
    for what, value in counted.items():
        if stated[what] != value:
            yield f"{where}: {what} = {stated[what]} stated, the rows give {value}"


DRAWN: tuple[tuple[int, str, Callable[[Frozen], Iterator[str]]], ...] = (
    (0, "sets are listed", names_are_listed),
    (3, "tests hold what they say", tests_hold_what_they_say),
    (3, "sets are drawn by their rule", sets_are_drawn_by_rule),
    (5, "tests are counted", tests_are_counted),
    (5, "drawn sets are counted", sets_are_counted),
)
