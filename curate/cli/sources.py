"""`curate sources`: the repositories that can be ingested."""

from typing import Annotated

import typer

from curate.cli.options import Json

app = typer.Typer(help="The repositories that can be ingested.", invoke_without_command=True)


@app.callback()
def listing(context: typer.Context, as_json: Json = False) -> None:
    """List the repositories that can be ingested; `curate sources show ID` tells more of one."""
    if context.invoked_subcommand is None:
        list_sources(as_json)


@app.command("list")
def list_sources(as_json: Json = False) -> None:
    """List the repositories that can be ingested."""
    from curate.sources.registry import SOURCES, source
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    declarations = [source(s, Tree.shipped()).declaration for s in SOURCES]
    rows = [
        {"id": d.id, "name": d.name, "type": d.type, "licence": d.licence, "expected_images": d.expected_images}
        for d in declarations
    ]
    lines = [f"{d.id:<22}{d.expected_images or '':>8}  {d.licence:<34}{d.name}" for d in declarations]
    Terminal(as_json=as_json).result({"sources": rows}, [f"{'id':<22}{'images':>8}  {'licence':<34}name", *lines])


@app.command()
def show(source_id: Annotated[str, typer.Argument(metavar="SOURCE_ID")], as_json: Json = False) -> None:
    """Say what a repository is, what to download, and how its labels are mapped."""
    from curate.sources.registry import source
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    tree = Tree.shipped()
    found = source(source_id, tree)
    d = found.declaration
    labels = [
        {
            "field": r.field,
            "label": r.native_label,
            "node_id": r.node_id,
            "node": tree.nodes[r.node_id].name if r.node_id else None,
            "how": r.how,
        }
        for r in found.label_map
    ]
    lines = [
        f"{name:<12}{value}"
        for name, value in d.model_dump(include={"id", "name", "type", "licence", "homepage", "download", "citation"}).items()
    ]
    lines += ["", *(f"{r['field']} = {r['label']}  ->  {r['node'] or 'no node'} ({r['how']})" for r in labels)]
    Terminal(as_json=as_json).result({**d.model_dump(mode="json"), "labels": labels}, lines)
