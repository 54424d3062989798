"""Keyed draws: an item is a pure function of its generator's name and version, the seed and the index."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def key(*parts: object) -> bytes:
    """16 bytes of BLAKE2b over the parts."""
    return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()


def noise(*parts: object) -> float:
    """A draw keyed by the parts: a sum of twelve uniforms, close to normal, mean 0, variance 1."""
    state = int.from_bytes(key(*parts), "big")
    return sum((state >> (10 * i)) & 1023 for i in range(12)) / 1024 - 6 + 12 / 2048


class Draw:
    """A stream of draws from one key. Only `random()` is used, whose values Python promises to keep.

    `serial` is the number of the item that is drawn, which no other item of its task has (`coins.serial`).
    """

    __slots__ = ("random", "serial")

    def __init__(self, *parts: object, serial: int = 0) -> None:
        self.serial = serial
        self.random = random.Random(int.from_bytes(key(*parts), "big")).random

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, uniformly."""
        return options[int(self.random() * len(options))]

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high], uniformly."""
        return low + int(self.random() * (high - low + 1))

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """`count` different options (all, if there are fewer), in random order."""
        rest = list(options)
        chosen: list[T] = []
        while rest and len(chosen) < count:
            place = int(self.random() * len(rest))
            chosen.append(rest[place])
            rest[place] = rest[-1]
            rest.pop()
        return chosen

    def chance(self, share: float) -> bool:
        """True in this share of draws."""
        return self.random() < share
