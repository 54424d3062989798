"""Features of a query's text.

They are made of words and characters alone; nothing is learned and nothing is looked up.
"""

import re
from functools import lru_cache
from math import log2
from typing import Final
from zlib import crc32

BAG: Final = 64
QUERY_SIZE: Final = BAG + 6

_WORD = re.compile(r"\w+")
_DIGITS: Final = frozenset("0123456789")
_READ: Final = 20_000


@lru_cache(maxsize=1024)
def encode_query(query: str) -> tuple[float, ...]:
    """70 numbers in [0, 1].

    The first 64 are a hashed bag of words: the lower-cased words are sorted into 64 buckets by CRC-32, and a
    bucket with n of them gives n / (n + 1). Then: length in characters (log scale up to 20,000), number of
    words (log scale up to 4,000), share of digits, share of upper-case letters, share of lines that are
    indented (code), and whether a question mark stands in it. Only the first 20,000 characters are read.
    """
    text = query[:_READ]
    words = _WORD.findall(text.lower())
    counts = [0] * BAG
    for word in words:
        counts[crc32(word.encode(errors="surrogatepass")) % BAG] += 1
    size = max(1, len(text))
    lines = text.split("\n")
    return (
        *[count / (count + 1) for count in counts],
        log2(1 + len(text)) / log2(1 + _READ),
        min(1.0, log2(1 + len(words)) / log2(4001)),
        sum(map(text.count, _DIGITS)) / size,
        sum(map(str.isupper, text)) / size,
        sum(line.startswith(("  ", "\t")) for line in lines) / len(lines),
        float("?" in text),
    )
