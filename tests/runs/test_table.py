"""The table of a run: everything where there is room, and never a figure cut in two."""

import itertools
import re

import msgspec
import pytest
from rich.console import Console

from mas2_env.runs.statistics import summarise
from mas2_env.runs.summary import Interval
from mas2_env.runs.table import money, summary_table

POLICIES = ("direct", "self-consistency")


@pytest.fixture
def summary(record):
    records = [
        record(policy, task, f"{task}/{number}", success=number % 3 > 0)
        for policy, task, number in itertools.product(POLICIES, ("GSM8K", "HumanEval"), range(20))
    ]
    return summarise(records, policies=POLICIES, tasks=("GSM8K", "HumanEval"), expected=80)


def printed(summary, width):
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(summary_table(summary, width))
    return captured.get()


def test_where_there_is_room_a_policy_is_one_line(summary):
    lines = printed(summary, 200).splitlines()
    assert lines[0].split()[:3] == ["task", "policy", "n"]
    assert len(lines) == 1 + len(summary.rows) + 1
    assert re.search(r"GSM8K +direct +20 +65\.0 \[", lines[1])


@pytest.mark.parametrize("width", range(50, 200, 10))
def test_no_figure_is_cut_at_any_width(summary, width):
    text = printed(summary, width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert len(re.findall(r"65\.0", text)) == len(summary.rows)
    assert text.count("[") == text.count("]")


def test_what_is_left_out_on_a_narrow_terminal_is_named(summary):
    text = " ".join(printed(summary, 80).split())
    assert "policy n success % reward Δ success $ / 1k" in text
    assert "The report also has Δ reward, $ / 1k succ., tokens, trig., rect.;" in text
    assert "report also" not in printed(summary, 120)


def test_one_policy_is_compared_with_nothing(summary):
    rows = tuple(row for row in summary.rows if row.policy == "direct")
    text = printed(msgspec.structs.replace(summary, rows=rows, episodes=1, expected=1), 200)
    assert "Δ" not in text
    assert "1 episode;" in text


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [(0.0000786, "0.0786"), (0.0023, "2.30"), (0.0999, "99.9"), (0.5, "500"), (1.2345, "1,234"), (None, "–")],
)
def test_money_has_three_digits_that_count(dollars, shown):
    assert money(Interval(dollars, None, None)) == shown
