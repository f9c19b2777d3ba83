import numpy as np
import pytest
from asserts import values

import xdl
from xdl import optim


@pytest.mark.parametrize("likelihood", [optim.Categorical(), optim.Normal()], ids=repr)
def test_slopes_of_samples_have_the_fisher_information_as_their_covariance(xp, syncs, likelihood):
    """Which is the Hessian of the loss by the outputs, whatever the targets are."""
    key = xdl.random.key(0)
    z = xp.asarray([[0.5, -1.0, 0.2]] * 4000, dtype=xp.float32)
    targets = likelihood.sample(key, z)
    slopes = values(xdl.grad(lambda z, t: likelihood.loss(z, t))(z, targets)) * 4000
    p = np.exp([0.5, -1.0, 0.2])
    p /= p.sum()
    expected = np.diag(p) - np.outer(p, p) if isinstance(likelihood, optim.Categorical) else np.eye(3)
    np.testing.assert_allclose(slopes.T @ slopes / 4000, expected, atol=0.06)
