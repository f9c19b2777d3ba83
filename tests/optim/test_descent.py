"""What all methods of descent have in common, seen with directions and searches made for these tests."""

from typing import Any, ClassVar

import numpy as np
import pytest
from asserts import assert_close, values
from optim.functions import bowl, rosenbrock

import xdl
from xdl import optim
from xdl.optim import Status
from xdl.optim._descent import PATIENCE, Descent, Move
from xdl.optim._search import LineSearch, Probe

pytestmark = [
    pytest.mark.usefixtures("syncs"),
    pytest.mark.xp_skip("jax-x32", reason="the programs of jax-x64"),
]


class Along(Descent):
    """Multiples of the negative gradient, and what was learned of them."""

    factor: float = 1.0

    def direction(self, problem: Any, point: Any, memory: Any) -> Move:
        return Move(-self.factor * point.grad, memory, products=2)


class Counting(Along):
    """Counts accepted steps since the last fresh start."""

    def start(self, problem, x, grad):
        return problem.xs.integer(0)

    def learn(self, problem, memory, before, after, line):
        return memory + 1


class Natural(Along):
    natural: ClassVar[bool] = True


class Told(LineSearch):
    """Search that takes the first step it looks at where the value is above a bound, and gives up below."""

    above: float = -1e30

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        no = value != value
        return Probe(step, no, no, xs.integer(0), memory=value)

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        yes = probe.memory > self.above
        return probe.replace(done=yes, failed=xs.negate(yes), count=probe.count + 1)


ANYWHERE, NOWHERE = Told(), Told(above=1e30)


def starts(xp, batched):
    x = xp.asarray([[3.0, -1.0], [0.5, 2.0], [1.0, 4.0]], dtype=xp.float32)
    return x if batched else x[0, :]


def one(x):
    """Number of the only problem, or of the first."""
    return np.ravel(values(x))[0]


@pytest.mark.parametrize("batched", [False, True])
def test_a_direction_that_ascends_is_replaced_by_the_gradient(xp, batched):
    x0 = starts(xp, batched)
    found = [
        optim.minimize(bowl, x0, method=Along(factor=factor), batched=batched, gtol=1e-3)
        for factor in (-1.0, 1.0)
    ]
    assert np.all(values(found[0].status) == Status.CONVERGED)
    assert_close(found[0].x, found[1].x)
    assert np.all(values(found[0].iterations) == values(found[1].iterations))


@pytest.mark.parametrize("factor", [np.nan, np.inf])
@pytest.mark.parametrize("batched", [False, True])
def test_a_direction_that_is_not_finite_is_replaced_by_the_gradient(xp, batched, factor):
    x0 = starts(xp, batched)
    r = optim.minimize(bowl, x0, method=Along(factor=float(factor)), batched=batched, gtol=1e-3)
    assert np.all(values(r.status) == Status.CONVERGED)
    assert_close(r.x, xp.ones_like(x0), atol=1e-3)


@pytest.mark.parametrize("batched", [False, True])
def test_where_no_step_is_found_nothing_moves(xp, batched):
    x0 = starts(xp, batched)
    r = optim.minimize(bowl, x0, method=Along(search=NOWHERE), batched=batched)
    assert np.all(values(r.status) == Status.NO_PROGRESS)
    assert_close(r.x, x0)
    assert np.all(values(r.iterations) == 0)
    assert np.all(values(r.evaluations) == 2)  # one probe: nothing had been learned that could be forgotten


@pytest.mark.parametrize("batched", [False, True])
def test_a_search_that_fails_is_begun_anew_once(xp, batched):
    """With a fresh memory; where it fails again, without anything learned between, there is no step."""
    memories = []

    class Seen(Counting):
        def direction(self, problem, point, memory):
            memories.append(one(memory) if batched and "jax" not in xp.__name__ else memory)
            return super().direction(problem, point, memory)

    x0 = starts(xp, batched)
    r = optim.minimize(bowl, x0, method=Seen(search=Told(above=6.0)), batched=batched)
    assert one(r.status) == Status.NO_PROGRESS
    # the start, a step that takes the value from 12 to below 6, a failure, and another
    assert [int(one(r.iterations)), int(one(r.evaluations))] == [1, 4]
    if "jax" not in xp.__name__:
        assert [int(m) for m in memories[:4]] == [0, 1, 0, 0]


@pytest.mark.parametrize("batched", [False, True])
def test_steps_that_only_wander_end(xp, batched):
    """A search that takes steps of any kind is stopped where none goes down."""
    flat = lambda x: 0.0 * bowl(x) + 1.0
    x0 = starts(xp, batched)
    r = optim.minimize(flat, x0, method=Along(search=ANYWHERE), batched=batched, gtol=-1.0)
    assert np.all(values(r.status) == Status.NO_PROGRESS)
    assert np.all(values(r.iterations) == PATIENCE + 1)


@pytest.mark.parametrize(
    ("method", "start", "length"),
    [
        (Along(), (3.0, -1.0), 1.0),
        (Along(factor=1e-3), (3.0, -1.0), 1.0),  # a short direction far from a value of zero
        (Along(), (1.001, 1.0), None),
        (Natural(), (3.0, -1.0), None),
    ],
)
def test_the_first_step_is_no_longer_than_one(xp, method, start, length):
    """Nor than the whole direction, where that is short and the value small; with a natural length it is that."""
    x0 = xp.asarray(start, dtype=xp.float32)
    r = optim.minimize(bowl, x0, method=method.replace(search=ANYWHERE), max_iterations=1)
    step, whole = values(r.x) - values(x0), -method.factor * values(xdl.grad(bowl)(x0))
    expected = whole if length is None else whole / np.linalg.norm(whole)
    np.testing.assert_allclose(step, expected, rtol=1e-3)


def test_products_are_counted_with_directions(xp):
    x0 = starts(xp, True)
    r = optim.minimize(bowl, x0, method=Along(), batched=True, gtol=1e-3)
    # one direction at the start, and one after each step that found no solution
    assert np.all(values(r.products) == 2 * np.maximum(values(r.iterations), 1))
    alone = [optim.minimize(bowl, x0[k, :], method=Along(), gtol=1e-3) for k in range(3)]
    assert [int(values(r.products)) for r in alone] == values(r.products).tolist()


@pytest.mark.xp_skip("jax", reason="a program would be compiled for each")
@pytest.mark.parametrize("method", [Along(), Counting(), optim.BFGS()])
def test_problems_search_by_themselves(xp64, method):
    """Each problem of a batch makes the probes and the steps that it makes alone."""
    x0 = xp64.asarray([[-1.2, 1.0], [0.5, 0.5], [1.0, 1.0], [30.0, -30.0]], dtype=xp64.float64)
    r = optim.minimize(rosenbrock, x0, method=method, batched=True, max_iterations=15)
    for k in range(x0.shape[0]):
        alone = optim.minimize(rosenbrock, x0[k, :], method=method, max_iterations=15)
        assert int(values(alone.iterations)) == values(r.iterations)[k]
        assert int(values(alone.evaluations)) == values(r.evaluations)[k]
        assert int(values(alone.status)) == values(r.status)[k]
        assert_close(r.x[k, :], alone.x, rtol=1e-6, atol=1e-9)
