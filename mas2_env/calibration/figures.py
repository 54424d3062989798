"""Figures measured on recorded runs: one number of one entry of a section, with its interval.

A figures file is JSON with `sections`: by name, a list of entries. An entry says what was measured (source,
benchmark, model, number of agents, round …) and holds one or more numbers:

- a proportion `p` or a `value`, with `ci`, at the top or under a key of its own,
- other statistics with an interval under `<key>_ci`,
- in sections that give no intervals, plain numbers.

Every number that has an interval is a figure. In an entry without any interval, every number that is listed
in `BARE` is one. What merely restates a figure (counts, medians, the mean of a log-normal) is not counted
twice.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError

CORE: Final = (
    "accuracy",
    "item_difficulty_beta",
    "same_model_correlation",
    "cross_model_summary",
    "cross_model_correlation",
    "rasch",
    "model_vote",
    "vote_gain",
    "pass_at_k",
    "selection_gain",
    "self_written_tests",
    "debate_transition",
    "debate_conformity",
    "debate_stop",
    "debate_outcome",
    "retry_qa",
    "retry_code",
    "reflection_code",
    "critic_verdict",
    "accuracy_by_retrieval",
    "completion_tokens",
    "malformed",
)
"""Sections that a policy's decisions rest on."""

POINTS: Final = 0.02
"""A figure is inside, too, when it is nearer to the measured one than this."""

_TOKENS: Final = 0.05
_LOGS: Final = ("completion_tokens", "prompt_tokens")
_STATISTICS: Final = ("alpha", "beta", "icc", "vote", "any", "mu", "sigma", "a", "b")
_BARE: Final = {
    "cross_model_summary": (
        "mean_phi",
        "mean_tetrachoric",
        "mean_phi_similar_accuracy",
        "mean_tetrachoric_similar_accuracy",
    ),
    "rasch": ("difficulty_sd", "ability_sd", "residual_corr_same_family", "residual_corr_other_family"),
    "latency": ("seconds_fixed", "seconds_per_completion_token", "log_residual_sd"),
    "agent_pass_hat_k": ("icc",),
}
_NAMES: Final = (
    "source",
    "benchmark",
    "metric",
    "kind",
    "model",
    "models",
    "model_a",
    "model_b",
    "agent",
    "system",
    "pool",
    "variant",
    "setting",
    "sampling",
    "subject",
    "level",
    "difficulty",
    "domain",
    "critic",
    "selector",
    "feedback",
    "what",
    "verdict",
    "stage",
    "retrieval",
    "reflections",
    "searches",
    "me",
    "plurality",
    "plurality_size",
    "peers",
    "from_round",
    "own_right",
    "peers_right",
    "round",
    "trial",
    "turn",
    "action",
    "edit_format",
    "date",
    "k",
)


class Figure(Struct, frozen=True, eq=False):
    """One measured number.

    Attributes:
        section: where it stands.
        name: section, what was measured, and which statistic; unique in its file.
        key: the statistic: `p`, `value` or the key that it stands under.
        entry: the whole entry, which holds the protocol.
        measured: the number.
        low, high: its 95 % interval; None where none was measured.
        tolerance: how near counts as inside besides.
    """

    section: str
    name: str
    key: str
    entry: dict[str, Any]
    measured: float
    low: float | None
    high: float | None
    tolerance: float

    @property
    def core(self) -> bool:
        """Whether its section is one of `CORE`."""
        return self.section in CORE

    def inside(self, simulated: float) -> bool:
        """Whether a simulated value is in the interval or near enough to the measured one."""
        if abs(simulated - self.measured) <= self.tolerance:
            return True
        return self.low is not None and self.high is not None and self.low <= simulated <= self.high


def read_figures(path: str) -> list[Figure]:
    """All figures of a file.

    Raises:
        DataError: if the file cannot be read or is no file of figures.
    """
    try:
        raw = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: not JSON: {error}") from None
    sections = raw.get("sections") if isinstance(raw, dict) else None
    if not isinstance(sections, dict) or not all(isinstance(entries, list) for entries in sections.values()):
        raise DataError(f"{path}: expected an object with `sections`, an object of lists of entries")
    figures = [
        figure
        for section, entries in sections.items()
        for number, entry in enumerate(entries)
        for figure in _of_entry(section, entry, f"{path}: {section}[{number}]")
    ]
    return _distinct(figures)


def _of_entry(section: str, entry: Any, where: str) -> list[Figure]:
    if not isinstance(entry, dict):
        raise DataError(f"{where}: expected an object, got {type(entry).__name__}")
    found: list[tuple[str, float, Any]] = []
    for key in ("p", "value"):
        if key in entry and "ci" in entry:
            found.append((key, entry[key], entry["ci"]))
    for key, part in entry.items():
        if isinstance(part, dict) and "ci" in part:
            found.append((key, part["p"] if "p" in part else part["value"], part["ci"]))
    found += [(key, entry[key], entry[f"{key}_ci"]) for key in _STATISTICS if f"{key}_ci" in entry]
    if not found:
        found = [(key, entry[key], None) for key in _BARE.get(section, ()) if entry.get(key) is not None]
    if not found and isinstance(entry.get("pass_hat"), list):
        found = [(f"pass^{k}", value / 100.0, None) for k, value in enumerate(entry["pass_hat"], start=1)]
    try:
        return [_figure(section, entry, key, value, interval) for key, value, interval in found]
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {error}") from None


def _figure(section: str, entry: dict[str, Any], key: str, value: Any, interval: Any) -> Figure:
    measured = float(value)
    tolerance = _TOKENS * measured if section in _LOGS and key == "mu" else POINTS
    low, high = (None, None) if interval is None else (float(interval[0]), float(interval[1]))
    said = [f"{name}={_shown(entry[name])}" for name in _NAMES if entry.get(name) is not None]
    return Figure(section, " ".join((section, *said, key)), key, entry, measured, low, high, tolerance)


def _shown(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def _distinct(figures: list[Figure]) -> list[Figure]:
    """Number those that would share a name."""
    seen: dict[str, int] = {}
    named = []
    for figure in figures:
        count = seen[figure.name] = seen.get(figure.name, 0) + 1
        named.append(
            figure if count == 1 else msgspec.structs.replace(figure, name=f"{figure.name} ({count})")
        )
    return named
