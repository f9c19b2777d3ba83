"""Rounds of steps by the policy of a learner, without an environment behind them."""

import numpy as np

import xdl
from xdl.rl import Transition
from xdl.rl._algorithm import Experience


def round_of(algorithm, learner, spaces, like, seed=0):
    """Experience of a round: observations and rewards are random, some episodes end and some are cut off."""
    xp, rng = xdl.array_namespace(like), np.random.default_rng(seed)
    shape = (algorithm.rollout, algorithm.copies)
    convert = lambda x: xdl.asarray(x.astype(np.float32) if x.dtype == np.float64 else x, like=like)
    seen = rng.normal(size=(shape[0] + 1, shape[1], *spaces.observation_shape))
    ended = rng.random(shape)
    # after the end of an episode, its last observation is not the first of the next
    last = np.where((ended < 0.1)[..., None], 7.0, np.where((ended > 0.9)[..., None], -7.0, seen[1:]))
    noise = convert(rng.random((shape[0] * shape[1], algorithm.noise(spaces))))
    observation = convert(seen[:-1])
    flat = xp.reshape(observation, (shape[0] * shape[1], *observation.shape[2:]))
    action, extra = algorithm.act(learner, flat, 0, noise)
    back = lambda x: xp.reshape(x, (*shape, *x.shape[1:]))
    reward = convert(rng.normal(size=shape))
    end, cut = convert(ended < 0.1), convert(ended > 0.9)
    taken = Transition(observation, back(action), reward, convert(last), end, cut, xp.zeros_like(reward))
    return Experience(taken, xdl.tree.map(back, extra), convert(seen[-1]))
