"""The loop of bandits: any number of them, any number of times, as one array program."""

import math
from typing import Any, ClassVar

from tqdm import tqdm

from xdl import autodiff
from xdl.core import Array, Module, array_namespace, random
from xdl.core._namespace import device_of
from xdl.optim._part import Part
from xdl.rl._plan import compiled

from .problems import Bandit

__all__ = ["BanditMethod", "BanditResult", "run_bandit"]

LONGEST, NUMBERS = 256, 2**18  # steps, and numbers, that are drawn in one call


class BanditMethod(Part):
    """Base of methods. Fields of a subclass are its settings, all static; its memory is a pytree of arrays.

    Attributes
    ----------
    bounded : bool
        Whether rewards must be in [0, 1].
    """

    bounded: ClassVar[bool] = False

    def init(self, like: Array) -> Any:
        """Memory before the first step.

        Parameters
        ----------
        like : (n, arms) array
            Tells number of bandits and arms, dtype and device.
        """
        raise NotImplementedError

    def draw(self, key: Array, shape: tuple[int, int, int], dtype: Any) -> Any:
        """Random numbers of many steps, drawn in one call.

        Parameters
        ----------
        key : array
        shape : (steps, n, arms)
        dtype : dtype

        Returns
        -------
        pytree of (steps, ...) arrays
            Here one uniform number for each bandit, (steps, n).
        """
        return random.uniform(key, shape[:2], dtype=dtype)

    def choose(self, memory: Any, t: Array, noise: Any) -> Array:
        """Arm of each bandit.

        Parameters
        ----------
        memory : pytree
        t : () array
            Number of the step, from 1.
        noise : pytree
            What `draw` gave for this step.

        Returns
        -------
        (n,) integer array
        """
        raise NotImplementedError

    def learn(self, memory: Any, taken: Array, reward: Array, t: Array) -> Any:
        """Memory after a step.

        Parameters
        ----------
        memory : pytree
        taken : (n, arms) array
            1 for the arm that was pulled, 0 for the others.
        reward : (n,) array
        t : () array
            Number of the step, from 1.
        """
        raise NotImplementedError


class BanditResult(Module):
    """What was pulled, and what it paid.

    Parameters
    ----------
    mean : (..., arms) array
        Mean reward of each arm.
    action : (steps, ...) integer array
        Arms.
    reward : (steps, ...) array
        Rewards.
    memory : pytree
        What the method knows in the end; its arrays have the bandits in one axis.
    """

    mean: Array
    action: Array
    reward: Array
    memory: Any

    @property
    def optimal(self) -> Array:
        """Whether the best arm was pulled (steps, ...)."""
        return self._gap() <= 0

    @property
    def regret(self) -> Array:
        """What the best arm would have paid in the mean, less what was paid (steps, ...), summed up to each step."""
        xp = array_namespace(self.mean)
        return xp.cumulative_sum(xp.max(self.mean, axis=-1) - self.reward, axis=0)

    @property
    def pseudo_regret(self) -> Array:
        """As `regret`, with the means of the arms in place of what they paid: of the same mean, without its noise."""
        return array_namespace(self.mean).cumulative_sum(self._gap(), axis=0)

    @property
    def pulls(self) -> Array:
        """How often each arm was pulled (steps, ..., arms), up to each step."""
        xp = array_namespace(self.mean)
        return xp.cumulative_sum(
            xp.astype(one_hot(self.action, self.mean.shape[-1]), xp.int32), axis=0, dtype=xp.int32
        )

    def _gap(self) -> Array:
        """What the arms cost that were pulled, in the mean."""
        xp = array_namespace(self.mean)
        gap = xp.max(self.mean, axis=-1, keepdims=True) - self.mean
        index = xp.reshape(self.action, (self.action.shape[0], -1))
        first = xp.arange(index.shape[1], dtype=index.dtype, device=device_of(index)) * gap.shape[-1]
        found = xp.take(xp.reshape(gap, (-1,)), xp.reshape(first + index, (-1,)))
        return xp.reshape(found, self.action.shape)


def one_hot(action: Array, arms: int) -> Array:
    """Whether each arm is the one that was pulled (..., arms)."""
    xp = array_namespace(action)
    return action[..., None] == xp.arange(arms, dtype=action.dtype, device=device_of(action))


def run_bandit(
    method: BanditMethod,
    bandit: Bandit,
    key: Array,
    *,
    steps: int,
    seeds: int | None = None,
    progress: bool = False,
) -> BanditResult:
    """Play bandits.

    Parameters
    ----------
    method : BanditMethod
        For example ``ActionValues(EpsilonGreedy(0.1))``, or ``BetaThompson()``.
    bandit : Bandit
        One or many: means (..., arms).
    key : array
        Random key. The first steps are the same whatever the number of steps is.
    steps : int
        Pulls of each bandit.
    seeds : int, optional
        Play each bandit so many times: a leading axis of the result's batch.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    BanditResult

    Examples
    --------
    >>> import numpy as np
    >>> import xdl
    >>> from xdl import rl
    >>> bandit = rl.BernoulliBandit(np.asarray([0.9, 0.5, 0.1]))
    >>> played = rl.run_bandit(rl.BetaThompson(), bandit, xdl.random.key(0), steps=200, seeds=100)
    >>> played.reward.shape
    (200, 100)
    >>> bool(played.optimal[-1].mean() > 0.9)
    True
    """
    for name, number in (("steps", steps), ("seeds", seeds)):
        if number is not None and number < 1:
            message = f"`{name}` must be at least 1, got {number}"
            raise ValueError(message)
    if method.bounded and not bandit.bounded:
        message = (
            f"{type(method).__name__} needs rewards in [0, 1], as those of BernoulliBandit; "
            f"those of {type(bandit).__name__} have no bounds"
        )
        raise ValueError(message)
    bandit.check()
    xp = array_namespace(bandit.mean)
    mean = bandit.mean
    if seeds is not None:
        mean = xp.broadcast_to(mean, (seeds, *mean.shape))
    batch, arms = mean.shape[:-1], mean.shape[-1]
    flat = xp.reshape(mean, (math.prod(batch), arms))
    n, device = flat.shape[0], device_of(flat)
    block = max(1, min(LONGEST, NUMBERS // (n * arms)))
    carry = (method.init(flat), xp.asarray(0, dtype=flat.dtype, device=device))
    found = []
    with tqdm(total=steps, unit=" steps", disable=not progress) as bar:
        for begin in range(0, steps, block):
            keys = random.split(random.fold_in(key, begin), 2)
            count = min(block, steps - begin)
            carry, part = _block(bandit.replace(mean=flat), carry, keys, method=method, steps=count)
            found.append(part)
            bar.update(count)
    action, reward = (
        xp.reshape(xp.concat(list(parts)), (steps, *batch)) for parts in zip(*found, strict=True)
    )
    return BanditResult(mean, action, reward, carry[0])


@compiled
def _block(
    bandit: Bandit, carry: Any, keys: Array, *, method: BanditMethod, steps: int
) -> tuple[Any, tuple[Array, Array]]:
    xp, (n, arms) = array_namespace(bandit.mean), bandit.mean.shape
    rows = xp.arange(n, dtype=xp.int32, device=device_of(keys)) * arms
    means = xp.reshape(bandit.mean, (-1,))
    # steps lead: the numbers of the first ones are the same, however many follow
    own = method.draw(keys[0, ...], (steps, n, arms), bandit.mean.dtype)
    noise = (own, bandit.draw(keys[1, ...], (steps, n)))

    def step(carry: Any, noise: Any) -> tuple[Any, tuple[Array, Array]]:
        memory, t = carry
        t = t + 1
        action = xp.astype(method.choose(memory, t, noise[0]), xp.int32)
        reward = bandit.pay(xp.take(means, rows + action), noise[1])
        taken = xp.astype(one_hot(action, arms), reward.dtype)
        return (method.learn(memory, taken, reward, t), t), (action, reward)

    return autodiff.scan(step, carry, noise)
