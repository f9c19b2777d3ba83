import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values
from optim.functions import bowl, rosenbrock
from optim.problems import UNCONSTRAINED
from optim.searches.lines import FLOATS

import xdl
from xdl import optim
from xdl.optim import Status

LENGTHS = ["long", "short", "alternating"]
each = pytest.mark.parametrize("length", LENGTHS)


@each
def test_the_steps_are_those_of_the_paper(length):
    """Without a safeguard; the first step is the method's own."""
    method = optim.BarzilaiBorwein(optim.Fixed(), length)
    r = optim.minimize(bowl, np.asarray([3.0, -1.0, 2.0]), method=method, record=True, max_iterations=9)
    grad = xdl.grad(bowl)
    for k in range(1, len(r.trace.x) - 1):
        s, g = r.trace.x[k] - r.trace.x[k - 1], grad(r.trace.x[k])
        y = g - grad(r.trace.x[k - 1])
        short = length == "short" or (length == "alternating" and k % 2 == 1)
        step = s @ y / (y @ y) if short else s @ s / (s @ y)
        np.testing.assert_allclose(r.trace.x[k + 1], r.trace.x[k] - step * g, rtol=1e-9, atol=1e-12)


def test_two_variables_superlinearly():
    """Barzilai & Borwein (1988), section 3: R-superlinear, where steepest descent is linear with rate 0.96."""
    f = lambda x: 0.5 * (x[0] ** 2 + 100 * x[1] ** 2)
    r = optim.minimize(f, np.asarray([100.0, 1.0]), method=optim.BarzilaiBorwein(length="long"))
    assert r.success
    assert int(r.iterations) < 25


@each
def test_all_libraries_take_the_same_steps(xp64, syncs, length):
    if length != "alternating" and "jax" in xp64.__name__:
        pytest.skip("one more compiled program each")
    x0 = np.random.default_rng(1).uniform(-1, 2, 4)
    method = optim.BarzilaiBorwein(length=length)
    r = optim.minimize(rosenbrock, xp64.asarray(x0), method=method, max_iterations=25)
    same = optim.minimize(rosenbrock, x0, method=method, max_iterations=25)
    assert_close(r.x, same.x, rtol=1e-5, like=r.x)
    assert_equal(values(r.evaluations), values(same.evaluations))


def test_a_batch_is_each_problem_alone(xp64, syncs):
    x0 = np.random.default_rng(0).uniform(-2, 2, (5, 4))
    x0[1], x0[3, 2] = 1.0, np.nan
    method = optim.BarzilaiBorwein(window=4)
    r = optim.minimize(rosenbrock, xp64.asarray(x0), batched=True, method=method, max_iterations=15)
    status = values(r.status)
    assert (status[1], status[3]) == (Status.CONVERGED, Status.NOT_FINITE)
    for k in (0, 2, 4):
        alone = optim.minimize(rosenbrock, x0[k], method=method, max_iterations=15)
        assert_close(r.x[k, :], alone.x, rtol=1e-6, atol=1e-8, like=r.x)
        assert_equal(values(r.evaluations)[k], values(alone.evaluations))


def test_values_stay_below_the_largest_of_the_window():
    case = UNCONSTRAINED["Wood"]
    for window in (1, 4):
        method = optim.BarzilaiBorwein(length="long", window=window)
        r = optim.minimize(case.value, np.asarray(case.start), method=method, record=True, max_iterations=100)
        found = np.asarray(r.trace.value)
        for k in range(1, len(found)):
            assert found[k] <= found[max(0, k - window) : k].max() * (1 + 1e-12)
        assert (np.diff(found) > 0).any() == (window > 1)


def test_the_window_has_its_width():
    method, problem = optim.BarzilaiBorwein(window=3), SimpleNamespace(xs=FLOATS)
    point = lambda value: SimpleNamespace(value=value)
    memory, found = method.start(problem, None, None), []
    for before, now in itertools.pairwise([5.0, 1.0, 2.0, 0.0, -1.0, 7.0]):
        memory = method.learn(problem, memory, point(before), None, None)
        found.append(method.reference(problem, point(now), memory))
    assert found == [5.0, 5.0, 2.0, 2.0, 7.0]


def test_published_problems_are_solved():
    for case in UNCONSTRAINED.values():
        r = optim.minimize(
            case.value, np.asarray(case.start), method=optim.BarzilaiBorwein(), max_iterations=5000
        )
        assert r.success, (case.name, r.message)


@pytest.mark.parametrize(
    ("options", "message"), [({"length": "middle"}, "`length`"), ({"window": 0}, "`window`")]
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        optim.BarzilaiBorwein(**options)
