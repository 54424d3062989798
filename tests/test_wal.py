"""Files that several processes open at the same moment."""

import multiprocessing
import sqlite3
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from mas2_env.wal import write_ahead

FILES = 60


def _open(folder: str, together: Barrier) -> None:
    for number in range(FILES):
        database = sqlite3.connect(f"{folder}/{number}", timeout=120, isolation_level=None)
        together.wait(240)
        write_ahead(database, 120)
        database.execute("CREATE TABLE IF NOT EXISTS opened (by)")
        database.execute("INSERT INTO opened VALUES (1)")
        database.close()


def test_a_new_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(3)
    processes = [context.Process(target=_open, args=(str(tmp_path), together)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    for number in range(FILES):
        database = sqlite3.connect(tmp_path / str(number))
        assert database.execute("SELECT count(*) FROM opened").fetchone() == (3,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.close()


def test_who_holds_the_file_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "file", isolation_level=None)
    holder.execute("CREATE TABLE held (by)")
    holder.execute("BEGIN EXCLUSIVE")
    other = sqlite3.connect(tmp_path / "file", timeout=0, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_ahead(other, 0.02)
    holder.execute("COMMIT")
    write_ahead(other, 60)
    for database in (holder, other):
        database.close()
