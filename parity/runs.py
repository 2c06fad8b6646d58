"""The same training run twice: by the engine, and by a loop as PyTorch's users write it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from engine import Network
from engine.arrays import Array
from engine.batches import SHARD, shuffled
from engine.training import Plan, StepDone, Training
from parity import twins
from parity.problems import Problem, TorchLoss

TorchOptimizer: TypeAlias = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
TorchSchedule: TypeAlias = Callable[[torch.optim.Optimizer], LRScheduler]

# The engine trains in float32. A gradient is off by some 1e-7 of the largest terms of its sum, much
# for one that nearly cancels; an optimizer that divides a gradient by its own size takes that into
# its step, of up to the learning rate, and every step adds its error. Losses and norms are sums
# over many numbers, whose errors cancel.
RTOL, ATOL = 1e-4, 1e-6


@dataclass
class Trace:
    """What a run shows of itself: at every step, and in the weights that it ends with.

    Attributes:
        rates: The learning rate of every step.
        norms: The norm of its gradient, before it was clipped.
        losses: The mean loss over the epoch so far.
        parameters: As `twins.parameters` has them.
        buffers: As `twins.buffers` has them.
    """

    rates: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    parameters: list[Array] = field(default_factory=list)
    buffers: list[Array] = field(default_factory=list)


def run_engine(problem: Problem, plan: Plan) -> Trace:
    """Train the engine's layers."""
    trace, layers = Trace(), problem.layers
    for event in Training(Network(layers, problem.loss), problem.samples, plan):
        if isinstance(event, StepDone):
            trace.rates.append(event.learning_rate)
            trace.norms.append(event.gradient_norm)
            trace.losses.append(event.loss)
    trace.parameters = [parameter for layer in layers for parameter in layer.parameters]
    trace.buffers = [buffer for layer in layers for buffer in layer.buffers]
    return trace


def run_torch(
    problem: Problem,
    plan: Plan,
    optimizer: TorchOptimizer,
    schedule: TorchSchedule | None = None,
    clip_norm: float | None = None,
) -> Trace:
    """Train PyTorch's module on the same batches; of the plan only these count here."""
    trace, module, loss = Trace(), problem.module, problem.torch_loss
    x, targets = (torch.from_numpy(array) for array in problem.torch_samples)
    descent = optimizer(module.parameters())
    scheduler = None if schedule is None else schedule(descent)
    module.train()
    for epoch in range(plan.epochs):
        order = torch.from_numpy(shuffled(np.arange(len(x)), plan.seed, epoch))
        total, seen = 0.0, 0
        for batch in torch.split(order, plan.batch_size):
            descent.zero_grad()
            total += _backward(module, loss, x[batch], targets[batch]) * len(batch)
            seen += len(batch)
            limit = torch.inf if clip_norm is None else clip_norm
            norm = nn.utils.clip_grad_norm_(module.parameters(), limit)
            trace.rates.append(float(descent.param_groups[0]["lr"]))
            trace.norms.append(float(norm))
            trace.losses.append(total / seen)
            descent.step()
            if scheduler is not None:
                scheduler.step()
    trace.parameters = twins.parameters(module)
    trace.buffers = twins.buffers(module)
    return trace


def check(got: Trace, expected: Trace) -> None:
    """Fail where the engine's run is not near PyTorch's."""
    np.testing.assert_allclose(got.rates, expected.rates, rtol=1e-12)
    np.testing.assert_allclose(got.norms, expected.norms, rtol=1e-5)
    np.testing.assert_allclose(got.losses, expected.losses, rtol=1e-5)
    for a, b in zip(got.parameters, expected.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=RTOL, atol=ATOL)
    for a, b in zip(got.buffers, expected.buffers, strict=True):
        np.testing.assert_allclose(a, b, rtol=RTOL, atol=ATOL)


def _backward(module: nn.Module, loss: TorchLoss, x: Tensor, targets: Tensor) -> float:
    """Leave the gradients of the batch's mean loss in the module.

    Batch norm is that of a shard in the engine: so a batch goes through the module in shards, each
    from the same running buffers, and ends with their mean, weighted by the shards' sizes.
    """
    buffers = [b for b in module.buffers() if b.is_floating_point()]
    before = [b.clone() for b in buffers]
    after = [torch.zeros_like(b) for b in buffers]
    total = 0.0
    for inputs, wanted in zip(torch.split(x, SHARD), torch.split(targets, SHARD), strict=True):
        share = len(inputs) / len(x)
        for buffer, old in zip(buffers, before, strict=True):
            buffer.copy_(old)
        value = loss(module(inputs), wanted) * share
        value.backward()  # type: ignore[no-untyped-call]
        total += value.item()
        for mean, buffer in zip(after, buffers, strict=True):
            mean.add_(buffer, alpha=share)
    for buffer, mean in zip(buffers, after, strict=True):
        buffer.copy_(mean)
    return total
