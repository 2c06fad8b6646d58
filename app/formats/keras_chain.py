"""A Keras model as it is read: one layer's options and variables, and the chain that they make."""

from collections.abc import Mapping
from typing import Any

from app.domain.errors import UnusableFile
from app.formats.keras_graph import last
from app.formats.keras_variables import Variables
from engine.arrays import Array, Shape

Json = dict[str, Any]

ACTIVATIONS: Mapping[str, Json | None] = {
    "linear": None,
    "relu": {"type": "relu"},
    "leaky_relu": {"type": "leaky_relu", "negative_slope": 0.2},
    "elu": {"type": "elu"},
    "gelu": {"type": "gelu"},
    "silu": {"type": "silu"},
    "swish": {"type": "silu"},
    "sigmoid": {"type": "sigmoid"},
    "tanh": {"type": "tanh"},
    "softmax": {"type": "softmax"},
}


MAX_SIZE = 1_000_000


class Layer:
    """One layer of a configuration: typed access to its options, and its variables.

    Args:
        entry: What the configuration has of it.
        group: Where its variables are.
        variables: The file that holds them.
    """

    def __init__(self, entry: Json, group: str, variables: Variables) -> None:
        self.kind: str = entry["class_name"]
        self.name = str(entry.get("name") or entry["config"].get("name"))[:100]
        self.inputs: list[str] = []
        self._config: Json = entry["config"]
        self._group = f"layers/{group}"
        self._variables = variables

    def error(self, reason: str) -> UnusableFile:
        return UnusableFile(f"layer {self.name!r} ({self.kind}): {reason}")

    def option(self, name: str, default: Any, *allowed: Any) -> Any:
        """An option, which may have only these values; any of the default's type where none is."""
        value = self._config.get(name, default)
        if allowed and not any(type(value) is type(a) and value == a for a in allowed):
            known = ", ".join(repr(a) for a in dict.fromkeys(map(repr, allowed)))
            raise self.error(f"{name} is {value!r:.60}, the engine has only {known}")
        if not allowed and type(value) is not type(default):
            if isinstance(default, float) and type(value) is int:
                return float(value)
            raise self.error(f"{name} is {value!r:.60}, expected a {type(default).__name__}")
        return value

    def square(self, name: str, default: int | None = None) -> int:
        """An option that is a number of pixels, the same along both axes."""
        value = self._config.get(name)
        if value is None and default is not None:
            return default
        sides = value if isinstance(value, list) else [value, value]
        if len(sides) != 2 or sides[0] != sides[1] or type(sides[0]) is not int or sides[0] < 1:
            raise self.error(
                f"{name} is {value!r:.60}, expected one number of pixels for both axes"
            )
        return int(sides[0])

    def size(self, name: str) -> int:
        """An option that counts outputs."""
        value: int = self.option(name, 0)
        if not 1 <= value <= MAX_SIZE:
            raise self.error(f"{name} is {value}, expected 1 to {MAX_SIZE}")
        return value

    def pairs(self, name: str) -> tuple[int, int]:
        """An option [[before, after], [before, after]], the same along both axes."""
        value = self._config.get(name)
        if (
            not isinstance(value, list)
            or len(value) != 2
            or value[0] != value[1]
            or not isinstance(value[0], list)
            or [type(n) for n in value[0]] != [int, int]
        ):
            raise self.error(f"{name} is {value!r:.60}, expected the same two numbers twice")
        return value[0][0], value[0][1]

    @property
    def axis(self) -> Any:
        """One axis or several, as some classes have either."""
        return self._config.get("axis", -1)

    @property
    def batch_shape(self) -> Any:
        """The shape of a batch, that only an InputLayer has."""
        return self._config["batch_shape"]

    def arrays(self, count: int) -> list[Array]:
        """All its variables."""
        found = self._variables.count(self._group)
        if found != count:
            raise self.error(f"it has {found} variables, expected {count}")
        return [self._variables.read(f"{self._group}/vars/{i}") for i in range(count)]

    def activation(self) -> Json | None:
        """The activation that is given as an option."""
        name = self._config.get("activation") or "linear"
        if not isinstance(name, str) or name not in ACTIVATIONS:
            raise self.error(f"activation {name!r:.60} is not known, only {', '.join(ACTIVATIONS)}")
        return ACTIVATIONS[name]


class Chain:
    """The definition's layers as they are found, with their arrays by name.

    Args:
        shape: A sample, as the engine has it.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.layers: list[Json] = []
        self.arrays: dict[str, Array] = {}
        self.flattened: Shape | None = None  # an image whose numbers are still in Keras' order
        self.turned = False  # the image has its channels first at present
        self.padded: tuple[int, int] | None = None
        self.beyond = 0  # rows of a transposed convolution that have to be cropped

    def add(self, layer: Json | None, shape: Shape | None = None, **arrays: Array) -> None:
        """A layer of the definition, what it gives, and its arrays."""
        if layer is None:
            return
        for name, array in arrays.items():
            self.arrays[f"{len(self.layers)}.{name}"] = array
        self.layers.append(layer)
        self.shape = self.shape if shape is None else shape

    def join(self, body: "Chain", projection: "Chain") -> None:
        """A residual: the layers of one way, and the other's only one, if it has any."""
        index = len(self.layers)
        for name, array in body.arrays.items():
            self.arrays[f"{index}.{name}"] = array
        for name, array in projection.arrays.items():
            self.arrays[f"{index}.{name.replace('0.', 'projection.', 1)}"] = array
        self.layers.append({"type": "residual", "layers": body.layers})
        self.shape = body.shape

    def image(self, layer: Layer) -> tuple[int, int, int]:
        """The shape, which has to be an image's."""
        if len(self.shape) != 3 or self.turned:
            raise layer.error(f"it needs an image, got {list(last(self.shape))}")
        return self.shape[0], self.shape[1], self.shape[2]

    def check_done(self, layer: Layer, but: str | None = None) -> None:
        """Nothing may be left that only the layer before this one could have put right."""
        if self.padded is not None and but != "padded":
            raise layer.error("zeros around an image are known only before a valid convolution")
        if self.beyond and but != "beyond":
            raise layer.error("a stride beyond the kernel needs a Cropping2D after it")
        if self.turned and but != "turned":
            raise layer.error("Permute is known only between an image and its flat numbers")
