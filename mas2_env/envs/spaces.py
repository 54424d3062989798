"""The string space of observations and text actions, and the space of array actions.

Gymnasium's `Text` checks every character against a character set and refuses a space or a dash; texts of
language models need a space that takes any string. `Prose` is one, and it can also be put into the shared
memory of `AsyncVectorEnv`: importing this module registers the handlers for that.
"""

import multiprocessing
from collections.abc import Iterable, Sequence
from ctypes import c_uint8
from typing import Any, overload

import numpy as np
from gymnasium.spaces import MultiDiscrete, Space
from gymnasium.vector.utils import create_empty_array
from gymnasium.vector.utils.shared_memory import (
    create_shared_memory,
    read_from_shared_memory,
    write_to_shared_memory,
)
from numpy.typing import NDArray

SAMPLE_LENGTH = 64
"""Longest string that `Prose.sample` gives: samples serve checks, and those need no long texts."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 {}[]\":,.'\n\t—éß漢😀"
_HEADER = 8
_BYTES_PER_CHAR = 4


class Prose(Space[str]):
    """Every string of at most `max_length` characters, the empty one included.

    Args:
        max_length: the bound, in characters (code points).
        seed: of `sample`.

    Raises:
        ValueError: if `max_length` is below 1.
    """

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        if isinstance(max_length, bool) or not isinstance(max_length, int | np.integer) or max_length < 1:
            raise ValueError(f"max_length is {max_length!r}, expected an int of at least 1")
        self.max_length = int(max_length)
        super().__init__(shape=None, dtype=None, seed=seed)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a string within the bound; takes the same time for any string."""
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """A random string of at most 64 characters, non-ASCII ones among them.

        Args:
            mask: None, or `(length, None)` as for Gymnasium's `Text`, which fixes the length.
            probability: as `mask`.

        Raises:
            ValueError: if the mask is something else, or both are given.
        """
        if mask is not None and probability is not None:
            raise ValueError("give mask or probability, not both")
        length = self._length(probability if mask is None else mask)
        letters = self.np_random.integers(len(_ALPHABET), size=length)
        return "".join([_ALPHABET[i] for i in letters])

    def _length(self, mask: Any | None) -> int:
        if mask is None:
            return int(self.np_random.integers(min(self.max_length, SAMPLE_LENGTH) + 1))
        if isinstance(mask, tuple) and len(mask) == 2 and mask[1] is None:
            length = mask[0]
            if isinstance(length, int | np.integer) and 0 <= length <= self.max_length:
                return int(length)
        raise ValueError(
            f"mask is {mask!r}, expected None or (length, None) with a length in [0, {self.max_length}]"
        )

    @property
    def is_np_flattenable(self) -> bool:
        """False: strings have no fixed-size array form."""
        return False

    def to_jsonable(self, sample_n: Iterable[str]) -> list[str]:
        """A batch of samples as JSON-able data: the strings themselves."""
        return list(sample_n)

    def from_jsonable(self, sample_n: list[Any]) -> list[str]:
        """The batch that `to_jsonable` was given."""
        return [str(sample) for sample in sample_n]

    def __repr__(self) -> str:
        return f"Prose({self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prose) and self.max_length == other.max_length

    def __hash__(self) -> int:
        return hash((Prose, self.max_length))


class DecisionSpace(MultiDiscrete[np.int64]):
    """A `MultiDiscrete` that can be sampled with one flat mask for all of its dimensions.

    Args:
        nvec: number of values of each dimension; dimensions begin at 0.
        seed: of `sample`.
    """

    def __init__(
        self, nvec: Sequence[int] | NDArray[np.int64], seed: int | np.random.Generator | None = None
    ) -> None:
        super().__init__(np.asarray(nvec, dtype=np.int64), np.int64, seed)
        self._ends = np.cumsum(self.nvec)
        self._begins = self._ends - self.nvec

    @property
    def mask_size(self) -> int:
        """Length of the flat mask: the sum of `nvec`."""
        return int(self._ends[-1])

    def sample(
        self,
        mask: Any | None = None,
        probability: Any | None = None,
    ) -> NDArray[np.int64]:
        """A random element.

        Args:
            mask: int8 of shape (sum of `nvec`,), the dimensions' masks one after another as in
                `info["action_mask"]`; or Gymnasium's tuple of one mask per dimension. Values with a 1 are
                drawn uniformly; a dimension without any gives 0.
            probability: Gymnasium's tuple of one distribution per dimension.

        Raises:
            ValueError: if a flat mask has another shape or dtype, or values besides 0 and 1.
        """
        if not isinstance(mask, np.ndarray):
            return super().sample(mask, probability)
        if probability is not None:
            raise ValueError("give mask or probability, not both")
        if mask.shape != (self.mask_size,) or mask.dtype != np.int8:
            raise ValueError(
                f"the mask has shape {mask.shape} and dtype {mask.dtype}, "
                f"expected ({self.mask_size},) and int8"
            )
        if np.any((mask != 0) & (mask != 1)):
            raise ValueError("the mask has values besides 0 and 1")
        total = np.cumsum(mask, dtype=np.int64)
        below = total[self._begins] - mask[self._begins]
        count = total[self._ends - 1] - below
        drawn = (self.np_random.random(len(count)) * count).astype(np.int64)
        index = np.searchsorted(total, below + drawn + 1)
        return np.where(count > 0, index - self._begins, 0)

    def allows(self, mask: NDArray[np.int8], action: NDArray[np.int64]) -> bool:
        """Whether every value of an action (an element of this space) has a 1 in a flat mask."""
        return bool(np.all(mask[self._begins + action] == 1))

    def __repr__(self) -> str:
        return f"DecisionSpace({self.nvec.tolist()})"


class SharedProse(Sequence[str]):
    """The strings of `n` environments in shared memory, read when they are looked at.

    `AsyncVectorEnv` asks for its observations once, when it is made, and copies them after every step. Arrays
    then show the present memory, but strings made once would stay what they were; so this is a view, and its
    copy (shallow or deep) is the tuple of the present strings.
    """

    def __init__(self, memory: Any, n: int, max_length: int) -> None:
        self._bytes: NDArray[np.uint8] = np.frombuffer(memory.get_obj(), dtype=np.uint8).reshape(
            n, _HEADER + _BYTES_PER_CHAR * max_length
        )

    def write(self, index: int, text: str) -> None:
        """Put the string of an environment into the memory."""
        data = text.encode(errors="surrogatepass")
        row = self._bytes[index]
        row[:_HEADER] = np.frombuffer(len(data).to_bytes(_HEADER, "little"), dtype=np.uint8)
        row[_HEADER : _HEADER + len(data)] = np.frombuffer(data, dtype=np.uint8)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        row = self._bytes[index]
        size = int.from_bytes(row[:_HEADER].tobytes(), "little")
        data: bytes = row[_HEADER : _HEADER + size].tobytes()
        return data.decode(errors="surrogatepass")

    def __len__(self) -> int:
        return len(self._bytes)

    def __copy__(self) -> tuple[str, ...]:
        return tuple(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[str, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return f"SharedProse({tuple(self)!r})"


@create_empty_array.register(Prose)
def _empty(space: Prose, n: int = 1, fn: Any = np.zeros) -> tuple[str, ...]:
    return ("",) * n


@create_shared_memory.register(Prose)
def _create(space: Prose, n: int = 1, ctx: Any = None) -> Any:
    size = n * (_HEADER + _BYTES_PER_CHAR * space.max_length)
    return (multiprocessing if ctx is None else ctx).Array(c_uint8, size)


@read_from_shared_memory.register(Prose)
def _read(space: Prose, shared_memory: Any, n: int = 1) -> SharedProse:
    return SharedProse(shared_memory, n, space.max_length)


@write_to_shared_memory.register(Prose)
def _write(space: Prose, index: int, value: str, shared_memory: Any) -> None:
    size = len(shared_memory.get_obj()) // (_HEADER + _BYTES_PER_CHAR * space.max_length)
    SharedProse(shared_memory, size, space.max_length).write(index, value)
