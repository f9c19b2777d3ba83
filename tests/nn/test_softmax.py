import math

import numpy as np
import pytest
import scipy.special
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
X = 3 * RNG.normal(size=(3, 4, 5))
FUNCTIONS = {
    "softmax": (nn.softmax, scipy.special.softmax),
    "log_softmax": (nn.log_softmax, scipy.special.log_softmax),
    "logsumexp": (nn.logsumexp, scipy.special.logsumexp),
}
INF = math.inf


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_values(xp, name, axis):
    ours, theirs = FUNCTIONS[name]
    x = xp.asarray(X, dtype=widest(xp))
    y = also_jit(lambda x: ours(x, axis=axis), x, fullgraph=axis == -1)
    assert_close(y, theirs(values(x), axis=axis), like=x)


@pytest.mark.parametrize("axis", [(0, 1), (2, -3), (), None, (0,)])
@pytest.mark.parametrize("keepdims", [True, False])
def test_logsumexp_over_several_axes(xp, axis, keepdims):
    x = xp.asarray(X, dtype=widest(xp))
    y = nn.logsumexp(x, axis=axis, keepdims=keepdims)
    expected = values(x) if axis == () else scipy.special.logsumexp(values(x), axis=axis, keepdims=keepdims)
    assert_close(y, expected, like=x)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("axis", [0, -1])
def test_derivatives_are_those_of_torch(xp, name, axis):
    import torch

    assert_derivatives(
        xp, lambda x: FUNCTIONS[name][0](x, axis=axis), lambda x: getattr(torch, name)(x, dim=axis), X[0]
    )


def test_derivatives_over_several_axes(xp):
    import torch

    assert_derivatives(xp, lambda x: nn.logsumexp(x, axis=None), lambda x: torch.logsumexp(x, (0, 1)), X[0])
    assert_derivatives(
        xp,
        lambda x: nn.logsumexp(x, axis=(0, 2), keepdims=True),
        lambda x: torch.logsumexp(x, (0, 2), keepdim=True),
        X[:, :2],
    )


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=6), st.floats(-1e4, 1e4, width=32))
@pytest.mark.xp_only("numpy", "torch", reason="hypothesis: many small calls, cheap there")
def test_properties(xp, row, shift):
    x = xp.asarray(row, dtype=xp.float32)
    p = nn.softmax(x)
    assert_close(xp.sum(p), 1.0, like=x)
    assert bool(xp.all(p >= 0))
    assert_close(nn.softmax(x - shift), p, atol=5e-3)  # rounding of x - shift, in units of 1e4
    assert_close(nn.log_softmax(x), x - nn.logsumexp(x), atol=5e-3)
    assert float(nn.logsumexp(x)) >= max(row)


ROWS = np.asarray([[-INF, -INF, -INF], [INF, 0.0, 1.0], [INF, 5.0, INF], [0.0, -INF, 0.0], [1e4, -1e4, 0.0]])


def test_infinite_entries(xp):
    """Masked throughout: zeros. A +inf takes all, two share. Nothing is NaN, nothing warns."""
    x = xp.asarray(ROWS, dtype=xp.float32)
    big = float(np.finfo(np.float32).max)
    probabilities = [[0, 0, 0], [1, 0, 0], [0.5, 0, 0.5], [0.5, 0, 0.5], [1, 0, 0]]
    logs = [[-INF] * 3, [0, -big, -big], [-math.log(2), -big, -math.log(2)]]
    logs += [[-math.log(2), -INF, -math.log(2)], [0, -2e4, -1e4]]
    for f, expected in [
        (nn.softmax, probabilities),
        (nn.log_softmax, logs),
        (nn.logsumexp, [-INF, INF, INF, math.log(2), 1e4]),
    ]:
        assert_close(also_jit(f, x), expected, like=x)
        with xdl.portable():
            assert_close(f(x), expected, like=x)


def test_derivatives_at_infinite_entries(xp):
    """Of a row masked throughout 0; of the sum's logarithm the softmax, also where it is 1.

    Between two entries of +inf there is a corner: engines may differ there.
    """
    x = xp.asarray(ROWS[[0, 1, 3, 4]], dtype=xp.float32)
    c = xp.asarray(RNG.normal(size=(4, 3)), dtype=xp.float32)

    def pull(f, dy, engine):
        return lambda x: xdl.vjp(f, x, engine=engine)[1](dy)[0]

    ones = xp.ones(4, dtype=xp.float32)
    for engine in (None, "tape"):
        slopes = pull(nn.softmax, c, engine)(x)
        assert_close(slopes[:2, ...], np.zeros((2, 3)), like=x)
        assert np.all(np.isfinite(values(slopes)))
        assert_close(pull(nn.logsumexp, ones, engine)(x), values(nn.softmax(x)), like=x)
        with xdl.portable():
            assert_close(pull(nn.softmax, c, engine)(x), slopes, atol=1e-5)
            assert_close(pull(nn.logsumexp, ones, engine)(x), values(nn.softmax(x)), like=x)
        bend = pull(pull(nn.logsumexp, ones, engine), xp.ones_like(x), engine)(x)
        assert_close(bend, np.zeros((4, 3)), like=x)


def test_derivative_of_log_softmax_at_infinite_entries(xp):
    x = xp.asarray(ROWS, dtype=xp.float32)
    c = RNG.normal(size=ROWS.shape).astype(np.float32)
    p = values(nn.softmax(x))
    expected = c - p * c.sum(axis=1, keepdims=True)
    weights = xp.asarray(c)
    rows = [0, 3, 4]
    for engine in (None, "tape"):
        _, pullback = xdl.vjp(nn.log_softmax, x, engine=engine)
        assert_close(values(pullback(weights)[0])[rows], expected[rows], atol=1e-6)


def test_nan_spoils_its_row_alone(xp):
    x = xp.asarray([[math.nan, 0.0], [0.0, 0.0]], dtype=xp.float32)
    for f in (nn.softmax, nn.log_softmax):
        assert np.isnan(values(f(x))).tolist() == [[True, True], [False, False]]
    assert np.isnan(values(nn.logsumexp(x))).tolist() == [True, False]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", [(0, 3), (2, 1), (3, 0), (1,)])
def test_empty_and_single(xp, name, shape):
    ours, _ = FUNCTIONS[name]
    x = xp.zeros(shape, dtype=xp.float32)
    if name == "logsumexp":
        expected = np.full(shape[:-1], -INF if shape[-1] == 0 else 0.0)
    else:
        expected = np.full(shape, 1.0 if name == "softmax" else 0.0)
    assert_equal(ours(x), expected, like=x)
    slopes = xdl.grad(lambda x: xdl.array_namespace(x).sum(ours(x)), engine="tape")(x)
    assert slopes.shape == shape


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_has_statistics_in_single(xp, name):
    """The sum of 40,000 equal terms stagnates in float16."""
    ours, theirs = FUNCTIONS[name]
    x = xp.zeros((2, 40_000), dtype=xp.float16)
    assert_close(ours(x), theirs(np.zeros((2, 40_000)), axis=-1), like=x, rtol=2e-3, atol=1e-9)
    with xdl.portable():
        assert_close(ours(x), theirs(np.zeros((2, 40_000)), axis=-1), like=x, rtol=2e-3, atol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors(xp, name):
    ours, _ = FUNCTIONS[name]
    with pytest.raises(ValueError, match="axis"):
        ours(xp.zeros((2, 3), dtype=xp.float32), axis=2)
    with pytest.raises(ValueError, match="axis"):
        ours(xp.asarray(0.0, dtype=xp.float32))
    with pytest.raises(TypeError, match="floating"):
        ours.definition(xp.asarray([1, 2]), **({"keepdims": False} if name == "logsumexp" else {}))


def test_many_rows_go_block_by_block():
    """Long arrays take another path on NumPy."""
    x = np.random.default_rng(0).normal(size=(7, 5, 3001)).astype(np.float32)
    for f in (nn.softmax, nn.log_softmax):
        with xdl.portable():
            expected = f(x)
        assert_close(f(x), expected)
        assert_close(f(x.transpose(2, 0, 1), axis=0), expected.transpose(2, 0, 1))
