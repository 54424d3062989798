"""How success and cost of systems move along each dial of the diagnostic tasks.

    python examples/dials.py
    python examples/dials.py --dials context verification --items 500 --seed 1 --backbone gpt-4.1

Prints one Markdown table a dial. The systems are the scripted baselines and, where there are files, one made
for that: it takes their names from the query, gives each reader as many as a turn may read (four, by
default), and has a solver work with what these pass on.
"""

import argparse
import re
from collections.abc import Sequence
from typing import Any

from mas2_agents.cot import PROMPT, ChainOfThought
from mas2_agents.debate import Debate
from mas2_agents.direct import Direct
from mas2_agents.reflexion import Reflexion
from mas2_agents.scripted import Scripted
from mas2_agents.self_consistency import SelfConsistency

from mas2_env import Observation, Role, Send, Template
from mas2_env.plugins import make_task
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.summary import Row

SWEEPS: dict[str, tuple[dict[str, Any], ...]] = {
    "depth": tuple({"depth": n, "breadth": 1} for n in (1, 2, 4, 6, 9, 12)),
    "breadth": tuple({"depth": 1, "breadth": n} for n in (1, 2, 4, 6, 8)),
    "context": tuple({"context": n} for n in (0, 2, 4, 5, 8, 16, 32)),
    "tool": tuple({"tool": share} for share in (0.0, 0.25, 0.5, 0.75, 1.0)),
    "verification": tuple({"depth": 6, "verification": share} for share in (0.0, 0.67, 0.86, 0.99)),
}


class SharedReading(Scripted):
    """Readers with as many files each as a turn may read, and a solver; one agent where there are none."""

    def template(self, observation: Observation) -> Template:
        """As many readers as it takes, as far as roles go."""
        tools = self.granted(observation)
        files = list(dict.fromkeys(re.findall(r"[\w-]+\.txt", observation.query)))
        each = max(1, observation.max_tool_steps)
        shares = [files[i : i + each] for i in range(0, len(files), each)]
        readers = [
            Role(f"reader{i + 1}", "search", f"Read {', '.join(share)}. Pass on every entry.", ("read_file",))
            for i, share in enumerate(shares[: observation.limits.max_roles - 1])
        ]
        own = tuple(tool for tool in tools if not readers or tool == "calculator")
        sends = tuple(Send(reader.name, "solver") for reader in readers)
        return Template((*readers, Role("solver", prompt=PROMPT, tools=own)), sends, "solver")


def systems(dial: str, backbone: str | None = None) -> dict[str, Scripted]:
    """What is compared on a dial, with one backbone in all roles; reading is shared where there are files."""
    compared: dict[str, Scripted] = {
        "direct": Direct(backbone),
        "cot": ChainOfThought(backbone),
        "self-consistency": SelfConsistency(backbone),
        "debate": Debate(backbone),
        "reflexion": Reflexion(backbone),
    }
    return {**compared, "shared reading": SharedReading(backbone)} if dial == "context" else compared


def sweep(dial: str, items: int, seed: int = 0, backbone: str | None = None) -> dict[str, list[Row]]:
    """Rows of all systems at each setting of a dial, by the setting's value."""
    tasks = {str(options[dial]): make_task("diagnostic", seed=seed, **options) for options in SWEEPS[dial]}
    rows = evaluate(systems(dial, backbone), list(tasks.values()), items=items, seeds=(seed,)).summary.rows
    return {value: [row for row in rows if row.task == task.label] for value, task in tasks.items()}


def table(dial: str, found: dict[str, list[Row]]) -> str:
    """Success in per cent with half the width of its 95 % interval, and C(τ) / C_ref, as Markdown."""
    others = {name: value for name, value in SWEEPS[dial][0].items() if name != dial}
    where = f" ({', '.join(f'{name} {value}' for name, value in others.items())})" if others else ""
    names = list(systems(dial))
    lines = [
        f"| {dial}{where} | {' | '.join(names)} |",
        "| ---: " + "| ---: " * len(names) + "|",
    ]
    for value, rows in found.items():
        by_name = {row.policy: row for row in rows}
        cells = [_cell(by_name[name]) for name in names]
        lines.append(f"| {value} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(row: Row) -> str:
    success = row.success
    half = 50 * (success.high - success.low)
    return f"{100 * success.value:.0f} ± {half:.0f}, {row.cost_ratio:.1f}×"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dials", nargs="+", choices=list(SWEEPS), default=list(SWEEPS), metavar="DIAL")
    parser.add_argument("--items", type=int, default=300, help="items of each setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backbone", help="of all roles; by default the one of median price")
    given = parser.parse_args(arguments)
    for dial in given.dials:
        print(table(dial, sweep(dial, given.items, given.seed, given.backbone)), end="\n\n")


if __name__ == "__main__":
    main()
