"""All schedules: against optax and PyTorch, and what they have in common."""

import math
import pickle

import numpy as np
import optax
import pytest
import torch
from asserts import also_jit, assert_close, assert_equal, values, widest
from optim.catalogue import label

import xdl
from xdl import nn, optim, train

EACH = [
    optim.constant_schedule(0.3),
    optim.exponential_schedule(0.3, 0.9, steps=5),
    optim.exponential_schedule(0.3, 0.9, end_value=0.1),
    optim.exponential_schedule(0.3, 1.1, end_value=0.5),
    optim.step_schedule(0.3, 0.5, 7),
    optim.inverse_time_schedule(0.3, 0.5, steps=4, exponent=0.5),
    optim.polynomial_schedule(0.3, 0.1, 20, exponent=2.0),
    optim.linear_schedule(0.1, 0.3, 20),
    optim.cosine_schedule(0.3, 20, end_value=0.1),
    optim.piecewise_constant_schedule((0.3, 0.2, 0.1), (4, 9)),
    optim.interpolated_schedule((0.3, 0.2, 0.4), (2, 9, 14)),
    optim.interpolated_schedule((0.3, 0.2, 0.4), (2, 9, 14), curve="cosine"),
    optim.join_schedules((0.2, optim.cosine_schedule(0.3, 20), lambda t: 0.1 / (1 + t)), (4, 9)),
    optim.warmup_schedule(optim.cosine_schedule(0.3, 20), 5, init_value=0.1),
    optim.warmup_schedule(0.3, 5),
    optim.shift_schedule(optim.cosine_schedule(0.3, 20), 5),
    optim.stretch_schedule(optim.step_schedule(0.3, 0.5, 2), 5),
    optim.loop_schedule(optim.cosine_schedule(0.3, 20), 7),
    optim.cyclic_schedule(0.1, 0.4, 10),
    optim.cyclic_schedule(0.1, 0.4, 10, rise=0.3, curve="cosine", cycle_decay=0.5, step_decay=0.99),
    optim.cosine_restarts_schedule(0.3, 7, end_value=0.1),
    optim.cosine_restarts_schedule(0.3, 4, growth=2, decay_rate=0.5),
    optim.cosine_restarts_schedule(0.3, 4, growth=1.5),
    optim.one_cycle_schedule(0.3, 20),
    optim.one_cycle_schedule(0.3, 20, rise=0.25, symmetric=True, curve="linear"),
]
each = pytest.mark.parametrize("schedule", EACH, ids=lambda s: label(s)[:70])
COUNTS = range(60)


@each
def test_arrays_of_counts_0d_counts_and_numbers_agree(xp, schedule):
    dtype = widest(xp)
    counts = xp.asarray(list(COUNTS), dtype=dtype)
    at_once = also_jit(schedule, counts)
    assert (at_once.shape, at_once.dtype) == (counts.shape, dtype)
    assert_close(at_once, np.asarray([schedule(k) for k in COUNTS], dtype=values(counts).dtype), like=counts)
    for k in (0, 9, 20, 21):
        one = schedule(xp.asarray(k, dtype=dtype))
        assert (one.shape, one.dtype) == ((), dtype)
        assert_close(one, at_once[k])
    integers = schedule(xp.asarray(list(COUNTS), dtype=xp.int32))
    np.testing.assert_allclose(values(integers), values(at_once), rtol=1e-5)


@each
def test_a_schedule_is_equal_by_value_and_prints_its_call(schedule):
    if "lambda" not in repr(schedule):
        copy = eval(repr(schedule), vars(optim))
        assert (copy, hash(copy), repr(copy)) == (schedule, hash(schedule), repr(schedule))
        assert pickle.loads(pickle.dumps(schedule)) == schedule
        assert optim.Adam(copy) == optim.Adam(schedule)
    assert [other == schedule for other in EACH].count(True) == 1


@each
def test_derivatives_with_respect_to_time_are_finite_and_right(xp64, schedule):
    t = xp64.asarray([0.0, 3.3, 4.4, 10.1, 19.2, 33.3], dtype=xp64.float64)
    grad = xdl.grad(lambda t: xdl.array_namespace(t).sum(schedule(t)))(t)
    assert np.isfinite(values(grad)).all()
    h = 1e-6
    slope = [(schedule(u + h) - schedule(u - h)) / (2 * h) for u in values(t)[1:]]
    np.testing.assert_allclose(values(grad)[1:], slope, rtol=1e-6, atol=1e-8)


def of_torch(make, n, rate=0.3):
    """Learning rates of a scheduler of PyTorch."""
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64)], lr=rate, momentum=0.9)
    scheduler, rates = make(optimizer), []
    for _ in range(n):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


TORCH = torch.optim.lr_scheduler
AGAINST_TORCH = [
    (optim.step_schedule(0.3, 0.7, 13), lambda o: TORCH.StepLR(o, 13, 0.7)),
    (optim.exponential_schedule(0.3, 0.97), lambda o: TORCH.ExponentialLR(o, 0.97)),
    (
        optim.piecewise_constant_schedule((0.3, 0.15, 0.075), (10, 37)),
        lambda o: TORCH.MultiStepLR(o, [10, 37], 0.5),
    ),
    (optim.linear_schedule(0.06, 0.3, 40), lambda o: TORCH.LinearLR(o, 0.2, 1.0, 40)),
    (
        optim.polynomial_schedule(0.3, 0.0, 90, exponent=2.5),
        lambda o: TORCH.PolynomialLR(o, 90, 2.5),
    ),
    (optim.cosine_schedule(0.3, 200, end_value=0.01), lambda o: TORCH.CosineAnnealingLR(o, 200, 0.01)),
    (
        optim.cosine_restarts_schedule(0.3, 11, growth=2, end_value=0.01),
        lambda o: TORCH.CosineAnnealingWarmRestarts(o, 11, 2, 0.01),
    ),
    (
        optim.cosine_restarts_schedule(0.3, 17),
        lambda o: TORCH.CosineAnnealingWarmRestarts(o, 17),
    ),
    (optim.cyclic_schedule(0.1, 0.9, 40), lambda o: TORCH.CyclicLR(o, 0.1, 0.9, 20, cycle_momentum=False)),
    (
        optim.cyclic_schedule(0.1, 0.9, 50, rise=0.4, cycle_decay=0.5),
        lambda o: TORCH.CyclicLR(o, 0.1, 0.9, 20, 30, mode="triangular2", cycle_momentum=False),
    ),
    (
        optim.cyclic_schedule(0.1, 0.9, 40, step_decay=0.99),
        lambda o: TORCH.CyclicLR(o, 0.1, 0.9, 20, mode="exp_range", gamma=0.99, cycle_momentum=False),
    ),
    (
        optim.join_schedules(
            (optim.linear_schedule(0.06, 0.3, 20), optim.exponential_schedule(0.3, 0.9)), (20,)
        ),
        lambda o: TORCH.SequentialLR(o, [TORCH.LinearLR(o, 0.2, 1.0, 20), TORCH.ExponentialLR(o, 0.9)], [20]),
    ),
]


@pytest.mark.parametrize(("schedule", "make"), AGAINST_TORCH, ids=lambda x: label(x)[:60])
def test_against_pytorch(schedule, make):
    expected = of_torch(make, 200)
    np.testing.assert_allclose(schedule(np.arange(200.0)), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("curve", ["cosine", "linear"])
@pytest.mark.parametrize("symmetric", [False, True])
def test_one_cycle_against_pytorch_whose_phases_end_a_step_earlier(curve, symmetric):
    """Its peak is at step 0.25 n - 1 and its end at n - 1: the times between are stretched onto ours."""
    n, rise = 160, 0.25
    expected = of_torch(
        lambda o: TORCH.OneCycleLR(
            o,
            0.3,
            n,
            pct_start=rise,
            anneal_strategy=curve[:6].replace("cosine", "cos"),
            three_phase=symmetric,
        ),
        n,
    )
    ours = optim.one_cycle_schedule(0.3, n, rise=rise, symmetric=symmetric, curve=curve)
    ends = [0, rise * n - 1, *([2 * rise * n - 2] if symmetric else []), n - 1]
    times = np.interp(np.arange(n), ends, [0, rise * n, *([2 * rise * n] if symmetric else []), n])
    np.testing.assert_allclose(ours(times), expected, rtol=1e-12, atol=1e-14)


AGAINST_OPTAX = [
    (optim.constant_schedule(0.3), optax.constant_schedule(0.3)),
    (optim.exponential_schedule(0.3, 0.9, steps=7), optax.exponential_decay(0.3, 7, 0.9)),
    (
        optim.exponential_schedule(0.3, 0.9, steps=7, end_value=0.05),
        optax.exponential_decay(0.3, 7, 0.9, end_value=0.05),
    ),
    (optim.step_schedule(0.3, 0.9, 7), optax.exponential_decay(0.3, 7, 0.9, staircase=True)),
    (
        optim.polynomial_schedule(0.3, 0.1, 100, exponent=3),
        optax.polynomial_schedule(0.3, 0.1, 3, 100),
    ),
    (optim.linear_schedule(0.3, 0.1, 100), optax.linear_schedule(0.3, 0.1, 100)),
    (optim.cosine_schedule(0.3, 100, end_value=0.03), optax.cosine_decay_schedule(0.3, 100, 0.1)),
    (
        optim.piecewise_constant_schedule((0.3, 0.15, 0.03), (10, 50)),
        optax.piecewise_constant_schedule(0.3, {10: 0.5, 50: 0.2}),
    ),
    (
        optim.interpolated_schedule((0.3, 0.15, 0.03), (0, 10, 50)),
        optax.piecewise_interpolate_schedule("linear", 0.3, {10: 0.5, 50: 0.2}),
    ),
    (
        optim.interpolated_schedule((0.3, 0.15, 0.03), (0, 10, 50), curve="cosine"),
        optax.piecewise_interpolate_schedule("cosine", 0.3, {10: 0.5, 50: 0.2}),
    ),
    (optim.warmup_schedule(0.3, 30, init_value=0.1), optax.warmup_constant_schedule(0.1, 0.3, 30)),
    (
        optim.warmup_schedule(optim.cosine_schedule(0.3, 100, end_value=0.01), 30),
        optax.warmup_cosine_decay_schedule(0.0, 0.3, 30, 130, 0.01),
    ),
    (
        optim.warmup_schedule(optim.exponential_schedule(0.3, 0.5, steps=20), 30),
        optax.warmup_exponential_decay_schedule(0.0, 0.3, 30, 20, 0.5),
    ),
    (
        optim.join_schedules((0.1, optim.linear_schedule(0.3, 0.1, 50), 0.2), (20, 90)),
        optax.join_schedules(
            [optax.constant_schedule(0.1), optax.linear_schedule(0.3, 0.1, 50), optax.constant_schedule(0.2)],
            [20, 90],
        ),
    ),
    (optim.one_cycle_schedule(0.3, 100), optax.cosine_onecycle_schedule(100, 0.3)),
    (
        optim.interpolated_schedule((0.012, 0.3, 0.012, 1.2e-6), (0, 30, 85, 100)),
        optax.linear_onecycle_schedule(100, 0.3),
    ),
]


@pytest.mark.parametrize(("schedule", "expected"), AGAINST_OPTAX, ids=lambda x: label(x)[:60])
def test_against_optax(schedule, expected):
    import jax

    with jax.enable_x64(True):
        found = np.asarray(jax.vmap(expected)(jax.numpy.arange(150.0)))
    np.testing.assert_allclose(schedule(np.arange(150.0)), found, rtol=1e-12, atol=1e-14)


def test_float32_loses_nothing_at_large_steps(xp):
    """A rate of 0.99999 rounded to float32 would be wrong by a thousandth after 10**5 steps."""
    t = xp.asarray([1e5, 999_999.0, 1e6, 2.0**24 - 1], dtype=xp.float32)
    for schedule in (
        optim.exponential_schedule(1.0, 0.99999),
        optim.step_schedule(1.0, 0.999999, 3),
        optim.cosine_schedule(1.0, 2**24),
        optim.cosine_schedule(1.0, 1_000_001),
        optim.interpolated_schedule((1.0, 0.0), (0, 1_000_001), curve="cosine"),
        optim.loop_schedule(optim.linear_schedule(1.0, 2.0, 3), 3),
        optim.cosine_restarts_schedule(1.0, 3),
        optim.cosine_restarts_schedule(1.0, 3, growth=2),
        optim.inverse_time_schedule(1.0, 1e-3),
    ):
        found = schedule(t)
        assert found.dtype == t.dtype
        np.testing.assert_allclose(values(found), schedule(values(t).astype(float)), rtol=5e-6, atol=1e-37)


def test_waves_begin_exactly_at_their_boundaries():
    for steps in (1, 3, 10, 17):
        schedule = optim.cosine_restarts_schedule(1.0, steps, growth=2)
        starts = steps * (2.0 ** np.arange(20) - 1)
        assert (schedule(starts) == 1.0).all()
        assert (schedule(starts.astype(np.float32)) == 1.0).all()
        assert (schedule(starts[1:] - 1) < 0.9).all() or steps == 1


def test_the_decay_with_time_of_figure_4_2():
    """alpha_t = alpha_0 gamma**t with alpha_0 = 0.005 and gamma = 0.99; gamma = 1 is the constant rate."""
    t = np.arange(500.0)
    assert_close(optim.exponential_schedule(0.005, 0.99)(t), 0.005 * 0.99**t)
    assert_equal(optim.exponential_schedule(0.0025, 1.0)(t), np.full(500, 0.0025))


def test_a_rule_follows_its_schedule(xp):
    rule = optim.SGD(optim.piecewise_constant_schedule((0.5, 0.25), (2,)))
    x = xp.asarray([8.0], dtype=xp.float32)
    state, path = optim.init(rule, x), []
    for _ in range(4):
        x, state = optim.update(rule, x, xp.ones_like(x), state)
        path.append(float(values(x)[0]))
    assert path == [7.5, 7.0, 6.75, 6.5]


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the training loop is tested on all in train/")
def test_fit_with_a_schedule(xp):
    key = xdl.random.key(0)
    x = xdl.random.normal(key, (64, 3))
    y = xp.matmul(x, xp.asarray([[1.0], [-2.0], [0.5]], dtype=xp.float32))
    schedule = optim.warmup_schedule(optim.cosine_schedule(0.1, 120), 8)
    model = nn.Dense(key, 3, 1)
    loss = lambda model, x, y: nn.mse(model(x), y)
    options = {"epochs": 16, "batch_size": 8, "progress": False}
    result = train.fit(model, loss, (x, y), rule=optim.Adam(schedule), **options)
    assert float(values(loss(result.model, x, y))) < 1e-3
    frozen = train.fit(model, loss, (x, y), rule=optim.Adam(optim.constant_schedule(0.0)), **options)
    assert_equal(frozen.model.weight, model.weight)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("cooldown", [0, 3])
def test_reduction_on_a_plateau_against_pytorch(mode, absolute, cooldown):
    rng = np.random.default_rng(1)
    metrics = (np.exp(-np.arange(150) / 40) + 0.05 * rng.random(150)) ** (1 if mode == "min" else -1)
    metrics[70] = math.nan
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    scheduler = TORCH.ReduceLROnPlateau(
        optimizer,
        mode,
        factor=0.6,
        patience=4,
        threshold=0.01,
        threshold_mode="abs" if absolute else "rel",
        cooldown=cooldown,
        min_lr=0.01,
        eps=0,
    )
    reduce = optim.ReduceOnPlateau(0.6, 4, 0.01, absolute, cooldown, 0.01, mode)
    plateau, ours, theirs = reduce.init(np.asarray(0.3)), [], []
    for metric in metrics:
        plateau = reduce.update(plateau, float(metric))
        scheduler.step(metric)
        ours.append(float(plateau.value))
        theirs.append(optimizer.param_groups[0]["lr"])
    assert len(set(ours)) > 5
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_plateau_is_a_pure_traceable_state_that_sets_the_rate(xp):
    rule = optim.SGD(0.1)
    state = optim.init(rule, xp.ones((2,), dtype=xp.float32))
    reduce = optim.ReduceOnPlateau(0.5, patience=1)
    plateau = reduce.init(state.values.learning_rate)
    step = xdl.jit(reduce.update)
    for metric in (1.0, 0.5, 0.5, float("nan"), 0.4, 0.4, 0.4):
        metric = xp.asarray(metric, dtype=xp.float32)
        assert_equal(step(plateau, metric), reduce.update(plateau, metric))
        plateau = reduce.update(plateau, metric)
        state = optim.adjust(state, learning_rate=plateau.value)
    assert_close(state.values.learning_rate, xp.asarray(0.025, dtype=xp.float32))
    assert_equal(plateau.best, xp.asarray(0.4, dtype=xp.float32))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.exponential_schedule(0.1, 0.0), "`decay_rate` must be positive, got 0.0"),
        (lambda: optim.exponential_schedule(math.inf, 0.5), "`init_value` must be a finite number, got inf"),
        (lambda: optim.cosine_schedule(0.1, 0), "`steps` must be positive, got 0"),
        (lambda: optim.piecewise_constant_schedule((1.0, 2.0), ()), "`boundaries` must be 1 increasing"),
        (lambda: optim.piecewise_constant_schedule((1.0, 2.0, 3.0), (5, 5)), "`boundaries` must be 2 incr"),
        (lambda: optim.interpolated_schedule((), ()), "`values` must have at least one entry"),
        (lambda: optim.interpolated_schedule((1.0,), (1,), curve="cubic"), '`curve` must be "linear" or'),
        (lambda: optim.cyclic_schedule(0.1, 0.2, 10, rise=1.0), "`rise` must be in"),
        (lambda: optim.one_cycle_schedule(0.1, 10, rise=0.5, symmetric=True), "`rise` must be in"),
        (lambda: optim.cosine_restarts_schedule(0.1, 10, growth=0.5), "`growth` must be a finite number of"),
        (lambda: optim.ReduceOnPlateau(1.0), "`factor` must be in"),
        (lambda: optim.ReduceOnPlateau(patience=-1), "`patience` must be an integer of at least 0"),
        (lambda: optim.ReduceOnPlateau(mode="less"), '`mode` must be "min" or "max"'),
    ],
)
def test_wrong_values_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: optim.constant_schedule("0.1"),
        lambda: optim.warmup_schedule(None, 5),
        lambda: optim.join_schedules((0.1, "0.2"), (5,)),
        lambda: optim.step_schedule(0.1, True, 5),
    ],
)
def test_wrong_types_are_refused(make):
    with pytest.raises(TypeError, match="must be a number, got"):
        make()
