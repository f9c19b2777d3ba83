"""Proximal policy optimization: several passes over the same steps, each change of the policy bounded."""

from typing import Any

from xdl import autodiff, nn, optim
from xdl.core import Array, array_namespace, random, static, tree
from xdl.core._namespace import device_of
from xdl.rl._algorithm import Experience

from .on_policy import Batch, Learner, OnPolicy, explained_variance
from .surrogates import clipped_policy_loss, clipped_value_loss

__all__ = ["PPO"]


class PPO(OnPolicy):
    """Proximal policy optimization, with a clipped objective.

    Parameters
    ----------
    copies, rollout : int
        Copies of the environment, and steps of each between two rounds of learning.
    rate, discount, decay, entropy_weight, value_weight, max_norm, anneal, hidden, shared, network
        As for `A2C`.
    epochs : int
        Passes over the steps of a round.
    minibatches : int
        Into how many parts, in random order, they are taken apart in each pass.
    clip : float
        How far the ratio of the probability of an action to what it was may go from 1 and still pay.
    value_clip : float or None
        The same for the change of a value; None for the plain square error.
    normalize_advantage : bool
        Whether advantages are shifted and scaled to mean 0 and deviation 1 in each minibatch.
    target_kl : float or None
        After a pass whose last minibatch found the policy farther than this from the one that acted, by the
        estimate ``mean((r - 1) - log r)`` of the Kullback-Leibler divergence, no more is learned in the round.

    Notes
    -----
    Defaults are those of CleanRL's ``ppo.py``, but for the learning rate: there it falls to zero, here it does if
    ``anneal`` says over how many steps. Episodes that are cut off go on in the value of their last observation;
    CleanRL takes them for ended.

    References
    ----------
    Schulman, Wolski, Dhariwal, Radford & Klimov (2017), arXiv:1707.06347, algorithm 1
    Huang et al. (2022), The 37 implementation details of proximal policy optimization
    Schulman (2020), Approximating KL divergence, http://joschu.net/blog/kl-approx.html
    """

    decay: float = static(default=0.95)  # pyright: ignore[reportIncompatibleVariableOverride]
    epochs: int = static(default=4)
    minibatches: int = static(default=4)
    clip: float = static(default=0.2)
    value_clip: float | None = static(default=0.2)
    normalize_advantage: bool = static(default=True)
    target_kl: float | None = static(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_counts("epochs")
        if self.minibatches < 1 or self.copies * self.rollout % self.minibatches:
            message = (
                f"`minibatches` must divide the {self.copies} x {self.rollout} steps of a round, "
                f"got {self.minibatches}"
            )
            raise ValueError(message)

    def learn(
        self, learner: Learner, experience: Experience, t: Array, key: Array
    ) -> tuple[Learner, dict[str, Array]]:
        """Take `epochs` times `minibatches` steps of the optimizer."""
        batch = self.batch(learner.network, experience)
        xp, size, device = array_namespace(key), batch.target.shape[0], device_of(key)
        order = xp.argsort(random.uniform(key, (self.epochs, size)), axis=-1)
        order = xp.reshape(order, (self.epochs * self.minibatches, size // self.minibatches))
        last = xp.remainder(xp.arange(1, order.shape[0] + 1, device=device), self.minibatches) == 0
        state = self.prepare(learner.optimizer, t)
        slope = autodiff.value_and_grad(self.loss, has_aux=True)

        def step(carry: Any, x: tuple[Array, Array]) -> Any:
            network, state, going = carry
            index, ends = x
            part = tree.map(lambda a: xp.take(a, index, axis=0), batch)
            (_, measures), grads = slope(network, part)
            masked = self.target_kl is not None
            new = optim.update(self.rule, network, grads, state, donate=not masked)
            if not masked:
                return (*new, going), (measures, going)
            new = tree.map(lambda new, old: xp.where(going, new, old), new, (network, state))
            near = measures["kl"] <= self.target_kl
            return (*new, going & (near | xp.logical_not(ends))), (measures, going)

        start = (learner.network, state, xp.asarray(True, device=device))
        (network, state, _), (measures, counted) = autodiff.scan(step, start, (order, last))
        weight = xp.astype(counted, batch.target.dtype)
        measures = {name: xp.sum(weight * x) / xp.sum(weight) for name, x in measures.items()}
        measures["explained_variance"] = explained_variance(batch.value, batch.target)
        return learner.replace(network=network, optimizer=state), measures

    def loss(self, network: Any, part: Batch) -> tuple[Array, dict[str, Array]]:
        """Loss of a minibatch, and numbers for the log."""
        policy, value = network(part.observation)
        log_p, entropy = policy.log_probability(part.action), policy.entropy()
        xp, plain = array_namespace(log_p), array_namespace(part.target)
        advantage = part.advantage
        if self.normalize_advantage:
            spread = plain.std(advantage, correction=1 if advantage.shape[0] > 1 else 0)
            advantage = (advantage - plain.mean(advantage)) / (spread + 1e-8)
        of_policy = clipped_policy_loss(log_p, part.log_probability, advantage, clip=self.clip)
        if self.value_clip is None:
            of_value = 0.5 * nn.mse(value, part.target)
        else:
            of_value = clipped_value_loss(value, part.value, part.target, clip=self.value_clip)
        entropy = xp.mean(entropy)
        loss = of_policy - self.entropy_weight * entropy + self.value_weight * of_value
        log_ratio = autodiff.stop_gradient(log_p) - part.log_probability
        ratio = plain.exp(log_ratio)
        measures = {
            "policy_loss": of_policy,
            "value_loss": of_value,
            "entropy": entropy,
            "kl": plain.mean(ratio - 1 - log_ratio),
            "clipped": plain.mean(plain.astype(plain.abs(ratio - 1) > self.clip, ratio.dtype)),
        }
        return loss, measures
