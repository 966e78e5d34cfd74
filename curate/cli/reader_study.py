"""`curate reader-study`: a blinded set with a page on which readers answer."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from curate.cli.options import Images, Json, ManifestDir, Quiet, Workspace


def reader_study(
    manifest: ManifestDir,
    name: Annotated[str, typer.Option("--set", metavar="NAME", help="A test or drawn set, such as epidermal-readers.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="A folder that is not there, or is empty.")],
    question: Annotated[
        Literal["A", "B"], typer.Option("--question", help="A: biopsy or treat, or reassure. B: malignant or benign.")
    ] = "A",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the order in which pictures are shown.")] = 2017,
    images: Images = None,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write FOLDER/for_readers, blinded, to be handed over as it is, and FOLDER/key.json, which stays with you."""
    from curate.catalogue import workspace_folder
    from curate.manifest.export.study import export_study
    from curate.manifest.pictures import Pictures
    from curate.manifest.read import sources_of
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    pictures = Pictures.find(sources_of(manifest), images or [], workspace_folder(workspace))
    with terminal.progress("reader-study") as progress:
        done = export_study(manifest, name, out, pictures, question=question, seed=seed, progress=progress)
    lines = [
        f"{done['page']}: {done['cases']} cases of {name}, question {question}",
        f"{done['key']}: keep it; hand over {Path(done['page']).parent} alone",
        f"study {done['study']} of manifest {done['digest']}",
    ]
    terminal.result(done, lines)
