"""Deep Q-learning beside the same update by hand in torch, by its definitions, and at work."""

import numpy as np
import pytest
import torch

import xdl
from xdl import optim, rl
from xdl.core._backends import backend_of

SPACES = rl.Spaces(observation_shape=(3,), actions=4)
SMALL = {"hidden": (8,), "batch": 16, "learning_starts": 40, "rollout": 20, "capacity": 200}


def steps(xp, n, copies=1, seed=0):
    """Transitions (n, copies, ...) at random."""
    rng = np.random.default_rng(seed)
    number = lambda *shape: rng.standard_normal((n, copies, *shape)).astype(np.float32)
    ends = rng.integers(0, 8, (n, copies))
    return rl.Transition(
        *(
            xp.asarray(a)
            for a in (
                number(3),
                rng.integers(0, 4, (n, copies)),
                number(),
                number(3),
                ends == 0,
                ends == 1,
                number(),
            )
        )
    )


def experience(xp, n, seed=0):
    return rl.Experience(steps(xp, n, seed=seed), None, xp.zeros((1, 3)))


def trained(algorithm, xp, calls, learn=None):
    """Learner after calls of `learn`, and what the last one measured."""
    learner, measures = algorithm.init(SPACES, xdl.random.key(0)), {}
    for k in range(calls):
        t = xp.asarray((k + 1) * algorithm.rollout)
        seen = experience(xp, algorithm.rollout, k)
        learner, measures = (learn or algorithm.learn)(learner, seen, t, xdl.random.key(k))
    return learner, measures


def torch_twin(network):
    """The same network, whose weights torch stores the other way round."""
    layers = []
    for layer in (*network.layers, *network.advantage):
        twin = torch.nn.Linear(*layer.weight.shape)
        with torch.no_grad():
            twin.weight.copy_(torch.tensor(layer.weight.T))
            twin.bias.copy_(torch.tensor(layer.bias))
        layers += [twin, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("loss", ["huber", "squared"])
def test_an_update_is_that_of_torch(double, loss):
    """Loss, gradients as Adam sees them, and parameters, of a network that is not its target."""
    algorithm = rl.DQN(**SMALL, double=double, rate=1e-2, target_every=10**6, head=rl.ExpectedHead(loss))
    learner, _ = trained(algorithm, np, 4)
    network, target = torch_twin(learner.network), torch_twin(learner.target)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    layers = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    states = iter(learner.optimizer.leaves)
    for layer in layers:
        for parameter in (layer.weight, layer.bias):
            m, v = (torch.tensor(np.array(a.T)) for a in next(states))
            optimizer.state[parameter] = {"step": torch.tensor(3.0), "exp_avg": m, "exp_avg_sq": v}
    assert int(learner.optimizer.count) == 3

    index = np.minimum((learner.draws[3] * 80).astype(int), 79)  # eighty steps are stored, none overwritten
    seen, action, reward, following, ended, _ = (
        torch.tensor(x[index]) for x in xdl.tree.leaves(learner.replay.rows)
    )
    with torch.no_grad():
        best = (network if double else target)(following).argmax(dim=1, keepdim=True)
        goal = reward + 0.99 * target(following).gather(1, best)[:, 0] * ~ended
    value = network(seen).gather(1, action[:, None])[:, 0]
    compare = {"huber": torch.nn.functional.smooth_l1_loss, "squared": torch.nn.functional.mse_loss}[loss]
    expected = compare(value, goal) * (0.5 if loss == "squared" else 1)
    expected.backward()
    optimizer.step()

    learner, measures = algorithm.update(learner, 80, xdl.random.key(9))
    np.testing.assert_allclose(measures["loss"], expected.item(), rtol=1e-5)
    for ours, theirs in zip((*learner.network.layers, *learner.network.advantage), layers, strict=True):
        np.testing.assert_allclose(ours.weight, theirs.weight.detach().numpy().T, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(ours.bias, theirs.bias.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.xp_skip("jax", reason="compiled as a whole, below")
def test_nothing_is_learned_before_the_start(xp):
    algorithm = rl.DQN(**SMALL)
    first = algorithm.init(SPACES, xdl.random.key(0))
    learner, measures = trained(algorithm, xp, 1)
    assert np.isnan(xdl.to_numpy(measures["loss"]))
    assert int(learner.replay.count) == 20
    for a, b in zip(xdl.tree.leaves(first.network), xdl.tree.leaves(learner.network), strict=True):
        np.testing.assert_array_equal(xdl.to_numpy(a), xdl.to_numpy(b))


@pytest.mark.xp_skip("jax", reason="a program that takes long to compile; the plain one is below")
def test_libraries_agree_on_everything(xp):
    """On what they learn, with the same random numbers."""
    check_agreement(
        xp,
        updates=2,
        double=True,
        prioritized=0.6,
        n_step=3,
        dueling=True,
        noisy=True,
        tau=0.1,
        importance=optim.linear_schedule(0.4, 1.0, 100),
        max_norm=1.0,
        head=rl.CategoricalHead(atoms=5, low=-2.0, high=2.0),
    )


@pytest.mark.xp_skip("jax-x64", reason="as without float64, and slow")
def test_libraries_agree(xp):
    """On what they learn, with the same random numbers."""
    check_agreement(xp)


def check_agreement(xp, **options):
    """Compare with NumPy; where the library compiles, what is compiled."""
    algorithm = rl.DQN(**SMALL, **options, rate=1e-3)
    with xdl.use_backend("numpy"):
        ours, expected = trained(algorithm, np, 3)
    learn = xdl.jit(algorithm.learn) if backend_of(xp.asarray(0)).prefers_jit else algorithm.learn
    theirs, found = trained(algorithm, xp, 3, learn)
    for name, x in expected.items():
        np.testing.assert_allclose(xdl.to_numpy(found[name]), x, rtol=1e-3, atol=1e-5)
    for a, b in zip(xdl.tree.leaves(ours.target), xdl.tree.leaves(theirs.target), strict=True):
        np.testing.assert_allclose(xdl.to_numpy(b), a, rtol=1e-3, atol=1e-4)


def test_targets():
    """A copy when a multiple of steps has passed, or part of the way after each update."""
    same = lambda learner: all(
        np.array_equal(a, b)
        for a, b in zip(xdl.tree.leaves(learner.network), xdl.tree.leaves(learner.target), strict=True)
    )
    hard = rl.DQN(**SMALL, target_every=80)
    found = [same(trained(hard, np, calls)[0]) for calls in (1, 2, 3, 4, 5)]
    assert found == [True, False, False, True, False]
    learner, _ = trained(hard, np, 4)
    assert not np.shares_memory(learner.network.layers[0].weight, learner.target.layers[0].weight)

    soft = rl.DQN(**SMALL, tau=0.25)
    before, _ = trained(soft, np, 2)
    old = xdl.tree.map(np.array, before.target)
    after, _ = soft.update(before, 40, xdl.random.key(0))
    for a, b, c in zip(*map(xdl.tree.leaves, (old, after.network, after.target)), strict=True):
        np.testing.assert_allclose(c, 0.75 * a + 0.25 * b, rtol=1e-5, atol=1e-7)


def test_weights_undo_priorities():
    """With full importance, updates of prioritized and of uniform draws have the same mean up to a factor."""
    algorithm = rl.DQN(**SMALL, prioritized=1.0, importance=1.0)
    learner, _ = trained(algorithm, np, 4)
    _, index, chance = rl.replay_sample(learner.replay, xdl.random.key(0), 4000)
    mean = np.bincount(index, weights=1 / chance, minlength=80)[:80] / 4000
    drawn = np.bincount(index, minlength=80)[:80]
    np.testing.assert_allclose(mean[drawn > 20], 1, rtol=0.2)
    assert chance.max() > 3 * chance.min()


def test_exploration():
    algorithm = rl.DQN(**SMALL, epsilon=optim.linear_schedule(1.0, 0.0, 100))
    learner = algorithm.init(SPACES, xdl.random.key(0))
    seen = np.ones((2000, 3), np.float32)
    best = algorithm.policy(learner, seen)
    for t, share in ((0, 0.25), (50, 0.625), (100, 1.0)):
        noise = np.random.default_rng(0).random((2000, 1), np.float32)
        action, _ = algorithm.act(learner, seen, np.asarray(t), noise)
        assert abs(np.mean(action == best) - share) < 0.04
    noisy = rl.DQN(**SMALL, epsilon=0.0, noisy=True)
    learner = noisy.init(SPACES, xdl.random.key(0))
    seen = np.random.default_rng(1).standard_normal((50, 3)).astype(np.float32)
    acts = [noisy.act(learner, seen, np.asarray(t), np.ones((50, 1)))[0] for t in (0, 1)]
    assert (acts[0] != acts[1]).any()


def test_other_networks():
    class Bias(xdl.Module):
        q: object

        def __call__(self, observation):
            return np.zeros((len(observation), 1, 1), np.float32) + self.q[:, None]

    algorithm = rl.DQN(**SMALL, network=lambda key, spaces: Bias(np.zeros(spaces.actions, np.float32)))
    found = algorithm.policy(algorithm.init(SPACES, xdl.random.key(0)), np.zeros((2, 3)))
    assert found.tolist() == [0, 0]


def test_images_are_kept_as_they_are(xp):
    """A replay of bytes has a quarter of the size, and the network sees the same numbers."""
    spaces = rl.Spaces(observation_shape=(2, 3), actions=4, observation_dtype="uint8")
    random = np.random.default_rng(0)
    pixels = [xp.asarray(random.integers(0, 256, (20, 1, 2, 3)).astype(np.uint8)) for _ in range(2)]
    taken = steps(xp, 20).replace(observation=pixels[0], next_observation=pixels[1])
    algorithm, losses = rl.DQN(**(SMALL | {"learning_starts": 20}), n_step=2), []
    for given in (spaces, spaces.replace(observation_dtype="float32")):
        learner = algorithm.init(given, xdl.random.key(0))
        assert learner.replay.rows.observation.dtype == getattr(xp, given.observation_dtype)
        learner, measures = algorithm.learn(
            learner, rl.Experience(taken, None, pixels[0][-1, ...]), xp.asarray(20), xdl.random.key(1)
        )
        np.testing.assert_array_equal(
            xdl.to_numpy(learner.replay.rows.next_observation)[:20], xdl.to_numpy(pixels[1])[:, 0]
        )
        losses.append(float(measures["loss"]))
    assert losses[0] == losses[1]


@pytest.mark.parametrize("n_step", [1, 3])
def test_it_learns_what_planners_compute(n_step):
    """Values of a chain, by a network that is a table; episodes are cut off, and nothing is lost by it.

    The behavior is greedy but for one step in ten, as returns of several steps ask for.
    """
    chain = rl.engagement_chain(0.5)
    algorithm = rl.DQN(
        hidden=(),
        rate=optim.linear_schedule(0.5, 0.02, 350),
        discount=0.75,
        batch=256,
        capacity=16_000,
        learning_starts=400,
        copies=20,
        rollout=10,
        updates=10,
        tau=0.2,
        epsilon=optim.linear_schedule(1.0, 0.1, 2000),
        n_step=n_step,
        head=rl.ExpectedHead("squared"),
    )
    result = rl.train(algorithm, rl.tabular_environment(chain, max_steps=9), 0, steps=8000, progress=False)
    q = algorithm.head.values(result.learner.network(np.arange(10)))
    plan = rl.policy_iteration(chain)
    np.testing.assert_allclose(q.max(axis=-1), plan.value, rtol=0.1)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="actions that are integers, got vectors of 2 entries"):
        rl.DQN().init(rl.Spaces(observation_shape=(3,), action_size=2), xdl.random.key(0))
    with pytest.raises(ValueError, match="`learning_starts` must be at least 6"):
        rl.DQN(learning_starts=5, n_step=3, copies=2)
    with pytest.raises(ValueError, match="`capacity` must be at least 12"):
        rl.DQN(rollout=10, n_step=3, capacity=11)
    with pytest.raises(ValueError, match=r"`epsilon` must be in \[0, 1\], got 2"):
        rl.DQN(epsilon=2)
    with pytest.raises(ValueError, match=r"`tau` must be in \(0, 1\], got 0"):
        rl.DQN(tau=0.0)
    with pytest.raises(ValueError, match="`discount` must be"):
        rl.DQN(discount=1.1)
    with pytest.raises(ValueError, match="`batch` must be at least 1, got 0"):
        rl.DQN(batch=0)
