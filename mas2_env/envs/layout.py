"""The dimensions of an array action, and where each of them stands in the flat mask.

One `MultiDiscrete` serves all stages. Each stage reads its own dimensions and ignores the others, which the
mask holds at 0.

At `generate` (s = 0…4 numbers the slots):

- `kind[s]`: 0 no role in this slot, then plan, solve, search, code, test, critique, verify, judge, summarise;
- `relation[s]` to earlier slots: 0 parallel (no input), 1 after the previous, 2 after all that are open, 3
  debates with the previous, 4 reviews the previous;
- `copies[s]`: 0…4, that many more than one;
- `tools[s]`: 0 none, 1 all, 2…4 the first, second or third tool alone;
- `style[s]`: 0 plain, 1 step by step, 2 brief;
- `rounds`: 0…2, that many rounds (of debates) and revisions (after reviews) more than one;
- `aggregation`: 0 the last role answers, 1 vote, 2 a judge, 3 a summariser.

At `implement` (p = 0…5 numbers the roles that are no vote):

- `backbone[p]`: the backbone of role p, by its place in the pool.

At `rectify`:

- `operation`: see `OPERATIONS`;
- `target`: the role p of `reassign_role`;
- `replacement`: the backbone that the operation gives, by its place in the pool.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mas2_env.system.model import RoleKind

SLOTS: Final = 5
PARTS: Final = 6
"""Roles that a decoded template can have: the slots, and the one that aggregates."""

POOL: Final = 16
"""Backbones that an array action can name: the first of the pool."""

KINDS: Final[tuple[RoleKind | None, ...]] = (
    None,
    "plan",
    "solve",
    "search",
    "code",
    "test",
    "critique",
    "verify",
    "judge",
    "summarise",
)
PARALLEL, AFTER, GATHER, DEBATE, REVIEW = range(5)
COPIES: Final = 5
TOOLS: Final = 5
STYLES: Final = ("", "Work step by step.", "Be brief.")
ROUNDS: Final = 3
LAST, VOTE, JUDGE, SUMMARISE = range(4)

OPERATIONS: Final = (
    "continue",
    "retry",
    "skip",
    "reassign_failed",
    "reassign_waiting",
    "reassign_role",
    "shorten",
    "drop_reviewers",
    "add_reviewer",
    "rebuild_single",
    "rebuild_vote",
)
"""What the array Rectifier can do.

`continue` changes nothing; `retry` and `skip` settle every failed turn; `reassign_failed` gives the roles of
failed turns the replacement and retries them; `reassign_waiting` gives it to all roles with turns that wait;
`reassign_role` to one role; `shorten` cuts debates to one round and reviews to one revision;
`drop_reviewers` takes all reviews out; `add_reviewer` has the work behind the answer reviewed by a new role
on the replacement; `rebuild_single` and `rebuild_vote` begin anew with one solver, or with three and a vote.
"""

_SLOT: Final = (
    ("kind", len(KINDS)),
    ("relation", 5),
    ("copies", COPIES),
    ("tools", TOOLS),
    ("style", len(STYLES)),
)


def _dimensions() -> Iterator[tuple[str, str, int]]:
    for slot in range(SLOTS):
        for name, size in _SLOT:
            yield "generate", f"{name}[{slot}]", size
    yield "generate", "rounds", ROUNDS
    yield "generate", "aggregation", 4
    for part in range(PARTS):
        yield "implement", f"backbone[{part}]", POOL
    yield "rectify", "operation", len(OPERATIONS)
    yield "rectify", "target", PARTS
    yield "rectify", "replacement", POOL


_ALL: Final = tuple(_dimensions())

STAGE_OF: Final = tuple(stage for stage, _, _ in _ALL)
"""The stage that reads each dimension."""

NAMES: Final = tuple(name for _, name, _ in _ALL)
"""The name of each dimension."""

SIZES: Final = tuple(size for _, _, size in _ALL)
"""How many values each dimension has: `nvec`."""

INDEX: Final = {name: i for i, name in enumerate(NAMES)}
"""Place of each dimension in the action."""

OFFSETS: Final = tuple(int(x) for x in np.cumsum((0, *SIZES))[:-1])
"""Where each dimension's values begin in the flat mask."""

MASK_SIZE: Final = sum(SIZES)


def closed_mask() -> NDArray[np.int8]:
    """A mask that holds every dimension at 0: int8 of shape (MASK_SIZE,)."""
    mask = np.zeros(MASK_SIZE, dtype=np.int8)
    mask[list(OFFSETS)] = 1
    return mask


def permit(mask: NDArray[np.int8], name: str, values: Iterable[int]) -> None:
    """Open exactly these values of a dimension."""
    index = INDEX[name]
    at = OFFSETS[index]
    mask[at : at + SIZES[index]] = 0
    for value in values:
        mask[at + value] = 1
