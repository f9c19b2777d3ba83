"""Derivatives given by the user, in both modes and at any order."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from xdl.core import tree

__all__ = ["custom_rule"]


def custom_rule(f: Callable[..., Any], pullback: Any, pushforward: Any) -> Callable[..., Any]:
    make = _by_pushforward if pullback is None else _by_pullback

    @functools.wraps(f)
    def call(*args):
        leaves, structure = tree.flatten(args)
        active = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)]

        def rebuild(arrays):
            # numbers and strings among the leaves are part of the function: JAX sees arrays only
            merged = list(leaves)
            for i, x in zip(active, arrays, strict=True):
                merged[i] = x
            return tree.unflatten(structure, merged)

        def cotangents(dargs):
            found = _leaves_of_cotangents(dargs, args)
            return tuple([_fit(found[i], leaves[i], "cotangent") for i in active])

        rule = make(f, pullback, pushforward, rebuild, cotangents)
        return rule(*[leaves[i] for i in active])

    return call


def _by_pushforward(f, _, pushforward, rebuild, cotangents):
    @jax.custom_jvp
    def run(*xs):
        return f(*rebuild(xs))

    @run.defjvp
    def _(xs, dxs):
        y = run(*xs)
        dy = pushforward(rebuild(map(_without_float0, dxs, xs)), y, *rebuild(xs))
        return y, tree.map(lambda d, y: _fit(d, y, "tangent"), dy, y)

    return run


def _by_pullback(f, pullback, pushforward, rebuild, cotangents):
    @jax.custom_jvp
    def run(*xs):
        return f(*rebuild(xs))

    @run.defjvp
    def _(xs, dxs):
        y = run(*xs)
        ys, structure = tree.flatten(y)
        smooth_x, smooth_y = _smooth(xs), _smooth(ys)
        n = len(xs)

        def push(saved, dx):
            if pushforward is None:
                specs = [jax.ShapeDtypeStruct(jnp.shape(ys[i]), jnp.result_type(ys[i])) for i in smooth_y]
                return list(jax.linear_transpose(lambda *dy: pull(saved, dy), *specs)(list(dx)))
            xs, y = saved[:n], tree.unflatten(structure, saved[n:])
            dy = pushforward(rebuild(_spread(dx, smooth_x, xs)), y, *rebuild(xs))
            found = tree.leaves(tree.map(lambda d, y: _fit(d, y, "tangent"), dy, y))
            return [found[i] for i in smooth_y]

        def pull(saved, dy):
            xs, ys = saved[:n], saved[n:]
            dy = tree.unflatten(structure, _spread(dy, smooth_y, ys))
            found = cotangents(pullback(dy, tree.unflatten(structure, ys), *rebuild(xs)))
            return [found[i] for i in smooth_x]

        found = _linear.bind(
            *xs,
            *ys,
            *[dxs[i] for i in smooth_x],
            count=n + len(ys),
            run=push,
            transpose=pull,
            linear=pushforward is not None,
            outs=tuple((jnp.shape(ys[i]), jnp.result_type(ys[i])) for i in smooth_y),
        )
        dy = [_fit(0, y, "tangent") for y in ys]
        for i, d in zip(smooth_y, found, strict=True):
            dy[i] = d
        return y, tree.unflatten(structure, dy)

    return run


def _smooth(xs):
    return [i for i, x in enumerate(xs) if jnp.issubdtype(jnp.result_type(x), jnp.inexact)]


def _spread(dxs, places, xs):
    full = [jnp.zeros(jnp.shape(x)) for x in xs]
    for i, d in zip(places, dxs, strict=True):
        full[i] = d
    return full


def _without_float0(d, x):
    # tangents of integers have a type that nothing but JAX can compute with
    return jnp.zeros(jnp.shape(x)) if d.dtype == jax.dtypes.float0 else d


def _leaves_of_cotangents(dargs, args):
    if not isinstance(dargs, tuple) or len(dargs) != len(args):
        message = f"a pullback returns a tuple with one cotangent for each of the {len(args)} arguments, got {dargs!r}"
        raise TypeError(message)
    found = []
    for d, x in zip(dargs, args, strict=True):
        found += tree.leaves(tree.map(lambda x: 0, x) if d is None else tree.map(lambda _, d: d, x, d))
    return found


def _fit(d, x, kind):
    """Tangent or cotangent in the shape and dtype of ``x``; numbers are spread."""
    shape, dtype = jnp.shape(x), jnp.result_type(x)
    if not jnp.issubdtype(dtype, jnp.inexact):
        return np.zeros(shape, jax.dtypes.float0)
    if jnp.ndim(d) and jnp.shape(d) != shape:
        message = f"a rule returned a {kind} of shape {jnp.shape(d)} for an array of shape {shape}"
        raise ValueError(message)
    d = jnp.asarray(d)
    d = d.real if jnp.iscomplexobj(d) and not jnp.issubdtype(dtype, jnp.complexfloating) else d
    return jnp.broadcast_to(d.astype(dtype), shape)


# A linear function of arrays, with a given transpose, depending on `count` other arrays that come before them:
# both run(others, xs) and transpose(others, ys) take and return lists; `outs` tells shapes and dtypes of the ys.
# jax.custom_derivatives.linear_call can be neither batched nor differentiated with respect to the others.
_linear = Primitive("xdl_linear")
_linear.multiple_results = True


@_linear.def_impl
def _run(*xs, count, run, transpose, linear, outs):
    return run(xs[:count], xs[count:])


@_linear.def_abstract_eval
def _abstract(*avals, count, run, transpose, linear, outs):
    return [jax.core.ShapedArray(shape, dtype) for shape, dtype in outs]


def _differentiate(xs, dxs, *, count, run, **options):
    options = {"count": count, "run": run, **options}
    moves = [type(d) is not ad.Zero for d in dxs]
    ys = _linear.bind(*xs, **options)
    dys = None
    if options["linear"] and any(moves[count:]):
        dys = _linear.bind(*xs[:count], *map(ad.instantiate_zeros, dxs[count:]), **options)
        moves[count:] = [False] * (len(xs) - count)
    # A pullback without a pushforward need not be linear (it may clip): its own derivative is taken.
    moving = [i for i, moved in enumerate(moves) if moved]
    if moving:

        def along(*some):
            full = list(xs)
            for i, x in zip(moving, some, strict=True):
                full[i] = x
            return run(full[:count], full[count:])

        _, more = jax.jvp(along, tuple(xs[i] for i in moving), tuple(dxs[i] for i in moving))
        dys = more if dys is None else [a + b for a, b in zip(dys, more, strict=True)]
    return ys, dys


def _transpose(dys, *xs, count, run, transpose, linear, outs):
    dys = map(ad.instantiate_zeros, dys)
    outs = tuple((x.aval.shape, x.aval.dtype) for x in xs[count:])
    found = _linear.bind(
        *xs[:count], *dys, count=count, run=transpose, transpose=run, linear=linear, outs=outs
    )
    return [None] * count + list(found)


def _batch(xs, axes, *, count, run, transpose, linear, outs):
    size = next(x.shape[a] for x, a in zip(xs, axes, strict=True) if a is not None)
    front = [x if a is None else jnp.moveaxis(x, a, 0) for x, a in zip(xs, axes, strict=True)]
    for i in range(count, len(xs)):
        if axes[i] is None:
            front[i] = jnp.broadcast_to(xs[i], (size, *xs[i].shape))
    mapped = [None if a is None else 0 for a in axes[:count]]

    def over(f):
        return lambda others, xs: jax.vmap(f, (mapped, 0), axis_size=size)(list(others), list(xs))

    found = _linear.bind(
        *front,
        count=count,
        run=over(run),
        transpose=over(transpose),
        linear=linear,
        outs=tuple(((size, *shape), dtype) for shape, dtype in outs),
    )
    return found, [0] * len(found)


ad.primitive_jvps[_linear] = _differentiate
ad.primitive_transposes[_linear] = _transpose
batching.primitive_batchers[_linear] = _batch
mlir.register_lowering(_linear, mlir.lower_fun(_run, multiple_results=True))
