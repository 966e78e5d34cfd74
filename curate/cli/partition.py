"""`curate partition`: the training classes that a limit gives."""

from typing import Annotated

import typer

from curate.cli.options import Json, Workspace


def partition(
    max_class_size: Annotated[
        int, typer.Option("--max-class-size", min=1, help="Images of a training class; the paper has 1,000.")
    ] = 1000,
    fewer: Annotated[
        bool, typer.Option("--fewer", help="A class has fewer images than the limit, as the published line 15 says.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Show the training classes that the tree is cut into, their sizes, and the inference classes above them."""
    from dataclasses import asdict

    from curate.catalogue import Catalogue, workspace_folder
    from curate.taxonomy.normalise import images_by_node
    from curate.taxonomy.partition import Sizes
    from curate.taxonomy.partition import partition as cut
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    tree = Tree.shipped()
    with Catalogue.read(workspace_folder(workspace)) as catalogue:
        counts = images_by_node(catalogue)
        images = catalogue.value("SELECT count(*) FROM images")
    classes = cut(tree, counts, max_class_size, inclusive=not fewer)
    sizes = Sizes.of(classes, max_class_size)
    rows = [
        {
            "id": c.class_id,
            "title": c.title(tree),
            "images": c.images,
            "nodes": len(c.nodes),
            "nine_class": tree.nine_class(c.node_id),
            "three_class": tree.three_class(c.node_id),
        }
        for c in sorted(classes, key=lambda c: (-c.images, c.class_id))
    ]
    above = sum(c.images for c in classes if tree.nine_class(c.node_id) is None)
    found = {
        **asdict(sizes),
        "max_class_size": max_class_size,
        "inclusive": not fewer,
        "without_nine_class": above,
        "training_classes": rows,
    }
    lines = [f"{'images':>8}  {'nodes':>5}  {'nine-class':<28}training class"]
    for r in rows:
        nine_class = r["nine_class"] or f"({r['three_class']})"
        lines.append(f"{r['images']:>8}  {r['nodes']:>5}  {nine_class:<28}{r['title']}")
    lines += [
        "",
        f"{sizes.classes} classes of {sizes.images} images ({images} ingested): smallest {sizes.smallest}, "
        f"median {sizes.median:g}, mean {sizes.mean:g}, largest {sizes.largest}",
        f"{sizes.over_limit} classes over {max_class_size}, each a single node",
        f"{above} images lie above the nine classes and take no part in nine-way figures",
    ]
    if sizes.under_ten:
        lines.append(f"warning: {sizes.under_ten} classes have fewer than ten images")
    Terminal(as_json=as_json).result(found, lines)
