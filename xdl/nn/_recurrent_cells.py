"""Cells of recurrent networks: the parameters of one step."""

from collections.abc import Callable
from typing import Any

from xdl.core import Array, Module, array_namespace, random, static

from ._gru import gru, gru_cell
from ._initializers import glorot_uniform, orthogonal, zeros
from ._lstm import lstm, lstm_cell
from ._recurrence import initial
from ._rnn import rnn, rnn_cell

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class RNNCell(Module):
    """One step of a recurrent network (`rnn_cell`).

    A cell maps an input and a state to an output and the next state; `Recurrence` runs it along sequences.

    Parameters
    ----------
    key : (2,) array of uint32
        The cell's arrays are of the key's backend.
    n_in, n_hidden : int
        Lengths of the input and of the state.
    activation : {"tanh", "relu"}
    bias : bool
        Whether there is a bias, which starts at zero.
    init : callable
        Initializer of the input's weights, ``init(key, (n_in, n_hidden), dtype=dtype)``. (PyTorch draws all
        parameters uniformly from +-1 / sqrt(n_hidden).)
    init_hidden : callable
        Initializer of the state's weights; orthogonal ones neither stretch nor shrink the state.
    dtype : dtype, optional
        Default: float32.
    """

    weight_x: Array
    weight_h: Array
    bias: Array | None
    activation: str = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_hidden: int,
        *,
        activation: str = "tanh",
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        init_hidden: Callable[..., Array] = orthogonal,
        dtype: Any = None,
    ) -> None:
        self.weight_x, self.weight_h = _weights(key, n_in, n_hidden, 1, init, init_hidden, dtype)
        self.bias = zeros(key, (n_hidden,), dtype=dtype) if bias else None
        self.activation = activation

    def __call__(self, x: Array, h: Array | None = None, /) -> tuple[Array, Array]:
        """Map ``x`` (n, n_in) and the state (n, n_hidden) to the output, which is the next state, and the state."""
        h = rnn_cell(x, h, self.weight_x, self.weight_h, self.bias, activation=self.activation)
        return h, h

    def run(
        self, x: Array, h: Array | None = None, lengths: Array | None = None, /, *, reverse: bool = False
    ) -> tuple[Array, Array]:
        """Map sequences ``x`` (n, t, n_in) to outputs (n, t, n_hidden) and the last state: `rnn`."""
        return rnn(
            x,
            h,
            self.weight_x,
            self.weight_h,
            self.bias,
            lengths,
            activation=self.activation,
            reverse=reverse,
        )

    def initial_state(self, x: Array, /) -> Array:
        """Zeros (n, n_hidden) for an input (n, ...)."""
        return initial(array_namespace(x), None, x, self.weight_h)


class LSTMCell(Module):
    """One step of long short-term memory (`lstm_cell`).

    Parameters
    ----------
    key : (2,) array of uint32
        The cell's arrays are of the key's backend.
    n_in, n_hidden : int
        Lengths of the input and of the state.
    bias : bool
        Whether there is a bias, which starts at zero but for the forget gate's.
    forget_bias : float
        First bias of the forget gate; at 1 a new cell remembers. (PyTorch has none.)
    init, init_hidden : callable
        Initializers of the weights of each gate, as for `RNNCell`.
    dtype : dtype, optional
        Default: float32.

    References
    ----------
    Jozefowicz, Zaremba & Sutskever (2015), An empirical exploration of recurrent network architectures, ICML
    (``forget_bias``)
    """

    weight_x: Array
    weight_h: Array
    bias: Array | None

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_hidden: int,
        *,
        bias: bool = True,
        forget_bias: float = 1.0,
        init: Callable[..., Array] = glorot_uniform,
        init_hidden: Callable[..., Array] = orthogonal,
        dtype: Any = None,
    ) -> None:
        self.weight_x, self.weight_h = _weights(key, n_in, n_hidden, 4, init, init_hidden, dtype)
        self.bias = None
        if bias:
            none = zeros(key, (n_hidden,), dtype=dtype)
            self.bias = array_namespace(key).concat([none, none + forget_bias, none, none])

    def __call__(
        self, x: Array, state: tuple[Array, Array] | None = None, /
    ) -> tuple[Array, tuple[Array, Array]]:
        """Map ``x`` (n, n_in) and ``(h, c)``, each (n, n_hidden), to the output, which is h, and the next ``(h, c)``."""
        h, c = lstm_cell(x, *_pair(state), self.weight_x, self.weight_h, self.bias)
        return h, (h, c)

    def run(
        self,
        x: Array,
        state: tuple[Array, Array] | None = None,
        lengths: Array | None = None,
        /,
        *,
        reverse: bool = False,
    ) -> tuple[Array, tuple[Array, Array]]:
        """Map sequences ``x`` (n, t, n_in) to outputs (n, t, n_hidden) and the last ``(h, c)``: `lstm`."""
        y, h, c = lstm(x, *_pair(state), self.weight_x, self.weight_h, self.bias, lengths, reverse=reverse)
        return y, (h, c)

    def initial_state(self, x: Array, /) -> tuple[Array, Array]:
        """Zeros (n, n_hidden), twice, for an input (n, ...)."""
        h = initial(array_namespace(x), None, x, self.weight_h)
        return h, h


class GRUCell(Module):
    """One step of a gated recurrent unit (`gru_cell`).

    Parameters
    ----------
    key : (2,) array of uint32
        The cell's arrays are of the key's backend.
    n_in, n_hidden : int
        Lengths of the input and of the state.
    reset : {"before", "after"}
        Which kind, as for `gru`.
    bias : bool
        Whether there are biases, which start at zero.
    init, init_hidden : callable
        Initializers of the weights of each gate, as for `RNNCell`.
    dtype : dtype, optional
        Default: float32.
    """

    weight_x: Array
    weight_h: Array
    bias: Array | None
    bias_h: Array | None
    reset: str = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_hidden: int,
        *,
        reset: str = "before",
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        init_hidden: Callable[..., Array] = orthogonal,
        dtype: Any = None,
    ) -> None:
        self.weight_x, self.weight_h = _weights(key, n_in, n_hidden, 3, init, init_hidden, dtype)
        self.bias = zeros(key, (3 * n_hidden,), dtype=dtype) if bias else None
        self.bias_h = zeros(key, (n_hidden,), dtype=dtype) if bias and reset == "after" else None
        self.reset = reset

    def __call__(self, x: Array, h: Array | None = None, /) -> tuple[Array, Array]:
        """Map ``x`` (n, n_in) and the state (n, n_hidden) to the output, which is the next state, and the state."""
        h = gru_cell(x, h, self.weight_x, self.weight_h, self.bias, self.bias_h, reset=self.reset)
        return h, h

    def run(
        self, x: Array, h: Array | None = None, lengths: Array | None = None, /, *, reverse: bool = False
    ) -> tuple[Array, Array]:
        """Map sequences ``x`` (n, t, n_in) to outputs (n, t, n_hidden) and the last state: `gru`."""
        return gru(
            x,
            h,
            self.weight_x,
            self.weight_h,
            self.bias,
            self.bias_h,
            lengths,
            reset=self.reset,
            reverse=reverse,
        )

    def initial_state(self, x: Array, /) -> Array:
        """Zeros (n, n_hidden) for an input (n, ...)."""
        return initial(array_namespace(x), None, x, self.weight_h)


def _pair(state: tuple[Array, Array] | None) -> tuple[Any, Any]:
    if state is None:
        return None, None
    if type(state) not in (tuple, list) or len(state) != 2:
        message = f"expected the state of an LSTM as a pair `(h, c)`, got {type(state).__name__}"
        raise TypeError(message)
    return state[0], state[1]


def _weights(
    key: Array, n_in: int, n_hidden: int, gates: int, init: Any, init_hidden: Any, dtype: Any
) -> tuple[Array, Array]:
    """Weights of the input and of the state; each gate has a matrix of its own, drawn by itself."""
    xp, keys = array_namespace(key), random.split(key, 2 * gates)
    of_x = [init(keys[k, ...], (n_in, n_hidden), dtype=dtype) for k in range(gates)]
    of_h = [init_hidden(keys[gates + k, ...], (n_hidden, n_hidden), dtype=dtype) for k in range(gates)]
    return xp.concat(of_x, axis=-1), xp.concat(of_h, axis=-1)
