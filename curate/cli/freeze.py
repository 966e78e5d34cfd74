"""`curate freeze`: the manifest."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Quiet, Workspace


def freeze(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the manifest and of its folder.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The manifest is written to DIR/NAME.", file_okay=False)] = Path(
        "data_manifests"
    ),
    max_class_size: Annotated[int, typer.Option("--max-class-size", min=1, help="Limit of a training class (paper: 1000).")] = 1000,
    allow_licence: Annotated[
        list[str] | None, typer.Option("--allow-licence", metavar="SPDX", help="Licence that may stand in a split; repeatable.")
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Also images.csv and edges.csv, which `proof.py` reads without any library.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the frozen manifest: images, edges, classes, counts, checksums. Never overwrites one."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.manifest.freeze import freeze as stage
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    with Catalogue.write(workspace_folder(workspace), "curate freeze") as catalogue:
        summary = stage(
            catalogue, Tree.shipped(), name, out, max_class_size=max_class_size, allowed_licences=allow_licence, text=text
        )
    lines = [
        summary["folder"],
        f"{summary['images']} images, {summary['edges']} edges, {summary['training_classes']} training classes",
        f"digest {summary['digest']}",
    ]
    Terminal(as_json=as_json, quiet=quiet).result(summary, lines)
