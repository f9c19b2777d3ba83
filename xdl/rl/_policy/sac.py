"""Soft actor-critic: a stochastic policy for vectors, learned from a replay."""

import functools
import math
from typing import Any

from xdl import autodiff, nn, optim
from xdl.core import Array, Module, array_namespace, random, static, tree
from xdl.core._namespace import device_of
from xdl.models.mlp import MLP
from xdl.rl._algorithm import Algorithm, Experience, Spaces
from xdl.rl._deep.replay import Replay, pick, replay_add, replay_init

from .squashed import SquashedGaussian

__all__ = ["SAC", "Networks", "SoftLearner", "actor_loss", "critic_loss", "policy_of", "temperature_loss"]

# Bounds of the logarithm of standard deviations, as in the authors' program.
LEAST, MOST = -20.0, 2.0


class Networks(Module):
    """What gradients change, and the slow copy of the critics.

    Parameters
    ----------
    actor : MLP
        From observations to means and logarithms of deviations.
    critics, targets : tuple of MLP
        Two, from observations and actions to values; and what they have been lately.
    log_temperature : () array
        Logarithm of what a nat of entropy is worth, in rewards.
    states : tuple of State
        Optimizers of the actor, the critics and the temperature.
    """

    actor: MLP
    critics: tuple[MLP, MLP]
    targets: tuple[MLP, MLP]
    log_temperature: Array
    states: tuple[optim.State, optim.State, optim.State]


class SoftLearner(Module):
    """What is remembered.

    Parameters
    ----------
    networks : Networks
    replay : Replay
        Steps, whose actions are in [-1, 1].
    low, high : tuple of float
        Bounds of the entries of actions.
    """

    networks: Networks
    replay: Replay
    low: tuple[float, ...] = static()
    high: tuple[float, ...] = static()


class SAC(Algorithm):
    """Soft actor-critic, for actions that are vectors within bounds.

    The policy is to earn rewards and to stay as random as it can. Two critics tell the value of actions, the lower of
    which counts; what randomness is worth is learned too, so that the entropy stays at a target. Entropies are those
    of actions scaled to [-1, 1].

    Parameters
    ----------
    rate : float
        Learning rate of actor, critics and temperature.
    discount : float
        What a reward one step later is worth.
    tau : float
        Part of the way that the slow critics follow the others in one update.
    batch : int
        Steps of an update.
    capacity : int
        Steps that the replay holds, of all copies together.
    learning_starts : int
        Steps of all copies together with actions at random, before anything is learned.
    copies : int
        Copies of the environment that run side by side.
    rollout : int
        Steps of each copy between two calls of `learn`.
    updates : int
        Updates in each of them.
    temperature : float or None
        What a nat of entropy is worth; None to learn it.
    entropy : float or None
        Target of the entropy, in nats; None for minus the number of entries of an action.
    hidden : tuple of int
        Hidden layers of each network.

    References
    ----------
    Haarnoja, Zhou, Hartikainen, Tucker, Ha, Tan, Kumar, Zhu, Gupta, Abbeel & Levine (2018), arXiv:1812.05905,
    algorithm 1, equations 6, 9 and 18. As in the authors' program, the first steps are taken at random, and the
    temperature is learned by its logarithm.
    """

    rate: float = static(default=3e-4)
    discount: float = static(default=0.99)
    tau: float = static(default=0.005)
    batch: int = static(default=256)
    capacity: int = static(default=1_000_000)
    learning_starts: int = static(default=1_000)
    copies: int = static(default=1)  # pyright: ignore[reportIncompatibleVariableOverride]
    rollout: int = static(default=1)  # pyright: ignore[reportIncompatibleVariableOverride]
    updates: int = static(default=1)
    temperature: float | None = static(default=None)
    entropy: float | None = static(default=None)
    hidden: tuple[int, ...] = static(default=(256, 256))

    def __post_init__(self) -> None:
        self.check_counts("batch", "copies", "rollout", "updates")
        self.check_shares("discount", "tau")
        if self.temperature is not None and not self.temperature > 0:
            message = f"`temperature` must be positive, or None to learn it, got {self.temperature}"
            raise ValueError(message)

    @property
    def rule(self) -> optim.Rule:
        """Optimizer of each part."""
        return optim.Adam(self.rate)

    def init(self, spaces: Spaces, key: Array) -> SoftLearner:
        """Networks, optimizers and an empty replay."""
        if not spaces.action_size or len(spaces.low) != spaces.action_size:
            message = f"SAC needs actions that are vectors within bounds, got {spaces}"
            raise ValueError(message)
        if not all(map(math.isfinite, (*spaces.low, *spaces.high))):
            message = f"SAC needs finite bounds of actions, got low={spaces.low}, high={spaces.high}"
            raise ValueError(message)
        if spaces.states is not None:
            message = f"SAC needs observations that are vectors, got {spaces}"
            raise ValueError(message)
        xp, device, keys = array_namespace(key), device_of(key), random.split(key, 3)
        n, m = math.prod(spaces.observation_shape), spaces.action_size
        make = functools.partial(MLP, activation=nn.relu)
        actor = make(keys[0, ...], (n, *self.hidden, 2 * m))
        critics = tuple(make(keys[i, ...], (n + m, *self.hidden, 1)) for i in (1, 2))
        # of their own memory, for an optimizer may write into that of the critics
        targets = tree.map(lambda x: xp.asarray(x, copy=True), critics)
        first = 0.0 if self.temperature is None else math.log(self.temperature)
        log_temperature = xp.asarray(first, dtype=xp.float32, device=device)
        states = tuple(optim.init(self.rule, x) for x in (actor, critics, log_temperature))
        zeros = lambda *shape, dtype=xp.float32: xp.zeros(shape, dtype=dtype, device=device)
        like = (zeros(n), zeros(m), zeros(), zeros(n), zeros(dtype=xp.bool))
        replay = replay_init(self.capacity, like, copies=self.copies)
        networks = Networks(actor, critics, targets, log_temperature, states)  # pyright: ignore[reportArgumentType]
        return SoftLearner(networks, replay, spaces.low, spaces.high)

    def noise(self, spaces: Spaces) -> int:
        """Two numbers for each entry of an action."""
        return 2 * spaces.action_size

    def act(self, learner: SoftLearner, observation: Array, t: Array, noise: Array) -> tuple[Array, Any]:
        """Draw actions of the policy, at first of the uniform distribution."""
        xp = array_namespace(observation)
        drawn, _ = self._policy(learner, observation).sample(noise)
        anything = xp.astype(2 * noise[:, : drawn.shape[1]] - 1, drawn.dtype)
        action = xp.where(t < self.learning_starts, anything, drawn)
        return _scaled(learner, action), action

    def policy(self, learner: SoftLearner, observation: Array) -> Array:
        """Actions of the mean."""
        return _scaled(learner, self._policy(learner, observation).mode())

    def _policy(self, learner: SoftLearner, observation: Array) -> SquashedGaussian:
        xp, actor = array_namespace(observation), learner.networks.actor
        flat = xp.reshape(observation, (observation.shape[0], -1))
        return policy_of(actor, xp.astype(flat, learner.networks.log_temperature.dtype, copy=False))

    def learn(
        self, learner: SoftLearner, experience: Experience, t: Array, key: Array
    ) -> tuple[SoftLearner, dict[str, Array]]:
        """Remember the steps, then update all networks with others drawn from memory."""
        taken = experience.transition
        xp, shape = array_namespace(taken.reward), taken.reward.shape
        flat = lambda x: xp.reshape(x, (*shape, -1))
        steps = (
            flat(taken.observation),
            experience.extra,
            taken.reward,
            flat(taken.next_observation),
            taken.terminated,
        )
        replay = replay_add(learner.replay, steps)
        width = 1 + 4 * experience.extra.shape[-1]  # which step, and the noise of two actions
        noise = random.uniform(key, (self.updates, self.batch, width))
        began = t >= max(self.learning_starts, 1)
        networks, measures = autodiff.cond(began, self._updates, _rest, learner.networks, replay, noise)
        return learner.replace(networks=networks, replay=replay), measures

    def _updates(self, networks: Networks, replay: Replay, noise: Array) -> tuple[Networks, dict[str, Array]]:
        def one(networks: Networks, noise: Array) -> tuple[Networks, dict[str, Array]]:
            rows, _, _ = pick(replay, noise[:, 0])
            return self.update(networks, tree.map(lambda x: x[0, ...], rows), noise[:, 1:])

        networks, measures = autodiff.scan(one, networks, noise)
        return networks, tree.map(lambda x: x[-1, ...], measures)

    def update(self, networks: Networks, batch: Any, noise: Array) -> tuple[Networks, dict[str, Array]]:
        """Take one step of all networks: critics, actor, temperature, slow critics.

        Parameters
        ----------
        networks : Networks
            Given up.
        batch : tuple
            Observations (b, n), actions (b, m) in [-1, 1], rewards (b,), next observations (b, n), and whether they
            are terminal (b,).
        noise : (b, 4 m) array
            Uniform on [0, 1).
        """
        observation, action, reward, following, terminated = batch
        actor, critics, targets = networks.actor, networks.critics, networks.targets
        log_temperature, half = networks.log_temperature, noise.shape[1] // 2
        xp = array_namespace(reward)
        temperature = xp.exp(log_temperature)
        actor_state, critic_state, temperature_state = networks.states
        step = functools.partial(optim.update, self.rule, donate=True)

        later, log_p = policy_of(actor, following).sample(noise[:, :half])
        value = lower(values(targets, following, later)) - temperature * log_p
        target = reward + self.discount * xp.where(terminated, xp.zeros_like(value), value)
        (error, mean), grads = _critic_slope(critics, observation, action, target)
        critics, critic_state = step(critics, grads, critic_state)

        (loss, log_p), grads = _actor_slope(actor, critics, temperature, observation, noise[:, half:])
        actor, actor_state = step(actor, grads, actor_state)

        if self.temperature is None:
            goal = -float(action.shape[1]) if self.entropy is None else self.entropy
            # linear in the temperature, thus its own derivative by the logarithm
            grads = temperature_loss(log_temperature, log_p, goal)
            log_temperature, temperature_state = step(log_temperature, grads, temperature_state)
        targets = tree.map(lambda slow, fast: slow + self.tau * (fast - slow), targets, critics)
        states = (actor_state, critic_state, temperature_state)
        measures = (error, loss, temperature, -xp.mean(log_p), mean)
        return Networks(actor, critics, targets, log_temperature, states), dict(
            zip(MEASURES, measures, strict=True)
        )


MEASURES = ("critic_loss", "actor_loss", "temperature", "entropy", "value")


def _rest(networks: Networks, replay: Replay, noise: Array) -> tuple[Networks, dict[str, Array]]:
    xp = array_namespace(noise)
    nothing = xp.asarray(xp.nan, dtype=noise.dtype, device=device_of(noise))
    return networks, dict.fromkeys(MEASURES, nothing)


def _scaled(learner: SoftLearner, action: Array) -> Array:
    """Actions within their bounds, of actions in [-1, 1]."""
    xp, device = array_namespace(action), device_of(action)
    low, high = (xp.asarray(x, dtype=action.dtype, device=device) for x in (learner.low, learner.high))
    return low + (high - low) * (0.5 * (action + 1))


def policy_of(actor: MLP, observation: Array) -> SquashedGaussian:
    """Distribution of the actions of an actor."""
    out = actor(observation)
    xp = array_namespace(out)
    n = out.shape[-1] // 2
    return SquashedGaussian(out[..., :n], xp.clip(out[..., n:], LEAST, MOST))


def values(critics: tuple[MLP, MLP], observation: Array, action: Array) -> tuple[Array, Array]:
    """What both critics say of actions: (b,) each."""
    both = array_namespace(observation, action).concat([observation, action], axis=-1)
    first, second = critics
    return first(both)[:, 0], second(both)[:, 0]


def lower(pair: tuple[Array, Array]) -> Array:
    """Lower of two values."""
    return array_namespace(*pair).minimum(*pair)


def critic_loss(
    critics: tuple[MLP, MLP], observation: Array, action: Array, target: Array
) -> tuple[Array, Array]:
    """Half the mean square errors of both critics, and the mean of the values (equation 5)."""
    first, second = values(critics, observation, action)
    xp = array_namespace(first)
    loss = 0.5 * (xp.mean((first - target) ** 2) + xp.mean((second - target) ** 2))
    return loss, 0.5 * xp.mean(first + second)


def actor_loss(
    actor: MLP, critics: tuple[MLP, MLP], temperature: Array, observation: Array, noise: Array
) -> tuple[Array, Array]:
    """What the entropy lacks, at its price, less the value (equation 9); and the logarithms of the densities (b,)."""
    action, log_p = policy_of(actor, observation).sample(noise)
    xp = array_namespace(log_p)
    return xp.mean(log_p * temperature - lower(values(critics, observation, action))), log_p


def temperature_loss(log_temperature: Array, log_probability: Array, goal: float) -> Array:
    """Price of the entropy that exceeds the goal (equation 18)."""
    xp = array_namespace(log_temperature)
    return xp.exp(log_temperature) * -(array_namespace(log_probability).mean(log_probability) + goal)


_critic_slope = autodiff.value_and_grad(critic_loss, has_aux=True)
_actor_slope = autodiff.value_and_grad(actor_loss, has_aux=True)
