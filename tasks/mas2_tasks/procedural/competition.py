"""Problems over MATH's seven subjects and five levels, by families."""

from bisect import bisect_right
from itertools import accumulate

from mas2_tasks.procedural import (
    math_algebra,
    math_counting,
    math_geometry,
    math_intermediate,
    math_number,
    math_prealgebra,
    math_precalculus,
)
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.puzzle import Family, Puzzle

SUBJECTS: dict[str, tuple[tuple[Family, int, int], ...]] = {
    "Algebra": math_algebra.FAMILIES,
    "Counting & Probability": math_counting.FAMILIES,
    "Geometry": math_geometry.FAMILIES,
    "Intermediate Algebra": math_intermediate.FAMILIES,
    "Number Theory": math_number.FAMILIES,
    "Prealgebra": math_prealgebra.FAMILIES,
    "Precalculus": math_precalculus.FAMILIES,
}

# Problems of each kind among the 5,000 of MATH's test set (Hendrycks et al. 2021).
BY_SUBJECT = (1187, 474, 479, 903, 540, 871, 546)
BY_LEVEL = (437, 894, 1131, 1214, 1324)
MEAN_LEVEL = sum(level * count for level, count in enumerate(BY_LEVEL, 1)) / sum(BY_LEVEL)

_SUBJECT_ENDS = tuple(accumulate(BY_SUBJECT))
_LEVEL_ENDS = tuple(accumulate(BY_LEVEL))
_NAMES = tuple(SUBJECTS)
_SERVING: dict[tuple[str, int], tuple[Family, ...]] = {
    (subject, level): tuple([family for family, low, high in families if low <= level <= high])
    for subject, families in SUBJECTS.items()
    for level in range(1, 6)
}


def problem(draw: Draw) -> tuple[str, int, Puzzle]:
    """Subject, level and problem."""
    subject = _NAMES[bisect_right(_SUBJECT_ENDS, draw.random() * _SUBJECT_ENDS[-1])]
    level = 1 + bisect_right(_LEVEL_ENDS, draw.random() * _LEVEL_ENDS[-1])
    family = draw.pick(_SERVING[subject, level])
    return subject, level, family(draw, level)
