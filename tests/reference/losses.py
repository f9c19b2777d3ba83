"""Losses."""

from xdl import nn

from ._graph import operator


def _nll(xp, log_p, labels, weight, ignore_index, reduction):
    classes = log_p.shape[1]
    kept = labels != ignore_index if ignore_index is not None else xp.ones(labels.shape, dtype=xp.bool)
    known = xp.where(kept, labels, xp.zeros_like(labels))
    zero = xp.zeros((), dtype=log_p.dtype)
    loss = nn.cross_entropy(log_p, known, axis=1, reduction="none")
    share = xp.ones(labels.shape, dtype=log_p.dtype)
    if weight is not None:
        share = nn.gather(weight, known)
    share = xp.where(kept, share, zero)
    loss = loss * share
    if reduction == "none":
        return loss
    total = xp.sum(loss)
    assert classes
    return total if reduction == "sum" else total / xp.sum(share)


@operator("SoftmaxCrossEntropyLoss")
def _(xp, scores, labels, weights=None, *, ignore_index=None, reduction="mean", outputs):
    loss = _nll(xp, scores, labels, weights, ignore_index, reduction)
    return (loss, nn.log_softmax(scores, axis=1)) if len(outputs) > 1 else loss


@operator("NegativeLogLikelihoodLoss")
def _(xp, log_p, labels, weight=None, *, ignore_index=None, reduction="mean"):
    # the inputs are called log-probabilities and are no such thing, so the normalization is taken out again
    off = nn.logsumexp(log_p, axis=1, keepdims=True)
    kept = labels != ignore_index if ignore_index is not None else xp.ones(labels.shape, dtype=xp.bool)
    known = xp.where(kept, labels, xp.zeros_like(labels))
    loss = nn.cross_entropy(log_p, known, axis=1, reduction="none") - xp.squeeze(off, axis=1)
    share = xp.ones(labels.shape, dtype=log_p.dtype) if weight is None else nn.gather(weight, known)
    share = xp.where(kept, share, xp.zeros((), dtype=log_p.dtype))
    if reduction == "none":
        return loss * share
    total = xp.sum(loss * share)
    return total if reduction == "sum" else total / xp.sum(share)
