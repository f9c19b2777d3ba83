"""What algorithms share that learn a policy from its own steps, and then throw these away."""

from collections.abc import Callable
from typing import Any, ClassVar

from xdl import autodiff, nn, optim
from xdl.core import Array, Module, array_namespace, static
from xdl.core._namespace import device_of
from xdl.rl._algorithm import Algorithm, Experience, Spaces

from .actor_critic import ActorCritic
from .advantages import gae

__all__ = ["Batch", "Learner", "OnPolicy", "explained_variance"]


class Learner(Module):
    """What is remembered.

    Parameters
    ----------
    network : Module
        As `ActorCritic`.
    optimizer : State
        State of the optimizer.
    low, high : tuple of float
        Bounds of the entries of actions that are vectors.
    """

    network: Any
    optimizer: optim.State
    low: tuple[float, ...] = static()
    high: tuple[float, ...] = static()


class Batch(Module):
    """What was seen and done in m steps, and what came of it.

    Parameters
    ----------
    observation : (m, ...) array
    action : (m,) integer array, or (m, action_size) array
        As the policy gave it, not clipped.
    log_probability : (m,) array
        Logarithm of its probability, by the policy that acted.
    value : (m,) array
        Value of what was seen.
    advantage : (m,) array
        How much better the action was than expected.
    target : (m,) array
        Estimate of the return, which the value is to become.
    """

    observation: Array
    action: Array
    log_probability: Array
    value: Array
    advantage: Array
    target: Array


class OnPolicy(Algorithm):
    """Base of algorithms with an actor and a critic, which take one step of the optimizer after each rollout.

    Their settings are told by `A2C`.
    """

    decay: ClassVar[float] = 1.0  # the λ of `gae`

    copies: int = static(default=4)  # pyright: ignore[reportIncompatibleVariableOverride]
    rollout: int = static(default=128)  # pyright: ignore[reportIncompatibleVariableOverride]
    rate: Any = static(default=2.5e-4)
    discount: float = static(default=0.99)
    entropy_weight: float = static(default=0.01)
    value_weight: float = static(default=0.5)
    max_norm: float = static(default=0.5)
    anneal: int | None = static(default=None)
    hidden: tuple[int, ...] = static(default=(64, 64))
    shared: bool = static(default=False)
    network: Callable[[Array, Spaces], Any] | None = static(default=None)

    def __post_init__(self) -> None:
        self.check_counts("copies", "rollout")
        self.check_shares("discount", "decay")
        if self.anneal is not None and callable(self.rate):
            message = f"`anneal` lets a rate fall, and {self.rate!r} is a schedule already: give one of them"
            raise ValueError(message)

    @property
    def rule(self) -> optim.Rule:
        """Optimizer."""
        return optim.chain(optim.clip_by_norm(self.max_norm), optim.Adam(self.rate, eps=1e-5))

    def init(self, spaces: Spaces, key: Array) -> Learner:
        """Network and optimizer before the first step."""
        if spaces.actions is None and not spaces.action_size:
            message = f"expected actions that are integers from 0 or vectors, got {spaces}"
            raise ValueError(message)
        if self.network is None:
            network = ActorCritic(key, spaces, self.hidden, shared=self.shared)
        else:
            network = self.network(key, spaces)
        return Learner(network, optim.init(self.rule, network), spaces.low, spaces.high)

    def noise(self, spaces: Spaces) -> int:
        """One number for an integer, two for each entry of a vector."""
        return 1 if spaces.actions is not None else 2 * spaces.action_size

    def act(self, learner: Learner, observation: Array, t: Array, noise: Array) -> tuple[Array, Any]:
        """Draw actions; those that are vectors are clipped to the bounds for the environment, not for `learn`."""
        action = learner.network.policy(observation).sample(noise)
        return _bounded(learner, action), {"action": action}

    def policy(self, learner: Learner, observation: Array) -> Array:
        """Likeliest actions."""
        return _bounded(learner, learner.network.policy(observation).mode())

    def batch(self, network: Any, experience: Experience) -> Batch:
        """All steps of a round, as the network judges them that has acted."""
        taken = experience.transition
        xp, (steps, n) = array_namespace(taken.reward), taken.reward.shape
        flat = lambda x: xp.reshape(x, (steps * n, *x.shape[2:]))
        observation, action = flat(taken.observation), flat(experience.extra["action"])
        policy, value = network(observation)
        # of every last observation: which of them end an episode no compiled program knows
        following = network.value(flat(taken.next_observation))
        advantage = gae(
            xp.astype(taken.reward, value.dtype),
            xp.reshape(value, (steps, n)),
            xp.reshape(following, (steps, n)),
            taken.terminated,
            taken.ended,
            discount=self.discount,
            decay=self.decay,
        )
        log_p, advantage = policy.log_probability(action), flat(advantage)
        return Batch(observation, action, log_p, value, advantage, advantage + value)

    def learn(
        self, learner: Learner, experience: Experience, t: Array, key: Array
    ) -> tuple[Learner, dict[str, Array]]:
        """Take one step of the optimizer."""
        batch = self.batch(learner.network, experience)
        slope = autodiff.value_and_grad(self.loss, has_aux=True)
        (_, measures), grads = slope(learner.network, batch)
        state = self.prepare(learner.optimizer, t)
        network, state = optim.update(self.rule, learner.network, grads, state, donate=True)
        measures["explained_variance"] = explained_variance(batch.value, batch.target)
        return learner.replace(network=network, optimizer=state), measures

    def loss(self, network: Any, batch: Batch) -> tuple[Array, dict[str, Array]]:
        """Loss whose gradient is that of the return, of the entropy and of the values; and numbers for the log."""
        policy, value = network(batch.observation)
        log_p = policy.log_probability(batch.action)
        xp = array_namespace(log_p)
        of_policy = -xp.mean(xp.multiply(log_p, batch.advantage))
        of_value, entropy = 0.5 * nn.mse(value, batch.target), xp.mean(policy.entropy())
        loss = of_policy - self.entropy_weight * entropy + self.value_weight * of_value
        return loss, {"policy_loss": of_policy, "value_loss": of_value, "entropy": entropy}

    def prepare(self, state: optim.State, t: Array) -> optim.State:
        """State of the optimizer with the rate of this call, which ends with step ``t``."""
        if self.anneal is None:
            return state
        xp = array_namespace(t)
        before = xp.astype(t, xp.float32) - self.copies * self.rollout
        rate = self.rate * (1 - before / self.anneal)
        return optim.adjust(state, learning_rate=xp.where(rate > 0, rate, xp.zeros_like(rate)))


def _bounded(learner: Learner, action: Array) -> Array:
    if not learner.low:
        return action
    xp, device = array_namespace(action), device_of(action)
    low, high = (xp.asarray(x, dtype=action.dtype, device=device) for x in (learner.low, learner.high))
    return xp.minimum(xp.maximum(action, low), high)


def explained_variance(value: Array, target: Array) -> Array:
    """Part of the variance of the targets that the values explain; NaN where there is none."""
    xp = array_namespace(value)
    variance = xp.var(target)
    safe = xp.where(variance > 0, variance, xp.ones_like(variance))
    return xp.where(variance > 0, 1 - xp.var(target - value) / safe, xp.nan)
