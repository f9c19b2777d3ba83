import contextlib

import numpy as np
import pytest

from xdl.testing import mock


@pytest.fixture
def syncs(request):
    """Let the mock's host wait for values: one problem's loop runs there, and its numbers are Python's.

    Nobody has told xdl how to make namespaces quiet that compute by NumPy without being it.
    """
    foreign = any(f"[{name}" in request.node.name for name in ("mock", "strict"))
    with mock.allow("sync", "host"), np.errstate(all="ignore") if foreign else contextlib.nullcontext():
        yield
