"""What an agent's tool calls in this turn say: which answers it tried, which failed, what to call next."""

from collections.abc import Sequence

from mas2_env.backends.minds import Case, Scene
from mas2_env.execution.operation import ToolStep
from mas2_env.task import ToolUse


def sought(case: Case, answer: str, history: Sequence[ToolStep]) -> ToolUse | None:
    """The tool call that the task has an agent make next that is inclined to an answer."""
    call, scene = case.call, case.scene
    told = (call.turn.prompt, *[message.text for message in call.messages])
    done = [step.use for step in history]
    return scene.task.seek(scene.item, answer, len(history) - _begun(scene, history), done, told)


def _begun(scene: Scene, history: Sequence[ToolStep]) -> int:
    """Where in a tool loop work on the present answer began: after the last check that failed."""
    for i in range(len(history) - 1, -1, -1):
        if scene.task.passed(history[i].output) is False:
            return i + 1
    return 0


def tried(case: Case, history: Sequence[ToolStep]) -> str | None:
    """The answer that the last tool call tried, if its arguments tell."""
    truth = case.scene.item.truth
    candidates = dict.fromkeys((truth.answer, *truth.distractors))
    found = [answer for answer in candidates if sought(case, answer, history[:-1]) == history[-1].use]
    return found[0] if len(found) == 1 else None


def failed(case: Case, history: Sequence[ToolStep]) -> set[str]:
    """Forms of all answers that were seen to fail."""
    scene = case.scene
    ends = (i + 1 for i, step in enumerate(history) if scene.task.passed(step.output) is False)
    found = (tried(case, history[:end]) for end in ends)
    return {scene.form(answer) for answer in found if answer is not None}
