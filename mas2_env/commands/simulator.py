"""`mas2 simulator`: fit the simulated agents to measured figures, and hold them against such figures."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mas2_env.commands.compare import compare_command
from mas2_env.commands.options import FittedFile, Json
from mas2_env.commands.output import note_line, print_json, print_table

if TYPE_CHECKING:
    from mas2_env.calibration.check import Report

app = typer.Typer(no_args_is_help=True, help="The simulated agents: how faithful they are, and their fit.")
app.command("compare", short_help="Simulated against recorded agents, structure by structure.")(
    compare_command
)
Figures = Annotated[str, typer.Argument(metavar="FIGURES.json", help="Figures measured on recorded runs.")]


@app.command("check", short_help="Simulate each figure's own protocol and compare.")
def check_command(
    figures: Figures,
    outside: Annotated[bool, typer.Option("--outside", help="List the figures that fall outside.")] = False,
    calibration: FittedFile = None,
    json: Json = False,
) -> None:
    """Simulate each figure's own protocol and compare.

    A figure is inside when the simulated value lies in its measured 95 % interval, or within 2 points of the
    measured value (5 % of the log-mean for tokens). Figures that the model cannot express are listed.
    """
    from mas2_env.backends.calibrated import load_calibration
    from mas2_env.calibration.check import as_json, check
    from mas2_env.calibration.figures import read_figures

    report = check(read_figures(figures), load_calibration(calibration))
    if json:
        print_json(as_json(report))
        return
    _print_sections(report)
    if outside:
        _print_outside(report)
    _print_unsaid(report)


@app.command("fit", short_help="Estimate the parameters from figures and write them.")
def fit_command(
    figures: Figures,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to write the parameters.")
    ] = "calibration.toml",
) -> None:
    """Estimate the parameters of simulated agents from figures, and write them as the package ships them.

    Agents take them with --backend "simulated[calibration=FILE]". Deterministic; takes some minutes. The
    method is described in docs/simulator.md.
    """
    from mas2_env.calibration.figures import read_figures
    from mas2_env.calibration.fit import fit
    from mas2_env.calibration.write import write_calibration

    write_calibration(fit(read_figures(figures), note_line), output)
    note_line(f"wrote {output}")


@app.command("backbone", short_help="Parameters of a backbone from your own recorded runs.")
def backbone_command(
    runs: Annotated[
        Path,
        typer.Argument(
            metavar="{RUN|REPLIES.jsonl}", help="A run folder, or recorded replies, one JSON object a line."
        ),
    ],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Which model's replies to count.")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The backbone's name; else the model's.")
    ] = "",
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger", metavar="LEDGER.jsonl", help="How long calls took; else a run folder's own ledger."
        ),
    ] = None,
) -> None:
    """Print the parameters of a backbone as TOML, from recorded first replies of a model.

    What it prints goes into a file, which agents take with --backend "simulated[parameters=FILE]". A
    benchmark counts if twenty graded replies were recorded, and times if twenty replies were timed, in the
    recording or in a ledger. Of a run folder those episodes count that are one plain call, as the policy
    'direct' makes them.
    """
    from mas2_env.backends.ledger import iterate_ledger
    from mas2_env.backends.parameters import load_parameters
    from mas2_env.calibration.backbone import Reply, as_table, fit_backbone, timed_in
    from mas2_env.errors import DataError
    from mas2_env.records import read_records

    if ledger is not None and not ledger.exists():
        raise DataError(f"{ledger}: there is no such file; a run on real models keeps `ledger.jsonl`")
    if runs.is_dir():
        from mas2_env.commands.own_runs import replies_of_run

        rows: Iterable[Reply] = replies_of_run(runs)
        ledger = ledger or (runs / "ledger.jsonl" if (runs / "ledger.jsonl").exists() else None)
    else:
        rows = read_records(runs, Reply).rows
    timed = timed_in(iterate_ledger(ledger), model) if ledger is not None else ()
    table = fit_backbone(rows, model, load_parameters(), timed)
    typer.echo(as_table(name or model, table), nl=False)


def _print_sections(report: "Report") -> None:
    from rich.table import Table

    from mas2_env.calibration.check import by_section, share
    from mas2_env.calibration.figures import CORE

    table = Table(box=None, pad_edge=False)
    for column in ("section", "inside", "of", "share", "target", "or likely", "not expressible"):
        table.add_column(column, justify="left" if column == "section" else "right", no_wrap=True)
    core = [0, 0]
    for name, (inside, total, unsaid, likely) in by_section(report).items():
        target = "70 %" if name in CORE else ""
        if target:
            core = [core[0] + inside, core[1] + total]
        table.add_row(
            name,
            str(inside),
            str(total),
            share(inside, total),
            target,
            share(likely, total) if likely > inside else "",
            str(unsaid or ""),
        )
    table.add_row("all core sections", str(core[0]), str(core[1]), share(*core), "85 %", "", "")
    inside = sum(v.inside for v in report.verdicts)
    total = len(report.verdicts)
    table.add_row("all", str(inside), str(total), share(inside, total), "", "", str(len(report.unsaid)))
    print_table(table)


def _print_outside(report: "Report") -> None:
    typer.echo("\nOutside:")
    for verdict in report.verdicts:
        if not verdict.inside:
            figure = verdict.figure
            interval = "" if figure.low is None else f" [{figure.low:g}, {figure.high:g}]"
            typer.echo(f"  {figure.name}: {verdict.simulated:.4g}, measured {figure.measured:g}{interval}")


def _print_unsaid(report: "Report") -> None:
    reasons: dict[tuple[str, str], int] = {}
    for unsaid in report.unsaid:
        key = (unsaid.section, unsaid.reason)
        reasons[key] = reasons.get(key, 0) + 1
    if reasons:
        typer.echo("\nNot expressible:")
    for (section, reason), count in reasons.items():
        typer.echo(f"  {section} ({count}): {reason}")
