"""The landscape of systems on simulated agents: what success costs, which is best, what choosing is worth.

    pip install 'mas2-env[plot]'
    python examples/landscape.py --out docs/landscape
    python examples/landscape.py --tasks gsm8k hotpotqa --systems 50 --items 20

For each benchmark, systems drawn at random (as the policy `random` draws them, but once for all items) and
the scripted policies with every backbone of the pool run on the same items, twice. The first run chooses: the
best system, the best for each item, which items are hard. The second says what the choice is worth. For the
best for each item the runs then change places. Prints Markdown tables and draws two figures. Two runs print
the same.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from mas2_agents.cot import ChainOfThought
from mas2_agents.debate import Debate
from mas2_agents.direct import Direct
from mas2_agents.growth import grow
from mas2_agents.reflexion import Reflexion
from mas2_agents.self_consistency import SelfConsistency
from msgspec import Struct

import mas2_env
from mas2_env import Assignment, Observation, Rectification, Template
from mas2_env.plugins import make_task
from mas2_env.runs.evaluate import evaluate
from mas2_env.settings import Settings

TASKS = ("gsm8k", "math", "hotpotqa", "nq", "bamboogle", "browsecomp-plus", "humaneval", "mbpp", "diagnostic")
SCRIPTED: dict[str, Callable[..., Any]] = {
    "direct": Direct,
    "cot": ChainOfThought,
    "self-consistency": SelfConsistency,
    "debate": Debate,
    "reflexion": Reflexion,
}
SETTINGS = Settings(budget=1e9, rectifier=False, reward="success", count_meta=False)
TALKED = ("gsm8k", "math", "hotpotqa", "humaneval")
RESAMPLES = 2000


class Drawn:
    """One random system with random backbones, the same for every item.

    Args:
        seed: of the draw.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def decide(self, observations: Sequence[Observation]) -> list[Any]:
        """The system's template, its assignment, and no edit."""
        return [self._decide(observation) for observation in observations]

    def _decide(self, observation: Observation) -> Template | Assignment | Rectification:
        if observation.stage == "generate":
            tools = tuple(tool.name for tool in observation.tools)
            return grow(Random(f"template {self.seed}"), tools, observation.limits)
        if observation.stage == "implement" and observation.template is not None:
            draw = Random(f"backbones {self.seed}")
            names = [backbone.name for backbone in observation.backbones]
            thinking = [role.name for role in observation.template.roles if role.kind != "vote"]
            return Assignment({name: draw.choice(names) for name in thinking})
        return Rectification()


class Landscape(Struct):
    """What the systems did on one benchmark.

    Attributes:
        task: its name.
        names: of the systems.
        right: success, runs × systems × items.
        cost: mean USD of an episode, by system.
    """

    task: str
    names: list[str]
    right: np.ndarray
    cost: np.ndarray

    @property
    def success(self) -> np.ndarray:
        """Share of successes, by system."""
        return np.asarray(self.right.mean(axis=(0, 2)))


def systems(count: int) -> dict[str, Any]:
    """Scripted policies with every backbone, and so many random systems."""
    backbones = mas2_env.load_pool().names
    scripted = {f"{name}, {b}": make(b) for name, make in SCRIPTED.items() for b in backbones}
    return {**scripted, **{f"random {seed}": Drawn(seed) for seed in range(count)}}


def measure(task: str, policies: dict[str, Any], items: int, seeds: Sequence[int] = (0, 1)) -> Landscape:
    """Run all systems on the first items of a benchmark, once for each seed."""
    result = evaluate(policies, [make_task(task)], settings=SETTINGS, items=items, seeds=seeds)
    names, ids = list(policies), list(dict.fromkeys(record.item for record in result.records))
    place = {name: i for i, name in enumerate(names)}
    at = {item: i for i, item in enumerate(ids)}
    right = np.zeros((len(seeds), len(names), len(ids)))
    cost = np.zeros_like(right)
    for record in result.records:
        spot = (seeds.index(record.seed), place[record.policy], at[record.item])
        right[spot] = record.outcome.kind == "success"
        cost[spot] = record.outcome.cost / 1e9
    return Landscape(task, names, right, cost.mean(axis=(0, 2)))


def chosen(right: np.ndarray, cost: np.ndarray) -> int:
    """The most successful system of a run, systems × items; among equals the cheapest."""
    mean = right.mean(axis=1)
    return int(np.lexsort((cost, -mean))[0])


def oracle(right: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """For each item, the system that is best overall among those that solved it in this run."""
    order = np.lexsort((cost, -right.mean(axis=1)))
    return np.asarray(order[right[order].argmax(axis=0)])


def headroom(found: Landscape) -> dict[str, tuple[float, float, float]]:
    """Success of the best fixed system, of the oracle, and the difference, each with its 95 % interval.

    Chosen in one run and valued in the other, both ways. `naive` is the share of items that any system solved
    in a run: what an oracle would seem to be worth if luck were skill.
    """
    items = np.arange(found.right.shape[2])
    fixed, best, naive = (np.zeros(len(items)) for _ in range(3))
    for first, second in ((0, 1), (1, 0)):
        fixed += found.right[second][chosen(found.right[first], found.cost)] / 2
        best += found.right[second][oracle(found.right[first], found.cost), items] / 2
        naive += found.right[first].max(axis=0) / 2
    return {
        "fixed": interval(fixed),
        "oracle": interval(best),
        "headroom": interval(best - fixed),
        "naive": interval(naive),
    }


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """A mean over items and its bootstrap 95 % interval."""
    draws = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def halves(found: Landscape) -> list[tuple[str, float, float]]:
    """The best system of the easy and the hard half of the items: name, success there and on the other half.

    Hardness and choice are from the first run, values from the second.
    """
    first, second = found.right
    order = np.argsort(first.mean(axis=0), kind="stable")
    hard, easy = order[: len(order) // 2], order[len(order) // 2 :]
    table = []
    for own, other in ((easy, hard), (hard, easy)):
        best = chosen(first[:, own], found.cost)
        table.append((found.names[best], float(second[best, own].mean()), float(second[best, other].mean())))
    return table


def front(found: Landscape) -> list[int]:
    """Systems that no cheaper one equals, from cheap to dear."""
    kept: list[int] = []
    best = -1.0
    for i in np.lexsort((-found.success, found.cost)):
        if found.success[i] > best:
            kept.append(int(i))
            best = found.success[i]
    return kept


def talk(task: str, items: int, backbone: str | None) -> dict[str, tuple[float, np.ndarray]]:
    """Mean cost and successes by item of votes of first replies and of debates, of one backbone."""
    votes = {f"vote {k}": SelfConsistency(backbone, samples=k) for k in (1, 2, 3, 4, 5, 6, 8)}
    debates = {
        f"debate {n}×{r}": Debate(backbone, debaters=n, rounds=r) for n, r in ((3, 1), (3, 2), (4, 1), (5, 1))
    }
    result = evaluate({**votes, **debates}, [make_task(task)], settings=SETTINGS, items=items)
    costs: dict[str, list[float]] = {}
    right: dict[str, list[float]] = {}
    for record in sorted(result.records, key=lambda record: record.item):
        costs.setdefault(record.policy, []).append(record.outcome.cost / 1e9)
        right.setdefault(record.policy, []).append(float(record.outcome.kind == "success"))
    return {name: (float(np.mean(costs[name])), np.array(right[name])) for name in (*votes, *debates)}


def matched(found: dict[str, tuple[float, np.ndarray]], debate: str) -> tuple[float, float, float]:
    """Success of a vote that costs what a debate does, minus the debate's; votes between in proportion."""
    votes = [value for name, value in found.items() if name.startswith("vote")]
    costs = [cost for cost, _ in votes]
    cost, talked = found[debate]
    above = min(max(1, int(np.searchsorted(costs, cost))), len(costs) - 1)
    share = min(1.0, max(0.0, (cost - costs[above - 1]) / (costs[above] - costs[above - 1])))
    voted = (1 - share) * votes[above - 1][1] + share * votes[above][1]
    return interval(voted - talked)


def percent(value: tuple[float, float, float], sign: str = "") -> str:
    """In per cent, with its interval."""
    mean, low, high = (100 * x for x in value)
    return f"{mean:{sign}.0f} [{low:{sign}.0f}, {high:{sign}.0f}]"


def report(found: list[Landscape]) -> None:
    """Print the tables."""
    print(
        "| benchmark | systems | success %: least, median, most | dearest in cheapest | on the front |\n"
        "| --- | ---: | ---: | ---: | ---: |"
    )
    for one in found:
        spread = ", ".join(f"{100 * x:.0f}" for x in np.quantile(one.success, (0, 0.5, 1)))
        ratio = one.cost.max() / one.cost.min()
        print(f"| {one.task} | {len(one.names)} | {spread} | {ratio:.0f} | {len(front(one))} |")
    print(
        "\n| benchmark | best fixed system | success % | $ / 1k | oracle % | headroom | any system % |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    )
    for one in found:
        worth = headroom(one)
        best = chosen(one.right.mean(axis=0), one.cost)
        shown = [one.names[best], percent(worth["fixed"]), f"{1000 * one.cost[best]:.2g}"]
        shown += [percent(worth["oracle"]), percent(worth["headroom"], "+"), f"{100 * worth['naive'][0]:.0f}"]
        print(f"| {one.task} | {' | '.join(shown)} |")
    print(
        "\n| benchmark | best on easy | there % | on hard % | best on hard | there % | on easy % |\n"
        "| --- | --- | ---: | ---: | --- | ---: | ---: |"
    )
    for one in found:
        cells = [f"{name} | {100 * own:.0f} | {100 * other:.0f}" for name, own, other in halves(one)]
        print(f"| {one.task} | {' | '.join(cells)} |")


def report_talk(found: dict[str, dict[str, tuple[float, np.ndarray]]]) -> None:
    """Print what votes gain over debates at the same cost."""
    debates = [name for name in next(iter(found.values())) if name.startswith("debate")]
    print(f"\n| vote minus debate, same cost | {' | '.join(debates)} |")
    print("| --- " + "| ---: " * len(debates) + "|")
    for task, results in found.items():
        cells = [_points(matched(results, debate)) for debate in debates]
        print(f"| {task} | {' | '.join(cells)} |")


def _points(value: tuple[float, float, float]) -> str:
    mean, low, high = (100 * x for x in value)
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"


def draw(found: list[Landscape], path: Path) -> None:
    """Accuracy against cost for each benchmark."""
    from matplotlib.figure import Figure

    rows = -(-len(found) // 3)
    figure = Figure(figsize=(10, 3 * rows), layout="constrained")
    for number, one in enumerate(found):
        axes = figure.add_subplot(rows, min(3, len(found)), number + 1)
        drawn = np.array([name.startswith("random") for name in one.names])
        axes.scatter(1000 * one.cost[drawn], 100 * one.success[drawn], s=6, color="0.7", label="random")
        for name, marker in zip(SCRIPTED, "o^sDv", strict=True):
            mine = np.array([other.startswith(f"{name},") for other in one.names])
            axes.scatter(1000 * one.cost[mine], 100 * one.success[mine], s=14, marker=marker, label=name)
        edge = front(one)
        axes.step(1000 * one.cost[edge], 100 * one.success[edge], where="post", color="black", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_title(one.task, fontsize=10)
        axes.set_xlabel("$ for 1000 episodes", fontsize=8)
        axes.set_ylabel("success %", fontsize=8)
        axes.tick_params(labelsize=7)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=8)
    figure.savefig(path, dpi=90, metadata={"Software": None})


def draw_talk(found: dict[str, dict[str, tuple[float, np.ndarray]]], path: Path) -> None:
    """Votes of first replies and debates, by cost."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.8), layout="constrained")
    for number, (task, results) in enumerate(found.items()):
        axes = figure.add_subplot(1, len(found), number + 1)
        for word, style in (("vote", "o-"), ("debate", "D")):
            points = [(1000 * c, 100 * r.mean()) for name, (c, r) in results.items() if name.startswith(word)]
            axes.plot(*zip(*points, strict=True), style, markersize=4, label=word)
        axes.set_xlim(left=0)
        axes.set_title(task, fontsize=10)
        axes.set_xlabel("$ for 1000 episodes", fontsize=8)
        axes.tick_params(labelsize=7)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=90, metadata={"Software": None})


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), metavar="TASK")
    parser.add_argument("--systems", type=int, default=200, help="random ones")
    parser.add_argument("--items", type=int, default=40, help="of each benchmark")
    parser.add_argument("--talk-items", type=int, default=1200, help="for votes against debates")
    parser.add_argument("--backbone", help="of votes and debates; by default the one of median price")
    parser.add_argument("--out", help="folder for the figures; without it, none is drawn")
    given = parser.parse_args(arguments)
    policies = systems(given.systems)
    found = []
    for task in given.tasks:
        print(f"{task} …", file=sys.stderr, flush=True)
        found.append(measure(task, policies, given.items))
    report(found)
    talked = [task for task in given.tasks if task in TALKED]
    said = {task: talk(task, given.talk_items, given.backbone) for task in talked}
    if said:
        report_talk(said)
    if given.out:
        folder = Path(given.out)
        folder.mkdir(parents=True, exist_ok=True)
        draw(found, folder / "systems.png")
        if said:
            draw_talk(said, folder / "talk.png")


if __name__ == "__main__":
    main()
