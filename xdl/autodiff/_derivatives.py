"""Transforms that differentiate, named as in JAX."""

import functools
import math
from collections.abc import Callable
from typing import Any

from xdl.core import array_namespace, tree
from xdl.core._namespace import device_of, is_array

from ._arguments import Held, active_arguments, holding, match_tangents, positions, scalar_valued
from ._engines import engine_for, has_traced, native_function

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "linearize", "stop_gradient", "value_and_grad", "vjp"]


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
        Integers in a `buffer` of a module are constants, with gradients of zeros.
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
    checked = scalar_valued(f, has_aux, name)

    @functools.wraps(f)
    def wrapped(*args: Any, **options: Any) -> Any:
        chosen = positions(argnums, args, name)
        held: dict[int, Held] = {}
        args = active_arguments(args, chosen, name, held)
        run = engine_for("value_and_grad", [args[k] for k in chosen], engine)
        value, grads = run(holding(checked, held) if held else checked, chosen, has_aux, args, options)
        if held:
            grads = tuple(
                held[k].cotangent(g) if k in held else g for k, g in zip(chosen, grads, strict=True)
            )
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
    held: dict[int, Held] = {}
    primals = active_arguments(primals, tuple(range(len(primals))), "vjp", held)
    run = engine_for("vjp", primals, engine)
    if not held:
        return run(f, primals, has_aux)
    y, pullback, *aux = run(holding(f, held), primals, has_aux)

    def pull(dy: Any) -> tuple[Any, ...]:
        return tuple(held[k].cotangent(dx) if k in held else dx for k, dx in enumerate(pullback(dy)))

    return (y, pull, *aux)


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
    primals = active_arguments(primals, tuple(range(len(primals))), "jvp")
    tangents = match_tangents(primals, tangents, "jvp")
    return engine_for("jvp", (primals, tangents), "tape" if has_traced((primals, tangents)) else engine)(
        f, primals, tangents, has_aux
    )


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
    primals = active_arguments(primals, tuple(range(len(primals))), "linearize")
    y, pushforward = engine_for("linearize", primals, engine)(f, primals)
    return y, lambda *tangents: pushforward(*match_tangents(primals, tangents, "linearize"))


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
        chosen = positions(argnums, args, "jacobian")
        args = active_arguments(args, chosen, "jacobian")
        native = native_function("jacobian", [args[k] for k in chosen], engine)
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
        n = math.prod(leaf.shape)
        units = xp.reshape(xp.eye(n, dtype=leaf.dtype, device=device_of(leaf)), (n, *leaf.shape))
        pulled = [
            pullback(tree.unflatten(structure, [*zeros[:place], units[i, ...], *zeros[place + 1 :]]))
            for i in range(n)
        ]
        if not pulled:
            stacked = tree.map(lambda x: array_namespace(x).zeros_like(x)[None, ...][:0, ...], active)
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
        chosen = positions(argnums, args, "hessian")
        args = active_arguments(args, chosen, "hessian")
        native = native_function("hessian", [args[k] for k in chosen], engine)
        if native is not None:
            found = native(scalar_valued(f, False, "hessian"), chosen, args)
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
        return engine_for("stop_gradient", leaf, None)(leaf) if is_array(leaf) else leaf

    return tree.map(stop, x)
