"""`mas2 bench`: speed figures of this machine, each against its bound."""

from typing import Annotated

import typer

from mas2_env.commands.output import console, print_json


def bench_command(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Measure speed on this machine; exit code 1 if a figure misses its bound."""
    from mas2_env.runs.bench import bench

    result = bench()
    figures = result["figures"]
    if json:
        print_json(result)
    else:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, caption=str(result["machine"]), caption_justify="left")
        table.add_column("figure")
        table.add_column("value", justify="right")
        table.add_column("unit")
        table.add_column("bound", justify="right")
        table.add_column("")
        for name, figure in figures.items():
            floor = "" if figure["floor"] is None else f"{figure['floor']:.4g}"
            verdict = "[green]ok[/]" if figure["ok"] else "[red]missed[/]"
            table.add_row(name, f"{figure['value']:.4g}", figure["unit"], floor, verdict)
        console().print(table)
    if not all(figure["ok"] for figure in figures.values()):
        raise typer.Exit(1)
