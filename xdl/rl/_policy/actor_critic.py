"""Networks that give a distribution of actions, and the value of what is seen."""

import functools
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from xdl import nn
from xdl.core import Array, Module, array_namespace, random, static
from xdl.core._namespace import device_of
from xdl.rl._algorithm import Spaces

from .distributions import Categorical, Gaussian

__all__ = ["ActorCritic"]


class ActorCritic(Module):
    """Two multilayer perceptrons: from observations to distributions of actions, and to values.

    Observations that are integers enter as rows of the unit matrix, others as vectors, whatever their shape. Actions
    that are vectors are normal about the output of the network, with deviations that are parameters of their own and
    do not depend on the observation. Weights start as orthogonal matrices: times the root of 2, those of the actor's
    last layer times 0.01, so that all actions are nearly equally likely, those of the critic's last layer times 1.

    Parameters
    ----------
    key : (2,) array of uint32
        The network's arrays are of the key's backend.
    spaces : Spaces
        What the environment shows and takes.
    hidden : tuple of int
        Lengths of the hidden layers.
    shared : bool
        Whether the hidden layers serve both.
    activation : callable
        Follows each hidden layer.
    log_std : float
        Logarithm of the standard deviations with which actions that are vectors start.

    References
    ----------
    Huang et al. (2022), The 37 implementation details of proximal policy optimization, details 2, 13 and 14; of
    continuous actions, 1 to 3
    """

    trunk: tuple[nn.Dense, ...]
    actor: tuple[nn.Dense, ...]
    critic: tuple[nn.Dense, ...]
    log_std: Array | None
    states: int | None = static()

    def __init__(
        self,
        key: Array,
        spaces: Spaces,
        hidden: tuple[int, ...] = (64, 64),
        *,
        shared: bool = False,
        activation: Callable[[Array], Array] = nn.tanh,
        log_std: float = 0.0,
    ) -> None:
        xp, keys = array_namespace(key), random.split(key, 3)
        size = math.prod(spaces.observation_shape) if spaces.states is None else spaces.states
        outputs = spaces.action_size if spaces.actions is None else spaces.actions
        make = functools.partial(_layers, activation=activation)
        sizes, last = (size, *hidden), (size, *hidden)[-1]
        self.trunk = make(keys[0, ...], sizes) if shared else ()
        self.actor = make(keys[1, ...], (last,) if shared else sizes, outputs, gain=0.01)
        self.critic = make(keys[2, ...], (last,) if shared else sizes, 1, gain=1.0)
        deviations = xp.full((outputs,), log_std, dtype=xp.float32, device=device_of(key))
        self.log_std = deviations if spaces.actions is None else None
        self.states = spaces.states

    def __call__(self, observation: Array) -> tuple[Categorical | Gaussian, Array]:
        """Distributions of actions, and values (b,), of observations (b, ...)."""
        x = _run(self.trunk, self._enter(observation))
        return self._distribution(x), _run(self.critic, x)[:, 0]

    def policy(self, observation: Array) -> Categorical | Gaussian:
        """Distributions of actions."""
        return self._distribution(_run(self.trunk, self._enter(observation)))

    def value(self, observation: Array) -> Array:
        """Values (b,)."""
        return _run(self.critic, _run(self.trunk, self._enter(observation)))[:, 0]

    def _distribution(self, x: Array) -> Categorical | Gaussian:
        out = _run(self.actor, x)
        return Categorical(out) if self.log_std is None else Gaussian(out, self.log_std)

    def _enter(self, observation: Array) -> Array:
        """Vectors (b, n) of observations."""
        xp, dtype = array_namespace(observation), self.critic[-1].weight.dtype
        if self.states is not None:
            return nn.one_hot(observation, self.states, dtype=dtype)
        if observation.dtype != dtype:
            observation = xp.astype(observation, dtype)
        flat = len(observation.shape) == 2
        return observation if flat else xp.reshape(observation, (observation.shape[0], -1))


def _layers(
    key: Array,
    sizes: tuple[int, ...],
    outputs: int | None = None,
    *,
    activation: Callable[[Array], Array],
    gain: float = 1.0,
) -> tuple[nn.Dense, ...]:
    """Layers from each size to the next, and without an activation to the outputs."""
    keys, hidden = random.split(key, len(sizes)), functools.partial(nn.orthogonal, gain=math.sqrt(2))
    layers = [
        nn.Dense(keys[i, ...], n, m, activation=activation, init=hidden)
        for i, (n, m) in enumerate(pairwise(sizes))
    ]
    if outputs is not None:
        init = functools.partial(nn.orthogonal, gain=gain)
        layers.append(nn.Dense(keys[len(sizes) - 1, ...], sizes[-1], outputs, init=init))
    return tuple(layers)


def _run(layers: tuple[Any, ...], x: Array) -> Array:
    for layer in layers:
        x = layer(x)
    return x
