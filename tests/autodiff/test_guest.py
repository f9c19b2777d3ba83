"""Code that knows nothing of xdl, differentiated by the tape: it asks an array for its namespace, and that is all."""

import subprocess
import sys
import textwrap

import array_api_compat.numpy
import array_api_extra as xpx
import numpy as np
import pytest
from asserts import assert_close

import xdl

SLOW_ON_JAX = pytest.mark.xp_skip("jax", reason="eager JAX compiles each operation, for seconds")
NO_HOST = pytest.mark.xp_skip("mock", reason="the mock refuses to wait for values, as finite differences do")
LISTS = pytest.mark.xp_skip(
    "strict", "mock", reason="einops gives shapes as lists, array-api-strict takes tuples"
)
ns = xdl.array_namespace

# ---- array-api-extra ----


def _where(x):
    return xpx.apply_where(x > 0.1, (x,), lambda x: ns(x).sqrt(x), lambda x: x * x)


# name -> functions of a vector of five numbers, all different and none of them 0
EXTRA = {
    "angle": [lambda x: xpx.angle(x + 1j * x * x), lambda x: xpx.angle(x * x + 1j, deg=True)],
    "apply_where": [
        _where,
        lambda x: xpx.apply_where(x > 0.1, (x, 2 * x), lambda a, b: ns(a).log(a * b), fill_value=1.0),
    ],
    "at": [
        lambda x: xpx.at(x * 1.0)[1:3].set(x[:2] * x[2:4]),
        lambda x: xpx.at(x * 1.0, 0).add(ns(x).sum(x)),
        lambda x: xpx.at(x * 1.0)[::2].multiply(x[0]),
        lambda x: xpx.at(x * x)[x > 0.1].set(0.5),
        lambda x: xpx.at(x)[-1].divide(x[0]),
        lambda x: xpx.at(x * 1.0)[1].min(x[0] * x[2]),
    ],
    "atleast_nd": [lambda x: xpx.atleast_nd(x * x, ndim=3)],
    "cov": [
        lambda x: xpx.cov(ns(x).reshape(x[:4], (2, 2)) ** 2),
        lambda x: xpx.cov(ns(x).stack([x, x * x, ns(x).sin(x)]), correction=0),
    ],
    "create_diagonal": [lambda x: xpx.create_diagonal(x * x), lambda x: xpx.create_diagonal(x, offset=-1)],
    "deg2rad": [xpx.deg2rad],
    "expand_dims": [lambda x: xpx.expand_dims(x * x, axis=(0, 2))],
    "kron": [lambda x: xpx.kron(x, x * x), lambda x: xpx.kron(ns(x).reshape(x[:4], (2, 2)), x[:3])],
    "nan_to_num": [lambda x: xpx.nan_to_num(x * x)],
    "nanmax": [lambda x: xpx.nanmax(x * x)],
    "nanmean": [lambda x: xpx.nanmean(x * x)],
    "nanmin": [lambda x: xpx.nanmin(x * x)],
    "nansum": [lambda x: xpx.nansum(x * x)],
    "pad": [lambda x: xpx.pad(x * x, 2), lambda x: xpx.pad(ns(x).reshape(x[:4], (2, 2)), [(1, 0), (0, 2)])],
    "partition": [lambda x: xpx.partition(x * x, 2)[2]],
    "rad2deg": [xpx.rad2deg],
    "setdiff1d": [lambda x: ns(x).sum(xpx.setdiff1d(x * x, x[1:3] ** 2) ** 2)],
    "sinc": [xpx.sinc],
    "union1d": [lambda x: ns(x).sum(xpx.union1d(x, x * x) ** 2)],
}
# no derivative: positions, counts, truth values, shapes and dtypes
DISCRETE = {
    "argpartition", "broadcast_shapes", "default_dtype", "diag_indices", "isclose", "isin", "lazy_apply", "nunique",
    "one_hot", "searchsorted", "tril_indices", "triu_indices", "unravel_index",
}  # fmt: skip
POINT = [0.7, -0.3, 1.2, 0.4, -0.9]


def test_every_function_of_array_api_extra_is_here():
    public = {name for name in xpx.__all__ if callable(getattr(xpx, name))}
    assert public == EXTRA.keys() | DISCRETE


@SLOW_ON_JAX
@NO_HOST
@pytest.mark.filterwarnings("ignore:.xpx.expand_dims. is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("name", "k"), [(name, k) for name, fs in EXTRA.items() for k in range(len(fs))])
def test_array_api_extra(xp64, name, k):
    f = EXTRA[name][k]
    x = xp64.asarray(POINT, dtype=xp64.float64)
    xdl.check_grads(f, (x,), engine="tape")
    # the program is the same one: values do not change when it is traced
    assert_close(xdl.vjp(f, x, engine="tape")[0], f(x))


# ---- einops ----

EINOPS = {
    "rearrange": lambda e, x: e.rearrange(x, "b (h w) c -> (b c) w h", h=2),
    "transpose": lambda e, x: e.rearrange(x, "b n c -> c n b"),
    "sum": lambda e, x: e.reduce(x * x, "b (n k) c -> b n", "sum", k=2),
    "mean": lambda e, x: e.reduce(x * x, "b n c -> c", "mean"),
    "max": lambda e, x: e.reduce(x, "b n c -> n () c", "max"),
    "min": lambda e, x: e.reduce(x, "b n c -> b", "min"),
    "prod": lambda e, x: e.reduce(x, "b n c -> b c", "prod"),
    "repeat": lambda e, x: e.repeat(x, "b n c -> b (n k) c d", k=2, d=3),
    "list": lambda e, x: e.rearrange([x, x * x], "list b n c -> b (list n) c"),
    "pack": lambda e, x: e.pack([x, x[0, ...] * x[0, ...]], "* n c")[0],
    "unpack": lambda e, x: e.unpack(x * x, [(1,), (3,)], "b * c")[1],
}


def _weighted(f, e):
    """Real function of every element of the result of ``f``."""

    def loss(x):
        y = f(e, x)
        xp = ns(x)
        size = 1
        for n in y.shape:
            size *= n
        w = xp.reshape(xp.arange(size, dtype=x.dtype, device=x.device), y.shape)
        return xp.sum(xp.sin(w) * y * y)

    return loss


@SLOW_ON_JAX
@LISTS
@pytest.mark.parametrize("name", EINOPS)
def test_einops(xp64, name):
    """Tensors of torch too, which have no namespace of their own: inside, they are variables, which have."""
    e = pytest.importorskip("einops.array_api")
    values = np.cos(np.arange(24.0)).reshape(2, 4, 3)
    loss = _weighted(EINOPS[name], e)
    xdl.check_grads(loss, (values,), order=1, engine="tape")
    x = xp64.asarray(values, dtype=xp64.float64)
    assert_close(xdl.grad(loss, engine="tape")(x), xdl.grad(loss)(values), like=x)


@LISTS
def test_guests_meet(xp64):
    """Both in one program, on every library."""
    e = pytest.importorskip("einops.array_api")

    def f(x):
        y = xpx.pad(xpx.sinc(xpx.cov(e.rearrange(x, "(n k) -> n k", k=2) ** 2)), 1)
        y = xpx.at(y * 1.0, (0, slice(None))).set(e.repeat(x[:1], "() -> n", n=y.shape[1]))
        return ns(x).sum(ns(x).exp(y))

    values = np.asarray([0.7, -0.3, 1.2, 0.4, -0.9, 0.5])
    xdl.check_grads(f, (values,), order=1)
    x = xp64.asarray(values, dtype=xp64.float64)
    assert_close(xdl.grad(f, engine="tape")(x), xdl.grad(f)(values), like=x)


# ---- SciPy ----

SCIPY = """
    import os
    os.environ["SCIPY_ARRAY_API"] = "1"
    import importlib, sys, warnings
    warnings.simplefilter("error")
    import xdl
    from scipy import cluster, constants, fft, integrate, linalg, optimize, signal, special, stats
    from scipy.spatial.transform import RigidTransform, Rotation, Slerp

    ns = xdl.array_namespace
    library = importlib.import_module(sys.argv[1])
    w = lambda x: ns(x).asarray([0.1, 0.9, 0.4, 0.8, 0.2], dtype=x.dtype)
    matrix = lambda x: ns(x).reshape(x[:4], (2, 2))
    turn, other = lambda x: Rotation.from_rotvec(x[:3]), lambda x: Rotation.from_rotvec(x[2:])
    kinds = (
        "cluster.vq.whiten constants.lambda2nu fft.fftshift linalg.block_diag linalg.fiedler optimize.rosen optimize.rosen_der "
        "special.log_softmax special.logsumexp special.softmax stats.circmean stats.circstd stats.circvar "
        "stats.differential_entropy stats.gmean stats.gstd stats.hmean stats.iqr stats.kstat stats.kstatvar stats.kurtosis "
        "stats.moment stats.sem stats.skew stats.tmean stats.tsem stats.tstd stats.tvar stats.variation stats.zscore "
        "integrate.romb"
    ).split()
    functions = {}
    for name in kinds:
        owner = sys.modules["scipy"]
        for part in name.split("."):
            owner = getattr(owner, part)
        functions[name] = owner
    functions |= {
        "cluster.vq.whiten": lambda x: cluster.vq.whiten(matrix(x)),
        "constants.convert_temperature": lambda x: constants.convert_temperature(x, "C", "F"),
        "fft.fft": lambda x: ns(x).abs(fft.fft(x)),
        "fft.fht": lambda x: fft.fht(x, 0.1, 1.0),
        "fft.hfft": lambda x: fft.hfft(x + 0j),
        "fft.irfft": lambda x: fft.irfft(x + 0j),
        "fft.rfft": lambda x: ns(x).abs(fft.rfft(x)),
        "integrate.cumulative_simpson": lambda x: integrate.cumulative_simpson(x * x, dx=0.1),
        "integrate.cumulative_trapezoid": lambda x: integrate.cumulative_trapezoid(x * x, dx=0.1),
        "integrate.cubature": lambda x: integrate.cubature(lambda t: ns(t).exp(-t * t), x[:1], x[1:2] + 1).estimate,
        "integrate.trapezoid": lambda x: integrate.trapezoid(x * x, x),
        "linalg.block_diag": lambda x: linalg.block_diag(matrix(x), matrix(x) ** 2),
        "signal.fftconvolve": lambda x: signal.fftconvolve(x, w(x)),
        "signal.freqz": lambda x: ns(x).abs(signal.freqz(x, worN=8)[1]),
        "signal.gauss_spline": lambda x: signal.gauss_spline(x, 3),
        "signal.hilbert": lambda x: ns(x).real(signal.hilbert(x) ** 2),
        "signal.lp2lp": lambda x: signal.lp2lp(x, x + 1, 2.0)[0],
        "signal.normalize": lambda x: signal.normalize(x, x + 1)[0],
        "signal.oaconvolve": lambda x: signal.oaconvolve(x, w(x)),
        "signal.resample": lambda x: signal.resample(x, 8),
        "signal.vectorstrength": lambda x: signal.vectorstrength(x, 2.0)[0],
        "spatial.transform.RigidTransform": lambda x: RigidTransform.from_translation(x[:3]).apply(x[2:]),
        "spatial.transform.Rotation.apply": lambda x: turn(x).apply(x[2:]),
        "spatial.transform.Rotation.as_matrix": lambda x: Rotation.from_quat(x[:4]).as_matrix(),
        "spatial.transform.Rotation.from_euler": lambda x: Rotation.from_euler("xyz", x[:3]).as_matrix(),
        "spatial.transform.Rotation.magnitude": lambda x: turn(x).magnitude(),
        "spatial.transform.Rotation.mul": lambda x: (turn(x) * other(x)).as_quat(),
        "spatial.transform.Slerp": lambda x: Slerp(
            [0, 1], Rotation.from_rotvec(ns(x).reshape(ns(x).concat([x, x[:1]]), (2, 3)))
        )(0.3).as_quat(),
        "special.logsumexp, b": lambda x: special.logsumexp(x, b=w(x)),
        "special.rel_entr": lambda x: special.rel_entr(x, w(x)),
        "special.xlogy": lambda x: special.xlogy(x, w(x)),
        "stats.boxcox_llf": lambda x: stats.boxcox_llf(0.5, x),
        "stats.describe": lambda x: stats.describe(x).variance,
        "stats.directional_stats": lambda x: stats.directional_stats(matrix(x)).mean_direction,
        "stats.entropy": lambda x: stats.entropy(x, w(x)),
        "stats.gmean, weights": lambda x: stats.gmean(x, weights=w(x)),
        "stats.mode": lambda x: stats.mode(x).mode,
        "stats.moment": lambda x: stats.moment(x, 3),
        "stats.pmean": lambda x: stats.pmean(x, 3),
        "stats.quantile": lambda x: stats.quantile(x, 0.3),
        "stats.rankdata": lambda x: stats.rankdata(x) * x,
        "stats.trim_mean": lambda x: stats.trim_mean(x, 0.2),
        "stats.zmap": lambda x: stats.zmap(x, w(x)),
    }
    x = library.asarray([0.7, 0.3, 1.2, 0.4, 0.9], dtype=library.float64)
    for name, f in functions.items():
        try:
            xdl.check_grads(f, (x,), order=1, engine="tape", rtol=1e-4, atol=1e-5)
        except Exception as error:
            raise AssertionError(name) from error
    # what computes in compiled code of its own refuses, and says what to do
    for f in (special.gammaln, lambda x: linalg.inv(matrix(x)), lambda x: signal.convolve(x, x)):
        try:
            xdl.vjp(f, x, engine="tape")
        except TypeError as error:
            assert "cannot become a NumPy array: the gradient would be lost" in str(error), error
        else:
            raise AssertionError(f)
    print(len(functions))
"""


@pytest.mark.parametrize("library", ["numpy", "array_api_strict"])
def test_scipy(library):
    pytest.importorskip("scipy", minversion="1.17", reason="earlier releases take fewer namespaces")
    pytest.importorskip(library)
    command = [sys.executable, "-c", textwrap.dedent(SCIPY), library]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 70


# ---- code of the user's own ----


def mahalanobis(x, mean, covariance):
    """Written by somebody who has read the array API standard, and nothing else."""
    xp = x.__array_namespace__()
    difference = x - mean
    solved = xp.linalg.solve(covariance, difference[..., None])[..., 0]
    return xp.sqrt(xp.vecdot(difference, solved))


def test_a_function_of_the_users_own(xp64):
    """The oracle is matrix calculus: gradient S^-1 d / r for r^2 = d' S^-1 d."""
    S = np.asarray([[2.0, 0.5], [0.5, 1.0]])
    X, m = np.asarray([[1.0, 2.0], [-1.0, 0.5], [3.0, 0.0]]), np.asarray([0.25, -0.5])
    x, mean, covariance = (xp64.asarray(a, dtype=xp64.float64) for a in (X, m, S))
    f = lambda x, mean, covariance: ns(x).sum(mahalanobis(x, mean, covariance))
    dx, dm, dS = xdl.grad(f, argnums=(0, 1, 2), engine="tape")(x, mean, covariance)
    d = X - m
    solved = np.linalg.solve(S, d.T).T
    r = np.sqrt(np.sum(d * solved, axis=1, keepdims=True))
    assert_close(dx, solved / r, like=x)
    assert_close(dm, -np.sum(solved / r, axis=0), like=x)
    assert_close(dS, -np.einsum("ni,nj->ij", solved / r, solved) / 2, like=x)


# ---- a namespace that nobody registered ----


class Boxed:
    """An array library of some twenty lines."""

    __array_ufunc__ = None

    def __init__(self, content):
        self.content = np.asarray(content)

    def __array_namespace__(self, api_version=None):
        return BOXES


def unboxed(x):
    if type(x) in (list, tuple):
        return type(x)(map(unboxed, x))
    return x.content if type(x) is Boxed else x


def boxed(x):
    if type(x) in (list, tuple):
        return type(x)(map(boxed, x))
    return Boxed(x) if isinstance(x, np.ndarray | np.generic) else x


class Boxes:
    """Its namespace: NumPy's, with boxes for arrays."""

    __name__ = "boxes"

    def __getattr__(self, name):
        found = getattr(array_api_compat.numpy, name)
        if isinstance(found, type) or not callable(found):
            return found
        return lambda *args, **options: boxed(
            found(*map(unboxed, args), **{k: unboxed(x) for k, x in options.items()})
        )


BOXES = Boxes()


def _operator(name):
    def operate(self, other):
        known = isinstance(other, Boxed | bool | int | float)
        return boxed(getattr(self.content, name)(unboxed(other))) if known else NotImplemented

    return operate


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Boxed, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("add", "sub", "mul", "truediv", "pow", "matmul"):
    setattr(Boxed, f"__r{_name}__", _operator(f"__r{_name}__"))
for _name in ("neg", "abs", "bool", "float", "int", "index"):
    setattr(Boxed, f"__{_name}__", lambda self, m=f"__{_name}__": boxed(getattr(self.content, m)()))
for _name in ("shape", "ndim", "size", "dtype", "device"):
    setattr(Boxed, _name, property(lambda self, m=_name: getattr(self.content, m)))
Boxed.__getitem__ = lambda self, key: boxed(self.content[unboxed(key)])


def network(parameters, x):
    """Two layers and a cross-entropy, in the array API."""
    W, V = parameters
    xp = ns(W, V, x)
    y = xp.tanh(x @ W) @ V
    y = y - xp.max(y, axis=-1, keepdims=True)
    log_p = y - xp.log(xp.sum(xp.exp(y), axis=-1, keepdims=True))
    return -xp.mean(xp.where(y > -0.5, log_p, 0.5 * log_p)[:, 0]) + xp.sum(W[0, :] ** 2)


def test_a_namespace_that_nobody_registered():
    rng = np.random.default_rng(0)
    W, V, x = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(5, 3))
    box = lambda a: Boxed(a.copy())
    assert ns(box(x)) is BOXES
    xdl.check_grads(lambda W, V: network((W, V), x), (W, V))  # NumPy's answers are right
    value, (dW, dV) = xdl.value_and_grad(network)((box(W), box(V)), box(x))
    expected, (eW, eV) = xdl.value_and_grad(network)((W, V), x)
    assert type(value) is type(dW) is Boxed
    for found, wanted in ((value, expected), (dW, eW), (dV, eV)):
        np.testing.assert_allclose(found.content, wanted, rtol=1e-12)
    # in both directions, and twice
    second = xdl.hvp(lambda W: network((W, box(V)), box(x)), (box(W),), (box(W),)).content
    wanted = xdl.hvp(lambda W: network((W, V), x), (W,), (W,))
    np.testing.assert_allclose(second, wanted, rtol=1e-10)
    hessian = xdl.hessian(lambda v: ns(v).sum(v * v * v))(box(W[0]))
    np.testing.assert_allclose(hessian.content, np.diag(6 * W[0]), rtol=1e-12)
