"""Optimization: rules that turn gradients into steps, and the walk that applies one to a tree of parameters.

A rule is two functions on one array (`Rule`); `init`, `update` and `adjust` serve every rule alike.
"""

from ._adjust import adjust
from ._curvature import gauss_newton_diagonal, hutchinson_diagonal, observe_curvature
from ._evaluation import evaluation_params
from ._freeze import freeze, thaw
from ._kfac import KFAC, KFACState
from ._least_squares import LeastSquaresResult, least_squares
from ._likelihood import Categorical, Likelihood, Normal
from ._line_search import LineSearchResult, line_search
from ._methods.anderson import Anderson
from ._methods.barzilai_borwein import BarzilaiBorwein
from ._methods.bfgs import BFGS, DFP
from ._methods.bisection import Bisection
from ._methods.brent_dekker import BrentDekker
from ._methods.broyden import Broyden
from ._methods.cma_es import CMAES
from ._methods.conjugate_gradient import ConjugateGradient
from ._methods.coordinate_search import CoordinateSearch
from ._methods.gauss_newton import GaussNewton
from ._methods.gradient_descent import GradientDescent
from ._methods.lbfgs import LBFGS
from ._methods.lbfgsb import LBFGSB
from ._methods.levenberg_marquardt import LevenbergMarquardt
from ._methods.nelder_mead import NelderMead
from ._methods.newton import Newton
from ._methods.newton_cg import NewtonCG
from ._methods.newton_raphson import NewtonRaphson
from ._methods.pattern_search import PatternSearch
from ._methods.picard import Picard
from ._methods.powell_dogleg import PowellDogleg
from ._methods.secant import Secant
from ._methods.trust_region import TrustRegion
from ._minimize import minimize
from ._minimize_scalar import minimize_scalar
from ._natural_gradient import NaturalGradient, gauss_newton_product
from ._overwrite import overwrite
from ._result import Result
from ._root import fixed_point, root
from ._root_scalar import root_scalar
from ._rule import Rule
from ._rules.accumulate import accumulate
from ._rules.adabelief import AdaBelief
from ._rules.adadelta import AdaDelta
from ._rules.adafactor import Adafactor
from ._rules.adagrad import AdaGrad
from ._rules.adam import Adam, AdamW
from ._rules.adamax import AdaMax
from ._rules.amsgrad import AMSGrad
from ._rules.average import exponential_average
from ._rules.chain import chain
from ._rules.clip import clip_by_norm, clip_by_value
from ._rules.decay import sign_decay, weight_decay
from ._rules.lamb import LAMB
from ._rules.lion import Lion
from ._rules.lookahead import lookahead
from ._rules.mixed_precision import mixed_precision
from ._rules.momentum import Momentum, Nesterov
from ._rules.muon import Muon
from ._rules.nadam import NAdam
from ._rules.oadam import OAdam
from ._rules.partition import partition
from ._rules.radam import RAdam
from ._rules.rmsprop import RMSprop
from ._rules.rprop import Rprop
from ._rules.schedule_free import ScheduleFreeAdamW, ScheduleFreeSGD
from ._rules.sgd import SGD
from ._rules.sophia import Sophia
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
    "CMAES",
    "DFP",
    "KFAC",
    "LAMB",
    "LBFGS",
    "LBFGSB",
    "SGD",
    "AMSGrad",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adafactor",
    "Adam",
    "AdamW",
    "Anderson",
    "Backtracking",
    "BarzilaiBorwein",
    "Bisection",
    "Brent",
    "BrentDekker",
    "Broyden",
    "Categorical",
    "ConjugateGradient",
    "CoordinateSearch",
    "Dogleg",
    "Exact",
    "Fixed",
    "GaussNewton",
    "GoldenSection",
    "GradientDescent",
    "HagerZhang",
    "KFACState",
    "LeastSquaresResult",
    "LevenbergMarquardt",
    "Likelihood",
    "LineSearchResult",
    "Lion",
    "Momentum",
    "MoreThuente",
    "Muon",
    "NAdam",
    "NaturalGradient",
    "NelderMead",
    "Nesterov",
    "Newton",
    "NewtonCG",
    "NewtonRaphson",
    "NewtonSearch",
    "Normal",
    "OAdam",
    "PatternSearch",
    "Picard",
    "Plateau",
    "PowellDogleg",
    "RAdam",
    "RMSprop",
    "ReduceOnPlateau",
    "Result",
    "Rprop",
    "Rule",
    "Schedule",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "Secant",
    "Sophia",
    "State",
    "Status",
    "Steihaug",
    "StrongWolfe",
    "TrustRegion",
    "WeakWolfe",
    "accumulate",
    "adjust",
    "chain",
    "clip_by_norm",
    "clip_by_value",
    "constant_schedule",
    "cosine_restarts_schedule",
    "cosine_schedule",
    "cyclic_schedule",
    "evaluation_params",
    "exponential_average",
    "exponential_schedule",
    "fixed_point",
    "freeze",
    "gauss_newton_diagonal",
    "gauss_newton_product",
    "hutchinson_diagonal",
    "init",
    "interpolated_schedule",
    "inverse_time_schedule",
    "join_schedules",
    "least_squares",
    "line_search",
    "linear_schedule",
    "lookahead",
    "loop_schedule",
    "minimize",
    "minimize_scalar",
    "mixed_precision",
    "observe_curvature",
    "one_cycle_schedule",
    "overwrite",
    "partition",
    "piecewise_constant_schedule",
    "polynomial_schedule",
    "root",
    "root_scalar",
    "shift_schedule",
    "sign_decay",
    "step_schedule",
    "stretch_schedule",
    "thaw",
    "update",
    "warmup_schedule",
    "weight_decay",
]
