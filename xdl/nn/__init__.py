"""Networks: activations, losses and initializers as functions of arrays, and layers that own parameters."""

from ._accuracy import (
    accuracy,
    top_k_accuracy,
)
from ._activation_layers import (
    PReLU,
)
from ._activations import (
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    lisht,
    log_cosh,
    log_sigmoid,
    maxout,
    mish,
    prelu,
    quick_gelu,
    relu,
    relu6,
    rrelu,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softplus,
    softsign,
    squareplus,
    step,
    tanh,
    tanh_shrink,
    threshold,
)
from ._adaptive_pool import (
    adaptive_avg_pool,
    adaptive_max_pool,
    global_avg_pool,
    global_lp_pool,
    global_max_pool,
)
from ._attention import attention, attention_weights, causal_mask
from ._attention_layers import KeyValueCache, MultiHeadAttention
from ._avg_pool import avg_pool
from ._batch_norm import batch_norm
from ._conv import conv, convolve
from ._conv_layers import Conv, ConvTranspose
from ._conv_transpose import conv_transpose
from ._cross_entropy import cross_entropy
from ._ctc import (
    ctc_loss,
)
from ._dropout import alpha_dropout, drop_path, dropout
from ._dropout_layers import AlphaDropout, Dropout, DropPath, VariationalDropout
from ._einsum import einsum
from ._embedding import embedding, one_hot
from ._embedding_layers import Embedding
from ._flatten import flatten
from ._focal import (
    binary_focal_loss,
    focal_loss,
)
from ._fold import fold, unfold
from ._gather import gather, gather_nd
from ._grid_sample import affine_grid, grid_sample
from ._group_norm import group_norm, instance_norm
from ._gru import gru, gru_cell
from ._initializers import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    ones,
    orthogonal,
    truncated_normal,
    variance_scaling,
    zeros,
)
from ._layer_norm import layer_norm, rms_norm
from ._layers import Activation, Dense, Sequential, apply_layers
from ._linear import linear
from ._losses import (
    binary_cross_entropy,
    contrastive_loss,
    cosine_embedding_loss,
    cosine_similarity,
    dice_loss,
    gaussian_nll_loss,
    hinge_loss,
    huber_loss,
    kl_divergence,
    log_cosh_loss,
    mae,
    mse,
    msle,
    poisson_nll_loss,
    sigmoid_cross_entropy,
    smooth_l1_loss,
    smooth_labels,
    squared_hinge_loss,
    triplet_loss,
    tversky_loss,
    xlogx,
    xlogy,
)
from ._lp_pool import lp_pool
from ._lstm import lstm, lstm_cell
from ._max_pool import max_pool
from ._noisy_layers import NoisyDense
from ._norm_layers import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from ._pad import pad
from ._pixel_shuffle import pixel_shuffle, pixel_unshuffle
from ._pool_layers import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    Flatten,
    GlobalAvgPool,
    GlobalLpPool,
    GlobalMaxPool,
    LpPool,
    MaxPool,
    PixelShuffle,
    Upsample,
)
from ._positions import LearnedPositions, rotary, sinusoidal_positions
from ._recurrent_cells import GRUCell, LSTMCell, RNNCell
from ._recurrent_layers import GRU, LSTM, RNN, Recurrence
from ._rnn import rnn, rnn_cell
from ._scores import additive_score, concat_score, context, general_score, scaled_dot_score
from ._segment import segment_max, segment_mean, segment_min, segment_prod, segment_softmax, segment_sum
from ._sequences import reverse_sequence, truncated
from ._softmax import log_softmax, logsumexp, softmax
from ._sparse_initializers import (
    identity,
    sparse,
)
from ._structure_layers import Bilinear, Maxout, Parallel, Scale, SkipConnection
from ._top_k import top_k
from ._training import training
from ._upsample import upsample
from ._weight_norm import weight_norm
from ._weight_norm_layers import WeightNorm

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "AlphaDropout",
    "AvgPool",
    "BatchNorm",
    "Bilinear",
    "Conv",
    "ConvTranspose",
    "Dense",
    "DropPath",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "GroupNorm",
    "InstanceNorm",
    "KeyValueCache",
    "LSTMCell",
    "LayerNorm",
    "LearnedPositions",
    "LpPool",
    "MaxPool",
    "Maxout",
    "MultiHeadAttention",
    "NoisyDense",
    "PReLU",
    "Parallel",
    "PixelShuffle",
    "RMSNorm",
    "RNNCell",
    "Recurrence",
    "Scale",
    "Sequential",
    "SkipConnection",
    "Upsample",
    "VariationalDropout",
    "WeightNorm",
    "accuracy",
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "additive_score",
    "affine_grid",
    "alpha_dropout",
    "apply_layers",
    "attention",
    "attention_weights",
    "avg_pool",
    "batch_norm",
    "binary_cross_entropy",
    "binary_focal_loss",
    "causal_mask",
    "celu",
    "concat_score",
    "context",
    "contrastive_loss",
    "conv",
    "conv_transpose",
    "convolve",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dice_loss",
    "drop_path",
    "dropout",
    "einsum",
    "elu",
    "embedding",
    "flatten",
    "focal_loss",
    "fold",
    "gather",
    "gather_nd",
    "gaussian_nll_loss",
    "gelu",
    "general_score",
    "global_avg_pool",
    "global_lp_pool",
    "global_max_pool",
    "glorot_normal",
    "glorot_uniform",
    "glu",
    "grid_sample",
    "group_norm",
    "gru",
    "gru_cell",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "he_normal",
    "he_uniform",
    "hinge_loss",
    "huber_loss",
    "identity",
    "instance_norm",
    "kl_divergence",
    "layer_norm",
    "leaky_relu",
    "lecun_normal",
    "lecun_uniform",
    "linear",
    "lisht",
    "log_cosh",
    "log_cosh_loss",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "lp_pool",
    "lstm",
    "lstm_cell",
    "mae",
    "max_pool",
    "maxout",
    "mish",
    "mse",
    "msle",
    "one_hot",
    "ones",
    "orthogonal",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "quick_gelu",
    "relu",
    "relu6",
    "reverse_sequence",
    "rms_norm",
    "rnn",
    "rnn_cell",
    "rotary",
    "rrelu",
    "scaled_dot_score",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_softmax",
    "segment_sum",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy",
    "silu",
    "sinusoidal_positions",
    "smooth_l1_loss",
    "smooth_labels",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse",
    "squared_hinge_loss",
    "squareplus",
    "step",
    "tanh",
    "tanh_shrink",
    "threshold",
    "top_k",
    "top_k_accuracy",
    "training",
    "triplet_loss",
    "truncated",
    "truncated_normal",
    "tversky_loss",
    "unfold",
    "upsample",
    "variance_scaling",
    "weight_norm",
    "xlogx",
    "xlogy",
    "zeros",
]
