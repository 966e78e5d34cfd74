"""`curate export`: a manifest in the formats of other tools."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Images, Json, ManifestDir, Quiet, Workspace


def export(
    manifest: ManifestDir,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="imagefolder, huggingface, webdataset, fiftyone, csv or groups.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A folder that is not there, or is empty.")],
    images: Images = None,
    split: Annotated[
        list[str] | None, typer.Option("--split", help="Only this split; repeatable.", show_default="train, validation, test")
    ] = None,
    link: Annotated[
        bool,
        typer.Option(
            "--link/--copy", help="Link pictures whose files have no metadata (hard links, or symbolic ones), or copy all."
        ),
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the splits for another tool, with the manifest's digest and without metadata in the pictures; whole or not at all."""
    from curate.catalogue import workspace_folder
    from curate.manifest.export.job import export_manifest
    from curate.manifest.pictures import Pictures
    from curate.manifest.read import sources_of
    from curate.manifest.schema import GIVEN
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    pictures = Pictures.find(sources_of(manifest), images or [], workspace_folder(workspace))
    with terminal.progress("export") as progress:
        summary = export_manifest(manifest, to, out, pictures, splits=split or GIVEN, link=link, progress=progress)
    became = ", ".join(f"{n} {how.replace('_', ' ')}" for how, n in summary["pictures"].items() if n)
    lines = [
        summary["folder"],
        ", ".join(f"{n} {name}" for name, n in summary["images"].items()) + (f"; pictures {became}" if became else ""),
        f"manifest {summary['digest']}",
    ]
    terminal.result(summary, lines)
