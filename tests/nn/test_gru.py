import numpy as np
import pytest
from asserts import assert_close, values
from oracles import assert_derivatives, widest
from recurrences import KINDS, by_torch

import xdl
from xdl import nn

BEFORE, AFTER = (next(kind for kind in KINDS if kind.name == f"gru {word}") for word in ("before", "after"))
LENGTHS = [2, 3]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def split(w):
    return np.split(w, 3, axis=-1)


def check_equations(xp, kind, step):
    arrays = kind.draw(3, 4, 2, 5)
    x, h, w_x, w_h, *biases = arrays
    expected = []
    for s in range(4):
        h = step(x[:, s], h, split(w_x), split(w_h), split(biases[0]), *biases[1:])
        expected.append(h)
    args = [xp.asarray(a, dtype=widest(xp)) for a in arrays]
    for found, desired in zip(kind.run(*args), (np.stack(expected, axis=1), h), strict=True):
        assert_close(found, desired, like=args[0], rtol=1e-5, atol=1e-6)


def test_equations_of_a_reset_before_the_product(xp):
    """Where an update of 1 takes what is new."""

    def step(x, h, w_x, w_h, b):
        r, u = (sigmoid(x @ w_x[k] + h @ w_h[k] + b[k]) for k in (0, 1))
        return (1 - u) * h + u * np.tanh(x @ w_x[2] + (r * h) @ w_h[2] + b[2])

    check_equations(xp, BEFORE, step)


def test_equations_of_a_reset_after_the_product(xp):
    """Where an update of 1 keeps what is old."""

    def step(x, h, w_x, w_h, b, b_h):
        r, u = (sigmoid(x @ w_x[k] + h @ w_h[k] + b[k]) for k in (0, 1))
        return u * h + (1 - u) * np.tanh(x @ w_x[2] + b[2] + r * (h @ w_h[2] + b_h))

    check_equations(xp, AFTER, step)


def test_an_update_of_the_other_sense_has_negated_weights():
    """Of Cho et al., whose u = 1 keeps what is old."""
    x, h, w_x, w_h, b = BEFORE.draw(3, 4, 2, 5)
    r, u = (lambda k, x, h: sigmoid(x @ split(w_x)[k] + h @ split(w_h)[k] + split(b)[k]) for k in (0, 1))
    keep, state = lambda x, h: u(1, x, h), h
    for s in range(4):
        now = x[:, s]
        g = np.tanh(now @ split(w_x)[2] + (r(0, now, state) * state) @ split(w_h)[2] + split(b)[2])
        kept = keep(now, state)
        state = kept * state + (1 - kept) * g
    sign = np.repeat([1.0, -1.0, 1.0], 5)
    assert_close(nn.gru(x, h, w_x * sign, w_h * sign, b * sign)[1], state)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("reverse", [False, True])
def test_values_are_those_of_torch(xp, lengths, reverse):
    import torch

    arrays = AFTER.draw(2, 3, 2, 3)
    args = [xp.asarray(a, dtype=widest(xp)) for a in arrays]
    row = AFTER.joined(*args, lengths=None if lengths is None else xp.asarray(lengths), reverse=reverse)
    expected = by_torch("GRU", lengths=lengths, reverse=reverse)(*map(torch.tensor, arrays))
    assert_close(row, values(expected), like=row, rtol=1e-5, atol=1e-6)


def test_derivatives_are_those_of_torch(xp):
    lengths = xp.asarray(LENGTHS)
    ours = lambda *a: AFTER.joined(*a, lengths=lengths, reverse=True)
    assert_derivatives(xp, ours, by_torch("GRU", lengths=LENGTHS, reverse=True), *AFTER.draw(2, 3, 2, 2))


@pytest.mark.parametrize("kind", [BEFORE, AFTER], ids=["before", "after"])
@pytest.mark.parametrize("engine", [None, "tape"])
def test_derivatives_are_slopes(kind, engine):
    xdl.check_grads(kind.run, tuple(kind.draw(2, 3, 2, 2)), engine=engine)


@pytest.mark.parametrize("kind", [BEFORE, AFTER], ids=["before", "after"])
def test_only_wanted_derivatives_are_computed(kind):
    args = (*kind.draw(2, 3, 2, 2), *(None,) * (2 - kind.biases))
    dy = tuple(map(np.ones_like, nn.gru(*args, **kind.options)))
    _, saved = nn._gru.gru_forward(*args, **kind.options)
    for given in (None, saved):
        found = nn._gru.gru_pullback(
            *dy, *args, reverse=False, wanted=(False, True, *(False,) * 4), saved=given, **kind.options
        )
        assert [found[k] is None for k in (0, 2, 3, 4, 5)] == [True] * 5
        assert found[1] is not None
