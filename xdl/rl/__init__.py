"""Reinforcement learning: decision processes as arrays, planning, learning."""

from ._algorithm import Algorithm, Experience, Spaces
from ._bandits.action_values import ActionValues
from ._bandits.explore_then_commit import ExploreThenCommit
from ._bandits.gradient_bandit import GradientBandit
from ._bandits.kl_ucb import KLUCB
from ._bandits.problems import Bandit, BernoulliBandit, GaussianBandit
from ._bandits.running import BanditMethod, BanditResult, run_bandit
from ._bandits.thompson import BetaThompson, GaussianThompson
from ._deep.categorical import CategoricalHead
from ._deep.dqn import DQN, DQNLearner
from ._deep.heads import ExpectedHead, ValueHead
from ._deep.q_network import QNetwork
from ._deep.quantile import QuantileHead
from ._deep.rainbow import Rainbow
from ._deep.replay import Replay, replay_add, replay_init, replay_sample, replay_update
from ._environment import Environment, Running, Transition, advance, start
from ._environments.acrobot import Acrobot
from ._environments.animation import animate
from ._environments.cart_pole import CartPole
from ._environments.drawing import draw, frames
from ._environments.engagement import EngagementChain
from ._environments.from_gymnasium import GymnasiumEnvironment
from ._environments.grid_world import GridWorld
from ._environments.mountain_car import MountainCar
from ._environments.pendulum import Pendulum
from ._environments.tabular import TabularEnvironment, tabular_environment
from ._environments.to_gymnasium import as_gymnasium, as_gymnasium_vector
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
from ._policy.a2c import A2C
from ._policy.actor_critic import ActorCritic
from ._policy.advantages import discounted_returns, gae
from ._policy.distributions import Categorical, Gaussian
from ._policy.ppo import PPO
from ._policy.reinforce import REINFORCE
from ._policy.sac import SAC
from ._policy.squashed import SquashedGaussian
from ._running.evaluation import Evaluation, run_policy
from ._running.journal import Episodes
from ._running.loop import train
from ._running.results import Evaluations, TrainReport, TrainResult
from ._running.seeds import Band, interquartile, return_band, train_seeds
from ._tabular.dyna import DynaQ
from ._tabular.exploration import EpsilonGreedy, Exploration, Softmax, UpperConfidence
from ._tabular.learning import TabularMethod, TabularResult, train_tabular
from ._tabular.monte_carlo import MonteCarlo, OffPolicyMonteCarlo
from ._tabular.n_step import NStepExpectedSARSA, NStepSARSA, TreeBackup
from ._tabular.prediction import TabularPrediction, predict_tabular
from ._tabular.prioritized_sweeping import PrioritizedSweeping
from ._tabular.temporal_difference import SARSA, DoubleQLearning, ExpectedSARSA, QLearning
from ._tabular.traces import QLambda, SARSALambda

__all__ = [
    "A2C",
    "DQN",
    "KLUCB",
    "MDP",
    "PPO",
    "REINFORCE",
    "SAC",
    "SARSA",
    "Acrobot",
    "ActionValues",
    "ActorCritic",
    "Algorithm",
    "Band",
    "Bandit",
    "BanditMethod",
    "BanditResult",
    "BernoulliBandit",
    "BetaThompson",
    "CartPole",
    "Categorical",
    "CategoricalHead",
    "DQNLearner",
    "DoubleQLearning",
    "DynaQ",
    "EngagementChain",
    "Environment",
    "Episodes",
    "EpsilonGreedy",
    "Evaluation",
    "Evaluations",
    "ExpectedHead",
    "ExpectedSARSA",
    "Experience",
    "Exploration",
    "ExploreThenCommit",
    "Gaussian",
    "GaussianBandit",
    "GaussianThompson",
    "GradientBandit",
    "GridWorld",
    "GymnasiumEnvironment",
    "HostEnvironment",
    "MonteCarlo",
    "MountainCar",
    "NStepExpectedSARSA",
    "NStepSARSA",
    "OffPolicyMonteCarlo",
    "Pendulum",
    "Plan",
    "PrioritizedSweeping",
    "QLambda",
    "QLearning",
    "QNetwork",
    "QuantileHead",
    "Rainbow",
    "Replay",
    "Running",
    "SARSALambda",
    "Softmax",
    "Spaces",
    "SparseMDP",
    "SquashedGaussian",
    "TabularEnvironment",
    "TabularMethod",
    "TabularPrediction",
    "TabularResult",
    "TrainReport",
    "TrainResult",
    "Transition",
    "TreeBackup",
    "UpperConfidence",
    "ValueHead",
    "advance",
    "animate",
    "as_gymnasium",
    "as_gymnasium_vector",
    "backward_induction",
    "discounted_returns",
    "draw",
    "engagement_chain",
    "evaluate_policy",
    "frames",
    "gae",
    "gauss_seidel_value_iteration",
    "interquartile",
    "linear_program",
    "mdp_from_gymnasium",
    "modified_policy_iteration",
    "policy_iteration",
    "predict_tabular",
    "prioritized_value_iteration",
    "random_mdp",
    "relative_value_iteration",
    "replay_add",
    "replay_init",
    "replay_sample",
    "replay_update",
    "return_band",
    "returns",
    "run_bandit",
    "run_policy",
    "start",
    "tabular_environment",
    "train",
    "train_seeds",
    "train_tabular",
    "value_iteration",
]
