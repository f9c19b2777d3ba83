"""When runs end: each reason alone, which of two counts more, in a batch as on the host."""

import numpy as np
import pytest
from asserts import values

from xdl.optim import Status
from xdl.optim._flat import Flat
from xdl.optim._method import Iterate, Method
from xdl.optim._problem import Problem
from xdl.optim._scalars import OfArrays, OfFloats
from xdl.optim._stopping import Stopping

pytestmark = pytest.mark.usefixtures("syncs")

# What a pass did to (x, value, largest entry of the gradient, status, iterations, evaluations).
START = {"x": 1.0, "value": 2.0, "grad": 1.0, "status": -1, "iterations": 3, "evaluations": 5}
MOVED = {"x": 0.5, "value": 1.0, "grad": 0.5, "iterations": 4, "evaluations": 6}
PASSES = {
    "moved": (MOVED, Status.RUNNING),
    "only probed": ({"evaluations": 6}, Status.RUNNING),
    "probed too often": ({"evaluations": 10}, Status.MAX_EVALUATIONS),
    "moved, and evaluated too often": (MOVED | {"evaluations": 10}, Status.MAX_EVALUATIONS),
    "too many steps": (MOVED | {"iterations": 7}, Status.MAX_ITERATIONS),
    "too many of both": (MOVED | {"iterations": 7, "evaluations": 10}, Status.MAX_ITERATIONS),
    "small gradient": (MOVED | {"grad": -1e-4}, Status.CONVERGED),
    "small gradient with the last step": (MOVED | {"grad": 1e-4, "iterations": 7}, Status.CONVERGED),
    "small gradient before, no step": ({"grad": 1e-4, "evaluations": 6}, Status.RUNNING),
    "small step": (MOVED | {"x": 1.0 - 1e-5}, Status.SMALL_STEP),
    "small step in the last iteration": (MOVED | {"x": 1.0 - 1e-5, "iterations": 7}, Status.SMALL_STEP),
    "small change": (MOVED | {"value": 2.0 - 1e-5}, Status.SMALL_CHANGE),
    "small change and step": (MOVED | {"value": 2.0 - 1e-5, "x": 1.0 - 1e-5}, Status.SMALL_STEP),
    "no change, no step": ({"evaluations": 7}, Status.RUNNING),
    "a fall without end": (MOVED | {"value": -1e31}, Status.UNBOUNDED),
    "its own status": (MOVED | {"status": int(Status.NO_PROGRESS), "grad": 1e-4}, Status.NO_PROGRESS),
}
STOPPING = Stopping(gtol=1e-3, xtol=1e-4, ftol=1e-4, max_iterations=7, max_evaluations=10)


def iterates(xp, rows, batched):
    rows = [START | row for row in rows]
    dtype = xp.float32
    number = lambda name: xp.asarray([row[name] for row in rows], dtype=dtype)
    vector = lambda name: xp.stack([number(name), xp.zeros_like(number(name))], axis=-1)
    if batched:
        integer = lambda name: xp.asarray([row[name] for row in rows], dtype=xp.int32)
        counts = {name: integer(name) for name in ("status", "iterations", "evaluations")}
        return Iterate(
            vector("x"), number("value"), vector("grad"), products=counts["iterations"], memory=(), **counts
        )
    (row,) = rows
    counts = {name: row[name] for name in ("status", "iterations", "evaluations")}
    return Iterate(vector("x")[0, :], row["value"], vector("grad")[0, :], products=0, memory=(), **counts)


def problem_of(xp, state):
    batched = state.x.ndim == 2
    flat = Flat(state.x, batched=batched)
    return Problem(lambda x: x, flat, (), (OfArrays if batched else OfFloats)(state.x, xp))


@pytest.mark.parametrize("name", PASSES)
def test_one_problem(xp, name):
    row, status = PASSES[name]
    before, after = iterates(xp, [{}], False), iterates(xp, [row], False)
    assert STOPPING.judge(Method(), problem_of(xp, before), before, after).status == status


def test_a_batch(xp):
    before = iterates(xp, [{}] * len(PASSES), True)
    after = iterates(xp, [row for row, _ in PASSES.values()], True)
    found = STOPPING.judge(Method(), problem_of(xp, before), before, after)
    named = dict(zip(PASSES, values(found.status).tolist(), strict=True))
    assert named == {name: int(status) for name, (_, status) in PASSES.items()}
    assert found.x is after.x


@pytest.mark.parametrize("batched", [False, True])
def test_tolerances_of_zero_ask_for_nothing(xp, batched):
    before, after = iterates(xp, [{}], batched), iterates(xp, [{"iterations": 4}], batched)
    found = Stopping().judge(Method(), problem_of(xp, before), before, after)
    assert np.all(np.asarray(values(found.status) if batched else found.status) == Status.RUNNING)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize(
    ("row", "bound", "status"),
    [
        ({}, 7, Status.RUNNING),
        ({"grad": 1e-4}, 7, Status.CONVERGED),
        ({"grad": 1e-4}, 0, Status.CONVERGED),
        ({}, 0, Status.MAX_ITERATIONS),
        ({"grad": np.nan}, 7, Status.RUNNING),
        ({"grad": 1e-4, "status": int(Status.NOT_FINITE)}, 0, Status.NOT_FINITE),
    ],
)
def test_a_start_may_need_no_step(xp, batched, row, bound, status):
    state = iterates(xp, [row], batched)
    found = Stopping(gtol=1e-3, max_iterations=bound).first(Method(), problem_of(xp, state), state)
    assert np.all(np.asarray(values(found.status) if batched else found.status) == status)
