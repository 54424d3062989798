"""`mas2 pool`: the backbones on offer and their prices."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from mas2_env.abilities import FAMILIES
from mas2_env.commands.options import Json
from mas2_env.commands.output import print_json, print_table

if TYPE_CHECKING:
    from rich.table import Table

    from mas2_env.pool import Pool

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
    """Show the backbones of a pool with their prices, and where and when those were read.

    Also where real models are served, and what simulated ones are like, if the pool's file says so.
    """
    from mas2_env.pool import load_pool

    found = load_pool(pool)
    if json:
        print_json(found)
        return
    sources = Sources()
    print_table(_prices(found, sources))
    if found.routes or found.engine_routes:
        typer.echo()
        print_table(_places(found))
    if found.abilities:
        typer.echo()
        print_table(_abilities(found, sources))
    if sources.seen:
        typer.echo("\nPrices and accuracies were read from" if found.figures else "\nPrices were read from")
        for number, (date, source) in enumerate(sources.seen, start=1):
            typer.echo(f"{f'[{number}]':>4} {date}  {source}")


class Sources:
    """Where figures were read, numbered in the order in which they are first named."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], int] = {}

    def number(self, date: str, source: str) -> str:
        """The number in brackets; empty where there is no source."""
        if not source:
            return ""
        return f"[{self.seen.setdefault((date, source), len(self.seen) + 1)}]"


def _prices(found: "Pool", sources: Sources) -> "Table":
    """Prices and context windows, and where they were read."""
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
    for b in found.backbones.values():
        table.add_row(
            b.name,
            f"{b.input_price / 1000:g}",
            f"{b.output_price / 1000:g}",
            f"{b.context:,}",
            sources.number(b.date, b.source),
            b.description,
        )
    return table


def _places(found: "Pool") -> "Table":
    """Where real models are served, or what runs them here."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("backbone", "served by", "at", "as"):
        table.add_column(column, no_wrap=True)
    for name, route in found.routes.items():
        table.add_row(name, route.provider, found.providers[route.provider].base_url, route.model)
    for name, run in found.engine_routes.items():
        engine = found.engines[run.engine]
        revision = f"@{engine.revision}" if engine.revision else ""
        table.add_row(name, run.engine, f"{engine.path}{revision}", run.adapter and f"adapter {run.adapter}")
    return table


def _abilities(found: "Pool", sources: Sources) -> "Table":
    """What the simulator takes backbones to be like, and the published figures that say so."""
    from rich.table import Table

    table = Table(
        box=None,
        pad_edge=False,
        caption_justify="left",
        caption="Accuracies in the simulator, in %, and length of replies relative to gpt-4o-mini's. ~ "
        "follows from the published figures on the right, or is an estimate.",
    )
    table.add_column("backbone", no_wrap=True)
    for column in ("GSM8K", "MATH", "HumanEval", "HotpotQA", "with texts", "length"):
        table.add_column(column, justify="right")
    table.add_column("from")
    for name, ability in found.abilities.items():
        figures = found.figures.get(name, ())
        itself = {key for figure in figures if figure.itself for key in figure.gives}
        said = {key: getattr(ability, key) for key in FAMILIES} | {
            f"tasks.{task}": share for task, share in ability.tasks.items()
        }
        shown = [
            f"{'' if key in itself or not figures else '~'}{100 * said[key]:.1f}" if key in said else ""
            for key in ("math", "tasks.math", "code", "recall", "reading")
        ]
        read = "; ".join(
            f"{f.of} {100 * f.value:.1f}{f' of {f.model}' if f.model else ''} {sources.number(f.date, f.url)}"
            for f in figures
        )
        table.add_row(name, *shown, f"{math.exp(ability.verbosity):.1f}", read)
    return table


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
