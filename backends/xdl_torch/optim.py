"""Update rules by PyTorch's fused kernels, in place."""

import struct
from collections.abc import Iterator
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils.weak import WeakIdKeyDictionary

from xdl.core import tree
from xdl.optim import SGD, Adam, AdamW, Momentum, overwrite
from xdl.optim._rule import Rule, add_step, cast_array, cast_rule, compute_dtype, widen
from xdl.optim._rules.accumulate import Accumulate

_FUSED = (torch.float32, torch.float64)
_DEVICES = ("cpu", "cuda", "xpu", "mps")
BLOCK = 1 << 16  # entries

# Hyperparameters on a GPU are fetched once, not at every step.
_fetched: Any = WeakIdKeyDictionary()


def _number(x: Any, dtype: Any) -> float:
    """Value of a 0-d tensor, rounded to ``dtype`` as in the portable definition."""
    if x.device.type == "cpu":
        value = x.item()
    else:
        version, value = _fetched.get(x, (None, 0.0))
        if version != x._version:
            value = x.item()
            _fetched[x] = x._version, value
    return value if x.dtype == dtype else struct.unpack("f", struct.pack("f", value))[0]


def _in_place(t: Any, xs: Any, grads: Any, states: Any, /, *, rule: Any) -> bool:
    """Whether nothing is written twice, or differentiated."""
    if torch.compiler.is_compiling():
        return False
    return _plain([*xs, *tree.leaves(states)], grads)


def _plain(written: list[Any], grads: list[Any]) -> bool:
    """Whether gradients are constants, and tensors have memory of their own."""
    for grad in grads:
        # a fake tensor stands for one while a step is compiled, and has no memory
        if not isinstance(grad, torch.Tensor) or isinstance(grad, FakeTensor) or grad.requires_grad:
            return False
    try:
        places = [place for x in written if (place := x.data_ptr())]  # an empty tensor has none
        read = [grad.data_ptr() for grad in grads]
    except RuntimeError:  # a wrapped tensor of torch.func has no memory of its own
        return False
    return len(set(places)) == len(places) and set(places).isdisjoint(read)


@overwrite.method("torch", when=_in_place)
@torch.no_grad()
def _(t, xs, grads, states, /, *, rule):
    if type(rule).apply is not Rule.apply:
        new, states = rule.advance(xs, grads, states, t, donate=True)
        for x, y in zip(xs, new, strict=True):
            if x is not y:
                x.copy_(y)
        return xs, states
    bound: dict[Any, Any] = {}
    for x, grad, state in zip(xs, grads, states, strict=True):
        dtype = compute_dtype(x)
        if dtype not in bound:
            bound[dtype] = cast_rule(rule, dtype), cast_array(t, dtype)
        own, count = bound[dtype]
        for part, slope, memory in _blocks(x, grad, state) if rule.elementwise else [(x, grad, state)]:
            new, dx = own.step(memory, widen(part, dtype), widen(slope, dtype), count)
            for old, value in zip(memory, new, strict=True):
                old.copy_(value)
            part.add_(dx) if dx.dtype == part.dtype else part.copy_(add_step(part, dx))
        for old, value in zip(state, memory, strict=True):
            if not old.shape and old is not value:
                old.copy_(value)
    return xs, states


def _blocks(x: Any, grad: Any, state: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Corresponding parts that stay in the cache of a CPU with all that a step computes on the way."""
    arrays = [array for array in state if array.shape == x.shape]
    if x.device.type != "cpu" or x.numel() <= BLOCK or not all(a.is_contiguous() for a in (x, grad, *arrays)):
        yield x, grad, state
        return
    flat = [array.view(-1) for array in (x, grad, *arrays)]
    for start in range(0, x.numel(), BLOCK):
        part, slope, *rest = [array[start : start + BLOCK] for array in flat]
        rest = iter(rest)
        # A number that belongs to the leaf, such as a sum of weights, is the same for every block.
        yield part, slope, tuple(next(rest) if a.shape == x.shape else a.clone() for a in state)


def _accumulates(t: Any, xs: Any, grads: Any, states: Any, /, *, rule: Any) -> bool:
    """Whether means may be written to, and the count is on the host, which tells what has to be computed."""
    if not isinstance(rule, Accumulate) or torch.compiler.is_compiling() or t.device.type != "cpu":
        return False
    return _plain([*xs, *tree.leaves(states)], grads)


@overwrite.method("torch", when=_accumulates)
@torch.no_grad()
def _(t, xs, grads, states, /, *, rule):
    means, inner = [mean for mean, _ in states], [own for _, own in states]
    for mean, grad in zip(means, grads, strict=True):
        mean.add_(grad.to(mean.dtype) / rule.steps)
    if int(t) % rule.steps:
        return xs, states
    xs, inner = overwrite(rule.clock(t), xs, means, inner, rule=rule.rules[0])
    for mean in means:
        mean.zero_()
    return xs, list(zip(means, inner, strict=True))


def _fusible(t: Any, xs: Any, grads: Any, states: Any, /, *, rule: Any) -> bool:
    """Whether a fused kernel takes these tensors."""
    if torch.compiler.is_compiling() or type(rule) not in (SGD, Momentum, Adam, AdamW):
        return False
    written = [tensor for x, state in zip(xs, states, strict=True) for tensor in (x, *state)]
    if written[0].device.type not in _DEVICES:
        return False
    # The kernel walks through memory: a transposed tensor would be paired with the wrong entries.
    return all(x.dtype in _FUSED and x.is_contiguous() for x in written) and _plain(written, grads)


@overwrite.method("torch", when=_fusible)
@torch.no_grad()
def _(t, xs, grads, states, /, *, rule):
    groups: dict[Any, list[Any]] = {}
    for x, grad, state in zip(xs, grads, states, strict=True):
        groups.setdefault((x.dtype, x.device), []).append((x, grad.contiguous(), *state))
    for (dtype, _), rows in groups.items():
        columns = [list(column) for column in zip(*rows, strict=True)]
        (_sgd if isinstance(rule, SGD | Momentum) else _adam)(rule, t, dtype, *columns)
    return xs, states


def _sgd(rule, t, dtype, xs, grads, velocities=()):
    averages = isinstance(rule, Momentum)
    decay = rule.decay if averages else rule.momentum
    momentum = 0.0 if decay is None else _number(decay, dtype)
    torch._fused_sgd_(
        xs,
        grads,
        list(velocities),
        weight_decay=0.0,
        momentum=momentum,
        lr=_number(rule.learning_rate, dtype),
        dampening=momentum if averages else 0.0,
        nesterov=not averages and rule.nesterov,
        maximize=False,
        is_first_step=False,
    )


def _adam(rule, t, dtype, xs, grads, m, v):
    b1, b2 = rule.decay
    decoupled = isinstance(rule, AdamW)
    (torch._fused_adamw_ if decoupled else torch._fused_adam_)(
        xs,
        grads,
        m,
        v,
        [],
        [t.to(torch.float32)] * len(xs),
        lr=_number(rule.learning_rate, dtype),
        beta1=_number(b1, dtype),
        beta2=_number(b2, dtype),
        weight_decay=_number(rule.weight_decay, dtype) if decoupled else 0.0,
        eps=_number(rule.eps, dtype),
        amsgrad=False,
        maximize=False,
    )
