"""One round of PPO's learning: 4 passes over 128 steps of 4 copies in 4 minibatches, float32, one thread.

Networks 4-64-64-2 and 4-64-64-1, as in CleanRL's ppo.py, advantages included, steps in the environment not. Ours on NumPy
and on torch beside torch in its eager mode, written by hand after CleanRL.
"""

from .pairs import in_turns, need, ratio

COPIES, STEPS, EPOCHS, MINIBATCHES = 4, 128, 4, 4


def steps():
    """Observations, actions, rewards, ends, and what follows, of a round."""
    import numpy as np

    rng = np.random.default_rng(0)
    seen = rng.standard_normal((STEPS + 1, COPIES, 4)).astype(np.float32)
    action = rng.integers(0, 2, (STEPS, COPIES)).astype(np.int32)
    reward = rng.standard_normal((STEPS, COPIES)).astype(np.float32)
    return seen, action, reward, rng.random((STEPS, COPIES)) < 0.02


def by_xdl(name):
    """Thunk of one round."""
    import xdl
    from xdl import rl

    algorithm = rl.PPO(copies=COPIES, rollout=STEPS, epochs=EPOCHS, minibatches=MINIBATCHES)
    with xdl.use_backend(name) as b:
        seen, action, reward, ended = map(b.asarray, steps())
        key = xdl.random.key(0)
        held = [algorithm.init(rl.Spaces(observation_shape=(4,), actions=2), key)]
        t = b.asarray(0)
    taken = rl.Transition(seen[:-1], action, reward, seen[1:], ended, ended & ~ended, reward)
    experience = rl.Experience(taken, {"action": action}, seen[-1])

    def run():
        held[0], _ = algorithm.learn(held[0], experience, t, key)

    return run


def by_torch(**options):
    """The same by hand, in the words of CleanRL."""
    import torch
    from torch.distributions import Categorical

    torch.set_num_threads(1)
    torch.manual_seed(0)
    obs, actions, rewards, dones = (torch.tensor(x) for x in steps())
    actions, dones = actions.long(), dones.float()

    def layer(n, m, std=2**0.5):
        made = torch.nn.Linear(n, m)
        torch.nn.init.orthogonal_(made.weight, std)
        torch.nn.init.constant_(made.bias, 0.0)
        return made

    def network(outputs, std):
        return torch.nn.Sequential(
            layer(4, 64), torch.nn.Tanh(), layer(64, 64), torch.nn.Tanh(), layer(64, outputs, std)
        )

    actor, critic = network(2, 0.01), network(1, 1.0)
    parameters = [*actor.parameters(), *critic.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=2.5e-4, eps=1e-5, **options)
    size = COPIES * STEPS // MINIBATCHES

    def judge(x, action):
        policy = Categorical(logits=actor(x))
        return policy.log_prob(action), policy.entropy(), critic(x)

    def advantages_of(values):
        found, last = torch.zeros_like(rewards), 0
        for t in reversed(range(STEPS)):
            delta = rewards[t] + 0.99 * values[t + 1] * (1 - dones[t]) - values[t]
            found[t] = last = delta + 0.99 * 0.95 * (1 - dones[t]) * last
        return found

    def run():
        with torch.no_grad():
            b_obs, b_actions = obs[:-1].reshape(-1, 4), actions.reshape(-1)
            b_logprobs, _, _ = judge(b_obs, b_actions)
            values = critic(obs).squeeze(-1)
            advantages = advantages_of(values)
            b_values = values[:-1].reshape(-1)
            b_advantages, b_returns = advantages.reshape(-1), (advantages + values[:-1]).reshape(-1)
        for _ in range(EPOCHS):
            for index in torch.randperm(COPIES * STEPS).split(size):
                logprob, entropy, value = judge(b_obs[index], b_actions[index])
                logratio = logprob - b_logprobs[index]
                ratio = logratio.exp()
                with torch.no_grad():
                    ((ratio - 1) - logratio).mean()
                    ((ratio - 1.0).abs() > 0.2).float().mean()
                advantage = b_advantages[index]
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                pg_loss = torch.max(-advantage * ratio, -advantage * torch.clamp(ratio, 0.8, 1.2)).mean()
                value, before, goal = value.view(-1), b_values[index], b_returns[index]
                clipped = before + torch.clamp(value - before, -0.2, 0.2)
                v_loss = 0.5 * torch.max((value - goal) ** 2, (clipped - goal) ** 2).mean()
                loss = pg_loss - 0.01 * entropy.mean() + 0.5 * v_loss
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 0.5)
                optimizer.step()

    return run


class NumPyRound:
    """xdl on NumPy beside torch; its optimizer as it is by default, and fused."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_ratio_to_torch(self):
        return ratio(by_xdl("numpy"), by_torch(), rounds=30)

    def track_ratio_to_torch_fused(self):
        return ratio(by_xdl("numpy"), by_torch(fused=True), rounds=30)

    def track_milliseconds(self):
        return in_turns(by_xdl("numpy"), rounds=30)[0] * 1e3

    track_ratio_to_torch.unit = track_ratio_to_torch_fused.unit = "ratio"
    track_milliseconds.unit = "ms"


class TorchRound:
    """xdl on torch beside the same by hand."""

    timeout = 300

    def setup(self):
        need("torch")

    def track_ratio_to_torch(self):
        return ratio(by_xdl("torch"), by_torch(), rounds=20)

    track_ratio_to_torch.unit = "ratio"
