"""Fit of how long calls take.

Lines that were measured are taken as they are. Of whole pipelines the mean alone was measured; what of it is
fixed, and how it scatters, is as in the measured lines on average. Of models that nobody timed the price is
known: over models of which Aider published times, tokens and costs of its exercises, the seconds of a
completion token go with a power of the mean price of a token (Theil and Sen: the median slope over all
pairs), once the fixed part of each call is taken off. Aider's timer runs while the model is asked and its
edits are made, not while tests run (benchmark/benchmark.py).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from msgspec.structs import replace

from mas2_env.abilities import Latency
from mas2_env.backends.calibrated import BY_PRICE, Calibration, Setting
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.places import profile_of

_MEAN: Final = "seconds"
_ROBUST: Final = 1.4826
"""Standard deviation of a normal number in units of its median absolute deviation."""


def fit_latency(calibration: Calibration, figures: Sequence[Figure]) -> Calibration:
    """The calibration with a latency for each recorded model or system, and one by price."""
    entries = {id(f.entry): f.entry for f in figures if f.section == "latency"}.values()
    lines: dict[str, list[Latency]] = defaultdict(list)
    for entry in entries:
        if _MEAN not in entry:
            lines[profile_of(entry)].append(_line(entry))
    timed = {name: _together(found) for name, found in lines.items()}
    usual = _together([line for found in lines.values() for line in found]) if lines else Latency(0.0, 0.0)
    whole = {
        profile_of(entry): _of_mean(entry, usual, usual_tokens(calibration, entry))
        for entry in entries
        if _MEAN in entry
    }
    tests = {id(f.entry): f.entry for f in figures if f.section == "retry_with_test_output"}.values()
    priced = {BY_PRICE: _by_price(list(tests), usual)} if lines else {}
    found = {name: _rounded(it) for name, it in sorted({**timed, **whole, **priced}.items())}
    return replace(calibration, latency=found)


def lengths_at(settings: Mapping[str, Setting], entry: Mapping[str, Any]) -> tuple[float, float]:
    """Mean and standard deviation of log lengths where an entry's times were taken.

    Those of its model or system; where they were not counted, of all in the recording together; (0, 0), which
    is one token, where nothing was.
    """
    source, who = str(entry["source"]), profile_of(entry).removeprefix("all|")
    here = [s.tokens for name, s in settings.items() if name.partition("/")[0] == source]
    all_of_them = [(name, found) for tokens in here for name, found in tokens.items()]
    own = [found for name, found in all_of_them if who in name.split("|")]
    chosen = own or [found for _, found in all_of_them]
    if not chosen:
        return 0.0, 0.0
    return sum(m for m, _ in chosen) / len(chosen), sum(s for _, s in chosen) / len(chosen)


def usual_tokens(calibration: Calibration, entry: Mapping[str, Any]) -> float:
    """Mean length of a reply, or of all replies of a pipeline, where an entry's times were taken."""
    mean, spread = lengths_at(calibration.setting, entry)
    return math.exp(mean + spread**2 / 2.0)


def _line(entry: Mapping[str, Any]) -> Latency:
    return Latency(entry["seconds_fixed"], entry["seconds_per_completion_token"], entry["log_residual_sd"])


def _together(lines: Sequence[Latency]) -> Latency:
    """Geometric means of what lines have in seconds, the mean of their spreads."""

    def mean(values: Sequence[float]) -> float:
        return math.exp(sum(math.log(max(value, 1e-6)) for value in values) / len(values))

    spread = sum(line.spread for line in lines) / len(lines)
    return Latency(mean([line.fixed for line in lines]), mean([line.per_token for line in lines]), spread)


def _of_mean(entry: Mapping[str, Any], usual: Latency, tokens: float) -> Latency:
    """The line that has a measured mean at the mean length, and the shape of the usual one."""
    mean = entry[_MEAN]["value"] * math.exp(-(usual.spread**2) / 2.0)
    scale = mean / ((usual.fixed + usual.per_token * tokens) or 1.0)
    return Latency(usual.fixed * scale, usual.per_token * scale, usual.spread)


def _by_price(entries: Sequence[Mapping[str, Any]], usual: Latency) -> Latency:
    points = []
    for entry in entries:
        tokens, cost = entry.get("completion_tokens_per_case"), entry.get("total_cost_usd")
        if tokens and cost:
            first = entry["first"]
            price = 1e6 * cost / first["n"] / (tokens + entry["prompt_tokens_per_case"])
            written = entry["seconds_per_case"] - usual.fixed * (2.0 - first["p"])
            if written > 0.0:
                points.append((math.log(price), math.log(written / tokens)))
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[:i] if a[0] != b[0]]
    if not slopes:
        return usual
    power = median(slopes)
    height = median([y - power * x for x, y in points])
    apart = _ROBUST * median([abs(y - power * x - height) for x, y in points])
    return Latency(usual.fixed, math.exp(height), usual.spread, power, apart)


def _rounded(it: Latency) -> Latency:
    line = Latency(round(it.fixed, 4), round(it.per_token, 6), round(it.spread, 4))
    return replace(line, power=round(it.power, 3), apart=round(it.apart, 3)) if it.power else line
