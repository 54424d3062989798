"""How second proposals were measured, played by simulated agents: tries after one that was called wrong."""

from typing import Any, Final, TypeAlias

import numpy as np

from mas2_env.calibration.places import profile_of, setting_of
from mas2_env.calibration.protocols_retry import TRIALS, attempts, habit
from mas2_env.calibration.world import World

Entry: TypeAlias = dict[str, Any]

_PROPOSED: Final = {
    "code": {"HumanEval": 31, "MBPP": 62},
    "math": {"GSM8K": 34, "MATH": 73, "TheoremQA": 30},
    "qa": {"HotpotQA": 30},
    "mc": {"MMLU": 50},
}
"""MINT's benchmarks by kind of task, with their numbers of items: all are hard for a single call."""


def told_of(entry: Entry) -> str:
    """The habit of a second proposal: by kind of task, and whether a critic commented on the first."""
    kind = entry.get("kind") or next(k for k, items in _PROPOSED.items() if entry["benchmark"] in items)
    return f"retry {'critic' if 'critic' in entry['system'] else 'told'} {kind}"


def proposal(world: World, entry: Entry) -> dict[str, float]:
    """First proposals of a tool user, and second ones after being told that the first was wrong."""
    name, profile = setting_of(entry), profile_of(entry)
    what = habit(world, told_of(entry))
    gains = what["gain"] * (np.arange(TRIALS) > 0)
    levels = world.setting(name).first
    right = attempts(world, name, profile, gains[None, :], what["fresh"], "proposal", levels)
    first, second = right[:, 0], right[:, 1]
    return {
        "first_proposal": float(first.mean()),
        "second_after_wrong": float(second[~first].mean()) if not first.all() else 0.0,
    }


def pooled_proposal(world: World, entry: Entry) -> dict[str, float]:
    """The same over the models and benchmarks of a kind of task."""
    firsts = wrongs = seconds = total = 0.0
    for benchmark, items in _PROPOSED[entry["kind"]].items():
        each = {**entry, "benchmark": benchmark}
        known = [profile.split("|") for profile in world.setting(setting_of(each)).first]
        models = {model for model, system in known if system == entry["system"]}
        if entry["pool"] != "all":
            models &= {model for model, system in known if "critic" in system}
        for model in sorted(models):
            found = proposal(world, {**each, "model": model})
            first = found["first_proposal"]
            total += items
            firsts += items * first
            wrongs += items * (1.0 - first)
            seconds += items * (1.0 - first) * found["second_after_wrong"]
    return {"first_proposal": firsts / total, "second_after_wrong": seconds / wrongs}
