import numpy as np
import pytest
from asserts import assert_close, values
from optim.functions import rosenbrock

import xdl
from xdl import optim


@pytest.mark.xp_only("jax", reason="JAX alone compiles whole runs")
def test_a_run_is_compiled_once_for_a_function_and_a_method(xp):
    calls = []

    def f(x):
        calls.append(x)
        return rosenbrock(x)

    starts = [xp.asarray(x, dtype=xp.float32) for x in ([-1.2, 1.0], [0.5, 0.5])]
    for x0 in starts:
        optim.minimize(f, x0, method=optim.BFGS(), gtol=1e-2)
        n = len(calls)
    optim.minimize(f, starts[0], method=optim.BFGS(), gtol=1e-2)
    assert len(calls) == n
    optim.minimize(f, starts[0], method=optim.GradientDescent(), gtol=1e-2, max_iterations=3)
    assert len(calls) > n


@pytest.mark.xp_only("jax", reason="JAX alone compiles whole runs")
def test_a_run_inside_a_compiled_program(xp64):
    x0 = xp64.asarray([-1.2, 1.0])
    r = xdl.jit(lambda x0: optim.minimize(rosenbrock, x0))(x0)
    np.testing.assert_allclose(values(r.x), 1.0, atol=1e-6)
    assert r.success


def test_a_map_over_starts_is_a_batch(xp64, syncs):
    x0 = xp64.asarray([[-1.2, 1.0], [0.5, 0.5], [1.0, 1.0]])
    mapped = xdl.vmap(lambda x: optim.minimize(rosenbrock, x).x)
    if xp64.__name__.endswith("torch"):
        with pytest.raises(RuntimeError, match="vmap"):
            mapped(x0)  # the host asks for values, which torch.func has none of
        return
    found = mapped(x0)
    assert_close(found, optim.minimize(rosenbrock, x0, batched=True).x, rtol=1e-7)


def test_an_observed_run_is_the_same_run(xp64, syncs):
    x0, counts = xp64.asarray([-1.2, 1.0]), []
    seen = optim.minimize(rosenbrock, x0, callback=lambda r: counts.append(int(values(r.iterations))))
    plain = optim.minimize(rosenbrock, x0)
    assert counts == list(range(1, int(values(plain.iterations)) + 1))
    assert_close([seen.x, seen.evaluations], [plain.x, plain.evaluations], rtol=1e-7)
