"""Compilation: a function is traced once for each structure and shapes, and the graph given to Inductor."""

import functools
import threading
import warnings

import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.fx.experimental.proxy_tensor import make_fx

from xdl.core import tree

from ._leaves import transforming
from ._reverse import depth

__all__ = ["jit", "tracing"]

_state = threading.local()
MANY = 16


def tracing() -> bool:
    """Whether the caller is being traced by `jit`."""
    return getattr(_state, "tracing", False)


def jit(f, static_argnums, donate_argnums):
    # Following the arrays through one run, as JAX does, takes any Python code; following the bytecode
    # (torch.compile) would have to know xdl's classes. In-place updates are traced, so `donate` needs nothing.
    compiled = {}

    @functools.wraps(f)
    def call(*args, **options):
        # Inside another transform the function is part of it. A compiled function has first derivatives only.
        if transforming() or tracing() or depth() > 1:
            return f(*args, **options)
        fixed = sorted({i % len(args) for i in static_argnums})
        static = tuple([args[i] for i in fixed])
        moving = tuple([x for i, x in enumerate(args) if i not in fixed]) if fixed else args
        leaves, structure = tree.flatten((moving, options))
        key = (structure, static, torch.is_grad_enabled(), *map(_signature, leaves))
        try:
            entry = compiled.get(key)
        except TypeError:
            message = f"static arguments and the numbers, strings and functions in trees must be hashable, got {static}"
            raise TypeError(message) from None
        if entry is None:
            entry = compiled[key] = _compile(f, fixed, static, leaves, structure)
            if len(compiled) == MANY:
                name = getattr(f, "__name__", repr(f))
                message = (
                    f"{name} was compiled {MANY} times, for different shapes or Python numbers: "
                    "pass numbers that change as arrays, or those that are structure as static arguments"
                )
                warnings.warn(message, stacklevel=2)
        return entry(leaves)

    return call


def _signature(x):
    if isinstance(x, torch.Tensor):
        return x.shape, x.stride(), x.dtype, x.device, x.requires_grad
    return type(x), x


def _compile(f, fixed, static, leaves, structure):
    places = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]
    record = {}

    def flat(*xs):
        merged = list(leaves)
        for i, x in zip(places, xs, strict=True):
            merged[i] = x
        moving, options = tree.unflatten(structure, merged)
        args = list(moving)
        for i, x in zip(fixed, static, strict=True):
            args.insert(i, x)
        found, record["structure"] = tree.flatten(f(*args, **options))
        record["outputs"] = [None if isinstance(x, torch.Tensor) else (x,) for x in found]
        return [x for x in found if isinstance(x, torch.Tensor)]

    tensors = [leaves[i] for i in places]
    run = _build(flat, tensors, getattr(f, "__name__", repr(f)))
    outputs, out_structure = record["outputs"], record["structure"]
    if len(places) == len(leaves) and not any(outputs):
        return lambda leaves: tree.unflatten(out_structure, run(*leaves))

    def call(leaves):
        ys = iter(run(*[leaves[i] for i in places]))
        return tree.unflatten(out_structure, [next(ys) if c is None else c[0] for c in outputs])

    return call


def _apart(tensors):
    """One tensor for each place: one that is passed twice would be one argument in the graph, for every later call."""
    seen = set()
    for x in tensors:
        again = id(x) in seen
        seen.add(id(x))
        if again:
            x = torch.empty_strided(
                x.shape, x.stride(), dtype=x.dtype, device=x.device, requires_grad=x.requires_grad
            )
        yield x


def _build(flat, tensors, name):
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    fakes = [mode.from_tensor(x) for x in _apart(tensors)]
    _state.tracing = True
    try:
        with torch.autograd.set_multithreading_enabled(False):
            graph = make_fx(flat, tracing_mode="fake", _allow_non_fake_inputs=True)(*fakes)
    except (DataDependentOutputException, DynamicOutputShapeException) as error:
        message = (
            f"{name} cannot be compiled: it needs the value of an array ({error}); use xdl.cond or where "
            "instead of an if, and static_argnums for numbers that are structure"
        )
        raise TypeError(message) from error
    finally:
        _state.tracing = False
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # torch's own, of its older parts; ours and the user's came with the tracing
        try:
            return torch._inductor.compile(graph, fakes)
        except Exception as error:
            message = (
                f"torch could not compile {name}: {error}\n"
                "On the CPU it needs a C++ compiler, on a GPU Triton; without xdl.jit the function runs as it is."
            )
            raise RuntimeError(message) from error
