"""Verdicts are remembered in memory and on disk, by content, within bounds, and never wrongly."""

import multiprocessing
import os
import sqlite3
from pathlib import Path

import pytest

from mas2_env.errors import SandboxError
from mas2_env.tools import python, verdicts
from mas2_env.tools.isolation import choose
from mas2_env.tools.python import Program, PythonRunner
from mas2_env.tools.verdicts import Memory, Verdict


def test_what_one_process_learns_another_knows(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite"
    told = Verdict("failed", "text \udc80 with a lone surrogate", "output")
    plain = Verdict("passed", "", "output")
    first = Memory(10, path)
    first.put(b"odd", told)
    first.put(b"plain", plain)
    second = Memory(10, path)
    assert second.get(b"plain") == plain
    assert second.get(b"odd") in (told, None)
    assert second.get(b"other") is None
    for memory in (first, second):
        memory.close()


def test_what_depends_on_the_machine_is_not_shared(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite"
    memory = Memory(10, path)
    memory.put(b"late", Verdict("timed out"))
    memory.put(b"long", Verdict("passed", "", "x" * 10_000))
    assert memory.get(b"late") is not None
    memory.close()
    assert Memory(10, path).get(b"late") is None
    assert Memory(10, path).get(b"long") is None


def test_memory_and_file_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite"
    memory = Memory(5, path, most_on_disk=1_500)
    for i in range(3_100):
        memory.put(i.to_bytes(4, "big"), Verdict("passed"))
    memory.close()
    with sqlite3.connect(path) as store:
        (count,) = store.execute("SELECT count(*) FROM verdicts").fetchone()
    store.close()
    assert 1_500 <= count <= 2_600
    assert len(memory._known) == 5


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_that_cannot_be_used_is_done_without(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "folder" / "verdicts.sqlite" if not content else tmp_path / "verdicts.sqlite"
    if content:
        path.write_bytes(content)
    memory = Memory(10, path)
    memory.put(b"key", Verdict("passed"))
    assert memory.get(b"key") == Verdict("passed")


def _write(path: str, name: int) -> None:
    verdicts.WAIT = 120.0  # for one that stands still with the file in its hands
    memory = Memory(10, Path(path))
    for i in range(200):
        memory.put(f"{name}-{i}".encode(), Verdict("failed", str(i)))
    memory.close()


def test_many_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(path), name)) for name in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    memory = Memory(10, path)
    assert all(
        memory.get(f"{n}-{i}".encode()) == Verdict("failed", str(i)) for n in range(3) for i in range(200)
    )
    memory.close()


def test_a_second_run_takes_verdicts_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        isolation = choose("bwrap")
    except SandboxError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("MAS2_CACHE", str(tmp_path))
    program = Program("import os\nprint(os.urandom(8))", timeout=60.0, capture=True)
    outputs = set()
    for _ in range(2):
        runner = PythonRunner(workers=1, isolation=isolation, shared=True)
        outputs.add(runner.run(program).output)
        runner.close()
    assert len(outputs) == 1
    assert (tmp_path / "verdicts" / "verdicts.sqlite").is_file()
    unsealed = PythonRunner(workers=1, isolation=choose("process"), shared=True)
    assert unsealed.run(program).output not in outputs
    unsealed.close()


def test_the_key_holds_all_that_a_verdict_depends_on() -> None:
    programs = [
        Program("a", "b"),
        Program("ab", ""),
        Program("a", "b", entry="f"),
        Program("a", "b", given="a"),
        Program("a", "b", timeout=1.0),
        Program("a", "b", memory=1 << 20),
        Program("a", "b", capture=True),
    ]
    keys = {python._key(program, name) for program in programs for name in ("bwrap", "process")}
    assert len(keys) == 2 * len(programs)


def test_nothing_is_kept_if_the_cache_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAS2_CACHE", "off")
    runner = PythonRunner(workers=1, isolation=choose(), shared=True)
    runner.run(Program("x = 1"))
    assert runner._choice()[1]._path is None
    assert not os.path.exists("off")
    runner.close()
