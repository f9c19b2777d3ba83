import numpy as np
import pytest
from asserts import assert_close, values

from xdl.optim._subproblems.box import BoxModel, cauchy_step, subspace_step


def model_of(seed, n=7, pairs=3, slots=4, wide=1.0):
    """Model of a limited memory, some of it empty, with its matrix."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n, n))
    hessian, theta = root @ root.T + np.eye(n), 2.0
    S, Y = np.zeros((slots, n)), np.zeros((slots, n))
    for k in range(pairs):
        s = rng.standard_normal(n)
        y = hessian @ s
        S[k], Y[k] = s / np.sqrt(s @ y), y / np.sqrt(s @ y)
    L = np.tril(S @ Y.T, -1)
    empty = np.diag((np.arange(slots) >= pairs).astype(float))
    P, W = S @ S.T / theta + empty, np.concatenate([Y, S])
    K = np.block([[-np.eye(slots), L.T / theta], [L / theta, P]])
    B = theta * np.eye(n) - W.T @ np.linalg.inv(K) @ W
    low, high = -wide * rng.random(n), wide * rng.random(n)
    low[0], high[1], low[2] = -np.inf, np.inf, 0.0
    return BoxModel(rng.standard_normal(n), low, high, W, L / theta, P, empty, theta), B


def bfgs_matrix(model, pairs=3):
    """By the formula for one pair after the other, Nocedal & Wright (2006), (6.19)."""
    m = model.A.shape[0]
    B = model.theta * np.eye(len(model.g))
    for k in range(pairs):
        s, y = model.W[m + k], model.W[k]
        B = B - np.outer(B @ s, B @ s) / (s @ B @ s) + np.outer(y, y) / (s @ y)
    return B


def walk(model, B):
    """The definition: the first minimum of the model along the path, piece by piece."""
    g, low, high = model.g, model.low, model.high
    room = np.where(g > 0, low, high)
    times = np.where(g == 0, np.inf, np.abs(room / np.where(g == 0, 1.0, g)))
    along = lambda t: np.where(times <= t, np.where(g == 0, 0.0, room), -t * g)
    begin = 0.0
    for end in [*np.unique(times[times > 0]), np.inf]:
        z, d = along(begin), np.where(times > begin, -g, 0.0)
        slope, bend = g @ d + d @ B @ z, d @ B @ d
        if slope >= 0:
            return z
        if begin - slope / bend < end:
            return along(begin - slope / bend)
        begin = end
    raise AssertionError


@pytest.mark.parametrize("wide", [0.01, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("seed", range(5))
def test_steps_are_those_of_the_definition(seed, wide):
    model, B = model_of(seed, wide=wide)
    np.testing.assert_allclose(B, bfgs_matrix(model), rtol=1e-9, atol=1e-9)
    z, free = cauchy_step(model)
    np.testing.assert_allclose(z, walk(model, B), rtol=1e-9, atol=1e-12)
    step = subspace_step(model, z, free)
    assert (model.low <= step).all()
    assert (step <= model.high).all()
    value = lambda z: model.g @ z + 0.5 * z @ B @ z
    assert model.g @ step < 0
    exact = z.copy()
    slope = model.g + B @ z
    exact[free] -= np.linalg.solve(B[np.ix_(free, free)], slope[free])
    if ((model.low <= exact) & (exact <= model.high)).all():
        np.testing.assert_allclose(step, exact, rtol=1e-8, atol=1e-10)
        assert value(step) <= value(z) + 1e-12
    else:
        np.testing.assert_allclose(step, np.clip(exact, model.low, model.high), rtol=1e-8, atol=1e-10)


def test_many_problems_at_once(xp64):
    models = [model_of(seed, wide=0.3)[0] for seed in range(4)]
    arrays = [xp64.asarray(np.stack([m[k] for m in models])) for k in range(7)]
    batch = BoxModel(*arrays, xp64.full((4, 1), 2.0))
    z, free = cauchy_step(batch)
    step = subspace_step(batch, z, free)
    for k, model in enumerate(models):
        alone = cauchy_step(model)
        np.testing.assert_allclose(values(z)[k], alone[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(values(step)[k], subspace_step(model, *alone), rtol=1e-7, atol=1e-10)


def test_no_room_and_no_gradient():
    model, _ = model_of(0)
    for still in (model._replace(low=0 * model.g, high=0 * model.g), model._replace(g=0 * model.g)):
        z, free = cauchy_step(still)
        assert_close(z, np.zeros(7), rtol=0, atol=0)
        assert_close(subspace_step(still, z, free), np.zeros(7), rtol=0, atol=1e-12)
