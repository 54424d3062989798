"""Whose decision a request is for: a run knows, a policy does not.

A policy sees no item's id. It hands the observation on with its request (`Label.about`), and the ledger's
line is given the item by whoever asked the policy, in whatever thread the policy asks.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mas2_env.backends.prompt import Label

_asked: dict[int, str] = {}


@contextmanager
def asked_about(observations: Iterable[tuple[object, str]]) -> Iterator[None]:
    """Say of which items the observations are that a policy is asked about now.

    Args:
        observations: each with its item's id; they must be alive for as long as this lasts.
    """
    items = {id(observation): item for observation, item in observations}
    _asked.update(items)
    try:
        yield
    finally:
        for observation in items:
            _asked.pop(observation, None)


def query_of(label: Label) -> str:
    """Id of the item that a request is for; empty if nobody knows."""
    return label.query or _asked.get(id(label.about), "")
