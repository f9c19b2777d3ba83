"""Every update rule, for tests of what all of them have in common."""

import re

import pytest

import xdl
from xdl import optim


def matrices(matrix, other):
    """One rule for matrices, another for all other leaves."""
    return optim.partition({"matrix": matrix, "other": other}, is_matrix)


def is_matrix(path, x):
    return "matrix" if x.ndim == 2 else "other"


def fading(count):
    return 0.1 / (1 + 0.01 * count)


def falling(count):
    return 0.1 * 0.98**count


MAKERS = [
    optim.SGD(0.1),
    optim.SGD(0.05, momentum=0.5),
    optim.SGD(0.05, momentum=0.5, nesterov=True),
    optim.Momentum(0.1, 0.5),
    optim.Nesterov(0.1, 0.5),
    optim.AdaGrad(0.5),
    optim.AdaDelta(1.0, eps=1e-2),
    optim.RMSprop(fading),
    optim.RMSprop(fading, centered=True, momentum=0.5, eps=1e-3),
    optim.Adam(0.1),
    optim.Adam(fading),
    optim.AdamW(0.1, weight_decay=1e-3),
    optim.AdaMax(0.1),
    optim.NAdam(0.1),
    optim.AMSGrad(0.1),
    optim.RAdam(0.1),
    optim.AdaBelief(fading),
    optim.OAdam(fading),
    optim.Lion(fading, decay=(0.5, 0.9)),
    optim.Rprop(0.1),
    matrices(optim.LAMB(falling), optim.Adam(0.1)),
    optim.Adafactor(1.0),
    matrices(optim.Muon(fading), optim.Adam(0.1)),
    optim.ScheduleFreeSGD(0.5),
    optim.ScheduleFreeAdamW(0.5, weight_decay=1e-3),
    optim.Sophia(fading, decay=(0.5, 0.9), weight_decay=1e-3),
]

COMBINED = [
    optim.chain(optim.clip_by_norm(2.0), optim.Adam(0.1)),
    optim.chain(optim.clip_by_norm(2.0), optim.SGD(0.1)),
    optim.chain(optim.clip_by_value(1.0), optim.Momentum(0.1)),
    optim.chain(optim.weight_decay(1e-3), optim.AdamW(0.1, weight_decay=0.0)),
    optim.chain(optim.sign_decay(1e-3), optim.Adam(0.1), optim.weight_decay(1e-4), optim.clip_by_norm(0.5)),
    optim.chain(optim.SGD(0.1), optim.exponential_average(0.5), optim.lookahead(0.5, period=3)),
    optim.chain(optim.clip_by_value(9.0), optim.accumulate(3), optim.clip_by_norm(9.0), optim.Adam(fading)),
    optim.chain(optim.mixed_precision(), optim.Adam(0.1), optim.exponential_average(lambda count: 0.5)),
    optim.chain(
        optim.clip_by_norm(9.0),
        matrices(optim.chain(optim.weight_decay(1e-3), optim.Adam(0.1)), optim.SGD(0.1)),
    ),
]

RULES = [*MAKERS, *COMBINED]


def brief(rule):
    """Name of a rule, with those of the rules that it is made of."""
    inside = ",".join(brief(part) for part in getattr(rule, "rules", ()))
    return type(rule).__name__ + (f"({inside})" if inside else "")


each_rule = pytest.mark.parametrize("rule", RULES, ids=brief)


def steps(rule, params, slopes, state, n, *, donate=False):
    """Run ``n`` steps on gradients that depend on the parameters and on the step."""
    for k in range(n):
        grads = xdl.tree.map(lambda x, g, k=k: x + g * (1 + k % 3), params, slopes)
        params, state = optim.update(rule, params, grads, state, donate=donate)
    return params, state


def example(xp, dtype=None, *, shift=0.0):
    """Parameters and a gradient of every shape and kind of leaf; the gradient is not in memory order."""
    dtype = dtype or xp.float32
    x = xp.reshape(xp.linspace(-1.0, 2.0, 12, dtype=dtype), (3, 4))
    params = {"w": x, "rest": (xp.asarray(0.5, dtype=dtype), xp.ones((2,), dtype=dtype))}
    slope = xp.matrix_transpose(xp.reshape(xp.linspace(3.0, -1.0, 12, dtype=dtype), (4, 3))) + shift
    slope = slope * slope / 3 - 0.5  # of full rank
    grads = {"w": slope, "rest": (xp.asarray(-0.25, dtype=dtype), xp.asarray([1.0, 0.0], dtype=dtype))}
    return params, grads


def label(case):
    """Name of a case, the same in every process: without the place of a function in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(case))
