"""Reinforcement learning: decision processes as arrays, planning, learning."""

from ._environment import Environment, Running, Transition, advance, start
from ._environments.cart_pole import CartPole
from ._environments.mountain_car import MountainCar
from ._environments.pendulum import Pendulum
from ._environments.tabular import TabularEnvironment, tabular_environment
from ._host import HostEnvironment
from ._mdp import MDP, SparseMDP
from ._models.engagement import engagement_chain
from ._models.from_gymnasium import mdp_from_gymnasium
from ._models.random_mdp import random_mdp
from ._models.simulation import returns
from ._plan import Plan
from ._planning.asynchronous import gauss_seidel_value_iteration, prioritized_value_iteration
from ._planning.average_reward import relative_value_iteration
from ._planning.backward_induction import backward_induction
from ._planning.evaluation import evaluate_policy
from ._planning.linear_program import linear_program
from ._planning.policy_iteration import modified_policy_iteration, policy_iteration
from ._planning.value_iteration import value_iteration
from ._policy.advantages import discounted_returns, gae
from ._policy.distributions import Categorical, Gaussian
from ._tabular.exploration import EpsilonGreedy, Exploration, Softmax, UpperConfidence
from ._tabular.learning import TabularMethod, TabularResult, train_tabular
from ._tabular.temporal_difference import SARSA, DoubleQLearning, ExpectedSARSA, QLearning

__all__ = [
    "MDP",
    "SARSA",
    "CartPole",
    "Categorical",
    "DoubleQLearning",
    "Environment",
    "EpsilonGreedy",
    "ExpectedSARSA",
    "Exploration",
    "Gaussian",
    "HostEnvironment",
    "MountainCar",
    "Pendulum",
    "Plan",
    "QLearning",
    "Running",
    "Softmax",
    "SparseMDP",
    "TabularEnvironment",
    "TabularMethod",
    "TabularResult",
    "Transition",
    "UpperConfidence",
    "advance",
    "backward_induction",
    "discounted_returns",
    "engagement_chain",
    "evaluate_policy",
    "gae",
    "gauss_seidel_value_iteration",
    "linear_program",
    "mdp_from_gymnasium",
    "modified_policy_iteration",
    "policy_iteration",
    "prioritized_value_iteration",
    "random_mdp",
    "relative_value_iteration",
    "returns",
    "start",
    "tabular_environment",
    "train_tabular",
    "value_iteration",
]
