"""Value iteration and Q-learning, written by hand in JAX."""

import jax
import jax.numpy as jnp

from .inputs import put


def value_iteration(arrays, device, compiled):
    arrays = put(arrays, device)

    @jax.jit
    def sweeps(transition, reward, value):
        for _ in range(20):
            value = jnp.max(reward + 0.9 * (transition @ value), axis=0)
        return value

    return lambda: sweeps(arrays["transition"], arrays["reward"], arrays["value"])


def q_learning(arrays, device, compiled):
    """One agent and all its steps as a program, for many at once; with the tables that a model has."""
    env, agents, steps = arrays["env"], arrays["agents"], 128
    tables = put({"tables": [env.target, env.cumulative, env.paid, env.ended]}, device)["tables"]
    outcomes, actions, states = env.target.shape[1], env.actions, env.states
    key = put({"key": jax.random.PRNGKey(0)}, device)["key"]

    def agent(key, target, cumulative, paid, ended):
        def step(carry, u):
            q, state, age = carry
            action = jnp.where(u[0] < 0.1, (u[1] * actions).astype(jnp.int32), jnp.argmax(q[state]))
            row = state * actions + action
            outcome = jnp.minimum(jnp.sum(cumulative[row] <= u[2]), outcomes - 1)
            reached, over = target[row, outcome].astype(jnp.int32), ended[row, outcome]
            ahead = jnp.where(over, 0, jnp.max(q[reached]))
            q = q.at[state, action].add(0.1 * (paid[row, outcome] + 0.99 * ahead - q[state, action]))
            over = over | (age + 1 >= env.max_steps)
            state = jnp.where(over, (u[3] * states).astype(jnp.int32), reached)
            return (q, state, jnp.where(over, 0, age + 1)), None

        first, later = jax.random.split(key)
        start = jnp.zeros((states, actions)), jax.random.randint(first, (), 0, states), 0
        return jax.lax.scan(step, start, jax.random.uniform(later, (steps, 4)))[0][0]

    run = jax.jit(lambda key, *tables: jax.vmap(lambda k: agent(k, *tables))(jax.random.split(key, agents)))
    return lambda: run(key, *tables)
