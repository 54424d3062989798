"""The source `hub`, from a small hub: in processes of their own, since `datasets` reads its settings once."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from mas2_tasks.hub import hub_set

from .hub_mirror import GSM8K_ROWS, Rows, mirror, questions
from .hub_server import serving

COMMIT = hub_set("gsm8k").revision
FULL_ROWS: Rows = {"train": questions(7473), "test": questions(1319, 10_000)}


def environment(folder: Path, endpoint: str, **others: str) -> dict[str, str]:
    own = {"MAS2_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hf"), "HF_ENDPOINT": endpoint}
    own |= {"HF_HUB_OFFLINE": "0", "HF_HUB_ETAG_TIMEOUT": "120", "HF_HUB_DOWNLOAD_TIMEOUT": "120"}
    return {**os.environ, **own, "PYTHONWARNINGS": "error", **others}


def use(code: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, **options)


def cli(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return use(
        "import mas2_tasks.hub; mas2_tasks.hub.WAIT = 120; from mas2_env.cli import main; main()",
        *arguments,
        **options,
    )


def test_the_pinned_commit_is_read_from_the_hub(tmp_path: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), FULL_ROWS)
    with serving(Path(path), "openai/gsm8k", COMMIT) as server:
        env = environment(tmp_path, server.endpoint)
        fetched = cli("tasks", "fetch", "gsm8k", "--json", env=env)
        assert fetched.stderr == ""
        known = json.loads(fetched.stdout)
        assert (known["revision"], known["licence"]) == (COMMIT, "MIT")
        assert [(file["split"], file["rows"]) for file in known["files"]] == [("train", 7473), ("test", 1319)]
        assert all(COMMIT in line or "harness" in line for line in server.asked)
    shown = cli("tasks", "show", "gsm8k", "--source", "hub", "--json", env=env | {"HF_HUB_OFFLINE": "1"})
    assert shown.returncode == 0, shown.stderr
    facts = json.loads(shown.stdout)
    assert facts["origin"] == {"repository": "openai/gsm8k", "config": "main", "revision": COMMIT}
    assert facts["size"] == 7473 + 1319 == sum(facts["splits"].values())
    assert facts["splits"]["test"] == 1319
    assert 600 < facts["splits"]["validation"] < 900


def test_other_data_than_the_pinned_are_refused(tmp_path: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    with serving(Path(path), "openai/gsm8k", COMMIT) as server:
        env = environment(tmp_path, server.endpoint)
        done = cli("tasks", "fetch", "gsm8k", env=env)
    assert done.returncode == 1
    assert f"openai/gsm8k@{COMMIT[:12]} main/train: has 40 rows, expected 7473" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_commit_is_never_taken_for_the_pinned_one(tmp_path: Path) -> None:
    """`datasets` does so where there is no network and its cache has another."""
    load = "import sys, datasets; datasets.load_dataset('openai/gsm8k', 'main', revision=sys.argv[1])"
    with serving(Path(mirror(tmp_path, hub_set("gsm8k"), FULL_ROWS)), "openai/gsm8k", "1" * 40) as server:
        env = environment(tmp_path, server.endpoint)
        assert use(load, "1" * 40, env=env).returncode == 0
        gone = cli("tasks", "fetch", "gsm8k", env=env)
        assert gone.returncode == 1
        assert "main/train: cannot be loaded: " in gone.stderr
        assert COMMIT in gone.stderr
    offline = env | {"HF_HUB_OFFLINE": "1"}
    assert use(load, COMMIT, env=offline).returncode == 0
    done = cli("tasks", "fetch", "gsm8k", env=offline)
    assert done.returncode == 1
    assert "the hub cannot be reached (ConnectionError: `datasets` has 111111111111" in done.stderr


def test_an_unpinned_commit_is_resolved_once(tmp_path: Path) -> None:
    data = hub_set("bamboogle")
    assert data.revision == ""
    rows = [{"Question": f"Who made thing {n}?", "Answer": f"Maker {n}"} for n in range(30)]
    path = Path(mirror(tmp_path, data, {"test": rows}))
    revisions = []
    for commit in ("a" * 40, "b" * 40):
        with serving(path, data.repository, commit) as server:
            env = environment(tmp_path, server.endpoint)
            done = cli("tasks", "fetch", "bamboogle", "--json", env=env)
            assert done.returncode == 0, done.stderr
            revisions.append(json.loads(done.stdout)["revision"])
    assert revisions == ["a" * 40] * 2


def test_without_network_there_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    env = environment(tmp_path, "http://127.0.0.1:9", HF_HUB_OFFLINE="1")
    for arguments in (
        ("tasks", "fetch", "gsm8k"),
        ("tasks", "show", "nq", "--source", "hub"),
        ("eval", "-p", "direct", "-t", "bamboogle", "--source", "hub", "--out", str(tmp_path / "run")),
    ):
        done = cli(*arguments, env=env)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "the hub cannot be reached" in done.stderr
        assert "mas2 tasks fetch" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_no_network_is_known_at_once(tmp_path: Path) -> None:
    """`datasets` tries again for 23 s and more: so long it sleeps, which is added up here instead."""
    env = environment(tmp_path, "http://127.0.0.1:9")
    slept = "import sys, time\nslept = []\ntime.sleep = slept.append\ntry:\n    {}\n"
    slept += "finally:\n    print(sum(slept))"
    theirs = use(slept.format("import datasets; datasets.load_dataset('openai/gsm8k', 'main')"), env=env)
    assert float(theirs.stdout) > 10
    done = use(slept.format("from mas2_env.cli import main; main()"), "tasks", "fetch", "gsm8k", env=env)
    assert float(done.stdout) < 1
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"openai/gsm8k@{COMMIT[:12]} main/train: is not in the cache, and the hub cannot be" in done.stderr
    assert done.stderr.endswith("what `datasets` keeps itself is used with HF_HUB_OFFLINE=1\n")


def test_a_mirror_is_evaluated_on(tmp_path: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    env = environment(tmp_path, "http://127.0.0.1:9", HF_HUB_OFFLINE="1")
    run = str(tmp_path / "run")
    common = ("--source", "hub", "--data", f"gsm8k={path}", "--split", "test", "--items", "4", "--out", run)
    done = cli("eval", "-p", "direct", "-t", "gsm8k", *common, "--json", env=env)
    assert done.returncode == 0, done.stderr
    known = json.loads((tmp_path / "run" / "run.json").read_text())["plan"]["tasks"][0]
    assert (known["source"], known["path"], known["split"]) == ("hub", path, "test")
    assert cli("eval", "--resume", run, env=env).returncode == 0


STREAM = """
from mas2_tasks.hub import hub_set, stream_rows
data = hub_set("browsecomp-plus")
rows = stream_rows(data, "test", data.revision, columns=("query_id", "query"))
print(len([row["query_id"] for row in rows]))
"""


def test_of_streamed_files_only_the_columns_are_transferred(tmp_path: Path) -> None:
    data = hub_set("browsecomp-plus")
    noise = random.Random(0)
    rows = [
        {"query_id": str(n), "query": f"q{n}", "negative_docs": [{"docid": "1", "text": text}]}
        for n in range(40)
        for text in [noise.randbytes(500_000).hex()]
    ]
    path = mirror(tmp_path, data, {"test": rows})
    size = sum(file.stat().st_size for file in Path(path).rglob("*.parquet"))
    with serving(Path(path), data.repository, data.revision) as server:
        done = use(STREAM, env=environment(tmp_path, server.endpoint))
        assert done.stdout == "40\n", done.stderr
        assert size > 18_000_000
        assert server.sent < size / 2
