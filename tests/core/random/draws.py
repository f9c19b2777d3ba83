"""Every kind of draw that is promised to be the same bytes everywhere, small."""

N = 1000

# name -> function of (namespace, key)
DRAWS = {
    "bits": lambda xp, r, key: r.bits(key, (N,)),
    "bits of a scalar": lambda xp, r, key: r.bits(key),
    "bits of 8": lambda xp, r, key: r.bits(key, (N,), xp.uint8),
    "bits of 16": lambda xp, r, key: r.bits(key, (N,), xp.uint16),
    "split": lambda xp, r, key: r.split(key, (2, 3)),
    "fold_in": lambda xp, r, key: r.fold_in(key, 4_000_000_000),
    "uniform": lambda xp, r, key: r.uniform(key, (10, N // 10)),
    "uniform between": lambda xp, r, key: r.uniform(key, (N,), low=-0.3, high=0.7),
    "normal": lambda xp, r, key: r.normal(key, (N,)),
    "truncated_normal": lambda xp, r, key: r.truncated_normal(key, (N,)),
    "truncated_normal above": lambda xp, r, key: r.truncated_normal(key, (N,), low=1.0, high=float("inf")),
    "bernoulli": lambda xp, r, key: r.bernoulli(key, 0.3, (N,)),
    "bernoulli of array": lambda xp, r, key: r.bernoulli(key, xp.asarray([0.0, 0.3, 1.0]), (N, 3)),
    "randint": lambda xp, r, key: r.randint(key, (N,), -5, 1000),
    "randint of all": lambda xp, r, key: r.randint(key, (N,), -(2**31), 2**31),
    "randint of uint32": lambda xp, r, key: r.randint(key, (N,), 7, 2**32, dtype=xp.uint32),
    "randint of int8": lambda xp, r, key: r.randint(key, (N,), -100, 100, dtype=xp.int8),
    "permutation": lambda xp, r, key: r.permutation(key, N),
    "permutation of array": lambda xp, r, key: r.permutation(key, xp.eye(5, 3, dtype=xp.float32), axis=1),
    "choice": lambda xp, r, key: r.choice(key, 10, (4, 5)),
    "choice without replacement": lambda xp, r, key: r.choice(key, N, (20,), replace=False),
    "choice with p": lambda xp, r, key: r.choice(key, 4, (N,), p=xp.asarray([0.125, 0.25, 0.375, 0.25])),
    "exponential": lambda xp, r, key: r.exponential(key, (N,)),
    "gumbel": lambda xp, r, key: r.gumbel(key, (N,)),
    "categorical": lambda xp, r, key: r.categorical(key, xp.asarray([0.5, -1.0, 2.0]), shape=(N,)),
}

# these need 64-bit numbers
WIDE = {
    "bits of 64": lambda xp, r, key: r.bits(key, (N,), xp.uint64),
    "uniform of float64": lambda xp, r, key: r.uniform(key, (N,), dtype=xp.float64),
    "uniform of float64 between": lambda xp, r, key: r.uniform(
        key, (N,), dtype=xp.float64, low=-0.3, high=0.7
    ),
    "normal of float64": lambda xp, r, key: r.normal(key, (N,), dtype=xp.float64),
    "truncated_normal of float64": lambda xp, r, key: r.truncated_normal(key, (N,), dtype=xp.float64),
    "randint of int64": lambda xp, r, key: r.randint(key, (N,), -(2**40), 2**31 - 2**40, dtype=xp.int64),
}
