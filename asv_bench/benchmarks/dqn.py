"""One update of deep Q-learning: 128 of 10,000 steps, a network 4-128-128-2 and its target, Adam, float32, one thread.

Both draw steps, read the target, take the gradient of half the squared or Huber loss, step by Adam and copy the target
every 500 updates. Ours on NumPy beside torch in its eager mode, written by hand as it is in single-file programs.
"""

from .pairs import in_turns, need, ratio

BATCH, CAPACITY, EVERY = 128, 10_000, 500
DISCOUNT, RATE = 0.99, 1e-3
UPDATES = 64  # of a round: our random numbers are drawn for so many


def transitions():
    """Steps of 10,000 times, as arrays (10000, 1, ...)."""
    import numpy as np

    rng = np.random.default_rng(0)
    number = lambda *shape: rng.standard_normal((CAPACITY, 1, *shape)).astype(np.float32)
    return number(4), rng.integers(0, 2, (CAPACITY, 1)), number(), number(4), rng.random((CAPACITY, 1)) < 0.02


def by_xdl(name, loss):
    """Thunk of one update; the replay is full."""
    import xdl
    from xdl import rl

    with xdl.use_backend(name) as b:
        seen, action, reward, following, ended = map(b.asarray, transitions())
        algorithm = rl.DQN(
            hidden=(128, 128),
            rate=RATE,
            discount=DISCOUNT,
            batch=BATCH,
            capacity=CAPACITY,
            learning_starts=1,
            rollout=1,
            target_every=EVERY,
            head=rl.ExpectedHead(loss),
        )
        key = xdl.random.key(0)
        learner = algorithm.init(rl.Spaces(observation_shape=(4,), actions=2), key)
    taken = rl.Transition(seen, action, reward, following, ended, ended & ~ended, None)
    held = [learner.replace(replay=rl.replay_add(learner.replay, taken)), 0]

    def run():
        learner, t = held
        learner, _ = algorithm.update(learner, t, key)
        held[:] = algorithm.renew_target(learner, t, t + 1), t + 1

    return run


def by_torch(loss, **options):
    """The same by hand: an index of random integers, two modules, an optimizer."""
    import torch
    from torch.nn.functional import mse_loss, smooth_l1_loss

    torch.set_num_threads(1)
    torch.manual_seed(0)
    seen, action, reward, following, ended = (torch.tensor(x[:, 0]) for x in transitions())
    action, ended = action[:, None], ended.float()

    def make():
        layers = torch.nn.Linear(4, 128), torch.nn.Linear(128, 128), torch.nn.Linear(128, 2)
        return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])

    network, target = make(), make()
    target.load_state_dict(network.state_dict())
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, **options)
    compare = {"huber": smooth_l1_loss, "squared": mse_loss}[loss]
    count = [0]

    def run():
        index = torch.randint(CAPACITY, (BATCH,))
        with torch.no_grad():
            best, _ = target(following[index]).max(dim=1)
            goal = reward[index] + DISCOUNT * best * (1 - ended[index])
        value = network(seen[index]).gather(1, action[index]).squeeze(1)
        error = compare(value, goal)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        count[0] += 1
        if count[0] % EVERY == 0:
            target.load_state_dict(network.state_dict())

    return run


class NumPyUpdate:
    """xdl on NumPy beside torch; its optimizer as it is by default, and fused."""

    timeout = 300
    params = (["huber", "squared"],)
    param_names = ["loss"]

    def setup(self, loss):
        need("torch")

    def track_ratio_to_torch(self, loss):
        return ratio(by_xdl("numpy", loss), by_torch(loss), rounds=30, repeat=UPDATES)

    def track_ratio_to_torch_fused(self, loss):
        return ratio(by_xdl("numpy", loss), by_torch(loss, fused=True), rounds=30, repeat=UPDATES)

    def track_microseconds(self, loss):
        return in_turns(by_xdl("numpy", loss), rounds=30, repeat=UPDATES)[0] * 1e6

    track_ratio_to_torch.unit = track_ratio_to_torch_fused.unit = "ratio"
    track_microseconds.unit = "us"


class TorchUpdate:
    """xdl on torch beside the same by hand."""

    timeout = 300
    params = (["huber", "squared"],)
    param_names = ["loss"]

    def setup(self, loss):
        need("torch")

    def track_ratio_to_torch(self, loss):
        return ratio(by_xdl("torch", loss), by_torch(loss), rounds=30, repeat=UPDATES)

    track_ratio_to_torch.unit = "ratio"
