"""First replies of a model out of a run folder: what `mas2 simulator backbone` counts of one's own runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mas2_env.calibration.backbone import Reply
from mas2_env.errors import RunError
from mas2_env.runs.journal import read_run

if TYPE_CHECKING:
    from mas2_env.runs.record import Record


def replies_of_run(folder: Path) -> list[Reply]:
    """The lone replies of a run: of episodes whose system is one role without tools that was asked once.

    Such systems are those of the policy `direct`. Void episodes, and those in which the call was made again,
    are left out.

    Raises:
        RunError: if the folder holds no such episode, or is not a run's.
    """
    _, records = read_run(folder)
    replies = list(_replies(records))
    if not replies:
        raise RunError(
            f"{folder}: none of its {len(records)} episodes is a plain call, one role without tools that was "
            "asked once; the policy `direct` makes such calls"
        )
    return replies


def _replies(records: "list[Record]") -> Iterator[Reply]:
    for record in records:
        system, outcome = record.system, record.outcome
        if system is None or outcome.kind == "void" or outcome.model_calls != 1:
            continue
        role, *others = system.template.roles
        if others or role.kind not in ("solve", "code") or role.copies != 1 or role.tools:
            continue
        yield Reply(
            record.task.partition("[")[0],
            system.assignment.backbones[role.name],
            outcome.kind == "success",
            outcome.answer or None,
            outcome.completion_tokens,
        )
