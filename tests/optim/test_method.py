"""What all methods begin with."""

import numpy as np
import pytest
from asserts import assert_equal, values
from optim.functions import bowl

from xdl.optim import Status
from xdl.optim._flat import Flat
from xdl.optim._method import Method
from xdl.optim._problem import Problem
from xdl.optim._scalars import OfArrays, OfFloats

pytestmark = pytest.mark.usefixtures("syncs")


def problem_of(xp, x, f=bowl):
    batched = x.ndim == 2
    return Problem(f, Flat(x, batched=batched), (), (OfArrays if batched else OfFloats)(x, xp))


def test_the_first_iterate_of_one_problem(xp):
    x = xp.asarray([2.0, 1.0, -1.0], dtype=xp.float32)
    state = Method().begin(problem_of(xp, x), x, memory="own")
    assert (state.status, state.iterations, state.evaluations, state.products) == (-1, 0, 1, 0)
    assert state.memory == "own"
    assert state.value == 13.0
    assert_equal(state.grad, [2.0, 0.0, -12.0], like=x)
    assert Method().measure(problem_of(xp, x), state) == 12.0


def test_a_start_that_is_not_finite_ends_its_problem_alone(xp):
    rows = [[2.0, 1.0], [np.nan, 1.0], [np.inf, 0.0], [1.0, 1.0]]
    x = xp.asarray(rows, dtype=xp.float32)
    problem = problem_of(xp, x)
    state = Method().begin(problem, x)
    bad, running = int(Status.NOT_FINITE), int(Status.RUNNING)
    assert values(state.status).tolist() == [running, bad, bad, running]
    assert values(state.evaluations).tolist() == [1] * 4
    for row, status in zip(rows, values(state.status), strict=True):
        one = xp.asarray(row, dtype=xp.float32)
        with np.errstate(invalid="ignore"):
            assert Method().begin(problem_of(xp, one), one).status == status


def test_a_gradient_that_is_not_finite_ends_too(xp):
    root = lambda x: (x[..., 0] ** 2) ** 0.25
    x = xp.asarray([0.0], dtype=xp.float32)
    with np.errstate(all="ignore"):
        state = Method().begin(problem_of(xp, x, root), x)
    assert state.value == 0.0
    assert state.status == Status.NOT_FINITE


def test_a_method_defines_both_functions(xp):
    x = xp.asarray([1.0], dtype=xp.float32)
    for call in (Method().init, Method().step):
        with pytest.raises(NotImplementedError):
            call(problem_of(xp, x), x)
