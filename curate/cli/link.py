"""`curate link`: edges and components."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Quiet, Workers, Workspace


def link(
    policy: Annotated[str, typer.Option("--policy", help="strict, paper or paper-code.")] = "strict",
    level: Annotated[str | None, typer.Option("--level", help="lesion or patient; the policy's own where not said.")] = None,
    without_ids: Annotated[
        bool, typer.Option("--without-ids", help="Leave out evidence that rests on ids, to measure the rest.")
    ] = False,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Written by `curate calibrate`; the shipped one where not said.")
    ] = None,
    workspace: Workspace = None,
    workers: Workers = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tie the images that the evidence joins, and find the components."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.engines import LocalEngine, default_workers
    from curate.graph.link import link as stage
    from curate.graph.policy import find_policy
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    engine = LocalEngine(workers or default_workers())
    chosen = find_policy(policy, without_ids=without_ids, level=level, calibration=calibration)
    with Catalogue.write(workspace_folder(workspace), "curate link") as catalogue:
        summary = stage(catalogue, chosen, engine, lambda name: terminal.say(f"evidence: {name}"))
    lines = [f"{summary['pictures']} pictures, policy {chosen.name}, level {chosen.level}"]
    lines += [f"  {count:>8} {name}" for name, count in summary["edges"].items() if count or name in chosen.evidence]
    lines += [f"  not run: {name}: {why}" for name, why in summary["not_run"].items()]
    if calibration_told := summary["calibration"]:
        expected = calibration_told["expected_false_edges"]
        lines.append(f"  of the local edges {expected} are expected to be false (learnt on {calibration_told['learnt_on']})")
    lines.append(
        f"{summary['components']} components, {summary['components_with_several']} of several images, the largest of "
        f"{summary['largest_component']}; {summary['findings']} findings"
    )
    terminal.result(summary, lines)
