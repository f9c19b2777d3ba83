"""What the loop around an algorithm costs: 2,000 steps of one cart and its pole on NumPy, one thread.

Of `train`, with an algorithm that does not learn, beside the same steps in a bare loop: actions from random numbers that
are drawn beforehand, and `advance`.
"""

from .pairs import in_turns

STEPS, ROLLOUT = 2_000, 10


def by_train():
    """Thunk of a run."""
    import xdl
    from xdl import rl

    class Dice(rl.Algorithm):
        rollout = ROLLOUT

        def init(self, spaces, key):
            return ()

        def noise(self, spaces):
            return 1

        def act(self, learner, observation, t, noise):
            return (noise[:, 0] < 0.5).astype("int32"), None

        def learn(self, learner, experience, t, key):
            return learner, {}

    with xdl.use_backend("numpy"):
        key = xdl.random.key(0)
    return lambda: rl.train(Dice(), rl.CartPole(), key, steps=STEPS, progress=False)


def by_hand():
    """Thunk of the same steps."""
    import xdl
    from xdl import rl

    env = rl.CartPole()
    with xdl.use_backend("numpy"):
        key = xdl.random.key(0)

    def run():
        noise = xdl.random.uniform(key, (STEPS, 1, 5))
        now = rl.start(env, noise[0, :, 1:])
        for u in noise:
            now, _ = rl.advance(env, now, (u[:, 0] < 0.5).astype("int32"), u[:, 1:])

    return run


class TrainLoop:
    """Microseconds of a step, and how many times those of the bare loop."""

    timeout = 300

    def track_microseconds(self):
        return in_turns(by_train(), rounds=20)[0] / STEPS * 1e6

    def track_ratio_to_bare_loop(self):
        ours, bare = in_turns(by_train(), by_hand(), rounds=20)
        return ours / bare

    track_microseconds.unit = "us"
    track_ratio_to_bare_loop.unit = "ratio"
