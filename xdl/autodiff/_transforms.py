"""The transforms of differentiable programs, named as in JAX.

Each checks its arguments, then asks an engine: the backend's own where it has one, else the tape. A traced
array, or ``engine="tape"``, always means the tape.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from xdl.core import Array, array_namespace, tree
from xdl.core._backends import backend_of, current_backend
from xdl.core._namespace import device_of, is_array, is_traced

from . import _control, _engine
from ._functions import is_inexact, uniform

__all__ = [
    "checkpoint",
    "cond",
    "custom_rule",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "linearize",
    "scan",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]


# ---- engines ----


_engines: dict[type, ModuleType | None] = {}


def _native(trees: Any) -> ModuleType | None:
    """Engine of the library that owns the first array; None for traced arrays, and where there is none."""
    for x in tree.iterate(trees):
        cls = type(x)
        if cls in _engines:
            return _engines[cls]
        if is_traced(cls):
            return None
        if is_array(x):
            _engines[cls] = backend_of(x).engine
            return _engines[cls]
    return None


def _engine_for(name: str, trees: Any, engine: str | None) -> Any:
    """Find function ``name`` of the engine that serves these arrays."""
    if engine not in (None, "native", "tape"):
        message = f"`engine` must be 'native', 'tape' or None, got {engine!r}"
        raise ValueError(message)
    found = None if engine == "tape" else getattr(_native(trees), name, None)
    if engine == "native" and found is None:
        message = f"engine='native': the library of these arrays has no {name} of its own; use engine='tape'"
        raise ValueError(message)
    return found or getattr(_engine, name, None) or getattr(_control, name)


# ---- checks ----


def _argnums(argnums: int | tuple[int, ...], args: tuple[Any, ...], name: str) -> tuple[int, ...]:
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for k in chosen:
        if not -len(args) <= k < len(args):
            message = f"{name}: argnums={argnums} needs {k + 1 if k >= 0 else -k} positional arguments, got {len(args)}"
            raise ValueError(message)
    return tuple(k % len(args) for k in chosen)


def _as_active(x: Any, name: str) -> Array:
    """Leaf of an argument to differentiate by, as an array of floating-point numbers."""
    if isinstance(x, float | complex):
        owner = current_backend()
        return owner.asarray(x)
    if not is_array(x):
        kind = type(x).__name__
        message = f"{name}: can only differentiate by floating-point arrays, got {kind} {x!r}"
        if isinstance(x, int):
            message += f"; write {x}.0, or choose other arguments with argnums"
        raise TypeError(message)
    if not _is_inexact(x):
        message = (
            f"{name}: can only differentiate by floating-point arrays, got dtype {x.dtype} of shape {tuple(x.shape)}; "
            f"convert it with xp.astype, or choose other arguments with argnums"
        )
        raise TypeError(message)
    return x


def _active(args: tuple[Any, ...], argnums: tuple[int, ...], name: str) -> tuple[Any, ...]:
    """Arguments with the leaves to differentiate by checked, and Python numbers made arrays."""
    ready, everything = list(args), []
    for k in argnums:
        leaves, structure = tree.flatten(args[k])
        if not leaves:
            message = f"{name}: argument {k} has no array to differentiate by"
            raise TypeError(message)
        if not all(map(_is_inexact, leaves)):
            leaves = [_as_active(x, name) for x in leaves]
            ready[k] = tree.unflatten(structure, leaves)
        everything += leaves
    _one_library(everything)
    return tuple(ready)


def _is_inexact(x: Any) -> bool:
    return is_array(x) and is_inexact(array_namespace(x), x.dtype)


def _one_library(leaves: list[Any]) -> None:
    if len({type(x) for x in leaves}) > 1:
        array_namespace(*leaves)


_real: set[tuple[type, Any]] = set()


def _is_real(y: Array) -> bool:
    found = array_namespace(y).isdtype(y.dtype, "real floating")
    if found:
        _real.add((type(y.dtype), y.dtype))
    return found


def _check_scalar(y: Any, name: str) -> None:
    shape = getattr(y, "shape", None)
    if shape is None or tuple(shape) != ():
        what = f"an array of shape {tuple(shape)}" if shape is not None else f"{type(y).__name__}"
        message = (
            f"{name}: the function must return a real scalar (an array of shape ()), got {what}; "
            f"use xdl.jacobian or xdl.vjp, sum the result, or say has_aux=True if it returns (loss, more)"
        )
        raise TypeError(message)
    if (type(y.dtype), y.dtype) not in _real and not _is_real(y):
        message = f"{name}: the function must return a real floating-point scalar, got dtype {y.dtype}"
        raise TypeError(message)


def _scalar(f: Callable[..., Any], has_aux: bool, name: str) -> Callable[..., Any]:
    def checked(*args: Any, **options: Any) -> Any:
        result = f(*args, **options)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            message = f"{name}: with has_aux=True the function must return a pair (loss, more)"
            raise TypeError(message)
        _check_scalar(result[0] if has_aux else result, name)
        return result

    return checked


# ---- derivatives ----


def value_and_grad(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    engine: str | None = None,
) -> Callable[..., Any]:
    """Make a function that computes ``f`` and its gradient.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays that returns a real scalar array.
    argnums : int or tuple of int
        Positional arguments to differentiate by.
    has_aux : bool
        Whether ``f`` returns ``(loss, more)``; ``more`` is passed on.
    engine : {None, "native", "tape"}
        None: the library's own differentiation where it has one, else xdl's tape.

    Returns
    -------
    callable
        Returns ``(value, gradient)``, or ``((value, more), gradient)``; the gradient has the structure,
        shapes and dtypes of the argument, and is a tuple if ``argnums`` is one.

    Raises
    ------
    TypeError
        If an argument to differentiate by is not of floating point, or the loss is not a real scalar.
    NoRuleError
        If a function of the program has no derivative rule.

    Notes
    -----
    For complex arguments the convention is JAX's: the gradient of a real loss of z = x + iy is
    dL/dx - i dL/dy, on every backend. Descent steps use its conjugate.

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> value, slope = xdl.value_and_grad(lambda x: x**2)(np.asarray(3.0))
    >>> float(value), float(slope)
    (9.0, 6.0)
    """
    return _value_and_grad(f, argnums, has_aux, engine, "value_and_grad")


def _value_and_grad(f: Any, argnums: Any, has_aux: bool, engine: str | None, name: str) -> Callable[..., Any]:
    checked = _scalar(f, has_aux, name)

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        chosen = _argnums(argnums, args, name)
        args = _active(args, chosen, name)
        run = _engine_for("value_and_grad", [args[k] for k in chosen], engine)
        value, grads = run(checked, chosen, has_aux, args, options)
        return value, grads[0] if isinstance(argnums, int) else grads

    return wrapped


def grad(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    has_aux: bool = False,
    engine: str | None = None,
) -> Callable[..., Any]:
    """Make a function that computes the gradient of ``f``.

    Parameters
    ----------
    f, argnums, has_aux, engine
        As for `value_and_grad`.

    Returns
    -------
    callable
        Returns the gradient, or ``(gradient, more)`` with ``has_aux``.

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> xdl.grad(lambda x: xdl.array_namespace(x).sum(x**3))(np.asarray([1.0, 2.0]))
    array([ 3., 12.])
    """
    both = _value_and_grad(f, argnums, has_aux, engine, "grad")

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        value, grads = both(*args, **options)
        return (grads, value[1]) if has_aux else grads

    return wrapped


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False, engine: str | None = None) -> Any:
    """Value of a function and its pullback, the vector-Jacobian product.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays that returns a pytree of arrays.
    *primals : pytree
        Where to differentiate.
    has_aux : bool
        Whether ``f`` returns ``(result, more)``.
    engine : {None, "native", "tape"}
        As for `value_and_grad`.

    Returns
    -------
    y : pytree
        ``f(*primals)``.
    pullback : callable
        Maps a cotangent, a tree like ``y``, to the tuple of cotangents of the primals. It may be called
        more than once.
    more
        Only with ``has_aux``.
    """
    primals = _active(primals, tuple(range(len(primals))), "vjp")
    return _engine_for("vjp", primals, engine)(f, primals, has_aux)


def jvp(
    f: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    *,
    has_aux: bool = False,
    engine: str | None = None,
) -> Any:
    """Value of a function and its derivative in a direction, the Jacobian-vector product.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays that returns a pytree of arrays.
    primals, tangents : tuple of pytree
        Where to differentiate, and in which direction.
    has_aux : bool
        Whether ``f`` returns ``(result, more)``.
    engine : {None, "native", "tape"}
        As for `value_and_grad`.

    Returns
    -------
    y, dy : pytree
        ``f(*primals)`` and its tangent; with ``has_aux`` a third value, ``more``.
    """
    primals, tangents = tuple(primals), tuple(tangents)
    primals = _active(primals, tuple(range(len(primals))), "jvp")
    tangents = _tangents(primals, tangents, "jvp")
    return _engine_for("jvp", (primals, tangents), "tape" if _has_traced((primals, tangents)) else engine)(
        f, primals, tangents, has_aux
    )


def _has_traced(trees: Any) -> bool:
    return any(is_traced(type(x)) for x in tree.iterate(trees))


def _tangents(primals: Any, tangents: Any, name: str) -> Any:
    """Tangents like their primals in structure and shape; Python numbers become arrays."""

    def match(x: Array, dx: Any) -> Array:
        if not is_array(dx):
            dx = array_namespace(x).asarray(dx, dtype=x.dtype)
        if tuple(dx.shape) != tuple(x.shape):
            message = f"{name}: a tangent has shape {tuple(dx.shape)}, its primal has {tuple(x.shape)}"
            raise ValueError(message)
        if dx.dtype != x.dtype:
            message = f"{name}: a tangent has dtype {dx.dtype}, its primal has {x.dtype}"
            raise TypeError(message)
        return dx

    return tree.map(match, primals, tangents)


def linearize(
    f: Callable[..., Any], *primals: Any, engine: str | None = None
) -> tuple[Any, Callable[..., Any]]:
    """Value of a function and its derivative as a linear function.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays that returns a pytree of arrays.
    *primals : pytree
        Where to differentiate.
    engine : {None, "native", "tape"}
        As for `value_and_grad`.

    Returns
    -------
    y : pytree
        ``f(*primals)``.
    pushforward : callable
        Maps tangents of the primals to the tangent of ``y``; ``f`` itself does not run again.
    """
    primals = _active(primals, tuple(range(len(primals))), "linearize")
    y, pushforward = _engine_for("linearize", primals, engine)(f, primals)
    return y, lambda *tangents: pushforward(*_tangents(primals, tangents, "linearize"))


def jacobian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, engine: str | None = None
) -> Callable[..., Any]:
    """Make a function that computes the Jacobian of ``f``, row by row in reverse mode.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays that returns a pytree of arrays.
    argnums : int or tuple of int
        Positional arguments to differentiate by.
    engine : {None, "native", "tape"}
        As for `value_and_grad`.

    Returns
    -------
    callable
        Returns a tree like the result of ``f``, whose leaves are trees like the argument (a tuple of them
        if ``argnums`` is one) with leaves of shape ``(*y.shape, *x.shape)``.
    """

    @functools.wraps(f)
    def wrapped(*args: Any) -> Any:
        chosen = _argnums(argnums, args, "jacobian")
        args = _active(args, chosen, "jacobian")
        native = None if engine == "tape" else getattr(_native([args[k] for k in chosen]), "jacobian", None)
        structures = []

        def watched(*args: Any) -> Any:
            y = f(*args)
            structures.append(tree.structure(y))
            return y

        found = (native or functools.partial(_jacobian, engine))(watched, chosen, args)
        if isinstance(argnums, int):
            structure = structures[-1]
            found = tree.unflatten(structure, [row[0] for row in structure.flatten_up_to(found)])
        return found

    return wrapped


def _jacobian(
    engine: str | None, f: Callable[..., Any], argnums: tuple[int, ...], args: tuple[Any, ...]
) -> Any:
    """Pull back every unit cotangent in turn."""

    def of_active(*active: Any) -> Any:
        full = list(args)
        for k, x in zip(argnums, active, strict=True):
            full[k] = x
        return f(*full)

    active = tuple(args[k] for k in argnums)
    y, pullback = vjp(of_active, *active, engine=engine)
    leaves, structure = tree.flatten(y)
    zeros = [array_namespace(leaf).zeros_like(leaf) for leaf in leaves]
    rows = []
    for place, leaf in enumerate(leaves):
        xp = array_namespace(leaf)
        n = 1
        for length in leaf.shape:
            n *= length
        units = xp.reshape(xp.eye(n, dtype=leaf.dtype, device=device_of(leaf)), (n, *leaf.shape))
        pulled = [
            pullback(tree.unflatten(structure, [*zeros[:place], units[i, ...], *zeros[place + 1 :]]))
            for i in range(n)
        ]
        if not pulled:
            pulled_shape = tree.map(lambda x: array_namespace(x).zeros_like(x)[None, ...][:0, ...], active)
            stacked = pulled_shape
        else:
            stacked = tree.map(lambda *parts: array_namespace(*parts).stack(list(parts)), *pulled)
        shaped = tree.map(
            lambda g, x, leaf=leaf: array_namespace(g).reshape(g, (*leaf.shape, *x.shape)), stacked, active
        )
        rows.append(shaped)
    return tree.unflatten(structure, rows)


def hessian(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, engine: str | None = None
) -> Callable[..., Any]:
    """Make a function that computes the Hessian of a scalar function.

    Parameters
    ----------
    f, argnums, engine
        As for `grad`.

    Returns
    -------
    callable
        Returns, for an array argument of shape ``s``, an array of shape ``(*s, *s)``; for trees, a tree
        of trees.
    """

    @functools.wraps(f)
    def wrapped(*args: Any) -> Any:
        chosen = _argnums(argnums, args, "hessian")
        args = _active(args, chosen, "hessian")
        native = None if engine == "tape" else getattr(_native([args[k] for k in chosen]), "hessian", None)
        if native is not None:
            found = native(_scalar(f, False, "hessian"), chosen, args)
            return found[0][0] if isinstance(argnums, int) else found
        return jacobian(_value_and_grad_only(f, argnums, engine), argnums, engine=engine)(*args)

    return wrapped


def _value_and_grad_only(f: Any, argnums: Any, engine: str | None) -> Callable[..., Any]:
    both = _value_and_grad(f, argnums, False, engine, "hessian")
    return lambda *args: both(*args)[1]


def hvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *, engine: str | None = None
) -> Any:
    """Product of the Hessian of a scalar function with a vector, forward over reverse.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays that returns a real scalar array.
    primals, tangents : tuple of pytree
        Where to differentiate, and the vector.
    engine : {None, "native", "tape"}
        As for `value_and_grad`.

    Returns
    -------
    pytree
        Like ``primals[0]``; a tuple like ``primals`` if there are several.

    Notes
    -----
    The cost is a small multiple of that of the gradient; the Hessian is never formed (Pearlmutter, 1994).
    """
    primals, tangents = tuple(primals), tuple(tangents)
    gradient = grad(f, tuple(range(len(primals))), engine=engine)
    product = jvp(gradient, primals, tangents, engine=engine)[1]
    return product[0] if len(primals) == 1 else product


def stop_gradient(x: Any) -> Any:
    """Treat a tree of arrays as constant in every derivative.

    Parameters
    ----------
    x : pytree
        Arrays; other leaves pass unchanged.
    """

    def stop(leaf: Any) -> Any:
        return _engine_for("stop_gradient", leaf, None)(leaf) if is_array(leaf) else leaf

    return tree.map(stop, x)


# ---- programs ----


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
        run = _control.vmap if _has_traced(args) else _engine_for("vmap", args, None)
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
        Arguments whose memory the results may reuse; the caller must not use them again. JAX only.

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
    compiled: dict[ModuleType, Callable[..., Any]] = {}

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        native = _native((*args, *options.values()))
        if native is None or not hasattr(native, "jit"):
            return f(*args, **options)
        if native not in compiled:
            compiled[native] = native.jit(f, static, donated)
        return compiled[native](*args, **options)

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
        return _engine_for("checkpoint", given, "tape" if _has_traced(given) else None)(f, args, options)

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
    lengths = {x.shape[0] if x.ndim else None for x in tree.iterate(xs)} | ({length} - {None})
    if len(lengths) != 1 or None in lengths:
        message = (
            "scan: give `length`, or `xs` whose arrays have one leading length; "
            f"got {sorted(map(str, lengths)) or 'neither'}"
        )
        raise ValueError(message)
    traced = _has_traced((init, xs))
    if traced:
        leaves, structure = tree.flatten((init, xs))
        init, xs = tree.unflatten(structure, uniform(leaves))
    run: Any = _control.scan if traced else _engine_for("scan", (init, xs), None)
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
    traced = _has_traced((pred, operands))
    run = _control.cond if traced else _engine_for("cond", (pred, operands), None)
    return run(pred, true_fun, false_fun, operands)


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
    run = _control.while_loop if _has_traced(init) else _engine_for("while_loop", init, None)
    return run(cond_fun, body_fun, init)


class custom_rule:  # noqa: N801  a decorator
    """Give a function derivatives of its own, on every engine.

    Parameters
    ----------
    f : callable
        Function of pytrees of arrays, positional arguments only, that returns a pytree of arrays.
    pullback : callable, optional
        ``pullback(dy, y, *args)`` returns the tuple of cotangents of the arguments.
    pushforward : callable, optional
        ``pushforward(dargs, y, *args)`` returns the tangent of ``y``; it must be linear in ``dargs``. One of
        the two suffices: the other direction is its transpose.

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> @xdl.custom_rule
    ... def clipped(x):
    ...     return x
    >>> @clipped.pullback
    ... def _(dy, y, x):
    ...     return (xdl.array_namespace(dy).clip(dy, -1.0, 1.0),)
    >>> float(xdl.grad(lambda x: 5.0 * clipped(x))(np.asarray(1.0)))
    1.0
    """

    def __init__(self, f: Callable[..., Any], *, pullback: Any = None, pushforward: Any = None) -> None:
        functools.update_wrapper(self, f)
        self._f, self._pullback, self._pushforward = f, pullback, pushforward
        self._ready: dict[Any, Callable[..., Any]] = {}

    def pullback(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register the pullback; usable as a decorator."""
        self._pullback = function
        self._ready.clear()
        return function

    def pushforward(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register the pushforward; usable as a decorator."""
        self._pushforward = function
        self._ready.clear()
        return function

    def __call__(self, *args: Any) -> Any:
        """Run the function on arrays of any library, traced or not."""
        if self._pullback is None and self._pushforward is None:
            message = f"custom_rule: give {self._f.__name__} a pullback or a pushforward"
            raise TypeError(message)
        build = _engine.custom_rule if _has_traced(args) else _engine_for("custom_rule", args, None)
        if build not in self._ready:
            self._ready[build] = build(self._f, self._pullback, self._pushforward)
        return self._ready[build](*args)
