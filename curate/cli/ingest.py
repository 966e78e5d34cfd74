"""`curate ingest`: one repository's folder into the catalogue."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Quiet, Workspace


def ingest(
    source_id: Annotated[
        str, typer.Argument(metavar="SOURCE", help="An id that `curate sources` lists, or a declaration of your own (.toml).")
    ],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the repository was unpacked.", file_okay=False)],
    metadata_only: Annotated[
        bool, typer.Option("--metadata-only", help="Read tables and side-cars, leave pictures alone.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read a repository's folder: pictures, tables, side-cars; every file and row is accounted for."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.sources.ingest import ingest as stage
    from curate.sources.registry import source
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    tree = Tree.shipped()
    found = source(source_id, tree)
    source_id = found.declaration.id
    with Catalogue.write(workspace_folder(workspace), "curate ingest") as catalogue:
        summary = stage(catalogue, found, folder, tree, metadata_only=metadata_only)
        findings = catalogue.rows("SELECT severity, message FROM findings WHERE stage = ? ORDER BY 1, 2", [f"ingest:{source_id}"])
    lines = [f"{source_id}: {summary['files']} files" + (", nothing changed" if summary["skipped"] else "")]
    lines += [f"  {summary[role]:>7} {role.replace('_', '-')}" for role in ("images", "tables", "side_cars", "rejected", "ignored")]
    lines.append(f"  {summary['rows']:>7} records with a row, {summary['rows_without_picture']} without a picture")
    lines += [
        f"  {summary[what]:>7} {words}"
        for what, words in (("rows_rejected", "rows rejected"), ("relations", "declared pairs"))
        if summary[what]
    ]
    lines += [f"{severity}: {message}" for severity, message in findings]
    notes = [{"severity": s, "message": m} for s, m in findings]
    Terminal(as_json=as_json, quiet=quiet).result({"source": source_id, **summary, "notes": notes}, lines)
