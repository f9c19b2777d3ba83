"""The recurrences, with what they have in common, for tests that hold of each."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xdl
from xdl import nn


@dataclasses.dataclass(frozen=True)
class Kind:
    """A recurrence: functions of ``(x, *states, w_x, w_h, *biases)``, then lengths for ``sequence``."""

    name: str
    sequence: Callable[..., Any]
    cell: Callable[..., Any]
    states: int
    gates: int
    biases: int
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    def draw(self, n: int, t: int, n_in: int, m: int, seed: int = 0) -> list[np.ndarray]:
        """Arguments without lengths."""
        rng = np.random.default_rng(seed)
        shapes = [(n, t, n_in), *[(n, m)] * self.states, (n_in, self.gates * m), (m, self.gates * m)]
        shapes += [(self.gates * m,), (m,)][: self.biases]
        return [0.7 * rng.normal(size=shape) for shape in shapes]

    def run(self, *args: Any, lengths: Any = None, reverse: bool = False) -> tuple[Any, ...]:
        """Outputs and last states."""
        padded = (None,) if self.name == "gru before" else ()
        return self.sequence(*args, *padded, lengths, reverse=reverse, **self.options)

    def step(self, x: Any, states: Any, *weights: Any) -> tuple[Any, ...]:
        """States after one step."""
        found = self.cell(x, *states, *weights, **self.options)
        return found if isinstance(found, tuple) else (found,)

    def joined(self, *args: Any, **options: Any) -> Any:
        """One row of all that `run` returns."""
        parts = self.run(*args, **options)
        xp = xdl.array_namespace(*parts)
        return xp.concat([xp.reshape(part, (-1,)) for part in parts])


KINDS = (
    Kind("rnn", nn.rnn, nn.rnn_cell, 1, 1, 1),
    Kind("relu", nn.rnn, nn.rnn_cell, 1, 1, 1, {"activation": "relu"}),
    Kind("lstm", nn.lstm, nn.lstm_cell, 2, 4, 1),
    Kind("gru before", nn.gru, nn.gru_cell, 1, 3, 1, {"reset": "before"}),
    Kind("gru after", nn.gru, nn.gru_cell, 1, 3, 2, {"reset": "after"}),
)


def each_kind(f: Any) -> Any:
    """Parametrize a test with the recurrences."""
    return pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)(f)


def by_torch(kind: str, *, lengths: Any = None, reverse: bool = False, **options: Any) -> Callable[..., Any]:
    """Make a function of the tensors that `Kind.run` takes, with a module of torch, which returns one row."""
    import torch

    def run(x: Any, *args: Any) -> Any:
        *states, w_x, w_h = args[: 4 if kind == "LSTM" else 3]
        biases = args[4 if kind == "LSTM" else 3 :]
        b, inner = biases[0], biases[1] if len(biases) > 1 else None
        none = torch.zeros_like(b)
        if inner is not None:
            none = torch.cat([none[: 2 * len(inner)], inner])
        m = len(w_h)
        # torch runs against time in a bidirectional module alone
        module = getattr(torch.nn, kind)(
            x.shape[-1], m, batch_first=True, bidirectional=reverse, dtype=x.dtype, **options
        )
        weights = {"weight_ih_l0": w_x.T, "weight_hh_l0": w_h.T, "bias_ih_l0": b, "bias_hh_l0": none}
        if reverse:
            weights |= {f"{name}_reverse": w for name, w in weights.items()}
        hx = tuple(torch.stack([h] * (1 + reverse)) for h in states)
        if lengths is not None:
            x = torch.nn.utils.rnn.pack_padded_sequence(
                x, torch.tensor(lengths), batch_first=True, enforce_sorted=False
            )
        y, last = torch.func.functional_call(module, weights, (x, hx if len(hx) > 1 else hx[0]))
        if lengths is not None:
            y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
        last = last if isinstance(last, tuple) else (last,)
        parts = [y[..., m:] if reverse else y, *[h[int(reverse)] for h in last]]
        return torch.cat([part.reshape(-1) for part in parts])

    return run
