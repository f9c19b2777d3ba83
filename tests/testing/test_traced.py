"""Tests of the permanent tape namespace."""

import array_api_compat.numpy as np
import pytest

from xdl.autodiff._operations import Operation
from xdl.autodiff._variable import Variable
from xdl.testing import traced


@pytest.mark.parametrize("mode", ["constant", "active", "swept"])
def test_arrays_have_one_namespace_for_ever(mode):
    xp = traced(np, mode=mode)
    x = xp.linspace(0.0, 1.0, 5)
    y = xp.fft.ifft(xp.fft.fft(xp.sin(x) + xp.ones(5)))
    for array in (x, y, x > 0.5, xp.argmax(x), xp.fft.fftfreq(3), xp.astype(x, xp.int64)):
        assert type(array) is Variable
        assert array.__array_namespace__() is xp


def test_only_active_modes_make_inputs_and_record():
    assert traced(np).sin(traced(np).ones(3))._node is None
    xp = traced(np, mode="active")
    assert xp.ones(3)._node is not None
    assert xp.sin(xp.ones(3))._node is not None
    assert xp.fft.fftfreq(3)._node is not None
    assert xp.arange(3)._node is None
    assert list(xp.ones(3)._level.entries) == []  # nothing is kept


def test_sweep_sees_derivatives_of_a_wrong_shape_or_dtype():
    xp = traced(np, mode="swept")
    x = xp.ones((2, 3))

    def record(cotangent, tangent):
        def pull(dy, cotangents, nodes, y, args, options):
            cotangents.accumulate(nodes[0], cotangent)

        operation = Operation("f", pull, lambda tangents, y, args, options: tangent)
        x._level.record(operation, (x._node,), np.ones(3), (x._value,), None)

    record(np.ones((2, 3)), np.ones(3))
    with pytest.raises(AssertionError, match="f: the cotangent of argument 0 has shape"):
        record(np.ones((3, 2)), np.ones(3))
    with pytest.raises(AssertionError, match="f: the tangent of the result has shape"):
        record(np.ones((2, 3)), np.ones((1, 3)))
    with pytest.raises(AssertionError, match="dtype float32"):
        record(np.ones((2, 3)), np.ones(3, dtype=np.float32))


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="must be one of"):
        traced(np, mode="passive")
