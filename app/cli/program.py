"""All commands as one program, and how it fails: in one line, with what to try."""

import sys

import typer

from app.cli import datasets, jobs, keys, models, service, sweeps, train

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Train neural networks that read digits, and ask them.",
)
for part in (service, train, models):
    app.registered_commands += part.app.registered_commands
app.add_typer(jobs.app, name="jobs")
app.add_typer(models.group, name="models")
app.add_typer(datasets.app, name="datasets")
app.add_typer(sweeps.app, name="sweep")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 not understood, 130 interrupted."""
    try:
        app(prog_name="mnistry")
    except Exception as error:
        from app.cli.failures import explain

        explained = explain(error)
        if explained is None:
            raise
        sys.stderr.write(f"mnistry: {explained.line}\n")
        raise SystemExit(explained.code) from None
