"""`curate split`: train, validation, test by whole components."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.options import Json, Quiet, Workspace


class Merge(StrEnum):
    """What gives way where newcomers tie frozen splits."""

    drop = "drop"
    quarantine = "quarantine"


def split(
    context: typer.Context,
    protocol: Annotated[str, typer.Option("--protocol", help="holdout, paper, kfold or official.")] = "holdout",
    test: Annotated[float, typer.Option("--test", min=0, max=1, help="Share of the images.")] = 0.2,
    validation: Annotated[float, typer.Option("--validation", min=0, max=1, help="Share of the images.")] = 0.1,
    folds: Annotated[int, typer.Option("--folds", min=0, max=100, help="Folds over train and validation; the paper has nine.")] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another draw.")] = 2017,
    independent: Annotated[
        list[str] | None,
        typer.Option("--independent", metavar="SOURCE_ID", help="Source that may be a test of `paper`; repeatable."),
    ] = None,
    assignment: Annotated[str, typer.Option("--assignment", help="random, stratified, hashed or majority.")] = "random",
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0, max=1, help="How far a stratum's share may be off (stratified).")
    ] = 0.05,
    adopt: Annotated[
        list[str] | None,
        typer.Option("--adopt", metavar="SOURCE_ID", help="Source whose own split `official` adopts; repeatable, by default all."),
    ] = None,
    extend: Annotated[
        Path | None,
        typer.Option(
            "--extend",
            metavar="MANIFEST_DIR",
            help="Keep the protocol and every assignment of a frozen manifest, and place what is new.",
            file_okay=False,
        ),
    ] = None,
    merge: Annotated[
        Merge | None,
        typer.Option(
            "--merge",
            help="Where newcomers tie frozen splits: drop the frozen images that are not in test, or quarantine the newcomers.",
            show_default="as the extended manifest was made, else drop",
        ),
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Assign every image: whole components to train, validation or test; what cannot be used is excluded with its reason."""
    from pydantic import ValidationError

    from curate.catalogue import Catalogue, workspace_folder
    from curate.errors import InputError
    from curate.manifest.extension import read_frozen
    from curate.splits.closure import closure_lines
    from curate.splits.extend import frozen_protocol
    from curate.splits.in_words import summary_lines
    from curate.splits.protocol import Protocol
    from curate.splits.stage import split as stage
    from curate.taxonomy.tree import Tree
    from curate.terminal import Terminal

    asked = {
        "protocol": protocol,
        "test": test,
        "validation": validation,
        "folds": folds,
        "seed": seed,
        "independent": tuple(independent or ()),
        "assignment": assignment,
        "tolerance": tolerance,
        "adopt": tuple(adopt or ()),
    }
    frozen = None
    try:
        if extend:
            frozen = read_frozen(extend)
            given = {k: v for k, v in asked.items() if (s := context.get_parameter_source(k)) and s.name != "DEFAULT"}
            chosen = frozen_protocol(frozen, given)
        elif merge:
            raise InputError("--merge says how a manifest is extended, and none is named.", "Add --extend MANIFEST_DIR.")
        else:
            chosen = Protocol.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{part}: " for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise InputError(f"The split cannot be made: {where}{said}.", "`curate split --help`") from error
    with Catalogue.write(workspace_folder(workspace), "curate split") as catalogue:
        summary = stage(catalogue, chosen, Tree.shipped(), frozen, merge.value if merge else None)
    lines = [f"{count:>8} {name}" for name, count in summary["splits"].items()]
    lines += [f"{count:>8} excluded: {reason}" for reason, count in summary["excluded"].items()]
    lines += [f"{count:>8} kept in train: {reason}" for reason, count in summary["pinned"].items()]
    if growth := summary.get("growth"):
        lines.append(f"extends {frozen.name if frozen else ''}: {', '.join(f'{n} {name}' for name, n in growth.items())}")
    lines += [*summary_lines(summary), "", *closure_lines(summary["sets"])]
    Terminal(as_json=as_json, quiet=quiet).result(summary, lines)
