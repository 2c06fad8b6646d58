"""All commands as one program, and how it fails: in one line, with what to try."""

import sys

import typer

from app.cli import datasets, jobs, keys, models, output, service, sweeps, train

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
    output.prepare()
    try:
        try:
            app(prog_name="mnistry")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # who reads has enough, as `head` has
        output.abandon()
        raise SystemExit(1) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said in one line
        from app.cli.failures import explain

        output.abandon()
        failure = explain(error)
        sys.stderr.write(f"mnistry: {failure.line}\n")
        raise SystemExit(failure.code) from None
