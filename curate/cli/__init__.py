"""The command `curate`: one module per subcommand; nothing heavy is imported before a command runs."""

import typer

from curate.cli import labels, quality, review, sources, taxonomy
from curate.cli.calibrate import calibrate
from curate.cli.certificate import certificate
from curate.cli.demo import demo
from curate.cli.diff import diff
from curate.cli.explain import explain
from curate.cli.export import export
from curate.cli.fingerprint import fingerprint
from curate.cli.freeze import freeze
from curate.cli.ingest import ingest
from curate.cli.init import init
from curate.cli.link import link
from curate.cli.partition import partition
from curate.cli.reader_study import reader_study
from curate.cli.report import report
from curate.cli.run import run
from curate.cli.split import split
from curate.cli.status import status
from curate.cli.verify import verify
from curate.terminal import run_program

app = typer.Typer(
    name="curate",
    help="Curate dermatology image sets into frozen manifests whose splits prove themselves.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
JOB = "The whole job"
STAGES = "Stage by stage"
NAMES = "Names and classes"
MANIFESTS = "Frozen manifests"

for panel, commands in (
    (JOB, (run, demo, status)),
    (STAGES, (init, ingest, fingerprint, link, calibrate, explain, split, freeze)),
    (NAMES, (partition,)),
    (MANIFESTS, (verify, certificate, report, diff, export, reader_study)),
):
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(sources.app, name="sources", rich_help_panel=STAGES)
app.add_typer(review.app, name="review", rich_help_panel=STAGES)
app.add_typer(quality.app, name="quality", rich_help_panel=STAGES)
app.add_typer(taxonomy.app, name="taxonomy", rich_help_panel=NAMES)
app.add_typer(labels.app, name="labels", rich_help_panel=NAMES)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        import curate

        typer.echo(curate.__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    run_program(app)
