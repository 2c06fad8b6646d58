"""Mnistry's engine: neural networks on NumPy alone, to be read as much as to be run.

Read it in this order: layers/base.py (what a layer is), layers/dense.py, layers/chain.py (the chain
rule), losses.py, backpropagation.py, optimizers.py, training.py. docs/architecture.md has the map.
"""

from engine.layers.activations import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from engine.layers.base import Layer
from engine.layers.convolution import Conv2DLayer, Conv2DTrLayer
from engine.layers.dense import DenseLayer
from engine.layers.dropout import Dropout
from engine.layers.gates import GELU, SiLU
from engine.layers.normalization import BatchNorm, LayerNorm
from engine.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D
from engine.layers.reshape import FlattenLayer, Reshape, Upsample2D
from engine.layers.residual import Residual
from engine.losses import CrossEntropy, MeanSquaredError
from engine.network import Network

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022 - sorted as Python sorts
    "AvgPool2D",
    "BatchNorm",
    "Conv2DLayer",
    "Conv2DTrLayer",
    "CrossEntropy",
    "DenseLayer",
    "Dropout",
    "ELU",
    "FlattenLayer",
    "GELU",
    "GlobalAvgPool2D",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2D",
    "MeanSquaredError",
    "Network",
    "ReLU",
    "Reshape",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Upsample2D",
]
