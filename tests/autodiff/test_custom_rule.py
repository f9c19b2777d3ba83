"""Derivatives of the user's own, by the tape and by every library's engine."""

import numpy as np
import pytest
from asserts import assert_close, values
from smooth import X, make, tolerance

import xdl
from xdl import array_namespace


def doubled(engine, **rules):
    """Product whose declared derivative by ``a`` is twice the true one: seen only if the rule is used."""
    f = xdl.custom_rule(lambda a, b: {"y": a * b}, **rules)
    return lambda a: array_namespace(a).sum(f(a, a * a)["y"])


PULL = {"pullback": lambda dy, y, a, b: (2 * dy["y"] * b, dy["y"] * a)}


PUSH = {"pushforward": lambda d, y, a, b: {"y": 2 * d[0] * b + a * d[1]}}


@pytest.mark.parametrize("rules", [PULL, PUSH, PULL | PUSH], ids=["pullback", "pushforward", "both"])
def test_custom_rule_serves_both_modes_and_second_order(xp, engine, rules):
    f, x, v = doubled(engine, **rules), make(xp, X), make(xp, [1.0, -1.0, 0.5])
    slope = 2 * X**2 + X * 2 * X  # 2 b + a db/da with b = a**2
    assert_close(xdl.grad(f, engine=engine)(x), slope, like=x, **tolerance(xp))
    found = xdl.jvp(f, (x,), (v,), engine=engine)[1]
    assert_close(found, np.asarray((slope * values(v)).sum()), like=x, **tolerance(xp))


def test_custom_rule_without_rules_says_so(xp):
    with pytest.raises(TypeError, match="a pullback or a pushforward"):
        xdl.custom_rule(lambda x: x)(make(xp, 1.0))


def test_integers_beside_the_result_have_no_derivative(xp, engine):
    """Such as the number of iterations that a rule for their fixed point does not ask about."""

    def forward(x):
        xp = array_namespace(x)
        return x * x, xp.astype(xp.sum(x), xp.int32)

    f = xdl.custom_rule(
        forward,
        pullback=lambda dy, y, x: (2 * dy[0] * x,),
        pushforward=lambda dx, y, x: (2 * dx[0] * x, array_namespace(x).zeros_like(y[1])),
    )
    loss, x, v = lambda x: array_namespace(x).sum(f(x)[0]), make(xp, X), make(xp, [1.0, -1.0, 0.5])
    assert_close(xdl.grad(loss, engine=engine)(x), 2 * X, like=x, **tolerance(xp))
    dy = xdl.jvp(loss, (x,), (v,), engine=engine)[1]
    assert_close(dy, np.asarray((2 * X * values(v)).sum()), like=x, **tolerance(xp))
