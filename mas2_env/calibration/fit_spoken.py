"""Fit of recordings that hold replies only up to an early stop, and items only where some answer was right.

What was recorded there is no plain sample: items on which agents agree have fewer replies, and items that
nobody solved are missing. Levels and shares are moved until the simulated recording shows what the real one
does.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.fit_levels import PROBIT
from mas2_env.calibration.fit_moments import misfit, search
from mas2_env.calibration.places import profile_of, setting_of
from mas2_env.calibration.protocols_debate import spoken_accuracy
from mas2_env.calibration.world import World

_FULL: Final = "dylan_mmlu_7agents/MMLU"
_OTHERS: Final = ("dylan_mmlu_2agents/MMLU", "dylan_mmlu_3agents/MMLU", "dylan_mmlu_4agents/MMLU")
_SECTIONS: Final = ("same_model_correlation", "item_difficulty_beta", "vote_gain")
_ITEMS: Final = 5_000


def fit_spoken(calibration: Calibration, figures: Sequence[Figure]) -> Calibration:
    """The calibration with the recordings of MMLU mended."""
    if _FULL not in calibration.setting:
        return calibration
    group = [f for f in figures if f.section in _SECTIONS and setting_of(f.entry) == _FULL]

    def tried(point: list[float]) -> Calibration:
        difficulty, affinity, popular, own = (round(x, 3) for x in point)
        return _with(calibration, _FULL, figures, difficulty, affinity, popular, own)

    start = calibration.setting[_FULL]
    found = search(
        lambda point: misfit(group, tried(point), _ITEMS),
        [0.4, start.affinity, -2.0, 0.1],
        [0.08, 0.05, 0.6, 0.1],
        [(0.1, 0.8), (0.0, 0.15), (-6.0, 2.0), (0.0, 0.9)],
        sweeps=5,
    )
    calibration = tried(found)
    full = calibration.setting[_FULL]
    for name in _OTHERS:
        if name in calibration.setting:
            calibration = _with(
                calibration, name, figures, full.difficulty, full.affinity, full.popular, full.own
            )
    return calibration


def _with(
    calibration: Calibration,
    name: str,
    figures: Sequence[Figure],
    difficulty: float,
    affinity: float,
    popular: float,
    own: float,
) -> Calibration:
    """A setting with these shares, and with levels that give the recorded accuracies."""
    setting = replace(
        calibration.setting[name], difficulty=difficulty, affinity=affinity, popular=popular, own=own
    )
    entries = [f.entry for f in figures if f.section == "accuracy" and setting_of(f.entry) == name]
    for _ in range(2):
        world = World(replace(calibration, setting={**calibration.setting, name: setting}), _ITEMS)
        level = dict(setting.level)
        for entry in entries:
            shown = min(0.99, max(0.01, spoken_accuracy(world, entry)["p"]))
            level[profile_of(entry)] = round(level[profile_of(entry)] + PROBIT(entry["p"]) - PROBIT(shown), 4)
        setting = replace(setting, level=level)
    return replace(calibration, setting={**calibration.setting, name: setting})
