"""Reinforcement learning: decision processes as arrays, planning, learning."""

from ._environment import Environment, Running, Transition, advance, start
from ._environments.cart_pole import CartPole
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

__all__ = [
    "MDP",
    "CartPole",
    "Environment",
    "Plan",
    "Running",
    "SparseMDP",
    "Transition",
    "advance",
    "backward_induction",
    "engagement_chain",
    "evaluate_policy",
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
    "value_iteration",
]
