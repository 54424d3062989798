"""What pays where: random systems and the built-in ones on the same items, over their cost.

`python -m mas2_agents.landscape --tasks gsm8k,hotpotqa --systems 200 --items 40 --out FOLDER` runs them,
draws one plot to a task and prints, for each, the best system of all items, of its easier and of its harder
half, and the headroom of choosing a system item by item. Whoever chooses by results of one seed is judged by
those of others, so that luck does not count as choice.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path
from random import Random
from typing import Final

from msgspec import Struct

from mas2_agents.cot import ChainOfThought
from mas2_agents.debate import Debate
from mas2_agents.direct import Direct
from mas2_agents.growth import grow
from mas2_agents.reflexion import Reflexion
from mas2_agents.self_consistency import SelfConsistency
from mas2_env.observation import Observation
from mas2_env.plugins import make_task
from mas2_env.pool import Pool, load_pool
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.record import Record
from mas2_env.settings import Settings
from mas2_env.system.model import Assignment, Decision, Limits, Rectification, Template
from mas2_env.task import Task

_SCRIPTED: Final = {
    "direct": Direct,
    "cot": ChainOfThought,
    "self-consistency": SelfConsistency,
    "debate": Debate,
    "reflexion": Reflexion,
}
_SEEDS: Final = (0, 1, 2)


class Fixed:
    """A policy that always builds one system and mends nothing."""

    def __init__(self, template: Template, assignment: Assignment) -> None:
        self.template = template
        self.assignment = assignment

    def decide(self, observations: Sequence[Observation]) -> list[Decision]:
        """The system's template, its assignment, and no edit."""
        decisions: dict[str, Decision] = {"generate": self.template, "implement": self.assignment}
        return [decisions.get(observation.stage, Rectification()) for observation in observations]


class Spot(Struct, frozen=True):
    """A system in a landscape.

    Attributes:
        name: of the system; random ones have a number.
        cost: mean, in reference costs.
        success: by item and seed.
    """

    name: str
    cost: float
    success: dict[str, tuple[float, ...]]

    def rate(self, items: Sequence[str], seeds: Sequence[int] = _SEEDS) -> float:
        """Mean success over items and seeds."""
        return sum(self.success[item][seed] for item in items for seed in seeds) / (len(items) * len(seeds))


def landscape(task: Task, pool: Pool, systems: int, items: int) -> list[Spot]:
    """Random systems, and each built-in one with the cheapest, the median and the costliest backbone."""
    prices = sorted(pool.backbones.values(), key=lambda b: 3 * b.input_price + b.output_price)
    chosen = (prices[0].name, prices[(len(prices) - 1) // 2].name, prices[-1].name)
    policies: dict[str, object] = {
        f"{name}, {backbone}": kind(backbone=backbone)
        for name, kind in _SCRIPTED.items()
        for backbone in chosen
    }
    draw = Random(task.name)
    tools = tuple(tool.name for tool in task.tools)
    for number in range(systems):
        template = grow(draw, tools, Limits())
        names = [role.name for role in template.roles if role.kind != "vote"]
        assignment = Assignment({name: draw.choice(pool.names) for name in names})
        policies[f"random {number}"] = Fixed(template, assignment)
    settings = Settings(rectifier=False, count_meta=False, budget=1e9)
    result = evaluate(policies, [task], pool=pool, settings=settings, seeds=_SEEDS, items=items)
    by_policy: dict[str, list[Record]] = defaultdict(list)
    for record in result.records:
        by_policy[record.policy].append(record)
    return [_spot(name, by_policy[name]) for name in policies]


def _spot(name: str, records: Sequence[Record]) -> Spot:
    found: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(_SEEDS))
    for record in records:
        found[record.item][_SEEDS.index(record.seed)] = float(record.outcome.kind == "success")
    cost = sum(record.outcome.cost / record.outcome.reference_cost for record in records) / len(records)
    return Spot(name, cost, {item: tuple(values) for item, values in found.items()})


class Finding(Struct, frozen=True):
    """What a landscape shows.

    Attributes:
        best, easy, hard: the best system of all items, of the easier and of the harder half, by two seeds.
        rates: their success rates with the third seed.
        chosen: success of choosing the best system for each item, likewise.
        under: the best system that costs at most 5 reference costs.
    """

    best: str
    easy: str
    hard: str
    rates: tuple[float, float, float]
    chosen: float
    under: str


def finding(spots: Sequence[Spot], difficulty: Mapping[str, float]) -> Finding:
    """Choose by all seeds but the last; judge by the last."""
    known, judged = _SEEDS[:-1], _SEEDS[-1:]
    ranked = sorted(difficulty, key=lambda item: (difficulty[item], item))
    half = max(1, len(ranked) // 2)
    parts = ranked, ranked[:half], ranked[-half:]
    best, easy, hard = (max(spots, key=lambda s: (s.rate(part, known), -s.cost)) for part in parts)
    by_item = [max(spots, key=lambda s: (s.rate([item], known), s.rate(ranked, known))) for item in ranked]
    chosen = sum(spot.rate([item], judged) for item, spot in zip(ranked, by_item, strict=True)) / len(ranked)
    cheap = max((s for s in spots if s.cost <= 5.0), key=lambda s: s.rate(ranked, known), default=best)
    rates = tuple(spot.rate(part, judged) for spot, part in zip((best, easy, hard), parts, strict=True))
    return Finding(best.name, easy.name, hard.name, (rates[0], rates[1], rates[2]), chosen, cheap.name)


def plot(title: str, spots: Sequence[Spot]) -> str:
    """Success over cost, in reference costs on a log scale, as SVG; built-in systems have a name."""
    width, height, left, bottom = 640.0, 360.0, 50.0, 40.0
    costs = [log10(max(spot.cost, 1e-3)) for spot in spots]
    low, high = min(costs) - 0.1, max(costs) + 0.1

    def place(spot: Spot) -> tuple[float, float]:
        share = (log10(max(spot.cost, 1e-3)) - low) / (high - low)
        rate = spot.rate(list(spot.success))
        return left + share * (width - left - 10.0), (1.0 - rate) * (height - bottom - 20.0) + 20.0

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-size="11">',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        f'<text x="{left:g}" y="14">{title}</text>',
    ]
    for tick in range(6):
        y = (1.0 - tick / 5.0) * (height - bottom - 20.0) + 20.0
        parts.append(f'<path d="M{left:g} {y:.1f}H{width - 10:g}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{20 * tick} %</text>')
    for power in range(int(low) - 1, int(high) + 2):
        if low <= power <= high:
            x = left + (power - low) / (high - low) * (width - left - 10.0)
            parts.append(f'<text x="{x:.1f}" y="{height - 22:g}" text-anchor="middle">{10.0**power:g}</text>')
    parts.append(f'<text x="{width / 2:g}" y="{height - 6:g}" text-anchor="middle">cost, in C_ref</text>')
    for spot in sorted(spots, key=lambda s: not s.name.startswith("random")):
        x, y = place(spot)
        if spot.name.startswith("random"):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#8aa" fill-opacity="0.6"/>')
        else:
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#b33"><title>{spot.name}</title></circle>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """Run, draw and print."""
    parser = argparse.ArgumentParser(prog="python -m mas2_agents.landscape", description=__doc__)
    parser.add_argument("--tasks", default="gsm8k,math,hotpotqa,nq,bamboogle,humaneval,mbpp")
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--pool", default="default")
    parser.add_argument("--out", default=".")
    chosen = parser.parse_args()
    pool = load_pool(chosen.pool)
    folder = Path(chosen.out)
    folder.mkdir(parents=True, exist_ok=True)
    print("| task | best system | of the easier half | of the harder half | at most 5 C_ref | item by item |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in chosen.tasks.split(","):
        task = make_task(name)
        spots = landscape(task, pool, chosen.systems, chosen.items)
        difficulty = {(item := task.item(i)).id: item.truth.difficulty for i in range(chosen.items)}
        found = finding(spots, difficulty)
        best, easy, hard = (f"{100 * rate:.0f} %" for rate in found.rates)
        print(
            f"| {task.title} | {found.best}: {best} | {found.easy}: {easy} | {found.hard}: {hard} "
            f"| {found.under} | {100 * found.chosen:.0f} % |",
            flush=True,
        )
        (folder / f"landscape-{task.name.lower()}.svg").write_text(plot(task.title, spots), encoding="utf-8")


if __name__ == "__main__":
    main()
