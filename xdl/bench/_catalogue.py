"""All workloads, by their names."""

from ._workloads import costs, layers, minimization, reinforcement, residual, training

__all__ = ["FAMILIES", "QUICK", "WORKLOADS"]

FAMILIES = (training, residual, layers, minimization, reinforcement, costs)
WORKLOADS = {workload.name: workload for family in FAMILIES for workload in family.WORKLOADS}

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
