"""The notation of sums of products: subscripts read and compared with shapes."""

import functools
import string
from typing import NamedTuple

__all__ = ["Contraction", "parse", "spelled"]


class Contraction(NamedTuple):
    """Letters of each operand and of the result, lengths of the letters, and shapes of the operands.

    Axes of an ellipsis have letters of their own. An operand of length 1 along one that is longer in another
    operand has no such axis: its shape is without it.
    """

    terms: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]
    sizes: dict[str, int]
    shapes: tuple[tuple[int, ...], ...]


def parse(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> Contraction:
    """Read subscripts, and refuse those that do not fit the shapes."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    texts = left.split(",")
    if len(texts) != len(shapes):
        raise ValueError(_said(subscripts, f"{len(texts)} terms", f"{len(shapes)} operands"))
    terms = [_letters(subscripts, text, shape) for text, shape in zip(texts, shapes, strict=True)]
    sizes = _sizes(subscripts, terms, shapes)
    if arrow:
        rank = max((_dots(term) for term in terms), default=0)
        output = _letters(subscripts, right, None, rank)
        _check_output(subscripts, output, sizes)
    else:
        found = [c for term in terms for c in term]
        output = tuple(sorted(c for c in sizes if _is_dot(c)))
        output += tuple(sorted(c for c in sizes if found.count(c) == 1 and not _is_dot(c)))
    kept = [
        [not (_is_dot(c) and n == 1 and sizes[c] != 1) for c, n in zip(term, shape, strict=True)]
        for term, shape in zip(terms, shapes, strict=True)
    ]
    choose = lambda row, keep: tuple(c for c, k in zip(row, keep, strict=True) if k)
    return Contraction(
        tuple(choose(term, keep) for term, keep in zip(terms, kept, strict=True)),
        output,
        sizes,
        tuple(choose(shape, keep) for shape, keep in zip(shapes, kept, strict=True)),
    )


def _letters(subscripts: str, text: str, shape: tuple[int, ...] | None, dots: int = 0) -> tuple[str, ...]:
    """Letters of a term; the axes of an ellipsis are counted from the last, which is how shapes broadcast."""
    head, ellipsis, tail = text.partition("...")
    for c in head + tail:
        if not ("a" <= c <= "z" or "A" <= c <= "Z"):
            raise ValueError(_said(subscripts, "letters, commas, one '...' per term and one '->'", repr(c)))
    if shape is not None:
        dots = len(shape) - len(head) - len(tail)
        if dots < 0 or (dots and not ellipsis):
            needed = (
                f"an operand with {len(head) + len(tail)} axes{' or more' if ellipsis else ''} for {text!r}"
            )
            raise ValueError(_said(subscripts, needed, f"shape {shape}"))
    return (*head, *(f"{k:03}" for k in range(1000 - dots, 1000) if ellipsis), *tail)


def _is_dot(letter: str) -> bool:
    return len(letter) > 1


def _dots(term: tuple[str, ...]) -> int:
    return sum(map(_is_dot, term))


def _sizes(
    subscripts: str, terms: list[tuple[str, ...]], shapes: tuple[tuple[int, ...], ...]
) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for c, n in zip(term, shape, strict=True):
            m = sizes.setdefault(c, n)
            if _is_dot(c) and 1 in (m, n):
                sizes[c] = n if m == 1 else m
            elif m != n:
                name = "the axes of '...'" if _is_dot(c) else f"subscript {c!r}"
                raise ValueError(_said(subscripts, f"one length for {name}", f"{m} and {n}"))
    return sizes


def _check_output(subscripts: str, output: tuple[str, ...], sizes: dict[str, int]) -> None:
    for c in output:
        if c not in sizes:
            raise ValueError(_said(subscripts, f"subscript {c!r} of the result in some operand", "none"))
        if output.count(c) > 1:
            raise ValueError(_said(subscripts, f"subscript {c!r} once in the result", str(output.count(c))))


def _said(subscripts: str, expected: str, got: str) -> str:
    return f"expected {expected}, got {got}, in the subscripts {subscripts!r}"


@functools.lru_cache(maxsize=1024)
def spelled(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[str, tuple[tuple[int, ...], ...]]:
    """Give the same contraction without an ellipsis, and the shapes of its operands."""
    found = parse(subscripts, shapes)
    free = iter(sorted(set(string.ascii_letters) - set(subscripts)))
    names = {c: next(free) if _is_dot(c) else c for c in found.sizes}
    word = lambda letters: "".join(names[c] for c in letters)
    return f"{','.join(map(word, found.terms))}->{word(found.output)}", found.shapes
