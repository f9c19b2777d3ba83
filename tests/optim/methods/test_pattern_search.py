import numpy as np
import pytest
from optim.functions import rosenbrock
from optim.problems import SQUARES, UNCONSTRAINED

from xdl import optim


def test_problems_of_more_garbow_and_hillstrom():
    """Solved to 1e-4 of the minimum, but for those whose valleys are too narrow for moves along the axes."""
    unsolved = []
    for name in UNCONSTRAINED:
        case = SQUARES[name]
        if case.n > 12:
            continue
        r = optim.minimize(
            case.value,
            np.asarray(case.start),
            method=optim.PatternSearch(),
            max_iterations=5000,
            max_evaluations=20_000,
        )
        assert r.success, name
        low = min(case.minima)
        if float(r.value) - low > 1e-4 * max(low, 1.0):
            unsolved.append(name)
    assert unsolved == ["Brown badly scaled"]


def test_moves_and_jumps_by_hand():
    """x**2 + y**2 from (3, 0) by moves of 1 and 1/3: back along x; none along y; the jump."""
    f = lambda x: np.sum(x * x)
    r = optim.minimize(
        f, np.asarray([3.0, 0.0]), method=optim.PatternSearch(initial=1 / 3), max_evaluations=10, record=True
    )
    probes = [tuple(x.tolist()) for x, _ in r.trace.probes]
    assert probes[:6] == [(3, 0), (4, 0), (2, 0), (2, 1 / 3), (2, -1 / 3), (1, 0)]


def test_a_function_without_derivatives():
    """The largest of three moduli: no slope is zero anywhere but at the corner."""
    f = lambda x: np.max(np.abs(np.stack([x[0] - 1.0, 2.0 * (x[1] + 0.5), x[0] + x[1] - 0.5])))
    r = optim.minimize(f, np.asarray([1.0, 1.0]), method=optim.PatternSearch())
    assert r.success
    assert r.value < 1e-5


def test_the_length_of_moves_ends_it():
    r = optim.minimize(rosenbrock, np.asarray([-1.2, 1.0]), method=optim.PatternSearch(tolerance=1e-9))
    assert r.success
    np.testing.assert_allclose(r.x, 1.0, atol=1e-6)


@pytest.mark.parametrize("shrink", [1.0, 1.5])
def test_moves_must_get_shorter(shrink):
    with pytest.raises(ValueError, match="`shrink` must be in"):
        optim.PatternSearch(shrink=shrink)
