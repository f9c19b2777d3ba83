"""A sweep of value iteration: dense, where memory is the limit, and sparse, beside what PyTorch and JAX have."""

from unittest import mock

from .pairs import in_turns, need, ratio

STATES, ACTIONS = 1000, 10  # 40 MB of probabilities in float32
SPARSE = 5000, 10, 100  # states, actions, next states of each


def dense():
    """Process and values; the transitions are the memory that a sweep reads."""
    import numpy as np

    from xdl import rl

    rng = np.random.default_rng(0)
    table = rng.random((ACTIONS, STATES, STATES), dtype=np.float32)
    table /= table.sum(axis=-1, keepdims=True)
    reward = rng.standard_normal((ACTIONS, STATES), dtype=np.float32)
    return rl.MDP(table, reward, 0.9), rng.standard_normal(STATES, dtype=np.float32)


def sparse():
    import numpy as np

    from xdl import rl

    states, actions, branching = SPARSE
    rng = np.random.default_rng(0)
    n = states * actions * branching
    weights = rng.random((states * actions, branching), dtype=np.float32)
    weights /= weights.sum(axis=-1, keepdims=True)
    action, source = np.divmod(np.repeat(np.arange(states * actions), branching), states)
    mdp = rl.SparseMDP(
        source,
        action,
        rng.integers(0, states, n),
        weights.reshape(-1),
        np.ones(n, np.float32),
        0.9,
        states=states,
        actions=actions,
    )
    return mdp, rng.standard_normal(states, dtype=np.float32)


def sweep(mdp, value):
    return lambda: mdp.action_value(value).max(axis=0)


class Dense:
    """40 MB of probabilities, one thread."""

    timeout = 300

    def track_share_of_read_bandwidth(self):
        """Time to read the table once, by that of a sweep."""
        mdp, value = dense()
        flat = mdp.transition.reshape(-1)
        read, ours = in_turns(lambda: flat @ flat, sweep(mdp, value))  # BLAS: a read and little else
        return read / ours

    def track_gigabytes_per_second(self):
        mdp, value = dense()
        (ours,) = in_turns(sweep(mdp, value))
        return mdp.transition.nbytes / ours / 1e9

    def track_ratio_to_torch(self):
        need("torch")
        import torch

        torch.set_num_threads(1)
        mdp, value = dense()
        table, reward, v = map(torch.tensor, (mdp.transition, mdp.reward, value))
        return ratio(sweep(mdp, value), lambda: (reward + 0.9 * (table @ v)).amax(0))

    def track_ratio_to_jax(self):
        need("jax")
        import jax
        import jax.numpy as jnp

        mdp, value = dense()
        table, reward, v = map(jnp.asarray, (mdp.transition, mdp.reward, value))
        theirs = jax.jit(lambda t, r, v: (r + 0.9 * (t @ v)).max(0))
        return ratio(sweep(mdp, value), lambda: theirs(table, reward, v).block_until_ready())


class Sparse:
    """5 million transitions, one thread."""

    timeout = 300
    params = (["scipy", "numpy"],)
    param_names = ["by"]

    def setup(self, by):
        need("torch", *(["scipy"] if by == "scipy" else []))

    def _ratio(self, by, theirs):
        import torch

        torch.set_num_threads(1)
        mdp, value = sparse()
        from xdl_numpy import edges

        ours = sweep(mdp, value)
        if by == "scipy":
            return ratio(ours, theirs(mdp, value))
        with mock.patch.object(edges, "_scipys", return_value=None):  # as where SciPy is not installed
            return ratio(ours, theirs(mdp, value))

    def track_ratio_to_a_gather_in_torch(self, by):
        def theirs(mdp, value):
            import torch

            states, actions, branching = SPARSE
            p = torch.tensor(mdp.probability).reshape(-1, branching)
            t = torch.tensor(mdp.target).long().reshape(-1, branching)
            r, v = torch.tensor(mdp.reward), torch.tensor(value)
            return lambda: (r + 0.9 * (p * v[t]).sum(-1).reshape(actions, states)).amax(0)

        return self._ratio(by, theirs)

    def track_ratio_to_csr_of_torch(self, by):
        def theirs(mdp, value):
            import warnings

            import torch

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that sparse tensors are in beta
                states, actions, _ = SPARSE
                matrix = torch.sparse_csr_tensor(
                    torch.tensor(mdp.start).long(),
                    torch.tensor(mdp.target).long(),
                    torch.tensor(mdp.probability),
                    size=(states * actions, states),
                )
            r, v = torch.tensor(mdp.reward), torch.tensor(value)
            return lambda: (r + 0.9 * (matrix @ v).reshape(actions, states)).amax(0)

        return self._ratio(by, theirs)
