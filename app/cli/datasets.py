"""`mnistry datasets`: what there is to learn."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.connection import AsJson, Key, Url, connect, group
from app.cli.output import table, write, write_json

app = group("list", "List datasets, and add one.")


@app.command("list")
def list_(url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """List datasets."""
    with connect(url, key) as client:
        found = list(client.datasets.list())
    if json:
        write_json([dataset.as_json() for dataset in found])
        return
    columns = ("dataset", "training", "test", "shape", "classes", "version")
    rows = [
        (d.name, d.train_samples, d.test_samples, d.sample_shape, len(d.classes), d.version)
        for d in found
    ]
    table(columns, rows)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is to be called.")],
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="An .npz, or a zip of IDX files or of train/<class>/ and test/<class>/.",
        ),
    ],
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Make a dataset of a file."""
    with connect(url, key) as client:
        made = client.datasets.upload(name, file)
    if json:
        write_json(made.as_json())
        return
    write(f"{made.name}: {made.train_samples:,} samples to train on, {made.test_samples:,} to test")
