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
    # (torch.compile) would have to know xdl's classes.
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
            given_up = {i % len(args) for i in donate_argnums} if args else set()
            donated = [k for k, i in enumerate(_owners(args, fixed)) if i in given_up]
            entry = compiled[key] = _compile(f, fixed, static, leaves, structure, donated)
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


def _compile(f, fixed, static, leaves, structure, donated):
    places = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]
    donated = [k for k, i in enumerate(places) if i in donated and _is_writable(leaves[i])]
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
        ys, homes = _reuse({k: xs[k] for k in donated}, [x for x in found if isinstance(x, torch.Tensor)])
        rest = iter(homes)
        record["outputs"] = [_source(x, rest) for x in found]
        return [y for y, home in zip(ys, homes, strict=True) if home is None]

    tensors = [leaves[i] for i in places]
    _separate(tensors, donated)
    run = _build(flat, tensors, getattr(f, "__name__", repr(f)))
    outputs, out_structure = record["outputs"], record["structure"]
    if len(places) == len(leaves) and all(kind == "new" for kind, _ in outputs):
        return lambda leaves: tree.unflatten(out_structure, run(*leaves))

    def call(leaves):
        xs = [leaves[i] for i in places]
        _separate(xs, donated)
        ys = iter(run(*xs))
        found = [next(ys) if kind == "new" else xs[x] if kind == "donated" else x for kind, x in outputs]
        return tree.unflatten(out_structure, found)

    return call


def _source(x, homes):
    """Where a leaf of the result comes from in later calls."""
    if not isinstance(x, torch.Tensor):
        return "constant", x
    home = next(homes)
    return ("new", None) if home is None else ("donated", home)


# ---- memory that is given up ----


def _owners(args, fixed):
    """For each leaf of the arguments that are not fixed, which argument it belongs to."""
    return [i for i, x in enumerate(args) if i not in fixed for _ in tree.leaves(x)]


def _is_writable(x):
    """Whether a tensor can take a result: it is no variable of autograd, and has a place for each entry."""
    return not x.requires_grad and not x.is_inference() and torch._debug_has_internal_overlap(x) == 0


def _reuse(donated, ys):
    """Write results into donated tensors of their kind; Inductor then steps in place.

    Returns the results, and for each the place of the donated tensor that it is in, or None.
    """
    own = {id(x): k for k, x in donated.items()}
    memory = {_memory(x) for x in donated.values()}
    homes = [own.pop(id(y), None) for y in ys]
    ys = [
        y.clone() if home is None and _memory(y) in memory else y for y, home in zip(ys, homes, strict=True)
    ]
    free = list(own.values())
    pairs = []
    for i, y in enumerate(ys):
        alike = [k for k in free if _kind(donated[k]) == _kind(y)]
        if homes[i] is None and alike and not y.requires_grad:
            homes[i] = alike[0]
            free.remove(alike[0])
            pairs.append((donated[alike[0]], y))
    for x, y in pairs:  # at the end, when all was read
        x.copy_(y)
    return ys, homes


def _kind(x):
    return x.shape, x.dtype, x.device


def _memory(x):
    return x.untyped_storage()._cdata


def _separate(xs, donated):
    """Copy what is donated and is in another argument, too."""
    memory = [_memory(x) for x in xs] if donated else []
    if len(set(memory)) < len(memory):
        for k in donated:
            if memory.count(memory[k]) > 1:
                xs[k] = xs[k].clone()


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
