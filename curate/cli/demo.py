"""`curate demo`: the whole job on drawn pictures."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Quiet, Workers


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where pictures, manifest and report go.", file_okay=False)
    ] = Path("dermcurate-demo"),
    workers: Workers = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw five small repositories with planted leaks, run the whole job on them, and tell what was found."""
    from curate.demo.job import found_lines, run_demo
    from curate.engines import LocalEngine, default_workers
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    result = run_demo(out, LocalEngine(workers or default_workers()), terminal)
    terminal.result(result, found_lines(result))
