"""`mas2 tasks`: the benchmarks on offer."""

from typing import Annotated, Any, Literal

import typer

from mas2_env.commands.chosen import path_of
from mas2_env.commands.options import Json, Source, Split, TaskName
from mas2_env.commands.output import print_json, print_table
from mas2_env.commands.score import score_command
from mas2_env.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Benchmarks and their items.")


@app.command("list", short_help="List the tasks that are registered.")
def list_command(json: Json = False) -> None:
    """List the tasks that are registered: items of each source, tools, primary metric."""
    from mas2_env.plugins import names

    rows = [_row(name) for name in names("tasks")]
    if json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("task", "title"):
        table.add_column(column, no_wrap=True)
    table.add_column("generated")
    table.add_column("file")
    table.add_column("hub", justify="right")
    table.add_column("tools")
    table.add_column("success")
    for row in rows:
        sources = row["sources"]
        made = "without end" if "procedural" in sources else "no"
        file = "yes" if "file" in sources else "no"
        hub = f"{sources['hub']:,}" if sources.get("hub") is not None else "no"
        cells = (made, file, hub, ", ".join(row["tools"]) or "none", row["metric"] or "not stated")
        table.add_row(row["name"], row["title"], *((row["error"],) if row["error"] else cells))
    print_table(table)


def _row(name: str) -> dict[str, Any]:
    from mas2_env.errors import Mas2Error
    from mas2_env.plugins import load

    empty: dict[str, Any] = {"title": "", "description": "", "tools": [], "metric": "", "sources": {}}
    try:
        task = load("tasks", name)
        tools = task.tools if isinstance(task.tools, tuple) else ()
        facts = {
            "title": task.title,
            "description": task.description,
            "tools": [tool.name for tool in tools],
            "metric": task.metric,
            "sources": dict(task.sources()),
        }
        return {"name": name, **facts, "error": None}
    except Mas2Error as error:
        return {"name": name, **empty, "error": str(error)}


@app.command("show", short_help="Show a task: data, splits, licence, citation, tools, an item.")
def show_command(
    task: TaskName,
    source: Source = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="The data of source 'file', or a mirror of the hub for 'hub'."),
    ] = None,
    split: Split = None,
    json: Json = False,
) -> None:
    """Show a task: its data and their splits, licence, citation, tools, and the query of an item."""
    from mas2_env.plugins import make_task
    from mas2_env.spec import parse_spec

    split, data = split or "all", path_of(task, data)
    given = parse_spec(task)[1].get("split", split)
    if split not in ("all", given):
        raise UsageError(f"--split {split} and {task} do not agree")
    made = make_task(task, source or ("file" if data else "procedural"), data, split=split)
    item = made.item(0)
    facts = {
        "name": made.name,
        "label": made.label,
        "title": made.title,
        "version": made.version,
        "description": made.description,
        "source": made.source,
        "path": made.path,
        "split": made.split,
        "size": made.size,
        "splits": dict(made.splits),
        "sources": dict(made.sources()),
        "origin": dict(made.origin),
        "digest": made.digest,
        "licence": made.licence,
        "citation": made.citation,
        "answer_format": made.answer_format,
        "metric": made.metric,
        "tools": [
            {"name": t.name, "description": t.description, "parameters": t.parameters} for t in made.tools
        ],
        "example": {"id": item.id, "query": item.query},
    }
    if json:
        print_json(facts)
        return
    _print_facts(facts)


def _print_facts(facts: dict[str, Any]) -> None:
    parts = [(part, size) for part, size in facts["splits"].items() if part != "all"]
    origin = facts["origin"]
    lines = {
        "task": f"{facts['label']}, version {facts['version']}",
        "title": facts["title"],
        "what": facts["description"],
        "source": facts["source"] + (f", {facts['path']}" if facts["path"] else ""),
        **({"repository": f"{origin['repository']}, {origin['config']}"} if "repository" in origin else {}),
        **({"revision": origin["revision"]} if "revision" in origin else {}),
        "items": _count(facts["size"]),
        **({"splits": _sizes(parts)} if parts else {}),
        "data SHA-256": facts["digest"],
        "licence": facts["licence"] or "not stated",
        "citation": facts["citation"] or "not stated",
        "success": facts["metric"] or "not stated",
        "answer": facts["answer_format"],
        "tools": "\n".join(f"{tool['name']}: {tool['description']}" for tool in facts["tools"]) or "none",
        "item": facts["example"]["id"],
        "query": facts["example"]["query"],
    }
    _print_lines(lines)


def _sizes(parts: list[tuple[str, int | None]]) -> str:
    if all(size is None for _, size in parts):
        return f"{', '.join(part for part, _ in parts)}: without end"
    return ", ".join(f"{part} {_count(size)}" for part, size in parts)


def _count(size: int | None) -> str:
    return f"{size:,}" if size is not None else "without end"


def _print_lines(lines: dict[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in lines.items():
        table.add_row(name, Text(value))
    print_table(table)


@app.command("fetch", short_help="Download a task's published data at the pinned revision.")
def fetch_command(
    task: TaskName,
    source: Annotated[Literal["hub"], typer.Option(help="Where to download from.")] = "hub",
    data: Annotated[
        str | None, typer.Option(metavar="DIR", help="A mirror in the hub's layout, read instead of the hub.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write copies of the files here, for source 'file'.")
    ] = None,
    json: Json = False,
) -> None:
    """Download a task's published data, every official split, into the cache.

    What is there already is not downloaded again; a split that was interrupted begins anew. The commit and
    the SHA-256 of the rows are kept beside the data, and later loads compare them.
    """
    from mas2_env.plugins import task_class
    from mas2_env.spec import parse_spec

    name, options = parse_spec(task)
    if options:
        raise UsageError(f"all splits of {name} are downloaded; leave the brackets out")
    found = task_class(name).download(path_of(task, data), out)
    if json:
        print_json(found)
        return
    _print_lines(
        {
            "repository": f"{found.repository}, {found.config}",
            "revision": found.revision,
            "licence": found.licence,
        }
    )
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("split", "rows", "SHA-256 of the rows", "file"):
        table.add_column(column, justify="right" if column == "rows" else "left", overflow="fold")
    for file in found.files:
        table.add_row(file.split, f"{file.rows:,}", file.sha256, file.path)
    print_table(table)


app.command("score", short_help="Score a file of predictions as the official program does.")(score_command)
