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
        list[str] | None,
        typer.Option(
            "--allow-licence", metavar="SPDX", help="Licence that may stand in a split, or 'A OR B'; repeatable, any may do."
        ),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Also images.csv and edges.csv, which `proof.py` reads without any library.")
    ] = False,
    private: Annotated[
        list[str] | None,
        typer.Option("--private", metavar="SOURCE", help="Source whose patient and lesion keys are made anew; repeatable."),
    ] = None,
    date_published: Annotated[
        str | None, typer.Option("--date-published", metavar="YYYY-MM-DD", help="Day of publication.", show_default="none stated")
    ] = None,
    creator: Annotated[
        list[str] | None, typer.Option("--creator", metavar="NAME", help="Who made the manifest; repeatable.")
    ] = None,
    description: Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is.")] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Page of the data set.")] = None,
    citation: Annotated[str | None, typer.Option("--citation", metavar="TEXT", help="How to cite it.")] = None,
    sign: Annotated[
        Path | None, typer.Option("--sign", metavar="KEY", help="Sign with this key of OpenSSH: SHA256SUMS.sig.", dir_okay=False)
    ] = None,
    minisign_key: Annotated[
        Path | None,
        typer.Option("--minisign-key", metavar="KEY", help="Sign with this key of minisign: SHA256SUMS.minisig.", dir_okay=False),
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the frozen manifest: images, edges, classes, counts, checksums. Never overwrites one."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.manifest.about.publication import publication
    from curate.manifest.freeze import freeze as stage
    from curate.manifest.signature import Keys
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    said = publication(date_published=date_published, creators=creator or [], description=description, url=url, citation=citation)
    keys = Keys(sign, minisign_key) if sign or minisign_key else None
    with Catalogue.write(workspace_folder(workspace), "curate freeze") as catalogue:
        summary = stage(
            catalogue,
            Tree.shipped(),
            name,
            out,
            max_class_size=max_class_size,
            allowed_licences=allow_licence,
            text=text,
            publication=said,
            private=private or [],
            keys=keys,
        )
    lines = [
        summary["folder"],
        f"{summary['images']} images, {summary['edges']} edges, {summary['training_classes']} training classes",
        f"digest {summary['digest']}",
        *(f"signed: {name}" for name in summary.get("signatures", [])),
    ]
    Terminal(as_json=as_json, quiet=quiet).result(summary, lines)
