"""All workloads, by their names."""

from ._workloads import costs, layers, regression, reinforcement, training

__all__ = ["QUICK", "WORKLOADS"]

_families = (training, layers, regression, reinforcement, costs)
WORKLOADS = {workload.name: workload for family in _families for workload in family.WORKLOADS}

# What a quick run measures.
QUICK = (
    "mlp_step",
    "lenet_step",
    "adam",
    "newton",
    "lbfgs",
    "conv",
    "attention",
    "value_iteration",
    "q_learning",
    "random",
    "tape",
    "call",
)
