"""Optimization: rules that turn gradients into steps, and the walk that applies one to a tree of parameters.

A rule is two functions on one array (`Rule`); `init`, `update` and `adjust` serve every rule alike.
"""

from ._methods.bfgs import BFGS
from ._methods.gradient_descent import GradientDescent
from ._minimize import minimize
from ._result import Result
from ._rule import Rule
from ._rules.adam import Adam, AdamW
from ._rules.chain import chain
from ._rules.clip import clip_by_norm
from ._rules.sgd import SGD
from ._searches.backtracking import Backtracking
from ._status import Status
from ._update import State, adjust, init, overwrite, update

__all__ = [
    "BFGS",
    "SGD",
    "Adam",
    "AdamW",
    "Backtracking",
    "GradientDescent",
    "Result",
    "Rule",
    "State",
    "Status",
    "adjust",
    "chain",
    "clip_by_norm",
    "init",
    "minimize",
    "overwrite",
    "update",
]
