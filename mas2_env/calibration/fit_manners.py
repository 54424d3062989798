"""Fit of what agents do with each other's answers, by simulated moments."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration, Manner
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.fit_moments import misfit, search
from mas2_env.calibration.places import setting_of

_SECTIONS: Final = ("debate_transition", "debate_conformity", "debate_stop", "debate_outcome")
_ITEMS: Final = 3_000
_WALKS: Final = 2
"""Searches, each with full strides from where the last one ended."""


def fit_manners(calibration: Calibration, figures: Sequence[Figure]) -> Calibration:
    """The calibration with the manners of every kind of task in which debates were recorded."""
    debated = [figure for figure in figures if figure.section in _SECTIONS]
    for kind in calibration.manner:
        group = [f for f in debated if calibration.setting[setting_of(f.entry)].manner == kind]
        if group:
            calibration = _fitted(calibration, kind, group)
    return calibration


def _fitted(calibration: Calibration, kind: str, group: list[Figure]) -> Calibration:
    """One kind of task. Only code is spoilt much by talking, only in MATH are agreements overlooked."""

    def tried(point: list[float]) -> Calibration:
        manner = Manner(*(round(x, 3) for x in point))
        return replace(calibration, manner={**calibration.manner, kind: manner})

    start = calibration.manner[kind]
    math = kind.startswith("math")
    walk = [
        (start.inertia, 0.4, (0.0, 5.0)),
        (start.power, 0.5, (0.2, 8.0)),
        (start.discernment, 0.5, (0.0, 4.0)),
        (start.anew, 0.1, (0.0, 0.9)),
        (start.slip, 0.02, (0.0, 0.2 if kind == "code" else 0.06)),
        (0.5, 0.4, (0.0, 3.0)),
        (0.12, 0.08, (0.0, 0.6)),
        (0.08 if math else 0.0, 0.04, (0.0, 0.2 if math else 0.0)),
    ]
    found = [x for x, _, _ in walk]
    for _ in range(_WALKS):
        found = search(
            lambda point: misfit(group, tried(point), _ITEMS),
            found,
            [x for _, x, _ in walk],
            [x for _, _, x in walk],
            sweeps=12,
        )
    return tried(found)
