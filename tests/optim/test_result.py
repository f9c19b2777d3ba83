import numpy as np
import pytest
from optim.functions import bowl

from xdl import optim
from xdl.optim import Status


def test_each_status_has_a_message():
    assert len({status.message for status in Status}) == len(Status)


def test_success_and_message_of_a_batch():
    x0 = np.asarray([[1.0, 1.0], [np.nan, 1.0], [5.0, 5.0]])
    r = optim.minimize(bowl, x0, batched=True, max_iterations=1)
    assert r.success.tolist() == [True, False, False]
    assert r.message == "; ".join(
        f"1 {status.message}" for status in (Status.CONVERGED, Status.MAX_ITERATIONS, Status.NOT_FINITE)
    )


def test_a_result_is_shown_in_a_line():
    r = optim.minimize(bowl, np.ones(2))
    assert repr(r).startswith("Result(x=float64[2], value=float64[]")
    with pytest.raises(AttributeError, match="frozen"):
        r.x = 3
