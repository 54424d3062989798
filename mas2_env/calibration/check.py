"""`mas2 simulator check`: each figure's own protocol, played by simulated agents, and a verdict."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from mas2_env.backends.calibrated import Calibration
from mas2_env.calibration.figures import CORE, Figure
from mas2_env.calibration.protocols import UNSAID, protocol_of
from mas2_env.calibration.world import Missing, World


class Verdict(Struct, frozen=True):
    """A figure, simulated.

    Attributes:
        figure: what was measured.
        simulated: what agents of the model do.
        inside: whether that is in the measured interval or near enough.
        likely: inside, or, where no interval was measured, within the 95 % in which recordings of that
            many items would scatter around the simulated value.
    """

    figure: Figure
    simulated: float
    inside: bool
    likely: bool


class Unsaid(Struct, frozen=True):
    """A figure that the model cannot express, and why."""

    name: str
    section: str
    reason: str


class Report(Struct, frozen=True):
    """What a check found."""

    verdicts: list[Verdict]
    unsaid: list[Unsaid]


def check(
    figures: Sequence[Figure], calibration: Calibration, progress: Callable[[int], None] | None = None
) -> Report:
    """Simulate every figure."""
    world = World(calibration)
    verdicts: list[Verdict] = []
    unsaid: list[Unsaid] = []
    known: dict[int, dict[str, float] | str] = {}
    for number, figure in enumerate(figures):
        if id(figure.entry) not in known:
            known[id(figure.entry)] = _play(world, figure)
        found = known[id(figure.entry)]
        value = float(found.get(figure.key, math.nan)) if isinstance(found, dict) else math.nan
        if math.isnan(value):
            undefined = UNSAID.get(figure.section, "the model does not define this statistic")
            reason = found if isinstance(found, str) else undefined
            unsaid.append(Unsaid(figure.name, figure.section, reason))
        else:
            inside = figure.inside(value)
            spread = found.get(f"sd {figure.key}", 0.0) if isinstance(found, dict) else 0.0
            likely = inside or (figure.low is None and abs(value - figure.measured) <= 1.96 * float(spread))
            verdicts.append(Verdict(figure, value, inside, likely))
        if progress is not None:
            progress(number + 1)
    return Report(verdicts, unsaid)


def _play(world: World, figure: Figure) -> dict[str, float] | str:
    protocol = protocol_of(figure.section, figure.entry)
    if protocol is None:
        return UNSAID.get(figure.section, "agents of this model do nothing of the kind")
    try:
        return protocol(world, figure.entry)
    except Missing as missing:
        return str(missing)


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "figures": [
            {
                "name": v.figure.name,
                "measured": v.figure.measured,
                "low": v.figure.low,
                "high": v.figure.high,
                "simulated": round(v.simulated, 6),
                "inside": v.inside,
            }
            for v in report.verdicts
        ],
        "inside": sum(v.inside for v in report.verdicts),
        "total": len(report.verdicts),
        "not_expressible": [{"name": u.name, "reason": u.reason} for u in report.unsaid],
    }


def by_section(report: Report) -> dict[str, tuple[int, int, int, int]]:
    """Inside, total, not expressible, and inside or likely, by section: core ones first."""
    names = dict.fromkeys(
        [*CORE, *(v.figure.section for v in report.verdicts), *(u.section for u in report.unsaid)]
    )
    table = {}
    for name in names:
        mine = [v.inside for v in report.verdicts if v.figure.section == name]
        likely = sum(v.likely for v in report.verdicts if v.figure.section == name)
        left = sum(u.section == name for u in report.unsaid)
        if mine or left:
            table[name] = (sum(mine), len(mine), left, likely)
    return table


def share(inside: int, total: int) -> str:
    """A share in percent; a dash of nothing."""
    return f"{100 * inside / total:.0f} %" if total else "–"
