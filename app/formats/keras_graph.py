"""A Keras model as it is put together: its configuration, and where its variables are kept."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

from engine.arrays import Shape

Json = dict[str, Any]

SNAKE_CASE = {
    "Activation": "activation",
    "Add": "add",
    "AveragePooling2D": "average_pooling2d",
    "BatchNormalization": "batch_normalization",
    "Conv2D": "conv2d",
    "Conv2DTranspose": "conv2d_transpose",
    "Cropping2D": "cropping2d",
    "Dense": "dense",
    "Dropout": "dropout",
    "ELU": "elu",
    "Flatten": "flatten",
    "GlobalAveragePooling2D": "global_average_pooling2d",
    "InputLayer": "input_layer",
    "LayerNormalization": "layer_normalization",
    "LeakyReLU": "leaky_re_lu",
    "MaxPooling2D": "max_pooling2d",
    "Permute": "permute",
    "ReLU": "re_lu",
    "Reshape": "reshape",
    "Softmax": "softmax",
    "UpSampling2D": "up_sampling2d",
    "ZeroPadding2D": "zero_padding2d",
}
"""The classes that are written and read, and how Keras names their variables' groups."""

CHANNELS_LAST = (1, 2, 0)
CHANNELS_FIRST = (2, 0, 1)
"""How the axes of an image are turned from one order to the other."""


def group_names() -> Callable[[str], str]:
    """Names of groups, as Keras counts them: "dense", "dense_1", ... for each class."""
    counts: dict[str, count[int]] = {}

    def name(kind: str) -> str:
        number = next(counts.setdefault(kind, count()))
        return f"{SNAKE_CASE[kind]}_{number}" if number else SNAKE_CASE[kind]

    return name


def last(shape: Shape) -> Shape:
    """A sample's shape as Keras has it: an image with its channels last."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def matters(shape: Shape) -> bool:
    """Whether the two orders of an image's numbers differ."""
    return len(shape) == 3 and shape[0] > 1 and shape[1] * shape[2] > 1


class Variable(NamedTuple):
    """The name of a model's array, and in what order Keras has its axes; empty: in the same."""

    name: str
    axes: tuple[int, ...] = ()


class Graph:
    """A functional model, layer by layer; values are layers' names with a shape."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self._layers: list[Json] = []
        self._shapes: dict[str, Shape] = {}
        self._group_name = group_names()

    @property
    def groups(self) -> list[str]:
        """Every layer's group of variables."""
        return list(self._shapes)

    def config(self) -> Json:
        """What Keras makes the model of, from the first layer to the last."""
        return {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": {
                "name": "network",
                "trainable": True,
                "layers": self._layers,
                "input_layers": [self.groups[0], 0, 0],
                "output_layers": [self.groups[-1], 0, 0],
            },
            "registered_name": "Functional",
            "build_config": {"input_shape": None},
        }

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        shape: Shape,
        config: Json,
        variables: Sequence[Variable] = (),
    ) -> str:
        """Add a layer of some class.

        Args:
            kind: The class.
            inputs: The layers that it reads.
            shape: What it gives, as Keras has it.
            config: Its options.
            variables: Its variables, in Keras' order.
        """
        name = self._group_name(kind)
        for i, variable in enumerate(variables):
            self.variables[f"layers/{name}/vars/{i}"] = variable
        tensors = [self._tensor(read) for read in inputs]
        self._layers.append(
            {
                "module": "keras.layers",
                "class_name": kind,
                "config": {"name": name, "dtype": "float32", **config},
                "registered_name": None,
                "name": name,
                "inbound_nodes": [
                    {"args": [tensors] if len(tensors) > 1 else tensors, "kwargs": {}}
                ]
                if tensors
                else [],
            }
        )
        self._shapes[name] = shape
        return name

    def same(self, kind: str, x: str, config: Json, variables: Sequence[Variable] = ()) -> str:
        """Add a layer that keeps the shape of its input."""
        return self.add(kind, [x], self._shapes[x], config, variables)

    def _tensor(self, name: str) -> Json:
        shape = [None, *self._shapes[name]]
        config = {"shape": shape, "dtype": "float32", "keras_history": [name, 0, 0]}
        return {"class_name": "__keras_tensor__", "config": config}
