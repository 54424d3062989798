"""The run folder: what a kill, a disk or a careless hand may do to it."""

import gzip
import json
import os

import pytest

from mas2_env.errors import RunError
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.journal import create, pack_trace, read_run, resume
from mas2_env.runs.record import FORMAT, Facts, Plan, PolicyEntry, Start
from mas2_env.settings import Settings


@pytest.fixture
def facts():
    plan = Plan((PolicyEntry("a", "a"),), (), (0,), "p", "p", "d", "simulated", Settings(), traces=True)
    return Facts(FORMAT, plan, (Start("2026-01-01T00:00:00+00:00", "mas2 eval", {}),))


@pytest.fixture
def folder(tmp_path, facts, record):
    """A run of three finished episodes with their traces."""
    with create(tmp_path / "run", facts) as journal:
        for i in range(3):
            journal.append(record(item=str(i)), pack_trace(record(item=str(i)), [b'{"version":1}', b"{}"]))
    return tmp_path / "run"


def traced(folder):
    with gzip.open(folder / "traces.jsonl.gz") as file:
        return [json.loads(line)["item"] for line in file if b'"policy"' in line]


def test_a_folder_gives_back_what_was_written(folder, facts, record):
    read, records = read_run(folder)
    assert read == facts
    assert records == [record(item=str(i)) for i in range(3)]
    assert traced(folder) == ["0", "1", "2"]


def test_a_line_holds_no_time(folder):
    line = (folder / "episodes.jsonl").read_text().splitlines()[0]
    assert json.loads(line).keys() == {"policy", "task", "item", "seed", "outcome", "system", "decisions"}


@pytest.mark.parametrize("cut", [1, 2, 50])
def test_a_half_line_is_cut_off_and_its_episode_is_missing(folder, record, cut):
    path = folder / "episodes.jsonl"
    os.truncate(path, path.stat().st_size - cut)
    assert len(read_run(folder)[1]) == 2
    with resume(folder) as journal:
        assert list(journal.records) == [record(item=str(i)).key for i in range(2)]
        assert traced(folder) == ["0", "1"], "a trace without its line goes too"
        journal.append(record(item="2"), pack_trace(record(item="2"), []))
    assert [r.item for r in read_run(folder)[1]] == traced(folder) == ["0", "1", "2"]


def test_a_half_trace_is_cut_off(folder, record):
    path, episodes = folder / "traces.jsonl.gz", folder / "episodes.jsonl"
    lines = episodes.read_bytes().splitlines(keepends=True)
    episodes.write_bytes(b"".join(lines[:2]))
    os.truncate(path, path.stat().st_size - 9)
    with resume(folder):
        pass
    assert traced(folder) == ["0", "1"]


def test_nothing_is_changed_in_a_damaged_journal(folder):
    path = folder / "episodes.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = b'{"policy": 3}\n'
    path.write_bytes(b"".join(lines) + b"half a li")
    before = path.read_bytes()
    with pytest.raises(
        RunError, match=r"episodes.jsonl:2: is not an episode: Expected `str`.*nothing was changed"
    ):
        resume(folder)
    assert path.read_bytes() == before


def test_an_episode_that_is_there_twice_is_found(folder):
    path = folder / "episodes.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(RunError, match=r"episodes.jsonl:4: episode .* is there twice"):
        resume(folder)


def test_damaged_traces_are_not_cut_away(folder):
    path = folder / "traces.jsonl.gz"
    data = bytearray(path.read_bytes())
    data[20] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(RunError, match=r"traces.jsonl.gz: is damaged in the trace that begins at byte 0"):
        resume(folder)
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ('{"version": "mas2.run/9"}', "another version"),
        ('{"version": "mas2.run/1", "plan": %s, "starts": []}', r"length >= 1 - at `\$.starts`"),
        ("\xff", "damaged"),
    ],
)
def test_a_damaged_run_json_is_named(folder, text, said):
    plan = json.dumps(json.loads((folder / "run.json").read_text())["plan"])
    (folder / "run.json").write_bytes(text.replace("%s", plan).encode("latin-1"))
    with pytest.raises(RunError, match=rf"run.json: .*{said}.*nothing was changed"):
        resume(folder)


@pytest.mark.parametrize("name", ["episodes.jsonl", "traces.jsonl.gz", "lock"])
def test_a_folder_where_a_file_should_be_is_named(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(RunError, match=rf"{name}: cannot be (read|written): Is a directory"):
        resume(folder)


def test_what_is_not_a_run_folder_is_said_so(tmp_path):
    with pytest.raises(RunError, match="there is no such folder"):
        resume(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"is not a run folder: it has no run.json"):
        resume(tmp_path)


def test_two_cannot_write_one_folder(folder):
    said = rf"is in use by another process \({os.getpid()}\)"
    with resume(folder), pytest.raises(RunError, match=said):
        resume(folder)
    resume(folder).close()


def test_a_folder_that_holds_something_is_left_alone(tmp_path, facts):
    (tmp_path / "thesis.tex").write_text("the only copy")
    with pytest.raises(RunError, match=r"is not empty \(it holds 'thesis.tex'\)"):
        create(tmp_path, facts)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_start_that_was_killed_before_it_began_leaves_an_empty_folder(tmp_path, facts):
    (tmp_path / "lock").write_text("123\n")
    (tmp_path / "run.json.part").write_text("{")
    create(tmp_path, facts).close()


def test_a_full_disk_is_an_error_that_keeps_what_there_is(tmp_path, facts, record, monkeypatch):
    journal = create(tmp_path / "run", facts)
    journal.append(record(item="0"))

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(RunError, match="No space left on device; those before it are kept"):
            journal.append(record(item="1"))
    journal.close()
    assert [r.item for r in read_run(tmp_path / "run")[1]] == ["0"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path, facts):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot be made a run folder: (Not a directory|File exists)"):
        create(tmp_path / "file" / "run", facts)


def test_traces_are_those_of_the_episodes(lab):
    result = evaluate(["lab:Solo"], ["lab:Sums"], items=3, backend="lab:Flaky", out="run", traces=True)
    with gzip.open("run/traces.jsonl.gz") as file:
        lines = [json.loads(line) for line in file]
    heads = [line for line in lines if "policy" in line]
    assert sorted(head["item"] for head in heads) == sorted(record.item for record in result.records)
    assert len(lines) > 3 * len(heads)


def test_traces_of_simulated_runs_tell_how_long_they_would_have_taken(tmp_path):
    for name in ("one", "two"):
        evaluate(["debate"], ["gsm8k"], items=2, out=str(tmp_path / name), traces=True)
    one, two = (
        gzip.decompress((tmp_path / name / "traces.jsonl.gz").read_bytes()) for name in ("one", "two")
    )
    assert one == two
    lines = [json.loads(line) for line in one.splitlines()]
    assert all(line["seconds"] > 0 for line in lines if line.get("kind") == "model")
    ends = [line["latency"] for line in lines if line.get("event") == "ended"]
    assert len(ends) == 2
    assert all(0 < end["path"] <= end["steps"] < end["work"] for end in ends)
