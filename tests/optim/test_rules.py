"""Two hundred steps of every rule against those of PyTorch and of optax; more in the files of the rules."""

import numpy as np
import pytest
from asserts import assert_close, values
from optim.catalogue import MAKERS, RULES, brief, example, steps

import xdl
from xdl import optim

RATE = 0.05


def start():
    return [np.linspace(-1, 2, 12).reshape(4, 3) ** 2 - 1, np.linspace(-1, 2, 5)]


def slope(x, k):
    return xdl.array_namespace(x).sin(3 * x + k) + x


def ours(rule, xs, *, donate=False, slope=slope):
    state = optim.init(rule, xs)
    for k in range(200):
        xs, state = optim.update(rule, xs, [slope(x, k) for x in xs], state, donate=donate)
    return [values(x) for x in optim.evaluation_params(state, xs)]


def by_torch(make, xs):
    import torch

    xs = [torch.tensor(x, requires_grad=True) for x in xs]
    torch.set_default_dtype(torch.float64)  # in which NAdam multiplies its momenta
    try:
        optimizer = make(torch.optim, xs)
        for k in range(200):
            for x in xs:
                x.grad = torch.sin(3 * x.detach() + k) + x.detach()
            optimizer.step()
    finally:
        torch.set_default_dtype(torch.float32)
    return [x.detach().numpy() for x in xs]


def by_optax(make, xs, *, slope=slope, evaluate=None):
    import jax
    import optax

    with jax.enable_x64(True):
        xs = [jax.numpy.asarray(x) for x in xs]
        rule = make(optax)

        @jax.jit
        def step(xs, state, k):
            changes, state = rule.update([slope(x, k) for x in xs], state, xs)
            return [x + dx for x, dx in zip(xs, changes, strict=True)], state

        state = rule.init(xs)
        for k in range(200):
            xs, state = step(xs, state, k)
        xs = evaluate(optax)(state, xs) if evaluate else xs
        return [np.asarray(x) for x in xs]


def check_equal(found, expected):
    for x, y in zip(found, expected, strict=True):
        assert np.isfinite(y).all()
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


def unbiased(eps, b2):
    """PyTorch adds ``eps`` to the root of the biased second moment: a number that falls to ``eps`` does the same."""
    return lambda count: eps / (1 - b2 ** (count + 1)) ** 0.5


def adafactor(optax):
    """As ``optax.adafactor`` puts it together, whose decay is of float32."""
    decay = lambda step, power: 1 - (step + 1.0) ** -power
    return optax.chain(
        optax.scale_by_factored_rms(min_dim_size_to_factor=1, decay_rate_fn=decay),
        optax.clip_by_block_rms(1.0),
        optax.scale(-RATE),
        optax.scale_by_param_block_rms(),
    )


# Where a default or a form differs, the arguments make up for it, as the docstring of the rule says.
TORCH = [
    (optim.SGD(RATE, 0.9), lambda o, x: o.SGD(x, RATE, 0.9)),
    (optim.Momentum(RATE, 0.9), lambda o, x: o.SGD(x, 0.1 * RATE, 0.9)),
    (optim.Momentum(10 * RATE, 0.9), lambda o, x: o.SGD(x, RATE, 0.9)),
    (optim.Nesterov(RATE, 0.9), lambda o, x: o.SGD(x, 0.1 * RATE, 0.9, nesterov=True)),
    (optim.AdaGrad(RATE), lambda o, x: o.Adagrad(x, RATE)),
    (
        optim.AdaGrad(RATE, 1e-3, 0.1),
        lambda o, x: o.Adagrad(x, RATE, eps=1e-3, initial_accumulator_value=0.1),
    ),
    (optim.AdaDelta(), lambda o, x: o.Adadelta(x)),
    (optim.AdaDelta(RATE, 0.8, 1e-3), lambda o, x: o.Adadelta(x, RATE, 0.8, 1e-3)),
    (optim.RMSprop(RATE, 0.99), lambda o, x: o.RMSprop(x, RATE)),
    (optim.RMSprop(RATE, momentum=0.5), lambda o, x: o.RMSprop(x, RATE, 0.9, momentum=0.5)),
    (optim.RMSprop(RATE, eps=1e-3, centered=True), lambda o, x: o.RMSprop(x, RATE, 0.9, 1e-3, centered=True)),
    (
        optim.RMSprop(RATE, 0.9, 1e-3, 0.5, True),
        lambda o, x: o.RMSprop(x, RATE, 0.9, 1e-3, momentum=0.5, centered=True),
    ),
    (optim.Adam(RATE), lambda o, x: o.Adam(x, RATE)),
    (optim.AdamW(RATE, weight_decay=0.1), lambda o, x: o.AdamW(x, RATE, weight_decay=0.1)),
    (optim.AdaMax(RATE), lambda o, x: o.Adamax(x, RATE)),
    (optim.NAdam(RATE), lambda o, x: o.NAdam(x, RATE, momentum_decay=1e9)),
    (optim.AMSGrad(RATE), lambda o, x: o.Adam(x, RATE, amsgrad=True)),
    (optim.RAdam(RATE, eps=unbiased(1e-8, 0.999)), lambda o, x: o.RAdam(x, RATE)),
    (optim.RAdam(RATE, (0.8, 0.9), unbiased(1e-3, 0.9)), lambda o, x: o.RAdam(x, RATE, (0.8, 0.9), 1e-3)),
    (optim.Rprop(RATE), lambda o, x: o.Rprop(x, RATE)),
    (
        optim.Rprop(RATE, (0.25, 1.5), (0.01, 0.06)),
        lambda o, x: o.Rprop(x, RATE, etas=(0.25, 1.5), step_sizes=(0.01, 0.06)),
    ),
    (optim.Adafactor(RATE), lambda o, x: o.Adafactor(x, RATE, eps=(1e-30, 1e-3))),
    (optim.Adafactor(RATE, clip=2.0), lambda o, x: o.Adafactor(x, RATE, eps=(1e-30, 1e-3), d=2.0)),
]

OPTAX = [
    (optim.SGD(RATE, 0.9, nesterov=True), lambda o: o.sgd(RATE, 0.9, nesterov=True)),
    (optim.Momentum(RATE, 0.9), lambda o: o.chain(o.ema(0.9, debias=False), o.scale(-RATE))),
    (optim.AdaGrad(RATE, 0.0, 0.1), lambda o: o.adagrad(RATE, 0.1, 0.0)),
    (optim.AdaDelta(RATE), lambda o: o.adadelta(RATE, 0.9, 1e-6)),
    (optim.RMSprop(RATE), lambda o: o.rmsprop(RATE, 0.9, 1e-8, eps_in_sqrt=False)),
    (optim.RMSprop(RATE, momentum=0.5), lambda o: o.rmsprop(RATE, 0.9, eps_in_sqrt=False, momentum=0.5)),
    (optim.AdamW(RATE, weight_decay=0.1), lambda o: o.adamw(RATE, weight_decay=0.1)),
    (optim.AdaMax(RATE), lambda o: o.adamax(RATE)),
    (optim.NAdam(RATE), lambda o: o.nadam(RATE)),
    (optim.RAdam(RATE), lambda o: o.radam(RATE)),
    (optim.AdaBelief(RATE), lambda o: o.adabelief(RATE)),
    (optim.OAdam(RATE), lambda o: o.optimistic_adam_v2(RATE, b1=0.5, b2=0.9, nesterov=False)),
    (optim.Lion(RATE, weight_decay=0.1), lambda o: o.lion(RATE, weight_decay=0.1)),
    (optim.LAMB(RATE, weight_decay=0.1), lambda o: o.lamb(RATE, weight_decay=0.1)),
    (optim.Adafactor(RATE), adafactor),
    (
        optim.ScheduleFreeSGD(RATE, weight_decay=0.1),
        lambda o: o.contrib.schedule_free_sgd(RATE, weight_decay=0.1),
    ),
    (
        optim.ScheduleFreeAdamW(RATE, weight_decay=0.1),
        lambda o: o.contrib.schedule_free_adamw(RATE, weight_decay=0.1),
    ),
]


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize(
    ("rule", "make"), TORCH, ids=[f"{brief(rule)}{k}" for k, (rule, _) in enumerate(TORCH)]
)
@pytest.mark.xp_only("numpy", "torch", reason="other libraries are compared with NumPy, for fewer steps")
@pytest.mark.xp_skip("numpy-readonly", reason="other libraries are compared with NumPy, for fewer steps")
def test_two_hundred_steps_equal_torch(xp64, rule, make, donate):
    pytest.importorskip("torch")
    check_equal(ours(rule, [xp64.asarray(x) for x in start()], donate=donate), by_torch(make, start()))


@pytest.mark.parametrize(("rule", "make"), OPTAX, ids=[brief(rule) for rule, _ in OPTAX])
def test_two_hundred_steps_equal_optax(rule, make):
    pytest.importorskip("optax")
    averaged = "ScheduleFree" in brief(rule)
    evaluate = (lambda o: o.contrib.schedule_free_eval_params) if averaged else None
    check_equal(ours(rule, start()), by_optax(make, start(), evaluate=evaluate))


def test_the_two_forms_of_amsgrad_agree_where_gradients_grow():
    """There the second moment rises, biased or not, and both are Adam."""
    pytest.importorskip("optax")
    growing = lambda x, k: 1 + 0.1 * k + 0 * x
    found = ours(optim.AMSGrad(RATE), start(), slope=growing)
    check_equal(found, by_optax(lambda o: o.amsgrad(RATE), start(), slope=growing))
    check_equal(found, ours(optim.Adam(RATE), start(), slope=growing))


def test_rprop_of_optax_is_late_by_a_call():
    """Why it is not compared: its first change is zero."""
    optax, jnp = pytest.importorskip("optax"), pytest.importorskip("jax.numpy")
    rule = optax.rprop(RATE)
    x = jnp.ones(2)
    changes, _ = rule.update(x, rule.init(x), x)
    assert float(abs(changes).max()) == 0


each_maker = pytest.mark.parametrize("rule", MAKERS, ids=brief)


@each_maker
@pytest.mark.parametrize("donate", [False, True])
def test_zero_gradients_move_nothing(rule, donate):
    """But for the decay of parameters; nothing is divided by zero."""
    xs = start()
    moved = ours(rule, [x.copy() for x in xs], donate=donate, slope=lambda x, k: 0 * x)
    for x, y in zip(xs, moved, strict=True):
        np.testing.assert_allclose(x, y, rtol=0.5 if decays(rule) else 1e-12)


def decays(rule):
    return getattr(rule, "weight_decay", 0) != 0


@each_maker
@pytest.mark.parametrize("donate", [False, True])
def test_leaves_without_entries_or_axes(rule, donate):
    params = {
        "empty": np.ones((0, 3)),
        "none": np.ones((0,)),
        "number": np.asarray(2.0),
        "one": np.ones((1, 1)),
    }
    state = optim.init(rule, params)
    for _ in range(3):
        params, state = optim.update(rule, params, params, state, donate=donate)
    assert [x.shape for x in params.values()] == [(0, 3), (0,), (), (1, 1)]
    assert all(np.isfinite(x).all() for x in xdl.tree.leaves((params, state.leaves)))
    assert -2 < params["number"] < 2


@each_maker
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.xp_only("torch", reason="the standard has no half precision; one library is enough")
def test_half_precision_is_computed_in_single(xp, rule, dtype):
    """Rounded once: steps in float32 from the same parameters differ by half a unit in the last place."""
    kind = getattr(xp, dtype)
    xs = [xp.astype(xp.asarray(x), kind) for x in start()]
    wide = [xp.astype(x, xp.float32) for x in xs]
    state, wide_state = optim.init(rule, xs), optim.init(rule, wide)
    new, state = optim.update(rule, xs, xs, state)
    expected, wide_state = optim.update(rule, wide, wide, wide_state)
    for x, y in zip(new, expected, strict=True):
        assert x.dtype == kind
        np.testing.assert_array_equal(values(x), values(xp.astype(y, kind)))
    for x, y in zip(xdl.tree.leaves(state.leaves), xdl.tree.leaves(wide_state.leaves), strict=True):
        assert x.dtype == xp.float32
        np.testing.assert_array_equal(values(x), values(y))


@each_maker
@pytest.mark.parametrize("turn", [1j, (1 + 1j) / 2**0.5])
def test_a_turned_gradient_turns_the_step(rule, turn):
    """Complex parameters have no preferred axes; apart from matrices, whose singular vectors turn with them."""
    xs = [x + 0.5j * x[::-1] for x in start()]
    turned = [turn * x for x in xs]
    state, turned_state = optim.init(rule, xs), optim.init(rule, turned)
    for _ in range(5):
        # the gradient of a function of the modulus, as `xdl.grad` has it
        xs, state = optim.update(rule, xs, [np.conj(x) for x in xs], state)
        turned, turned_state = optim.update(rule, turned, [np.conj(x) for x in turned], turned_state)
    for x, y in zip(xs, turned, strict=True):
        np.testing.assert_allclose(turn * x, y, rtol=1e-9, atol=1e-9)


@each_maker
def test_impossible_numbers_are_refused(rule):
    for part in getattr(rule, "rules", (rule,)):
        for name in part.limits:
            low = part.limits[name][0]
            pair = isinstance(getattr(type(part), name, None), tuple)
            count = len(getattr(type(part), name)) if pair else 0
            for wrong in (low - 1, float("nan"), float("inf")) if low > float("-inf") else (float("nan"),):
                with pytest.raises(ValueError, match=f"`{name}` must be"):
                    type(part)(**{name: (wrong,) * count if pair else wrong})
            with pytest.raises(TypeError, match=f"`{name}` must be a number"):
                type(part)(**{name: ("1",) * count if pair else "1"})
            if pair:
                with pytest.raises(ValueError, match=f"`{name}` must be a"):
                    type(part)(**{name: 0.5})


@each_maker
@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.xp_only("numpy", "torch", reason="the tape and one engine of a library")
@pytest.mark.xp_skip("numpy-readonly", reason="the tape and one engine of a library")
def test_derivatives_for_hyperparameters_and_gradients(xp, rule, number):
    """Of three steps, by central differences."""
    xs = [xp.asarray(x) for x in start()]
    state = optim.init(rule, xs)
    values_of, structure = xdl.tree.flatten(state.values)
    if not values_of:
        return

    def after(value, factor):
        """Sum of squares, after steps with one number of the rule and the gradients changed."""
        some = list(values_of)
        some[number] = value
        own, ys = state.replace(values=xdl.tree.unflatten(structure, some)), xs
        for k in range(3):
            ys, own = optim.update(rule, ys, [factor * slope(y, k) + 0.1 for y in ys], own)
        total = [xdl.array_namespace(y).sum(y * y) for y in ys]
        return total[0] + total[1]

    here, one = values_of[number], xp.asarray(1.0, dtype=xp.float64)
    found = xdl.grad(after, (0, 1))(here, one)
    h = 1e-6 * max(abs(float(here)), 1e-3)
    by_value = (after(here + h, one) - after(here - h, one)) / (2 * h)
    by_factor = (after(here, one + 1e-6) - after(here, one - 1e-6)) / 2e-6
    np.testing.assert_allclose(values(found[0]), values(by_value), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(values(found[1]), values(by_factor), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rule", RULES, ids=brief)
@pytest.mark.xp_only("numpy", "torch", reason="the tape and one engine of a library")
@pytest.mark.xp_skip("numpy-readonly", reason="the tape and one engine of a library")
def test_steps_can_be_mapped_over(xp, rule):
    """For two gradients at once."""
    params, slopes = example(xp)
    state = optim.init(rule, params)
    after = lambda g: steps(rule, params, g, state, 2)[0]
    both = xdl.vmap(after)(xdl.tree.map(lambda g: xp.stack([g, 2 * g]), slopes))
    assert_close(xdl.tree.map(lambda x: x[1, ...], both), after(xdl.tree.map(lambda g: 2 * g, slopes)))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=brief)
def test_steps_are_compiled_as_one_graph_by_torch(rule):
    torch = pytest.importorskip("torch")
    torch._dynamo.reset()
    params, slopes = example(xdl.array_namespace(torch.ones(1)))
    state = optim.init(rule, params)
    step = lambda p, g, s: optim.update(rule, p, g, s)
    compiled = torch.compile(step, fullgraph=True, backend="eager")
    assert_close(compiled(params, slopes, state), step(params, slopes, state))
