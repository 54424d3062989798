"""Counting and choosing among answers."""

from hypothesis import given
from hypothesis import strategies as st

from mas2_env.backends import voices


@given(st.integers(0, 2**32 - 1))
def test_ties_are_broken_among_the_commonest(bits: int) -> None:
    assert voices.commonest({"a": 2, "b": 3, "c": 3}, bits) in ("b", "c")
    assert voices.commonest({"a": 1}, bits) == "a"


def test_weights_are_chances() -> None:
    weights = {"a": 1.0, "b": 3.0}
    chosen = [voices.weighted(weights, (i + 0.5) / 100) for i in range(100)]
    assert chosen.count("a") == 25
    assert chosen.count("b") == 75


def test_a_turn_belongs_to_its_role_or_copy() -> None:
    assert voices.named("ann#1@2", ("ann", "bob")) == "ann"
    assert voices.named("ann#1@2", ("ann#1", "ann#2")) == "ann#1"
    assert voices.named("eve#0@0", ("ann", "bob")) is None
