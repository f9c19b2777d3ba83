"""Recurrent layers: cells run along sequences, stacked, and in both directions."""

from collections.abc import Callable
from typing import Any

from xdl.autodiff._constants import uniform
from xdl.core import Array, Module, array_namespace, random, static, tree

from ._dropout import check_rate, dropout
from ._initializers import glorot_uniform, orthogonal
from ._recurrence import by_time, carry, masked
from ._recurrent_cells import GRUCell, LSTMCell, RNNCell
from ._sequences import check_lengths, truncated

__all__ = ["GRU", "LSTM", "RNN", "Recurrence"]


class Recurrence(Module):
    """A cell run along sequences.

    Parameters
    ----------
    cell : Module
        ``cell(x, state) -> (y, state)`` with ``x`` (n, n_in) and ``y`` (n, n_out); the state is a tree of arrays
        (n, ...). Its method ``initial_state(x)`` gives the first state. `RNNCell`, `LSTMCell` and `GRUCell` have
        a faster way, their method ``run``.
    reverse : bool
        Whether to go from the last step to the first.
    truncate : int, optional
        The gradient is cut every so many steps, as by `truncated`. Default: it is whole.
    """

    cell: Any
    reverse: bool = static()
    truncate: int | None = static()

    def __init__(self, cell: Any, *, reverse: bool = False, truncate: int | None = None) -> None:
        self.cell, self.reverse, self.truncate = cell, reverse, truncate

    def __call__(self, x: Array, state: Any = None, /, *, lengths: Array | None = None) -> tuple[Array, Any]:
        """Map sequences ``x`` (n, t, n_in) and a state to outputs (n, t, n_out) and the last state.

        Without a state, the cell's ``initial_state`` is the first. Beyond ``lengths`` (n,) the state stays and
        outputs are zero.
        """
        return _run(self.cell, x, state, lengths, self.reverse, self.truncate)


def _run(
    cell: Any, x: Array, state: Any, lengths: Array | None, reverse: bool, truncate: int | None
) -> tuple[Array, Any]:
    def run(x: Array, state: Any, lengths: Array | None) -> tuple[Array, Any]:
        if hasattr(cell, "run"):
            return cell.run(x, state, lengths, reverse=reverse)
        return _scan(cell, x, state, lengths, reverse)

    if truncate is None:
        return run(x, state, lengths)
    return truncated(run, x, state, lengths, steps=truncate, reverse=reverse)


def _scan(cell: Any, x: Array, state: Any, lengths: Array | None, reverse: bool) -> tuple[Array, Any]:
    if len(x.shape) < 2 or x.shape[1] == 0:
        message = f"expected `x` of shape (n, t, ...) with at least one step, got {tuple(x.shape)}"
        raise ValueError(message)
    check_lengths(x, lengths)
    if state is None:
        if not hasattr(cell, "initial_state"):
            message = f"give `state`, or {type(cell).__name__} a method `initial_state(x)`"
            raise TypeError(message)
        state = cell.initial_state(x[:, 0, ...])
    # where one array is traced all are, so that a loop can carry any of them
    leaves, structure = tree.flatten((cell, state, x))
    cell, state, x = tree.unflatten(structure, uniform(leaves))
    xp = array_namespace(x, *tree.leaves(state))
    rows, active = by_time(xp, x, lengths)

    def step(state: Any, x: Array) -> Any:
        y, state = cell(x, state)
        return state, y

    state, y = carry(xp, step, state, rows, active, reverse=reverse)
    return xp.moveaxis(masked(xp, y, active), 0, 1), state


class RNN(Module):
    """Recurrent layers, one on top of the other (`rnn`).

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_in, n_hidden : int
        Lengths of the input and of the state.
    layers : int
        How many; each has the outputs of the one before for its input.
    bidirectional : bool
        Whether each has a second cell that runs against time; outputs stand side by side.
    dropout : float
        Probability that an entry is dropped between two layers, where a key is given.
    truncate : int, optional
        The gradient is cut every so many steps, as by `truncated`. Default: it is whole.
    activation : {"tanh", "relu"}
    bias, init, init_hidden, dtype
        As for `RNNCell`.
    """

    cells: tuple[RNNCell, ...]
    bidirectional: bool = static()
    dropout: float = static()
    truncate: int | None = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_hidden: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        truncate: int | None = None,
        activation: str = "tanh",
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        init_hidden: Callable[..., Array] = orthogonal,
        dtype: Any = None,
    ) -> None:
        options = {
            "activation": activation,
            "bias": bias,
            "init": init,
            "init_hidden": init_hidden,
            "dtype": dtype,
        }
        self.cells = _cells(RNNCell, key, n_in, n_hidden, layers, bidirectional, options)
        self.bidirectional, self.dropout, self.truncate = bidirectional, _rate(dropout), truncate

    def __call__(
        self,
        x: Array,
        h: Array | None = None,
        /,
        *,
        lengths: Array | None = None,
        key: Array | None = None,
    ) -> tuple[Array, Array]:
        """Map sequences ``x`` (n, t, n_in) to outputs (n, t, directions n_hidden) and the last state.

        States are (layers directions, n, n_hidden), in PyTorch's order; ``h`` is the first, by default zeros. Of
        each sequence ``lengths`` (n,) steps count. With a key, as in training.
        """
        return _stack(self, x, h, lengths, key)


class LSTM(Module):
    """Layers of long short-term memory, one on top of the other (`lstm`).

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_in, n_hidden : int
        Lengths of the input and of the state.
    layers, bidirectional, dropout, truncate
        As for `RNN`.
    bias, forget_bias, init, init_hidden, dtype
        As for `LSTMCell`.
    """

    cells: tuple[LSTMCell, ...]
    bidirectional: bool = static()
    dropout: float = static()
    truncate: int | None = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_hidden: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        truncate: int | None = None,
        forget_bias: float = 1.0,
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        init_hidden: Callable[..., Array] = orthogonal,
        dtype: Any = None,
    ) -> None:
        options = {
            "forget_bias": forget_bias,
            "bias": bias,
            "init": init,
            "init_hidden": init_hidden,
            "dtype": dtype,
        }
        self.cells = _cells(LSTMCell, key, n_in, n_hidden, layers, bidirectional, options)
        self.bidirectional, self.dropout, self.truncate = bidirectional, _rate(dropout), truncate

    def __call__(
        self,
        x: Array,
        state: tuple[Array, Array] | None = None,
        /,
        *,
        lengths: Array | None = None,
        key: Array | None = None,
    ) -> tuple[Array, tuple[Array, Array]]:
        """Map sequences ``x`` (n, t, n_in) to outputs (n, t, directions n_hidden) and the last ``(h, c)``.

        As for `RNN`, with two arrays for a state.
        """
        return _stack(self, x, state, lengths, key)


class GRU(Module):
    """Layers of gated recurrent units, one on top of the other (`gru`).

    Parameters
    ----------
    key : (2,) array of uint32
        The layer's arrays are of the key's backend.
    n_in, n_hidden : int
        Lengths of the input and of the state.
    layers, bidirectional, dropout, truncate
        As for `RNN`.
    reset, bias, init, init_hidden, dtype
        As for `GRUCell`.
    """

    cells: tuple[GRUCell, ...]
    bidirectional: bool = static()
    dropout: float = static()
    truncate: int | None = static()

    def __init__(
        self,
        key: Array,
        n_in: int,
        n_hidden: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        truncate: int | None = None,
        reset: str = "before",
        bias: bool = True,
        init: Callable[..., Array] = glorot_uniform,
        init_hidden: Callable[..., Array] = orthogonal,
        dtype: Any = None,
    ) -> None:
        options = {"reset": reset, "bias": bias, "init": init, "init_hidden": init_hidden, "dtype": dtype}
        self.cells = _cells(GRUCell, key, n_in, n_hidden, layers, bidirectional, options)
        self.bidirectional, self.dropout, self.truncate = bidirectional, _rate(dropout), truncate

    def __call__(
        self,
        x: Array,
        h: Array | None = None,
        /,
        *,
        lengths: Array | None = None,
        key: Array | None = None,
    ) -> tuple[Array, Array]:
        """Map sequences ``x`` (n, t, n_in) to outputs (n, t, directions n_hidden) and the last state, as `RNN`."""
        return _stack(self, x, h, lengths, key)


def _cells(
    kind: Callable[..., Any],
    key: Array,
    n_in: int,
    n_hidden: int,
    layers: int,
    bidirectional: bool,
    options: dict[str, Any],
) -> tuple[Any, ...]:
    """Cells of all layers; of each, the one that runs with time first."""
    if layers < 1:
        message = f"`layers` must be at least 1, got {layers}"
        raise ValueError(message)
    directions = 1 + bidirectional
    keys = random.split(key, layers * directions)
    return tuple(
        kind(keys[k, ...], n_in if k < directions else directions * n_hidden, n_hidden, **options)
        for k in range(layers * directions)
    )


def _rate(rate: float) -> float:
    check_rate(rate)
    return rate


def _stack(layer: Any, x: Array, state: Any, lengths: Array | None, key: Array | None) -> tuple[Array, Any]:
    """Run the cells of a layer, two by two if they run in both directions."""
    cells, directions = layer.cells, 1 + layer.bidirectional
    layers = len(cells) // directions
    for leaf in tree.leaves(state):
        expected = (len(cells), x.shape[0], cells[0].weight_h.shape[0])
        if tuple(leaf.shape) != expected:
            message = f"expected states of shape (layers directions, n, n_hidden) = {expected}, got {tuple(leaf.shape)}"
            raise ValueError(message)
    drop = key is not None and layer.dropout > 0 and layers > 1
    keys = random.split(key, layers - 1) if drop else None
    last = []
    for i in range(layers):
        outputs = []
        for d in range(directions):
            k = i * directions + d
            first = tree.map(lambda s, k=k: s[k, ...], state)
            y, found = _run(cells[k], x, first, lengths, d == 1, layer.truncate)
            outputs.append(y)
            last.append(found)
        x = array_namespace(*outputs).concat(outputs, axis=-1) if directions > 1 else outputs[0]
        if keys is not None and i < layers - 1:
            x = dropout(x, keys[i, ...], rate=layer.dropout)
    return x, tree.map(lambda *parts: array_namespace(*parts).stack(list(parts)), *last)
