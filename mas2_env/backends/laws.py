"""The laws of simulated agents: what is likely, given what an agent is and has heard.

Each law is written so that a number or a numpy array may stand at every place. A simulated episode asks for
one agent at a time, `mas2 simulator check` for hundreds of thousands: both ask here, so that what is checked
against recordings is what episodes do. Nothing here draws; uniform and normal numbers are arguments.

**Threshold model.** An agent's standing at an item is a sum of normal parts of total variance 1,

    x = level + gains − √D·difficulty + √F·family + √A·affinity + √N·noise,      D + F + A + N = 1,

and it answers rightly if x > 0. `difficulty` belongs to the item, `family` to item and model family,
`affinity` to item and model, `noise` to the call. The chance to be right is Φ(level) over items, whatever the
shares. The shares say how alike answers are: D between any two models, D + F within a family, D + F + A
between two calls of one model (tetrachoric correlations).
"""

import math
from statistics import NormalDist
from typing import Any, Final, TypeAlias

import numpy as np

Numbers: TypeAlias = Any
"""A float, or an array of floats."""

_LOGISTIC: Final = 1.702
"""Φ(x) ≈ 1 / (1 + exp(−1.702 x)), within 0.01 (Haley 1952)."""

NORMAL: Final = NormalDist()


def chance(standing: Numbers, noise: float) -> Numbers:
    """Probability to answer rightly at a standing without noise; `noise` is its standard deviation."""
    return sigmoid(standing * (_LOGISTIC / noise))


def sigmoid(x: Numbers) -> Numbers:
    """The logistic function."""
    if isinstance(x, np.ndarray):
        return 1.0 / (1.0 + np.exp(np.clip(-x, -60.0, 60.0)))
    return 1.0 / (1.0 + math.exp(min(60.0, max(-60.0, -x))))


def knowledge(found: Numbers, power: float) -> Numbers:
    """Share of what all the evidence is worth, of the share that was found: the last piece counts most."""
    return found**power


def is_right(standing: Numbers, noise: float, normal: Numbers) -> Numbers:
    """Whether a call answers rightly, with a standard normal number of its own."""
    return standing + noise * normal > 0.0


def popular_share(standing: Numbers, base: float, slope: float) -> Numbers:
    """Share of wrong answers that are the popular one.

    What is near an agent's reach goes wrong in the usual way; what is far beyond it, in any way.
    """
    return sigmoid(base + slope * standing)


def wrong_index(
    uniform: Numbers, popular: Numbers, own_share: float, own: Numbers, other: Numbers
) -> Numbers:
    """Which wrong answer: 0 the popular one, `own` that of this model, else `other`."""
    either = popular + (1.0 - popular) * own_share
    return own * ((uniform >= popular) & (uniform < either)) + other * (uniform >= either)


def weight(peers: Numbers, mine: Numbers, inertia: float, power: float) -> Numbers:
    """How much an answer weighs with a debater: of `peers` that give it, and of oneself (`mine` 0 or 1)."""
    return (peers + inertia * mine) ** power


def persuasion(
    right: Numbers, chance: Numbers, discernment: float, normal: Numbers, appeal: float
) -> Numbers:
    """Factor on the weight of an answer.

    A right one convinces whoever could have found it; any has its own appeal, a standard normal number that
    belongs to item and answer and so is the same for all who hear it.
    """
    x = discernment * right * chance + appeal * normal
    return np.exp(x) if isinstance(x, np.ndarray) else math.exp(x)


def hint_share(uniform: Numbers, mean: float) -> Numbers:
    """Probability to take up what a discussion suggests, whose strength is uniform in [0, 1).

    Its mean over discussions is `mean`; strong hints move everybody, weak ones nobody.
    """
    return uniform ** (1.0 / mean - 1.0) if mean > 0.0 else 0.0 * uniform


def renewed(before: Numbers, normal: Numbers, fresh: float) -> Numbers:
    """Noise of another try: partly that of the first, all of it where nothing new was said."""
    return (1.0 - fresh) ** 0.5 * before + fresh**0.5 * normal


def gained(gain: float, rise: float, level: Numbers) -> Numbers:
    """What the output of a failed test adds to a standing: more to abler models, nothing at the least."""
    x = gain + rise * level
    return np.maximum(0.0, x) if isinstance(x, np.ndarray) else max(0.0, x)


def noise_given(standing: Numbers, noise: float, was_right: Numbers, uniform: Numbers) -> Numbers:
    """The noise of a call that is known to have been right or wrong, from a uniform number.

    It is a normal number on its side of the threshold, by inverting its distribution function.
    """
    wrong = NORMAL.cdf(-standing / noise)
    share = wrong + (1.0 - wrong) * uniform if was_right else wrong * uniform
    return NORMAL.inv_cdf(min(1.0 - 1e-9, max(1e-9, share)))


def merit(right: Numbers, noise: float, normal: Numbers) -> Numbers:
    """What a judge sees in an answer: 1 if it is right, and its own error."""
    return right + noise * normal


def seconds(tokens: Numbers, fixed: float, per_token: float, spread: float, normal: Numbers) -> Numbers:
    """Seconds of a call: a line in its completion tokens, times a log-normal factor whose median is 1."""
    x = spread * normal
    return (fixed + per_token * tokens) * (np.exp(x) if isinstance(x, np.ndarray) else math.exp(x))


def length(mu: Numbers, sigma: Numbers, normal: Numbers) -> Numbers:
    """Completion tokens of a reply, log-normal."""
    x = mu + sigma * normal
    return np.exp(x) if isinstance(x, np.ndarray) else math.exp(x)
