"""Models as ONNX, which many runtimes open: written and checked here, never imported.

What a person needs and a runtime does not (the definition, class names, preprocessing) is in the
model's metadata.
"""

import numpy as np
import onnx
import onnx.checker
import onnx.helper
from onnx.reference import ReferenceEvaluator

import engine
from app.domain.layers import walk
from app.formats.bundle import Bundle
from app.formats.onnx_graph import Graph
from app.formats.onnx_nodes import chain
from engine.arrays import Array, Shape

OPSET = 20
"""The first with GELU."""

IR_VERSION = 9
"""What belongs to that opset; newer ones would only close older runtimes out."""

INPUT = "input"

_MEANINGS = {
    INPUT: "A batch of samples, channels first, after the preprocessing that the metadata name.",
    "probabilities": "One number a class, in the order of the classes in the metadata.",
    "reconstruction": "The input again, as far as the network can tell it.",
    "output": "What the last layer gives.",
}
"""Every name that an input or output may have."""


def write(bundle: Bundle) -> bytes:
    """A model whose batch axis is open and named; the same bytes for the same model."""
    model = onnx.helper.make_model(
        _graph(bundle),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="mnistry",
        producer_version=engine.__version__,
        doc_string="The metadata hold the network, its classes and its preprocessing as JSON.",
    )
    onnx.helper.set_model_props(model, bundle.metadata())
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def predict(content: bytes, x: Array) -> Array:
    """What the bytes make of a batch (batch, *input_shape), by ONNX's own reference."""
    evaluator = ReferenceEvaluator(onnx.load_from_string(content))
    (result,) = evaluator.run(None, {INPUT: x.astype(np.float32, copy=False)})
    return np.asarray(result)


def _graph(bundle: Bundle) -> onnx.GraphProto:
    definition = bundle.definition
    shape = tuple(definition.input_shape)
    placed = list(walk(definition.layers, shape))
    last = placed[-1]
    graph, output = Graph(bundle.arrays), _output_name(last.spec.type, shape, last.after)
    graph.name_output(chain(graph, placed, "", INPUT), output)
    return onnx.helper.make_graph(
        graph.nodes,
        definition.name or "network",
        [_batch_of(INPUT, shape)],
        [_batch_of(output, last.after)],
        graph.initializers,
    )


def _output_name(last_layer: str, before: Shape, after: Shape) -> str:
    """What the output is: probabilities, the input again, or just numbers."""
    if last_layer == "softmax":
        return "probabilities"
    return "reconstruction" if after == before else "output"


def _batch_of(name: str, shape: Shape) -> onnx.ValueInfoProto:
    """A float32 input or output, its first axis named and open."""
    return onnx.helper.make_tensor_value_info(
        name, onnx.TensorProto.FLOAT, ["batch", *shape], _MEANINGS[name]
    )
