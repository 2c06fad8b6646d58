"""What every command that asks a service takes, and the client for it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from app.client import Client

Url = Annotated[str | None, typer.Option(help="Where the service is; else MNISTRY_URL says.")]
Key = Annotated[str | None, typer.Option(help="The key to send; else MNISTRY_KEY says.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Write one JSON document, and nothing else, to stdout.")
]


def connect(url: str | None, key: str | None) -> "Client":
    """A client of the service that options and environment name."""
    from app.client import Client
    from app.settings import ClientSettings

    given: dict[str, Any] = {"url": url, "key": key}
    chosen = ClientSettings(**{name: v for name, v in given.items() if v is not None})
    return Client(chosen.url, chosen.key or None)


def group(default: str, text: str) -> typer.Typer:
    """Commands of which one is meant where none is named: `mnistry jobs` lists them.

    Args:
        default: The name of that one.
        text: What the group is about.
    """

    class Group(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if not args or (args[0].startswith("-") and args[0] != "--help"):
                args = [default, *args]
            return super().parse_args(ctx, args)

    return typer.Typer(cls=Group, help=text, rich_markup_mode=None)
