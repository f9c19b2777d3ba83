import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

import xdl
from xdl import nn

CELLS = {"RNN": (nn.RNNCell, 1), "LSTM": (nn.LSTMCell, 4), "GRU": (nn.GRUCell, 3)}
each_cell = pytest.mark.parametrize("name", CELLS)


@each_cell
def test_parameters(xp, name):
    make, gates = CELLS[name]
    cell = make(xdl.random.key(0), 3, 4)
    assert cell.weight_x.shape == (3, gates * 4)
    w_h = values(cell.weight_h)
    assert w_h.shape == (4, gates * 4)
    for k in range(gates):
        part = w_h[:, 4 * k : 4 * k + 4]
        np.testing.assert_allclose(part @ part.T, np.eye(4), atol=1e-6)
        limit = (6 / 7) ** 0.5  # of a matrix of one gate, 3 by 4
        assert 0.5 * limit < np.max(np.abs(values(cell.weight_x)[:, 4 * k : 4 * k + 4])) <= limit
    bias = np.zeros(gates * 4)
    if name == "LSTM":
        bias[4:8] = 1.0
    assert_equal(cell.bias, bias, like=cell.weight_x)
    assert make(xdl.random.key(0), 3, 4, bias=False).bias is None
    plain = make(xdl.random.key(0), 3, 4, init=nn.ones, init_hidden=nn.zeros)
    assert_equal(plain.weight_x, np.ones((3, gates * 4)), like=cell.weight_x)
    assert_equal(plain.weight_h, np.zeros((4, gates * 4)), like=cell.weight_x)


def test_options(xp):
    key = xdl.random.key(0)
    assert nn.GRUCell(key, 3, 4).bias_h is None
    assert nn.GRUCell(key, 3, 4, reset="after").bias_h.shape == (4,)
    bias = nn.LSTMCell(key, 3, 2, forget_bias=0.5).bias
    assert_equal(bias, [0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0], like=bias)
    assert xdl.tree.leaves_with_path(nn.RNNCell(key, 3, 4))[0][0] == "weight_x"
    with pytest.raises(TypeError, match=r"a pair `\(h, c\)`"):
        nn.LSTMCell(key, 3, 2)(xp.ones((1, 3), dtype=xp.float32), xp.ones((1, 2), dtype=xp.float32))


def test_double_precision(xp64):
    for make, _ in CELLS.values():
        cell = make(xdl.random.key(0), 3, 4, dtype=xp64.float64)
        assert {leaf.dtype == xp64.float64 for leaf in xdl.tree.leaves(cell)} == {True}


@each_cell
def test_a_step_is_that_of_the_run(xp, name):
    cell = CELLS[name][0](xdl.random.key(0), 3, 4)
    x = xp.asarray(np.random.default_rng(0).normal(size=(2, 3)), dtype=xp.float32)
    y, state = cell(x)
    assert_close(cell(x, cell.initial_state(x)), (y, state))
    ys, last = cell.run(x[:, None, :])
    assert_close(ys[:, 0, :], y, rtol=1e-4)
    assert_close(last, state, rtol=1e-4)
    assert_equal(state[0] if name == "LSTM" else state, y)
