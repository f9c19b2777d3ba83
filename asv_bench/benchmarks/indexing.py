"""Rows picked and added by an index, the largest entries and sums of products, beside what libraries have."""

from .pairs import need, ratio

TABLES = {
    "tokens": (50_000, 4096, 256),
    "graph": (1000, 8192, 64),
    "classes": (32, 4096, 128),
    "narrow": (100, 100_000, 16),
}
EINSUMS = {
    "matmul": ("ij,jk->ik", (256, 256), (256, 256)),
    "heads": ("bqhd,bkhd->bhqk", (8, 128, 8, 64), (8, 128, 8, 64)),
    "chain": ("ab,bc,cd,de->ae", (64, 64), (64, 64), (64, 64), (64, 64)),
    "small": ("ij,j->i", (8, 8), (8,)),
}


def rows(table):
    import numpy as np

    n, k, d = TABLES[table]
    rng = np.random.default_rng(0)
    return (
        rng.standard_normal((n, d), dtype=np.float32),
        rng.standard_normal((k, d), dtype=np.float32),
        rng.integers(0, n, k),
    )


def torch_of(*arrays):
    import torch

    torch.set_num_threads(1)
    return [torch.tensor(x) for x in arrays]


def jax_of(*arrays):
    import jax.numpy as jnp

    return [jnp.asarray(x) for x in arrays]


class Rows:
    """Gather and its transpose: NumPy against PyTorch, and our calls against PyTorch's and JAX's own."""

    timeout = 600
    params = (list(TABLES),)
    param_names = ["table"]

    def setup(self, table):
        need("torch", "jax")

    def track_embedding_numpy_to_torch(self, table):
        import torch.nn.functional as F

        from xdl import nn

        x, _, i = rows(table)
        t, j = torch_of(x, i)
        return ratio(lambda: nn.embedding(x, i), lambda: F.embedding(j, t))

    def track_scatter_add_numpy_to_torch(self, table):
        """The cotangent of the table."""
        import torch

        from xdl.autodiff import scatter_add

        x, v, i = rows(table)
        u, j = torch_of(v, i)
        return ratio(
            lambda: scatter_add(v, i, size=len(x)),
            lambda: torch.zeros(x.shape).index_add(0, j, u),
        )

    def track_embedding_with_gradient_on_torch_to_its_own(self, table):
        import torch
        import torch.nn.functional as F

        from xdl import nn

        t, u, j = torch_of(*rows(table))
        t.requires_grad_()
        own = lambda f: torch.autograd.grad((f() * u).sum(), t)
        return ratio(lambda: own(lambda: nn.embedding(t, j)), lambda: own(lambda: F.embedding(j, t)))

    def track_gather_on_jax_to_its_own(self, table):
        import jax
        import jax.numpy as jnp

        from xdl import nn

        t, _, j = jax_of(*rows(table))
        ours, theirs = jax.jit(nn.gather), jax.jit(lambda t, j: jnp.take(t, j, axis=0))
        return ratio(lambda: ours(t, j).block_until_ready(), lambda: theirs(t, j).block_until_ready())

    def track_segment_max_numpy_to_torch(self, table):
        import torch

        from xdl import nn

        x, v, i = rows(table)
        u, j = torch_of(v, i)
        index = j[:, None].expand(u.shape)
        return ratio(
            lambda: nn.segment_max(v, i, num_segments=len(x)),
            lambda: torch.full(x.shape, -torch.inf).scatter_reduce(0, index, u, "amax", include_self=False),
        )


class TopK:
    """The 50 largest of 50,000, and of many short rows."""

    timeout = 600
    params = ([(64, 50_000, 50), (8192, 64, 2)],)
    param_names = ["shape"]

    def setup(self, shape):
        need("torch", "jax")
        import numpy as np

        *size, self.k = shape
        self.x = np.random.default_rng(0).standard_normal(size, dtype=np.float32)

    def track_numpy_to_torch(self, shape):
        import torch

        from xdl import nn

        (t,) = torch_of(self.x)
        return ratio(lambda: nn.top_k(self.x, self.k), lambda: torch.topk(t, self.k), rounds=10)

    def track_torch_to_its_own(self, shape):
        import torch

        from xdl import nn

        (t,) = torch_of(self.x)
        return ratio(lambda: nn.top_k(t, self.k), lambda: torch.topk(t, self.k), rounds=10)

    def track_jax_to_its_own(self, shape):
        import jax

        from xdl import nn

        (t,) = jax_of(self.x)
        ours = jax.jit(lambda x: nn.top_k(x, self.k))
        theirs = jax.jit(lambda x: jax.lax.top_k(x, self.k))
        return ratio(
            lambda: ours(t)[0].block_until_ready(), lambda: theirs(t)[0].block_until_ready(), rounds=10
        )


class Einsum:
    """Sums of products: NumPy against PyTorch and against numpy.einsum, and PyTorch's against its own."""

    timeout = 600
    params = (list(EINSUMS),)
    param_names = ["contraction"]

    def setup(self, contraction):
        need("torch")
        import numpy as np

        self.text, *shapes = EINSUMS[contraction]
        rng = np.random.default_rng(0)
        self.xs = [rng.standard_normal(s, dtype=np.float32) for s in shapes]

    def track_numpy_to_torch(self, contraction):
        import torch

        from xdl import nn

        ts = torch_of(*self.xs)
        return ratio(lambda: nn.einsum(self.text, *self.xs), lambda: torch.einsum(self.text, *ts), repeat=10)

    def track_numpy_to_its_own(self, contraction):
        import numpy as np

        from xdl import nn

        return ratio(
            lambda: nn.einsum(self.text, *self.xs),
            lambda: np.einsum(self.text, *self.xs, optimize=True),
            repeat=10,
        )

    def track_torch_to_its_own(self, contraction):
        import torch

        from xdl import nn

        ts = torch_of(*self.xs)
        return ratio(lambda: nn.einsum(self.text, *ts), lambda: torch.einsum(self.text, *ts), repeat=10)
