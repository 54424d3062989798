"""Fitting JSON into a bound without breaking it."""

import json
from typing import Any

_CAPS = (4000, 1000, 250, 60, 16)
_MOST = 600


def shorten_json(text: str, bound: int) -> str:
    """A JSON text of at most `bound` characters: the same one if it fits, else parts are cut.

    Lists are cut to 600 entries, and strings to ever fewer characters, down to 16, until the whole fits.

    Raises:
        ValueError: if it does not fit even so.
    """
    if len(text) <= bound:
        return text
    value = json.loads(text)
    for cap in _CAPS:
        short = json.dumps(_cut(value, cap), ensure_ascii=False, separators=(",", ":"))
        if len(short) <= bound:
            return short
    raise ValueError(f"a JSON text of {len(text)} characters does not fit into {bound}")


def _cut(value: Any, cap: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= cap else value[: cap - 1] + "…"
    if isinstance(value, list):
        return [_cut(part, cap) for part in value[:_MOST]]
    if isinstance(value, dict):
        return {key: _cut(part, cap) for key, part in value.items()}
    return value
