"""The command `train`: one module per subcommand; nothing heavy is imported before a command runs."""

import typer

from curate.terminal import run_program
from train.cli.evaluate import evaluate
from train.cli.fit import fit

app = typer.Typer(
    name="train",
    help="Train and evaluate on a frozen manifest; one that does not verify is refused.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(fit)
app.command()(evaluate)


def main() -> None:
    """Run the command line."""
    run_program(app)
