"""The state s_t as the Rectifier may see it."""

from mas2_env.execution.execution import Execution
from mas2_env.observation import ExecutionView, FailureView, TurnStatus, TurnView

EXCERPT = 200
"""Characters of a turn's text that are shown."""


def view(execution: Execution) -> ExecutionView:
    """What is shown of an execution that has stopped at a trigger.

    Raises:
        ValueError: if no trigger waits for an answer.
    """
    trigger = execution.trigger
    if trigger is None:
        raise ValueError("the execution has not stopped at a trigger")
    backbones = execution.system.assignment.backbones
    turns, failures = [], []
    for turn, status, output in execution.turns():
        shown: TurnStatus = "skipped" if status == "bypassed" else status  # type: ignore[assignment]
        answer, excerpt = None, ""
        if output is not None and output.failure is None:
            answer, excerpt = output.answer, output.text[:EXCERPT]
        elif output is not None and output.failure is not None:
            failures.append(
                FailureView(
                    turn=turn.id,
                    role=turn.role,
                    backbone=backbones.get(turn.role),
                    kind=output.failure.kind,
                    message=output.failure.message,
                    attempt=execution.attempt(turn.id),
                )
            )
        turns.append(TurnView(turn.id, turn.role, shown, answer, excerpt))
    return ExecutionView(trigger.reasons, tuple(failures), tuple(turns), execution.tally.cost, execution.step)
