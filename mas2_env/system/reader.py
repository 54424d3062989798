"""A lenient reader that takes a decision out of what a language model wrote."""

from typing import TypeVar

from msgspec import Struct

from mas2_env.system.model import Assignment, Rectification, Template

T = TypeVar("T", Template, Assignment, Rectification)


class Reading(Struct, frozen=True):
    """A decision and what had to be repaired to read it (empty for clean JSON)."""

    decision: Template | Assignment | Rectification
    repairs: tuple[str, ...]


def read(text: str, kind: type[T]) -> Reading:
    """Read a decision of a kind out of a text.

    Raises:
        InvalidDecision: if there is none, with JSON paths.
    """
    raise NotImplementedError
