"""What commands that train take: which network, and how."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.client import Client, JobOptions

Preset = Annotated[str | None, typer.Option(help="A network by name, as mlp, lenet5 or cnn.")]
NetworkFile = Annotated[
    Path | None,
    typer.Option("--network", exists=True, dir_okay=False, help="A JSON file with a definition."),
]
Dataset = Annotated[str | None, typer.Option(help="The dataset to learn; by default MNIST.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes over the training samples.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Samples a step.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Decides every random draw.")]
LearningRate = Annotated[
    float | None, typer.Option(help="That of the optimizer, which stays the recipe's.")
]
TrainSamples = Annotated[int | None, typer.Option(min=1, help="Learn only the first so many.")]


def options(
    preset: str | None,
    network: Path | None,
    dataset: str | None,
    epochs: int | None,
    batch_size: int | None,
    seed: int | None,
    train_samples: int | None,
) -> "JobOptions":
    """The options of a job; what was not said is left to the service.

    Raises:
        typer.BadParameter: No network is named, or two are.
    """
    if (preset is None) == (network is None):
        raise typer.BadParameter("name a network: either --preset NAME or --network FILE")
    chosen: JobOptions = {"preset": preset, "seed": seed, "train_samples": train_samples}
    if network is not None:
        try:
            chosen["network"] = json.loads(network.read_text())
        except ValueError as error:
            raise typer.BadParameter(f"{network} is not JSON: {error}") from error
    if dataset is not None:
        chosen["dataset"] = dataset
    if epochs is not None:
        chosen["epochs"] = epochs
    if batch_size is not None:
        chosen["batch_size"] = batch_size
    return chosen


def set_learning_rate(client: "Client", chosen: "JobOptions", rate: float) -> None:
    """Give the optimizer that the job would have anyway another rate."""
    optimizer = client.jobs.plan(**chosen).config["optimizer"]
    chosen["optimizer"] = {**optimizer, "learning_rate": rate}
