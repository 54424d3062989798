"""`mas2 tasks`: the benchmarks on offer."""

from typing import Annotated, Any, Literal

import typer

from mas2_env.commands.output import print_json, print_table
from mas2_env.commands.score import score_command

app = typer.Typer(no_args_is_help=True, help="Benchmarks and their items.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(json: Json = False) -> None:
    """List the tasks that are registered."""
    from mas2_env.errors import Mas2Error
    from mas2_env.plugins import load, names

    rows: list[dict[str, Any]] = []
    for name in names("tasks"):
        try:
            task = load("tasks", name)
            rows.append({"name": name, "title": task.title, "description": task.description, "error": None})
        except Mas2Error as error:
            rows.append({"name": name, "title": "", "description": "", "error": str(error)})
    if json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("task", "title"):
        table.add_column(column, no_wrap=True)
    table.add_column("description")
    for row in rows:
        table.add_row(row["name"], row["title"], row["error"] or row["description"])
    print_table(table)


@app.command("show", short_help="Show a task: data, licence, citation, tools, an item.")
def show_command(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A registered task, or package.module:Class.")],
    source: Annotated[
        Literal["procedural", "file", "hub"] | None,
        typer.Option(help="Where the items come from. (default: procedural)"),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="PATH", help="Path of the data, for source 'file'.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a task: its data, licence, citation, tools, and the query of an item."""
    from mas2_env.plugins import make_task

    made = make_task(task, source or ("file" if data else "procedural"), data)
    facts = {
        "name": made.name,
        "title": made.title,
        "version": made.version,
        "description": made.description,
        "source": made.source,
        "path": made.path,
        "size": made.size,
        "digest": made.digest,
        "licence": made.licence,
        "citation": made.citation,
        "answer_format": made.answer_format,
        "tools": [
            {"name": t.name, "description": t.description, "parameters": t.parameters} for t in made.tools
        ],
        "example": {"id": made.item(0).id, "query": made.item(0).query},
    }
    if json:
        print_json(facts)
        return
    _print_facts(facts)


def _print_facts(facts: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    size = facts["size"]
    lines = {
        "task": f"{facts['name']}, version {facts['version']}",
        "title": facts["title"],
        "what": facts["description"],
        "source": facts["source"] + (f", {facts['path']}" if facts["path"] else ""),
        "items": f"{size:,}" if size is not None else "without end",
        "data SHA-256": facts["digest"],
        "licence": facts["licence"] or "not stated",
        "citation": facts["citation"] or "not stated",
        "answer": facts["answer_format"],
        "tools": "\n".join(f"{tool['name']}: {tool['description']}" for tool in facts["tools"]) or "none",
        f"item {facts['example']['id']}": facts["example"]["query"],
    }
    for name, value in lines.items():
        table.add_row(name, Text(value))
    print_table(table)


app.command("score", short_help="Score a file of predictions as the official program does.")(score_command)
