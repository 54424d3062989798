"""Where programs cannot be isolated they are refused, with a remedy, unless plain processes are asked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mas2_tasks.mbpp import MBPP

import mas2_env.tools.isolation as isolations
from mas2_env.errors import SandboxError
from mas2_env.runs.evaluate import evaluate
from mas2_env.tools.isolation import choose
from mas2_env.tools.python import sandbox, shared_runner


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without bubblewrap: a path of programs that holds none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MAS2_SANDBOX", raising=False)
    isolations._bubblewrap.cache_clear()
    yield tmp_path
    isolations._bubblewrap.cache_clear()


def test_without_bubblewrap_programs_are_refused_with_a_remedy(nowhere: Path) -> None:
    with pytest.raises(
        SandboxError, match=r"bubblewrap is not installed.*apt-get.*dnf.*pacman.*--sandbox process"
    ):
        choose()
    assert choose("process").name == "process"


def test_a_bubblewrap_that_may_not_says_why(nowhere: Path) -> None:
    tool = nowhere / "bwrap"
    tool.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    tool.chmod(0o755)
    with pytest.raises(
        SandboxError, match=r"user namespaces are not allowed.*apparmor_restrict_unprivileged_userns"
    ):
        choose()


def test_an_evaluation_refuses_before_it_begins(nowhere: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(SandboxError, match="bubblewrap is not installed"):
        evaluate(["direct"], [MBPP()], items=2, out=out)
    assert not out.exists()
    done = evaluate(["direct"], [MBPP()], items=2, sandbox="process")
    assert len(done.records) == 2
    assert all(record.outcome.kind != "void" for record in done.records)


def test_the_variable_and_the_argument_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAS2_SANDBOX", "process")
    assert choose().name == "process"
    monkeypatch.setenv("MAS2_SANDBOX", "docker")
    with pytest.raises(
        SandboxError, match="no isolation 'docker' for programs; expected one of bwrap, process"
    ):
        choose()
    with sandbox("process"):
        assert shared_runner().isolation == "process"


def test_doctor_says_what_is_missing(nowhere: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mas2_env.cli", "doctor", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}["code sandbox"]
    assert found["status"] == "absent"
    assert "apt-get install bubblewrap" in found["detail"]
