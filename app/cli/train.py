"""`mnistry train`: define, train and follow in one line."""

from typing import Annotated

import typer

from app.cli import recipe
from app.cli.connection import AsJson, Key, Url, connect

app = typer.Typer()


@app.command()
def train(
    preset: recipe.Preset = None,
    network: recipe.NetworkFile = None,
    dataset: recipe.Dataset = None,
    epochs: recipe.Epochs = None,
    batch_size: recipe.BatchSize = None,
    learning_rate: recipe.LearningRate = None,
    seed: recipe.Seed = None,
    train_samples: recipe.TrainSamples = None,
    name: Annotated[str | None, typer.Option(help="What you call the job.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A word to find it by; any number.")] = None,
    alias: Annotated[str | None, typer.Option(help="A name for the model that it leaves.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Show it until it has ended.")] = False,
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Train a network in the background."""
    from app.cli.output import write, write_json

    options = recipe.options(preset, network, dataset, epochs, batch_size, seed, train_samples)
    options["name"], options["alias"], options["tags"] = name, alias, tag or []
    with connect(url, key) as client:
        if learning_rate is not None:
            recipe.set_learning_rate(client, options, learning_rate)
        job = client.jobs.create(**options)
        if follow:
            from app.cli.following import follow as until_it_ends

            until_it_ends(job, url, as_json=json)
        elif json:
            write_json(job.as_json())
        else:
            write(f"{job.id} {job.status}; to follow it: mnistry jobs follow {job.id}")
