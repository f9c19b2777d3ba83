"""Update rules in place, in blocks that stay in the cache."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from xdl.core import tree
from xdl.optim import Adam, AdamW, overwrite
from xdl.optim._rule import Rule, cast_array, cast_rule, compute_dtype
from xdl.optim._rules.accumulate import Accumulate

from ._memory import empty
from ._numba import LARGE, loops_of_many
from ._threads import share

# Parameters, gradient, two moments and a work array: five blocks fit into 1 MiB, the smaller second-level caches.
BLOCK_BYTES = 1 << 17
OPERATIONS = 12  # of an entry, in a compiled step
SWEEP = 64  # steps of Adam between two looks for subnormal moments


def _blocks(arrays: list[Any], size: int) -> Iterator[Any]:
    """Corresponding views of at most ``size`` elements, or single rows of the last axis."""
    first = arrays[0]
    if first.size <= size:
        yield arrays
    elif all(array.flags.c_contiguous for array in arrays):
        flat = [array.reshape(-1) for array in arrays]
        for start in range(0, first.size, size):
            yield [array[start : start + size] for array in flat]
    elif (rows := size * len(first) // first.size) or first.ndim == 1:
        rows = rows or size
        for start in range(0, len(first), rows):
            yield [array[start : start + rows] for array in arrays]
    else:
        for parts in zip(*arrays, strict=True):
            yield from _blocks(list(parts), size)


def _in_place(t: Any, xs: Any, grads: Any, states: Any, /, *, rule: Any) -> bool:
    """Whether the rule steps leaf by leaf in memory that may be written."""
    if not rule.elementwise and type(rule).apply is not Rule.apply:
        return False
    return _writable(xs, grads, [tree.leaves(state) if state else () for state in states])


def _writable(xs: Any, grads: Any, memories: Any) -> bool:
    """Whether all memory is writable, of one dtype per leaf, and nothing overlaps."""
    written, read = [], set()
    for x, grad, memory in zip(xs, grads, memories, strict=True):
        dtype = x.dtype
        for array in (x, *memory):
            # Complex moments differ in dtype, half precision is computed in single: the pure step serves.
            if type(array) is not np.ndarray or array.dtype != dtype or not array.flags.writeable:
                return False
            written.append(id(array) if (base := array.base) is None else id(base))
        if not isinstance(grad, (np.ndarray, np.generic)):
            return False
        read.add(id(grad) if (base := grad.base) is None else id(base))
    if read.isdisjoint(written) and len(set(written)) == len(written):
        return True
    return _disjoint([array for x, memory in zip(xs, memories, strict=True) for array in (x, *memory)], grads)


def _disjoint(written: list[Any], read: Any) -> bool:
    """Compare the bounds of memory: views of one buffer, such as a vector of all parameters, may be disjoint."""
    return not any(
        np.may_share_memory(array, other)
        for k, array in enumerate(written)
        for other in (*written[k + 1 :], *read)
    )


@overwrite.method("numpy", when=_in_place)
def _(t, xs, grads, states, /, *, rule):
    bound = {}
    for x, grad, state in zip(xs, grads, states, strict=True):
        if x.dtype not in bound:
            real = compute_dtype(x)
            bound[x.dtype] = cast_rule(rule, real), cast_array(t, real)
        own, count = bound[x.dtype]
        size = max(1, BLOCK_BYTES // x.itemsize)
        if not rule.elementwise or x.size <= size:
            new, dx = own.step(state, x, grad, count)
            for old, value in zip(tree.leaves(state), tree.leaves(new), strict=True) if state else ():
                old[...] = value
            x += dx
            continue
        memory, structure = tree.flatten(state)
        # What belongs to the leaf, such as a sum of weights, is the same for every block.
        split = [array.shape == x.shape for array in memory]
        arrays = [array for array, by_entry in zip(memory, split, strict=True) if by_entry]
        whole = {k: np.array(memory[k]) for k, by_entry in enumerate(split) if not by_entry}
        for part, slope, *rest in _blocks([x, grad, *arrays], size):
            rest = iter(rest)
            mine = [whole[k] if k in whole else next(rest) for k in range(len(memory))]
            new, dx = own.step(tree.unflatten(structure, mine), part, slope, count)
            new = tree.leaves(new)
            for k, (old, value) in enumerate(zip(mine, new, strict=True)):
                (memory[k] if k in whole else old)[...] = value
            part += dx
    return xs, states


def _accumulates(t: Any, xs: Any, grads: Any, states: Any, /, *, rule: Any) -> bool:
    """Whether means can be written to, which then tell what has to be computed."""
    return isinstance(rule, Accumulate) and all(
        type(mean) is np.ndarray and mean.flags.writeable and isinstance(grad, np.ndarray | np.generic)
        for (mean, _), grad in zip(states, grads, strict=True)
    )


@overwrite.method("numpy", when=_accumulates)
def _(t, xs, grads, states, /, *, rule):
    for (mean, _), grad in zip(states, grads, strict=True):
        mean += grad.astype(mean.dtype, copy=False) / rule.steps
    if int(t) % rule.steps:
        return xs, states
    means, inner = [mean for mean, _ in states], [own for _, own in states]
    xs, inner = overwrite(np.asarray(rule.clock(t)), xs, means, inner, rule=rule.rules[0])
    for mean in means:
        mean[...] = 0
    return xs, list(zip(means, inner, strict=True))


def _is_adam(t: Any, xs: Any, grads: Any, states: Any, /, *, rule: Any) -> bool:
    return type(rule) in (Adam, AdamW) and _writable(xs, grads, states)


@overwrite.method("numpy", when=_is_adam)
def _(t, xs, grads, states, /, *, rule):
    compiled, prepared = loops_of_many("optim", sum([x.size for x in xs])), {}
    loop = None if compiled is None else compiled.adamw if isinstance(rule, AdamW) else compiled.adam
    for x, grad, (m, v) in zip(xs, grads, states, strict=True):
        dtype = x.dtype
        if dtype not in prepared:
            prepared[dtype] = _adam_numbers(rule, float(t), dtype)
        numbers = prepared[dtype]
        if loop is not None and _in_order(x, grad, m, v):
            _at_once(loop, [x, grad, m, v], numbers)
            continue
        size = max(1, BLOCK_BYTES // dtype.itemsize)
        space = empty((min(size, x.size),), dtype)
        for part, slope, m_part, v_part in _blocks([x, grad, m, v], size):
            _adam(part, slope, m_part, v_part, space[: part.size].reshape(part.shape), *numbers)
    if int(t) % SWEEP == 0:
        for m, _ in states:
            _drop_subnormal(m)
    return xs, states


def _drop_subnormal(m: Any) -> None:
    """Set to zero what is below the normal numbers.

    The mean of gradients that have been zero for some hundred steps, as behind a rectifier that is never on, would stay
    at one of these: rounded, their decay ends above zero. Processors take a hundred times as long for each.
    """
    for (part,) in _blocks([m], max(1, BLOCK_BYTES // m.itemsize)):
        part[np.abs(part) < np.finfo(m.dtype).tiny] = 0


def _in_order(x: Any, grad: Any, m: Any, v: Any) -> bool:
    """Whether entries that belong together are equally far into their memory, in the byte order of the machine."""
    if not x.shape == grad.shape == m.shape == v.shape or not x.dtype.isnative:
        return False
    return x.flags.c_contiguous and grad.flags.c_contiguous and m.flags.c_contiguous and v.flags.c_contiguous


def _at_once(loop: Any, arrays: list[Any], numbers: Any) -> None:
    size = arrays[0].size
    flat = [array if array.ndim == 1 else array.reshape(-1) for array in arrays]
    if size < LARGE:
        loop(*flat, numbers)
        return
    work = lambda start, stop: loop(*[array[start:stop] for array in flat], numbers)
    share(work, size, operations=OPERATIONS * size)


def _adam_numbers(rule: Any, t: float, dtype: Any) -> Any:
    """Factors of twelve passes, where the formula of the paper takes fifteen.

    With ``c = 1 / sqrt(1 - b2**t)``, ``m_hat / (sqrt(v_hat) + eps)`` is
    ``m / (1 - b1**t) / c / (sqrt(v) + eps / c)``; and ``(1 - b2) * grad**2`` is a multiple of the square of
    ``(1 - b1) * grad``, which the first moment needs.
    """
    number = lambda value: value.item() if value.dtype == dtype else value.astype(dtype).item()
    rate, (b1, b2), eps = number(rule.learning_rate), map(number, rule.decay), number(rule.eps)
    c = (1 - b2**t) ** -0.5
    keep = 1 - rate * number(rule.weight_decay) if isinstance(rule, AdamW) else 1.0
    factors = (b1, 1 - b1, b2, (1 - b2) / (1 - b1) ** 2, eps / c, rate / (1 - b1**t) / c, keep)
    return np.asarray(factors, dtype)


def _adam(x, grad, m, v, w, b1, c1, b2, ratio, eps, rate, keep):
    multiply, add = np.multiply, np.add
    multiply(grad, c1, w)
    multiply(m, b1, m)
    add(m, w, m)
    multiply(w, w, w)
    multiply(w, ratio, w)
    multiply(v, b2, v)
    add(v, w, v)
    np.sqrt(v, w)
    add(w, eps, w)
    np.divide(m, w, w)
    multiply(w, rate, w)
    if keep != 1:
        multiply(x, keep, x)
    np.subtract(x, w, x)
