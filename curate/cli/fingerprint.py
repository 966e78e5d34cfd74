"""`curate fingerprint`: digests, EXIF, hashes, quality and features of every picture."""

from typing import Annotated

import typer

from curate.cli.options import BatchSize, Json, Quiet, Workers, Workspace


def fingerprint(
    features: Annotated[
        str, typer.Option("--features", help="auto, none, efficientnet-lite0, inception-v3, or a path of an .onnx or .pt file.")
    ] = "auto",
    points: Annotated[
        bool, typer.Option("--points/--no-points", help="Take the points that find one lesion in two photographs.")
    ] = True,
    workspace: Workspace = None,
    workers: Workers = None,
    batch_size: BatchSize = 256,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Describe every picture that is not described yet, in one decode each."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.engines import LocalEngine, default_workers
    from curate.fingerprints.extractors import find_extractor
    from curate.fingerprints.stage import fingerprint_stage
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    extractor = find_extractor(features)
    engine = LocalEngine(workers or default_workers())
    with (
        Catalogue.write(workspace_folder(workspace), "curate fingerprint") as catalogue,
        terminal.progress("fingerprint") as progress,
    ):
        summary = fingerprint_stage(catalogue, engine, extractor, points=points, batch_size=batch_size, progress=progress)
    lines = [
        f"{summary['images']} images = {summary['pictures']} described + {summary['rejected']} rejected",
        f"{summary['computed']} read now, {summary['known']} known before; features: {summary['extractor'] or 'none'}; "
        f"points: {summary['points'] or 'none'}",
    ]
    terminal.result(summary, lines)
