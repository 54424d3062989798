"""`kill -9` at any moment: what was finished stays, and a resumed run is the same as an uninterrupted one."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ARGUMENTS = (
    "--policy lab:Slow,lab:SlowWide --tasks lab:Sums --items 60 --seeds 2 --backend lab:Flaky --batch 3"
)


def start(folder, *arguments):
    """`mas2 eval` in a process of its own, as a user starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "mas2_env.cli", "eval", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )


def finish(process):
    out, error = process.communicate(timeout=600)
    return process.returncode, out, error


def lines(folder):
    path = folder / "episodes.jsonl"
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def wait_for_lines(folder, number, process):
    while len(lines(folder)) < number:
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)


@pytest.fixture
def hold(lab):
    """A file that keeps runs from being done before they are killed, however late that is."""
    path = lab / "hold"
    path.touch()
    return path


def keys(data):
    return [tuple(json.loads(line)[name] for name in ("policy", "task", "item", "seed")) for line in data]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_that_is_killed_again_and_again(lab, hold, workers):
    options = [*ARGUMENTS.split(), "--workers", workers]
    hold.unlink()
    assert finish(start(lab, *options, "--out", "whole"))[0] == 0
    hold.touch()
    whole = lines(lab / "whole")
    assert len(whole) == 240

    rng = random.Random(5)
    kept: list[bytes] = []
    for attempt in range(4):
        done = len(kept)
        process = start(lab, *(("--resume", "cut") if attempt else (*options, "--out", "cut")))
        wait_for_lines(lab / "cut", done + 1, process)
        time.sleep(rng.random() * 0.08)
        os.killpg(process.pid, signal.SIGKILL) if workers == "1" else process.kill()
        finish(process)
        now = [line for line in lines(lab / "cut") if line.endswith(b"\n")]
        assert now[:done] == kept, "what was finished before is untouched"
        assert len(now) > done
        kept = now
    assert len(kept) < 240, "the kills came too late to show anything"

    hold.unlink()
    code, out, error = finish(start(lab, "--resume", "cut", "--json"))
    told = "mas2: 24 of 240 episodes ended void; 24 of them: the provider is down\n"
    assert (code, error) == (0, told)
    assert json.loads(out)["summary"]["episodes"] == 240
    cut = lines(lab / "cut")
    assert len(set(keys(cut))) == len(cut) == 240, "none is missing and none is there twice"
    assert sorted(cut) == sorted(whole)


def test_workers_end_with_a_parent_that_was_killed(lab, hold):
    process = start(lab, *ARGUMENTS.split(), "--workers", "2", "--out", "run")
    wait_for_lines(lab / "run", 1, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        finish(process)
        pytest.skip("this system does not list a process's children")
    workers = children.read_text().split()
    assert len(workers) >= 2
    process.kill()
    finish(process)
    deadline = time.monotonic() + 240
    while any(_lives(pid) for pid in workers):
        assert time.monotonic() < deadline, "workers outlive their parent"
        time.sleep(0.02)


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_asked_to_stop_says_how_to_go_on(lab, hold, number, code):
    process = start(lab, *ARGUMENTS.split(), "--out", "run")
    wait_for_lines(lab / "run", 5, process)
    process.send_signal(number)
    returned, out, error = finish(process)
    assert (returned, out) == (code, "")
    assert (
        error == "mas2: error: interrupted; finished episodes are kept: go on with mas2 eval --resume run\n"
    )
    hold.unlink()
    assert finish(start(lab, "--resume", "run"))[0] == 0
    assert len(set(keys(lines(lab / "run")))) == len(lines(lab / "run")) == 240


@pytest.mark.parametrize("attempt", range(3))
def test_ctrl_c_in_a_terminal_reaches_the_workers_too_and_they_say_nothing(lab, hold, attempt):
    process = start(lab, *ARGUMENTS.split(), "--workers", "2", "--out", "run")
    while not (lab / "run" / "run.json").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    time.sleep(0.06 * attempt)
    os.killpg(process.pid, signal.SIGINT)
    code, out, error = finish(process)
    assert (code, out) == (130, "")
    assert (
        error == "mas2: error: interrupted; finished episodes are kept: go on with mas2 eval --resume run\n"
    )


def test_a_second_process_is_kept_out(lab, hold):
    process = start(lab, *ARGUMENTS.split(), "--out", "run")
    wait_for_lines(lab / "run", 1, process)
    code, _, error = finish(start(lab, "--resume", "run"))
    assert code == 1
    assert error.startswith(f"mas2: error: run is in use by another process ({process.pid})")
    hold.unlink()
    assert finish(process)[0] == 0
