"""`train fit`: train on the train split."""

from pathlib import Path
from typing import Annotated

import typer

from train.cli.options import Images, Json, Loaders, ManifestDir, Quiet, Workspace, pictures_of, require_extra


def fit(
    manifest: ManifestDir,
    out: Annotated[Path, typer.Option("--out", metavar="RUN_DIR", help="Where the model goes.", file_okay=False)],
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimizer steps.")] = 10,
    batch_size: Annotated[int, typer.Option("--batch-size", min=2, help="Images per step.")] = 32,
    config: Annotated[str, typer.Option("--config", help="A shipped configuration or a .toml file.")] = "esteva2017",
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="State dict of Inception v3 to start from.", show_default="random", dir_okay=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 2017,
    images: Images = None,
    workspace: Workspace = None,
    loaders: Loaders = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Verify the manifest and its pictures, then train Inception v3 on its training classes."""
    from curate.terminal import Terminal

    require_extra()
    pictures = pictures_of(manifest, images, workspace)
    from train.fit import fit as train

    terminal = Terminal(as_json=as_json, quiet=quiet)
    with terminal.progress("train fit") as progress:
        done = train(
            manifest,
            pictures,
            out,
            config=config,
            steps=steps,
            batch_size=batch_size,
            weights=weights,
            seed=seed,
            loaders=loaders,
            progress=progress,
        )
    lines = [
        str(done["run"]),
        f"{done['classes']} training classes, {done['images']} images, {done['steps']} steps ({done['epochs']} epochs)",
        f"loss {done['first_loss']} -> {done['last_loss']}" + ("; trained before, nothing done" if done["skipped"] else ""),
    ]
    terminal.result(done, lines)
