"""Random numbers from explicit keys: the same key gives the same bytes on every backend."""

from ._bits import bits
from ._discrete import bernoulli, categorical, choice, randint
from ._exponential import exponential, gumbel
from ._key import fold_in, key, split
from ._normal import normal, truncated_normal
from ._permutation import permutation
from ._uniform import uniform

__all__ = [
    "bernoulli",
    "bits",
    "categorical",
    "choice",
    "exponential",
    "fold_in",
    "gumbel",
    "key",
    "normal",
    "permutation",
    "randint",
    "split",
    "truncated_normal",
    "uniform",
]
