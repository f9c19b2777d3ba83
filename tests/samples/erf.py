"""Samples of the error function."""

from ._rows import ELEMENTWISE, LARGE

SAMPLES = {
    "nn.erfc": tuple(s for s in ELEMENTWISE if s.args[0] is not LARGE),
}
