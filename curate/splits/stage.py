"""The stage `split`: every image in train, validation or test, or excluded with its reason."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from curate.catalogue import Catalogue, digest_of, stage_record
from curate.catalogue.stages import digest_of_rows, record_stage, replace_findings, required_stage
from curate.errors import InputError, NotReadyError
from curate.graph.link import link_is_current
from curate.splits.assign import Atom, assign, folds
from curate.splits.drawn_sets import asked_of_sets, sets_of, write_sets
from curate.splits.protocol import Protocol
from curate.splits.test_sets import PAPER_SETS, Sets
from curate.taxonomy.tree import Tree

STAGE = "split"
VERSION = 2
PINNING = {"component.over-budget": "over_budget", "component.weak-bridge": "weak_bridge"}


@dataclass(frozen=True)
class _Image:
    image_id: str
    source: str
    component: str
    lesion_component: str
    node_id: str | None
    no_node: str
    confirmation: str | None
    quality_fail: str | None


def split(catalogue: Catalogue, protocol: Protocol, tree: Tree, *, sets: Sets = PAPER_SETS) -> dict[str, Any]:
    """Assign every picture, in place of the last assignment.

    Args:
        catalogue: open for writing, linked.
        protocol: how components become splits.
        tree: the taxonomy, for label conflicts.
        sets: tests and samples that are drawn from the split.

    Returns:
        The summary: images by split, exclusions by reason, images pinned to train by reason, folds, findings, and how the
        numbers of the sets close.

    Raises:
        InputError: no image can stand in a split, or a source named as independent is not in the catalogue.
    """
    input_digest = _input_digest(catalogue, protocol, tree, sets)
    last = stage_record(catalogue, STAGE)
    if last and last.input_digest == input_digest:
        return {**last.summary, "skipped": True}
    images = _images(catalogue, protocol)
    conflicts, findings = _label_conflicts(images, tree)
    own = {i for (i,) in catalogue.rows("SELECT DISTINCT image_id FROM image_label_conflicts")}  # findings of ingest
    conflicts |= {i.component for i in images if i.image_id in own}
    reasons = {i.image_id: i.no_node for i in images if i.node_id is None}
    atoms = _atoms(catalogue, images, reasons, conflicts, protocol)
    splits = assign(atoms, protocol)
    fold_of = folds(atoms, splits, protocol)
    pinned = {atom.component: ",".join(atom.pinned) for atom in atoms if atom.pinned}
    if protocol.protocol == "paper":
        reasons |= {i.image_id: "overlaps_test" for i in images if splits.get(i.component) == "test" and not _testable(i, protocol)}
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
    drawn = sets_of(catalogue, rows, sets, protocol.seed, tree)
    summary = {
        "splits": {s: sum(1 for r in rows if r["split"] == s) for s in ("train", "validation", "test", "excluded")},
        "excluded": dict(sorted(Counter(reasons.values()).items())),
        "pinned": dict(sorted(Counter(r["pinned"] for r in rows if r["pinned"]).items())),
        "folds": [sum(1 for r in rows if r["fold"] == f) for f in range(protocol.folds)],
        "findings": len(findings),
        "sets": drawn.closure,
    }
    with catalogue.transaction():
        catalogue.execute("DELETE FROM assignments")
        catalogue.insert("assignments", rows)
        write_sets(catalogue, drawn)
        replace_findings(catalogue, STAGE, findings)
        record_stage(
            catalogue,
            STAGE,
            input_digest=input_digest,
            output_digest=digest_of(input_digest, digest_of_rows(catalogue, "SELECT * FROM assignments ORDER BY image_id")),
            settings={"protocol": protocol.model_dump(mode="json"), "sets": sets.model_dump(mode="json")},
            summary=summary,
        )
    return {**summary, "skipped": False}


def split_is_current(catalogue: Catalogue, tree: Tree) -> bool:
    """Say whether the last run read what the catalogue holds now."""
    last = required_stage(catalogue, STAGE, "curate split")
    protocol, sets = Protocol.model_validate(last.settings["protocol"]), Sets.model_validate(last.settings.get("sets", {}))
    return last.input_digest == _input_digest(catalogue, protocol, tree, sets)


def _input_digest(catalogue: Catalogue, protocol: Protocol, tree: Tree, sets: Sets) -> str:
    if not link_is_current(catalogue):
        raise NotReadyError("The links are older than the fingerprints, ids or verdicts.", "Run `curate link` first.")
    linked = required_stage(catalogue, "link", "curate link")
    decided = digest_of_rows(catalogue, "SELECT * FROM label_decisions ORDER BY ALL")
    of_sets = asked_of_sets(sets)
    return digest_of(VERSION, linked.output_digest, tree.digest, decided, of_sets, protocol.model_dump(mode="json"))


def _images(catalogue: Catalogue, protocol: Protocol) -> list[_Image]:
    known = {s for (s,) in catalogue.rows("SELECT source_id FROM sources")}
    if unknown := sorted(set(protocol.independent) - known):
        raise InputError(f"The source {unknown[0]!r}, named as independent, is not in the catalogue.", "Ingest it, or take it out.")
    rows = catalogue.rows(
        """SELECT p.image_id, p.source_id, c.component, c.lesion_component, n.node_id,
                  CASE WHEN NOT EXISTS (SELECT 1 FROM image_labels l WHERE l.image_id = p.image_id) THEN 'no_label'
                       WHEN EXISTS (SELECT 1 FROM image_labels l WHERE l.image_id = p.image_id AND l.how IS NULL)
                           THEN 'label_unmapped'
                       WHEN EXISTS (SELECT 1 FROM image_labels l WHERE l.image_id = p.image_id AND l.node_id IS NOT NULL)
                           THEN 'labels_of_several_roots'
                       ELSE 'label_without_node' END,
                  r.confirmation, p.width, p.height, p.sharpness, p.contrast
           FROM pictures p JOIN components c USING (image_id)
           LEFT JOIN image_nodes n USING (image_id) LEFT JOIN records r USING (image_id)
           ORDER BY p.image_id"""
    )
    return [
        _Image(image, source, component, lesion, node, no_node, confirmation, protocol.quality.fails(*measures))
        for image, source, component, lesion, node, no_node, confirmation, *measures in rows
    ]


def _label_conflicts(images: list[_Image], tree: Tree) -> tuple[set[str], list[dict[str, Any]]]:
    """Return the components with images of one lesion under labels that exclude each other, and a finding for each.

    Images joined by nothing but their patient may well show different diseases, so the lesion component is what counts.
    """
    groups: dict[str, list[_Image]] = defaultdict(list)
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
    catalogue: Catalogue, images: list[_Image], reasons: dict[str, str], conflicts: set[str], protocol: Protocol
) -> list[Atom]:
    """Return the components that hold at least one image that can stand in a split."""
    pins: dict[str, set[str]] = defaultdict(set)
    for finding_id, component in catalogue.rows(
        "SELECT id, component FROM findings WHERE stage = 'link' AND component IS NOT NULL"
    ):
        pins[component].add(PINNING[finding_id])
    for component in conflicts:
        pins[component].add("label_conflict")
    members: dict[str, list[_Image]] = defaultdict(list)
    for image in images:
        if image.image_id not in reasons:
            members[image.component].append(image)
            if image.quality_fail:
                pins[image.component].add("quality")
    if not members:
        raise InputError("No image can stand in a split: none has a place in the taxonomy.", "`curate status` lists the reasons.")
    paper = protocol.protocol == "paper"
    return [
        Atom(
            component,
            size=len(group),
            pinned=tuple(sorted(pins.get(component, ()))),
            testable=not paper or any(_testable(i, protocol) for i in group),
        )
        for component, group in sorted(members.items())
    ]


def _testable(image: _Image, protocol: Protocol) -> bool:
    return image.source in protocol.independent and image.confirmation == "histopathology"
