import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl.rl._policy.surrogates import clipped_policy_loss, clipped_value_loss

RNG = np.random.default_rng(0)
A, B, C = RNG.normal(0, 0.4, (3, 50))


def expected(loss, clip):
    """Value and derivative by torch, of the formulas as they are written everywhere."""
    torch = pytest.importorskip("torch")
    a, b, c = torch.tensor(A, requires_grad=True), torch.tensor(B), torch.tensor(C)
    if loss is clipped_policy_loss:
        ratio = torch.exp(a - b)
        value = -torch.min(ratio * c, torch.clamp(ratio, 1 - clip, 1 + clip) * c).mean()
    else:
        bounded = b + torch.clamp(a - b, -clip, clip)
        value = 0.5 * torch.max((a - c) ** 2, (bounded - c) ** 2).mean()
    value.backward()
    return value.item(), values(a.grad)


@pytest.mark.parametrize("loss", [clipped_policy_loss, clipped_value_loss], ids=["policy", "value"])
def test_loss_and_slope_are_those_of_the_formula(xp64, loss):
    a, b, c = (xp64.asarray(x) for x in (A, B, C))
    found, slope = xdl.value_and_grad(lambda a: 2 * loss(a, b, c, clip=0.2))(a)
    value, derivative = expected(loss, 0.2)
    assert float(values(found)) == pytest.approx(2 * value, rel=1e-12)
    assert (derivative == 0).sum() > 10
    assert_close(slope, 2 * derivative, like=a)
