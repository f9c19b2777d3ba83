import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import widest

import xdl
from xdl import nn

X = np.random.default_rng(0).normal(size=(3, 4, 2))


def test_each_sequence_is_reversed_in_its_place(xp):
    x, lengths = xp.asarray(X, dtype=xp.float32), xp.asarray([2, 4, 1])
    y = also_jit(nn.reverse_sequence, x, lengths)
    rows = [[1, 0, 2, 3], [3, 2, 1, 0], [0, 1, 2, 3]]
    assert_equal(y, np.stack([values(x)[i, order] for i, order in enumerate(rows)]), like=x)
    assert_equal(nn.reverse_sequence(x), values(x)[:, ::-1], like=x)
    assert_equal(nn.reverse_sequence(y, lengths), x)
    wild = nn.reverse_sequence(x, xp.asarray([-3, 9, 0], dtype=xp.int8))
    assert_equal(wild, nn.reverse_sequence(x, xp.asarray([0, 4, 0])))


def test_sequences_of_numbers_and_of_matrices(xp):
    x, lengths = xp.asarray([[1, 2, 3], [4, 5, 6]]), xp.asarray([2, 3])
    assert_equal(nn.reverse_sequence(x, lengths), [[2, 1, 3], [6, 5, 4]], like=x)
    x = xp.reshape(xp.arange(24, dtype=xp.float32), (2, 3, 2, 2))
    assert_equal(nn.reverse_sequence(x, lengths)[0, :, 1, 0], [6.0, 2.0, 10.0], like=x)


def test_a_reversal_is_its_own_transpose(xp):
    x, lengths = xp.asarray(X, dtype=widest(xp)), xp.asarray([2, 4, 1])
    dy = xp.asarray(np.cos(X), dtype=x.dtype)
    for engine in (None, "tape"):
        _, pull = xdl.vjp(lambda x: nn.reverse_sequence(x, lengths), x, engine=engine)
        assert_close(pull(dy)[0], nn.reverse_sequence(dy, lengths))


def test_what_is_no_sequence_is_refused(xp):
    with pytest.raises(ValueError, match=r"`x` of shape \(n, t, ...\)"):
        nn.reverse_sequence(xp.ones(3))
    with pytest.raises(ValueError, match=r"`lengths` of shape \(3,\)"):
        nn.reverse_sequence(xp.ones((3, 4)), xp.asarray([1, 2]))
    with pytest.raises(TypeError, match="`lengths` of integers"):
        nn.reverse_sequence(xp.ones((3, 4)), xp.asarray([1.0, 2.0, 3.0]))


# ---- truncated backpropagation ----

RNG = np.random.default_rng(1)
W_X, W_H, H = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))


def runs(w_x, w_h, reverse):
    return lambda x, h, lengths: nn.rnn(x, h, w_x, w_h, None, lengths, reverse=reverse)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("engine", [None, "tape"])
@pytest.mark.parametrize("padded", [False, True])
def test_the_gradient_is_that_of_the_cut_program(xp, reverse, engine, padded):
    x, h, w_x, w_h = (xp.asarray(a, dtype=widest(xp)) for a in (X, H, W_X, W_H))
    lengths = xp.asarray([2, 4, 1], dtype=xp.uint8) if padded else None
    weight = xp.asarray(np.cos(np.arange(36.0)).reshape(3, 4, 3), dtype=x.dtype)

    def by_parts(x, h, w_x, w_h):
        y, h = nn.truncated(runs(w_x, w_h, reverse), x, h, lengths, steps=3, reverse=reverse)
        return total(y, h)

    def by_hand(x, h, w_x, w_h):
        late = None if lengths is None else xp.asarray([0, 1, 0])
        early = None if lengths is None else xp.asarray([2, 3, 1])
        parts = [(x[:, :3, :], early), (x[:, 3:, :], late)]
        found = []
        for k, (part, some) in enumerate(parts[::-1] if reverse else parts):
            y, h = runs(w_x, w_h, reverse)(part, xdl.stop_gradient(h) if k else h, some)
            found.append(y)
        return total(xdl.array_namespace(x).concat(found[::-1] if reverse else found, axis=1), h)

    def total(y, h):
        space = xdl.array_namespace(y)
        return space.sum(y * weight) + space.sum(h * h)

    args, places = (x, h, w_x, w_h), (0, 1, 2, 3)
    found = xdl.value_and_grad(by_parts, places, engine=engine)(*args)
    tolerances = {"rtol": 1e-4, "atol": 1e-5}
    assert_close(found, xdl.value_and_grad(by_hand, places, engine=engine)(*args), **tolerances)
    y, last = runs(w_x, w_h, reverse)(x, h, lengths)
    assert_close(found[0], total(y, last), **tolerances)
    whole = xdl.grad(lambda *a: total(*runs(*a[2:], reverse)(*a[:2], lengths)), places, engine=engine)(*args)
    assert np.max(np.abs(values(whole[3]) - values(found[1][3]))) > 1e-3, "nothing was cut"


def test_a_cut_beyond_the_end_is_none(xp):
    x, h, w_x, w_h = (xp.asarray(a, dtype=xp.float32) for a in (X, H, W_X, W_H))
    for steps in (4, 100):
        assert_equal(nn.truncated(runs(w_x, w_h, False), x, h, steps=steps), nn.rnn(x, h, w_x, w_h))
    y, last = nn.truncated(runs(w_x, w_h, False), x[:, :0, :], h, steps=2)
    assert (y.shape, last.shape) == ((3, 0, 3), (3, 3))
    with pytest.raises(ValueError, match="`steps` must be at least 1"):
        nn.truncated(runs(w_x, w_h, False), x, h, steps=0)
