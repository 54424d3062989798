"""When the Rectifier is called: A_R(s_t) = 1[C(s_t) > θ_C or O(s_t) = failure] (MAS², arXiv 2509.24323).

C only grows, so the first condition, once true, would stay true for ever. It is read as a crossing: it fires
when the cost passes θ_C, and again at 2 θ_C, 3 θ_C and so on.
"""

from msgspec import Struct


class Trigger(Struct, frozen=True, gc=False):
    """A trigger that has fired: its reasons, and the turns that failed in the step just performed."""

    reasons: tuple[str, ...]
    failed: tuple[str, ...]


def look(failed: tuple[str, ...], before: int, after: int, threshold: int) -> Trigger | None:
    """The trigger after a step.

    Args:
        failed: turns that failed in the step.
        before: cost before the step, nano-USD.
        after: cost after it.
        threshold: θ_C, nano-USD; at least 1.
    """
    crossed = after > threshold and (after - 1) // threshold > (before - 1) // threshold
    if not failed and not crossed:
        return None
    reasons = ("failure",) * bool(failed) + ("budget",) * crossed
    return Trigger(reasons, failed)
