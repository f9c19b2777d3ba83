import numpy as np
import pytest
from asserts import assert_close, values
from optim.catalogue import example

import xdl
from xdl import optim


@pytest.mark.parametrize("donate", [False, True])
def test_the_average_of_what_was_passed(xp, donate):
    params, grads = example(xp)
    rule = optim.chain(optim.Adam(0.1), optim.exponential_average(0.75))
    state = optim.init(rule, params)
    x = xdl.tree.map(lambda x: xp.asarray(x, copy=True), params)
    average, plain, other = params, params, optim.init(optim.Adam(0.1), params)
    assert_close(optim.evaluation_params(state, x), params)
    for _ in range(4):
        x, state = optim.update(rule, x, grads, state, donate=donate)
        plain, other = optim.update(optim.Adam(0.1), plain, grads, other)
        average = xdl.tree.map(lambda a, y: 0.75 * a + 0.25 * y, average, plain)
        assert_close(x, plain)  # which it does not change
        assert_close(optim.evaluation_params(state, x), average)


def test_equal_to_torch():
    """`torch.optim.swa_utils`, apart from its copy of the parameters after the first step."""
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    model = torch.nn.Linear(3, 1, bias=False, dtype=torch.float64)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    x = model.weight.detach().numpy().copy()
    rule = optim.chain(optim.SGD(0.1), optim.exponential_average(lambda count: 0.9 * (count > 0)))
    state = optim.init(rule, x)
    for k in range(50):
        model.weight.grad = torch.sin(3 * model.weight.detach() + k)
        optimizer.step()
        averaged.update_parameters(model)
        x, state = optim.update(rule, x, np.sin(3 * x + k), state)
    found = optim.evaluation_params(state, x)
    np.testing.assert_allclose(found, averaged.module.weight.detach().numpy(), rtol=1e-12)


def test_two_averages_and_one_of_slow_parameters():
    """The last one is what is asked for."""
    x = np.asarray([1.0])
    rule = optim.chain(optim.SGD(1.0), optim.exponential_average(0.5), optim.exponential_average(0.75))
    x, state = optim.update(rule, x, x, optim.init(rule, x))
    assert optim.evaluation_params(state, x) == 0.75


@pytest.mark.parametrize("name", ["exponential_average", "lookahead"])
def test_it_belongs_after_the_step(name):
    modifier = getattr(optim, name)(0.5)
    with pytest.raises(ValueError, match=f"`{name}` must come after the rule that makes the step"):
        optim.chain(modifier, optim.SGD())


def test_impossible_numbers_are_refused():
    for wrong in (1.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=r"`decay` must be in \[0, 1\)"):
            optim.exponential_average(wrong)


@pytest.mark.xp_only("torch", reason="the standard has no half precision")
def test_the_average_of_half_precision_is_exact(xp):
    rule, x = optim.chain(optim.SGD(1.0), optim.exponential_average(0.999)), xp.ones(1, dtype=xp.bfloat16)
    state = optim.init(rule, x)
    for _ in range(100):
        x, state = optim.update(rule, x, x * 0 + (0.5 if float(x[0]) == 1 else 0), state)
    assert x[0] == 0.5
    average = 0.5 + 0.5 * 0.999**100
    assert float(values(state.leaves[0][1][0])[0]) == pytest.approx(average, rel=1e-5)
    assert optim.evaluation_params(state, x).dtype == xp.bfloat16
