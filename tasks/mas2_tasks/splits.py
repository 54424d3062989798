"""Which split an item belongs to: by its content where there are records, by its index where it is generated.

Both ways are salted hashes, so that the parts look alike and none follows from another by shifting. The salts
and shares below are part of the benchmark: changing one needs a new `SPLITS_VERSION`.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean

Part: TypeAlias = Literal["train", "validation", "test"]

PARTS: Final[tuple[Part, ...]] = get_args(Part)
SPLITS_VERSION: Final = "1"
TEST_SHARE: Final = 0.2
VALIDATION_SHARE: Final = 0.2
"""Of all items; the rest is `train`."""
OFFICIAL_VALIDATION_SHARE: Final = 0.1
"""Of an official training set, where there is an official test set."""

_SALT: Final[Mapping[str, bytes]] = {
    "test": bytes.fromhex("d13b7c0e5f5a4a4f9a2e8c6471b0e8a3"),
    "validation": bytes.fromhex("46e0a97b2c8d4e1db7f5036ce29d1f58"),
}
_BLOCK = 5
"""Consecutive indices, of which one is held out for testing and one for validation."""


def check_split(task: str, split: str) -> None:
    """Refuse what is no split.

    Raises:
        DataError: if it is none of `all`, `train`, `validation` and `test`.
    """
    known = ("all", *PARTS)
    if split not in known:
        near = did_you_mean(str(split), known) or f"; there are {', '.join(known)}"
        raise DataError(f"{task}: there is no split {split!r}{near}")


def content_key(text: str) -> bytes:
    """What of a text counts as its content: letters and signs in Unicode's NFKC without case, words apart."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).encode("utf-8", "surrogatepass")


def part_of_content(text: str) -> Part:
    """The split of a record by its text, in one set that has no official splits.

    A fraction `TEST_SHARE` of all texts is `test`, `VALIDATION_SHARE` is `validation`, by SHA-256.
    """
    content = content_key(text)
    if _fraction("test", content) < TEST_SHARE:
        return "test"
    return "validation" if _fraction("validation", content) < VALIDATION_SHARE / (1 - TEST_SHARE) else "train"


def training_part(text: str) -> Part:
    """The split of a record of an official training set, `OFFICIAL_VALIDATION_SHARE` being `validation`."""
    fraction = _fraction("validation", content_key(text))
    return "validation" if fraction < OFFICIAL_VALIDATION_SHARE else "train"


def _fraction(salt: str, content: bytes) -> float:
    return int.from_bytes(_hash(salt, content)[:8], "big") / 2**64


def _hash(salt: str, content: bytes) -> bytes:
    return hashlib.sha256(_SALT[salt] + content).digest()


def part_of_index(key: str, index: int) -> Part:
    """The split of the generated item at an index; `key` names the generator and its seed."""
    block, place = divmod(index, _BLOCK)
    test, validation = _held_out(key, block)
    if place == test:
        return "test"
    return "validation" if place == validation else "train"


def index_in_part(key: str, part: Part, index: int) -> int:
    """The index among all generated items of the item at `index` of a split; in constant time."""
    if part != "train":
        return _BLOCK * index + _held_out(key, index)[part == "validation"]
    block, place = divmod(index, _BLOCK - 2)
    held = _held_out(key, block)
    return _BLOCK * block + [other for other in range(_BLOCK) if other not in held][place]


def _held_out(key: str, block: int) -> tuple[int, int]:
    """Places in a block of its test item and its validation item."""
    content = f"{key}{block}".encode()
    test = int.from_bytes(_hash("test", content)[:8], "big") % _BLOCK
    validation = int.from_bytes(_hash("validation", content)[:8], "big") % (_BLOCK - 1)
    return test, validation + (validation >= test)


def count_parts(parts: Iterable[Part]) -> dict[str, int]:
    """Number of items in each split."""
    counts: dict[str, int] = dict.fromkeys(PARTS, 0)
    for part in parts:
        counts[part] += 1
    return counts
