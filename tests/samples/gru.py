"""Samples of gated recurrent units."""

from ._recurrences import recurrences

SAMPLES = {
    "nn.gru": (
        *recurrences(1, 3, biased=False, reset="before"),
        *recurrences(1, 3, inner_bias=True, reset="after"),
    )
}
