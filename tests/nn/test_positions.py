import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)


def by_formula(n, d, start, base=10000.0):
    found = np.zeros((n, d))
    for p in range(n):
        for c in range(d):
            angle = (p + start) / base ** (2 * (c // 2) / d)
            found[p, c] = math.sin(angle) if c % 2 == 0 else math.cos(angle)
    return found


@pytest.mark.parametrize(
    ("n", "d", "start", "base"), [(6, 8, 0, 1e4), (5, 4, 1, 100.0), (3, 5, 7, 1e4), (0, 4, 0, 1e4)]
)
def test_sinusoidal_positions(xp, n, d, start, base):
    like = xp.zeros(1, dtype=widest(xp))
    found = nn.sinusoidal_positions(n, d, start=start, base=base, like=like)
    exact = like.dtype != xp.float32
    assert_close(
        found,
        by_formula(n, d, start, base),
        like=like,
        atol=1e-14 if exact else 1e-6,
        rtol=1e-12 if exact else 1e-5,
    )


def test_sinusoidal_positions_of_the_current_backend(xp):
    found = nn.sinusoidal_positions(3, 4)
    assert_close(found, by_formula(3, 4, 0), like=xp.zeros(1, dtype=xp.float32), atol=1e-6)
    assert_equal(nn.sinusoidal_positions(2, 4, start=1), found[1:, :])


@pytest.mark.parametrize("interleaved", [False, True])
def test_rotary_turns_complex_numbers(xp, interleaved):
    """Pairs as complex numbers, times exp(i p base**(-2 j / d))."""
    x = xp.asarray(RNG.normal(size=(2, 3, 5, 6)), dtype=widest(xp))
    positions = np.asarray([0, 1, 2, 7, 100])
    turn = np.exp(1j * positions[:, None] * 10000.0 ** (-2 * np.arange(3) / 6))
    v = values(x)
    a, b = (v[..., ::2], v[..., 1::2]) if interleaved else (v[..., :3], v[..., 3:])
    z = (a + 1j * b) * turn
    expected = np.stack([z.real, z.imag], axis=-1 if interleaved else -2).reshape(v.shape)
    places = xp.asarray(positions)
    y = also_jit(lambda x, p: nn.rotary(x, p, interleaved=interleaved), x, places)
    exact = x.dtype != xp.float32
    close = {"rtol": 1e-10, "atol": 1e-12} if exact else {"rtol": 1e-4, "atol": 1e-4}
    assert_close(y, expected, like=x, **close)
    per_sequence = xp.reshape(xp.stack([places, places]), (2, 1, 5))
    assert_equal(nn.rotary(x, per_sequence, interleaved=interleaved), y)


@pytest.mark.parametrize("interleaved", [False, True])
def test_rotary_products_depend_on_distance_alone(xp, interleaved):
    q, k = (xp.asarray(RNG.normal(size=(1, 8)), dtype=widest(xp)) for _ in range(2))
    place = lambda x, p: nn.rotary(x, xp.asarray([p]), interleaved=interleaved, base=50.0)
    product = lambda i, j: xp.sum(place(q, i) * place(k, j))
    assert_close(product(3, 1), product(12, 10), rtol=1e-4 if q.dtype == xp.float32 else 1e-11)
    assert_close(xp.sum(place(q, 9) ** 2), xp.sum(q**2), rtol=1e-5)
    assert_equal(place(q, 0), q)


@pytest.mark.parametrize("interleaved", [False, True])
def test_derivatives_turn_back(xp, interleaved):
    x, dy = (xp.asarray(RNG.normal(size=(2, 3, 4)), dtype=xp.float32) for _ in range(2))
    places = xp.asarray([2, 5, 9])
    f = lambda x: nn.rotary(x, places, interleaved=interleaved)
    for engine in (None, "tape"):
        y, pullback = xdl.vjp(f, x, engine=engine)
        dx = pullback(y)[0]
        assert_close(dx, x, rtol=1e-4, atol=1e-5)
        _, tangent = xdl.jvp(f, (x,), (dy,), engine=engine)
        assert_close(tangent, f(dy), rtol=1e-4, atol=1e-5)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_has_angles_in_single(xp):
    """4097 is no number of float16."""
    x = xp.asarray(RNG.normal(size=(1, 4)), dtype=xp.float16)
    expected = nn.rotary(values(x).astype(np.float32), np.asarray([4097]))
    assert_close(nn.rotary(x, xp.asarray([4097])), expected, like=x)


def test_learned_positions(xp):
    key = xdl.random.key(0)
    layer = nn.LearnedPositions(key, 6, 4)
    x = xp.asarray(RNG.normal(size=(2, 3, 4)), dtype=xp.float32)
    assert_close(also_jit(lambda layer, x: layer(x), layer, x), values(x) + values(layer.weight)[:3], like=x)
    assert_close(layer(x, start=3), values(x) + values(layer.weight)[3:], like=x)
    start = xp.asarray(2)
    found = also_jit(lambda layer, x, start: layer(x, start=start), layer, x, start)
    assert_close(found, values(x) + values(layer.weight)[2:5], like=x)
    many = values(nn.LearnedPositions(key, 200, 50).weight)
    assert abs(many.std() - 0.02) < 1e-3

    def loss(layer):
        y = layer(x)
        return xdl.array_namespace(y).sum(y)

    grads = xdl.grad(loss)(layer)
    assert_equal(grads.weight, np.repeat([2.0, 0.0], 3)[:, None] * np.ones((6, 4)), like=x)


def test_arguments_that_do_not_fit(xp):
    x = xp.zeros((2, 3, 4), dtype=xp.float32)
    with pytest.raises(ValueError, match="with an even d"):
        nn.rotary(x[..., :3], xp.asarray([0, 1, 2]))
    with pytest.raises(ValueError, match=r"expected `positions` of shape \(3,\)"):
        nn.rotary(x, xp.asarray([0, 1]))
    with pytest.raises(ValueError, match=r"expected `positions` of shape \(3,\)"):
        nn.rotary(x, xp.asarray([0]))
    with pytest.raises(ValueError, match="`base` must be positive"):
        nn.rotary(x, xp.asarray([0, 1, 2]), base=0.0)
    layer = nn.LearnedPositions(xdl.random.key(0), 2, 4)
    with pytest.raises(ValueError, match="t at most 2"):
        layer(x)
    with pytest.raises(ValueError, match=r"`start` must be in \[0, 1\]"):
        layer(x[:, :1, :], start=2)
