"""What agents of simulated episodes are like at each benchmark, from the recordings nearest to it."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mas2_env.backends import laws
from mas2_env.backends.calibrated import Calibration, Setting


class Recordings(Struct, frozen=True):
    """Which settings a benchmark takes its parameters from.

    Attributes:
        across: many models at one item: the share of difficulty, and which wrong answers are given.
        within: one model several times at one item, in other words or at a temperature above 0; none where no
            such recording is near.
    """

    across: str
    within: str = ""


_TASKS: Final = {
    "default": Recordings("zeroeval_gsm/GSM8K", "reread_gsm8k/GSM8K"),
    "gsm8k": Recordings("zeroeval_gsm/GSM8K", "reread_gsm8k/GSM8K"),
    "math": Recordings("zeroeval_math-l5/MATH-L5", "dylan_math_cot/MATH"),
    "humaneval": Recordings("llmrouter/HumanEval", "dylan_humaneval/HumanEval"),
    "mbpp": Recordings("llmrouter/MBPP", "dylan_humaneval/HumanEval"),
    "hotpotqa": Recordings("fireact/HotpotQA"),
    "bamboogle": Recordings("fireact/HotpotQA"),
    "nq": Recordings("llmrouter/NQ"),
}
_EXECUTED: Final = (
    "turns intercode/MBPP gpt-3.5|multiturn",
    "turns intercode/MBPP gpt-4|multiturn",
    "tests shown Aider edit (133 Python exercises)/all",
)
_NOISE: Final = 0.05


def fit_tasks(calibration: Calibration, _: object = None) -> Calibration:
    """The calibration with a table for each benchmark, and the habit of mending what was seen to fail."""
    settings = calibration.setting
    tasks = {
        name: _task(settings[found.across], settings.get(found.within))
        for name, found in _TASKS.items()
        if found.across in settings
    }
    habit = dict(calibration.habit)
    executed = [_usual(calibration, name) for name in _EXECUTED if name in habit]
    if executed:
        habit["retry executed"] = {
            key: round(sum(what[key] for what in executed) / len(executed), 2) for key in ("gain", "fresh")
        }
    return replace(calibration, task=tasks, habit=habit)


def _usual(calibration: Calibration, name: str) -> dict[str, float]:
    """A habit as the average recorded model has it.

    Levels at one benchmark are no levels at another, so how the gain rises with them stays where it was seen.
    """
    what = calibration.habit[name]
    setting = calibration.setting.get(name.removeprefix("tests shown "))
    levels = list(setting.level.values()) if setting is not None else []
    level = sum(levels) / len(levels) if levels else 0.0
    return {**what, "gain": laws.gained(what["gain"], what.get("rise", 0.0), level)}


def _task(across: Setting, within: Setting | None) -> Setting:
    """Shares of one table: what two answers of one model share is that of `within`, where there is one."""
    alike = within or across
    total = max(alike.difficulty + alike.family + alike.affinity, across.difficulty + across.family + 0.02)
    total = min(total, 1.0 - _NOISE)
    difficulty = min(across.difficulty, total - across.family)
    return Setting(
        across.manner,
        difficulty=round(difficulty, 3),
        family=across.family,
        affinity=round(max(0.0, total - difficulty - across.family), 3),
        popular=across.popular,
        slope=across.slope,
        own=across.own,
        choices=across.choices,
    )
