"""Keyed draws: every random number is a function of bytes, so that no generator and no order exist.

A model call brings 32 bytes of key, which are eight independent uniform integers of 32 bits. What belongs to
an item, or to an item and a backbone, is drawn from their names instead and so is the same in every episode.
"""

from hashlib import blake2b
from statistics import NormalDist
from struct import Struct as Layout
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Bits: TypeAlias = tuple[int, int, int, int, int, int, int, int]
"""Eight independent uniform integers in [0, 2³²)."""

UNIT: Final = 2.0**-32
"""Makes a uniform integer a uniform number in [0, 1)."""

_LAYOUT = Layout("<8I")
_LEVELS = 1024
_NORMAL: Final = tuple(NormalDist().inv_cdf((i + 0.5) / _LEVELS) for i in range(_LEVELS))
_SHIFT = 32 - _LEVELS.bit_length() + 1


def bits_of(key: bytes) -> Bits:
    """The eight integers of a 32-byte key."""
    bits: Bits = _LAYOUT.unpack(key)
    return bits


def bits_for(purpose: bytes, *names: str) -> Bits:
    """Eight integers that belong to some names. `purpose` (to 16 bytes) says what they are for."""
    text = "\x1e".join(names).encode(errors="surrogatepass")
    return bits_of(blake2b(text, digest_size=32, person=purpose).digest())


def more_bits(key: bytes, purpose: bytes) -> Bits:
    """Eight further integers of a key."""
    return bits_of(blake2b(key, digest_size=32, person=purpose).digest())


def normal(bits: int) -> float:
    """A standard normal number, in 1024 steps within ±3.3, of a uniform 32-bit integer."""
    return _NORMAL[bits >> _SHIFT]


_NORMALS: Final = np.array(_NORMAL)


def normals(bits: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """`normal` of each integer of an array."""
    numbers: npt.NDArray[np.float64] = _NORMALS[bits >> np.uint32(_SHIFT)]
    return numbers
