"""What commands print: results on standard output, everything else on standard error."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 10_000
"""Columns in a pipe or a file, where nothing limits a line."""


def console(stderr: bool = False) -> "Console":
    """A rich console as wide as the terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else WIDTH)


def print_table(table: "Table", narrows: bool = False) -> None:
    """Print a table: as wide as the terminal at most; in a pipe one line a row, without blanks at its end.

    On a terminal that is too narrow for its columns, each row is a list of its own, unless the table
    `narrows` by itself.
    """
    out = console()
    if out.is_terminal:
        out.print(table if narrows or not table.show_header or _fits(table, out) else _rows_apart(table))
        return
    with out.capture() as captured:
        out.print(table)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _fits(table: "Table", out: "Console") -> bool:
    """Whether every column has the width that its longest word needs, or its longest line."""
    from rich.measure import Measurement

    options = out.options.update(max_width=WIDTH)
    width = 2 * (len(table.columns) - 1)
    for column in table.columns:
        sizes = [Measurement.get(out, options, cell) for cell in (column.header, *column.cells)]
        width += max(size.maximum if column.no_wrap else size.minimum for size in sizes)
    return width <= out.width


def _rows_apart(table: "Table") -> "Table":
    """The rows one below the other, each as lines of header and cell."""
    from rich.table import Table

    found = Table(box=None, pad_edge=False, show_header=False)
    found.caption, found.caption_justify = table.caption, table.caption_justify
    found.add_column(style="bold", no_wrap=True)
    found.add_column(overflow="fold")
    for row in zip(*(column.cells for column in table.columns), strict=True):
        if found.row_count:
            found.add_row()
        for column, cell in zip(table.columns, row, strict=True):
            if cell:
                found.add_row(column.header, cell)
    return found


def print_json(data: Any) -> None:
    """Print structs and plain data as indented JSON."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n")


def error_line(message: str) -> None:
    """Print an error the way all commands do."""
    sys.stderr.write(f"mas2: error: {message}\n")


def note_line(message: str) -> None:
    """Print something worth knowing that is no result."""
    sys.stderr.write(f"mas2: {message}\n")


def import_from_here() -> None:
    """Let `package.module:Name` find modules of the current directory.

    They go before installed packages, as with `python -m`, but after the standard library: a file that is
    named like a module of that, say `types.py`, must not take its place in what we import later.
    """
    try:
        here = str(Path.cwd())
    except OSError:  # it has been deleted: nothing can be found in it
        return
    if here not in sys.path and "" not in sys.path:
        installed = (place for place, path in enumerate(sys.path) if path.endswith("-packages"))
        sys.path.insert(next(installed, len(sys.path)), here)
