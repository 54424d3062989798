"""`mas2 simulator compare`: simulated against recorded agents, structure by structure."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mas2_env.commands.options import FittedFile, Json
from mas2_env.commands.output import print_json, print_table
from mas2_env.errors import DataError

if TYPE_CHECKING:
    from mas2_env.runs.recorded_models import Placed
    from mas2_env.runs.structures import Compared, Comparison, Pair
    from mas2_env.runs.summary import Interval

TASK = "mas2_tasks.recorded:Recorded"
"""Where the task of recorded runs is: not of this package, and so found as any plugin is, by its route."""

_SIMULATED = 2_000
_MOST_TURNS = 40

Many = list[str] | None


def compare_command(
    files: Annotated[list[str], typer.Argument(metavar="RECORDINGS.jsonl.gz…", help="Files of recordings.")],
    benchmark: Annotated[
        Many, typer.Option("--benchmark", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    system: Annotated[
        Many, typer.Option("--system", metavar="NAME", help="Only this recorded system; likewise.")
    ] = None,
    model: Annotated[
        Many, typer.Option("--model", metavar="NAME", help="Only this recorded model; likewise.")
    ] = None,
    turns: Annotated[
        int, typer.Option("--turns", metavar="N", min=1, help="Recorded strands that take the lead.")
    ] = 4,
    calibration: FittedFile = None,
    json: Json = False,
) -> None:
    """Run the structures that recordings cover on recorded and on simulated replies, and compare.

    Then come the pairs of structures whose recorded difference is significant (exact paired test over
    items, 5 %), and whether the simulated one has the same sign. The last line counts those that are left
    significant by Holm's correction for all pairs of the output.
    """
    from mas2_env.backends.calibrated import load_calibration
    from mas2_env.calibration.places import pair_alone
    from mas2_env.runs.recorded_models import compare_recorded

    fitted = load_calibration(calibration)
    wanted = {"benchmark": benchmark, "system": system, "models": model}
    found: list[tuple[dict[str, str], Placed]] = []
    for file, part, task, more in _tasks(files, wanted, turns):
        for name in part.models:
            if model and name not in model:
                continue
            where = {"file": Path(file).name, "benchmark": part.benchmark, "system": part.system}
            recording = _recording(part.source, part.benchmark)
            critic = "critic" in part.system
            alone = pair_alone(recording)
            placed = compare_recorded(task, recording, name, fitted, more, critic, alone)
            found.append((where | {"model": name}, placed))
            if not json:
                _print_one(*found[-1])
    if not found:
        raise DataError(f"nothing fits these filters; there are {_held(files)}")
    counts = _counts([pair for _, placed in found for pair in placed.comparison.pairs])
    if json:
        print_json({"comparisons": [where | _as_json(placed) for where, placed in found]} | counts)
        return
    typer.echo(
        f"{counts['pairs']} pairs, {counts['significant']} significant, "
        f"{counts['agreeing']} of them ranked alike.\n"
        f"After Holm's correction {counts['significant_holm']} significant, "
        f"{counts['agreeing_holm']} of them ranked alike."
    )


def _counts(pairs: "list[Pair]") -> dict[str, int]:
    """How many pairs differ significantly, alone and among all, and how many of these are ranked alike."""
    from mas2_env.runs.paired import LEVEL, holm

    alone = [pair for pair in pairs if pair.agrees is not None]
    corrected = holm([pair.p for pair in pairs])
    together = [pair for pair, p in zip(pairs, corrected, strict=True) if p < LEVEL]
    return {
        "pairs": len(pairs),
        "significant": len(alone),
        "agreeing": sum(pair.agrees is True for pair in alone),
        "significant_holm": len(together),
        "agreeing_holm": sum(pair.agrees is True for pair in together),
    }


def _tasks(files: list[str], wanted: dict[str, Many], turns: int) -> Iterator[tuple[str, Any, Any, Any]]:
    """File, part, task of its replays, and one with more turns for simulated agents."""
    from mas2_env.plugins import load

    recorded = load("tasks", TASK)
    for file in files:
        for part in recorded.parts(file):
            chosen = {key: getattr(part, key) for key in ("benchmark", "system")}
            if any(wanted[key] and value not in (wanted[key] or ()) for key, value in chosen.items()):
                continue
            if wanted["models"] and not set(wanted["models"]) & set(part.models):
                continue
            task = recorded("file", file, **chosen, turns=turns)
            times = min(max(1, _MOST_TURNS // turns), -(-_SIMULATED // task.size))
            yield file, part, task, recorded("file", file, **chosen, turns=turns * times)


def _held(files: list[str]) -> str:
    """What the filters may name."""
    from mas2_env.plugins import load

    recorded = load("tasks", TASK)
    parts = [part for file in files for part in recorded.parts(file)]
    held = {
        "benchmark": {part.benchmark for part in parts},
        "system": {part.system for part in parts},
        "model": {model for part in parts for model in part.models},
    }
    return "; ".join(f"--{option} {', '.join(sorted(names)) or 'none'}" for option, names in held.items())


def _recording(source: str, benchmark: str) -> str:
    from mas2_env.calibration.places import setting_of

    return setting_of({"source": source, "benchmark": benchmark})


def _as_json(placed: "Placed") -> dict[str, Any]:
    comparison = placed.comparison
    return {
        "place": placed.recording,
        "fitted": placed.fitted,
        "structures": comparison.rows,
        "pairs": [
            {
                "first": pair.first,
                "second": pair.second,
                "replayed": pair.replayed,
                "simulated": pair.simulated,
                "p": pair.p,
                "agrees": pair.agrees,
            }
            for pair in comparison.pairs
        ],
    }


def _print_one(where: dict[str, str], placed: "Placed") -> None:
    level = "fitted level" if placed.fitted else "level of the recorded first replies"
    typer.echo(f"{where['file']}: {where['benchmark']}, {where['system']}, {where['model']}")
    typer.echo(f"in its place: {placed.recording}, {level}")
    _print_rows(placed.comparison)
    for pair in placed.comparison.pairs:
        if pair.agrees is not None:
            typer.echo(_line(pair))
    typer.echo("")


def _print_rows(comparison: "Comparison") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("structure", "items", "replayed %", "simulated %", "difference", "tokens", "simulated"):
        table.add_column(column, justify="left" if column == "structure" else "right", no_wrap=True)
    for row in comparison.rows:
        table.add_row(
            row.structure,
            str(row.items),
            _percent(row.replayed),
            _percent(row.simulated),
            _difference(row),
            _tokens(row.replayed_tokens),
            _tokens(row.simulated_tokens),
        )
    print_table(table)


def _difference(row: "Compared") -> str:
    if row.replayed.value is None or row.simulated.value is None:
        return "·"
    return f"{100 * (row.simulated.value - row.replayed.value):+.1f}"


def _line(pair: "Pair") -> str:
    verdict = "alike" if pair.agrees else "NOT ALIKE"
    return (
        f"  {pair.first} − {pair.second}: replayed {_percent(pair.replayed, '+')} (p {pair.p:.2g}), "
        f"simulated {_percent(pair.simulated, '+')}: {verdict}"
    )


def _percent(interval: "Interval", sign: str = "") -> str:
    def said(value: float | None) -> str:
        return "·" if value is None else f"{100 * value:{sign}.1f}"

    return f"{said(interval.value)} [{said(interval.low)}, {said(interval.high)}]"


def _tokens(value: float | None) -> str:
    return "·" if value is None else f"{value:.0f}"
