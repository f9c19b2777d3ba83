"""Sums of products named by subscripts, as a sequence of products of matrices."""

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from xdl.core import Array, array_namespace, generic

from ._subscripts import parse

__all__ = ["einsum"]


def einsum(subscripts: str, /, *operands: Array, optimize: str | tuple[Any, ...] = "auto") -> Array:
    """Sum of products over subscripts, Einstein's notation.

    Parameters
    ----------
    subscripts : str
        For example ``"...ij,...jk->...ik"``: a letter for each axis of each operand, with ``...`` for any
        number of axes, which broadcast. A letter that is not behind the arrow is summed over; one that an
        operand has twice means its diagonal. Without an arrow, the axes of ``...`` and then the letters
        that occur once, in alphabetical order, are those of the result.
    *operands : arrays
        Of one dtype; axes of one letter have the same length, nothing but ``...`` is broadcast.
    optimize : str or tuple of tuples of int
        How the order of the products is found: a method of opt_einsum ("auto", "greedy", "optimal",
        "dp", ...), or a path, such as ``((0, 2), (0, 1))``: which of the remaining operands are multiplied
        next; the product goes to the end of the list.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If the subscripts do not fit the operands; the message names the subscript.
    TypeError
        If the dtypes differ; nothing is promoted.

    References
    ----------
    Smith & Gray (2018), opt_einsum, doi:10.21105/joss.00753
    """
    if not isinstance(subscripts, str):
        message = f"expected subscripts such as 'ij,jk->ik' first, got {type(subscripts).__name__}"
        raise TypeError(message)
    if not operands:
        message = f"expected an operand for each term of {subscripts!r}, got none"
        raise ValueError(message)
    a, b, *rest = (*operands, None) if len(operands) == 1 else operands
    return contract(a, b, tuple(rest) or None, subscripts=subscripts, optimize=optimize)


@generic
def contract(
    a: Array, b: Array | None, rest: tuple[Array, ...], /, *, subscripts: str, optimize: str | tuple[Any, ...]
) -> Array:
    """Multiply operands and sum, one pair at a time; ``rest`` is None where it is empty.

    One or two operands, which most calls have, are dispatched by their types alone.
    """
    operands = listed(a, b, rest)
    xp = array_namespace(*operands)
    check_kinds(xp, operands)
    steps = plan(subscripts, tuple([tuple(x.shape) for x in operands]), optimize)
    dtype = operands[0].dtype
    half = xp.isdtype(dtype, "real floating") and xp.finfo(dtype).bits < 32
    parts = [xp.astype(x, xp.float32) if half else x for x in operands]
    parts = [_reduced(xp, x, *step) for x, step in zip(parts, steps.single, strict=True)]
    for i, j, product in steps.products:
        b, a = parts.pop(j), parts.pop(i)  # i < j
        parts.append(product(xp, a, b))
    y = _permuted(xp, parts[0], steps.order)
    return xp.astype(y, dtype) if half else y


def listed(a: Array, b: Array | None, rest: tuple[Array, ...] | None) -> list[Array]:
    """Return the operands of `contract` as a list."""
    return [a] if b is None else [a, b, *(rest or ())]


def check_kinds(xp: Any, operands: list[Array]) -> None:
    """Refuse what is not of one dtype, or not of numbers."""
    if len({x.dtype for x in operands}) > 1:
        found = ", ".join(str(x.dtype) for x in operands)
        message = f"expected operands of one dtype, got {found}; convert them with astype"
        raise TypeError(message)
    if not xp.isdtype(operands[0].dtype, "numeric"):
        message = f"expected operands of numbers, got {operands[0].dtype}"
        raise TypeError(message)


@dataclass(frozen=True)
class Product:
    """Product of two operands, over the letters that nobody else needs, as a product of matrices.

    Their axes are put in the order of: letters of both that stay, own letters, letters summed over.
    """

    orders: tuple[tuple[int, ...], tuple[int, ...]]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    shape: tuple[int, ...]
    summed: bool

    def __call__(self, xp: Any, a: Array, b: Array) -> Array:
        """Multiply."""
        a = _shaped(xp, _permuted(xp, a, self.orders[0]), self.shapes[0])
        b = _shaped(xp, _permuted(xp, b, self.orders[1]), self.shapes[1])
        return _shaped(xp, xp.matmul(a, b) if self.summed else xp.multiply(a, b), self.shape)


@dataclass(frozen=True)
class Plan:
    """Diagonals and sums of each operand, products of pairs, and the order of the axes at last."""

    single: tuple[Any, ...]
    products: tuple[tuple[int, int, Product], ...]
    order: tuple[int, ...]


@functools.lru_cache(maxsize=1024)
def plan(subscripts: str, shapes: tuple[tuple[int, ...], ...], optimize: Any) -> Plan:
    """Find the steps of a contraction; the second call with the same shapes looks them up."""
    found = parse(subscripts, shapes)
    terms, output, sizes = list(found.terms), found.output, found.sizes
    single = []
    for k, term in enumerate(terms):
        others = {*output}.union(*(terms[:k] + terms[k + 1 :]))
        # diagonals go to the end, one after the other, and sums follow
        pairs, letters = [], list(term)
        while repeated := next((c for c in letters if letters.count(c) > 1), None):
            first = letters.index(repeated)
            second = letters.index(repeated, first + 1)
            pairs.append((first, second))
            letters = [c for i, c in enumerate(letters) if i not in (first, second)] + [repeated]
        summed = tuple(i for i, c in enumerate(letters) if c not in others)
        single.append((found.shapes[k], tuple(pairs), summed))
        terms[k] = tuple(c for i, c in enumerate(letters) if i not in summed)
    products = []
    for places in _path(terms, output, sizes, optimize):
        i, j = places
        b, a = terms.pop(j), terms.pop(i)
        product, letters = _pair(a, b, {*output}.union(*terms), output, sizes)
        products.append((i, j, product))
        terms.append(letters)
    return Plan(tuple(single), tuple(products), tuple(terms[0].index(c) for c in output))


def _path(
    terms: list[tuple[str, ...]], output: tuple[str, ...], sizes: dict[str, int], optimize: Any
) -> Iterable[tuple[int, int]]:
    """Which two operands are multiplied next; a path that takes more of them is split."""
    count = len(terms)
    if count == 1:
        return
    if isinstance(optimize, str):
        from opt_einsum import paths  # sought when it is needed: two operands have one path

        if count == 2:
            path: Any = [(0, 1)]
        else:
            path = paths.get_path_fn(optimize)([frozenset(t) for t in terms], frozenset(output), sizes, None)
    else:
        path = optimize
    for step in path:
        places = sorted({int(i) for i in step}, reverse=True)
        if len(places) != len(step) or not places or places[-1] < 0 or places[0] >= count:
            break
        if len(places) > 1:
            yield places[1], places[0]
            count -= 1
            for k in places[2:]:
                yield k, count - 1
                count -= 1
        elif count > 1:
            break
    if count > 1:
        message = f"`optimize` must name distinct operands that remain, and leave one; got the path {path!r}"
        raise ValueError(message)


def _pair(
    a: tuple[str, ...], b: tuple[str, ...], kept: set[str], output: tuple[str, ...], sizes: dict[str, int]
) -> tuple[Product, tuple[str, ...]]:
    both = [c for c in a if c in b and c in kept]
    summed = [c for c in a if c in b and c not in kept]
    own_a, own_b = [c for c in a if c not in b], [c for c in b if c not in a]
    # in the order of the result nothing must be moved at last
    rank = {c: k for k, c in enumerate(output)}
    if all(c in rank for c in both):
        both.sort(key=lambda c: rank[c])
    letters = (*both, *own_a, *own_b)
    length = lambda some: math.prod(sizes[c] for c in some)
    place = lambda letters, some: tuple(letters.index(c) for c in some)
    if summed:
        orders = place(a, [*both, *own_a, *summed]), place(b, [*both, *summed, *own_b])
        n = length(both)
        shapes: Any = (n, length(own_a), length(summed)), (n, length(summed), length(own_b))
        if not both:
            shapes = shapes[0][1:], shapes[1][1:]
    else:
        orders = place(a, [*both, *own_a]), place(b, [*both, *own_b])
        shapes = (
            (*(sizes[c] for c in (*both, *own_a)), *(1 for _ in own_b)),
            (*(sizes[c] for c in both), *(1 for _ in own_a), *(sizes[c] for c in own_b)),
        )
    return Product(orders, shapes, tuple(sizes[c] for c in letters), bool(summed)), letters


def _reduced(
    xp: Any, x: Array, shape: tuple[int, ...], pairs: tuple[tuple[int, int], ...], summed: tuple[int, ...]
) -> Array:
    x = _shaped(xp, x, shape)
    for first, second in pairs:
        rest = [i for i in range(len(x.shape)) if i not in (first, second)]
        x = xp.linalg.diagonal(xp.permute_dims(x, (*rest, first, second)))
    return xp.sum(x, axis=summed, dtype=x.dtype) if summed else x


def _shaped(xp: Any, x: Array, shape: tuple[int, ...]) -> Array:
    return x if tuple(x.shape) == shape else xp.reshape(x, shape)


def _permuted(xp: Any, x: Array, order: tuple[int, ...]) -> Array:
    return x if order == tuple(range(len(order))) else xp.permute_dims(x, order)
