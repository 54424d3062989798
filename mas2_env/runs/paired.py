"""Whether two structures really differ on the same items: an exact test, and a correction for many of them.

**Test.** Were two structures equally good, each item's difference could as well have had the other sign. So
under that hypothesis all 2^n ways of giving signs to the n differences are equally likely, and the p-value is
the share of them whose sum lies as far from zero as the observed one (Fisher, The Design of Experiments,
1935, § 21). For one answer of each structure to an item it is McNemar's exact test. Nothing is drawn and
nothing approximated: differences are integers (successes minus successes over an item's repetitions), so the
distribution of their sum is found by convolution. With k items that differ, no p-value is below 2^(1 - k).

**Many pairs.** Of 400 pairs that do not differ, 20 will seem to at the level of 5 %. Holm's step-down
correction (Scandinavian Journal of Statistics 6, 1979) keeps the chance that any of them does below it.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

LEVEL: Final = 0.05
"""Below it a p-value is called significant."""


def sign_flip(differences: Sequence[int]) -> float:
    """Two-sided exact p-value that differences of items are symmetric about zero; 1.0 if all are 0."""
    sizes = [abs(difference) for difference in differences if difference]
    chances = np.ones(1)
    for size in sizes:
        spread = np.zeros(len(chances) + 2 * size)
        spread[: len(chances)] += chances / 2
        spread[2 * size :] += chances / 2
        chances = spread
    sums = np.arange(len(chances)) - sum(sizes)
    return min(1.0, float(chances[np.abs(sums) >= abs(sum(differences))].sum()))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: significant at a level together where below it."""
    adjusted = [0.0] * len(values)
    least = 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, values[index] * (len(values) - rank)))
        adjusted[index] = least
    return adjusted
