"""How fast each preset's shape trains, beside PyTorch, scikit-learn and the notebook's own way.

    make bench
    .venv-bench/bin/python benchmarks/train.py [linear mlp lenet5 cnn resnet autoencoder notebook]

Run it on a machine that does nothing else: PyTorch's threads wait for each
other in a loop and suffer most from a neighbour. Rivals alternate in one process, second by second;
a ratio is the median over the rounds, its spread the second smallest and second largest. All train
in float32 on shuffled batches of MNIST, PyTorch from an array of floats in memory, with no data
loader in its way.

The last column says how close a step comes to the machine: the time that its matrix products would
take at the best rate of NumPy's BLAS in this run, divided by the time that the step took.
"""

import argparse
import gzip
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
import jacobian_route
import torch
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits
from torch import nn

import engine
from engine import initializers
from engine.batches import Samples
from engine.optimizers import SGD, Adam
from engine.parallel import Team, single_threaded_blas
from engine.training import Plan, StepDone, Training

BATCH = 128
FIT_STEPS = 50
MNIST = Path(__file__).parent.parent / "app" / "data" / "mnist"
Step = Callable[[], object]


def mnist():
    """The training images (60000, 1, 28, 28) as bytes, and their labels."""

    def read(name, header):
        return np.frombuffer(gzip.decompress((MNIST / name).read_bytes()), np.uint8, offset=header)

    images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    return images, read("train-labels-idx1-ubyte.gz", 8).astype(np.int64)


# Every preset's shape as a list that both libraries are built from.

SHAPES = {
    "linear": ["flatten", ("dense", 784, 10)],
    "mlp": [
        *("flatten", ("dense", 784, 256), "relu"),
        *(("dense", 256, 128), "relu", ("dense", 128, 10)),
    ],
    "lenet5": [
        *(("conv", 5, 1, 6, 2), "relu", "pool", ("conv", 5, 6, 16, 0), "relu", "pool", "flatten"),
        *(("dense", 400, 120), "relu", ("dense", 120, 84), "relu", ("dense", 84, 10)),
    ],
    "cnn": [
        *(("conv", 3, 1, 32, 0), "relu", ("conv", 3, 32, 64, 0), "relu", "pool", "flatten"),
        *(("dense", 9216, 128), "relu", ("dense", 128, 10)),
    ],
    "resnet": [
        *(("conv", 3, 1, 24, 1), ("bn", 24), "relu", "pool"),
        *(("block", 24, 48), "relu", ("block", 48, 48), "relu", "pool"),
        *(("block", 48, 96), "relu", ("block", 96, 96), "relu", "gap", ("dense", 96, 10)),
    ],
    "autoencoder": [
        *(("conv", 3, 1, 16, 1), "relu", "pool", ("conv", 3, 16, 8, 1), "relu", "pool"),
        *(("transposed", 2, 8, 16, 2), "relu", ("transposed", 2, 16, 1, 2)),
    ],
}


def block(i, o):
    """What a residual block goes around."""
    return [("conv", 3, i, o, 1), ("bn", o), "relu", ("conv", 3, o, o, 1), ("bn", o)]


def engine_layers(shape):
    rng = np.random.default_rng(0)

    def build(item):
        match item:
            case ("dense", i, o):
                return engine.DenseLayer(i, o, initializers.he_normal(rng, (i, o), i))
            case ("conv", k, i, o, padding):
                kernel = initializers.he_normal(rng, (k, k, i, o), k * k * i)
                return engine.Conv2DLayer(k, i, o, "same" if padding else "valid", 1, kernel)
            case ("transposed", k, i, o, stride):
                kernel = initializers.he_normal(rng, (k, k, i, o), i)
                return engine.Conv2DTrLayer(k, i, o, 0, stride, kernel)
            case ("bn", channels):
                return engine.BatchNorm(channels)
            case ("block", i, o):
                around = None if i == o else build(("conv", 1, i, o, 0))
                return engine.Residual([build(part) for part in block(i, o)], around)
            case "relu":
                return engine.ReLU()
            case "pool":
                return engine.MaxPool2D()
            case "gap":
                return engine.GlobalAvgPool2D()
        return engine.FlattenLayer()

    return [build(item) for item in shape]


class TorchResidual(nn.Module):
    def __init__(self, body, around):
        super().__init__()
        self.body, self.around = body, around

    def forward(self, x):
        return self.body(x) + self.around(x)


def torch_network(shape):
    def build(item):
        match item:
            case ("dense", i, o):
                return nn.Linear(i, o)
            case ("conv", k, i, o, padding):
                return nn.Conv2d(i, o, k, padding=padding)
            case ("transposed", k, i, o, stride):
                return nn.ConvTranspose2d(i, o, k, stride=stride)
            case ("bn", channels):
                return nn.BatchNorm2d(channels)
            case ("block", i, o):
                around = nn.Identity() if i == o else build(("conv", 1, i, o, 0))
                return TorchResidual(nn.Sequential(*[build(p) for p in block(i, o)]), around)
            case "relu":
                return nn.ReLU()
            case "pool":
                return nn.MaxPool2d(2)
            case "gap":
                return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        return nn.Flatten()

    return nn.Sequential(*[build(item) for item in shape])


def step_flops(layers, shape=(1, 28, 28)):
    """Additions and multiplications of a step's matrix products, for one sample."""
    macs = [m for m in each_layers_macs(layers, shape) if m]
    return 2 * (2 * macs[0] + 3 * sum(macs[1:]))  # forward, dL/dW and, but for the first, dL/dx


def each_layers_macs(layers, shape):
    for layer in layers:
        after = layer.output_shape(shape)
        match layer:
            case engine.DenseLayer():
                yield layer.W.size
            case engine.Conv2DLayer():
                yield layer.kernel.size * after[1] * after[2]
            case engine.Conv2DTrLayer():
                yield layer.kernel.size * shape[1] * shape[2]
            case engine.Residual():
                yield from each_layers_macs(layer.layers, shape)
                if layer.projection is not None:
                    yield from each_layers_macs([layer.projection], shape)
        shape = after


def engine_step(layers, images, labels, threads, batch=BATCH, optimizer=None):
    if labels is None:
        loss = engine.MeanSquaredError()
    else:
        layers, loss = [*layers, engine.Softmax()], engine.CrossEntropy()
    plan = Plan(
        optimizer or Adam(0.001),
        epochs=10**6,
        batch_size=batch,
        validation_split=0,
        threads=threads,
    )
    events = iter(Training(engine.Network(layers, loss), Samples(images, labels), plan))

    def step():
        while not isinstance(next(events), StepDone):
            pass

    return step


def torch_step(network, images, labels):
    x, y = torch.from_numpy(images.astype(np.float32) / 255), torch.tensor(labels)
    optimizer = torch.optim.Adam(network.parameters())
    judge = nn.MSELoss() if labels is images else nn.CrossEntropyLoss()
    batches = cycle(torch.randperm(len(x)).split(BATCH)[:-1])

    def step():
        picked = next(batches)
        inputs = x[picked]
        optimizer.zero_grad()
        judge(network(inputs), inputs if labels is images else y[picked]).backward()
        optimizer.step()

    return step


def sklearn_fit(hidden, images, labels, threads):
    """Its own `fit` over FIT_STEPS batches."""
    x = (images.reshape(len(images), -1)[: FIT_STEPS * BATCH] / 255).astype(np.float32)
    model = MLPClassifier(hidden, batch_size=BATCH, max_iter=1, warm_start=True)

    def fit():
        # The engine keeps the process's BLAS to one thread while its run is open.
        with threadpool_limits(threads), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one iteration does not converge, and says so
            model.fit(x, labels[: len(x)])

    return fit


def jacobian_step(layers, images, labels, rate):
    x, y = images[:960] / 255, np.eye(10)[labels[:960]]
    starts = cycle(range(0, 960, 16))

    def step():
        i = next(starts)
        jacobian_route.train_step(layers, x[i : i + 16], y[i : i + 16], rate)

    return step


def rate(step: Step, seconds: float) -> float:
    """Steps a second."""
    step()
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        step()
        steps += 1
    return steps / (time.perf_counter() - began)


def alternate(rivals, rounds, seconds):
    """Every rival's calls a second in every round: {name: [rate, ...]}."""
    rates = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, step in rivals.items():
            time.sleep(0.2)  # so that the last one's waiting threads have gone to sleep
            rates[name].append(rate(step, seconds))
    return rates


def best_gemm(threads: int) -> float:
    """The best rate of NumPy's matrix products on so many threads: operations a second."""
    n, a = 1024, np.random.default_rng(0).random((1024, 1024), np.float32)
    outs = [np.empty_like(a) for _ in range(threads)]
    best = 0.0
    with single_threaded_blas(), Team(threads) as team:
        for _ in range(12):
            began = time.perf_counter()
            team.run(lambda i: np.matmul(a, a, out=outs[i]), threads)
            best = max(best, 2 * n**3 * threads / (time.perf_counter() - began))
    return best


def report(name, rates, batch, peak=None, flops=0):
    ours = rates["engine"]
    share = f"{flops * batch * statistics.median(ours) / peak:6.0%} of GEMM" if peak else ""
    for rival, theirs in rates.items():
        if rival == "engine":
            print(f"{name:12} engine {statistics.median(ours) * batch:10,.0f}/s {share}")
            continue
        ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
        spread = f"{ratios[min(1, len(ratios) - 1)]:.2f}..{ratios[max(-2, -len(ratios))]:.2f}"
        median = statistics.median(ratios)
        speed = statistics.median(theirs) * batch
        print(f"{'':12} {rival} {speed:10,.0f}/s  engine ÷ {rival} {median:.2f} ({spread})")
    sys.stdout.flush()


def preset(name, images, labels, options, peak):
    layers = engine_layers(SHAPES[name])
    own_labels = None if name == "autoencoder" else labels
    rivals = {
        "engine": engine_step(layers, images, own_labels, options.threads),
        "torch": torch_step(
            torch_network(SHAPES[name]), images, images if own_labels is None else labels
        ),
    }
    if name == "mlp":
        rivals["scikit-learn"] = sklearn_fit((256, 128), images, labels, options.threads)
    rates = alternate(rivals, options.rounds, options.seconds)
    if name == "mlp":
        rates["scikit-learn"] = [FIT_STEPS * fits for fits in rates["scikit-learn"]]
    report(name, rates, BATCH, peak, step_flops(layers))


def notebook(images, labels, options):
    """Its own training cells, batches of 16, plain gradient descent."""
    rng = np.random.default_rng(0)
    conv, dense = engine.Conv2DLayer, engine.DenseLayer
    deep = [
        *(conv(3, 1, 1, "same"), conv(2, 1, 1, "valid", 2)),
        *(conv(3, 1, 1, "same"), conv(2, 1, 1, "valid", 2), engine.FlattenLayer()),
        *(dense(49, 20), engine.ReLU(), dense(20, 10), engine.ReLU()),
    ]
    cells = [
        ("first cell", [engine.FlattenLayer(), dense(784, 10)], jacobian_route.first_cell, 0.01),
        ("conv cells", deep, jacobian_route.convolutional_cell, 0.001),
    ]
    for name, layers, route, rate_ in cells:
        rivals = {
            "engine": engine_step(layers, images, labels, 1, 16, SGD(rate_)),
            "jacobians": jacobian_step(route(rng), images, labels, rate_),
        }
        report(name, alternate(rivals, options.rounds, options.seconds), 16)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choices = [*SHAPES, "notebook"]
    parser.add_argument("what", nargs="*", help=f"of {', '.join(choices)}; all by default")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each rival in each round")
    options = parser.parse_args()
    if unknown := set(options.what) - set(choices):
        parser.error(f"there is no {unknown.pop()}, only {', '.join(choices)}")
    torch.set_num_threads(options.threads)
    images, labels = mnist()
    peak = best_gemm(options.threads)
    print(f"{options.threads} threads, best GEMM {peak / 1e9:.0f} GFLOP/s, batch {BATCH}, Adam")
    for name in options.what or choices:
        if name == "notebook":
            notebook(images, labels, options)
        else:
            preset(name, images, labels, options, peak)


if __name__ == "__main__":
    main()
