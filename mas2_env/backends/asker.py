"""Whose decision a request is for: a run knows, a policy does not.

A policy sees no item's id. It hands the observation on with its request (`Label.about`), and the ledger's
line is given the item by whoever asked the policy.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from mas2_env.backends.prompt import Label

_NOBODY: Mapping[int, str] = {}
_asked: ContextVar[Mapping[int, str]] = ContextVar("asked", default=_NOBODY)


@contextmanager
def asked_about(observations: Iterable[tuple[object, str]]) -> Iterator[None]:
    """Say of which items the observations are that a policy is asked about now, in this context.

    Args:
        observations: each with its item's id; they must be alive for as long as this lasts.
    """
    token = _asked.set({id(observation): item for observation, item in observations})
    try:
        yield
    finally:
        _asked.reset(token)


def query_of(label: Label) -> str:
    """Id of the item that a request is for; empty if nobody knows."""
    return label.query or _asked.get().get(id(label.about), "")
