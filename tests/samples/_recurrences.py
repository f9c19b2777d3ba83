"""Arguments of recurrences: of one step too few for a block, of several blocks, with padding, against time."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._sample import Sample, joined, sample


def recurrences(
    states: int, gates: int, *, inner_bias: bool = False, biased: bool = True, **options: Any
) -> Iterator[Sample]:
    """Samples of a recurrence of ``states`` states, whose weights are those of ``gates`` gates."""
    rng = np.random.default_rng(0)

    def draw(n: int, t: int, n_in: int, m: int, lengths: Any, *, bare: bool = False) -> tuple[Any, ...]:
        # small weights: derivatives along many steps stay of the size of one
        w_x, w_h = 0.5 * rng.normal(size=(n_in, gates * m)), 0.5 * rng.normal(size=(m, gates * m)) / m**0.5
        b = 0.5 * rng.normal(size=gates * m)
        inner = (0.5 * rng.normal(size=m),) if inner_bias else (None,) * (not biased)
        h = [rng.normal(size=(n, m)) for _ in range(states)]
        if bare:
            h, b, inner = [None] * states, None, tuple(None for _ in inner)
        lengths = None if lengths is None else np.asarray(lengths)
        return rng.normal(size=(n, t, n_in)), *h, w_x, w_h, b, *inner, lengths

    padded = np.asarray([3, 0, 2, 7, -1], dtype=np.int8)
    many = rng.integers(0, 8, size=70)
    for args, reverse, smooth in (
        (draw(2, 3, 3, 4, None), False, True),
        (draw(5, 3, 3, 2, padded), True, True),
        (draw(2, 2, 1, 3, None, bare=True), True, False),
        (draw(5, 3, 3, 2, padded, bare=True), False, False),
        (draw(70, 7, 5, 3, None), False, False),
        (draw(70, 7, 5, 3, many), True, False),
        (draw(1, 70, 2, 3, None), False, False),
        (draw(2, 0, 3, 2, None), False, False),
        (draw(0, 3, 3, 2, None), False, False),
        (draw(3, 2, 2, 2, np.zeros(3, dtype=np.int64)), False, False),
    ):
        yield sample(*args, reverse=reverse, smooth=smooth, post=joined, **options)
