"""`curate review`: what people say of pairs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from curate.cli.options import Images, Json, Quiet, Workspace

app = typer.Typer(
    help="What people say of pairs and pictures: verdicts, and blind sheets of pairs to be judged.", no_args_is_help=True
)


@app.command("import")
def import_command(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", help="image_a, image_b, verdict[, who, decided, why]; without image_b: of a picture", dir_okay=False
        ),
    ],
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Who decided, for rows that do not say.")] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Take in a table of verdicts; what is known already is passed over, and `curate link` counts the new ones."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.review.verdicts import import_verdicts
    from curate.terminal import Terminal

    with Catalogue.write(workspace_folder(workspace), "curate review import") as catalogue:
        done = import_verdicts(catalogue, table, who)
    Terminal(as_json=as_json).result(done, _added(done))


@app.command("export")
def export_command(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="Write them here, not to stdout.", dir_okay=False)
    ] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Give all verdicts, in order of time, as a table that `curate review import` takes."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.review.verdicts import export_verdicts
    from curate.terminal import Terminal

    with Catalogue.read(workspace_folder(workspace)) as catalogue:
        verdicts, text = export_verdicts(catalogue, out)
    rows = [{**v._asdict(), "decided": v.decided.isoformat() + "Z"} for v in verdicts]
    lines = text.splitlines() if out is None else [f"{out}: {len(verdicts)} verdicts"]
    Terminal(as_json=as_json).result({"verdicts": rows, "file": out and str(out)}, lines)


@app.command()
def add(
    image_a: Annotated[str, typer.Argument(metavar="IMAGE_ID", help="SOURCE:NATIVE_ID")],
    image_b: Annotated[str, typer.Argument(metavar="IMAGE_ID")],
    verdict: Annotated[str, typer.Argument(metavar="VERDICT", help="same, different or unsure.")],
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who decided.")],
    why: Annotated[str, typer.Option("--why", metavar="WORDS", help="What was seen.")],
    keep_absent: Annotated[
        bool, typer.Option("--keep-absent", help="Keep the verdict though an image is not in the catalogue; it counts once it is.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Add one verdict on a pair; the last one on a pair counts."""
    _say({"image_a": image_a, "image_b": image_b, "verdict": verdict, "who": who, "why": why}, keep_absent, workspace, as_json)


@app.command()
def image(
    image_id: Annotated[str, typer.Argument(metavar="IMAGE_ID", help="SOURCE:NATIVE_ID")],
    word: Annotated[str, typer.Argument(metavar="WORD", help="fit, unfit or unsure.")],
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="Who decided.")],
    why: Annotated[str, typer.Option("--why", metavar="WORDS", help="What was seen.")],
    keep_absent: Annotated[
        bool, typer.Option("--keep-absent", help="Keep the word though the image is not in the catalogue; it counts once it is.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Say of one picture whether it is fit for a test or validation set, whatever the gate measures; the last word counts."""
    _say({"image_a": image_id, "image_b": "", "verdict": word, "who": who, "why": why}, keep_absent, workspace, as_json)


@app.command()
def sheets(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the sheet and its key go.", file_okay=False)],
    pool: Annotated[str, typer.Option("--from", help="edges: all unlisted ones; findings: weak bridges.")] = "edges",
    number: Annotated[int, typer.Option("--number", min=1, help="Pairs to be judged, known ones not counted.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed draws others.")] = 2017,
    known: Annotated[
        Path | None,
        typer.Option("--known", metavar="FILE.csv", help="Pairs of one lesion.", show_default="what ids tell", dir_okay=False),
    ] = None,
    known_share: Annotated[float, typer.Option("--known-share", help="Share of known pairs, half same, half different.")] = 0.2,
    exclude: Annotated[
        Path | None,
        typer.Option("--exclude", metavar="FILE.csv", help="Pairs not to draw, such as an older key.csv.", dir_okay=False),
    ] = None,
    images: Images = None,
    workspace: Workspace = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw pairs to be judged, known ones among them, onto a page that tells nothing of where they come from."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.manifest.pictures import Pictures
    from curate.review.draw import Request, draw
    from curate.review.filled import pairs_of
    from curate.review.sheets import write_sheets
    from curate.terminal import Terminal

    terminal = Terminal(as_json=as_json, quiet=quiet)
    request = Request(
        pool=pool,
        number=number,
        seed=seed,
        known_share=known_share,
        known=frozenset(pairs_of(known)) if known else None,
        excluded=frozenset(pairs_of(exclude)) if exclude else frozenset(),
    )
    settings = {"from": pool, "number": number, "seed": seed, "known_share": known_share}
    settings |= {"known": known and known.name, "exclude": exclude and exclude.name}
    with Catalogue.read(workspace_folder(workspace)) as catalogue, terminal.progress("pairs") as progress:
        sources = [source for (source,) in catalogue.rows("SELECT DISTINCT source_id FROM images")]
        pictures = Pictures.find(sources, images or [], catalogue.workspace)
        done = write_sheets(catalogue, draw(catalogue, request), pictures, out, settings, progress)
    lines = [
        f"{done['page']}: {done['pairs']} pairs; open it in a browser, judge, save answers.csv",
        f"{done['key']}: the key, not for the reviewer",
        f"{done['judged']} of {done['pool']} pairs are to be judged; {done['known_same']} known same and "
        f"{done['known_different']} known different ones are among them",
        *done["notes"],
    ]
    terminal.result(done, lines)


@app.command()
def score(
    answers: Annotated[Path, typer.Argument(metavar="ANSWERS.csv", help="As the page saved it.", dir_okay=False)],
    key: Annotated[Path, typer.Argument(metavar="KEY.csv", help="The sheet's key.", dir_okay=False)],
    take_in: Annotated[bool, typer.Option("--import", help="Make verdicts of the judged pairs, not of the known ones.")] = False,
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Who decided, with --import.")] = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Say how a sheet was judged: known pairs judged right, precision of the edges with its 95 % interval."""
    from curate.catalogue import Catalogue, workspace_folder
    from curate.errors import InputError
    from curate.review.score import import_judged, read_judged
    from curate.review.score import score as scored
    from curate.terminal import Terminal

    judged = read_judged(answers, key)
    told = scored(judged)
    lines = _score_lines(told)
    if take_in:
        if who is None:
            raise InputError("A verdict says who decided.", "Say --who NAME.")
        with Catalogue.write(workspace_folder(workspace), "curate review score") as catalogue:
            told["imported"] = import_judged(catalogue, judged, who)
        lines += ["", *_added(told["imported"])]
    Terminal(as_json=as_json).result(told, lines)


def _say(row: dict[str, str], keep_absent: bool, workspace: Path | None, as_json: bool) -> None:
    from curate.catalogue import Catalogue, workspace_folder
    from curate.review.verdicts import add_verdict
    from curate.terminal import Terminal

    with Catalogue.write(workspace_folder(workspace), "curate review") as catalogue:
        done = add_verdict(catalogue, row, keep_absent=keep_absent)
    Terminal(as_json=as_json).result(done, _added(done))


def _added(done: dict[str, Any]) -> list[str]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in done["verdicts"].items() if count)
    lines = [f"{done['added']} verdicts added{f' ({kinds})' if kinds else ''}, {done['known']} were known; log {done['log']}"]
    for absent in done["absent"]:
        near = f"; near: {', '.join(absent['nearest'])}" if absent["nearest"] else ""
        lines.append(f"  kept until there is such an image: {absent['image']}{near}")
    stage = "link" if done["pairs"] else "split"
    return [*lines, f"`curate {stage}` takes them into account."] if done["added"] else lines


def _score_lines(told: dict[str, Any]) -> list[str]:
    lines = [f"sheet {told['sheet']}" + (f"; {told['unanswered']} pairs are not answered" if told["unanswered"] else "")]
    for kind in ("same", "different"):
        known = told[f"known_{kind}"]
        share = f" = {known['share']:.3f} {_interval(known['interval'])}" if known["pairs"] else ""
        lines.append(f"known {kind + ', judged right':<24}{known['right']:>5} of {known['pairs']}{share}, {known['unsure']} unsure")
    head = f"{'edges':<20}{'pairs':>7}{'same':>7}{'diff.':>7}{'unsure':>8}  precision, unsure as different; as same"
    lines += ["", head, _precision_line("all", told["edges"])]
    lines += [_precision_line(row["evidence"], row) for row in told["evidence"]]
    lines += [_precision_line(f"p {row['probability']}", row) for row in told["probability"]]
    return lines


def _precision_line(name: str, row: dict[str, Any]) -> str:
    counts = f"{name:<20}{row['pairs']:>7}{row['same']:>7}{row['different']:>7}{row['unsure']:>8}"
    if not row["pairs"]:
        return counts
    low, high = _interval(row["interval"]), _interval(row["interval_if_unsure_same"])
    return f"{counts}  {row['precision']:.3f} {low}; {row['precision_if_unsure_same']:.3f} {high}"


def _interval(bounds: tuple[float, float]) -> str:
    return f"[{bounds[0]:.3f}, {bounds[1]:.3f}]"
