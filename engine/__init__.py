"""Mnistry's engine: neural networks on NumPy alone, to be read as much as to be run.

Read it in this order: layers/base.py (what a layer is), layers/dense.py, backpropagation.py (the
chain rule), losses.py, optimizers.py, training.py. docs/architecture.md has the map.
"""

from engine.layers.activations import ReLU, Softmax
from engine.layers.base import Layer
from engine.layers.convolution import Conv2DLayer, Conv2DTrLayer
from engine.layers.dense import DenseLayer
from engine.layers.pooling import AvgPool2D, MaxPool2D
from engine.layers.reshape import FlattenLayer
from engine.losses import CrossEntropy, MeanSquaredError
from engine.network import Network

__version__ = "0.1.0"

__all__ = [
    "AvgPool2D",
    "Conv2DLayer",
    "Conv2DTrLayer",
    "CrossEntropy",
    "DenseLayer",
    "FlattenLayer",
    "Layer",
    "MaxPool2D",
    "MeanSquaredError",
    "Network",
    "ReLU",
    "Softmax",
]
