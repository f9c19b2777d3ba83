"""Estimates of the diagonal of a Hessian, and how they reach a rule."""

import math
from collections.abc import Callable
from typing import Any

from xdl.autodiff import grad, hvp, stop_gradient
from xdl.core import Array, TreeError, array_namespace, random, tree
from xdl.core.tree import explain_difference
from xdl.nn import cross_entropy

from ._rule import as_array, cast_rule, check_count, compute_dtype, is_complex, square_modulus, widen
from ._update import State, bind, check_params

__all__ = ["gauss_newton_diagonal", "hutchinson_diagonal", "observe_curvature"]


def observe_curvature(state: State, params: Any, curvature: Any) -> State:
    """State that has seen an estimate of the Hessian's diagonal, for rules such as `Sophia`.

    Parameters
    ----------
    state : State
        State of an optimizer.
    params : pytree
        Parameters that it belongs to.
    curvature : pytree
        Estimate for every entry of ``params``, such as `hutchinson_diagonal` returns; leaves that are not updated may
        be None.

    Returns
    -------
    State
    """
    leaves = tree.leaves(params)
    check_params(state, leaves)
    given = dict(tree.leaves_with_path(curvature))
    chosen = [i for i, own in enumerate(state.leaves) if own is not None]
    bound, new = bind(state, [leaves[i] for i in chosen]), list(state.leaves)
    paths = [path for path, _ in tree.leaves_with_path(params)]
    for i in chosen:
        x, h = leaves[i], given.get(paths[i])
        if getattr(h, "shape", None) != x.shape:
            if h is None:
                raise TreeError("`curvature` and `params`: " + explain_difference(params, curvature))
            message = f"curvature of {paths[i]!r} must be of shape {tuple(x.shape)}, got {h!r}"
            raise TreeError(message)
        dtype = compute_dtype(x)
        seen = cast_rule(bound, dtype).observe(state.leaves[i], widen(h, dtype))
        new[i] = tree.map(as_array, seen)
    return state.replace(leaves=tuple(new))


def hutchinson_diagonal(f: Callable[[Any], Array], params: Any, key: Array, /, *, samples: int = 1) -> Any:
    """Unbiased estimate of the diagonal of the Hessian of a function.

    The mean of ``z * (H @ z)`` over vectors of random signs; exact after one if the Hessian is diagonal.

    Parameters
    ----------
    f : callable
        Function of ``params`` that returns a real scalar.
    params : pytree
        Arrays of real floating-point dtypes.
    key : array
        Key of random numbers, see `xdl.random`.
    samples : int
        Number of vectors, each of which costs a product with the Hessian.

    Returns
    -------
    pytree
        Like ``params``.

    References
    ----------
    Bekas, Kokiopoulou & Saad (2007), doi:10.1016/j.apnum.2007.01.003, equation 3
    """
    check_count("samples", samples)
    total, keys = None, random.split(key, samples + 1)
    for i in range(samples):
        signs = _signs(keys[i, ...], params)
        product = tree.map(lambda z, hz: z * hz, signs, hvp(f, (params,), (signs,)))
        total = product if total is None else tree.map(lambda a, b: a + b, total, product)
    return tree.map(lambda h: as_array(h / samples), total)


def _signs(key: Array, params: Any) -> Any:
    leaves, structure = tree.flatten(params)
    keys = random.split(key, len(leaves) + 1)
    found = []
    for i, x in enumerate(leaves):
        xp = array_namespace(x)
        if is_complex(x):
            message = "`params` must be real: the diagonal of the Hessian of a complex leaf is not estimated"
            raise TypeError(message)
        heads = random.bernoulli(keys[i, ...], 0.5, x.shape)
        found.append(xp.where(heads, xp.ones_like(x), -xp.ones_like(x)))
    return tree.unflatten(structure, found)


def gauss_newton_diagonal(logits: Callable[[Any], Array], params: Any, key: Array, /) -> Any:
    """Estimate of the diagonal of the Gauss-Newton matrix of a mean cross-entropy, never negative.

    Classes are drawn from the model's own probabilities; the square of the gradient for them, times their number, has
    the diagonal for its mean.

    Parameters
    ----------
    logits : callable
        Function of ``params`` that returns an array (..., classes) of unnormalized log-probabilities, for a batch of
        inputs of which no labels are needed.
    params : pytree
        Arrays of real floating-point dtypes.
    key : array
        Key of random numbers, see `xdl.random`.

    Returns
    -------
    pytree
        Like ``params``.

    References
    ----------
    Liu et al. (2023), arXiv:2305.14342, algorithm 2
    """
    classes = random.categorical(key, stop_gradient(logits(params)))
    slope = grad(lambda p: cross_entropy(logits(p), classes))(params)
    return tree.map(lambda g: as_array(math.prod(classes.shape) * square_modulus(g)), slope)
