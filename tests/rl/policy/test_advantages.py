import numpy as np
import pytest
from asserts import assert_close, values

from xdl.rl import discounted_returns, gae

RNG = np.random.default_rng(0)
STEPS, COPIES = 37, 5
REWARD, VALUE, NEXT = RNG.normal(size=(3, STEPS, COPIES))
TERMINATED = RNG.random((STEPS, COPIES)) < 0.1
TRUNCATED = (RNG.random((STEPS, COPIES)) < 0.1) & ~TERMINATED
ENDED = TERMINATED | TRUNCATED
DISCOUNT, DECAY = 0.97, 0.9


def on(xp, *arrays):
    return [xp.asarray(a) for a in arrays]


def test_advantages_are_the_sums_of_their_definition(xp64):
    """Equation 16 of the paper, term by term, each sum ending with its episode."""
    expected = np.zeros((STEPS, COPIES))
    for n in range(COPIES):
        for t in range(STEPS):
            weight = 1.0
            for k in range(t, STEPS):
                bootstrap = 0.0 if TERMINATED[k, n] else DISCOUNT * NEXT[k, n]
                expected[t, n] += weight * (REWARD[k, n] + bootstrap - VALUE[k, n])
                weight *= DISCOUNT * DECAY
                if ENDED[k, n]:
                    break
    found = gae(*on(xp64, REWARD, VALUE, NEXT, TERMINATED, ENDED), discount=DISCOUNT, decay=DECAY)
    assert_close(found, expected, atol=1e-12, like=found)


def test_advantages_are_those_of_the_loop_everybody_copies():
    """CleanRL's ppo.py, which knows no truncation: dones of the next step, values of the next row."""
    torch = pytest.importorskip("torch")
    rewards, values_, dones = (torch.tensor(a) for a in (REWARD, VALUE, TERMINATED.astype(float)))
    next_value, next_done = torch.tensor(NEXT[-1]), dones[-1]
    dones = torch.cat([torch.zeros(1, COPIES), dones[:-1]])
    advantages, lastgaelam = torch.zeros_like(rewards), 0
    for t in reversed(range(STEPS)):
        if t == STEPS - 1:
            nextnonterminal, nextvalues = 1.0 - next_done, next_value
        else:
            nextnonterminal, nextvalues = 1.0 - dones[t + 1], values_[t + 1]
        delta = rewards[t] + DISCOUNT * nextvalues * nextnonterminal - values_[t]
        advantages[t] = lastgaelam = delta + DISCOUNT * DECAY * nextnonterminal * lastgaelam
    after = np.concatenate([VALUE[1:], NEXT[-1:]])
    found = gae(REWARD, VALUE, after, TERMINATED, TERMINATED, discount=DISCOUNT, decay=DECAY)
    assert_close(found, values(advantages), atol=1e-12)


def test_a_truncated_episode_goes_on_in_the_value_of_its_last_observation():
    false, true = np.zeros((1, 1), bool), np.ones((1, 1), bool)
    one, ten = np.ones((1, 1)), np.full((1, 1), 10.0)
    options = {"discount": 0.5, "decay": 0.9}
    assert gae(one, ten, ten, false, true, **options).item() == 1 + 5 - 10
    assert gae(one, ten, ten, true, true, **options).item() == 1 - 10


def test_with_decay_one_advantages_and_values_add_up_to_returns(xp64):
    after = np.where(TERMINATED, 0, NEXT)
    # where an episode was cut off, the value of its last observation stands for the rest
    reward = np.where(TRUNCATED, REWARD + DISCOUNT * NEXT, REWARD)
    value = np.concatenate([VALUE[:1], np.where(ENDED[:-1], VALUE[1:], NEXT[:-1])])
    found = gae(*on(xp64, REWARD, value, after, TERMINATED, ENDED), discount=DISCOUNT, decay=1.0)
    returns = discounted_returns(*on(xp64, reward, ENDED, NEXT[-1]), discount=DISCOUNT)
    assert_close(values(found) + value, values(returns), atol=1e-12)
    expected, total = np.zeros((STEPS, COPIES)), NEXT[-1]
    for t in reversed(range(STEPS)):
        expected[t] = total = reward[t] + DISCOUNT * np.where(ENDED[t], 0, total)
    assert_close(returns, expected, atol=1e-12, like=returns)


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 9])
def test_any_number_of_steps_will_do(steps):
    alive = np.zeros(steps, bool)
    found = discounted_returns(np.ones(steps), alive, np.asarray(1.0), discount=0.5)
    assert_close(found, np.full(steps, 2.0) - 0.5 ** np.arange(steps, 0, -1.0))
