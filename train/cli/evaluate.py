"""`train evaluate`: figures on a held-out split."""

from pathlib import Path
from typing import Annotated

import typer

from train.cli.options import Images, Json, Loaders, ManifestDir, Quiet, Workspace, pictures_of, require_extra


def evaluate(
    manifest: ManifestDir,
    run: Annotated[Path, typer.Option("--run", metavar="RUN_DIR", help="A finished run of `train fit`.", file_okay=False)],
    split: Annotated[str, typer.Option("--split", help="test or validation.")] = "test",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many images, drawn by seed.", show_default="all")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images per forward pass.")] = 32,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw and of the bootstrap.")] = 2017,
    readers: Annotated[
        list[Path] | None,
        typer.Option("--readers", metavar="FOLDER_OR_CSV", help="What readers answered in a study; with its key; repeatable."),
    ] = None,
    reader_key: Annotated[
        list[Path] | None,
        typer.Option("--reader-key", metavar="KEY_JSON", help="The key that `curate reader-study` wrote; repeatable."),
    ] = None,
    images: Images = None,
    workspace: Workspace = None,
    loaders: Loaders = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Verify the manifest and its pictures, then measure a run: accuracy and AUC over the nine and the three classes."""
    from curate.terminal import Terminal

    require_extra()
    pictures = pictures_of(manifest, images, workspace)
    from train.evaluate import evaluate as measure
    from train.evaluate.binary import lines as binary_lines

    terminal = Terminal(as_json=as_json, quiet=quiet)
    with terminal.progress("train evaluate") as progress:
        done = measure(
            manifest,
            pictures,
            run,
            split=split,
            limit=limit,
            batch_size=batch_size,
            loaders=loaders,
            seed=seed,
            readers=readers or (),
            reader_keys=reader_key or (),
            progress=progress,
        )
    lines = [f"{done['images']} images of {split} in {done['components']} components, {done['without_nine_class']} above level 2"]
    lines += [f"accuracy over {level.replace('_', ' ')}: {value}" for level, value in done["accuracy"].items()]
    for level in ("nine", "three"):
        for name, row in done["auc"][level].items():
            interval = f" [{row['interval_95'][0]:.3f}, {row['interval_95'][1]:.3f}]" if row["interval_95"] else ""
            lines.append(f"  AUC {name:<28}{row['auc']:.3f}{interval}  {row['positives']} against {row['negatives']}")
    lines += binary_lines(done)
    lines += [f"note: {note}" for note in done["notes"]]
    lines.append(f"curves and predictions: {run / f'evaluation-{split}'}")
    terminal.result(done, lines)
