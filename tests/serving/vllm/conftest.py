"""The system that is run on a real vLLM: two adapters at work in it."""

import pytest

from mas2_env.runs.fixed import Fixed
from mas2_env.system.model import Debate, Role, Template, Vote

TEAM = Template(
    (Role("a", copies=2), Role("b", "critique"), Role("v", "vote")),
    (Debate(("a", "b")), Vote(("a",), "v")),
    "v",
)


@pytest.fixture
def team():
    """A policy that builds it every time."""
    return Fixed(TEAM, {"a": "one", "b": "two"})
