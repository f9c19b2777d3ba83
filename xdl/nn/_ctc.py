"""Connectionist temporal classification: a loss over all alignments of a sequence with its labels."""

import math
from typing import Any

from xdl.autodiff import rule, scan
from xdl.core import Array, array_namespace, generic
from xdl.core._namespace import device_of

from ._losses import check_reduction, reduce, weight
from ._precision import narrow, widen
from ._softmax import log_softmax, logsumexp

__all__ = ["check_ctc", "ctc_forward", "ctc_loss", "ctc_pullback"]


@generic
def ctc_loss(
    logits: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    /,
    *,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Array:
    """Negative logarithm of the probability of label sequences, summed over all their alignments with the inputs.

    Parameters
    ----------
    logits : (n, t, classes) array
        Unnormalized log-probabilities, or log-probabilities, which normalizing leaves as they are. (PyTorch
        takes normalized ones, time first.)
    targets : (n, labels) array of integers
        Rows of labels, none of them the blank; what follows after a row's length is not looked at.
    input_lengths, target_lengths : (n,) array of integers
        Numbers of time steps, at most ``t``, and of labels, at most ``labels``, that count. Both may be 0.
    blank : int
        Class that stands for no label.
    reduction : {"mean", "sum", "none"}
        Mean or sum over the examples, or one loss per example. (The mean of PyTorch divides each loss by
        the number of labels first.)
    zero_infinity : bool
        Whether an example without an alignment, for it has more labels and repetitions of labels than time
        steps, has the loss 0 instead of infinity. In both cases its derivative is 0 (in PyTorch NaN).

    Returns
    -------
    array
        In the dtype of the logits, computed in float32 if that is half precision.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    TypeError
        If labels or lengths are no integers.

    References
    ----------
    Graves, Fernández, Gomez & Schmidhuber (2006), Connectionist temporal classification, ICML, equations 5 to 8
    """
    check_ctc(logits, targets, input_lengths, target_lengths, blank, reduction)
    xp = array_namespace(logits, targets, input_lengths, target_lengths)
    log = log_softmax(widen(xp, logits))
    steps = _Alignments(xp, log, targets, input_lengths, target_lengths, blank)
    loss = -steps.forward(xp)[0]
    if zero_infinity:
        loss = xp.where(loss == math.inf, 0.0, loss)
    return narrow(xp, reduce(xp, loss, reduction), logits)


class _Alignments:
    """What a step of the dynamic programs needs: labels with blanks around them, and their log-probabilities."""

    def __init__(
        self, xp: Any, log: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank: int
    ) -> None:
        n, t, _ = log.shape
        count, device = targets.shape[1], device_of(log)
        size = 2 * count + 1
        ends = xp.reshape(target_lengths, (n, 1))
        labels = xp.where(xp.arange(count, device=device) < ends, targets, blank)
        pairs = xp.reshape(xp.stack([xp.full_like(labels, blank), labels], axis=2), (n, 2 * count))
        blanks = xp.full((n, 2), blank, dtype=labels.dtype, device=device)
        self.classes = xp.concat([pairs, blanks[:, :1]], axis=1)
        before = xp.concat([blanks, self.classes], axis=1)[:, :size]
        # a blank between two labels may be left out, unless they are equal
        self.skips = xp.logical_and(self.classes != blank, self.classes != before)
        places = xp.arange(size, device=device)
        self.final = xp.logical_or(places == 2 * ends, places == 2 * ends - 1)
        self.first = places == 0
        index = xp.broadcast_to(xp.reshape(self.classes, (n, 1, size)), (n, t, size))
        self.log = xp.permute_dims(xp.take_along_axis(log, index, axis=2), (1, 0, 2))
        times = xp.reshape(xp.arange(t, device=device), (t, 1, 1))
        self.within = times < xp.reshape(input_lengths, (1, n, 1))

    def forward(self, xp: Any) -> tuple[Array, Array]:
        """Log-probabilities of the labels, and of all beginnings of alignments that end at a time and place."""

        def step(a: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
            log, within = inputs
            skipped = xp.where(self.skips, _moved(xp, a, 2), -math.inf)
            b = logsumexp(xp.stack([a, _moved(xp, a, 1), skipped], axis=0), axis=0)
            a = xp.where(within, b + log, a)
            return a, a

        start = xp.where(self.first, xp.zeros_like(self.final, dtype=self.log.dtype), -math.inf)
        last, all_ = scan(step, start, (self.log, self.within)) if self.log.shape[0] else (start, self.log)
        return logsumexp(xp.where(self.final, last, -math.inf)), all_

    def backward(self, xp: Any) -> Array:
        """Log-probabilities of all ends of alignments that begin after a time and place."""

        def step(b: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
            log, within = inputs
            u = b + log
            skipped = _moved(xp, xp.where(self.skips, u, -math.inf), -2)
            c = logsumexp(xp.stack([u, _moved(xp, u, -1), skipped], axis=0), axis=0)
            return xp.where(within, c, b), b

        end = xp.where(self.final, xp.zeros_like(self.final, dtype=self.log.dtype), -math.inf)
        return scan(step, end, (self.log, self.within), reverse=True)[1] if self.log.shape[0] else self.log


def _moved(xp: Any, a: Array, by: int) -> Array:
    """Rows of ``a`` moved to the right, or to the left, with nothing in the free places."""
    k = min(abs(by), a.shape[1])
    free = xp.full_like(a[:, :k], -math.inf)
    if by > 0:
        return xp.concat([free, a[:, : a.shape[1] - k]], axis=1)
    return xp.concat([a[:, k:], free], axis=1)


@generic
def ctc_forward(
    logits: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    /,
    *,
    blank: int,
    reduction: str,
    zero_infinity: bool,
) -> tuple[Array, Any]:
    """Value of `ctc_loss`, and what its pullback uses again."""
    options: Any = {"blank": blank, "reduction": reduction, "zero_infinity": zero_infinity}
    return ctc_loss.definition(logits, targets, input_lengths, target_lengths, **options), None


@generic
def ctc_pullback(
    dy: Array,
    logits: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    /,
    *,
    blank: int,
    saved: Any = None,
) -> Array:
    """Cotangent of the logits, given that of the losses ``dy`` (n,): equation 16 of the paper."""
    xp = array_namespace(dy, logits, targets, input_lengths, target_lengths)
    log = log_softmax(widen(xp, logits))
    steps = _Alignments(xp, log, targets, input_lengths, target_lengths, blank)
    total, begun = steps.forward(xp)
    possible = xp.reshape(total > -math.inf, (1, -1, 1))
    total = xp.where(possible, xp.reshape(total, (1, -1, 1)), 0.0)
    # probability of each place at each time, given the labels
    places = xp.exp(begun + steps.backward(xp) - total)
    places = xp.permute_dims(xp.where(xp.logical_and(possible, steps.within), places, 0.0), (1, 0, 2))
    classes = xp.arange(logits.shape[2], dtype=steps.classes.dtype, device=device_of(log))
    hit = xp.astype(xp.expand_dims(steps.classes, axis=2) == classes, places.dtype)
    counts = xp.permute_dims(xp.logical_and(possible, steps.within), (1, 0, 2))
    dx = xp.where(counts, xp.exp(log), 0.0) - xp.matmul(places, hit)
    return narrow(xp, xp.multiply(dx, xp.reshape(widen(xp, dy), (-1, 1, 1))), logits)


def _pull(
    xp: Any,
    dy: Array,
    y: Array,
    wanted: tuple[bool, ...],
    logits: Array,
    *labels: Array,
    blank: int,
    reduction: str,
    zero_infinity: bool,
    saved: Any = None,
) -> Any:
    n = logits.shape[0]
    if reduction != "none":
        dy = xp.broadcast_to(dy * weight((n,)) if reduction == "mean" else dy, (n,))
    return ctc_pullback(dy, logits, *labels, blank=blank, saved=saved), None, None, None


rule(ctc_loss, forward=ctc_forward, pullback=_pull)


def check_ctc(
    logits: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int, reduction: str
) -> None:
    """Refuse what does not fit."""
    check_reduction(reduction)
    shape = tuple(logits.shape)
    if len(shape) != 3 or len(targets.shape) != 2 or targets.shape[0] != shape[0]:
        message = (
            f"expected `logits` (n, t, classes) and `targets` (n, labels), got shapes {shape} and "
            f"{tuple(targets.shape)}"
        )
        raise ValueError(message)
    if not 0 <= blank < shape[2]:
        message = f"`blank` must be in [0, {shape[2]}), got {blank}"
        raise ValueError(message)
    xp = array_namespace(targets, input_lengths, target_lengths)
    named = {"targets": targets, "input_lengths": input_lengths, "target_lengths": target_lengths}
    for name, x in named.items():
        if name != "targets" and tuple(x.shape) != shape[:1]:
            message = f"expected `{name}` of shape {shape[:1]}, got {tuple(x.shape)}"
            raise ValueError(message)
        if not xp.isdtype(x.dtype, "integral"):
            message = f"expected `{name}` of integers, got {x.dtype}"
            raise TypeError(message)
