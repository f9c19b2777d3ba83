"""Transforms of JAX: its own, called in xdl's terms."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from xdl.core import tree

from ._custom_rule import custom_rule

__all__ = [
    "checkpoint",
    "cond",
    "custom_rule",
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

stop_gradient = jax.lax.stop_gradient
while_loop = jax.lax.while_loop


def value_and_grad(f, argnums, has_aux, args, options):
    return jax.value_and_grad(f, argnums, has_aux)(*args, **options)


def vjp(f, primals, has_aux):
    return jax.vjp(f, *primals, has_aux=has_aux)


def jvp(f, primals, tangents, has_aux):
    y, dy, *aux = jax.jvp(f, primals, tangents, has_aux=has_aux)
    return (y, tree.map(_plain, dy, y), *aux)


def _plain(dy, y):
    # the tangent of integers has a type of JAX alone, which nothing else can compute with
    return jnp.zeros_like(y) if dy.dtype == jax.dtypes.float0 else dy


def linearize(f, primals):
    y, pushforward = jax.linearize(f, *primals)
    return y, lambda *tangents: tree.map(_plain, pushforward(*tangents), y)


def jacobian(f, argnums, args):
    return jax.jacrev(f, argnums)(*args)


def hessian(f, argnums, args):
    return jax.jacfwd(jax.jacrev(f, argnums), argnums)(*args)


def hvp(f, args, tangents):
    return jax.jvp(jax.grad(f, tuple(range(len(args)))), args, tangents)[1]


def vmap(f, in_axes, out_axes, args):
    return jax.vmap(f, in_axes, out_axes)(*args)


def jit(f, static_argnums, donate_argnums):
    return jax.jit(f, static_argnums=static_argnums, donate_argnums=donate_argnums)


def checkpoint(f, args, options):
    leaves, structure = tree.flatten(args)
    traced = [isinstance(leaf, jax.Array) for leaf in leaves]

    def run(*arrays):
        arrays = iter(arrays)
        merged = [next(arrays) if t else leaf for t, leaf in zip(traced, leaves, strict=True)]
        return f(*tree.unflatten(structure, merged), **options)

    return jax.checkpoint(run)(*[leaf for t, leaf in zip(traced, leaves, strict=True) if t])


def scan(f, init, xs, length, reverse):
    return jax.lax.scan(f, init, xs, length=length, reverse=reverse)


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], operands: Any) -> Any:
    return jax.lax.cond(pred, true_fun, false_fun, *operands)
