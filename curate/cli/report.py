"""`curate report`: the HTML report of a frozen manifest."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Images, Json, ManifestDir, Quiet, Workspace


def report(
    manifest: ManifestDir,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the report goes.", show_default="NAME.report beside the manifest"),
    ] = None,
    images: Images = None,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the report: counts that close, components, evidence, the proof, and pictures where they are known."""
    from curate.catalogue import workspace_folder
    from curate.manifest.pictures import Pictures
    from curate.manifest.read import sources_of
    from curate.report.build import build_report, report_folder
    from curate.terminal import Terminal

    pictures = Pictures.find(sources_of(manifest), images or [], workspace_folder(workspace))
    summary = build_report(manifest, pictures, out or report_folder(manifest))
    Terminal(as_json=as_json, quiet=quiet).result(summary, [summary["report"]])
