"""`mnistry sweep`: the same job again and again, each time with other values."""

import json as json_text
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import recipe
from app.cli.connection import AsJson, Key, Url, connect, group
from app.cli.interruption import ends_only_following
from app.cli.output import table, write, write_json

if TYPE_CHECKING:
    from app.client import Sweep

app = group("start", "Train many jobs at once, and rank them.")

SweepId = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep's id.")]


@app.command()
def start(
    grid: Annotated[
        list[str],
        typer.Option(help="A field and its values: optimizer.learning_rate=0.01,0.003. Repeat it."),
    ],
    preset: recipe.Preset = None,
    network: recipe.NetworkFile = None,
    dataset: recipe.Dataset = None,
    epochs: recipe.Epochs = None,
    batch_size: recipe.BatchSize = None,
    seed: recipe.Seed = None,
    train_samples: recipe.TrainSamples = None,
    metric: Annotated[str, typer.Option(help="What ranks the trials.")] = "val_accuracy",
    max_trials: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", help="Wait until all have ended.")] = False,
    url: Url = None,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Train a job for every combination of values."""
    options = recipe.options(preset, network, dataset, epochs, batch_size, seed, train_samples)
    values = dict(map(_field, grid))
    with connect(url, key) as client:
        sweep = client.sweeps.create(values, metric=metric, max_trials=max_trials, **options)
        if follow:
            again = ["mnistry", "sweep", "follow", sweep.id]
            with ends_only_following(sweep.id, again, url):
                sweep.wait()
    _say(sweep, as_json=json)


@app.command("follow")
def follow_(sweep: SweepId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Wait until every trial has ended, and show them; Ctrl-C ends the waiting, not the sweep."""
    with connect(url, key) as client:
        found = client.sweeps.get(sweep)
        with ends_only_following(sweep, ["mnistry", "sweep", "follow", sweep], url):
            found.wait()
    _say(found, as_json=json)


@app.command()
def show(sweep: SweepId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Show a sweep's trials, the best first."""
    with connect(url, key) as client:
        _say(client.sweeps.get(sweep), as_json=json)


@app.command()
def cancel(sweep: SweepId, url: Url = None, key: Key = None, json: AsJson = False) -> None:
    """Cancel every trial that has not ended."""
    with connect(url, key) as client:
        _say(client.sweeps.get(sweep).cancel(), as_json=json)


def _field(text: str) -> tuple[str, list[Any]]:
    """A field and its values; what is not JSON is text."""
    name, equals, values = text.partition("=")
    if not (name and equals and values):
        raise typer.BadParameter(f"--grid is as batch_size=64,128, got {text!r}")
    return name, [_value(value) for value in values.split(",")]


def _value(text: str) -> Any:
    try:
        return json_text.loads(text)
    except ValueError:
        return text


def _say(sweep: "Sweep", *, as_json: bool) -> None:
    if as_json:
        write_json(sweep.as_json())
        return
    names = sorted({name for trial in sweep.trials for name in trial.parameters})
    rows = [
        (t.rank, t.job_id, t.status, t.value, *(t.parameters.get(name) for name in names))
        for t in sweep.trials
    ]
    table(("rank", "job", "status", sweep.metric, *names), rows)
    write(f"{sweep.id} {sweep.status}")
