"""`mas2 bench`: speed figures of this machine, each against its bound."""

from typing import Annotated

import typer

from mas2_env.commands.options import Json
from mas2_env.commands.output import print_json, print_table

VERDICTS = {
    True: "[green]ok[/]",
    False: "[red]missed[/]",
    None: "not measured: pip install 'mas2-env\\[bench]'",
}


def bench_command(
    json: Json = False,
    memory: Annotated[
        int, typer.Option(min=0, metavar="EPISODES", help="Also measure memory over so many episodes.")
    ] = 0,
    search: Annotated[
        int, typer.Option(min=0, metavar="DOCUMENTS", help="Also measure search over so many documents.")
    ] = 0,
    models: Annotated[
        bool, typer.Option("--models", help="Also measure a run on a mock server against a bare client.")
    ] = False,
) -> None:
    """Measure speed on this machine; exit code 1 if a figure misses its bound."""
    from mas2_env.runs.bench import bench

    result = bench(memory, search)
    figures = result["figures"]
    if models:
        from mas2_env.runs.bench_models import bench_models

        figures |= bench_models()
    if json:
        print_json(result)
    else:
        from rich.table import Table

        machine = result["machine"]
        caption = f"Python {machine['python']}, one of {machine['cores']} cores, {machine['platform']}"
        table = Table(box=None, pad_edge=False, caption=caption, caption_justify="left")
        table.add_column("figure", no_wrap=True)
        table.add_column("value", justify="right")
        table.add_column("unit", no_wrap=True)
        table.add_column("bound", justify="right")
        table.add_column("", no_wrap=True)
        for name, figure in figures.items():
            value, bound = ("-" if n is None else f"{n:.4g}" for n in (figure["value"], figure["floor"]))
            table.add_row(name, value, figure["unit"], bound, VERDICTS[figure["ok"]])
        print_table(table)
    if any(figure["ok"] is False for figure in figures.values()):
        raise typer.Exit(1)
