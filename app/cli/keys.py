"""`mnistry keys`: who may ask a service. They work on its database, whether or not it runs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.connection import AsJson, group
from app.cli.output import note, table, write, write_json
from app.cli.service import DataDir, settings_of
from app.domain.keys import Role

if TYPE_CHECKING:
    from app.domain.records import ApiKey

app = group("list", "Make, list and revoke the keys of a service, in its database.")


@app.command()
def add(
    role: Annotated[
        Role, typer.Option(help="A reader may read and predict, a trainer everything.")
    ],
    name: Annotated[str | None, typer.Option(help="Whose it is, for the list.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="After 90d, 12h or 30m, or at 2030-12-31.")
    ] = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Make a key. It is shown once: only its digest is kept."""
    from app import key_management

    key, secret = key_management.make_key(settings_of(data_dir=data_dir), role, name, expires)
    if json:
        write_json({**_shown(key), "key": secret})
        return
    write(secret)
    until = "" if key.expires_at is None else f", until {key.expires_at}"
    note(f"This {role}'s key is {key.id} on the list{until}. It is not shown again.")


@app.command("list")
def list_(data_dir: DataDir = None, json: AsJson = False) -> None:
    """List the keys that were ever made, not those of MNISTRY_API_KEYS."""
    from app import key_management

    shown = [_shown(key) for key in key_management.all_keys(settings_of(data_dir=data_dir))]
    if json:
        write_json(shown)
        return
    columns = ("id", "role", "status", "name", "created_at", "expires_at")
    table(columns, [[key[column] for column in columns] for key in shown])


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")],
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Take a key no more, on any replica, within a second."""
    from app import key_management

    key, any_left = key_management.revoke_key(settings_of(data_dir=data_dir), key_id)
    if json:
        write_json(_shown(key))
    else:
        write(f"{key.id} is revoked")
    if not any_left:
        note("No key is left: everybody is refused until one is made, except with --open.")


def _shown(key: "ApiKey") -> dict[str, Any]:
    """A key's record without its digest, which nobody has a use for."""
    from app.domain import clock

    record = {name: value for name, value in asdict(key).items() if name != "sha256"}
    return {**record, "status": key.status(clock.now())}
