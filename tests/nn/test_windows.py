import itertools

import numpy as np
import pytest
from asserts import assert_close, assert_equal, values

from xdl.nn._geometry import geometry
from xdl.nn._windows import axes_of, join, see

RNG = np.random.default_rng(0)
WINDOWS = [
    (n, k, s, p, d)
    for n, k, s, p, d in itertools.product((5, 8), (1, 2, 3), (1, 2, 3), ((0, 0), (1, 0), (1, 2)), (1, 2))
    if d * (k - 1) < n and max(p) < k
]


def test_what_places_see_and_the_transpose(xp):
    """<see(x), y> = <x, join(y)>, for windows of all kinds on the second axis."""
    for n, k, s, p, d in WINDOWS:
        g = geometry((n,), (k,), stride=s, padding=(p,), dilation=d)
        for a in axes_of(g):
            x = xp.asarray(RNG.integers(-5, 5, size=(2, n, 3)), dtype=xp.float32)
            parts = see(xp, x, a, 0.0)
            padded = np.pad(values(x), ((0, 0), p, (0, 0)))
            for i, (part, within) in enumerate(parts):
                places = np.arange(a.output) * s + i * d
                assert_equal(part, padded[:, places], like=x)
                there = (places >= p[0]) & (places < n + p[0])
                assert (within is None) == there.all()
                if within is not None:
                    assert values(within)[:, 0].tolist() == there.tolist()
            ys = [xp.asarray(RNG.integers(-5, 5, size=part.shape), dtype=xp.float32) for part, _ in parts]
            dx = join(xp, ys, a)
            assert dx.shape == x.shape
            inner = sum(
                float(np.sum(values(part) * values(y))) for (part, _), y in zip(parts, ys, strict=True)
            )
            assert_close(np.sum(values(dx) * values(x)), np.float32(inner))


def test_axes_without_work_are_left_out():
    g = geometry((5, 6, 7), (1, 2, 1), stride=(1, 1, 2), padding="valid", dilation=1)
    assert [a.axis for a in axes_of(g)] == [2, 3]


@pytest.mark.parametrize(("padding", "dilation"), [(((2, 0),), 1), (((0, 4),), 1), (((1, 1),), 4)])
def test_windows_wholly_in_the_padding(padding, dilation):
    with pytest.raises(ValueError, match="wholly in the padding"):
        axes_of(geometry((3,), (2,), stride=1, padding=padding, dilation=dilation))
