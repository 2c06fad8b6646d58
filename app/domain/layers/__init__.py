"""The layers that a definition may name: one class each, which is also its JSON Schema.

The files are those of engine/layers; residual.py joins all kinds in one type.
"""

from typing import get_args

from app.domain.layers.base import Cost, LayerSpec, Misfit, walk
from app.domain.layers.residual import AnyLayer

__all__ = ["LAYERS", "AnyLayer", "Cost", "LayerSpec", "Misfit", "walk"]

LAYERS: dict[str, type[LayerSpec]] = {
    kind.model_fields["type"].annotation.__args__[0]: kind
    for kind in get_args(get_args(AnyLayer)[0])
}
"""Every layer by its type."""
