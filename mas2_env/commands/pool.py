"""`mas2 pool`: the backbones on offer and their prices."""

from typing import Annotated

import typer

from mas2_env.commands.output import print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Pools of backbones and their prices.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(json: Json = False) -> None:
    """List the pools that are shipped."""
    from mas2_env.pool import load_pool, shipped_pools

    pools = [load_pool(name) for name in shipped_pools()]
    if json:
        print_json(
            [
                {
                    "name": p.name,
                    "backbones": len(p),
                    "reference": p.reference,
                    "meta": p.meta,
                    "digest": p.digest,
                }
                for p in pools
            ]
        )
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("pool", "backbones", "reference", "meta"):
        table.add_column(column)
    for p in pools:
        table.add_row(p.name, str(len(p)), p.reference, p.meta)
    print_table(table)


@app.command("show", short_help="Show the backbones of a pool and their prices.")
def show_command(
    pool: Annotated[
        str, typer.Argument(metavar="POOL", help="A shipped pool, or the path of a .toml file.")
    ] = "default",
    json: Json = False,
) -> None:
    """Show the backbones of a pool with their prices, and where and when those were read."""
    from mas2_env.pool import load_pool

    found = load_pool(pool)
    if json:
        print_json(found)
        return
    from rich.table import Table

    table = Table(
        box=None,
        pad_edge=False,
        caption_justify="left",
        caption=f"$ per million tokens. Reference {found.reference}, meta-agents {found.meta}. "
        f"SHA-256 {found.digest[:16]}…",
    )
    table.add_column("backbone", no_wrap=True)
    for column in ("$ in", "$ out", "context", "from"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("description")
    sources = list(dict.fromkeys((b.date, b.source) for b in found.backbones.values()))
    for b in found.backbones.values():
        table.add_row(
            b.name,
            f"{b.input_price / 1000:g}",
            f"{b.output_price / 1000:g}",
            f"{b.context:,}",
            f"[{sources.index((b.date, b.source)) + 1}]",
            b.description,
        )
    print_table(table)
    typer.echo("\nPrices were read from")
    for number, (date, source) in enumerate(sources, start=1):
        typer.echo(f"{f'[{number}]':>4} {date}  {source}")
