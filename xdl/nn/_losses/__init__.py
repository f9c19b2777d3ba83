"""Losses: how far predictions are from targets, as one number or one per example.

All compute in float32 where their arguments are in half precision, and give results in the dtype of the
prediction. Targets are converted to that. Shapes must agree: nothing is broadcast.
"""

from .likelihoods import (
    binary_cross_entropy,
    gaussian_nll_loss,
    kl_divergence,
    poisson_nll_loss,
    sigmoid_cross_entropy,
    smooth_labels,
)
from .margins import (
    contrastive_loss,
    cosine_embedding_loss,
    cosine_similarity,
    hinge_loss,
    squared_hinge_loss,
    triplet_loss,
)
from .overlaps import dice_loss, tversky_loss
from .products import xlogx, xlogy
from .reductions import check_mse, check_reduction, reduce, weight
from .regression import huber_loss, log_cosh_loss, mae, mse, msle, smooth_l1_loss

__all__ = [
    "binary_cross_entropy",
    "check_mse",
    "check_reduction",
    "contrastive_loss",
    "cosine_embedding_loss",
    "cosine_similarity",
    "dice_loss",
    "gaussian_nll_loss",
    "hinge_loss",
    "huber_loss",
    "kl_divergence",
    "log_cosh_loss",
    "mae",
    "mse",
    "msle",
    "poisson_nll_loss",
    "reduce",
    "sigmoid_cross_entropy",
    "smooth_l1_loss",
    "smooth_labels",
    "squared_hinge_loss",
    "triplet_loss",
    "tversky_loss",
    "weight",
    "xlogx",
    "xlogy",
]
