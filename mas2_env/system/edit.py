"""Edits between systems."""

from collections.abc import Sequence

from mas2_env.system.model import Edit, System


def diff(a: System, b: System) -> tuple[Edit, ...]:
    """Edits that lead from `a` to `b`: `apply(a, diff(a, b)) == b`."""
    raise NotImplementedError


def apply(system: System, edits: Sequence[Edit]) -> System:
    """The system after the edits, in order. `retry` and `skip` leave it as it is.

    Raises:
        InvalidDecision: where an edit names something that is not there, with its JSON path.
    """
    raise NotImplementedError
