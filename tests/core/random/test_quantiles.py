import numpy as np
import pytest
from core.random import derive_quantiles

from xdl.core.random import _quantiles


def test_tables_are_those_that_are_derived():
    """The whole of the smaller tables, in high precision; of the largest every 37th segment."""
    with derive_quantiles.mp.workdps(40):
        for name, (function, octaves, k, degree, fraction) in derive_quantiles.TABLES.items():
            _quantiles.table(name)
            stored = np.asarray(_quantiles._columns[name]).T
            assert stored.shape == (octaves << k, degree + 1)
            for row in range(0, len(stored), 37):
                octave, step = divmod(row, 2**k)
                derived = derive_quantiles.segment(function, octave, step, k, degree, fraction)
                assert stored[row].tolist() == derived, (name, row)


@pytest.mark.slow
def test_file_is_what_the_script_writes():
    assert derive_quantiles.PLACE.read_text() == derive_quantiles.text()


def test_products_fit():
    """Limits of the arithmetic: 31 bits and a sign in 32, 47 in 64; values of 32 and 53 bits."""
    for name in ("normal32", "exponential32", "gumbel32"):
        assert max(_quantiles.table(name).bounds) < 2**31
    first, *others = _quantiles.table("normal64").bounds
    assert first < 2**53
    assert max(others) < 2**47
