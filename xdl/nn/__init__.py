"""Networks: activations, losses and initializers as functions of arrays, and layers that own parameters."""

from ._accuracy import accuracy
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
from ._attention import attention, attention_weights, causal_mask
from ._attention_layers import KeyValueCache, MultiHeadAttention
from ._batch_norm import batch_norm
from ._conv import conv, convolve
from ._conv_layers import Conv, ConvTranspose
from ._conv_transpose import conv_transpose
from ._cross_entropy import cross_entropy
from ._dropout import alpha_dropout, drop_path, dropout
from ._dropout_layers import AlphaDropout, Dropout, DropPath, VariationalDropout
from ._einsum import einsum
from ._embedding import embedding, one_hot
from ._embedding_layers import Embedding
from ._fold import fold, unfold
from ._gather import gather, gather_nd
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
    zeros,
)
from ._layer_norm import layer_norm, rms_norm
from ._layers import Activation, Dense, Sequential
from ._linear import linear
from ._losses import mse
from ._lstm import lstm, lstm_cell
from ._norm_layers import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from ._positions import LearnedPositions, rotary, sinusoidal_positions
from ._recurrent_cells import GRUCell, LSTMCell, RNNCell
from ._recurrent_layers import GRU, LSTM, RNN, Recurrence
from ._rnn import rnn, rnn_cell
from ._scores import additive_score, concat_score, context, general_score, scaled_dot_score
from ._segment import segment_max, segment_mean, segment_min, segment_prod, segment_softmax, segment_sum
from ._sequences import reverse_sequence, truncated
from ._softmax import log_softmax, logsumexp, softmax
from ._top_k import top_k
from ._training import training
from ._weight_norm import weight_norm
from ._weight_norm_layers import WeightNorm

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "AlphaDropout",
    "BatchNorm",
    "Conv",
    "ConvTranspose",
    "Dense",
    "DropPath",
    "Dropout",
    "Embedding",
    "GRUCell",
    "GroupNorm",
    "InstanceNorm",
    "KeyValueCache",
    "LSTMCell",
    "LayerNorm",
    "LearnedPositions",
    "MultiHeadAttention",
    "RMSNorm",
    "RNNCell",
    "Recurrence",
    "Sequential",
    "VariationalDropout",
    "WeightNorm",
    "accuracy",
    "additive_score",
    "alpha_dropout",
    "attention",
    "attention_weights",
    "batch_norm",
    "causal_mask",
    "celu",
    "concat_score",
    "context",
    "conv",
    "conv_transpose",
    "convolve",
    "cross_entropy",
    "drop_path",
    "dropout",
    "einsum",
    "elu",
    "embedding",
    "fold",
    "gather",
    "gather_nd",
    "gelu",
    "general_score",
    "glorot_normal",
    "glorot_uniform",
    "glu",
    "group_norm",
    "gru",
    "gru_cell",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "he_normal",
    "he_uniform",
    "instance_norm",
    "layer_norm",
    "leaky_relu",
    "lecun_normal",
    "lecun_uniform",
    "linear",
    "lisht",
    "log_cosh",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "lstm",
    "lstm_cell",
    "maxout",
    "mish",
    "mse",
    "one_hot",
    "ones",
    "orthogonal",
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
    "silu",
    "sinusoidal_positions",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "squareplus",
    "step",
    "tanh",
    "tanh_shrink",
    "threshold",
    "top_k",
    "training",
    "truncated",
    "unfold",
    "weight_norm",
    "zeros",
]
