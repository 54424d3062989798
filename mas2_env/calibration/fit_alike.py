"""Fit of how alike the answers of many models are, recording by recording, by simulated moments.

`fit_shares` takes shares of difficulty from pairs alone. Here four numbers a recording move them all, so
that pairs, mean correlations, the Rasch model's spreads and residuals and a Beta over items come out
together: a shift of the log odds of every model's share, how much they rise with the model's level, by what
factor they differ between models, and the share that models of one family have in common.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration, Setting
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.fit_moments import misfit, search
from mas2_env.calibration.places import setting_of

_ITEMS: Final = 12_000
_FEW_ITEMS: Final = 4_000
"""Items drawn where a recording has less than a hundred: groups of few items take long."""
_SECTIONS: Final = ("cross_model_summary", "cross_model_correlation", "rasch", "item_difficulty_beta")
_LEAST_MODELS: Final = 5
_MOST: Final = 0.985
"""Largest share of difficulty: what is left to chance and to a model's own way."""


def fit_alike(calibration: Calibration, figures: Sequence[Figure]) -> Calibration:
    """The calibration with shares refitted wherever five or more models were compared."""
    groups: dict[str, list[Figure]] = defaultdict(list)
    wide = {setting_of(f.entry) for f in figures if f.section == "rasch"}
    for figure in figures:
        name = setting_of(figure.entry)
        if name in wide and figure.section in _SECTIONS and not figure.key.startswith("same_wrong"):
            groups[name].append(figure)
    for name, group in groups.items():
        if len(calibration.setting[name].level) >= _LEAST_MODELS:
            calibration = _fitted(calibration, name, group)
    return calibration


def forgiving(distance: float) -> float:
    """A squared distance that levels out at 6 (Geman and McClure 1987): what is out of reach is let go."""
    return distance * distance / (1.0 + distance * distance / 6.0)


def _fitted(calibration: Calibration, name: str, group: list[Figure]) -> Calibration:
    start = calibration.setting[name]

    def tried(point: list[float]) -> Calibration:
        return replace(calibration, setting={**calibration.setting, name: moved(start, *point)})

    bare = [figure for figure in group if figure.low is None]
    others = [figure for figure in group if figure.low is not None]
    weight = max(1.0, len(others) / len(bare))
    items = _ITEMS if min(f.entry["n_items"] for f in bare) >= 100 else _FEW_ITEMS

    def badness(point: list[float]) -> float:
        calibration = tried(point)
        return weight * misfit(bare, calibration, items, forgiving) + misfit(others, calibration, items)

    found = search(
        badness,
        [0.0, 0.0, 1.0, start.family],
        [0.15, 0.15, 0.2, 0.03],
        [(-3.0, 3.0), (-2.0, 2.0), (0.2, 3.0), (0.0, 0.3)],
        sweeps=5,
    )
    return tried(found)


def moved(setting: Setting, shift: float, tilt: float, stretch: float, family: float) -> Setting:
    """A setting with every model's share of difficulty moved.

    The log odds of a share change by `shift` + `tilt` × (level − mean level), and their distances
    from the mean by the factor `stretch`. What is left to the noise of a
    call stays as it is.
    """
    level = setting.level
    mean = sum(level.values()) / len(level)

    shares = [min(0.99, max(0.01, setting.focus.get(model, setting.difficulty))) for model in level]
    odds = [math.log(share / (1.0 - share)) for share in shares]
    middle = sum(odds) / len(odds)
    focus = {}
    for (model, its), now in zip(level.items(), odds, strict=True):
        then = middle + stretch * (now - middle) + shift + tilt * (its - mean)
        focus[model] = round(min(_MOST, 1.0 / (1.0 + math.exp(-then))), 3)
    total = setting.difficulty + setting.family + setting.affinity
    difficulty = min(total - 0.01, sum(focus.values()) / len(focus))
    family = min(family, total - difficulty)
    return replace(
        setting,
        difficulty=round(difficulty, 3),
        family=round(family, 3),
        affinity=round(max(0.0, total - round(difficulty, 3) - round(family, 3)), 3),
        focus=focus,
    )
