"""`curate calibrate`: from what the catalogue knows to the probability of an edge."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Quiet, Workers, Workspace


def calibrate(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes (.json); its page goes beside it (.html).")],
    workspace: Workspace = None,
    workers: Workers = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn from ids, declared pairs and verdicts what a match is worth; `curate link --calibration FILE` uses it."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.engines import LocalEngine, default_workers
    from curate.graph.calibrate import calibrate as learn
    from curate.graph.calibration import as_json as text_of
    from curate.graph.calibration import as_rows
    from curate.graph.policy import find_policy
    from curate.report.calibration_page import write_calibration_page
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    with Catalogue.write(workspace_folder(workspace), "curate calibrate") as catalogue:
        learnt = learn(catalogue, find_policy("strict"), LocalEngine(workers or default_workers()))
    out.write_text(text_of(learnt), encoding="utf-8")
    page = out.with_suffix(".html")
    write_calibration_page(learnt, page)
    lines = [f"{out}, {page}: learnt on {learnt.learnt_on}"]
    for name, model in sorted(learnt.models.items()):
        lines.append(
            f"{name}: {model.pairs_same} pairs of one lesion, {model.pairs_different} others, {model.pairs_left_out} left out; "
            f"calibration error {model.calibration_error}"
        )
        lines.append("  from     pairs  precision >=  recall")
        lines += [f"  {r['threshold']:<6g}{r['pairs']:>8.0f}{r['precision']:>14.4f}{r['recall']:>8.4f}" for r in model.curve]
    terminal.result({"calibration": str(out), "page": str(page), "curves": as_rows(learnt)}, lines)
