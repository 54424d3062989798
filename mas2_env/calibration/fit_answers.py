"""Fit of which wrong answers are given, setting by setting, by simulated moments."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.fit_moments import misfit, search
from mas2_env.calibration.places import setting_of

_ITEMS: Final = 3_000
_KEY: Final = "same_wrong_given_both_wrong"


def fit_answers(calibration: Calibration, figures: Sequence[Figure]) -> Calibration:
    """The calibration with `popular`, `slope` and `own` wherever shared errors were counted."""
    groups: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.key == _KEY or figure.section == "model_vote":
            groups[setting_of(figure.entry)].append(figure)
    for name, group in groups.items():
        calibration = _fitted(calibration, name, group)
    return calibration


def _fitted(calibration: Calibration, name: str, group: list[Figure]) -> Calibration:
    """One setting; slope and own share are drawn towards 1 and 0.3 by as much as one figure each."""

    def tried(point: list[float]) -> Calibration:
        popular, slope, own = (round(x, 3) for x in point)
        changed = replace(calibration.setting[name], popular=popular, slope=slope, own=own)
        return replace(calibration, setting={**calibration.setting, name: changed})

    def badness(point: list[float]) -> float:
        drawn = (point[1] - 1.0) ** 2 + ((point[2] - 0.3) / 0.3) ** 2
        return misfit(group, tried(point), _ITEMS) + drawn

    bounds = [(-5.0, 4.0), (-1.0, 4.0), (0.0, 0.95)]
    return tried(search(badness, [-1.0, 1.0, 0.3], [0.8, 0.5, 0.15], bounds, sweeps=9))
