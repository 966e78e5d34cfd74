"""`curate quality`: which pictures are kept out of tests, and the thresholds behind it."""

from typing import Annotated, Any

import typer

from curate.cli.options import Json, Quiet, Workers, Workspace

app = typer.Typer(
    help="Which pictures are too poor for a test or validation set, and where the thresholds lie.", no_args_is_help=True
)


@app.command()
def show(workspace: Workspace = None, as_json: Json = False) -> None:
    """Count by source and modality which pictures the gate keeps out of tests, and why; in train they stay."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.splits.quality_calibration import CODES, gate_counts
    from curate.terminal import Terminal

    with Catalogue.read(workspace_folder(workspace)) as catalogue:
        told = gate_counts(catalogue)
    lines = [f"{'source':<24}{'modality':<14}{'pictures':>9}{'fail':>7}" + "".join(f"{code:>10}" for code in CODES)]
    for row in told["rows"]:
        counts = "".join(f"{row[code]:>10}" for code in CODES)
        lines.append(f"{row['source']:<24}{row['modality'] or 'not told':<14}{row['pictures']:>9}{row['fail']:>7}{counts}")
    if told["words"]:
        lines.append("a reviewer's word stands on " + ", ".join(f"{n} {word}" for word, n in told["words"].items()))
    Terminal(as_json=as_json).result(told, lines)


@app.command()
def calibrate(
    number: Annotated[int, typer.Option("--number", min=50, metavar="N", help="Pictures of each modality, at most.")] = 500,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of the draw.")] = 2017,
    workspace: Workspace = None,
    workers: Workers = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn thresholds from pictures of the catalogue that are blurred, and taken from farther, by known amounts."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.engines import LocalEngine, default_workers
    from curate.splits.quality_calibration import calibrate_gate
    from curate.terminal import Terminal

    with Catalogue.read(workspace_folder(workspace)) as catalogue:
        told = calibrate_gate(catalogue, LocalEngine(workers or default_workers()), number=number, seed=seed)
    Terminal(as_json=as_json, quiet=quiet).result(told, _lines(told))


def _lines(told: dict[str, Any]) -> list[str]:
    lines = []
    for row in told["sharpness"]:
        lines += _of_measure("sharpness", row, "blurred by {0:g}/256 of the longer side", 256)
    if told["framing"]:
        lines += _of_measure("framing", told["framing"], "taken from {0:g} times as far", 1)
    lines += [
        f"{modality or 'modality not told'}: {n} pictures that can be read are too few" for modality, n in told["too_few"].items()
    ]
    own = ", ".join(f"{row['modality']} = {row['learnt']['threshold']:g}" for row in told["sharpness"] if row["modality"])
    lines += ["", "In the project file:", "[split.quality]", f"least_sharpness_of = {{ {own} }}"]
    if told["framing"]:
        lines.append(f"least_framing = {told['framing']['learnt']['threshold']:g}")
    return lines


def _of_measure(measure: str, row: dict[str, Any], strength: str, unit: float) -> list[str]:
    lines = [f"{measure}, {row['modality'] or 'modality not told'}, {row['pictures']} pictures"]
    of = [("as published", [row[which]["published_below"] for which in ("learnt", "present")])]
    for n, caught in enumerate(row["learnt"]["caught"]):
        shares = [caught["share"], row["present"]["caught"][n]["share"]]
        of.append((strength.format(caught["strength"] * unit), shares))
    lines.append(f"  {'below':<44}{row['learnt']['threshold']:>10g}{row['present']['threshold']:>10g} (now)")
    return lines + [f"  {what:<44}{learnt:>10.1%}{now:>10.1%}" for what, (learnt, now) in of]
