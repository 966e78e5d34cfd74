"""The sets of a manifest that is extended: drawn again by the rules that it states, and what becomes of them is told."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from curate.errors import InputError
from curate.splits.drawn_sets import Asked
from curate.splits.seats import Frozen
from curate.splits.test_sets import PAPER_SETS, Exclusion, Sets

RULES = ("modality", "of", "size", "quota", "least_side", "level", "each")  # of a set, beside its name and classes


def asked_sets(said: Sets | None, frozen: Frozen | None) -> Asked:
    """Return the sets that are to be drawn.

    Args:
        said: what the user says of them; None: nothing, so that an extension keeps those of the manifest that it extends, without
            the images that a reader took out of them. Else they are the paper's.
        frozen: the manifest that is extended.

    Raises:
        InputError: the sets that the manifest states are none that can be drawn here.
    """
    if said is not None or frozen is None or frozen.drawn_sets is None:
        return Asked(said or PAPER_SETS)
    try:
        return Asked(_sets(frozen.drawn_sets), _kept_out(frozen.drawn_sets))
    except (ValidationError, LookupError, TypeError) as error:
        raise InputError(
            f"The sets that {frozen.name} states cannot be drawn again ({type(error).__name__}: {error}).",
            "Say which are to be drawn under [tests] of a project file, and `curate run` it.",
        ) from error


def told_of_sets(asked: Asked, frozen: Frozen | None, closure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return findings: sets that are not those of the extended manifest, and a reader's list that is not there whole.

    Args:
        asked: what was drawn.
        frozen: the manifest that is extended.
        closure: how the numbers of the drawn sets close, as manifest.json has it.
    """
    if frozen is None or frozen.drawn_sets is None:
        return []
    before, now = dict(_rules(frozen.drawn_sets)), dict(_rules(closure))
    findings = []
    if before != now:
        changes = {
            "gone": sorted(before.keys() - now.keys()),
            "drawn by another rule": sorted(name for name in before.keys() & now.keys() if before[name] != now[name]),
            "new": sorted(now.keys() - before.keys()),
        }
        told = "; ".join(f"{what}: {', '.join(names)}" for what, names in changes.items() if names)
        words = f"The sets are not those of {frozen.name}. {told}. Leave [tests] out of the project file to keep them."
        findings.append(_warning("growth.sets-not-kept", words, []))
    if asked.kept_out:
        words = (
            f"{frozen.name} names the images of a reader's list that it had drawn, not the whole list: they stay out of the sets, "
            "and others of it may be drawn now. To be sure, `curate run` a project file whose [tests] exclusions names the list."
        )
        findings.append(_warning("growth.reader-list-in-part", words, [kept.image_id for kept in asked.kept_out]))
    return findings


def _sets(stated: Mapping[str, Any]) -> Sets:
    """Return the sets whose rules manifest.json states."""
    readers = {one["of"]: one for one in stated["reader_sets"] if "quota" in one}
    binary = []
    for test in stated["tests"]:
        nodes = {part["class"]: part["nodes"] for part in test["classes"]}
        shown = readers.get(test["name"])
        rule = shown and {name: shown[name] for name in ("size", "quota", "least_side")}
        binary.append({"name": test["name"], "modality": test["modality"], **nodes, "readers": rule})
    balanced = [
        {"name": one["name"], "level": one["level"], "each": None if one["smallest"] else one["each"]}
        for one in stated["reader_sets"]
        if "quota" not in one
    ]
    return Sets.model_validate({"binary": binary, "balanced": balanced})


def _kept_out(stated: Mapping[str, Any]) -> tuple[Exclusion, ...]:
    """Return what readers took out of the sets, each image once."""
    gone = (row for one in stated["reader_sets"] for row in one["removed"] if row["reason"] == "reader")
    listed = {row["image_id"]: Exclusion(row["image_id"], row["reader"], row["words"]) for row in gone}
    return tuple(sorted(listed.values()))


def _rules(stated: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the name of each set and by what it is drawn."""
    for one in (*stated["tests"], *stated["reader_sets"]):
        rule = {name: one[name] for name in RULES if name in one and not (name == "each" and one["smallest"])}
        yield one["name"], (rule, {part["class"]: part.get("nodes") for part in one["classes"]})


def _warning(finding: str, words: str, images: list[str]) -> dict[str, Any]:
    return {"id": finding, "severity": "warning", "message": words, "component": None, "images": images}
