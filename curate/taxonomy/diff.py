"""What changed between two versions of the taxonomy."""

from typing import Any

from curate.taxonomy.tree import Tree


def compare(old: Tree, new: Tree) -> dict[str, Any]:
    """Return sentences by kind of change.

    `added` and `renamed` nodes, `retired` ones with their successor, `moved` ones (another parent), those whose images come to
    lie under another nine-class or root (`reclassed`), and `lost` ones: gone without a successor, which must not be.
    """

    def named(tree: Tree, node_id: str | None) -> str:
        return f"{node_id} {tree.nodes[node_id].name}" if node_id else "none"

    changes: dict[str, list[str]] = {kind: [] for kind in ("added", "retired", "lost", "renamed", "moved", "reclassed")}
    changes["added"] = [named(new, n) for n in new.nodes if n not in old.nodes]
    for node_id, before in old.nodes.items():
        now = new.current(node_id)
        if now is None:
            changes["lost"].append(named(old, node_id))
            continue
        classes = (old.nine_class(node_id), old.three_class(node_id)), (new.nine_class(now), new.three_class(now))
        if classes[0] != classes[1]:
            was, became = ((nine or three) for nine, three in classes)
            changes["reclassed"].append(f"{named(old, node_id)}: {was} -> {became}")
        if now != node_id:
            changes["retired"].append(f"{named(old, node_id)} -> {named(new, now)}")
            continue
        after = new.nodes[node_id]
        if after.name != before.name:
            changes["renamed"].append(f"{node_id} {before.name} -> {after.name}")
        if after.parent_id != before.parent_id:
            changes["moved"].append(f"{named(new, node_id)}: {named(old, before.parent_id)} -> {named(new, after.parent_id)}")
    return {"old": old.version, "new": new.version, **changes}
