"""Losses."""

from xdl import nn

from ._graph import operator


def _reduced(xp, scores, labels, weight, ignore_index, reduction, normalized=True):
    """Cross-entropy, weighted by class, without the labels to be ignored."""
    kept = labels != ignore_index if ignore_index is not None else xp.ones(labels.shape, dtype=xp.bool)
    known = xp.where(kept, labels, xp.zeros_like(labels))
    loss = nn.cross_entropy(scores, known, axis=1, reduction="none")
    if not normalized:
        loss = loss - nn.logsumexp(scores, axis=1)
    share = xp.ones(labels.shape, dtype=scores.dtype) if weight is None else nn.gather(weight, known)
    share = xp.where(kept, share, xp.zeros((), dtype=scores.dtype))
    if reduction == "none":
        return loss * share
    total = xp.sum(loss * share)
    return total if reduction == "sum" else total / xp.sum(share)


@operator("SoftmaxCrossEntropyLoss")
def _(xp, scores, labels, weights=None, *, ignore_index=None, reduction="mean", outputs):
    loss = _reduced(xp, scores, labels, weights, ignore_index, reduction)
    return (loss, nn.log_softmax(scores, axis=1)) if len(outputs) > 1 else loss


@operator("NegativeLogLikelihoodLoss")
def _(xp, log_p, labels, weight=None, *, ignore_index=None, reduction="mean"):
    # the inputs are called log-probabilities and are no such thing, so the normalization is taken out again
    return _reduced(xp, log_p, labels, weight, ignore_index, reduction, normalized=False)
