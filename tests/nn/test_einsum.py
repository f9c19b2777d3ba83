import numpy as np
import pytest
from asserts import also_jit, assert_close, values
from hypothesis import given
from hypothesis import strategies as st
from oracles import assert_derivatives, widest

import xdl
from xdl import nn
from xdl.nn import _einsum

RNG = np.random.default_rng(0)
CASES = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->j", (3, 3, 2)),
    ("iii->i", (3, 3, 3)),
    ("ijij->ji", (2, 3, 2, 3)),
    ("ijk->", (2, 3, 4)),
    ("i,j->ij", (2,), (3,)),
    ("ij,ij->ij", (2, 3), (2, 3)),
    ("ij,ij", (2, 3), (2, 3)),
    ("ij,kl->lkji", (2, 3), (4, 5)),
    (",->", (), ()),
    (" ... i j, ... j k -> ... i k ", (5, 1, 2, 3), (4, 3, 6)),
    ("...,...->...", (3, 1), (1, 4)),
    ("i...,i...->...", (2, 1, 3), (2, 4, 1)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("bqhd,bkhd->bhqk", (2, 4, 3, 5), (2, 6, 3, 5)),
    ("ab,bc,cd,da->", (2, 3), (3, 4), (4, 5), (5, 2)),
    ("ab,ab,ab->b", (2, 3), (2, 3), (2, 3)),
    ("a,ab,abc->cb", (2,), (2, 3), (2, 3, 4)),
    ("Zz,zZ->Z", (2, 3), (3, 2)),
    ("ij,i->j", (0, 3), (0,)),
    ("ij,jk->ik", (0, 3), (3, 2)),
    ("ij,jk->ik", (2, 0), (0, 3)),
]


def operands(xp, shapes, dtype):
    return [xp.asarray(RNG.normal(size=s), dtype=dtype) for s in shapes]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[0].replace(" ", ""))
def test_values_are_numpys(xp, case):
    text, *shapes = case
    xs = operands(xp, shapes, widest(xp))
    y = also_jit(lambda *xs: nn.einsum(text, *xs), *xs, fullgraph=case in CASES[:4])
    expected = np.einsum(text, *map(values, xs))
    assert_close(y, expected, like=xs[0], rtol=1e-5, atol=1e-6)
    with xdl.portable():
        assert_close(nn.einsum(text, *xs), expected, like=xs[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "case", [CASES[k] for k in (0, 5, 7, 13, 14, 16, 17, 20, 21, 23)], ids=lambda c: c[0]
)
def test_derivatives_are_those_of_torch(xp, case):
    import torch

    text, *shapes = case
    xs = [RNG.normal(size=s) for s in shapes]
    assert_derivatives(xp, lambda *xs: nn.einsum(text, *xs), lambda *xs: torch.einsum(text, *xs), *xs)


@pytest.mark.parametrize(
    "optimize", ["greedy", "optimal", "dp", ((0, 2), (0, 1)), ((0, 1, 2),), ((2, 0), (1, 0))]
)
def test_every_order_gives_the_same(xp, optimize):
    xs = operands(xp, [(2, 3), (3, 4), (4, 5)], xp.float32)
    y = nn.einsum("ij,jk,kl->il", *xs, optimize=optimize)
    a, b, c = map(values, xs)
    assert_close(y, a @ b @ c, like=xs[0])


@given(st.data())
@pytest.mark.xp_only("numpy", "torch", "strict", reason="hypothesis: many small calls, cheap there")
def test_random_subscripts(xp, data):
    letters = "abcd"
    sizes = {c: data.draw(st.integers(0, 3), label=c) for c in letters}
    terms = data.draw(st.lists(st.text(letters, max_size=4), min_size=1, max_size=4))
    free = sorted(set("".join(terms)))
    output = "".join(data.draw(st.permutations(free))[: data.draw(st.integers(0, len(free)))])
    text = f"{','.join(terms)}->{output}"
    xs = [RNG.integers(-3, 4, tuple(sizes[c] for c in t)).astype(float) for t in terms]
    expected = np.einsum(text, *xs)
    found = nn.einsum(text, *[xp.asarray(x) for x in xs])
    np.testing.assert_allclose(values(found), expected, rtol=1e-12)
    with xdl.portable():
        np.testing.assert_allclose(
            values(nn.einsum(text, *[xp.asarray(x) for x in xs])), expected, rtol=1e-12
        )


def test_integers_and_complex(xp):
    x = xp.asarray([[1, 2], [3, 4]], dtype=xp.int32)
    assert_close(nn.einsum("ij,jk->ik", x, x), [[7, 10], [15, 22]], like=x)
    assert_close(nn.einsum("ij->", x), 10, like=x)
    z = xp.asarray([1 + 2j, 3j], dtype=xp.complex64)
    assert_close(nn.einsum("i,i", z, z), (1 + 2j) ** 2 - 9, like=z)


@pytest.mark.xp_only("numpy", "torch", "jax", reason="the standard has no half precision")
def test_half_precision_is_summed_in_single(xp):
    x = xp.ones((4096,), dtype=xp.float16)
    assert_close(nn.einsum("i,i", x, x), 4096.0, like=x)
    with xdl.portable():
        assert_close(nn.einsum("i->", x), 4096.0, like=x)


def test_the_second_call_looks_the_plan_up(xp):
    xs = operands(xp, [(2, 3), (3, 2), (2, 2)], xp.float32)
    nn.einsum("ij,jk,kl->il", *xs)
    misses = _einsum.plan.cache_info().misses
    nn.einsum("ij,jk,kl->il", *xs)
    assert _einsum.plan.cache_info().misses == misses


def test_a_product_is_one_product_of_matrices():
    """Of batches, too; nothing is moved for it or after it."""
    plan = _einsum.plan("bij,bjk->bik", ((2, 3, 4), (2, 4, 5)), "auto")
    ((_, _, product),) = plan.products
    assert product.summed
    assert plan.order == (0, 1, 2)
    assert product.orders == ((0, 1, 2), (0, 1, 2))


@pytest.mark.parametrize(
    ("text", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3), (4, 4)], "one length for subscript 'j', got 3 and 4"),
        ("ij,jk->ik", [(2, 1), (4, 4)], "one length for subscript 'j', got 1 and 4"),
        ("...i,...i", [(2, 3), (4, 3)], "one length for the axes of '...', got 2 and 4"),
        ("ij->ii", [(2, 3)], "subscript 'i' once in the result"),
        ("ij->k", [(2, 3)], "subscript 'k' of the result in some operand"),
        ("ij,j", [(2, 3)], "expected 2 terms, got 1 operands"),
        ("ij", [(2, 3, 4)], "an operand with 2 axes for 'ij'"),
        ("...ijk", [(2, 3)], "an operand with 3 axes or more"),
        ("i$", [(2, 3)], "letters, commas"),
        ("i......", [(2, 3)], "letters, commas"),
        ("ij->i->j", [(2, 3)], "letters, commas"),
    ],
)
def test_errors_name_the_subscript(xp, text, shapes, message):
    xs = operands(xp, shapes, xp.float32)
    for context in (xdl.portable, _nothing):
        with (
            context(),
            pytest.raises(ValueError, match=message.replace("$", r"\$").replace("...", r"\.\.\.")),
        ):
            nn.einsum(text, *xs)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_other_errors(xp):
    x = xp.zeros((2, 2), dtype=xp.float32)
    with pytest.raises(TypeError, match="subscripts"):
        nn.einsum(x, x)
    with pytest.raises(ValueError, match="an operand for each term"):
        nn.einsum("ij")
    with pytest.raises(TypeError, match="one dtype"):
        nn.einsum("ij,jk", x, xp.zeros((2, 2), dtype=xp.int32))
    with pytest.raises(TypeError, match="numbers"):
        nn.einsum("ij", x > 0)
    for path in (((0, 0),), ((0, 3),), ((0, 1),), ((0,), (0, 1))):
        with pytest.raises(ValueError, match="`optimize`"):
            nn.einsum("ij,jk,kl", x, x, x, optimize=path)
