"""The stage `split`: every image in train, validation or test, or excluded with its reason."""

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

from curate.catalogue import Catalogue, digest_of, stage_record
from curate.catalogue.stages import digest_of_rows, record_stage, replace_findings, required_stage
from curate.catalogue.verdicts import last_words, stored_verdicts
from curate.errors import InputError, NotReadyError
from curate.graph.link import link_is_current
from curate.splits.assign import Atom, assign, folds
from curate.splits.atom import Cell, Cells
from curate.splits.audit_official import audit
from curate.splits.check import require_sound
from curate.splits.drawn_sets import Asked, sets_of, write_sets
from curate.splits.extend import extend, write_withheld
from curate.splits.growth import Growth, keep_pins
from curate.splits.images import Image, adopted_sources, read_images
from curate.splits.kept_sets import asked_sets, told_of_sets
from curate.splits.levels import levels
from curate.splits.official import adopt
from curate.splits.proportions import proportions
from curate.splits.protocol import Protocol
from curate.splits.seats import Frozen, Member, Merge
from curate.splits.test_sets import Sets
from curate.taxonomy.tree import Tree

STAGE = "split"
VERSION = 4
PINNING = {"component.over-budget": "over_budget", "component.weak-bridge": "weak_bridge"}


def split(
    catalogue: Catalogue,
    protocol: Protocol,
    tree: Tree,
    frozen: Frozen | None = None,
    merge: Merge | None = None,
    *,
    sets: Sets | None = None,
) -> dict[str, Any]:
    """Assign every picture, in place of the last assignment.

    Args:
        catalogue: open for writing, linked.
        protocol: how components become splits.
        tree: the taxonomy, for label conflicts.
        frozen: the manifest that the split extends; the protocol is its own.
        merge: what gives way where frozen splits are tied; None: as the frozen manifest was made, else `drop`.
        sets: tests and samples that are drawn from the split; None: those that the frozen manifest states, else the paper's.

    Returns:
        The summary: images by split, exclusions by reason, images pinned to train by reason, folds, the level of each source,
        how far proportions are kept (`stratified`), the audit of the publishers' splits (`official`), how the numbers of the
        sets close, findings, and of an extension `growth`: kept, dropped, added and excluded images, which close.

    Raises:
        InputError: no image can stand in a split, a source that the protocol names is not in the catalogue or has no split, or
            a frozen image is not there as it was.
        BrokenInvariantError: the assignment is not sound; nothing is written.
    """
    extends = _extends(frozen, merge or frozen.merge or "drop") if frozen else None
    asked = asked_sets(sets, frozen)
    input_digest = _input_digest(catalogue, protocol, tree, asked, extends)
    last = stage_record(catalogue, STAGE)
    if last and last.input_digest == input_digest:
        return {**last.summary, "skipped": True}
    images = read_images(catalogue, protocol)
    sources = adopted_sources(images, protocol)
    own = {i for (i,) in catalogue.rows("SELECT DISTINCT image_id FROM image_label_conflicts")}  # findings of ingest
    growth = Growth()
    if frozen and extends:
        growth = extend(catalogue, _members(images, own, protocol), frozen, extends["merge"], tree)
        now = {i.image_id: growth.components.get(i.image_id, (i.component, i.lesion_component)) for i in images}
        images = [replace(i, component=now[i.image_id][0], lesion_component=now[i.image_id][1]) for i in images]
    conflicts, findings = _label_conflicts(images, tree)
    conflicts |= {i.component for i in images if i.image_id in own}
    reasons = {i.image_id: i.no_node for i in images if i.node_id is None} | growth.excluded
    atoms = keep_pins(_atoms(catalogue, images, reasons, conflicts, protocol, tree), growth, protocol.folds)
    if not atoms:
        raise InputError("No image can stand in a split: none has a place in the taxonomy.", "`curate status` lists the reasons.")
    findings += growth.findings
    audited = None
    if protocol.protocol == "official":
        adopted = adopt(images, atoms, reasons, sources)
        splits, reasons = adopted.splits, reasons | adopted.reasons
        atoms = _atoms(catalogue, images, reasons, conflicts, protocol, tree)  # of the images that they keep
        audited, leaks = audit(catalogue, images, splits, reasons, sources)
        findings += leaks
    else:
        splits = assign(atoms, protocol, growth.splits)
    fold_of = folds(atoms, splits, protocol, growth.folds)
    strata, off = proportions(atoms, splits, fold_of, protocol)
    findings += off
    pinned = {atom.component: ",".join(atom.pinned) for atom in atoms if atom.pinned}
    if protocol.protocol == "paper":
        overlap = {i.image_id: "overlaps_test" for i in images if splits.get(i.component) == "test" and not _testable(i, protocol)}
        reasons |= {image: why for image, why in overlap.items() if image not in growth.excluded}
    rows = [
        {
            "image_id": i.image_id,
            "split": "excluded" if i.image_id in reasons else splits[i.component],
            "excluded_reason": reasons.get(i.image_id),
            "pinned": None if i.image_id in reasons else pinned.get(i.component),
            "fold": None if i.image_id in reasons else fold_of.get(i.component),
            "quality_fail": i.quality_fail,
        }
        for i in images
    ]
    drawn = sets_of(catalogue, rows, asked, protocol.seed, tree)
    findings += told_of_sets(asked, frozen, drawn.closure)
    summary = {
        "splits": {s: sum(1 for r in rows if r["split"] == s) for s in ("train", "validation", "test", "excluded")},
        "excluded": dict(sorted(Counter(reasons.values()).items())),
        "pinned": dict(sorted(Counter(r["pinned"] for r in rows if r["pinned"]).items())),
        "folds": [sum(1 for r in rows if r["fold"] == f) for f in range(protocol.folds)],
        "levels": levels(catalogue),
        "strata": strata,
        "official": audited,
        "findings": len(findings),
        "sets": drawn.closure,
        **({"growth": growth.counts(rows)} if frozen else {}),
    }
    require_sound(rows, {i.image_id: i.component for i in images}, pinned)
    with catalogue.transaction():
        catalogue.execute("DELETE FROM assignments")
        catalogue.insert("assignments", rows)
        write_withheld(catalogue, growth)
        write_sets(catalogue, drawn)
        replace_findings(catalogue, STAGE, findings)
        record_stage(
            catalogue,
            STAGE,
            input_digest=input_digest,
            output_digest=digest_of(input_digest, digest_of_rows(catalogue, "SELECT * FROM assignments ORDER BY image_id")),
            settings={
                "protocol": protocol.model_dump(mode="json"),
                **asked.settings(),
                "extends": extends,
            },
            summary=summary,
        )
    return {**summary, "skipped": False}


def split_is_current(catalogue: Catalogue, tree: Tree) -> bool:
    """Say whether the last run read what the catalogue holds now."""
    last = required_stage(catalogue, STAGE, "curate split")
    protocol, asked = Protocol.model_validate(last.settings["protocol"]), Asked.recorded(last.settings)
    return last.input_digest == _input_digest(catalogue, protocol, tree, asked, last.settings.get("extends"))


def _extends(frozen: Frozen, merge: Merge) -> dict[str, Any]:
    return {"name": frozen.name, "digest": frozen.digest, "folder": frozen.folder, "merge": merge}


def _members(images: list[Image], own: set[str], protocol: Protocol) -> list[Member]:
    paper = protocol.protocol == "paper"
    return [
        Member(
            i.image_id,
            i.component,
            i.lesion_component,
            i.node_id,
            passes=i.quality_fail is None,
            testable=not paper or _testable(i, protocol),
            own_conflict=i.image_id in own,
        )
        for i in images
    ]


def _input_digest(catalogue: Catalogue, protocol: Protocol, tree: Tree, asked: Asked, extends: dict[str, Any] | None) -> str:
    if not link_is_current(catalogue):
        raise NotReadyError("The links are older than the fingerprints, ids or verdicts.", "Run `curate link` first.")
    linked = required_stage(catalogue, "link", "curate link")
    decided = digest_of_rows(catalogue, "SELECT * FROM label_decisions ORDER BY ALL")
    of_sets = asked.depends_on()
    old = [extends["digest"], extends["merge"], extends["folder"]] if extends else []
    words = sorted(last_words(stored_verdicts(catalogue)).items())
    return digest_of(VERSION, linked.output_digest, tree.digest, decided, of_sets, protocol.model_dump(mode="json"), words, *old)


def _label_conflicts(images: list[Image], tree: Tree) -> tuple[set[str], list[dict[str, Any]]]:
    """Return the components with images of one lesion under labels that exclude each other, and a finding for each.

    Images joined by nothing but their patient may well show different diseases, so the lesion component is what counts.
    """
    groups: dict[str, list[Image]] = defaultdict(list)
    for image in images:
        if image.node_id is not None:
            groups[image.lesion_component].append(image)
    components: set[str] = set()
    findings = []
    for group in groups.values():
        nodes = sorted({i.node_id for i in group if i.node_id is not None})
        if any(tree.conflict(a, b) for n, a in enumerate(nodes) for b in nodes[n + 1 :]):
            components.add(group[0].component)
            names = ", ".join(sorted(tree.nodes[n].name for n in nodes))
            findings.append(
                {
                    "id": "label.conflict",
                    "severity": "warning",
                    "message": f"Images of one lesion are labelled {names}.",
                    "component": group[0].component,
                    "images": sorted(i.image_id for i in group),
                }
            )
    return components, sorted(findings, key=lambda f: f["images"])


def _atoms(
    catalogue: Catalogue,
    images: list[Image],
    reasons: dict[str, str],
    conflicts: set[str],
    protocol: Protocol,
    tree: Tree,
) -> list[Atom]:
    """Return the components that hold at least one image that can stand in a split."""
    pins: dict[str, set[str]] = defaultdict(set)
    for finding_id, component in catalogue.rows(
        "SELECT id, component FROM findings WHERE stage = 'link' AND component IS NOT NULL"
    ):
        pins[component].add(PINNING[finding_id])
    for component in conflicts:
        pins[component].add("label_conflict")
    standing: dict[str, list[Image]] = defaultdict(list)
    members: dict[str, list[str]] = defaultdict(list)
    for image in images:
        members[image.component].append(image.image_id)
        if image.image_id not in reasons:
            standing[image.component].append(image)
            if image.quality_fail:
                pins[image.component].add("quality")
    paper = protocol.protocol == "paper"
    return [
        Atom(
            component,
            size=len(group),
            pinned=tuple(sorted(pins.get(component, ()))),
            testable=not paper or any(_testable(i, protocol) for i in group),
            members=tuple(members[component]),
            standing=tuple(i.image_id for i in group),
            cells=_cells(group, tree),
            test_cells=_cells([i for i in group if _testable(i, protocol)], tree) if paper else None,
        )
        for component, group in sorted(standing.items())
    ]


def _cells(images: list[Image], tree: Tree) -> Cells:
    """Return how many images lie in which cell; the class is one of the nine, or of the three where the label lies above them.

    Training classes are too many to be kept in proportion.
    """
    cells: Counter[Cell] = Counter()
    for image in images:
        assert image.node_id is not None, "an image without a node can stand in no split"
        named = tree.nine_class(image.node_id) or tree.three_class(image.node_id)
        cells[named, image.source, image.modality or "unknown", image.skin_type or "unknown"] += 1
    return tuple(sorted(cells.items()))


def _testable(image: Image, protocol: Protocol) -> bool:
    return image.source in protocol.independent and image.confirmation == "histopathology"
