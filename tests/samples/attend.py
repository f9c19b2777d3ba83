"""Samples of attention; without dropout, because the portable definitions of random bits do not run everywhere.

Blocks of long sequences are compared in ``nn/test_attend.py``.
"""

import numpy as np

from ._sample import RNG, joined, sample

OPTIONS = {"offset": None, "scale": 0.5, "dropout": 0.0}


def draw(*shape):
    return RNG.normal(size=shape)


def arrays(t, s, heads=2, kv_heads=2, d=3, dv=4, batch=(2,)):
    return draw(*batch, heads, t, d), draw(*batch, kv_heads, s, d), draw(*batch, kv_heads, s, dv)


def chosen(*shape):
    """Mask in which the first query attends to nothing."""
    mask = RNG.random(shape) < 0.6
    mask[..., 0, :] = False
    return mask


def steep(*shape):
    """Bias with entries so low that they mask, and whose scores cannot be known to be small."""
    return np.where(RNG.random(shape) < 0.4, -1e4, RNG.normal(size=shape))


def behind(x):
    """Array with the axis of heads behind that of time in memory, as layers make it."""
    return x.swapaxes(-2, -3).copy().swapaxes(-2, -3)


SMALL = arrays(3, 4)
BIAS, MASK = draw(1, 2, 3, 4), chosen(2, 1, 3, 4)
GROUPED = arrays(3, 4, heads=4)
SQUARE = arrays(4, 4, batch=())

# name -> arguments, options, whether derivatives are compared too
CALLS = {
    "plain": ((*SMALL, None, None, None), {}, True),
    "masked": ((*SMALL, BIAS, MASK, None), {}, True),
    "repeated": ((*SMALL, BIAS[..., :1, :], MASK[:1, :, :, :1], None), {"offset": 1}, True),
    "grouped": ((*map(behind, GROUPED), draw(1, 1, 3, 4), MASK, None), {"offset": 1}, True),
    "shared": ((*GROUPED, None, None, None), {}, True),
    "ahead": ((*arrays(5, 3, dv=3), None, None, None), {"offset": 1}, True),
    "causal": ((*SQUARE, None, None, None), {"offset": 0}, True),
    "some": ((*SQUARE, draw(1, 1, 1), None, None), {"offset": -2}, False),
    "none": ((*SQUARE, None, None, None), {"offset": -9}, True),
    "empty": ((*[x[:0] for x in SMALL], None, None, None), {}, False),
    "steep": ((*SMALL, steep(1, 2, 3, 4), MASK, None), {"offset": 1}, False),
    "large": ((*arrays(130, 140, batch=(1,)), draw(1, 1, 1, 140), None, None), {"offset": 10}, False),
}
WANTED = [
    ((True, True, True, False), "plain"),
    ((True, True, True, False), "shared"),
    ((True, True, True, False), "ahead"),
    ((True, False, True, False), "causal"),
    ((False, True, False, False), "causal"),
    ((False, False, True, False), "causal"),
    ((True, True, True, True), "masked"),
    ((False, True, False, True), "repeated"),
    ((False, False, True, False), "repeated"),
    ((True, False, True, True), "grouped"),
    ((True, True, True, True), "some"),
    ((True, True, True, False), "none"),
    ((True, True, True, True), "steep"),
    ((True, True, True, True), "large"),
]


def forward(call):
    args, options, smooth = call
    return sample(*args, smooth=smooth, post=lambda found: found[0], **(OPTIONS | options))


def pullback(wanted, call):
    args, options, smooth = call
    q, _, v = args[:3]
    dy, y = draw(*q.shape[:-1], v.shape[-1]), draw(*q.shape[:-1], v.shape[-1])
    return sample(dy, y, *args, smooth=smooth, post=joined, wanted=wanted, **(OPTIONS | options))


SAMPLES = {
    "nn.attend": tuple(
        sample(*args, smooth=smooth, **(OPTIONS | options)) for args, options, smooth in CALLS.values()
    ),
    "nn.attend_forward": tuple(map(forward, CALLS.values())),
    "nn.attend_pullback": tuple(pullback(wanted, CALLS[name]) for wanted, name in WANTED),
}
