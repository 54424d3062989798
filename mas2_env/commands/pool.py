"""`mas2 pool`: the backbones on offer and their prices."""

from typing import Annotated

import typer

from mas2_env.commands.options import Json
from mas2_env.commands.output import print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Pools of backbones and their prices.")


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


@app.command("check", short_help="Ask each model of a pool for one word.")
def check_command(
    pool: Annotated[str, typer.Argument(metavar="FILE.toml", help="A pool file that names providers.")],
    backend: Annotated[str, typer.Option(metavar="NAME", help="What asks them.")] = "openai",
    json: Json = False,
) -> None:
    """Ask each model of a pool for one word: does it answer, how fast, and does its server count tokens?

    It costs some tokens of each. Exit code 1 if one does not answer.
    """
    from mas2_env.backends.check import check_models
    from mas2_env.plugins import make_backend
    from mas2_env.pool import load_pool

    found = load_pool(pool)
    checks = check_models(make_backend(backend, found), found)
    if json:
        print_json(checks)
    else:
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for column in ("backbone", "provider", "model"):
            table.add_column(column, no_wrap=True)
        for column in ("s", "tokens", "counted by", "$"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("")
        for c in checks:
            tokens = f"{c.prompt_tokens} + {c.completion_tokens}"
            said = "[green]ok[/]" if c.ok else f"[red]{escape(c.said)}[/]"
            dollars = f"{c.price / 1e9:.2g}"
            table.add_row(c.backbone, c.provider, c.model, f"{c.seconds:.2f}", tokens, c.usage, dollars, said)
        print_table(table)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
