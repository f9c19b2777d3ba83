"""Layers made of layers, and layers that multiply entry by entry or two arguments with each other."""

import math
from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, array_namespace, static

from ._initializers import glorot_uniform, ones, zeros
from ._layers import as_layer
from ._training import deal, run, takes_key, training

__all__ = ["Bilinear", "Maxout", "Parallel", "Scale", "SkipConnection"]


class SkipConnection(Module):
    """A layer whose argument goes around it as well, and is joined with its result.

    Parameters
    ----------
    layer : callable
        Module or plain function.
    connection : callable, optional
        ``connection(layer(x), x)``, for example to concatenate; a module may have parameters. Default:
        the sum, of arrays of one shape.

    References
    ----------
    He et al. (2016), arXiv:1512.03385, equation 1
    """

    layer: Any
    connection: Any
    random: bool = static()

    def __init__(
        self, layer: Callable[..., Array], connection: Callable[[Array, Array], Array] | None = None
    ) -> None:
        self.layer = as_layer(layer)
        self.connection = None if connection is None else as_layer_of_several(connection)
        self.random = takes_key(self.layer)

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Apply the layer, with a key if it draws random numbers, and join."""
        return self._join(run(self.layer, x, key if self.random else None), x)

    def training(self, x: Array, /, *, key: Array | None = None) -> tuple[Array, Any]:
        """Apply the layer as in training; return the result, and the layer with new running statistics."""
        y, layer = training(self.layer, x, key=key if self.random else None)
        return self._join(y, x), self.replace(layer=layer)

    def _join(self, y: Array, x: Array) -> Array:
        if self.connection is not None:
            return self.connection(y, x)
        if tuple(y.shape) != tuple(x.shape):
            message = (
                f"a skip connection adds arrays of one shape, but the layer made {tuple(y.shape)} "
                f"of {tuple(x.shape)}; give another `connection`"
            )
            raise ValueError(message)
        return y + x


class Parallel(Module):
    """Layers beside each other, whose results are joined.

    Parameters
    ----------
    *layers : callable
        Modules or plain functions. Those that take a keyword ``key`` get one each.
    connection : callable, optional
        ``connection(*results)``; a module may have parameters. Default: a tuple of the results.
    """

    layers: tuple[Any, ...]
    connection: Any
    random: tuple[bool, ...] = static()

    def __init__(self, *layers: Callable[..., Any], connection: Callable[..., Any] | None = None) -> None:
        self.layers = tuple(map(as_layer, layers))
        self.connection = None if connection is None else as_layer_of_several(connection)
        self.random = tuple(map(takes_key, self.layers))

    def __call__(self, x: Any, /, *, key: Array | None = None) -> Any:
        """Apply all layers to ``x``, or each to its own if ``x`` is a tuple, and join the results."""
        branches = zip(self.layers, self._split(x), deal(key, self.random), strict=True)
        return self._join([run(layer, part, own) for layer, part, own in branches])

    def training(self, x: Any, /, *, key: Array | None = None) -> tuple[Any, Any]:
        """Apply the layers as in training; return the result, and the layers with new running statistics."""
        branches = zip(self.layers, self._split(x), deal(key, self.random), strict=True)
        found = [training(layer, part, key=own) for layer, part, own in branches]
        layers = tuple([layer for _, layer in found])
        return self._join([y for y, _ in found]), self.replace(layers=layers)

    def _split(self, x: Any) -> tuple[Any, ...]:
        if not isinstance(x, tuple):
            return (x,) * len(self.layers)
        if len(x) != len(self.layers):
            message = (
                f"expected a tuple with an argument for each of the {len(self.layers)} layers, got {len(x)}"
            )
            raise ValueError(message)
        return x

    def _join(self, results: list[Any]) -> Any:
        return tuple(results) if self.connection is None else self.connection(*results)


def as_layer_of_several(f: Callable[..., Any]) -> Any:
    """Module, or a function of several arguments as a layer."""
    return f if isinstance(f, Module) else _Connection(f)


class _Connection(Module):
    """A function of several arrays, as structure."""

    function: Callable[..., Any] = static()

    def __call__(self, *xs: Any) -> Any:
        return self.function(*xs)


class Maxout(Module):
    """Largest of the results of several layers, entry by entry.

    Parameters
    ----------
    *layers : callable
        Modules or plain functions with results of one shape, such as some `Dense`.

    References
    ----------
    Goodfellow et al. (2013), arXiv:1302.4389, section 2
    """

    parallel: Parallel

    def __init__(self, *layers: Callable[..., Array]) -> None:
        if not layers:
            message = "the maximum needs a layer at least"
            raise ValueError(message)
        self.parallel = Parallel(*layers, connection=_largest)

    def __call__(self, x: Array, /, *, key: Array | None = None) -> Array:
        """Apply all layers to ``x`` and take the largest results."""
        return self.parallel(x, key=key)

    def training(self, x: Array, /, *, key: Array | None = None) -> tuple[Array, Any]:
        """Apply the layers as in training; return the result, and the layer with new running statistics."""
        y, parallel = self.parallel.training(x, key=key)
        return y, self.replace(parallel=parallel)


def _largest(*results: Array) -> Array:
    shapes = list(dict.fromkeys(tuple(y.shape) for y in results))
    if len(shapes) > 1:
        message = f"the maximum is of arrays of one shape, got {' and '.join(map(str, shapes))}"
        raise ValueError(message)
    xp = array_namespace(*results)
    # a reduction, and no chain of maximum: of equal results each gets its share of the derivative everywhere
    return xp.max(xp.stack(results), axis=0)


class Scale(Module):
    """Every entry of the last axes times a weight of its own, plus a bias, followed by an activation.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    shape : int or tuple of int
        Lengths of the axes, which are the last of the argument.
    activation : callable, optional
        Elementwise function of the result.
    bias : bool
        Whether there is a bias, which starts at zero.
    init : callable
        Initializer of the weights, ``init(key, shape, dtype=dtype)``.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array
    bias: Array | None
    activation: Callable[[Array], Array] | None = static()

    def __init__(
        self,
        key: Array,
        shape: int | tuple[int, ...],
        *,
        activation: Callable[[Array], Array] | None = None,
        bias: bool = True,
        init: Callable[..., Array] = ones,
        dtype: Any = None,
    ) -> None:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.weight = init(key, shape, dtype=dtype)
        self.bias = zeros(key, shape, dtype=dtype) if bias else None
        self.activation = activation

    def __call__(self, x: Array, /) -> Array:
        """Scale ``x`` (..., *shape)."""
        shape = tuple(self.weight.shape)
        if len(x.shape) < len(shape) or tuple(x.shape[len(x.shape) - len(shape) :]) != shape:
            message = f"expected `x` of shape (..., {', '.join(map(str, shape))}), got {tuple(x.shape)}"
            raise ValueError(message)
        check_dtype(x, self.weight)
        y = x * self.weight
        y = y if self.bias is None else y + self.bias
        return y if self.activation is None else self.activation(y)


class Bilinear(Module):
    """Affine map of all products of an entry of one argument with one of the other, followed by an activation.

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_left, n_right, n_out : int
        Lengths of the last axes of the two arguments and of the result.
    activation : callable, optional
        Elementwise function of the result.
    bias : bool
        Whether there is a bias, which starts at zero.
    init : callable
        Initializer of the weights, ``init(key, (n_left, n_right, n_out), dtype=dtype)``.
    dtype : dtype, optional
        Default: float32.
    """

    weight: Array
    bias: Array | None
    activation: Callable[[Array], Array] | None = static()

    def __init__(
        self,
        key: Array,
        n_left: int,
        n_right: int,
        n_out: int,
        *,
        activation: Callable[[Array], Array] | None = None,
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        dtype: Any = None,
    ) -> None:
        self.weight = init(key, (n_left, n_right, n_out), dtype=dtype)
        self.bias = zeros(key, (n_out,), dtype=dtype) if bias else None
        self.activation = activation

    def __call__(self, x: Array, other: Array | None = None, /) -> Array:
        """Map ``x`` (..., n_left) and ``other`` (..., n_right), or ``x`` and itself, to (..., n_out)."""
        y: Array = x if other is None else other
        n, m, k = self.weight.shape
        lead = tuple(x.shape[:-1])
        if tuple(x.shape) != (*lead, n) or tuple(y.shape) != (*lead, m):
            message = f"expected arrays (..., {n}) and (..., {m}), got {tuple(x.shape)} and {tuple(y.shape)}"
            raise ValueError(message)
        check_dtype(x, self.weight)
        check_dtype(y, self.weight)
        xp = array_namespace(x, y)
        rows = math.prod(lead)
        # x first: one product of matrices, and nothing of the size n * m for an example
        half = xp.reshape(
            xp.matmul(xp.reshape(x, (rows, n)), xp.reshape(self.weight, (n, m * k))), (rows, m, k)
        )
        z = xp.reshape(xp.matmul(xp.reshape(y, (rows, 1, m)), half), (*lead, k))
        z = z if self.bias is None else z + self.bias
        return z if self.activation is None else self.activation(z)


def check_dtype(x: Any, weight: Any) -> None:
    """Refuse to promote."""
    if x.dtype != weight.dtype:
        message = f"expected an argument of dtype {weight.dtype}, got {x.dtype}; convert it with astype"
        raise TypeError(message)
