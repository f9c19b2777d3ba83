"""Sums of rows that share an index."""

import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal
from oracles import assert_derivatives, at_once, widest

import xdl
from xdl.autodiff import scatter_add

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "index"),
    [
        ((5,), (5,)),
        ((5, 3), (5,)),
        ((5, 0), (5,)),
        ((0, 3), (0,)),
        ((2, 3, 4), (2, 3)),
        ((4,), ()),
        ((2, 3), (2, 3)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_scatter_add_is_numpys(xp, shape, index, dtype):
    rows, places = (9 * RNG.standard_normal(shape)).astype(dtype), RNG.integers(0, 4, index)
    expected = np.zeros((4, *shape[len(index) :]), dtype)
    np.add.at(expected, places, rows)
    x = xp.reshape(xp.asarray(rows.ravel().tolist(), dtype=getattr(xp, dtype)), shape)
    i = xp.asarray(places.tolist(), dtype=xp.int32)
    i = xp.reshape(i, index)
    assert_close(also_jit(lambda x: scatter_add(x, i, size=4), x, fullgraph=True), expected, like=x)
    with xdl.portable():
        assert_close(at_once(lambda x: scatter_add(x, i, size=4), [x]), expected, like=x)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint32"])
def test_indices_outside_add_nowhere(xp, dtype):
    """Negative ones do not count from the end; an index of few bits reaches no further than its type."""
    if dtype == "int64" and widest(xp) == xp.float32:
        return  # there is none
    x = xp.asarray([1.0, 2.0, 4.0, 8.0], dtype=xp.float32)
    places = [0, 3, 120, 0] if dtype.startswith("u") else [0, -1, 3, 0]
    i = xp.asarray(places, dtype=getattr(xp, dtype))
    expected = [9.0, 0.0, 0.0]
    with xdl.portable():
        assert_equal(at_once(lambda x: scatter_add(x, i, size=3), [x]), expected, like=x)
    assert_equal(scatter_add(x, i, size=3), expected, like=x)
    assert_equal(scatter_add(x, i, size=0), np.zeros(0), like=x)
    if not dtype.startswith("u"):
        negative = xp.asarray([0, -1, 1, -5], dtype=getattr(xp, dtype))
        assert_equal(scatter_add(x, negative, size=3), [1.0, 4.0, 0.0], like=x)
    for engine in (None, "tape"):
        slopes = xdl.vjp(lambda x: scatter_add(x, i, size=3), x, engine=engine)[1]
        assert_equal(slopes(xp.asarray([5.0, 6.0, 7.0], dtype=xp.float32))[0], [5.0, 0.0, 0.0, 5.0], like=x)


def test_an_infinite_row_spoils_its_own_sum_alone(xp):
    x = xp.asarray([[1.0] * 40, [math.inf] * 40, [2.0] * 40], dtype=xp.float32)
    expected = np.asarray([[3.0] * 40, [math.inf] * 40])
    i = xp.asarray([0, 1, 0])
    assert_equal(scatter_add(x, i, size=2), expected, like=x)
    with xdl.portable():
        assert_equal(at_once(lambda x: scatter_add(x, i, size=2), [x]), expected, like=x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_is_summed_in_single(xp):
    """A sum of ones stagnates at 2048."""
    x, i = xp.ones(4096, dtype=xp.float16), xp.zeros(4096, dtype=xp.int32)
    assert_equal(scatter_add(x, i, size=1), [4096.0], like=x)
    with xdl.portable():
        assert_equal(at_once(lambda x: scatter_add(x, i, size=1), [x]), [4096.0], like=x)


def test_derivatives_are_those_of_torch(xp):
    import torch

    places = np.asarray([[2, 0], [2, 1]])
    assert_derivatives(
        xp,
        lambda x: scatter_add(x * x, xp.asarray(places), size=4),
        lambda x: torch.zeros(4, 3, dtype=x.dtype).index_add(
            0, torch.tensor(places.ravel()), (x * x).reshape(4, 3)
        ),
        RNG.normal(size=(2, 2, 3)),
    )


def test_its_transpose_is_a_gather(xp):
    x, i = xp.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), xp.asarray([2, 0, 2])
    weights = xp.asarray([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    loss = lambda x: xdl.array_namespace(x).sum(scatter_add(x, i, size=3) * weights)
    expected = np.asarray([[3.0, 30.0], [1.0, 10.0], [3.0, 30.0]])
    assert_close(xdl.grad(loss, engine="tape")(x), expected, like=x)


@pytest.mark.parametrize(("width", "size"), [(1, 900), (3, 900), (200, 900), (40, 9)])
def test_every_way_of_numpy_gives_the_same(width, size):
    rows, places = RNG.normal(size=(700, width)), RNG.integers(-5, size + 5, 700)
    kept = (places >= 0) & (places < size)
    expected = np.zeros((size, width))
    np.add.at(expected, places[kept], rows[kept])
    assert_close(scatter_add(rows, places, size=size), expected, rtol=1e-12)
    assert_close(
        scatter_add(rows[::-1].T.copy().T, places[::-1], size=size), expected, rtol=1e-11, atol=1e-12
    )


def test_errors(xp):
    x = xp.zeros((3, 2), dtype=xp.float32)
    with pytest.raises(TypeError, match="index of integers"):
        scatter_add(x, xp.zeros(3, dtype=xp.float32), size=2)
    with pytest.raises(ValueError, match=r"expected values of shape \(2,\) and more"):
        scatter_add(x, xp.zeros(2, dtype=xp.int32), size=2)
    for size in (-1, True, 1.5):
        with pytest.raises(ValueError, match="number of rows"):
            scatter_add(x, xp.zeros(3, dtype=xp.int32), size=size)
