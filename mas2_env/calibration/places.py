"""Which setting, profile and stratum an entry of a figures file is about."""

from collections.abc import Mapping
from typing import Any, Final

_STRATA: Final = ("level", "subject", "difficulty")


def setting_of(entry: Mapping[str, Any]) -> str:
    """Name of the setting: recording and benchmark."""
    source = str(entry.get("source", "")).removesuffix(" (cheaper models)")
    if source.startswith("dylan_mmlu"):
        return f"{source}/MMLU"
    if source in ("dylan_math_cot", "dylan_math_complex"):
        return f"{source}/MATH"
    if source == "dylan_humaneval":
        return f"{source}/HumanEval"
    if source in ("hotpot_pipelines", "reflexion_hotpotqa", "fireact"):
        return f"{source}/HotpotQA"
    if source == "mint":
        source = "mint_runs"
    return f"{source}/{entry.get('benchmark') or entry.get('metric') or entry.get('domain') or 'all'}"


def pair_alone(setting: str) -> bool:
    """Whether the two that go on to the last round of a recorded debate hear none but each other there."""
    return setting.startswith("dylan_math")


def profile_of(entry: Mapping[str, Any]) -> str:
    """Who answers: the model, and its role, system or prompt where the recording tells them apart."""
    model = str(entry.get("model", "all"))
    said = [
        str(entry[key])
        for key in ("agent", "system", "variant", "edit_format", "date")
        if entry.get(key) is not None
    ]
    return "|".join((model, *said))


def variant_of(entry: Mapping[str, Any]) -> str:
    """Whose reply: the profile, and what else its length or form may hang on."""
    said = [f"{key}={entry[key]}" for key in ("action", "round", "level") if entry.get(key) is not None]
    return "|".join((profile_of(entry), *said))


def stratum_of(entry: Mapping[str, Any]) -> str:
    """Name of the level or subject; empty for all items."""
    for key in _STRATA:
        if entry.get(key) is not None:
            return f"{key}={entry[key]}"
    return ""
