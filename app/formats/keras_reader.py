"""A Keras model's configuration as a definition: nothing but a list of known classes is read.

What a person builds in Keras is a chain of layers, perhaps with ways around some of them that an
Add joins again. Its images have the channels last; the engine has them first. The reader follows
the chain and keeps in mind what that changes: the axes of kernels, the order of a flattened image.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from app.domain.definitions import NetworkDefinition
from app.domain.errors import UnusableFile
from app.formats.keras_chain import Chain, Json, Layer
from app.formats.keras_classes import READERS
from app.formats.keras_graph import SNAKE_CASE, group_names
from app.formats.keras_variables import Variables
from engine.arrays import Array, Shape
from engine.errors import ShapeError
from engine.layers import residual

MAX_LAYERS = 1000


def read(config: Json, variables: Variables) -> tuple[NetworkDefinition, dict[str, Array]]:
    """The network of a configuration, and its arrays by name.

    Raises:
        UnusableFile: It has what the engine has not; the text names the layer.
    """
    try:
        layers, order = _layers(config, variables)
        return _follow(layers, order)
    except ValidationError as error:
        one = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, one["loc"]))
        raise UnusableFile(f"the network cannot be defined: {where}: {one['msg']}") from error
    except RecursionError as error:
        raise UnusableFile("config.json nests too many layers") from error
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise UnusableFile("config.json has not the form that Keras gives it") from error


def _layers(config: Json, variables: Variables) -> tuple[dict[str, Layer], list[str]]:
    """Every layer by its name, and the names in their order."""
    if config["class_name"] not in ("Sequential", "Functional"):
        raise UnusableFile(f"{config['class_name']!r:.60} is not Sequential or Functional")
    entries = config["config"]["layers"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_LAYERS:
        raise UnusableFile(f"a model has 1 to {MAX_LAYERS} layers")
    sequential = config["class_name"] == "Sequential"
    group_name = group_names()
    layers: dict[str, Layer] = {}
    order: list[str] = []
    for entry in entries:
        kind = _known_class(entry)
        layer = Layer(entry, group_name(kind), variables)
        layer.inputs = order[-1:] if sequential else _inputs(layer, entry["inbound_nodes"])
        if layer.name in layers:
            raise layer.error("another layer has the same name")
        layers[layer.name] = layer
        order.append(layer.name)
    if not sequential:
        _check_output(config["config"]["output_layers"], layers)
    return layers, order


def _known_class(entry: Json) -> str:
    """The class of a layer, which has to be Keras' own and not another of the same name."""
    kind = entry["class_name"]
    if (
        kind not in SNAKE_CASE
        or entry.get("registered_name") not in (None, kind)
        or entry.get("module") != "keras.layers"
    ):
        known = ", ".join(sorted(SNAKE_CASE))
        raise UnusableFile(
            f"class {kind!r:.60} of {entry.get('module')!r:.60} is not known here, only {known} "
            "of 'keras.layers'"
        )
    return str(kind)


def _check_output(output: Any, layers: dict[str, Layer]) -> None:
    """A model gives one output: that of the layer which no other reads."""
    read = {name for layer in layers.values() for name in layer.inputs}
    ends = [name for name in layers if name not in read]
    if len(ends) != 1 or output not in ([ends[0], 0, 0], [[ends[0], 0, 0]]):
        raise UnusableFile(f"the model gives {output!r:.100}, expected the last layer's output")


def _inputs(layer: Layer, nodes: Sequence[Json]) -> list[str]:
    """The layers that one reads."""
    if len(nodes) > 1:
        raise layer.error("it is used more than once")
    names: list[str] = []
    for node in nodes:
        if any(value not in (None, False) for value in node["kwargs"].values()):
            raise layer.error(f"it is called with {node['kwargs']!r:.60}, known is only its input")
        (argument,) = node["args"]
        tensors = argument if isinstance(argument, list) else [argument]
        names += [str(tensor["config"]["keras_history"][0])[:100] for tensor in tensors]
    return names


def _follow(
    layers: dict[str, Layer], order: list[str]
) -> tuple[NetworkDefinition, dict[str, Array]]:
    """Walk from the input to the end."""
    first = layers[order[0]]
    if first.kind != "InputLayer" or sum(one.kind == "InputLayer" for one in layers.values()) != 1:
        raise UnusableFile("a model begins with its one InputLayer; build it before it is saved")
    batch_shape = first.batch_shape
    shape = tuple(batch_shape[1:])
    if not 1 <= len(shape) <= 3 or any(type(n) is not int or n < 1 for n in shape):
        raise first.error(f"batch_shape is {batch_shape!r:.60}, expected [null, sizes of a sample]")
    if len(shape) == 3:
        shape = (shape[2], shape[0], shape[1])
    readers: dict[str, list[str]] = {name: [] for name in layers}
    for layer in layers.values():
        for name in layer.inputs:
            readers[name].append(layer.name)
    chain = Chain(shape)
    walked = _Walk(layers, readers)
    end = walked.along(chain, first.name)
    if end is not None or walked.seen != len(layers):
        raise UnusableFile("the model is not a chain of layers with ways around some of them")
    chain.check_done(walked.latest)
    if chain.flattened is not None:
        raise UnusableFile("the network ends with a flattened image; a Dense has to follow it")
    body = {"input_shape": list(shape), "layers": chain.layers}
    return NetworkDefinition.model_validate(body), chain.arrays


_FINISHES = {
    "Conv2D": "padded",
    "Cropping2D": "beyond",
    "Flatten": "turned",
    "Permute": "turned",
    "Reshape": "turned",
}
"""What some classes put right that was left to them."""


class _Walk:
    """Follows a model from layer to layer, into the ways that fork and join again."""

    def __init__(self, layers: dict[str, Layer], readers: dict[str, list[str]]) -> None:
        self._layers = layers
        self._readers = readers
        self.seen = 1
        self.latest = next(iter(layers.values()))

    def along(self, chain: Chain, name: str) -> str | None:
        """Read what follows a layer, up to an Add that joins this way with another: its name."""
        while self._readers[name]:
            following = self._readers[name]
            if len(following) > 1:
                name = self._around(chain, name, following)
                continue
            layer = self._layers[following[0]]
            if layer.kind == "Add":
                return layer.name
            self._take(chain, layer)
            name = layer.name
        return None

    def _take(self, chain: Chain, layer: Layer) -> None:
        self.seen += 1
        if self.seen > len(self._layers):
            raise layer.error("the layers form a circle")
        self.latest = layer
        chain.check_done(layer, _FINISHES.get(layer.kind))
        READERS[layer.kind](chain, layer)

    def _around(self, chain: Chain, name: str, following: list[str]) -> str:
        """A residual: two ways from one layer to an Add. The Add's name."""
        fork = self._layers[name]
        chain.check_done(fork)
        if len(following) != 2 or chain.flattened is not None:
            raise fork.error("what it gives is read in a way that is not known here")
        ways: list[tuple[Chain, str | None]] = []
        for start in following:
            way = Chain(chain.shape)
            if self._layers[start].kind == "Add":
                ways.append((way, start))
                continue
            self._take(way, self._layers[start])
            end = self.along(way, start)
            way.check_done(self.latest)
            ways.append((way, end))
        (one, joint), (other, same) = ways
        if joint is None or joint != same or one.flattened or other.flattened:
            raise fork.error("the ways that begin here do not meet in one Add")
        self.seen += 1
        add = self._layers[joint]
        if len(add.inputs) != 2 or one.shape != other.shape:
            raise add.error("it joins two ways of the same shape")
        detours = [way for way in (one, other) if not way.layers]
        detours += [way for way in (one, other) if _projects(way, chain.shape)]
        if not detours:
            raise add.error(
                "one of its ways has to be the input itself, or, where the shape changes, one "
                "convolution of 1×1 or one Dense, without a bias"
            )
        detour = detours[0]
        body = other if detour is one else one
        if not body.layers:
            raise add.error("it joins a value with itself")
        chain.join(body, detour)
        return joint


def _projects(way: Chain, before: Shape) -> bool:
    """Whether a way is the projection that the engine would put around a residual."""
    if before == way.shape or len(way.layers) != 1:
        return False
    layer = way.layers[0]
    if layer["type"] == "dense":
        return not layer["bias"]
    try:
        stride = residual.projection_stride(before, way.shape)
    except ShapeError:
        return False
    wanted = {"kernel_size": 1, "stride": stride, "bias": False}
    return layer["type"] == "conv2d" and wanted.items() <= layer.items()
