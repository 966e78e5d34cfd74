"""`curate run`: the whole job of a project file."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import BatchSize, Json, Quiet, Workers, Workspace


def run(
    project: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT.toml", help="The project file: its sources, its split, the name of its manifest.", dir_okay=False
        ),
    ],
    workspace: Workspace = None,
    workers: Workers = None,
    batch_size: BatchSize = 256,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ingest, fingerprint, link, split, freeze, verify and report; train where the project says so."""
    from curate.engines import LocalEngine, default_workers
    from curate.pipeline import run_project
    from curate.project import load_project
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    engine = LocalEngine(workers or default_workers())
    done = run_project(load_project(project), engine, terminal, workspace=workspace, batch_size=batch_size)
    lines = [f"{'stage':<28}{'seconds':>9}{'peak MiB':>10}"]
    for stage in done["stages"]:
        note = "  nothing changed" if stage.get("skipped") else ""
        lines.append(f"{stage['stage']:<28}{stage['seconds']:>9.1f}{stage['peak_mib'] or '-':>10}{note}")
    lines += ["", f"manifest  {done['manifest']}", f"digest    {done['digest']}", f"report    {done['report']}"]
    if "run" in done:
        lines.append(f"model     {done['run']}")
    terminal.result(done, lines)
