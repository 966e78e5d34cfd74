"""A taxonomy for people at a terminal."""

from typing import Any

from curate.errors import InputError
from curate.taxonomy.names import Names
from curate.taxonomy.tree import Tree


def find_node(tree: Tree, said: str) -> str:
    """Return the node that an id, a retired id, a name or a synonym means.

    Raises:
        InputError: none; the message names the nearest one.
    """
    if (current := tree.current(said)) is not None:
        return current
    names = Names(tree)
    if found := names.lookup(said):
        return found.node_id
    near = names.suggest(said, 1)
    hint = (
        f"Did you mean {tree.nodes[near[0].node_id].name} ({near[0].node_id})?"
        if near
        else "`curate taxonomy find TEXT` looks names up."
    )
    raise InputError(f"The taxonomy {tree.version} has no node {said!r}.", hint)


def described(tree: Tree, node_id: str, depth: int) -> dict[str, Any]:
    """Return what is known of a node, and the nodes below it down to so many levels."""
    node = tree.nodes[node_id]
    facts = {
        "id": node_id,
        "name": node.name,
        "path": " > ".join(tree.nodes[n].name for n in tree.path(node_id)),
        "three_class": tree.three_class(node_id),
        "nine_class": tree.nine_class(node_id),
        "malignancy": node.malignancy,
        "synonyms": ", ".join(node.synonyms),
        "ids": ", ".join(x for ids in node.xrefs.values() for x in ids),
        "also_under": ", ".join(tree.nodes[n].name for n in node.also_under),
        "source": node.source,
        "confidence": node.confidence,
        "leaves": len(tree.leaves(node_id)),
    }
    below = [described(tree, child, depth - 1) for child in tree.children.get(node_id, ())] if depth else []
    return {"facts": facts, "below": below}


def drawn(tree: Tree, node_id: str, depth: int, indent: str = "") -> list[str]:
    """Return the tree below a node as lines; the number is that of the leaves below."""
    children = tree.children.get(node_id, [])
    lines = (
        [f"{tree.nodes[node_id].name}  [{node_id}]{f' ({len(tree.leaves(node_id))})' if children else ''}"] if not indent else []
    )
    if not depth:
        return lines
    for child in children:
        last = child == children[-1]
        count = f" ({len(tree.leaves(child))})" if tree.children.get(child) else ""
        lines.append(f"{indent}{'└─ ' if last else '├─ '}{tree.nodes[child].name}  [{child}]{count}")
        lines += drawn(tree, child, depth - 1, indent + ("   " if last else "│  "))
    return lines


def found_by_reference(tree: Tree, text: str, limit: int) -> list[dict[str, Any]]:
    """Return nodes by another vocabulary's id, or by name, synonym and likeness, the likeliest first."""
    wanted = text.strip().casefold()
    referred = [n.node_id for n in tree.nodes.values() for ids in n.xrefs.values() for x in ids if x.casefold() == wanted]
    found = [(node_id, text, 100.0) for node_id in dict.fromkeys(referred)]
    if not found and (current := tree.current(text.strip())):
        found = [(current, "id" if current == text.strip() else "retired id", 100.0)]
    found = found or [(m.node_id, f"{m.how}: {m.name}", m.score) for m in Names(tree).suggest(text, limit)]
    return [
        {
            "node_id": node_id,
            "name": tree.nodes[node_id].name,
            "matched": matched,
            "score": score,
            "path": [tree.nodes[n].name for n in tree.path(node_id)],
        }
        for node_id, matched, score in found
    ]
