"""Tables on terminals of any width: what does not fit beside each other stands one below the other."""

from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from mas2_env.commands import output

Print = Callable[[Table, int], str]


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Print:
    """What a terminal of a width shows of a table, without blanks at the ends of lines."""

    def shown(table: Table, width: int) -> str:
        stream = StringIO()
        screen = Console(file=stream, width=width, force_terminal=True, color_system=None)
        monkeypatch.setattr(output, "console", lambda: screen)
        output.print_table(table)
        return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())

    return shown


def sample() -> Table:
    table = Table(box=None, pad_edge=False, caption="Counted by hand.", caption_justify="left")
    table.add_column("metric", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("differing")
    table.add_row("passed_with_setup_code", "1,494", "")
    table.add_row("em", "249", "forged by a class: 1")
    return table


def test_a_table_that_fits_is_one(on_terminal: Print) -> None:
    assert on_terminal(sample(), 80) == (
        "metric                   rows  differing\n"
        "passed_with_setup_code  1,494\n"
        "em                        249  forged by a class: 1\n"
        "Counted by hand."
    )
    assert on_terminal(sample(), 42).splitlines()[2:4] == [
        "em                        249  forged by a",
        "                               class: 1",
    ]


def test_a_table_that_does_not_fit_is_a_list_of_its_rows(on_terminal: Print) -> None:
    assert on_terminal(sample(), 30) == (
        "metric     passed_with_setup_c\n"
        "           ode\n"
        "rows       1,494\n"
        "\n"
        "metric     em\n"
        "rows       249\n"
        "differing  forged by a class:\n"
        "           1\n"
        "Counted by hand."
    )
