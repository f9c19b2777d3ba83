import dataclasses

import numpy as np
import pytest
from asserts import values
from rl.policy.rounds import round_of

import xdl
from xdl import optim, tree
from xdl.rl import PPO, CartPole, Pendulum, train
from xdl.rl._algorithm import Spaces
from xdl.rl._plan import compiled
from xdl.rl._policy.on_policy import Batch

DISCRETE = Spaces(observation_shape=(4,), actions=3)
CONTINUOUS = Spaces(observation_shape=(4,), action_size=2, low=(-1.0, -0.5), high=(1.0, 0.5))
SPACES = pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS], ids=["discrete", "continuous"])


def start(algorithm, spaces, like=None):
    key = xdl.random.key(0, like=np.zeros(()) if like is None else like)
    return algorithm.init(spaces, key)


# ---- by hand in torch, after CleanRL's ppo.py and ppo_continuous_action.py ----


def torch_layers(layers, dtype):
    """Weights and biases as leaves of torch."""
    import torch

    return [
        tuple(torch.tensor(values(x), dtype=dtype, requires_grad=True) for x in (a.weight, a.bias))
        for a in layers
    ]


class TorchAgent:
    """Network of a learner, as CleanRL's class ``Agent``."""

    def __init__(self, network, dtype):
        import torch

        self.actor, self.critic = (torch_layers(x, dtype) for x in (network.actor, network.critic))
        self.logstd = network.log_std
        if self.logstd is not None:
            self.logstd = torch.tensor(values(network.log_std), dtype=dtype, requires_grad=True)

    def parameters(self):
        own = [] if self.logstd is None else [self.logstd]
        return [x for pair in (*self.actor, *self.critic) for x in pair] + own

    def run(self, layers, x):
        for weight, bias in layers[:-1]:
            x = (x @ weight + bias).tanh()
        return x @ layers[-1][0] + layers[-1][1]

    def get_action_and_value(self, x, action):
        from torch.distributions import Categorical, Normal

        out, value = self.run(self.actor, x), self.run(self.critic, x)
        if self.logstd is None:
            probs = Categorical(logits=out)
            return probs.log_prob(action), probs.entropy(), value
        probs = Normal(out, self.logstd.expand_as(out).exp())
        return probs.log_prob(action).sum(1), probs.entropy().sum(1), value


def torch_loss(agent, batch, algorithm):
    """The loss of a minibatch, in the words of ppo.py."""
    import torch

    b = {f.name: torch.tensor(values(getattr(batch, f.name))) for f in dataclasses.fields(batch)}
    newlogprob, entropy, newvalue = agent.get_action_and_value(b["observation"], b["action"])
    ratio = (newlogprob - b["log_probability"]).exp()
    mb_advantages = b["advantage"]
    if algorithm.normalize_advantage:
        mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)
    pg_loss1 = -mb_advantages * ratio
    pg_loss2 = -mb_advantages * torch.clamp(ratio, 1 - algorithm.clip, 1 + algorithm.clip)
    pg_loss = torch.max(pg_loss1, pg_loss2).mean()
    newvalue = newvalue.view(-1)
    if algorithm.value_clip is not None:
        v_loss_unclipped = (newvalue - b["target"]) ** 2
        v_clipped = b["value"] + torch.clamp(
            newvalue - b["value"], -algorithm.value_clip, algorithm.value_clip
        )
        v_loss_clipped = (v_clipped - b["target"]) ** 2
        v_loss = 0.5 * torch.max(v_loss_unclipped, v_loss_clipped).mean()
    else:
        v_loss = 0.5 * ((newvalue - b["target"]) ** 2).mean()
    return pg_loss - algorithm.entropy_weight * entropy.mean() + v_loss * algorithm.value_weight


def leaves_of(network):
    """Leaves in the order of the agent's."""
    pairs = [(a.weight, a.bias) for a in (*network.actor, *network.critic)]
    own = [] if network.log_std is None else [network.log_std]
    return [x for pair in pairs for x in pair] + own


def far_batch(algorithm, network, spaces):
    """Minibatch of a policy and values other than the network's, so that about half of it is clipped."""
    rng, m = np.random.default_rng(1), 64
    observation = rng.normal(size=(m, 4))
    policy, value = network(observation)
    action = policy.sample(rng.random((m, algorithm.noise(spaces))))
    before = policy.log_probability(action) + rng.normal(0, 0.3, m)
    target = rng.normal(size=m)
    return Batch(observation, action, before, value + rng.normal(0, 0.3, m), rng.normal(size=m), target)


@SPACES
@pytest.mark.parametrize(
    "options", [{}, {"value_clip": None, "normalize_advantage": False, "clip": 0.1}], ids=["default", "plain"]
)
def test_loss_and_gradient_are_cleanrls(spaces, options):
    torch = pytest.importorskip("torch")
    algorithm = PPO(**options)
    network = start(algorithm, spaces).network
    network = tree.map(lambda x: 1.7 * x.astype(np.float64) + 0.01, network)
    batch = far_batch(algorithm, network, spaces)
    (found, measures), grads = xdl.value_and_grad(algorithm.loss, has_aux=True)(network, batch)
    assert 0.2 < measures["clipped"] < 0.9
    agent = TorchAgent(network, torch.float64)
    expected = torch_loss(agent, batch, algorithm)
    expected.backward()
    assert float(found) == pytest.approx(expected.item(), rel=1e-12)
    for ours, theirs in zip(leaves_of(grads), agent.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-9, atol=1e-12)


@SPACES
def test_a_round_of_learning_is_that_of_torch(spaces):
    """All passes, with the bound on the gradient, Adam, and the rate that falls."""
    torch = pytest.importorskip("torch")
    algorithm = PPO(rollout=16, epochs=2, minibatches=2, rate=2e-3, anneal=256)
    learner, key = start(algorithm, spaces), xdl.random.key(1, like=np.zeros(()))
    network = tree.map(lambda x: x.astype(np.float64), learner.network)
    learner = learner.replace(network=network, optimizer=optim.init(algorithm.rule, network))
    agent = TorchAgent(network, torch.float64)
    experience = round_of(algorithm, learner, spaces, np.zeros(()))
    batch = algorithm.batch(learner.network, experience)
    batch = tree.map(lambda x: x.astype(np.float64) if x.dtype == np.float32 else x, batch)
    optimizer = torch.optim.Adam(agent.parameters(), lr=2e-3 * (1 - 64 / 256), eps=1e-5)
    for order in np.argsort(xdl.random.uniform(key, (2, 64)), axis=-1):
        for part in np.split(order, 2):
            optimizer.zero_grad()
            minibatch = tree.map(lambda x, part=part: x[part], batch)
            torch_loss(agent, minibatch, algorithm).backward()
            torch.nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimizer.step()
    learner, _ = algorithm.learn(learner, experience, np.asarray(128), key)
    for ours, theirs in zip(leaves_of(learner.network), agent.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-4, atol=1e-6)


@SPACES
@pytest.mark.xp_only("strict", "mock", "torch", "jax-x32", reason="compared with NumPy")
def test_learning_is_the_same_on_every_library(xp, spaces):
    algorithm = PPO(rollout=4, epochs=1, minibatches=2, target_kl=0.1, shared=spaces is CONTINUOUS)
    found = []
    for like in (np.zeros(()), xp.zeros(())):
        # orthogonal matrices are those of a library's own decomposition
        learner = tree.map(lambda x, like=like: xdl.asarray(x, like=like), start(algorithm, spaces))
        experience, t = round_of(algorithm, learner, spaces, like), xdl.asarray(np.asarray(16), like=like)
        learn = compiled(algorithm.learn)
        learner, measures = learn(learner, experience, t, xdl.random.key(1, like=like))
        weight = learner.network.actor[-1].weight
        found.append((values(weight), {name: float(values(x)) for name, x in measures.items()}))
    (ours, ours_measured), (theirs, theirs_measured) = found
    np.testing.assert_allclose(theirs, ours, rtol=1e-3, atol=1e-5)
    assert theirs_measured == pytest.approx(ours_measured, rel=1e-3, abs=1e-4)


def test_beyond_the_target_no_more_is_learned_in_a_round():
    """A target that every policy misses ends the round with the first pass, one that none misses changes nothing."""

    def learn(**options):
        algorithm = PPO(rollout=8, rate=1e-2, **options)
        learner = start(algorithm, DISCRETE)
        experience = round_of(algorithm, learner, DISCRETE, np.zeros(()))
        key = xdl.random.key(1, like=np.zeros(()))
        learner, measures = algorithm.learn(learner, experience, np.asarray(32), key)
        return learner.network.actor[-1].weight, int(learner.optimizer.count), float(measures["kl"])

    # with one minibatch their order does not matter
    stopped, once = learn(minibatches=1, epochs=3, target_kl=-1.0), learn(minibatches=1, epochs=1)
    np.testing.assert_allclose(stopped[0], once[0], rtol=1e-4, atol=1e-6)
    assert (stopped[1], once[1]) == (1, 1)
    never, thrice = learn(minibatches=2, epochs=3, target_kl=1e9), learn(minibatches=2, epochs=3)
    np.testing.assert_allclose(never[0], thrice[0], rtol=1e-4, atol=1e-6)
    assert (never[1], thrice[1]) == (6, 6)
    assert learn(minibatches=2, epochs=3, target_kl=-1.0)[1] == 2
    assert abs(stopped[2] - once[2]) < 1e-6 < thrice[2]
    assert np.abs(thrice[0] - once[0]).max() > 1e-3


def test_passes_and_parts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="`minibatches` must divide the 4 x 128 steps of a round, got 7"):
        PPO(minibatches=7)
    with pytest.raises(ValueError, match="`epochs` must be at least 1, got 0"):
        PPO(epochs=0)


def test_it_learns_to_balance_a_pole():
    result = train(
        PPO(rate=1e-3), CartPole(), xdl.random.key(0, like=np.zeros(())), steps=10_240, progress=False
    )
    returns = np.asarray(result.episodes.returns)
    assert returns[:20].mean() < 40
    assert returns[-20:].mean() > 90


def test_it_runs_where_actions_are_vectors():
    algorithm = PPO(copies=2, rollout=16)
    result = train(algorithm, Pendulum(), xdl.random.key(0, like=np.zeros(())), steps=64, progress=False)
    assert np.isfinite(result.learner.network.log_std).all()
