import numpy as np
import pytest
from asserts import assert_close, values

import xdl
from xdl import optim
from xdl.rl import CategoricalHead, ExpectedHead, QNetwork, QuantileHead, Spaces

RNG = np.random.default_rng(0)
PREDICTED, TARGET = RNG.normal(0, 2, (6, 1)), RNG.normal(0, 2, (6, 1))
REWARD, DISCOUNT = RNG.normal(0, 1, 6), np.asarray([0.9, 0.0, 0.9, 1.0, 0.5, 0.9])


@pytest.mark.parametrize("loss", ["huber", "squared"])
def test_expected_head_is_that_of_torch(xp64, loss):
    torch = pytest.importorskip("torch")
    head, p = ExpectedHead(loss), torch.tensor(PREDICTED[:, 0], requires_grad=True)
    goal = torch.tensor(REWARD + DISCOUNT * TARGET[:, 0])
    reference = torch.nn.functional.huber_loss if loss == "huber" else torch.nn.functional.mse_loss
    expected = reference(p, goal, reduction="none") * (1 if loss == "huber" else 0.5)
    expected.sum().backward()
    predicted, *rest = map(xp64.asarray, (PREDICTED, TARGET, REWARD, DISCOUNT))
    assert_close(head.error(predicted, *rest), values(expected), like=predicted)
    slope = xdl.grad(lambda x: xdl.array_namespace(x).sum(head.error(x, *rest)))(predicted)
    assert_close(slope, values(p.grad)[:, None], like=predicted)
    out = xp64.asarray(RNG.normal(size=(4, 2, 1)))
    assert_close(head.values(out), values(out)[..., 0], like=predicted)
    difference = abs(PREDICTED[:, 0] - values(goal))
    assert {bool(d > 1) for d in difference} == {False, True}
    assert_close(head.priority(head.error(predicted, *rest)), difference, like=predicted)


def test_another_loss_is_refused():
    with pytest.raises(ValueError, match='`loss` must be "huber" or "squared", got \'l1\''):
        ExpectedHead("l1")


def test_heads_are_settings():
    for make in (ExpectedHead, CategoricalHead, QuantileHead):
        assert make() == make()
        assert hash(make()) == hash(make())
        assert xdl.tree.leaves(make()) == []
    assert CategoricalHead(51) != CategoricalHead(21)


def learned(head, steps, rule):
    """What is put out for the states of a chain of 4 steps, each of which earns 0 or 1 with equal chances.

    Every state is seen with both rewards in each update, and the target is what is predicted.
    """
    spaces = Spaces(observation_shape=(), states=4, actions=1)
    network = QNetwork(xdl.random.key(0), spaces, (), head.outputs)
    state, reward = np.repeat(np.arange(4), 2), np.tile(np.asarray([0.0, 1.0], np.float32), 4)
    discount = (state < 3).astype(np.float32)  # the last step ends the episode
    following = np.minimum(state + 1, 3)
    slot = optim.init(rule, network)

    def loss(network):
        error = head.error(network(state)[:, 0, :], network_out[following, 0], reward, discount)
        return xdl.array_namespace(error).sum(error)

    for _ in range(steps):
        network_out = network(np.arange(4))
        network, slot = optim.update(rule, network, xdl.grad(loss)(network), slot)
    return network(np.arange(4))[:, 0]


BINOMIAL = np.asarray([[1, 4, 6, 4, 1], [2, 6, 6, 2, 0], [4, 8, 4, 0, 0], [8, 8, 0, 0, 0]]) / 16


def test_expected_returns_of_a_chain_are_learned():
    head = ExpectedHead()
    np.testing.assert_allclose(head.values(learned(head, 60, optim.SGD(0.25))), [2, 1.5, 1, 0.5], rtol=1e-4)


def test_probabilities_of_returns_are_learned():
    """The sum of k rewards has a binomial distribution."""
    head = CategoricalHead(5, 0, 4)
    out = learned(head, 400, optim.Adam(optim.cosine_schedule(0.05, 400)))
    np.testing.assert_allclose(head.probabilities(out), BINOMIAL, atol=0.02)
    np.testing.assert_allclose(head.values(out), [2, 1.5, 1, 0.5], atol=0.02)


def test_quantiles_of_returns_are_learned():
    head = QuantileHead(16, kappa=0.01)
    out = learned(head, 800, optim.Adam(optim.cosine_schedule(0.05, 800)))
    expected = [np.repeat(np.arange(5), (16 * p).astype(int)) for p in BINOMIAL]
    np.testing.assert_allclose(np.sort(out, axis=1), expected, atol=0.1)
