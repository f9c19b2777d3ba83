"""Outputs of chosen actions, by indexing; their derivatives, by differences."""

import numpy as np
import pytest

import xdl
from xdl.rl._deep.chosen import chosen_outputs

RNG = np.random.default_rng(0)
OUT, ACTION = RNG.standard_normal((6, 4, 3)), np.asarray([3, 0, 1, 1, 2, 3])


@pytest.mark.xp_skip("jax-x32", reason="as with float64")
def test_outputs_are_those_of_the_actions(xp):
    found = chosen_outputs(xp.asarray(OUT.astype(np.float32)), xp.asarray(ACTION))
    expected = OUT.astype(np.float32)[np.arange(6), ACTION]
    np.testing.assert_array_equal(xdl.to_numpy(found), expected)


@pytest.mark.xp_only("numpy", "torch", reason="the same rule on all")
def test_derivatives(xp64):
    xdl.check_grads(lambda out: chosen_outputs(out, xp64.asarray(ACTION)), (xp64.asarray(OUT),))
