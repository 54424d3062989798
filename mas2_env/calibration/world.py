"""What protocols share: the parameters, and crowds of agents drawn once."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mas2_env.backends.calibrated import Calibration, Setting
from mas2_env.calibration.crowd import Answers, Crowd
from mas2_env.calibration.places import setting_of

ITEMS: Final = 12_000
"""Items drawn for a figure, at least: enough that the simulated value's own error is well below 2 points."""

REPEATS: Final = {
    "dylan_math_cot": 3,
    "dylan_math_complex": 3,
    "qwen_math_rm": 8,
    "humaneval_runs": 10,
    "codet_humaneval": 100,
    "cruxeval": 10,
    "reflexion_code": 2,
}
"""Recordings that ask one model several times in the same words, and how often."""

FAILING: Final = (
    "no answer found at all",
    "no choice letter, often 'outside my expertise'",
    "no code block",
    "no boxed answer or choice letter",
)
"""Lacks that leave a reply without an answer; others are faults of form that a lenient reader forgives."""


class Missing(Exception):
    """The model has no parameter for what a figure is about; the message says which."""


def failing(setting: Setting, profile: str) -> float:
    """Share of a profile's first replies without an answer."""
    variants = (profile, f"{profile}|round=0")
    return sum(setting.lacks.get(f"{variant}|{what}", 0.0) for what in FAILING for variant in variants)


class World:
    """Parameters and crowds.

    Attributes:
        calibration: the parameters.
        items: how many items are drawn for a figure.
        kept: what else protocols have drawn once, by name.
    """

    def __init__(self, calibration: Calibration, items: int = ITEMS) -> None:
        self.calibration = calibration
        self.items = items
        self._crowds: dict[tuple[str, str, int], Crowd] = {}
        self._replies: dict[tuple[str, str, str, int], Answers] = {}
        self.kept: dict[str, object] = {}

    def setting(self, name: str) -> Setting:
        """A setting by name.

        Raises:
            Missing: if there is none.
        """
        found = self.calibration.setting.get(name)
        if found is None:
            raise Missing(f"no recording {name} was fitted")
        return found

    def crowd(self, name: str, stratum: str = "", items: int = 0) -> Crowd:
        """Agents at the items of a setting."""
        items = items or self.items
        key = (name, stratum, items)
        if key not in self._crowds:
            setting = self.setting(name)
            if stratum and stratum not in setting.strata:
                raise Missing(f"no {stratum} was fitted for {name}")
            self._crowds[key] = Crowd(setting, name, items, stratum)
        return self._crowds[key]

    def replies(self, name: str, profile: str, count: int = 1, stratum: str = "") -> Answers:
        """First replies of a profile, items × count."""
        key = (name, profile, stratum, count)
        if key not in self._replies:
            setting = self.setting(name)
            if profile not in setting.level:
                raise Missing(f"no accuracy of {profile} was fitted for {name}")
            if len(self._replies) > 400:
                self._replies.clear()
            model, _, role = profile.partition("|")
            if name.startswith("hotpot_pipelines"):
                model = profile
            lack = failing(setting, profile)
            self._replies[key] = self.crowd(name, stratum).replies(
                model, setting.level[profile], lack, count, tag=role
            )
        return self._replies[key]

    def samples(self, entry: dict[str, object], stratum: str = "") -> Answers:
        """All answers of one model that a recording has: the same question again, or by roles or prompts."""
        name = setting_of(entry)
        source, model = str(entry["source"]), str(entry["model"])
        roles = [p for p in self.setting(name).level if p.startswith(f"{model}|")]
        if "2 step-by-step" in str(entry.get("sampling", "")):
            roles = [role for role in roles if "|cot" in role]
        if source in REPEATS or not roles:
            profile = model if model in self.setting(name).level else roles[0]
            return self.replies(name, profile, REPEATS.get(source, 2), stratum)
        return np.concatenate([self.replies(name, role, 1, stratum) for role in roles], axis=1)

    def panel(self, name: str, models: Sequence[str]) -> Answers:
        """One answer of each model, items × models."""
        return np.concatenate([self.replies(name, model) for model in models], axis=1)
