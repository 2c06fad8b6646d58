"""An ONNX graph while it is being written: nodes and initializers, added one after the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper

from engine.arrays import Array


class Graph:
    """Nodes in the order in which they compute, and the arrays that they read.

    Args:
        arrays: The model's arrays, by the names of `Bundle.arrays`.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def weights(self, name: str, *axes: int) -> str:
        """An array of the model as an initializer of the same name, its axes in this order."""
        array = self._arrays[name]
        return self.constant(name, array.transpose(axes) if axes else array)

    def constant(self, name: str, array: Array) -> str:
        """Any other array as an initializer."""
        content = np.ascontiguousarray(array)
        self.initializers.append(onnx.numpy_helper.from_array(content, name))
        return name

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; the name of its output."""
        output = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(op, inputs, [output], output, **attributes))
        return output

    def name_output(self, value: str, name: str) -> None:
        """Give `value`, with which the last node ends, the name of the graph's output."""
        if not self.nodes:  # a network of dropout alone: its input is its output
            self.node("Identity", value)
        self.nodes[-1].output[0] = name
