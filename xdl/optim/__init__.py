"""Optimization: rules that turn gradients into steps, and the walk that applies one to a tree of parameters.

A rule is two functions on one array (`Rule`); `init`, `update` and `adjust` serve every rule alike.
"""

from ._adam import Adam, AdamW
from ._chain import chain
from ._clip import clip_by_norm
from ._rule import Rule
from ._sgd import SGD
from ._update import State, adjust, init, overwrite, update

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Rule",
    "State",
    "adjust",
    "chain",
    "clip_by_norm",
    "init",
    "overwrite",
    "update",
]
