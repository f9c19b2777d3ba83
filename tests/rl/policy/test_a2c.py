import numpy as np
import pytest
from asserts import values
from rl.policy.rounds import round_of

import xdl
from xdl.rl import A2C, CartPole, train
from xdl.rl._algorithm import Spaces

KEY = xdl.random.key(0, like=np.zeros(()))


def test_a_step_is_that_of_torch():
    """Two steps, so that the average of squares has a past; advantages as the sums of the paper's algorithm S3."""
    torch = pytest.importorskip("torch")
    algorithm = A2C(copies=3, hidden=(8,), rate=1e-2)
    spaces = Spaces(observation_shape=(4,), actions=3)
    learner = algorithm.init(spaces, KEY)
    network = learner.network
    layers = [[(a.weight, a.bias) for a in x] for x in (network.actor, network.critic)]
    layers = [[tuple(torch.tensor(x, requires_grad=True) for x in a) for a in x] for x in layers]
    run = lambda x, net: torch.tanh(x @ net[0][0] + net[0][1]) @ net[1][0] + net[1][1]
    parameters = [x for net in layers for a in net for x in a]
    optimizer = torch.optim.RMSprop(parameters, lr=1e-2, alpha=0.99, eps=1e-5)
    for seed in (0, 1):
        experience = round_of(algorithm, learner, spaces, np.zeros(()), seed)
        taken = experience.transition
        after = run(torch.tensor(taken.next_observation), layers[1])[..., 0].detach().numpy()
        returns = np.zeros((5, 3), np.float32)
        for t in reversed(range(5)):
            # inside of an episode and of the rollout, what follows is the return from there
            rest = after[t] if t == 4 else np.where(taken.ended[t], after[t], returns[t + 1])
            returns[t] = taken.reward[t] + 0.99 * np.where(taken.terminated[t], 0, rest)
        x, returns = torch.tensor(taken.observation), torch.tensor(returns)
        value, policy = run(x, layers[1])[..., 0], torch.distributions.Categorical(logits=run(x, layers[0]))
        log_p = policy.log_prob(torch.tensor(experience.extra["action"]))
        loss = -(log_p * (returns - value.detach())).mean() + 0.25 * ((value - returns) ** 2).mean()
        optimizer.zero_grad()
        (loss - 0.01 * policy.entropy().mean()).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        optimizer.step()
        learner, measures = algorithm.learn(learner, experience, np.asarray(15 * (seed + 1)), KEY)
        assert float(measures["entropy"]) == pytest.approx(policy.entropy().mean().item(), rel=1e-5)
    found = [
        x for net in (learner.network.actor, learner.network.critic) for a in net for x in (a.weight, a.bias)
    ]
    for ours, theirs in zip(found, parameters, strict=True):
        np.testing.assert_allclose(values(ours), theirs.detach().numpy(), rtol=2e-3, atol=1e-4)


def test_it_learns_to_balance_a_pole():
    result = train(A2C(), CartPole(), KEY, steps=24_000, progress=False)
    assert np.asarray(result.episodes.returns)[-20:].mean() > 60
