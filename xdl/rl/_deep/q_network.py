"""Networks from observations to what a value head reads."""

from typing import Any

from xdl import nn
from xdl.core import Array, Module, array_namespace, random, static
from xdl.rl._algorithm import Spaces

__all__ = ["QNetwork"]


class QNetwork(Module):
    """Multilayer perceptron from observations to numbers for each action.

    Observations that are integers enter as rows of the unit matrix, others as vectors, whatever their shape.

    Parameters
    ----------
    key : (2,) array of uint32
        The network's arrays are of the key's backend.
    spaces : Spaces
        What the environment shows and takes.
    hidden : tuple of int
        Lengths of the hidden layers, which `relu` follows.
    outputs : int
        Numbers for each action.
    dueling : bool
        Whether the last hidden layer is made twice, for the value and for the advantages of the actions over it.

    References
    ----------
    Wang et al. (2016), arXiv:1511.06581, equation 9 (dueling)
    """

    layers: tuple[nn.Dense, ...]
    value: nn.Dense | None
    advantage: nn.Dense
    states: int | None = static()
    actions: int = static()
    outputs: int = static()

    def __init__(
        self,
        key: Array,
        spaces: Spaces,
        hidden: tuple[int, ...] = (120, 84),
        outputs: int = 1,
        *,
        dueling: bool = False,
    ) -> None:
        if spaces.actions is None:
            message = f"expected actions that are integers, got vectors of {spaces.action_size} entries"
            raise ValueError(message)
        size = spaces.states or 1
        for n in spaces.observation_shape:
            size *= n
        keys = random.split(key, len(hidden) + 2)
        layers = []
        for i, n in enumerate(hidden):
            streams = 2 if dueling and i == len(hidden) - 1 else 1
            layers.append(nn.Dense(keys[i, ...], size, streams * n, activation=nn.relu))
            size = n
        self.layers = tuple(layers)
        self.value = nn.Dense(keys[-2, ...], size, outputs) if dueling else None
        self.advantage = nn.Dense(keys[-1, ...], size, spaces.actions * outputs)
        self.states, self.actions, self.outputs = spaces.states, spaces.actions, outputs

    def __call__(self, observation: Array, key: Array | None = None) -> Array:
        """Map observations (b, ...) to (b, actions, outputs)."""
        xp = array_namespace(observation)
        b = observation.shape[0]
        x: Any = (
            nn.one_hot(observation, self.states)
            if self.states is not None
            else xp.reshape(observation, (b, -1))
        )
        for layer in self.layers:
            x = layer(x)
        xp = array_namespace(x, self.advantage.weight)
        shape = (b, self.actions, self.outputs)
        if self.value is None:
            return xp.reshape(self.advantage(x), shape)
        n = x.shape[1] // 2 if self.layers else 0
        value, advantage = self.value(x[:, :n] if n else x), xp.reshape(self.advantage(x[:, n:]), shape)
        return xp.expand_dims(value, axis=1) + (advantage - xp.mean(advantage, axis=1, keepdims=True))
