"""Layers that drop something at random in training, and do nothing in inference."""

from xdl.core import Array, Module, static

from ._dropout import alpha_dropout, check_rate, drop_path, dropout

__all__ = ["AlphaDropout", "DropPath", "Dropout", "VariationalDropout"]


class Dropout(Module):
    """Dropout during training, nothing during inference: see `dropout`.

    Parameters
    ----------
    rate : float
        Probability that an entry is dropped, in [0, 1].
    axis : int or tuple of int
        Axes along which entries are dropped together: ``(1, 2)`` drops channels of images (n, h, w, c).
    impl : {"threefry", "native"}
        ``"native"`` draws from the library's own generator: other entries on every library, faster.
    """

    rate: float = static()
    axis: int | tuple[int, ...] = static(default=())
    impl: str = static(default="threefry")

    def __init__(self, rate: float, *, axis: int | tuple[int, ...] = (), impl: str = "threefry") -> None:
        check_rate(rate)
        self.rate, self.axis, self.impl = rate, axis, impl

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Drop entries of ``x``; without a key, return ``x``."""
        return x if key is None else dropout(x, key, rate=self.rate, axis=self.axis, impl=self.impl)


class VariationalDropout(Module):
    """Dropout of sequences with one mask for all steps during training, nothing during inference.

    Parameters
    ----------
    rate : float
        Probability that a feature of a sequence is dropped, in [0, 1].
    axis : int
        Axis of time: 1 in sequences (n, t, c).

    References
    ----------
    Gal & Ghahramani (2016), arXiv:1512.05287, section 3
    """

    rate: float = static()
    axis: int = static(default=1)

    def __init__(self, rate: float, *, axis: int = 1) -> None:
        check_rate(rate)
        self.rate, self.axis = rate, axis

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Drop features of ``x`` throughout time; without a key, return ``x``."""
        return x if key is None else dropout(x, key, rate=self.rate, axis=self.axis)


class AlphaDropout(Module):
    """Dropout that keeps mean and variance, for `selu`, during training; nothing during inference: see `alpha_dropout`.

    Parameters
    ----------
    rate : float
        Probability that an entry is dropped, in [0, 1].
    axis : int or tuple of int
        Axes along which entries are dropped together.
    """

    rate: float = static()
    axis: int | tuple[int, ...] = static(default=())

    def __init__(self, rate: float, *, axis: int | tuple[int, ...] = ()) -> None:
        check_rate(rate)
        self.rate, self.axis = rate, axis

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Drop entries of ``x``; without a key, return ``x``."""
        return x if key is None else alpha_dropout(x, key, rate=self.rate, axis=self.axis)


class DropPath(Module):
    """Whole examples set to zero during training, nothing during inference: see `drop_path`.

    As the last layer inside a `SkipConnection` this is stochastic depth.

    Parameters
    ----------
    rate : float
        Probability that an example is dropped, in [0, 1].
    """

    rate: float = static()

    def __init__(self, rate: float) -> None:
        check_rate(rate)
        self.rate = rate

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Drop examples of ``x`` (n, ...); without a key, return ``x``."""
        return x if key is None else drop_path(x, key, rate=self.rate)
