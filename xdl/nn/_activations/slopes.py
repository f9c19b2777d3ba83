"""How smooth activations are differentiated: most compute the slope beside the value, and keep it."""

from collections.abc import Callable
from typing import Any

from xdl.autodiff import rule
from xdl.core import Array, array_namespace, generic

__all__ = ["by_slope", "times"]


@generic
def times(dy: Array, slope: Array, /) -> Array:
    """Return the product of two arrays of one shape."""
    return array_namespace(dy, slope).multiply(dy, slope)


def by_slope(
    function: Any, slope: Callable[..., Array], both: Callable[..., tuple[Array, Array]] | None = None
) -> None:
    """Give an elementwise function its derivative.

    Parameters
    ----------
    function : generic function
        ``function(x, **options)``.
    slope : callable
        ``slope(x, **options)``, its derivative, which can be differentiated again.
    both : generic function, optional
        ``both(x, **options)`` returns value and slope, where they share most of the work.
    """

    def pull(xp: Any, dy: Array, y: Array, x: Array, *, saved: Array | None = None, **options: Any) -> Array:
        return times(dy, slope(x, **options) if saved is None else saved)

    def push(xp: Any, dx: Array, y: Array, x: Array, **options: Any) -> Array:
        return times(dx, slope(x, **options))

    rule(function, forward=both, pullback=(pull,), pushforward=(push,))
