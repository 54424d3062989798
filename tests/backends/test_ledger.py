"""The ledger: lines in, sums out, over several processes and after a kill."""

import os
import pickle
import threading
from types import SimpleNamespace

import pytest

from mas2_env.backends.ledger import Ledger, Line, clock, kept_line, read_ledger, sum_lines, usd
from mas2_env.errors import BudgetError, Halt, RecordError


def line(prompt=100, completion=10, **changes):
    fields = {
        "time": 0.0,
        "seconds": 0.1,
        "query": "sums/1",
        "role": "solver",
        "operation": "solver#0@0/0",
        "attempt": 0,
        "retry": 0,
        "model": "small",
        "provider": "local",
        "ended": "reply",
        "usage": "server",
        "prompt": prompt,
        "completion": completion,
        "price": prompt + 4 * completion,
        "billed": prompt + 4 * completion,
    }
    return Line(**(fields | changes))


def test_totals_are_sums_over_lines(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    lines = [line(i, i) for i in range(10)] + [
        line(ended="timeout", usage="unknown", prompt=0, completion=0, price=0, billed=0)
    ]
    for each in lines:
        ledger.add(each)
    assert read_ledger(ledger.path) == lines
    totals = ledger.totals
    assert totals == sum_lines(lines)
    assert (totals.calls, totals.replies, totals.failed, totals.unknown) == (11, 10, 1, 1)
    assert totals.prompt == totals.completion == 45
    assert totals.billed == totals.price == 5 * 45
    ledger.close()


def test_what_was_kept_costs_its_list_price_and_is_not_billed():
    ledger = Ledger()
    ledger.add(line())
    ledger.add(kept_line(line()))
    totals = ledger.totals
    assert (totals.price, totals.billed, totals.kept, totals.kept_price) == (280, 140, 1, 140)


def test_a_call_took_as_long_as_all_its_requests():
    lines = [
        line(seconds=0.5, ended="server error", key="aa" * 8),
        line(seconds=0.25, retry=1, key="aa" * 8),
        line(seconds=4.0, key="bb" * 8),
    ]
    seconds = clock(lines)
    calls = [SimpleNamespace(key=bytes.fromhex(byte * 32)) for byte in ("aa", "bb", "cc")]
    assert [seconds(call, None) for call in calls] == [0.75, 4.0, None]


def test_totals_include_the_lines_of_other_processes(tmp_path):
    one, two = Ledger(tmp_path / "l"), pickle.loads(pickle.dumps(Ledger(tmp_path / "l", 1000)))
    one.add(line())
    two.add(line())
    assert one.totals == two.totals
    assert one.totals.calls == 2
    one.close()
    two.close()


def test_threads_that_look_at_once_count_no_line_twice(tmp_path):
    """A policy that asks the run's models from its own thread looks at the ledger too."""
    with Ledger(tmp_path / "ledger.jsonl") as ledger:

        def work():
            for _ in range(150):
                ledger.add(line())
                assert ledger.totals.calls > 0

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ledger.totals == sum_lines(read_ledger(tmp_path / "ledger.jsonl"))


def test_money_that_is_spent(tmp_path):
    ledger = Ledger(tmp_path / "l", max_cost=200)
    ledger.check()
    ledger.add(line())
    ledger.check()
    ledger.add(line())
    with pytest.raises(BudgetError, match=r"\$0.00000028 have been billed of the \$0.0000002 "):
        ledger.check()
    ledger.close()
    again = Ledger(tmp_path / "l", max_cost=200)
    with pytest.raises(BudgetError):
        again.check()
    again.close()


def test_a_half_line_is_left_out_and_a_damaged_one_is_named(tmp_path):
    ledger = Ledger(tmp_path / "l")
    ledger.add(line())
    ledger.close()
    with ledger.path.open("ab") as file:
        file.write(b'{"time": 1')
    assert len(read_ledger(ledger.path)) == 1
    with ledger.path.open("ab") as file:
        file.write(b"\n")
    with pytest.raises(RecordError, match="is damaged"):
        read_ledger(ledger.path)
    assert read_ledger(tmp_path / "none") == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_ends_the_run():
    from pathlib import Path

    ledger = Ledger(Path("/dev/full"))
    with pytest.raises(RecordError, match="No space left on device") as caught:
        ledger.add(line())
    assert isinstance(caught.value, Halt)
    os.close(ledger._file)


@pytest.mark.parametrize(
    ("nano", "printed"),
    [
        (0, "0"),
        (1, "0.000000001"),
        (10_000, "0.00001"),
        (20_000_000_000, "20"),
        (12_345_678_900, "12.3456789"),
    ],
)
def test_money_is_printed_exactly_and_without_an_exponent(nano, printed):
    assert usd(nano) == printed
