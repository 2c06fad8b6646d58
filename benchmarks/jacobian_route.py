"""The course notebook's way to train, written again to be measured: full Jacobians and einsums.

Every layer builds dy/dx and dy/dparameter of every sample at every step, and the chain rule
multiplies them. Nothing is left out and nothing is made slower than it has to be.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


class Dense:
    def __init__(self, inputs, outputs, rng):
        self.W = rng.uniform(-1, 1, (inputs, outputs)) * np.sqrt(3 / inputs)
        self.b = np.zeros(outputs)

    def forward(self, x):
        return x @ self.W + self.b

    def grad_x(self, x):
        return np.tile(self.W.T, (len(x), 1, 1))

    def grad_param(self, x):
        inputs, outputs = self.W.shape
        of_weights = np.zeros((len(x), inputs, outputs, outputs))
        np.einsum("bijj->bij", of_weights)[...] = x[..., None]
        of_weights = of_weights.transpose(0, 2, 1, 3).reshape(len(x), outputs, -1)
        return [of_weights, np.tile(np.eye(outputs), (len(x), 1, 1))]

    def update(self, grads, rate):
        self.W -= rate * grads[0].mean(axis=0).reshape(self.W.shape)
        self.b -= rate * grads[1].mean(axis=0)


class ReLU:
    def forward(self, x):
        return np.maximum(x, 0)

    def grad_x(self, x):
        flat = x.reshape(len(x), -1)
        jacobian = np.zeros((*flat.shape, flat.shape[1]))
        np.einsum("bii->bi", jacobian)[...] = flat > 0
        return jacobian

    def grad_param(self, _):
        return []

    def update(self, grads, rate):
        pass


class Softmax(ReLU):
    def forward(self, x):
        exps = np.exp(x - x.max(axis=1, keepdims=True))
        return exps / exps.sum(axis=1, keepdims=True)

    def grad_x(self, x):
        p = self.forward(x)
        jacobian = -np.einsum("bi,bj->bij", p, p)
        np.einsum("bii->bi", jacobian)[...] += p
        return jacobian


class Flatten(ReLU):
    def forward(self, x):
        return x.reshape(len(x), -1)

    def grad_x(self, x):
        return np.tile(np.eye(x[0].size), (len(x), 1, 1))


class Conv:
    def __init__(self, kernel_size, padding, stride, rng):
        self.kernel = rng.random((kernel_size, kernel_size, 1, 1))
        before = (kernel_size - 1) // 2 if padding == "same" else 0
        after = kernel_size // 2 if padding == "same" else 0
        self.pads, self.stride = (before, after), stride

    def _windows(self, x):
        padded = np.pad(x, ((0, 0), (0, 0), self.pads, self.pads))
        k, s = len(self.kernel), self.stride
        return padded.shape, sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::s, ::s]

    def forward(self, x):
        y = np.tensordot(self._windows(x)[1], self.kernel, axes=([1, 4, 5], [2, 0, 1]))
        return y.transpose(0, 3, 1, 2)

    def grad_x(self, x):
        (batch, channels, height, width), seen = self._windows(x)
        rows, columns, k = *seen.shape[2:4], len(self.kernel)
        jacobian = np.zeros((batch, rows, columns, channels, height, width))
        r, c, i, j = np.ix_(range(rows), range(columns), range(k), range(k))
        jacobian[:, r, c, 0, r * self.stride + i, c * self.stride + j] = self.kernel[..., 0, 0]
        before, after = self.pads
        jacobian = jacobian[..., before : height - after, before : width - after]
        return jacobian.reshape(batch, rows * columns, -1)

    def grad_param(self, x):
        seen = self._windows(x)[1]
        return [seen.transpose(0, 2, 3, 4, 5, 1).reshape(len(x), -1, self.kernel.size)]

    def update(self, grads, rate):
        self.kernel -= rate * grads[0].mean(axis=0).reshape(self.kernel.shape)


def train_step(layers, x, labels, rate):
    """One step of gradient descent on the cross-entropy."""
    jacobians, y = [], x
    for layer in layers:
        jacobians.append((layer.grad_x(y), layer.grad_param(y)))
        y = layer.forward(y)
    back = -labels / y
    updates = []
    for of_x, of_parameters in reversed(jacobians):
        updates.append([np.einsum("bi,bij->bj", back, jacobian) for jacobian in of_parameters])
        back = np.einsum("bi,bij->bj", back, of_x)
    for layer, grads in zip(layers, reversed(updates), strict=True):
        layer.update(grads, rate)


def first_cell(rng):
    """The notebook's first training cell: 784-10."""
    return [Flatten(), Dense(784, 10, rng), Softmax()]


def convolutional_cell(rng):
    """Its convolutional cells: four convolutions with one channel, two dense layers."""
    down = [
        *(Conv(3, "same", 1, rng), Conv(2, "valid", 2, rng)),
        *(Conv(3, "same", 1, rng), Conv(2, "valid", 2, rng)),
    ]
    dense = [Dense(49, 20, rng), ReLU(), Dense(20, 10, rng), ReLU()]
    return [*down, Flatten(), *dense, Softmax()]
