import math

import numpy as np
import pytest
from asserts import also_jit, assert_close, assert_equal, values
from oracles import assert_derivatives, widest

import xdl
from xdl import nn

RNG = np.random.default_rng(0)
LOGITS = 2 * RNG.normal(size=(6, 5))
LABELS = np.asarray([0, 4, 2, 2, 1, 0])
ROWS = RNG.dirichlet(np.ones(5), size=6)
STACKED = RNG.normal(size=(2, 5, 3))
STACKED_LABELS = RNG.integers(0, 5, (2, 3))
OPTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"label_smoothing": 0.1}]
OPTIONS += [{"reduction": "none", "label_smoothing": 1.0}]


def by_torch(logits, labels, **options):
    import torch
    import torch.nn.functional as F

    return F.cross_entropy(logits, labels if hasattr(labels, "detach") else torch.tensor(labels), **options)


def as_tensor(x):
    import torch

    return torch.tensor(x)


@pytest.mark.parametrize("options", OPTIONS, ids=repr)
def test_values(xp, options):
    x, y, rows = (xp.asarray(v) for v in (LOGITS.astype(np.float32), LABELS, ROWS.astype(np.float32)))
    found = also_jit(lambda x, y: nn.cross_entropy(x, y, **options), x, y, fullgraph=True)
    assert_close(found, values(by_torch(as_tensor(LOGITS), LABELS, **options)), like=x)
    dense = also_jit(lambda x, y: nn.cross_entropy(x, y, **options), x, rows)
    assert_close(dense, values(by_torch(as_tensor(LOGITS), ROWS, **options)), like=x)


@pytest.mark.parametrize("options", OPTIONS, ids=repr)
def test_derivatives_are_those_of_torch(xp, options):
    labels = xp.asarray(LABELS)
    assert_derivatives(
        xp,
        lambda x: nn.cross_entropy(x, labels, **options),
        lambda x: by_torch(x, LABELS, **options),
        LOGITS,
    )


def test_derivatives_with_probabilities(xp):
    """With respect to the probabilities too; second derivatives mix both."""
    options = {"reduction": "none", "label_smoothing": 0.2}
    assert_derivatives(
        xp,
        lambda x, t: nn.cross_entropy(x, t, **options),
        lambda x, t: by_torch(x, t, **options),
        LOGITS,
        ROWS,
    )


def test_other_axes(xp):
    x, y = xp.asarray(STACKED, dtype=widest(xp)), xp.asarray(STACKED_LABELS)
    expected = values(by_torch(as_tensor(STACKED), STACKED_LABELS, reduction="none"))
    for axis in (1, -2):
        assert_close(
            nn.cross_entropy(x, y, axis=axis, reduction="none"), expected, like=x, rtol=1e-5, atol=1e-6
        )
    last = xp.permute_dims(x, (0, 2, 1))
    assert_close(nn.cross_entropy(last, y, reduction="none"), expected, like=x, rtol=1e-5, atol=1e-6)
    assert_derivatives(
        xp, lambda x: nn.cross_entropy(x, y, axis=1), lambda x: by_torch(x, STACKED_LABELS), STACKED
    )


def test_one_example_without_a_batch(xp):
    x, y = xp.asarray(LOGITS[0], dtype=xp.float32), xp.asarray(4)
    assert_close(nn.cross_entropy(x, y), values(by_torch(as_tensor(LOGITS[0]), 4)), like=x)


@pytest.mark.parametrize("classes", [2, 200])
def test_few_and_many_classes_take_the_same_values(xp, classes):
    x = RNG.normal(size=(7, classes))
    y = RNG.integers(0, classes, 7)
    assert_derivatives(
        xp, lambda x: nn.cross_entropy(x, xp.asarray(y)), lambda x: by_torch(x, y), x, atol=1e-5, rtol=1e-3
    )


def test_single_class(xp):
    x = xp.asarray([[3.0], [-1e4]], dtype=xp.float32)
    y = xp.asarray([0, 0])
    assert_equal(nn.cross_entropy(x, y), 0.0, like=x)
    assert_equal(xdl.grad(nn.cross_entropy)(x, y), [[0.0], [0.0]], like=x)


def test_no_examples_have_no_mean(xp):
    x, y = xp.zeros((0, 3), dtype=xp.float32), xp.zeros(0, dtype=xp.int32)
    assert_equal(nn.cross_entropy(x, y), math.nan, like=x)
    assert_equal(nn.cross_entropy(x, y, reduction="sum"), 0.0, like=x)
    assert_equal(nn.cross_entropy(x, y, reduction="none"), np.zeros(0), like=x)


def test_large_logits(xp):
    """Without overflow, and exact where one class is certain."""
    x = xp.asarray([[1e4, -1e4, 0.0], [1e4, -1e4, 0.0]], dtype=xp.float32)
    assert_equal(nn.cross_entropy(x, xp.asarray([0, 1]), reduction="none"), [0.0, 2e4], like=x)


def test_masked_classes(xp):
    """A masked class costs nothing; a masked label costs infinitely much."""
    x = xp.asarray([[0.0, -math.inf, 0.0], [0.0, -math.inf, 0.0]], dtype=xp.float32)
    y = xp.asarray([0, 1])
    assert_close(nn.cross_entropy(x, y, reduction="none"), [math.log(2), math.inf], like=x)
    rows = xp.asarray([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]], dtype=xp.float32)
    assert_close(nn.cross_entropy(x, rows, reduction="none"), [math.log(2), math.inf], like=x)
    for engine in (None, "tape"):
        slopes = xdl.vjp(lambda x: nn.cross_entropy(x, y, reduction="none"), x, engine=engine)[1]
        dy = xp.asarray([1.0, 0.0], dtype=xp.float32)
        assert_close(slopes(dy)[0][0, ...], [-0.5, 0.0, 0.5], like=x)


@pytest.mark.parametrize("label", [-1, 3, -100, 2**30])
def test_a_label_that_is_no_class_gives_nan(xp, label):
    """On every backend the same: no error on one, a skipped example (PyTorch's -100) on another."""
    x = xp.asarray(LOGITS[:2, :3], dtype=xp.float32)
    y = xp.asarray([label, 1])
    good = values(by_torch(as_tensor(LOGITS[1:2, :3]), LABELS[:1] + 1))
    for context in (xdl.portable, _nothing):
        with context():
            assert_close(nn.cross_entropy(x, y, reduction="none"), [math.nan, good], like=x)
            assert_equal(nn.cross_entropy(x, y), math.nan, like=x)
            for engine in (None, "tape"):
                slopes = xdl.grad(nn.cross_entropy, engine=engine)(x, y)
                assert_equal(slopes[0, ...], [0.0, 0.0, 0.0], like=x)
                assert np.all(values(slopes)[1] != 0)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_an_infinite_maximum_gives_nan(xp):
    x = xp.asarray([[-math.inf, -math.inf], [math.inf, 0.0], [0.0, 0.0]], dtype=xp.float32)
    y = xp.asarray([0, 0, 1])
    expected = [math.nan, math.nan, math.log(2)]
    for context in (xdl.portable, _nothing):
        with context():
            assert_close(nn.cross_entropy(x, y, reduction="none"), expected, like=x)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_labels_of_any_integer_type(xp, dtype):
    x = xp.asarray(RNG.normal(size=(3, 300)), dtype=xp.float32)
    if dtype == "int64" and widest(xp) == xp.float32:
        return
    y = xp.asarray([0, 7, 127], dtype=getattr(xp, dtype))
    assert_close(nn.cross_entropy(x, y), values(by_torch(as_tensor(values(x)), [0, 7, 127])), like=x)
    with xdl.portable():
        assert_close(nn.cross_entropy(x, y), values(by_torch(as_tensor(values(x)), [0, 7, 127])), like=x)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_is_summed_in_single(xp):
    """4096 losses of 0.7 stagnate in float16, and their sum is past half of its integers."""
    x, y = xp.zeros((4096, 2), dtype=xp.float16), xp.zeros(4096, dtype=xp.int32)
    assert_close(nn.cross_entropy(x, y), math.log(2), like=x, rtol=1e-3)
    for engine in (None, "tape"):
        slopes = xdl.grad(lambda x: nn.cross_entropy(x, y, reduction="sum"), engine=engine)(x)
        assert_close(slopes[:1, ...], [[-0.5, 0.5]], like=x)


@pytest.mark.parametrize(
    ("shapes", "dtype"),
    [
        (((6, 5), (5,)), "int32"),
        (((6, 5), (6, 1)), "int32"),
        (((6, 5), (1,)), "int32"),
        (((6, 5), (6, 5)), "int32"),
        (((6, 5), (6,)), "float32"),
        (((6, 5), (1, 5)), "float32"),
        (((6, 0), (6,)), "int32"),
        (((), ()), "int32"),
    ],
)
def test_nothing_is_broadcast(xp, shapes, dtype):
    x, y = xp.zeros(shapes[0], dtype=xp.float32), xp.zeros(shapes[1], dtype=getattr(xp, dtype))
    with pytest.raises(ValueError, match=r"expected|axis"):
        nn.cross_entropy(x, y)


def test_wrong_options(xp):
    x, y = xp.asarray(LOGITS, dtype=xp.float32), xp.asarray(LABELS)
    with pytest.raises(ValueError, match="'mean', 'sum' or 'none'"):
        nn.cross_entropy(x, y, reduction="average")
    with pytest.raises(ValueError, match=r"label_smoothing.*\[0, 1\]"):
        nn.cross_entropy(x, y, label_smoothing=1.5)
    with pytest.raises(ValueError, match="axis"):
        nn.cross_entropy(x, y, axis=2)
    with pytest.raises(TypeError, match="integers"):
        nn.cross_entropy(x, xp.zeros(6, dtype=xp.bool))
