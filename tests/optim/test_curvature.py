import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import optim

TRACED = pytest.mark.xp_skip("strict", "mock", reason="operators refuse a traced right operand there")


@TRACED
def test_one_vector_is_exact_for_a_diagonal_hessian(xp):
    params = {"a": xp.asarray([1.0, -2.0], dtype=xp.float32), "b": xp.asarray(3.0, dtype=xp.float32)}
    f = lambda p: xdl.array_namespace(p["a"]).sum(p["a"] ** 4) + 5 * p["b"] ** 2
    found = optim.hutchinson_diagonal(f, params, xdl.random.key(0, like=params["b"]))
    assert_close(found, {"a": 12 * params["a"] ** 2, "b": xp.full_like(params["b"], 10.0)})


@TRACED
@pytest.mark.xp_skip("jax", reason="hundreds of products; two libraries are enough")
def test_the_mean_is_the_diagonal(xp64):
    rng = np.random.default_rng(0)
    h = rng.standard_normal((4, 4))
    h = h + h.T
    matrix, x = xp64.asarray(h), xp64.asarray(rng.standard_normal(4))
    f = lambda x: xdl.array_namespace(x).sum(x * (matrix @ x)) / 2
    found = optim.hutchinson_diagonal(f, x, xdl.random.key(1, like=x), samples=100)
    # The variance of one sample is the sum of squares beside the diagonal, twice.
    error = (2 * (h**2).sum(axis=1) / 100) ** 0.5
    assert (np.abs(values(found) - np.diag(h)) < 4 * error).all()
    again = optim.hutchinson_diagonal(f, x, xdl.random.key(1, like=x), samples=100)
    assert_equal(again, found)


@TRACED
@pytest.mark.xp_skip("jax", reason="hundreds of gradients; two libraries are enough")
def test_the_mean_is_the_diagonal_of_gauss_newton(xp64):
    """For logits that are linear, it is that of the Hessian of the mean cross-entropy, whatever the labels."""
    rng = np.random.default_rng(0)
    inputs, weight = rng.standard_normal((5, 2)), rng.standard_normal((2, 3))
    features, w = xp64.asarray(inputs), xp64.asarray(weight)
    logits = lambda w: features @ w
    keys = xdl.random.split(xdl.random.key(2, like=w), 300)
    total = sum(values(optim.gauss_newton_diagonal(logits, w, keys[i, ...])) for i in range(300))
    p = np.exp(inputs @ weight)
    p = p / p.sum(axis=1, keepdims=True)
    expected = (inputs**2).T @ (p * (1 - p)) / 5
    np.testing.assert_allclose(total / 300, expected, rtol=0.3)


@TRACED
def test_an_estimate_reaches_the_rule_wherever_it_is(xp):
    """In a chain, in a group, behind an accumulation and behind copies of half precision."""
    sophia = optim.Sophia(1.0, (0.0, 0.0), scale=1.0)
    x = xp.asarray([0.5, -0.5], dtype=xp.float32)
    for rule in (
        optim.chain(optim.clip_by_norm(9.0), sophia, optim.weight_decay(0.0)),
        optim.partition({"a": sophia}, {"": "a"}),
        optim.chain(optim.accumulate(1), sophia),
        optim.chain(optim.mixed_precision(), sophia),
    ):
        state = optim.observe_curvature(optim.init(rule, x), x, xp.full_like(x, 2.0))
        new, _ = optim.update(rule, x, x, state)
        assert_close(new, x / 2)
    state = optim.init(optim.Adam(), x)
    assert_equal(optim.observe_curvature(state, x, x).leaves, state.leaves)


def test_estimates_that_do_not_fit_are_refused(xp):
    rule, params = optim.Sophia(), {"a": xp.ones(2), "n": xp.asarray(3), "none": None}
    state = optim.init(rule, params)
    optim.observe_curvature(state, params, {"a": xp.ones(2), "n": None, "none": None})
    with pytest.raises(xdl.TreeError, match="missing 'a'"):
        optim.observe_curvature(state, params, {"n": None})
    with pytest.raises(xdl.TreeError, match=r"curvature of 'a' must be of shape \(2,\)"):
        optim.observe_curvature(state, params, {"a": xp.ones(3)})
    with pytest.raises(xdl.TreeError, match="made for 2 leaves, `params` has 1"):
        optim.observe_curvature(state, xp.ones(2), xp.ones(2))


def test_what_has_no_such_diagonal_is_refused(xp64):
    key = xdl.random.key(0, like=xp64.ones(2))
    with pytest.raises(TypeError, match="`params` must be real"):
        optim.hutchinson_diagonal(lambda z: xp64.sum(xp64.abs(z)), xp64.ones(2, dtype=xp64.complex128), key)
    with pytest.raises(ValueError, match="`samples` must be at least 1, got 0"):
        optim.hutchinson_diagonal(lambda x: xp64.sum(x), xp64.ones(2), key, samples=0)
