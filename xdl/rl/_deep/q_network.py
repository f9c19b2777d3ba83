"""Networks from observations to what a value head reads."""

import functools
import math
from collections.abc import Callable
from typing import Any

from xdl import nn
from xdl.core import Array, Module, array_namespace, random, static
from xdl.core._namespace import device_of
from xdl.rl._algorithm import Spaces

__all__ = ["QNetwork"]

# Uniform on [-1, 1] / sqrt(n_in), as noisy layers start.
START = functools.partial(nn.lecun_uniform, gain=1 / math.sqrt(3))


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
        Whether the value, and the advantages of the actions over it, have a last hidden layer each. Gradients that
        enter what they share are not scaled down, as they are in the paper.
    noisy : bool
        Whether the layers are `NoisyDense`.
    features : Module, optional
        Map of observations (b, ...), in the floating-point type of the network, to vectors (b, n), such as
        convolutions of images; they enter instead, and are learned as well. Without noise.

    References
    ----------
    Wang et al. (2016), arXiv:1511.06581, equation 9 (dueling)

    Examples
    --------
    A network for images (h, w, channels), which is made for the environment by ``DQN(network=for_images)``:

    >>> import xdl
    >>> from xdl import nn, rl
    >>> def for_images(key, spaces):
    ...     keys = xdl.random.split(key, 2)
    ...     features = nn.Sequential(
    ...         nn.Conv(keys[0, ...], spaces.observation_shape[-1], 16, (8, 8), stride=4, activation=nn.relu),
    ...         nn.Flatten(),
    ...     )
    ...     return rl.QNetwork(keys[1, ...], spaces, (256,), features=features)
    >>> for_images(xdl.random.key(0), rl.Spaces(observation_shape=(84, 84, 4), actions=6)).layers[0].weight.shape
    (6400, 256)
    """

    features: Any
    layers: tuple[Any, ...]
    value: tuple[Any, ...]
    advantage: tuple[Any, ...]
    states: int | None = static()
    actions: int = static()
    outputs: int = static()
    noisy: bool = static()

    def __init__(
        self,
        key: Array,
        spaces: Spaces,
        hidden: tuple[int, ...] = (120, 84),
        outputs: int = 1,
        *,
        dueling: bool = False,
        noisy: bool = False,
        features: Module | None = None,
    ) -> None:
        if spaces.actions is None:
            message = f"expected actions that are integers, got vectors of {spaces.action_size} entries"
            raise ValueError(message)
        self.features, self.noisy = features, noisy
        self.states, self.actions, self.outputs = spaces.states, spaces.actions, outputs
        shared, last = (hidden[:-1], hidden[-1:]) if dueling else (hidden, ())
        size, keys = self._size(key, spaces), random.split(key, 3)
        self.layers = self._layers(keys[0, ...], (size, *shared))
        last = (*(size, *shared)[-1:], *last)
        self.value = self._layers(keys[1, ...], last, outputs) if dueling else ()
        self.advantage = self._layers(keys[2, ...], last, spaces.actions * outputs)

    def _size(self, key: Array, spaces: Spaces) -> int:
        """Length of the vectors that enter."""
        if self.states is not None:
            return self.states
        if self.features is None:
            return math.prod(spaces.observation_shape)
        xp = array_namespace(key)
        example = xp.zeros((1, *spaces.observation_shape), dtype=xp.float32, device=device_of(key))
        return self.features(example).shape[1]

    def _layers(self, key: Array, sizes: tuple[int, ...], outputs: int | None = None) -> tuple[Any, ...]:
        """Layers from each size to the next, and without an activation to the outputs."""
        make: Callable[..., Any] = nn.NoisyDense if self.noisy else functools.partial(nn.Dense, init=START)
        sizes = sizes if outputs is None else (*sizes, outputs)
        keys, n = random.split(key, len(sizes)), len(sizes) - 1
        return tuple(
            make(
                keys[i, ...],
                sizes[i],
                sizes[i + 1],
                activation=nn.relu if i < n - (outputs is not None) else None,
            )
            for i in range(n)
        )

    @property
    def noise(self) -> int:
        """Random numbers that the noise of the layers takes; none if they are not noisy."""
        layers = (*self.layers, *self.value, *self.advantage)
        return sum(layer.noise for layer in layers) if self.noisy else 0

    def __call__(self, observation: Array, key: Array | None = None, *, noise: Array | None = None) -> Array:
        """Values of actions, or what a head makes them of.

        Parameters
        ----------
        observation : (b, ...) array
        key : (2,) array of uint32, optional
            Draws the noise of the layers, one for the whole batch; without it their means are used.
        noise : (noise,) array, optional
            Standard normal numbers in place of a key, so that one draw can serve many calls.

        Returns
        -------
        (b, actions, outputs) array
        """
        if key is not None and self.noisy:
            noise = random.normal(key, self.noise, dtype=self.advantage[-1].weight.dtype)
        x, start = self._enter(observation), 0

        def run(layers: tuple[Any, ...], x: Array) -> Array:
            nonlocal start
            if noise is None or not self.noisy:
                return nn.apply_layers(layers, x)
            for layer in layers:
                x = layer(x, noise=noise[start : start + layer.noise])
                start += layer.noise
            return x

        shape = (x.shape[0], self.actions, self.outputs)
        if not self.value:
            advantage = run((*self.layers, *self.advantage), x)
            return array_namespace(advantage).reshape(advantage, shape)
        x = run(self.layers, x)
        advantage = run(self.advantage, x)
        xp = array_namespace(advantage)
        advantage = xp.reshape(advantage, shape)
        value = xp.expand_dims(run(self.value, x), axis=1)
        return value + (advantage - xp.mean(advantage, axis=1, keepdims=True))

    def _enter(self, observation: Array) -> Array:
        """Vectors (b, n) of observations."""
        if self.states is not None:
            return nn.one_hot(observation, self.states, dtype=self.advantage[-1].weight.dtype)
        xp, dtype = array_namespace(observation), self.advantage[-1].weight.dtype
        if observation.dtype != dtype:
            observation = xp.astype(observation, dtype)
        if self.features is not None:
            return self.features(observation)
        return (
            observation
            if len(observation.shape) == 2
            else xp.reshape(observation, (observation.shape[0], -1))
        )
