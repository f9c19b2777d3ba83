import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import optim


def rosenbrock_slope(x):
    """Gradient of (1 - a)**2 + 100 (b - a**2)**2."""
    xp = xdl.array_namespace(x)
    a, b = x[0], x[1]
    return xp.stack([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])


def path(rule, start, n):
    x, state, found = start, optim.init(rule, start), [start]
    for _ in range(n):
        x, state = optim.update(rule, x, rosenbrock_slope(x), state)
        found.append(x)
    return found


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_the_paths_of_figure_4_6(xp64, beta):
    """Momentum on Rosenbrock's function from (0.4, -0.2), with the rate 0.001 / (1 - beta), as Liquet and others.

    So scaled, steps are those of PyTorch's momentum at the rate 0.001: the figure shows what momentum alone does.
    """
    torch = pytest.importorskip("torch")
    start = xp64.asarray([0.4, -0.2], dtype=xp64.float64)
    found = path(optim.Momentum(0.001 / (1 - beta), beta), start, 60)
    x = torch.tensor([0.4, -0.2], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], 0.001, momentum=beta)
    for own in found:
        np.testing.assert_allclose(values(own), x.detach().numpy(), rtol=1e-12, atol=1e-12)
        x.grad = rosenbrock_slope(x.detach())
        optimizer.step()


def test_momentum_of_figure_4_6_is_ahead_in_the_valley():
    """After 2000 steps, the larger beta the nearer to the minimum (1, 1)."""
    left = [
        np.linalg.norm(path(optim.Momentum(0.001 / (1 - beta), beta), np.asarray([0.4, -0.2]), 2000)[-1] - 1)
        for beta in (0.0, 0.5, 0.9)
    ]
    assert left[0] > left[1] > left[2]
    assert left[2] < 0.01 < 0.1 < left[0]


def test_gradients_are_taken_where_nesterovs_average_leads(xp64):
    """The look-ahead written out: parameters of the rule are the points ahead."""
    rate, beta = 0.002, 0.8
    start = xp64.asarray([0.4, -0.2], dtype=xp64.float64)
    x, v = values(start), np.zeros(2)
    for own in path(optim.Nesterov(rate, beta), start, 40):
        ahead = x - rate * beta * v
        np.testing.assert_allclose(values(own), ahead, rtol=1e-11, atol=1e-13)
        v = beta * v + (1 - beta) * rosenbrock_slope(ahead)
        x = x - rate * v


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_other_form_is_another_rate(xp, nesterov):
    """Both ways, as the docstrings say."""
    rule = (optim.Nesterov if nesterov else optim.Momentum)(0.002, 0.75)
    start = xp.asarray([0.4, -0.2], dtype=xp.float32)
    other = optim.SGD(0.25 * 0.002, momentum=0.75, nesterov=nesterov)
    assert_close(path(rule, start, 9)[-1], path(other, start, 9)[-1])


def test_without_decay_it_is_gradient_descent():
    start = np.asarray([0.4, -0.2])
    for rule in (optim.Momentum, optim.Nesterov):
        np.testing.assert_array_equal(path(rule(0.001, 0.0), start, 9), path(optim.SGD(0.001), start, 9))
