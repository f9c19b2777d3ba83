"""Q-learning in tables: what ways of exploring earn on a frozen lake, and the two ways along a cliff.

Bands hold the middle half of all agents. The cliff is example 6.6 of Sutton & Barto (2018): SARSA, which knows that
it explores, keeps away from the edge, Q-learning learns the shortest way and falls.

python examples/q_learning.py                                  # NumPy: tables
python examples/q_learning.py --plot q_learning.png            # learning curves, and the ways
python examples/q_learning.py --accept                         # within 2 % of the optimum on 10 of 10 seeds?
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import gymnasium
    import numpy as np
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    sys.exit(f'{error.name} is not installed; this example needs: pip install -e ".[examples]"')

import xdl
from xdl import rl

DISCOUNT = 0.99
EXPLORATIONS = {
    r"$\varepsilon$ = 0.1": {"exploration": rl.EpsilonGreedy(0.1)},
    r"$\varepsilon$ = $t^{-0.2}$": {"exploration": rl.EpsilonGreedy(lambda t: t**-0.2)},
    r"$\varepsilon$ = 1000 / (1000 + t)": {"exploration": rl.EpsilonGreedy(lambda t: 1000 / (1000 + t))},
    "softmax": {"exploration": rl.Softmax(lambda t: 0.02 + 0.3 / (1 + t / 500))},
    "upper confidence": {"exploration": rl.UpperConfidence(0.3)},
    "optimistic start": {"exploration": rl.EpsilonGreedy(0.0), "initial": 1.0},
}
PLAIN = str.maketrans("", "", "$\\{}")
COLORS = ("#8d99ae", "#2a6f97", "#3a7d44", "#e07a1f", "#7b2d8b", "#c1121f")
ACCEPT = {
    # steps of the lake lead anywhere: its rate must fall; those of the taxi lead where they should
    "FrozenLake-v1": {"steps": 200_000, "rate": lambda t: 1000 / (1000 + t), "initial": 1.0},
    "Taxi-v4": {"steps": 150_000, "rate": 0.5, "initial": 0.0},
}


def learn(method: rl.TabularMethod, env: Any, **options: Any) -> rl.TabularResult:
    return rl.train_tabular(method, rl.tabular_environment(env), xdl.random.key(0), **options)


def lake(agents: int, steps: int) -> dict[str, tuple[Any, Any]]:
    """Steps, and mean returns (windows, agents), of each exploration on the slippery lake."""
    found = {}
    for name, options in EXPLORATIONS.items():
        rate = lambda t: (1 + t / 300) ** -0.7
        method = rl.QLearning(rate=rate, discount=DISCOUNT, **options)
        result = learn(method, gymnasium.make("FrozenLake-v1"), steps=steps, agents=agents, records=40)
        found[name] = xdl.to_numpy(result.steps), xdl.to_numpy(result.returns)
    return found


def cliff(agents: int, steps: int) -> dict[str, tuple[Any, Any, Any]]:
    """Steps, mean returns and the agents' policies of Q-learning, SARSA and expected SARSA along the cliff."""
    found = {}
    for name, kind in (
        ("Q-learning", rl.QLearning),
        ("SARSA", rl.SARSA),
        ("expected SARSA", rl.ExpectedSARSA),
    ):
        method = kind(rate=0.5, discount=1.0, exploration=rl.EpsilonGreedy(0.1))
        result = learn(method, gymnasium.make("CliffWalking-v1"), steps=steps, agents=agents, records=40)
        found[name] = tuple(xdl.to_numpy(a) for a in (result.steps, result.returns, result.policy))
    return found


def way(policy: Any) -> list[tuple[int, int]]:
    """Cells (row, column) of the cliff that a policy visits."""
    cell, cells = (3, 0), [(3, 0)]
    while cell != (3, 11) and len(cells) < 40:
        di, dj = ((-1, 0), (0, 1), (1, 0), (0, -1))[int(policy[12 * cell[0] + cell[1]])]
        cell = min(max(cell[0] + di, 0), 3), min(max(cell[1] + dj, 0), 11)
        cells.append(cell)
    return cells


def usual_way(policies: Any) -> list[tuple[int, int]]:
    """The way that most agents have learned."""
    ways = [tuple(way(policy)) for policy in policies]
    return list(max(set(ways), key=ways.count))


def band(ax: Any, steps: Any, returns: Any, color: str, label: str) -> None:
    some = np.isfinite(returns).any(axis=1)  # windows in which an episode has ended
    steps = steps[some]
    low, middle, high = np.nanquantile(returns[some], (0.25, 0.5, 0.75), axis=1)
    ax.plot(steps, middle, color=color, lw=1.4, label=label)
    ax.fill_between(steps, low, high, color=color, alpha=0.18, lw=0)


def draw(on_lake: dict[str, Any], on_cliff: dict[str, Any], best: float, path: Path) -> None:
    figure = Figure(figsize=(13.5, 4.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1, 1.15))
    for (name, (steps, returns)), color in zip(on_lake.items(), COLORS, strict=True):
        band(left, steps, returns, color, name)
    left.axhline(best, color="0.5", lw=0.9, ls=":")
    left.text(steps[-1], best + 0.01, "best policy", ha="right", color="0.4", fontsize=8)
    left.set(xlabel="steps of an agent", ylabel="share of episodes that reach the goal", ylim=(0, 0.85))
    left.set_title("explorations on the slippery lake", loc="left")
    left.legend(frameon=False, fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.16))

    colors = ("#c1121f", "#2a6f97", "#3a7d44")
    for (name, (steps, returns, _)), color in zip(on_cliff.items(), colors, strict=True):
        band(middle, steps, returns, color, name)
    middle.set(xlabel="steps of an agent", ylabel="return of an episode", ylim=(-120, 0))
    middle.set_title("along the cliff, exploring all the while", loc="left")
    middle.legend(frameon=False, fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.16))

    right.add_patch(_box(0.5, 2.5, 10, 1, "0.75"))
    right.text(5.5, 3, "the cliff", ha="center", va="center", color="0.25")
    for (name, (_, _, policies)), color, shift in zip(
        on_cliff.items(), colors, (0.12, 0.0, -0.12), strict=True
    ):
        cells = np.asarray(usual_way(policies), float)
        right.plot(cells[:, 1], cells[:, 0] + shift, color=color, lw=2, label=name)
    for (x, text), align in zip(((0, "start"), (11, "goal")), ("left", "right"), strict=True):
        right.text(x, 3.62, text, ha=align, va="center", fontsize=8, color="0.4")
    right.set(xlim=(-0.5, 11.5), ylim=(3.9, -0.5), aspect="equal", xticks=np.arange(12) - 0.5)
    right.set(yticks=np.arange(5) - 0.5, xticklabels=[], yticklabels=[])
    right.grid(color="0.92")
    right.tick_params(length=0)
    right.set_title("the usual way of the learned policies", loc="left")
    right.legend(frameon=False, fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.02))
    for ax in (left, middle):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _box(x: float, y: float, width: float, height: float, color: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, color=color, lw=0)


def worth(env: Any, policy: Any) -> float:
    """Discounted return of a policy from the first states, computed exactly."""
    mdp = rl.mdp_from_gymnasium(env, discount=DISCOUNT)
    first = xdl.asarray(np.asarray(env.unwrapped.initial_state_distrib, float), like=mdp.reward)
    padded = np.append(xdl.to_numpy(policy), 0)  # the last state is the end
    value = rl.evaluate_policy(mdp, xdl.asarray(padded, like=mdp.target))
    return float(xdl.to_numpy(first) @ xdl.to_numpy(value)[:-1])


def accept(seeds: int = 10) -> bool:
    """Whether Q-learning comes within 2 % of the best return; each seed is an agent, its policy evaluated exactly."""
    passed = True
    for name, options in ACCEPT.items():
        env, began = gymnasium.make(name), time.perf_counter()
        plan = rl.value_iteration(rl.mdp_from_gymnasium(env, discount=DISCOUNT), tol=1e-10)
        best = worth(env, plan.policy[:-1])
        method = rl.QLearning(
            rate=options["rate"],
            discount=DISCOUNT,
            exploration=rl.EpsilonGreedy(lambda t: (1 + t / 10_000) ** -0.3),
            initial=options["initial"],
        )
        result = learn(method, env, steps=options["steps"], agents=seeds, records=10)
        share = [worth(env, policy) / best for policy in xdl.to_numpy(result.policy)]
        good = sum(s >= 0.98 for s in share)
        passed &= good == seeds
        print(
            f"{name:14s} optimum {best:.4f}; {good} of {seeds} seeds within 2 %, the worst at {min(share):.4f}, "
            f"after {options['steps']} steps each ({time.perf_counter() - began:.0f} s)",
            flush=True,
        )
    return passed


def report(on_lake: dict[str, Any], on_cliff: dict[str, Any]) -> float:
    """Print what is earned in the end; return the best share on the lake."""
    env = gymnasium.make("FrozenLake-v1")
    # without discount what is earned is the chance to arrive, though not within the limit of 100 steps
    plan = rl.value_iteration(rl.mdp_from_gymnasium(env, discount=0.9999), tol=1e-6)
    policy = xdl.to_numpy(plan.policy)[:-1]
    reached = rl.predict_tabular(
        rl.SARSA(),
        rl.tabular_environment(env),
        xdl.asarray(policy, like=plan.policy),
        xdl.random.key(1),
        steps=1000,
        agents=500,
        records=1,
    )
    best = float(np.nanmean(xdl.to_numpy(reached.returns)))
    print(f"slippery lake: share of episodes that reach the goal, last window; best policy {best:.3f}")
    for name, (_, returns) in on_lake.items():
        low, middle, high = np.nanquantile(returns[-1], (0.25, 0.5, 0.75))
        print(f"  {name.translate(PLAIN):34s} {middle:.3f}  ({low:.3f} to {high:.3f})")
    print("cliff: return of an episode while exploring, last window, and length of the usual way")
    for name, (_, returns, policies) in on_cliff.items():
        low, middle, high = np.nanquantile(returns[-1], (0.25, 0.5, 0.75))
        length = len(usual_way(policies)) - 1
        print(f"  {name:34s} {middle:6.1f}  ({low:.1f} to {high:.1f})  {length} steps")
    return best


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backend", default="numpy", help="numpy, torch, jax, cupy, or a namespace's import path"
    )
    parser.add_argument("--agents", type=int, default=256)
    parser.add_argument("--steps", type=int, default=12_800, help="of each agent on the lake")
    parser.add_argument(
        "--plot", nargs="?", const="q_learning.png", type=Path, help="draw a figure into this file"
    )
    parser.add_argument("--accept", action="store_true", help="only compare Q-learning with the optimum")
    options = parser.parse_args(arguments)
    if options.plot and not options.plot.absolute().parent.is_dir():
        parser.error(f"--plot: there is no folder {options.plot.parent}")
    try:
        backend = xdl.backend(options.backend)
    except xdl.BackendError as error:
        parser.error(str(error))
    with xdl.use_backend(backend):
        if options.accept:
            return 0 if accept() else 1
        on_lake = lake(options.agents, options.steps)
        on_cliff = cliff(options.agents, max(64, options.steps // 2))
        best = report(on_lake, on_cliff)
    if options.plot:
        draw(on_lake, on_cliff, best, options.plot)
        print(f"figure: {options.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
