import numpy as np
import pytest
from asserts import assert_equal, values
from optim.catalogue import MAKERS, brief, example

import xdl
from xdl import optim

HALVES = pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
ALONE = [rule for rule in MAKERS if not hasattr(rule, "rules")]  # groups of leaves are tested below
WHERE = pytest.mark.xp_only("torch", "jax-x32", reason="the standard has no half precision")


@HALVES
@WHERE
@pytest.mark.parametrize("donate", [False, True])
def test_small_steps_are_summed(xp, dtype, donate):
    """Each is lost when added to one in half precision."""
    x = xp.ones((3,), dtype=getattr(xp, dtype))
    for rule, expected in (
        (optim.SGD(1.0), 1.0),
        (optim.chain(optim.mixed_precision(), optim.SGD(1.0)), 0.875),
    ):
        y, state = x + 0, optim.init(rule, x)
        for _ in range(1280):
            y, state = optim.update(rule, y, xp.full_like(x, 2**-13 * 0.8), state, donate=donate)
        assert y.dtype == x.dtype
        np.testing.assert_allclose(values(y), expected, rtol=5e-3)


@HALVES
@pytest.mark.xp_only("torch", reason="the standard has no half precision; one library is enough")
@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("rule", ALONE, ids=brief)
def test_parameters_are_the_nearest_to_those_of_single_precision(xp, rule, dtype, donate):
    half = getattr(xp, dtype)
    params, slopes = example(xp)
    x = xdl.tree.map(lambda x: xp.astype(x, half), params)
    slopes = xdl.tree.map(lambda g: xp.astype(g, half), slopes)
    y = xdl.tree.map(lambda x: xp.astype(x, xp.float32), x)
    mixed = optim.chain(optim.mixed_precision(), rule)
    state, other = optim.init(mixed, x), optim.init(rule, y)
    for k in range(4):
        grads = xdl.tree.map(lambda g, k=k: g * (1 + k % 3), slopes)
        x, state = optim.update(mixed, x, grads, state, donate=donate)
        y, other = optim.update(rule, y, xdl.tree.map(lambda g: xp.astype(g, xp.float32), grads), other)
        close = xdl.tree.map(lambda y: xp.astype(y, half), y)
        # The donated step may round otherwise in float32.
        for a, b in zip(xdl.tree.leaves(x), xdl.tree.leaves(close), strict=True):
            np.testing.assert_allclose(values(a), values(b), rtol=1e-2 if donate else 0, atol=1e-3 * donate)
    evaluated = optim.evaluation_params(state, x)
    assert all(leaf.dtype == half for leaf in xdl.tree.leaves(evaluated))


@pytest.mark.xp_only("torch", reason="the standard has no half precision; one library is enough")
def test_other_leaves_have_no_copy(xp):
    rule = optim.chain(optim.mixed_precision(), optim.partition({"a": optim.SGD(1.0)}, {"": "a"}))
    x = (xp.ones(2, dtype=xp.bfloat16), xp.ones(2), xp.ones(2, dtype=xp.complex64))
    state = optim.init(rule, x)
    assert [len(own) for own, _ in state.leaves] == [1, 0, 0]
    new, state = optim.update(rule, x, x, state)
    assert_equal(new, tuple(xp.zeros_like(a) for a in x))


@pytest.mark.xp_only("torch", reason="leaves that are updated in place are torch's")
def test_a_parameter_of_torch_stays_itself(xp):
    import torch

    x = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    rule = optim.chain(optim.mixed_precision(), optim.Adam(0.125))
    new, state = optim.update(rule, x, torch.ones(3, dtype=torch.bfloat16), optim.init(rule, x), donate=True)
    assert new is x
    np.testing.assert_allclose(values(x), 0.875)
    np.testing.assert_allclose(values(state.leaves[0][0][0]), 0.875)
