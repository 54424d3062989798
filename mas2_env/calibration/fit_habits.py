"""Fit of habits: what feedback, tests, reviews and evidence do.

Shares that were counted are taken as they are, with a little drawn in from the mean (`_share`); what acts
through the threshold model is found by simulated moments.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.fit_levels import PROBIT
from mas2_env.calibration.fit_moments import misfit, search
from mas2_env.calibration.places import profile_of, setting_of
from mas2_env.calibration.protocols_proposal import told_of
from mas2_env.calibration.protocols_retry import feedback_of

Bounds = list[tuple[float, float]]

_ITEMS: Final = 3_000
_GIVEN: Final = ("first_proposal", "no_proposal", "solved")
"""What a second proposal says nothing about."""


def fit_habits(calibration: Calibration, figures: Sequence[Figure]) -> Calibration:
    """The calibration with all habits."""
    counted = _reviews(figures) | _assertions(figures) | _retrieval(figures)
    calibration = replace(calibration, habit={**calibration.habit, **counted})
    for sections, name_of, start, strides, bounds in _SEARCHED:
        groups: dict[str, list[Figure]] = defaultdict(list)
        for figure in figures:
            if figure.section in sections and figure.key not in _GIVEN:
                for name in name_of(figure.entry):
                    groups[name].append(figure)
        for name, group in sorted(groups.items()):
            calibration = _searched(calibration, name, group, start, strides, bounds)
    return calibration


def _searched(
    calibration: Calibration,
    name: str,
    group: list[Figure],
    start: dict[str, float],
    strides: Sequence[float],
    bounds: Bounds,
) -> Calibration:
    def tried(point: list[float]) -> Calibration:
        values = {key: round(x, 3) for key, x in zip(start, point, strict=True)}
        return replace(calibration, habit={**calibration.habit, name: values})

    found = search(
        lambda point: misfit(group, tried(point), _ITEMS), list(start.values()), strides, bounds, sweeps=14
    )
    return tried(found)


def _turns(entry: dict[str, Any]) -> list[str]:
    return [f"turns {setting_of(entry)} {profile_of(entry)}"]


_SEARCHED: Final[list[tuple[tuple[str, ...], Any, dict[str, float], list[float], Bounds]]] = [
    (
        ("retry_qa",),
        lambda e: [f"retry {feedback_of(e)}"],
        {"gain": 0.1, "fresh": 0.3},
        [0.1, 0.2],
        [(0.0, 1.0), (0.0, 1.0)],
    ),
    (
        ("retry_code",),
        _turns,
        {"begin": 1.0, "pace": 0.6, "gain": 0.5, "fresh": 0.3},
        [1.0, 0.2, 0.4, 0.2],
        [(1.0, 5.0), (0.05, 0.99), (0.0, 5.0), (0.0, 1.0)],
    ),
    (
        ("retry_proposal", "retry_proposal_pooled"),
        lambda e: [told_of(e)],
        {"gain": 0.1, "fresh": 0.3},
        [0.1, 0.2],
        [(0.0, 2.0), (0.0, 1.0)],
    ),
    (
        ("retry_with_test_output",),
        lambda e: [f"tests shown {setting_of(e)}"],
        {"gain": 0.4, "fresh": 0.5, "rise": 0.0},
        [0.2, 0.2, 0.2],
        [(0.0, 2.0), (0.0, 1.0), (-1.0, 1.0)],
    ),
    (
        ("reflection_code",),
        lambda e: [f"reflection {setting_of(e)}"],
        {"pass_right": 0.9, "pass_wrong": 0.2, "gain": 0.2, "fresh": 0.3},
        [0.05, 0.1, 0.2, 0.2],
        [(0.3, 0.999), (0.0, 0.9), (0.0, 2.0), (0.0, 1.0)],
    ),
    (
        ("selection_gain",),
        lambda e: ["selection"],
        {"reward model": 0.8, "tests": 0.8, "verifier": 1.5},
        [0.2, 0.2, 0.4],
        [(0.05, 5.0)] * 3,
    ),
    (("self_written_tests",), lambda e: ["assertions"], {"shared": 0.5}, [0.1], [(0.0, 0.98)]),
]


def _share(hits: float, count: float, mean: float = 0.5) -> float:
    return (hits + mean) / (count + 1.0)


def _reviews(figures: Sequence[Figure]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    total: dict[str, dict[str, int]] = defaultdict(dict)
    for figure in figures:
        e = figure.entry
        if figure.section == "critic_verdict" and e["what"].startswith("verdict"):
            state = "right" if e["what"].endswith("right") else "wrong"
            total[e["kind"]][state] = e["n"]
            if e["verdict"] in ("good", "other"):
                found[f"review {e['kind']}"][f"{e['verdict']}_{state}"] = round(
                    _share(e["hits"], e["n"], 1 / 3), 4
                )
    for kind, counts in total.items():
        found[f"review {kind}"]["right"] = round(counts["right"] / (counts["right"] + counts["wrong"]), 4)
    return dict(found)


def _assertions(figures: Sequence[Figure]) -> dict[str, dict[str, float]]:
    found = {}
    for figure in figures:
        e = figure.entry
        if figure.section == "self_written_tests" and e["what"].startswith("assertion"):
            count = e.get("per_task") or e["n"] / 104
            found[f"assertions {e['source']} {e['model']}"] = {
                "level": round(PROBIT(_share(e["hits"], e["n"])), 4),
                "count": round(count, 1),
            }
    return found


def _retrieval(figures: Sequence[Figure]) -> dict[str, dict[str, float]]:
    counts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for figure in figures:
        if figure.section == "accuracy_by_retrieval":
            counts[figure.entry["system"]].append((figure.entry["hits"], figure.entry["n"]))
    if not counts:
        return {}
    gaps = [
        (PROBIT(_share(*full)) - PROBIT(_share(*part)), 1.0 / (1.0 / full[1] + 1.0 / part[1]))
        for full, part in counts.values()
    ]
    gain = sum(gap * weight for gap, weight in gaps) / sum(weight for _, weight in gaps)
    found = {
        f"retrieval {system}": {"found": round(full[1] / (full[1] + part[1]), 4)}
        for system, (full, part) in counts.items()
    }
    return {**found, "retrieval": {"gain": round(max(0.0, gain), 3)}}
