import numpy as np
import pytest
from asserts import assert_close, values
from optim.test_rules import RATE, check_equal, ours, slope, start

import xdl
from xdl import optim


def test_before_the_step_it_is_a_penalty():
    """The gradient of ``strength * sum(x**2) / 2``, as in PyTorch's Adam, and of ``strength * sum(abs(x))``."""
    penalized = lambda x, k: slope(x, k) + 0.1 * x
    check_equal(
        ours(optim.chain(optim.weight_decay(0.1), optim.Adam(RATE)), start()),
        ours(optim.Adam(RATE), start(), slope=penalized),
    )
    lasso = lambda x, k: slope(x, k) + 0.1 * np.sign(x)
    check_equal(
        ours(optim.chain(optim.sign_decay(0.1), optim.Momentum(RATE)), start()),
        ours(optim.Momentum(RATE), start(), slope=lasso),
    )


def test_coupled_decay_equals_torch():
    torch = pytest.importorskip("torch")
    x = torch.tensor(start()[0], requires_grad=True)
    optimizer = torch.optim.Adam([x], RATE, weight_decay=0.1)
    for k in range(200):
        x.grad = torch.sin(3 * x.detach() + k) + x.detach()
        optimizer.step()
    rule = optim.chain(optim.weight_decay(0.1), optim.Adam(RATE))
    check_equal(ours(rule, start()[:1]), [x.detach().numpy()])


@pytest.mark.parametrize("donate", [False, True])
def test_after_the_step_it_is_decoupled(donate):
    """AdamW, whose decay is multiplied by the learning rate."""
    found = ours(optim.chain(optim.Adam(RATE), optim.weight_decay(0.1 * RATE)), start(), donate=donate)
    check_equal(found, ours(optim.AdamW(RATE, weight_decay=0.1), start()))


@pytest.mark.parametrize("donate", [False, True])
def test_without_a_gradient_parameters_shrink(xp, donate):
    x = xp.asarray([1.0, -8.0, 0.0], dtype=xp.float32)
    for rule, expected in [
        (optim.chain(optim.weight_decay(0.5), optim.SGD(0.5)), [0.75**2, -8 * 0.75**2, 0.0]),
        (optim.chain(optim.SGD(0.5), optim.weight_decay(0.5)), [0.25, -2.0, 0.0]),
        (optim.chain(optim.sign_decay(0.25), optim.SGD(0.5)), [0.75, -7.75, 0.0]),
        (optim.chain(optim.SGD(0.5), optim.sign_decay(0.25)), [0.5, -7.5, 0.0]),
    ]:
        y, state = x + 0, optim.init(rule, x)
        for _ in range(2):
            y, state = optim.update(rule, y, x * 0, state, donate=donate)
        assert_close(y, xp.asarray(expected, dtype=xp.float32))


def test_the_place_is_that_in_the_whole_chain():
    """A chain within a chain, and behind what decides on the rules after it."""
    x = np.asarray([2.0])
    inner = optim.chain(optim.SGD(0.5), optim.weight_decay(0.5))
    for rule in (
        optim.chain(optim.accumulate(1), inner),
        optim.chain(optim.clip_by_norm(9.0), inner),
        optim.chain(optim.accumulate(1), optim.SGD(0.5), optim.weight_decay(0.5)),
        optim.chain(optim.chain(optim.accumulate(1), optim.SGD(0.5)), optim.weight_decay(0.5)),
    ):
        new, _ = optim.update(rule, x, 0 * x, optim.init(rule, x))
        np.testing.assert_array_equal(new, [1.0])


def test_a_complex_parameter_shrinks_along_its_direction(xp64):
    rule = optim.chain(optim.SGD(1.0), optim.sign_decay(0.5))
    z = xp64.asarray([3 + 4j, 0j], dtype=xp64.complex128)
    new, _ = optim.update(rule, z, z * 0, optim.init(rule, z))
    np.testing.assert_allclose(values(new), [2.7 + 3.6j, 0], rtol=1e-12)


def test_strengths_are_adjusted_and_scheduled():
    x = np.asarray([1.0])
    rule = optim.chain(optim.SGD(1.0), optim.weight_decay(0.5))
    state = optim.adjust(optim.init(rule, x), strength=0.25)
    assert optim.update(rule, x, 0 * x, state)[0] == 0.75
    rule = optim.chain(optim.SGD(1.0), optim.weight_decay(lambda count: 0.5**count / 2))
    y, state = x, optim.init(rule, x)
    for _ in range(2):
        y, state = optim.update(rule, y, 0 * x, state)
    assert y == 0.375
    with pytest.raises(ValueError, match="`strength` must be at least 0"):
        optim.weight_decay(-1.0)
    with pytest.raises(TypeError, match="`strength` must be a number"):
        optim.sign_decay("much")
    assert xdl.tree.leaves(optim.init(rule, x).leaves) == []
