"""Transforms of whole programs: maps, compilation, loops, branches; named as in JAX."""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from xdl.core import tree
from xdl.core._namespace import is_array, is_traced

from . import _control
from ._constants import uniform
from ._engines import engine_for, has_traced, native_engine

__all__ = ["checkpoint", "cond", "jit", "scan", "vmap", "while_loop"]


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """Make a function that maps ``f`` over an axis of its arguments.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays.
    in_axes : int, None or tuple
        Axis to map over, for each argument; None is not mapped. An entry may be a tree of axes.
    out_axes : int, None or pytree
        Where the mapped axis appears in the results.

    Returns
    -------
    callable

    Notes
    -----
    JAX and PyTorch vectorize. NumPy, CuPy and namespaces without a method of their own, and traced
    arrays, run a loop and stack: the answers are the same, and nothing is gained in speed.
    """

    @functools.wraps(f)
    def wrapped(*args: Any) -> Any:
        axes = tuple(in_axes) if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(axes) != len(args):
            message = f"vmap: in_axes has {len(axes)} entries, the function was given {len(args)} arguments"
            raise ValueError(message)
        run = _control.vmap if has_traced(args) else engine_for("vmap", args, None)
        return run(f, axes, out_axes, args)

    return wrapped


def jit(
    f: Callable[..., Any],
    *,
    static_argnums: int | tuple[int, ...] = (),
    donate_argnums: int | tuple[int, ...] = (),
) -> Callable[..., Any]:
    """Make a compiled version of a function of pytrees of arrays.

    Parameters
    ----------
    f : callable
        Must be traceable: no Python branch on values, no shape that depends on data.
    static_argnums : int or tuple of int
        Arguments that are compiled in; hashable.
    donate_argnums : int or tuple of int
        Arguments whose memory the results may reuse; the caller must not use them again.
        On JAX and PyTorch.

    Returns
    -------
    callable

    Notes
    -----
    ``jax.jit`` on JAX. On PyTorch the function is traced once for each structure, shape and dtype of its
    arguments, and Inductor, the compiler of ``torch.compile``, makes code of the graph; it takes seconds. On NumPy,
    CuPy and namespaces without a compiler, and on traced arrays, the function runs as it is.
    """
    static = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
    donated = (donate_argnums,) if isinstance(donate_argnums, int) else tuple(donate_argnums)
    compiled: dict[ModuleType | None, Callable[..., Any]] = {}
    # by the type of the first argument: an array needs no look into the others; None for what is no array
    by_type: dict[type, Callable[..., Any] | None] = {}

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        first = type(args[0]) if args else type(None)
        run = by_type.get(first)
        if run is None:
            native = native_engine((*args, *options.values()))
            if native not in compiled:
                compiler = getattr(native, "jit", None)
                compiled[native] = compiler(f, static, donated) if compiler else f
            run = compiled[native]
            if first not in by_type:
                by_type[first] = run if args and is_array(args[0]) else None
        return run(*args, **options)

    return wrapped


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Make a version of a function whose gradient computes it a second time instead of keeping its values.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays; run twice, it must do the same.
    """

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        given = (*args, *options.values())
        return engine_for("checkpoint", given, "tape" if has_traced(given) else None)(f, args, options)

    return wrapped


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    *,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Carry a state along the leading axis of a tree of arrays.

    Parameters
    ----------
    f : callable
        ``f(carry, x) -> (carry, y)``.
    init : pytree
        First carry.
    xs : pytree, optional
        Arrays of equal leading length; ``f`` gets one row of each at a time.
    length : int, optional
        Number of steps; needed without ``xs``.
    reverse : bool
        Whether to go from the last row to the first.

    Returns
    -------
    carry : pytree
        Last carry.
    ys : pytree
        The ``y`` of all steps, stacked in the order of ``xs``.
    """
    lengths = {x.shape[0] if x.ndim else None for x in tree.leaves(xs)} | ({length} - {None})
    if len(lengths) != 1 or None in lengths:
        message = (
            "scan: give `length`, or `xs` whose arrays have one leading length; "
            f"got {sorted(map(str, lengths)) or 'neither'}"
        )
        raise ValueError(message)
    traced = has_traced((init, xs))
    if traced:
        leaves, structure = tree.flatten((init, xs))
        init, xs = tree.unflatten(structure, uniform(leaves))
    run: Any = _control.scan if traced else engine_for("scan", (init, xs), None)
    return run(f, init, xs, lengths.pop(), reverse)


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """Run one of two functions, by a condition that may be an array.

    Parameters
    ----------
    pred : bool or () array
        Condition.
    true_fun, false_fun : callable
        Functions of the operands that return trees of equal structure, shapes and dtypes.
    *operands : pytree
        Arguments of either function.
    """
    # a value that is known needs no look at the operands, which may be many
    known = isinstance(pred, bool) or (_is_plain(pred) and native_engine(pred) is None)
    if known or has_traced((pred, operands)):
        return _control.cond(pred, true_fun, false_fun, operands)
    return engine_for("cond", (pred, operands), None)(pred, true_fun, false_fun, operands)


def _is_plain(x: Any) -> bool:
    return is_array(x) and not is_traced(type(x))


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    """Repeat ``value = body_fun(value)`` while ``cond_fun(value)`` holds.

    Parameters
    ----------
    cond_fun : callable
        Returns a bool or an array of shape ().
    body_fun : callable
        Returns a tree like its argument.
    init : pytree
        First value.

    Notes
    -----
    As in JAX, reverse mode needs a known number of steps: on JAX use `scan` there.
    """
    run = _control.while_loop if has_traced(init) else engine_for("while_loop", init, None)
    return run(cond_fun, body_fun, init)
