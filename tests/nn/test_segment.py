import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives, at_once, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3))
SEGMENTS = np.asarray([3, 0, 3, 1, 0, 3])  # unsorted, 2 has no rows
REDUCTIONS = {
    "sum": (nn.segment_sum, lambda r: r.sum(0), 0.0),
    "mean": (nn.segment_mean, lambda r: r.mean(0), 0.0),
    "max": (nn.segment_max, lambda r: r.max(0), -math.inf),
    "min": (nn.segment_min, lambda r: r.min(0), math.inf),
    "prod": (nn.segment_prod, lambda r: r.prod(0), 1.0),
}


def by_numpy(name, x, segments, n):
    _, f, empty = REDUCTIONS[name]
    parts = [x[segments == k] for k in range(n)]
    return np.stack([f(p) if len(p) else np.full(x.shape[1:], empty) for p in parts])


@pytest.mark.parametrize("name", REDUCTIONS)
def test_values(xp, name):
    f = REDUCTIONS[name][0]
    x, s = xp.asarray(X, dtype=xp.float32), xp.asarray(SEGMENTS)
    y = also_jit(lambda x, s: f(x, s, num_segments=4), x, s, fullgraph=True)
    expected = by_numpy(name, values(x), SEGMENTS, 4)
    assert_close(y, expected, like=x)
    with xdl.portable():
        assert_close(at_once(lambda x: f(x, s, num_segments=4), [x]), expected, like=x)


@pytest.mark.parametrize("name", ["sum", "max", "min", "prod"])
def test_values_are_jaxs(name):
    """Duplicates, rows outside and segments without rows, too."""
    import jax

    s = np.asarray([3, 0, 3, 9, 0, 3])
    theirs = getattr(jax.ops, f"segment_{name}")(X.astype(np.float32), s, num_segments=4)
    assert_close(REDUCTIONS[name][0](X.astype(np.float32), s, num_segments=4), np.asarray(theirs))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_derivatives_are_those_of_torch(xp, name):
    import torch

    kinds = {"sum": "sum", "mean": "mean", "max": "amax", "min": "amin", "prod": "prod"}
    index = torch.tensor(SEGMENTS % 3)[:, None].expand(6, 3)

    def theirs(x):
        start = torch.ones if name == "prod" else torch.zeros
        return start(2, 3, dtype=x.dtype).scatter_reduce(
            0, index, x * x, kinds[name], include_self=name == "prod"
        )

    s = xp.asarray(SEGMENTS % 3)
    assert_derivatives(xp, lambda x: REDUCTIONS[name][0](x * x, s, num_segments=2), theirs, X)


@pytest.mark.parametrize("engine", [None, "tape"])
def test_ties_share_the_derivative(xp, engine):
    x, s = xp.asarray([1.0, 3.0, 3.0, 3.0], dtype=xp.float32), xp.asarray([0, 0, 0, 1])
    for f, y in ((nn.segment_max, x), (nn.segment_min, -x)):
        slopes = xdl.vjp(lambda x, f=f: f(x, s, num_segments=2), y, engine=engine)[1]
        dy = xp.asarray([2.0, 7.0], dtype=xp.float32)
        assert_close(slopes(dy)[0], [0.0, 1.0, 1.0, 7.0], like=x)


@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivative_of_a_product_with_zeros(xp, engine):
    """With one zero the others' product, with two nothing."""
    x, s = xp.asarray([0.0, 2.0, 3.0, 0.0, 0.0, 5.0], dtype=xp.float32), xp.asarray([0, 0, 0, 1, 1, 1])
    f = lambda x: xdl.array_namespace(x).sum(nn.segment_prod(x, s, num_segments=2))
    slope, bend = at_once(lambda x: (xdl.grad(f, engine=engine)(x), xdl.hessian(f, engine=engine)(x)), [x])
    assert_close(slope, [6.0, 0.0, 0.0, 0.0, 0.0, 0.0], like=x)
    assert_close(bend[3, 4], 5.0, like=x)
    assert_close(bend[0, 1], 3.0, like=x)


def test_rows_outside_belong_to_no_segment(xp):
    x, s = xp.asarray([1.0, 2.0, 4.0], dtype=xp.float32), xp.asarray([0, -1, 2])
    expected = {"sum": [1, 0], "mean": [1, 0], "max": [1, -math.inf], "min": [1, math.inf], "prod": [1, 1]}
    for name, (f, *_) in REDUCTIONS.items():
        for context in (xdl.portable, _nothing):
            with context():
                y = at_once(lambda x, f=f: f(x, s, num_segments=2), [x])
                assert_equal(y, expected[name], like=x)
    assert_equal(nn.segment_softmax(x, s, num_segments=2), [1.0, 0.0, 0.0], like=x)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_nan_wins_and_infinities_stay(xp):
    x = xp.asarray([1.0, math.nan, math.inf, 2.0], dtype=xp.float32)
    s = xp.asarray([0, 0, 1, 1])
    for context in (xdl.portable, _nothing):
        with context():
            assert_equal(nn.segment_max(x, s, num_segments=2), [math.nan, math.inf], like=x)
            assert_equal(nn.segment_min(x, s, num_segments=2), [math.nan, 2.0], like=x)


@pytest.mark.parametrize("dtype", ["int32", "uint8"])
def test_integers(xp, dtype):
    x, s = xp.asarray([1, 7, 5], dtype=getattr(xp, dtype)), xp.asarray([0, 0, 2])
    info = np.iinfo(dtype)
    for context in (xdl.portable, _nothing):
        with context():
            assert_equal(nn.segment_max(x, s, num_segments=3), np.asarray([7, info.min, 5]), like=x)
            assert_equal(nn.segment_min(x, s, num_segments=3), np.asarray([1, info.max, 5]), like=x)
            assert_equal(nn.segment_sum(x, s, num_segments=3), np.asarray([8, 0, 5]), like=x)


@pytest.mark.parametrize("name", [*REDUCTIONS, "softmax"])
@pytest.mark.parametrize(("shape", "n"), [((0, 2), 3), ((2, 0), 3), ((2, 2), 0)])
def test_empty(xp, name, shape, n):
    x, s = xp.zeros(shape, dtype=xp.float32), xp.zeros(shape[0], dtype=xp.int32)
    if name == "softmax":
        assert_equal(nn.segment_softmax(x, s, num_segments=n), np.zeros(shape), like=x)
        return
    f, _, empty = REDUCTIONS[name]
    assert_equal(f(x, s, num_segments=n), np.full((n, shape[1]), empty), like=x)
    slopes = xdl.grad(lambda x: xdl.array_namespace(x).sum(f(x, s, num_segments=n)), engine="tape")(x)
    assert slopes.shape == shape


def test_softmax_is_that_of_each_segment(xp):
    import scipy.special

    x, s = xp.asarray(X, dtype=widest(xp)), xp.asarray(SEGMENTS)
    y = values(also_jit(lambda x, s: nn.segment_softmax(x, s, num_segments=4), x, s, fullgraph=True))
    for k in (0, 1, 3):
        part = k == SEGMENTS
        np.testing.assert_allclose(
            y[part], scipy.special.softmax(values(x)[part], axis=0), rtol=1e-5, atol=1e-7
        )


def test_derivatives_of_softmax(xp):
    import torch

    s = np.asarray([0, 1, 0, 0, 1, 1])

    def theirs(x):
        y = torch.stack([torch.softmax(x[s == k], dim=0) for k in (0, 1)])
        return torch.stack([y[0, 0], y[1, 0], y[0, 1], y[0, 2], y[1, 1], y[1, 2]])

    assert_derivatives(xp, lambda x: nn.segment_softmax(x, xp.asarray(s), num_segments=2), theirs, X)


def test_softmax_at_infinite_entries(xp):
    """As `softmax` has them: nothing is NaN, nothing warns."""
    x = xp.asarray([-math.inf, -math.inf, math.inf, 0.0, 1e4, -1e4], dtype=xp.float32)
    s = xp.asarray([0, 0, 1, 1, 2, 2])
    assert_equal(nn.segment_softmax(x, s, num_segments=3), [0.0, 0.0, 1.0, 0.0, 1.0, 0.0], like=x)
    for engine in (None, "tape"):
        pull = xdl.vjp(lambda x: nn.segment_softmax(x, s, num_segments=3), x, engine=engine)[1]
        assert np.isfinite(values(pull(xp.ones(6, dtype=xp.float32))[0])).all()


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-3, 3)), min_size=1, max_size=12))
@pytest.mark.xp_only("numpy", "torch", "strict", reason="hypothesis: many small calls, cheap there")
def test_properties(xp, rows):
    s, v = np.asarray([r[0] for r in rows]), np.asarray([[float(r[1])] for r in rows])
    x, i = xp.asarray(v), xp.asarray(s)
    for name, (f, *_) in REDUCTIONS.items():
        np.testing.assert_allclose(values(f(x, i, num_segments=4)), by_numpy(name, v, s, 4))
    p = values(nn.segment_sum(nn.segment_softmax(x, i, num_segments=4), i, num_segments=4))
    np.testing.assert_allclose(p[:, 0], [1.0 if k in s else 0.0 for k in range(4)], rtol=1e-12)


def test_errors(xp):
    x, s = xp.zeros((3, 2), dtype=xp.float32), xp.zeros(3, dtype=xp.int32)
    for f in [f for f, *_ in REDUCTIONS.values()] + [nn.segment_softmax]:
        with pytest.raises(ValueError, match="one row for each index"):
            f(x, s[:2], num_segments=2)
        with pytest.raises(TypeError, match="integers"):
            f(x, x[:, 0], num_segments=2)
        with pytest.raises(ValueError, match="number of rows"):
            f(x, s, num_segments=-1)
