"""Soft actor-critic: a step by torch, what is remembered, and that it learns."""

import math
from typing import ClassVar

import numpy as np
import pytest
from asserts import assert_close, assert_equal

import xdl
from xdl import rl
from xdl.core import Array, static, tree
from xdl.rl._algorithm import Experience, Spaces
from xdl.rl._environment import Transition
from xdl.rl._policy.sac import actor_loss, critic_loss, policy_of, temperature_loss

SPACES = Spaces(observation_shape=(3,), action_size=2, low=(-1.0, 0.0), high=(1.0, 4.0))
SMALL = rl.SAC(rate=0.01, batch=16, capacity=40, learning_starts=4, hidden=(8,), tau=0.1)


class Target(rl.Environment):
    """Pays minus the square of the distance of an action in [0, 2] from 1.5, once."""

    action_bounds: ClassVar[tuple[float, float] | None] = (0.0, 2.0)
    action_size: ClassVar[int] = 1
    observation_size: ClassVar[int] = 1

    max_steps: int = static(default=1)

    def reset(self, noise: Array) -> Array:
        return xdl.array_namespace(noise).zeros((noise.shape[0],), dtype=noise.dtype)

    def observe(self, state: Array) -> Array:
        return state[:, None]

    def step(self, state: Array, action: Array, noise: Array) -> tuple[Array, Array, Array]:
        return state, -10 * (action[:, 0] - 1.5) ** 2, state == 0


def batch(size, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    numbers = lambda *shape: rng.normal(size=shape).astype(dtype)
    ended = rng.random(size) < 0.3
    steps = (numbers(size, 3), np.tanh(numbers(size, 2)), numbers(size), numbers(size, 3), ended)
    return steps, rng.random((size, 8)).astype(dtype)


def test_an_update_is_that_of_torch():
    """All networks, their slow copies and the temperature after three updates, written by hand."""
    torch = pytest.importorskip("torch")
    algorithm = rl.SAC(rate=0.01, hidden=(8, 5), tau=0.1, discount=0.9, entropy=-1.5)
    networks = algorithm.init(SPACES, xdl.random.key(0)).networks
    wide = lambda x: x.astype(np.float64) if x.dtype == np.float32 else x
    networks = tree.map(wide, networks)
    tensors = lambda model: [torch.tensor(x, requires_grad=True) for x in tree.leaves(model)]
    actor, critics = tensors(networks.actor), [tensors(c) for c in networks.critics]
    targets = [[x.detach().clone() for x in c] for c in critics]
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    parts = (actor, critics[0] + critics[1], [log_temperature])
    optimizers = [torch.optim.Adam(part, lr=0.01) for part in parts]

    def run(weights, x):
        for w, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = torch.relu(x @ w + b)
        return x @ weights[-2] + weights[-1]

    def draw(x, u):
        mean, log_std = run(actor, x).chunk(2, dim=-1)
        z = torch.sqrt(-2 * torch.log(1 - u[:, :2])) * torch.cos(2 * math.pi * u[:, 2:])
        std = log_std.clamp(-20, 2).exp()
        action = torch.tanh(mean + std * z)
        log_p = torch.distributions.Normal(mean, std).log_prob(mean + std * z)
        return action, (log_p - torch.log(1 - action**2)).sum(-1)

    def both(pair, x, a):
        return [run(weights, torch.cat([x, a], -1))[:, 0] for weights in pair]

    def step(optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for k in range(3):
        steps, noise = batch(12, np.float64, seed=k)
        networks, measures = algorithm.update(networks, steps, noise)
        x, a, r, following, ended = map(torch.tensor, steps)
        u = torch.tensor(noise)
        temperature = log_temperature.exp().item()
        with torch.no_grad():
            later, log_p = draw(following, u[:, :4])
            value = torch.minimum(*both(targets, following, later)) - temperature * log_p
            goal = r + 0.9 * torch.where(ended, 0.0, value)
        critic = sum(torch.nn.functional.mse_loss(q, goal) / 2 for q in both(critics, x, a))
        step(optimizers[1], critic)
        action, log_p = draw(x, u[:, 4:])
        loss = (temperature * log_p - torch.minimum(*both(critics, x, action))).mean()
        step(optimizers[0], loss)
        step(optimizers[2], -(log_temperature.exp() * (log_p.detach() - 1.5)).mean())
        for slow, fast in zip(targets[0] + targets[1], critics[0] + critics[1], strict=True):
            slow.lerp_(fast.detach(), 0.1)
        assert_close(measures["critic_loss"], np.asarray(critic.item()), rtol=1e-7)
        assert_close(measures["actor_loss"], np.asarray(loss.item()), rtol=1e-7)
        assert_close(measures["entropy"], np.asarray(-log_p.mean().item()), rtol=1e-7)
        assert_close(measures["temperature"], np.asarray(temperature), rtol=1e-7)
    found = tree.leaves((networks.actor, networks.critics, networks.log_temperature, networks.targets))
    expected = [*actor, *critics[0], *critics[1], log_temperature, *targets[0], *targets[1]]
    for x, y in zip(found, expected, strict=True):
        assert_close(x, y.detach().numpy(), rtol=1e-7, atol=1e-8)


def test_slopes_are_those_of_finite_differences():
    networks = SMALL.init(SPACES, xdl.random.key(1)).networks
    networks = tree.map(lambda x: x.astype(np.float64) if x.dtype == np.float32 else x, networks)
    (x, a, target, _, _), noise = batch(6, np.float64)
    critics, actor = networks.critics, networks.actor
    xdl.check_grads(lambda c: critic_loss(c, x, a, target)[0], (critics,), order=1)
    xdl.check_grads(lambda p: actor_loss(p, critics, np.asarray(0.3), x, noise[:, :4])[0], (actor,), order=1)
    log_temperature, log_p = np.asarray(-0.7), noise[:, 0]
    slope = xdl.grad(temperature_loss)(log_temperature, log_p, -2.0)
    assert_close(slope, temperature_loss(log_temperature, log_p, -2.0))


def experience(xp, steps, copies, seed=0):
    rng = np.random.default_rng(seed)
    numbers = lambda *shape: xp.asarray(rng.normal(size=shape).astype(np.float32))
    flags = lambda p: xp.asarray(rng.random((steps, copies)) < p)
    action = numbers(steps, copies, 2)
    taken = Transition(
        numbers(steps, copies, 3),
        action,
        numbers(steps, copies),
        numbers(steps, copies, 3),
        flags(0.2),
        flags(0.4),
        numbers(steps, copies),
    )
    return Experience(taken, xp.tanh(action), numbers(copies, 3))


@pytest.mark.xp_skip("jax-x32", reason="a large program, compiled once")
def test_the_same_numbers_everywhere(xp):
    """Two calls of `learn`, before and after learning starts."""
    algorithm = SMALL.replace(copies=2, rollout=3, learning_starts=12, updates=2)

    def run(space):
        learner, key = algorithm.init(SPACES, xdl.random.key(2)), xdl.random.key(3)
        learn = xdl.jit(algorithm.learn) if xp.__name__ == "jax.numpy" else algorithm.learn
        for k in (1, 2):
            t = space.asarray(6 * k, dtype=space.int32)
            learner, measures = learn(learner, experience(space, 3, 2, seed=k), t, key)
            assert k == 2 or math.isnan(float(measures["critic_loss"]))
        return learner, measures

    with xdl.use_backend("numpy"):
        reference, expected = run(np)
    found, measures = run(xp)
    like = found.networks.log_temperature
    for name in measures:
        assert_close(measures[name], expected[name], like=like, rtol=1e-4, atol=1e-5)
    parts = lambda networks: (networks.actor, networks.critics, networks.targets, networks.log_temperature)
    pairs = zip(tree.leaves(parts(found.networks)), tree.leaves(parts(reference.networks)), strict=True)
    for x, y in pairs:
        assert_close(x, y, like=like, rtol=1e-3, atol=1e-5)


def test_truncation_is_no_end():
    """What is remembered as an end is termination alone, after which nothing counts."""
    given = experience(np, 5, 1)
    learner = SMALL.init(SPACES, xdl.random.key(0))
    learner, _ = SMALL.learn(learner, given, np.asarray(3), xdl.random.key(0))
    assert_equal(learner.replay.rows[4][:5], given.transition.terminated[:, 0])
    assert not np.array_equal(given.transition.terminated, given.transition.ended)
    losses = {}
    for end in (True, False):
        for shift in (0.0, 1.0):
            networks = SMALL.init(SPACES, xdl.random.key(0)).networks
            (x, a, r, following, _), noise = batch(6)
            steps = (x, a, r, following + np.float32(shift), np.full(6, end))
            losses[end, shift] = SMALL.update(networks, steps, noise)[1]["critic_loss"]
    assert losses[True, 0.0] == losses[True, 1.0]
    assert losses[False, 0.0] != losses[False, 1.0]


@pytest.mark.xp_skip("jax", reason="it writes over nothing")
def test_slow_critics_have_their_own_memory(xp):
    """An update, which may write over the critics, moves them a tenth of the way."""
    networks = SMALL.init(SPACES, xdl.random.key(0)).networks
    before = [np.array(xdl.to_numpy(x)) for x in tree.leaves(networks.critics)]
    steps, noise = batch(6)
    steps, noise = tuple(xp.asarray(x) for x in steps), xp.asarray(noise)
    networks, _ = SMALL.update(networks, steps, noise)
    pairs = zip(before, tree.leaves(networks.critics), tree.leaves(networks.targets), strict=True)
    for old, fast, slow in pairs:
        assert_close(slow, old + np.float32(0.1) * (xdl.to_numpy(fast) - old), like=fast, atol=1e-6)


@pytest.mark.xp_skip("jax", reason="slow operation by operation; `train` compiles it")
def test_actions_are_uniform_at_first_and_then_the_policy_s(xp):
    learner = SMALL.init(SPACES, xdl.random.key(0))
    noise = xdl.random.uniform(xdl.random.key(1), (2000, 4))
    observation = xp.zeros((2000, 3), dtype=xp.float32)
    action, scaled = SMALL.act(learner, observation, xp.asarray(3, dtype=xp.int32), noise)
    found = xdl.to_numpy(action)
    np.testing.assert_allclose(found.min(axis=0), [-1, 0], atol=0.02)
    np.testing.assert_allclose(found.max(axis=0), [1, 4], atol=0.02)
    assert_close(scaled, 2 * xdl.to_numpy(noise)[:, :2] - 1, like=noise)
    assert_close(action, xdl.to_numpy(scaled) * np.float32([1, 2]) + np.float32([0, 2]), like=noise)
    later, scaled = SMALL.act(learner, observation, xp.asarray(4, dtype=xp.int32), noise)
    expected, _ = policy_of(learner.networks.actor, observation).sample(noise)
    assert_close(scaled, expected)
    best = SMALL.policy(learner, observation[:1, ...])
    mode = xdl.to_numpy(policy_of(learner.networks.actor, observation[:1, ...]).mode())
    assert_close(best, mode * np.float32([1, 2]) + np.float32([0, 2]), like=noise)
    assert SMALL.noise(SPACES) == 4


def test_it_finds_the_best_action():
    """Entropy gets cheaper on the way; a temperature that is given stays."""
    algorithm = rl.SAC(rate=0.01, batch=64, capacity=600, learning_starts=50, hidden=(32, 32))
    found = rl.train(algorithm, Target(), 0, steps=600, progress=False)
    learner = found.learner
    assert algorithm.policy(learner, np.zeros((1, 1), dtype=np.float32))[0, 0] == pytest.approx(1.5, abs=0.1)
    assert float(learner.networks.log_temperature) < math.log(0.5)  # there was more entropy than asked for
    given = algorithm.replace(temperature=0.5)
    networks = given.init(SPACES, xdl.random.key(0)).networks
    networks, measures = given.update(networks, *batch(8))
    assert float(measures["temperature"]) == pytest.approx(0.5)
    assert float(networks.log_temperature) == pytest.approx(math.log(0.5))


def test_spaces_and_settings_that_make_no_sense():
    key = xdl.random.key(0)
    with pytest.raises(ValueError, match="vectors within bounds"):
        rl.SAC().init(Spaces(observation_shape=(3,), actions=2), key)
    with pytest.raises(ValueError, match="finite bounds"):
        rl.SAC().init(Spaces(observation_shape=(3,), action_size=1, low=(-math.inf,), high=(1.0,)), key)
    with pytest.raises(ValueError, match="observations that are vectors"):
        rl.SAC().init(Spaces(observation_shape=(), states=5, action_size=1, low=(0.0,), high=(1.0,)), key)
    with pytest.raises(ValueError, match="`updates` must be at least 1, got 0"):
        rl.SAC(updates=0)
    with pytest.raises(ValueError, match="`temperature` must be positive, or None to learn it, got 0.0"):
        rl.SAC(temperature=0.0)
    with pytest.raises(ValueError, match=r"`tau` must be in \[0, 1\], got 5"):
        rl.SAC(tau=5)
