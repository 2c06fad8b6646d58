"""`mnistry models`, and what can be asked of one: predict, evaluate, compare, export."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from app.cli.connection import AsJson, Key, Url, connect
from app.cli.connection import group as group_of
from app.cli.output import percent, table, write, write_json

app = typer.Typer()
group = group_of("list", "List and show models, and name them.")

ModelName = Annotated[str, typer.Argument(metavar="MODEL", help="A model's id, or an alias.")]
Dataset = Annotated[str, typer.Option(help="The dataset.")]
Split = Annotated[str, typer.Option(help="Which part of it: test or train.")]


@group.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """List models, newest first."""
    with connect(url, key) as client:
        found = list(islice(client.models.list(), limit))
    if json:
        write_json([model.as_json() for model in found])
        return
    columns = ("model", "reads", "parameters", "dataset", "created", "name")
    rows = [
        (m.id, percent(m.metrics.test_accuracy), m.parameters, m.dataset, m.created_at, m.name)
        for m in found
    ]
    table(columns, rows)


@group.command()
def show(model: ModelName, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Show one model."""
    with connect(url, key) as client:
        found = client.models.get(model)
    if json:
        write_json(found.as_json())
        return
    fields = ("id", "name", "job_id", "dataset", "classes", "parameters", "created_at", "sha256")
    rows = [(name, getattr(found, name)) for name in fields]
    table(("", ""), [*rows, ("reads", percent(found.metrics.test_accuracy))])


@group.command()
def alias(
    name: Annotated[str, typer.Argument(help="The name that is to serve for the model.")],
    model: ModelName,
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Point an alias at a model."""
    with connect(url, key) as client:
        pointed = client.aliases.point(name, client.models.get(model).id)
    if json:
        write_json(pointed.as_json())
    else:
        write(f"{pointed.alias} is {pointed.model_id}")


@app.command()
def predict(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Images of digits."),
    ],
    model: Annotated[str, typer.Option(help="A model's id, or an alias.")] = "latest",
    top_k: Annotated[int, typer.Option(min=1, help="How many classes to name, with --json.")] = 3,
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Read digits."""
    with connect(url, key) as client:
        read = client.models.get(model).predict(files, top_k=top_k)
    if json:
        write_json([prediction.as_json() for prediction in read])
        return
    columns = ("file", "digit", "confidence", "warnings")
    rows = [
        (file, one.label, percent(one.confidence), one.warnings)
        for file, one in zip(files, read, strict=True)
    ]
    table(columns, rows)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A model's id, or an alias.")] = "latest",
    dataset: Dataset = "mnist",
    split: Split = "test",
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Read every sample of a dataset's split, and compare with its label."""
    with connect(url, key) as client:
        found = client.models.get(model).evaluate(dataset, split)
    if json:
        write_json(found.as_json())
        return
    columns = ("class", "precision", "recall", "f1", "samples")
    table(columns, [(c.label, c.precision, c.recall, c.f1, c.support) for c in found.per_class])
    read = percent(found.accuracy)
    write(f"reads {read} of {found.samples:,} samples right; loss {found.loss:.4f}")


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="A model's id, or an alias.")],
    b: Annotated[str, typer.Argument(help="The other.")],
    dataset: Dataset = "mnist",
    split: Split = "test",
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Compare two models on the same samples."""
    with connect(url, key) as client:
        found = client.models.compare(a, b, dataset, split)
    if json:
        write_json(found.as_json())
        return
    only = (found.only_a_right, found.only_b_right)
    rows = [
        (name, one.model_id, percent(one.accuracy), alone)
        for name, one, alone in zip((a, b), (found.a, found.b), only, strict=True)
    ]
    table(("", "model", "reads", "alone right"), rows)
    write(f"both wrong: {found.both_wrong}; p = {found.p_value:.3g} (McNemar, exact)")


@app.command()
def export(
    model: ModelName,
    format_: Annotated[
        str | None, typer.Option("--format", help="safetensors, npz, onnx or keras.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="The file to write.")
    ] = None,
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Write a model into a file; without --format in that of the file's suffix."""
    kind = format_ or (output.suffix.removeprefix(".") if output else "") or "safetensors"
    file = output or Path(f"{model}.{kind}")
    with connect(url, key) as client:
        content = client.models.get(model).export(kind)
    file.write_bytes(content)
    if json:
        write_json({"file": str(file), "format": kind, "bytes": len(content)})
    else:
        write(f"{file} has {len(content):,} bytes")
