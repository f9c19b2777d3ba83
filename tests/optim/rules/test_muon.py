import numpy as np
import pytest
from asserts import assert_close, values
from optim.test_rules import by_optax, by_torch, check_equal, ours, start

import xdl
from xdl import optim
from xdl.optim._rules.muon import orthogonalize

TIGHT = (2.0, -1.5, 0.5)  # coefficients with which singular values tend to one


def matrices():
    return [start()[0], start()[0].T + 0.5]


def exact(grad, coefficients, steps, eps):
    """What `torch.optim.Muon` computes in bfloat16, in the dtype of the gradient."""
    a, b, c = coefficients
    x = grad.T if grad.shape[0] > grad.shape[1] else grad
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if grad.shape[0] > grad.shape[1] else x


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize(
    ("ours_too", "theirs"),
    [
        ({}, {}),
        ({"nesterov": False, "weight_decay": 0.1}, {"nesterov": False, "weight_decay": 0.1}),
        ({"scale": "adam", "iterations": 8}, {"adjust_lr_fn": "match_rms_adamw", "ns_steps": 8}),
    ],
)
def test_two_hundred_steps_equal_torch(monkeypatch, ours_too, theirs, donate):
    """With the outputs first, as PyTorch has them; its iteration in bfloat16 is replaced by an exact one.

    The default coefficients multiply a rounding error by up to 3.4 in every iteration, and near the minimum any do:
    200 steps of two programs differ there. With these, and on the way, they do not.
    """
    torch = pytest.importorskip("torch")
    from torch.optim import _muon

    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this PyTorch has no Muon")
    monkeypatch.setattr(_muon, "_zeropower_via_newtonschulz", exact)
    options = {"weight_decay": 0.0, "ns_coefficients": TIGHT, **theirs}
    expected = by_torch(lambda o, x: o.Muon(x, 0.002, **options), matrices())
    rule = optim.Muon(0.002, coefficients=TIGHT, output_axis=0, **ours_too)
    check_equal(ours(rule, [x.copy() for x in matrices()], donate=donate), expected)


def test_one_step_equals_torch(monkeypatch):
    """With the default coefficients."""
    torch = pytest.importorskip("torch")
    from torch.optim import _muon

    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this PyTorch has no Muon")
    monkeypatch.setattr(_muon, "_zeropower_via_newtonschulz", exact)
    x = torch.tensor(start()[0], requires_grad=True)
    x.grad = torch.sin(3 * x.detach()) + x.detach()
    grad = x.grad.numpy().copy()
    torch.optim.Muon([x], 0.02, weight_decay=0.0).step()
    rule = optim.Muon(output_axis=0)
    new, _ = optim.update(rule, start()[0], grad, optim.init(rule, start()[0]))
    np.testing.assert_allclose(new, x.detach().numpy(), rtol=1e-12)


def test_two_hundred_steps_equal_optax():
    """Without the look-ahead, for which optax divides by ``1 - decay**t``."""
    pytest.importorskip("optax")
    rule = optim.Muon(0.002, coefficients=TIGHT, nesterov=False, eps=0.0, weight_decay=0.1)
    make = lambda o: o.contrib.muon(0.002, TIGHT, nesterov=False, eps=0.0, weight_decay=0.1)
    check_equal(ours(rule, matrices()), by_optax(make, matrices()))


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (1, 3)])
def test_orthogonal_matrices(xp64, shape):
    """Nearest to the given one: the factor U Vᵀ of its singular value decomposition."""
    x = np.random.default_rng(0).standard_normal(shape)
    u, _, v = np.linalg.svd(x, full_matrices=False)
    found = orthogonalize(xp64.asarray(x), TIGHT, iterations=40, eps=1e-12)
    np.testing.assert_allclose(values(found), u @ v, atol=1e-9)


@pytest.mark.parametrize("shape", [(3, 4), (4, 3)])
def test_orthogonal_complex_matrices(xp64, shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    u, _, v = np.linalg.svd(x, full_matrices=False)
    found = orthogonalize(xp64.asarray(x), TIGHT, iterations=40, eps=1e-12)
    np.testing.assert_allclose(values(found), u @ v, atol=1e-9)


def test_singular_values_come_near_one():
    """In five iterations, those above a hundredth of the norm."""
    rng = np.random.default_rng(0)
    u, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    v, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    x = u @ np.diag(np.geomspace(0.02, 1, 20)) @ v
    found = orthogonalize(x, (3.4445, -4.7750, 2.0315), iterations=5, eps=1e-7)
    singular = np.linalg.svd(found, compute_uv=False)
    assert 0.6 < singular.min() < singular.max() < 1.25


def test_filters_are_matrices(xp):
    """Of a convolution, (height, width, inputs, outputs): all but the outputs are inputs."""
    x = xp.reshape(xp.linspace(-1.0, 2.0, 24, dtype=xp.float32), (2, 3, 1, 4)) ** 2
    flat = xp.reshape(x, (6, 4))
    rule = optim.Muon(0.5)
    new, _ = optim.update(rule, x, x + 1, optim.init(rule, x))
    same, _ = optim.update(rule, flat, flat + 1, optim.init(rule, flat))
    assert_close(new, xp.reshape(same, x.shape))


def test_wide_outputs_step_farther():
    """By the root of their ratio to the inputs."""
    grad = np.eye(2, 8)
    for axis, factor in ((-1, 2.0), (0, 1.0)):
        rule = optim.Muon(1.0, coefficients=TIGHT, iterations=40, output_axis=axis, nesterov=False)
        new, _ = optim.update(rule, 0 * grad, grad, optim.init(rule, grad))
        np.testing.assert_allclose(new, -factor * grad, atol=1e-12)


def test_other_leaves_are_refused():
    with pytest.raises(
        ValueError, match=r"leaf 'bias' has shape \(3,\): give it to another rule by optim.partition"
    ):
        optim.init(optim.Muon(), {"weight": np.ones((3, 3)), "bias": np.ones(3)})
    with pytest.raises(ValueError, match="`scale` must be one of shape, adam, got 'width'"):
        optim.Muon(scale="width")
    with pytest.raises(ValueError, match="`output_axis` must be -1 or 0, got 1"):
        optim.Muon(output_axis=1)
    with pytest.raises(ValueError, match="`iterations` must be at least 1"):
        optim.Muon(iterations=0)


@pytest.mark.xp_skip("strict", "mock", reason="operators refuse a traced right operand there")
def test_the_derivative_is_finite_at_a_zero_gradient(xp):
    rule, x = optim.Muon(0.5), xp.ones((2, 2), dtype=xp.float32)
    state = optim.init(rule, x)
    total = lambda grad: xdl.array_namespace(grad).sum(optim.update(rule, x, grad, state)[0])
    assert np.isfinite(values(xdl.grad(total)(x * 0))).all()
