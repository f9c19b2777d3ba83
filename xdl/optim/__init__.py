"""Optimization: rules that turn gradients into steps, and the walk that applies one to a tree of parameters.

A rule is two functions on one array (`Rule`); `init`, `update` and `adjust` serve every rule alike.
"""

from ._adjust import adjust
from ._line_search import LineSearchResult, line_search
from ._methods.bfgs import BFGS
from ._methods.gradient_descent import GradientDescent
from ._methods.lbfgs import LBFGS
from ._methods.nelder_mead import NelderMead
from ._methods.newton import Newton
from ._methods.newton_cg import NewtonCG
from ._methods.trust_region import TrustRegion
from ._minimize import minimize
from ._overwrite import overwrite
from ._result import Result
from ._rule import Rule
from ._rules.adam import Adam, AdamW
from ._rules.chain import chain
from ._rules.clip import clip_by_norm
from ._rules.sgd import SGD
from ._schedules.cycle import cosine_restarts_schedule, cyclic_schedule, one_cycle_schedule
from ._schedules.decay import (
    constant_schedule,
    cosine_schedule,
    exponential_schedule,
    inverse_time_schedule,
    linear_schedule,
    polynomial_schedule,
    step_schedule,
)
from ._schedules.piecewise import (
    interpolated_schedule,
    join_schedules,
    loop_schedule,
    piecewise_constant_schedule,
    shift_schedule,
    stretch_schedule,
    warmup_schedule,
)
from ._schedules.plateau import Plateau, ReduceOnPlateau
from ._schedules.schedule import Schedule
from ._searches.backtracking import Backtracking
from ._searches.brent import Brent
from ._searches.fixed import Fixed
from ._searches.golden_section import GoldenSection
from ._searches.hager_zhang import HagerZhang
from ._searches.more_thuente import MoreThuente
from ._searches.newton_search import NewtonSearch
from ._searches.strong_wolfe import StrongWolfe
from ._searches.weak_wolfe import WeakWolfe
from ._status import Status
from ._subproblems.dogleg import Dogleg
from ._subproblems.exact import Exact
from ._subproblems.steihaug import Steihaug
from ._update import State, init, update

__all__ = [
    "BFGS",
    "LBFGS",
    "SGD",
    "Adam",
    "AdamW",
    "Backtracking",
    "Brent",
    "Dogleg",
    "Exact",
    "Fixed",
    "GoldenSection",
    "GradientDescent",
    "HagerZhang",
    "LineSearchResult",
    "MoreThuente",
    "NelderMead",
    "Newton",
    "NewtonCG",
    "NewtonSearch",
    "Plateau",
    "ReduceOnPlateau",
    "Result",
    "Rule",
    "Schedule",
    "State",
    "Status",
    "Steihaug",
    "StrongWolfe",
    "TrustRegion",
    "WeakWolfe",
    "adjust",
    "chain",
    "clip_by_norm",
    "constant_schedule",
    "cosine_restarts_schedule",
    "cosine_schedule",
    "cyclic_schedule",
    "exponential_schedule",
    "init",
    "interpolated_schedule",
    "inverse_time_schedule",
    "join_schedules",
    "line_search",
    "linear_schedule",
    "loop_schedule",
    "minimize",
    "one_cycle_schedule",
    "overwrite",
    "piecewise_constant_schedule",
    "polynomial_schedule",
    "shift_schedule",
    "step_schedule",
    "stretch_schedule",
    "update",
    "warmup_schedule",
]
