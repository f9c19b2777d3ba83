import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import optim
from xdl.optim import Status


def square(x, a):
    return x * x - a


@pytest.mark.parametrize("method", [optim.BrentDekker(), optim.Bisection()], ids=str)
def test_many_functions_at_once(xp64, syncs, method):
    """Each as if alone; one has a zero at an end, one no change of sign, one no value."""
    a = np.asarray([2.0, 9.0, 16.0, 20.0, np.nan, 0.3])
    low, high = xp64.zeros((6,), dtype=xp64.float64), xp64.full((6,), 4.0, dtype=xp64.float64)
    r = optim.root_scalar(square, (xp64.asarray(a),), bracket=(low, high), method=method)
    np.testing.assert_allclose(values(r.x)[[0, 1, 2, 5]], np.sqrt(a[[0, 1, 2, 5]]), rtol=1e-14)
    status = values(r.status)
    assert status[3] == Status.NOT_BRACKETED
    assert status[4] == Status.NOT_FINITE
    assert values(r.x)[3] == 4.0
    for k in (0, 5):
        alone = optim.root_scalar(square, (xp64.asarray(a)[k],), bracket=(low[k], high[k]), method=method)
        assert alone.x.shape == ()
        assert_close(r.x[k], alone.x, rtol=1e-15)
        assert_equal([r.evaluations[k], r.status[k]], [alone.evaluations, alone.status])


def test_from_a_start(xp64, syncs):
    for method in (None, optim.Secant()):
        r = optim.root_scalar(
            square,
            (xp64.asarray(2.0, dtype=xp64.float64),),
            x0=xp64.asarray(1.0, dtype=xp64.float64),
            method=method,
        )
        assert r.success
        np.testing.assert_allclose(values(r.x), np.sqrt(2.0), rtol=1e-8)


def test_derivatives_with_respect_to_arguments_and_none_to_the_bracket(xp64, syncs):
    a, low, high = (xp64.asarray(v, dtype=xp64.float64) for v in (2.0, 0.0, 5.0))
    root = lambda a, low: optim.root_scalar(square, (a,), bracket=(low, high)).x
    da, dlow = xdl.grad(root, (0, 1))(a, low)
    np.testing.assert_allclose(values(da), 0.5 / np.sqrt(2.0), rtol=1e-12)
    assert values(dlow) == 0


def test_single_precision_stays_single(xp, syncs):
    ends = xp.asarray(0.0, dtype=xp.float32), xp.asarray(3.0, dtype=xp.float32)
    r = optim.root_scalar(lambda x: x * x - 2.0, bracket=ends)
    assert r.success
    assert r.x.dtype == xp.float32
    np.testing.assert_allclose(values(r.x), np.sqrt(2.0), rtol=1e-6)


def test_wrong_arguments():
    one = np.asarray(1.0)
    with pytest.raises(ValueError, match="give either `bracket`"):
        optim.root_scalar(lambda x: x)
    with pytest.raises(ValueError, match="`bracket` must be a pair"):
        optim.root_scalar(lambda x: x, bracket=one)
    with pytest.raises(ValueError, match="must be alike"):
        optim.root_scalar(lambda x: x, bracket=(one, np.ones(2)))
    with pytest.raises(ValueError, match=r"shape \(\) or \(b,\), got shape \(2, 2\)"):
        optim.root_scalar(lambda x: x, x0=np.ones((2, 2)))
    with pytest.raises(ValueError, match="needs `bracket`"):
        optim.root_scalar(lambda x: x, x0=one, method=optim.Bisection())
    with pytest.raises(ValueError, match="must be elementwise"):
        optim.root_scalar(lambda x: x[None], x0=one)
