"""Bodies of networks."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.common import As, Body, JsonObject, Time
from app.domain.definitions import NetworkDefinition, Summary
from app.domain.layers import AnyLayer
from app.domain.recipes import Recipe
from app.domain.records import Network
from app.services.estimates import Estimate
from engine.gradcheck import LayerCheck

Definition = Annotated[JsonObject, As(NetworkDefinition)]
Layers = list[Annotated[JsonObject, As(AnyLayer)]]


class LayerBody(Body):
    """A layer with what was inferred and counted, for one sample."""

    index: int = Field(description="Its place, from 0.")
    type: str = Field(description="Its type.")
    output_shape: list[int] = Field(description="The shape of what it gives.")
    parameters: int = Field(description="How many numbers are trained in it.")
    macs: int = Field(description="How many multiply-adds it makes.")


class EstimateBody(Body):
    """What training on MNIST will cost on this machine."""

    memory_bytes: int = Field(description="Memory of the training process.")
    seconds_per_epoch: float = Field(description="Time for an epoch with batches of 128.")


class SummaryBody(Body):
    """A definition that was judged."""

    name: str | None = Field(description="What a person calls it.")
    preset: str | None = Field(description="The preset that it came from.")
    input_shape: list[int] = Field(description="The shape of one sample.")
    layers: Layers = Field(description="The layers, with every default filled in.")
    output_shape: list[int] = Field(description="The shape of the last layer's output.")
    parameters: int = Field(description="How many numbers are trained.")
    macs: int = Field(description="Multiply-adds a sample.")
    estimate: EstimateBody = Field(description="What training will cost.")
    summary: list[LayerBody] = Field(description="Every layer's shape and cost.")

    @classmethod
    def fields_of(
        cls,
        definition: NetworkDefinition,
        preset: str | None,
        summary: Summary,
        estimate: Estimate,
    ) -> JsonObject:
        """The fields that a stored and an unstored definition share."""
        layers = [
            LayerBody(
                index=layer.index,
                type=layer.type,
                output_shape=list(layer.output_shape),
                parameters=layer.cost.parameters,
                macs=layer.cost.macs,
            )
            for layer in summary.layers
        ]
        return {
            **definition.model_dump(mode="json"),
            "preset": preset,
            "output_shape": list(summary.output_shape),
            "parameters": summary.parameters,
            "macs": summary.macs,
            "estimate": EstimateBody(
                memory_bytes=estimate.memory_bytes, seconds_per_epoch=estimate.seconds_per_epoch
            ),
            "summary": layers,
        }


class NetworkBody(SummaryBody):
    """A stored definition."""

    id: str = Field(description="Its id.", examples=["net_01j9zq3v5k8m2n4p6r8t0w2y4a"])
    created_at: Time

    @classmethod
    def of(
        cls,
        network: Network,
        definition: NetworkDefinition,
        summary: Summary,
        estimate: Estimate,
    ) -> "NetworkBody":
        shared = cls.fields_of(definition, network.preset, summary, estimate)
        return cls(id=network.id, created_at=network.created_at, **shared)


class LayerCheckBody(Body):
    """One layer's gradients against central differences."""

    index: int = Field(description="Its place, from 0.")
    type: str = Field(description="Its type.")
    max_relative_error: float = Field(description="The largest among the entries checked.")


class GradcheckBody(Body):
    """Backpropagation of a definition against central differences, in float64."""

    passed: bool = Field(description="Whether all agree.")
    max_relative_error: float = Field(description="The largest of all layers.")
    layers: list[LayerCheckBody] = Field(description="Layer by layer.")

    @classmethod
    def of(
        cls, definition: NetworkDefinition, checks: list[LayerCheck], passed: bool
    ) -> "GradcheckBody":
        # A softmax that the loss was fused with is checked in it, not as a layer of its own.
        layers = [
            LayerCheckBody(
                index=check.index,
                type=definition.layers[check.index].type,
                max_relative_error=check.max_relative_error,
            )
            for check in checks
        ]
        return cls(
            passed=passed,
            max_relative_error=max((check.max_relative_error for check in checks), default=0.0),
            layers=layers,
        )


class CatalogBody(Body):
    """Everything that a definition and a job may name."""

    layers: dict[str, JsonObject] = Field(description="JSON Schemas of the layers, by type.")
    losses: dict[str, JsonObject] = Field(description="JSON Schemas of the losses, by type.")
    optimizers: dict[str, JsonObject] = Field(description="JSON Schemas of the optimizers.")
    schedules: dict[str, JsonObject] = Field(description="JSON Schemas of the schedules.")
    augmentations: dict[str, JsonObject] = Field(description="JSON Schemas of augmentations.")
    presets: dict[str, "PresetBody"] = Field(description="Networks that read MNIST well.")


class PresetBody(Body):
    """A network with the recipe that suits it."""

    description: str = Field(description="What it is and how well it reads.")
    input_shape: list[int] = Field(description="The shape of one sample.")
    layers: Layers = Field(description="The layers.")
    recipe: Annotated[JsonObject, As(Recipe)] = Field(
        description="How a job trains it where it says nothing else."
    )
