"""The checker of gradients must pass right ones and catch wrong ones."""

import pytest

import xdl
from xdl import array_namespace


def smooth(x):
    xp = array_namespace(x)
    return {"y": xp.sin(x) * xp.exp(x), "s": xp.sum(x**3)}


@pytest.mark.xp_skip("mock", reason="the check compares values on the host")
def test_right_gradients_pass(xp64):
    x = xp64.asarray([0.3, -0.7], dtype=xp64.float64)
    xdl.check_grads(smooth, (x,))
    xdl.check_grads(smooth, (x,), engine="tape")


@pytest.mark.parametrize(("mode", "rules"), [
    ("reverse", {"pullback": lambda dy, y, x: (1.01 * dy * 2 * x,), "pushforward": lambda d, y, x: 2 * x * d[0]}),
    ("forward", {"pullback": lambda dy, y, x: (dy * 2 * x,), "pushforward": lambda d, y, x: 2.02 * x * d[0]}),
])  # fmt: skip
def test_wrong_gradients_are_caught_and_the_mode_named(mode, rules):
    import numpy as np

    f = xdl.custom_rule(lambda x: x * x, **rules)
    with pytest.raises(AssertionError, match=f"order 1, {mode} mode"):
        xdl.check_grads(f, (np.asarray([0.3, 0.8]),))


def test_wrong_second_order_is_caught():
    import numpy as np

    # right at first order; the pullback hides from the second how it depends on x
    f = xdl.custom_rule(lambda x: x * x, pullback=lambda dy, y, x: (dy * 2 * xdl.stop_gradient(x),))
    with pytest.raises(AssertionError, match="order 2"):
        xdl.check_grads(f, (np.asarray([0.3, 0.8]),))
    xdl.check_grads(f, (np.asarray([0.3, 0.8]),), order=1)
