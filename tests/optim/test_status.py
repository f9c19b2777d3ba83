"""Every reason has words; those of success come first and say so."""

import pytest

from xdl.optim import Status


@pytest.mark.parametrize("status", Status)
def test_messages(status):
    good = 0 <= status <= Status.SMALL_CHANGE
    assert status.message
    assert status.message.startswith("converged") == good


def test_messages_are_different():
    assert len({status.message for status in Status}) == len(Status)
