"""Coined words: each number gives another one, so a name tells its item from all others."""

from functools import cache

from mas2_tasks.procedural.draw import Draw


def _syllables(onsets: str, vowels: str, codas: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        [onset + vowel + coda for onset in onsets.split() for vowel in vowels.split() for coda in codas]
    )


# A run of consonants between vowels reads in one way only: onsets that begin with a coda are single letters.
_CODAS = ("", "l", "n", "r")
_FIRST = _syllables(
    "b bl br c cl cr d dr f fr g gl gr h j k l m n p pr r s sh st t th tr v w wh y", "a e i o u ai ea", _CODAS
)
_LATER = _syllables("b br d dr f g gr h k l m n p r s sh st t th tr v w", "a e i o u y", _CODAS)
_TIERS = ((2, 23, 17), (3, 32, 26), (4, 41, 35))
"""Syllables before the ending, bits of the numbers that are written with them, bits of these for an index."""

SEEDS = 64
"""Seeds from 0 up to this have numbers of their own."""
USUAL = 1 << _TIERS[0][1]
"""Numbers that give words of two syllables and an ending."""


def serial(seed: int, index: int) -> int:
    """The number of an item: no two indices below 2^35 of one seed share one, nor do the first `SEEDS` seeds.

    Those of other seeds coincide with theirs only by chance.
    """
    folded, shift = (seed, 0) if 0 <= seed < SEEDS else _fold(seed)
    base = 0
    for _, bits, low in _TIERS:
        if index < 1 << low or low == _TIERS[-1][2]:
            return base + (folded << low | (index ^ shift) & ((1 << low) - 1))
        base += 1 << bits
    raise AssertionError("the last tier takes every index")


@cache
def _fold(seed: int) -> tuple[int, int]:
    mixed = _scrambled(seed & 0xFFFF_FFFF_FFFF, 48)
    return mixed % SEEDS, mixed >> 8 & 0x1FFFF


def item_draw(name: str, version: str, seed: int, index: int) -> Draw:
    """The draws of the item at `index`."""
    return Draw(name, version, seed, index, serial=serial(seed, index))


def coin(number: int, ends: tuple[str, ...]) -> str:
    """The word of a number, from 0 on, with one of at least 18 endings; other numbers give other words."""
    for syllables, bits, _ in _TIERS:
        if number < 1 << bits or syllables == _TIERS[-1][0]:
            break
        number -= 1 << bits
    rest = _scrambled(number & ((1 << bits) - 1), bits)
    rest, last = divmod(rest, len(ends))
    rest, place = divmod(rest, len(_FIRST))
    word = _FIRST[place]
    for _ in range(syllables - 1):
        rest, place = divmod(rest, len(_LATER))
        word += _LATER[place]
    return word.capitalize() + ends[last]


def _scrambled(number: int, bits: int) -> int:
    """A permutation of the numbers of that many bits, in which neighbours are far apart."""
    mask, half = (1 << bits) - 1, bits // 2
    for factor in (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7):
        number = (number * factor + 0x632BE59BD9B4E019) & mask
        number ^= number >> half
    return number
