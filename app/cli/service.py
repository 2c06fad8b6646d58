"""The service and its upkeep. Options win over the environment; every setting has a variable.

What a command needs is imported in it: `serve` starts its parts before it could load all of them.
"""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.connection import AsJson
from app.cli.output import write_json

if TYPE_CHECKING:
    from app.settings import Settings

app = typer.Typer()

Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on; 0: any that is free.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the database is kept.")]
Open = Annotated[
    bool | None, typer.Option("--open", help="Serve other machines without keys, knowingly.")
]
Lifeline = Annotated[int | None, typer.Option(hidden=True)]


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    trainers: Annotated[int | None, typer.Option(help="Trainer processes.")] = None,
    workers: Annotated[int | None, typer.Option(help="API processes.")] = None,
    open_: Open = None,
    first_model: Annotated[
        bool | None, typer.Option("--first-model", help="Train a first model if there is none.")
    ] = None,
) -> None:
    """Start everything on this machine: the API, the trainers, an embedded database."""
    settings = settings_of(
        host=host,
        port=port,
        data_dir=data_dir,
        trainers=trainers,
        workers=workers,
        open=open_,
        first_model=first_model,
    )
    from app.supervisor import serve as run

    raise typer.Exit(run(settings))


@app.command()
def api(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    open_: Open = None,
    descriptor: Annotated[int | None, typer.Option(hidden=True)] = None,
    lifeline: Lifeline = None,
) -> None:
    """Start one API process alone, for many machines."""
    from app.startup import end_with_supervisor, listen, url_of

    if lifeline is not None:
        end_with_supervisor(lifeline)
    settings = settings_of(host=host, port=port, data_dir=data_dir, open=open_)
    if descriptor is None:
        if settings.needs_stored_key:
            from app.key_management import require_key

            require_key(settings)
        listener = listen(settings.host, settings.port)
        typer.echo(f"Mnistry is starting on {url_of(listener)}")
        sys.stdout.flush()
    else:
        listener = socket.socket(fileno=descriptor)
    from app import roles

    roles.answer(settings, listener)


@app.command()
def trainer(
    data_dir: DataDir = None,
    name: Annotated[
        str | None, typer.Option(help="Stable over restarts: jobs are given back to this name.")
    ] = None,
    lifeline: Lifeline = None,
) -> None:
    """Start one trainer alone, for many machines."""
    from app.startup import end_with_supervisor

    if lifeline is not None:
        end_with_supervisor(lifeline)
    settings = settings_of(data_dir=data_dir)
    from app import roles

    roles.train(settings, name or socket.gethostname())


@app.command("first-model")
def first_model(
    url: Annotated[str, typer.Option(help="Where the service is.")] = "http://127.0.0.1:8000",
) -> None:
    """Train a first model where there is none, and show it reading a digit."""
    from app.domain.keys import parse_keys
    from app.first_model import welcome

    keys = parse_keys(settings_of().api_keys)
    welcome(url, next((key for role, key in keys if role == "trainer"), None))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Write everything into one file, also while the service runs."""
    from app import maintenance

    counts = maintenance.write_backup(settings_of(data_dir=data_dir), file)
    _report(f"{file} has", counts, as_json=json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Bring a backup into a new, empty service; unfinished jobs go on."""
    from app import maintenance

    counts = maintenance.restore(settings_of(data_dir=data_dir), file)
    _report("restored", counts, as_json=json)


def _report(what: str, counts: Mapping[str, int], *, as_json: bool) -> None:
    if as_json:
        write_json(dict(counts))
        return
    shown = ("networks", "jobs", "models", "aliases", "blobs")
    typer.echo(f"{what} " + ", ".join(f"{counts[name]} {name}" for name in shown))


@app.command()
def fsck(data_dir: DataDir = None, json: AsJson = False) -> None:
    """Check that everything in the store fits together; exit code 1 where it does not."""
    from app import maintenance

    report = maintenance.check(settings_of(data_dir=data_dir))
    if json:
        found = {"problems": report.problems, "left_behind": report.left_behind}
        write_json({**found, "counted": dict(report.counted)})
        raise typer.Exit(1 if report.problems else 0)
    for problem in report.problems:
        typer.echo(problem)
    if report.left_behind:
        typer.echo(f"{report.left_behind} objects are left behind; they will be removed")
    counted = ", ".join(f"{report.counted[kind]} {kind}" for kind in ("jobs", "models", "blobs"))
    typer.echo(f"{counted}: {len(report.problems) or 'no'} problems")
    raise typer.Exit(1 if report.problems else 0)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document that `/openapi.json` serves."""
    from app.api.openapi import text
    from app.main import create_app
    from app.settings import Settings

    typer.echo(text(create_app(Settings())), nl=False)


@app.command()
def settings(json: AsJson = False) -> None:
    """List every setting with its variable, its default and what it means."""
    from app.settings import ClientSettings, Settings

    listed = [
        {
            "variable": f"MNISTRY_{name.upper()}",
            "default": _plain(field.get_default(call_default_factory=True)),
            "description": field.description,
        }
        for name, field in (Settings.model_fields | ClientSettings.model_fields).items()
    ]
    if json:
        write_json(listed)
        return
    for one in listed:
        default = one["default"]
        said = "" if default is None else str(default)
        value = said.lower() if isinstance(default, bool) else said
        typer.echo(f"{one['variable']}={value}\n    {one['description']}")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def settings_of(**options: Any) -> "Settings":
    """The settings, with what was said on the command line."""
    from app import logs
    from app.domain.keys import parse_keys
    from app.settings import Settings

    chosen = Settings(**{name: value for name, value in options.items() if value is not None})
    parse_keys(chosen.api_keys)
    logs.to_stderr(chosen.log_level)
    return chosen
