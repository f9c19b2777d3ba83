"""Transforms are tested by both engines."""

import pytest


@pytest.fixture(params=["tape", "default"])
def engine(request):
    return {"tape": "tape", "default": None}[request.param]
