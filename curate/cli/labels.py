"""`curate labels`: native labels and their places in the taxonomy."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Workspace

app = typer.Typer(help="Native labels and their places in the taxonomy.", no_args_is_help=True)


@app.command()
def show(
    source_id: Annotated[str, typer.Argument(metavar="SOURCE_ID")],
    how: Annotated[str | None, typer.Option("--how", help="Only rows of this kind, such as ambiguous or excluded.")] = None,
    as_json: Json = False,
) -> None:
    """Show a repository's label map: each native label, its node, how it was found and why."""
    from curate.sources.registry import label_map
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    tree = Tree.shipped()
    rows = [
        {
            "field": r.field,
            "native_label": r.native_label,
            "node_id": r.node_id,
            "node": tree.nodes[r.node_id].name if r.node_id else None,
            "nine_class": tree.nine_class(r.node_id) if r.node_id else None,
            "how": r.how,
            "candidates": [tree.nodes[c].name for c in r.candidates],
            "reason": r.reason,
        }
        for r in label_map(source_id, tree)
        if how in (None, r.how)
    ]
    lines = []
    for row in rows:
        lines.append(f"{row['field']} = {row['native_label']}  ->  {row['node'] or 'no node'} ({row['how']})")
        lines += [f"    may be {', '.join(row['candidates'])}"] if row["candidates"] else []
        lines += [f"    {row['reason']}"] if row["reason"] else []
    Terminal(as_json=as_json).result({"source": source_id, "labels": rows}, [*lines, f"{len(rows)} labels"])


@app.command()
def unmapped(
    worksheet: Annotated[
        Path | None,
        typer.Option("--worksheet", metavar="FILE.csv", help="Write them, with suggestions, to be filled in.", dir_okay=False),
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Count the labels without a place, with examples, and how many images reach a node, a leaf, a nine-class."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.taxonomy.normalise import coverage, unmapped_labels
    from curate.taxonomy.tree import Tree
    from curate.taxonomy.worksheet import write_worksheet
    from curate.terminal import Terminal

    with Catalogue.read(workspace_folder(workspace)) as catalogue:
        rows = unmapped_labels(catalogue)
        reached = coverage(catalogue)
        if worksheet is not None:
            write_worksheet(catalogue, Tree.shipped(), worksheet)
    lines = [
        f"{r['images']:>7} images  {r['source']}  {r['field']} = {r['native_label']!r}  {' '.join(r['examples'])}" for r in rows
    ]
    lines.append(f"{len(rows)} labels without a place")
    lines += ["", f"{'source':<24}{'images':>8}{'node':>8}{'leaf':>8}{'nine-class':>12}"]
    for r in reached:
        lines.append(f"{r['source']:<24}{r['images']:>8}{r['with_node']:>8}{r['with_leaf']:>8}{r['with_nine_class']:>12}")
    if worksheet is not None:
        lines += ["", f"{worksheet}: fill in the column `node`, then `curate labels apply {worksheet}`"]
    Terminal(as_json=as_json).result({"unmapped": rows, "coverage": reached, "worksheet": worksheet and str(worksheet)}, lines)


@app.command()
def suggest(
    label: Annotated[str | None, typer.Argument(metavar="[LABEL]", help="All labels without a place where not said.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Nodes per label.")] = 4,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Rank the nodes that a label may mean, with scores; nothing is applied."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.taxonomy.names import Names
    from curate.taxonomy.tree import Tree
    from curate.taxonomy.worksheet import suggestions
    from curate.terminal import Terminal

    tree = Tree.shipped()
    if label is None:
        with Catalogue.read(workspace_folder(workspace)) as catalogue:
            ranked = [(r["source"], r["field"], r["native_label"], r["suggestions"]) for r in suggestions(catalogue, tree, limit)]
    else:
        ranked = [("", "", label, Names(tree).suggest(label, limit))]
    rows = [
        {
            "source": source,
            "field": field,
            "native_label": native,
            "suggestions": [
                {"node_id": m.node_id, "name": tree.nodes[m.node_id].name, "how": m.how, "score": m.score} for m in found
            ],
        }
        for source, field, native, found in ranked
    ]
    lines = []
    for source, field, native, found in ranked:
        lines.append(f"{source} {field} {native!r}".strip())
        lines += [f"    {m.score:>5g}  {m.node_id}  {tree.nodes[m.node_id].name}  ({m.how}: {m.name})" for m in found] or [
            "    nothing"
        ]
    Terminal(as_json=as_json).result({"labels": rows}, lines or ["Every label has a place."])


@app.command("apply")
def apply_command(
    worksheet: Annotated[Path, typer.Argument(metavar="WORKSHEET.csv", help="A filled worksheet.", dir_okay=False)],
    who: Annotated[str, typer.Option("--who", envvar="USER", help="Who decided.")] = "unknown",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Load a filled worksheet; its decisions count before the label maps, and `curate split` is to be run again."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.taxonomy.tree import Tree
    from curate.taxonomy.worksheet import apply_worksheet
    from curate.terminal import Terminal

    with Catalogue.write(workspace_folder(workspace), "curate labels apply") as catalogue:
        done = apply_worksheet(catalogue, Tree.shipped(), worksheet, who)
    lines = [f"{done['applied']} labels placed, {done['excluded']} excluded, {done['blank']} left blank"]
    Terminal(as_json=as_json).result(done, lines)
