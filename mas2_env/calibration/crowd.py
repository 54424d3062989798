"""Many agents at many items: the laws of `mas2_env.backends.laws`, drawn for whole arrays.

Answers are small integers: 0 is right, 1 the popular wrong answer, larger ones others, and `NONE` no answer,
which equals nothing. Items are rows.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from mas2_env.backends import laws
from mas2_env.backends.calibrated import Setting, lineage
from mas2_env.backends.draws import UNIT, normals

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Answers: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

NONE: Final = -1


class Source:
    """Uniform and normal numbers that belong to some names."""

    def __init__(self, *names: str) -> None:
        text = "\x1e".join(names).encode()
        seed = int.from_bytes(blake2b(text, digest_size=16, person=b"simulator check").digest(), "little")
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def bits(self, *shape: int) -> npt.NDArray[np.uint32]:
        """Uniform integers of 32 bits."""
        return self._generator.integers(0, 1 << 32, size=shape, dtype=np.uint32)

    def uniform(self, *shape: int) -> Floats:
        """Uniform numbers in [0, 1)."""
        return self.bits(*shape) * UNIT

    def normal(self, *shape: int) -> Floats:
        """Standard normal numbers, by the table that episodes use."""
        return normals(self.bits(*shape))


class Crowd:
    """Agents at the items of one setting.

    Args:
        setting: its parameters.
        name: what draws belong to.
        items: how many.
        stratum: name of a level or subject; its items alone.
    """

    def __init__(self, setting: Setting, name: str, items: int, stratum: str = "") -> None:
        self.setting = setting
        self.items = items
        self._name = (name, stratum)
        self._appeals: Floats | None = None
        share, shift = setting.difficulty, 0.0
        if stratum:
            shift = setting.strata.get(stratum, 0.0)
            share = max(0.02, share - _between(setting, stratum))
        self.burden: Floats = shift + share**0.5 * Source(*self._name, "difficulty").normal(items)

    def standing(self, model: str, level: float) -> Floats:
        """Standing of a model at each item, without noise."""
        difficulty, family, affinity = self.setting.shares(model)
        kin = Source(*self._name, "family", lineage(model)).normal(self.items)
        own = Source(*self._name, "affinity", model).normal(self.items)
        burden = self.burden * (difficulty / max(1e-9, self.setting.difficulty)) ** 0.5
        standing: Floats = level - burden + family**0.5 * kin + affinity**0.5 * own
        return standing

    def favourite(self, model: str) -> Answers:
        """The wrong answer that a model falls for at each item, as an index from 0."""
        bits = Source(*self._name, "favourite", model).bits(self.items)
        index: Answers = (bits.astype(np.int64) * self.setting.choices) >> 32
        return index

    def appeal(self, answers: Answers) -> Floats:
        """How appealing each answer is, the same for all who hear it, as a standard normal number."""
        if self._appeals is None:
            self._appeals = Source(*self._name, "appeal").normal(self.items, self.setting.choices + 3)
        return np.take_along_axis(self._appeals, answers.clip(0, self.setting.choices + 2), axis=1)

    def hint(self, model: str, standing: Floats, turn: int) -> tuple[Answers, Floats]:
        """What a discussion suggests to all agents of one model in it, and how strongly."""
        source = Source(*self._name, "hint", model, str(turn))
        return self.answer(model, standing[:, None], source)[:, 0], source.uniform(self.items)

    def replies(self, model: str, level: float, failing: float, count: int = 1, tag: str = "") -> Answers:
        """Independent replies of a model, items × count; a share of them hold no answer."""
        source = Source(*self._name, "replies", model, tag)
        answers = self.answer(model, self.standing(model, level)[:, None], source, count)
        return np.where(source.uniform(self.items, count) < failing, NONE, answers)

    def answer(self, model: str, standing: Floats, source: Source, count: int = 1) -> Answers:
        """Answers at standings, items × count."""
        s = self.setting
        shape = (self.items, count)
        right = laws.is_right(standing, s.noise, source.normal(*shape))
        other = (source.uniform(*shape) * s.choices).astype(np.int64)
        popular = laws.popular_share(standing, s.popular, s.slope)
        own = self.favourite(model)[:, None]
        wrong = laws.wrong_index(source.uniform(*shape), popular, s.own, own, other)
        return np.where(right, 0, 1 + wrong)


@lru_cache(maxsize=512)
def _spread(setting_strata: tuple[tuple[str, float], ...]) -> float:
    values = np.array([shift for _, shift in setting_strata])
    return float(values.var()) if len(values) > 1 else 0.0


def _between(setting: Setting, stratum: str) -> float:
    kind = stratum.partition("=")[0]
    return _spread(tuple((k, v) for k, v in setting.strata.items() if k.partition("=")[0] == kind))


def vote(answers: Answers, source: Source) -> Answers:
    """The commonest answer of each row; ties by lot, `NONE` where nobody answered."""
    votes = (answers[:, :, None] == answers[:, None, :]).sum(2).astype(float)
    votes = np.where(answers == NONE, -1.0, votes) + 0.5 * source.uniform(*answers.shape)
    winners: Answers = answers[np.arange(len(answers)), votes.argmax(1)]
    return winners
