"""Proving a taxonomy: what the split, the partition and every label map rely on."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from curate.taxonomy.names import every_name
from curate.taxonomy.tree import MALIGNANCY, Tree

LEAST_LEAVES = 2032  # diseases in the taxonomy of Esteva et al. 2017
LISTED = 20


@dataclass
class TaxonomyProof:
    """What was checked: (name, violations as sentences) each, and counts for people."""

    version: str
    checks: list[tuple[str, list[str]]] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(not wrong for _, wrong in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return the proof as one JSON object."""
        checks = [{"check": name, "violations": len(wrong), "first": wrong[:LISTED]} for name, wrong in self.checks]
        return {"ok": self.ok, "version": self.version, "checks": checks, **self.counts}


def check_taxonomy(tree: Tree) -> TaxonomyProof:
    """Check a taxonomy that could be read; that ids are unique, parents exist and no circle closes is a condition of reading."""
    proof = TaxonomyProof(tree.version)

    def check(name: str, wrong: Iterable[str]) -> None:
        proof.checks.append((name, list(wrong)))

    roots = [n for n in tree.nodes.values() if n.parent_id is None]
    seconds = [n for n in tree.nodes.values() if n.parent_id in {r.node_id for r in roots}]
    leaves = [n for n in tree.nodes if not tree.children.get(n)]
    check("three roots", [] if len(roots) == 3 else [f"{len(roots)} roots"])
    check("nine second-level nodes", [] if len(seconds) == 9 else [f"{len(seconds)} second-level nodes"])
    check("every node has one parent, and every leaf one root", _one_root(tree))
    check("names are unique, whatever the letter case", _twice((n.name, n.node_id) for n in tree.nodes.values()))
    check("no synonym is shared, and none is the name of a node", _twice((text, node) for node, _, text in every_name(tree)))
    check(f"at least {LEAST_LEAVES:,} leaves", [] if len(leaves) >= LEAST_LEAVES else [f"{len(leaves)} leaves"])
    check("no leaf lies above level 3", [f"{n} is at level {tree.depth(n)}" for n in leaves if tree.depth(n) < 3])
    check(
        "malignancy is a known word",
        [f"{n.node_id}: {n.malignancy!r}" for n in tree.nodes.values() if n.malignancy not in MALIGNANCY],
    )
    check("no Mondo id is of two nodes", _twice((x, n.node_id) for n in tree.nodes.values() for x in n.xrefs.get("mondo", ())))
    check("other parents exist and are no ancestors", _other_parents(tree))
    check("retired nodes lead to one that is there", [r for r in tree.retired if tree.current(r) is None])
    check("no id is of a node and of a retired one", sorted(tree.retired.keys() & tree.nodes.keys()))
    proof.counts = {
        "nodes": len(tree.nodes),
        "leaves": len(leaves),
        "retired": len(tree.retired),
        "synonyms": sum(len(n.synonyms) for n in tree.nodes.values()),
        "with_cross_reference": sum(1 for n in tree.nodes.values() if n.xrefs),
        "leaves_with_cross_reference": sum(1 for n in leaves if tree.nodes[n].xrefs),
        "leaves_by_nine_class": {g.name: len(tree.leaves(g.node_id)) for g in tree.nine},
        "leaves_by_three_class": {g.name: len(tree.leaves(g.node_id)) for g in tree.three},
        "leaves_by_level": dict(sorted(Counter(tree.depth(n) for n in leaves).items())),
    }
    return proof


def _one_root(tree: Tree) -> list[str]:
    """Walk down from each root; a node reached not once is wrong. (That a walk up ends is a condition of reading.)"""
    reached = Counter(n for g in tree.three for n in tree.descendants(g.node_id))
    return [f"{n} is reached {reached[n]} times" for n in tree.nodes if reached[n] != 1]


def _twice(pairs: Iterable[tuple[str, str]]) -> list[str]:
    seen: dict[str, list[str]] = defaultdict(list)
    for text, node in pairs:
        seen[text.casefold()].append(node)
    return [f"{text!r}: {', '.join(nodes)}" for text, nodes in seen.items() if len(nodes) > 1]


def _other_parents(tree: Tree) -> list[str]:
    wrong = []
    for node in tree.nodes.values():
        for other in node.also_under:
            if other not in tree.nodes:
                wrong.append(f"{node.node_id}: there is no node {other}")
            elif other in tree.path(node.node_id) or node.node_id in tree.path(other):
                wrong.append(f"{node.node_id}: {other} lies above or below it")
    return wrong
