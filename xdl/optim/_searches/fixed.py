"""Steps of a length that does not depend on the values."""

from typing import Any

from xdl.optim._search import LineSearch, Probe

__all__ = ["Fixed"]


class Fixed(LineSearch):
    """Accept the first step, wherever it leads: for gradient descent, a learning rate.

    Parameters
    ----------
    length : float, optional
        Length of the step in units of the direction; by default what the method suggests.

    Raises
    ------
    ValueError
        If the length is not positive.

    Notes
    -----
    The search fails at a value that is not finite.
    """

    length: float | None = None

    def __post_init__(self) -> None:
        if self.length is not None and not self.length > 0.0:
            message = f"`length` must be positive, got {self.length}"
            raise ValueError(message)

    def start(self, xs: Any, value: Any, slope: Any, step: Any) -> Probe:
        """Take the step."""
        no = value < value
        return Probe(step if self.length is None else xs.constant(self.length), no, no, xs.integer(0))

    def next(self, xs: Any, probe: Probe, value: Any, slope: Any) -> Probe:
        """Accept it."""
        finite = xs.isfinite(value) & xs.isfinite(slope)
        return Probe(probe.step, finite, xs.negate(finite), probe.count + 1)
