"""The command line: what it prints where, and with which exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mas2_env.cli import run

POLICIES = """
from mas2_agents.direct import Direct

class Broken:
    def decide(self, observations):
        raise RuntimeError("out of ideas")

class Mine(Direct):
    pass
"""

FLAKY = """
from mas2_env.backends.base import Backend
from mas2_env.errors import ProviderError
from mas2_env.execution.operation import Reply

class Flaky(Backend):
    def __init__(self, pool):
        self.ends = [Reply("#### 5", 1, 1), *map(ProviderError, ("no route", "line dead", "line dead"))]

    def complete(self, calls):
        return [self.ends.pop() for call in calls]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current directory with policies of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    (tmp_path / "own.py").write_text(POLICIES)
    sys.modules.pop("own", None)
    yield tmp_path
    sys.modules.pop("own", None)


@pytest.fixture
def mas2(here, capsys):
    """Runs a command line; gives its exit code, standard output and standard error."""

    def mas2(line):
        code = run(line.split())
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return mas2


def test_eval_writes_a_run_folder_and_prints_a_table(mas2):
    code, out, error = mas2("eval --policy direct,own:Mine --tasks HotpotQA --items 6 --seeds 2 --out run")
    assert (code, error) == (0, "")
    assert "direct" in out
    assert "Mine" in out
    assert "run/report.html" in out
    assert {"run.json", "episodes.jsonl", "report.html"} <= {path.name for path in Path("run").iterdir()}
    assert len(Path("run/episodes.jsonl").read_text().splitlines()) == 24


def test_json_is_all_that_stands_on_standard_output(mas2):
    code, out, error = mas2("eval -p direct -t gsm8k --items 4 --out run --json")
    assert (code, error) == (0, "")
    data = json.loads(out)
    assert data["summary"]["episodes"] == 4
    assert data["summary"]["rows"][0]["policy"] == "direct"
    assert Path(data["report"]).exists()


def test_a_run_gets_a_folder_of_its_own(mas2):
    assert mas2("eval -p direct -t gsm8k --items 1")[0] == 0
    assert mas2("eval -p direct -t gsm8k --items 1")[0] == 0
    assert len(list(Path("runs").iterdir())) == 2


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("eval", 2, "say which policies: --policy "),
        ("eval -p drect -t gsm8k", 1, "no policy is named 'drect'; did you mean 'direct'?"),
        ("eval -p direct -t gsm", 1, "no task is named 'gsm'"),
        ("eval -p nowhere:X -t gsm8k", 1, "No module named 'nowhere'"),
        ("eval -p own:Min -t gsm8k", 1, "has no attribute 'Min'; did you mean 'Mine'?"),
        ("eval -p direct -t gsm8k --pool defualt", 1, "no pool is named 'defualt'; did you mean 'default'?"),
        ("eval -p direct -t gsm8k --seeds x", 2, "--seeds 'x': expected how many"),
        ("eval -p direct -t gsm8k --budget 0", 2, "--budget is 0"),
        ("eval -p direct -t gsm8k --budget inf", 2, "--budget is inf, expected a finite number above 0"),
        ("eval -p direct -t gsm8k --baseline cot", 2, "--baseline 'cot' is not one of the policies direct"),
        ("eval -p direct -t gsm8k --cache-mode read", 2, "but there is none: add --cache FILE"),
        ("eval -p direct -t gsm8k --data gsm8k", 2, "--data 'gsm8k': expected TASK=PATH"),
        ("eval -p direct -t gsm8k --data gsm8k=a --data gsm8k=b", 2, "'gsm8k' has the data 'a' already"),
        ("eval -p direct -t gsm8k --data hotpotqa=x", 2, "'hotpotqa' is not among --tasks"),
        ("eval -p direct -t gsm8k --data gsm8k=nowhere.jsonl", 1, "nowhere.jsonl"),
        ("eval --resume nowhere", 1, "nowhere: there is no such folder"),
        ("eval --resume .", 1, "is not a run folder: it has no run.json"),
        ("eval -p direct --retry-void", 2, "--retry-void needs --resume DIR"),
        ("eval --resume a --out b", 2, "--resume goes on in its own folder: leave --out out"),
        ("eval -p direct -t gsm8k --items 100000000000000000000", 2, "'--items': Input should be less"),
        ("eval -p direct -t gsm8k --max-cost 0", 2, "--max-cost is 0, expected USD above 0"),
        ("eval --itms 3", 2, "No such option: --itms"),
        ("evl", 2, "No such command 'evl'"),
        ("eval -p direct -t gsm8k --backend simulated[parametrs=x]", 1, "did you mean 'parameters'?"),
        ("eval -p direct -t gsm8k --backend simulated[parameters=x.toml]", 1, "x.toml: cannot be read"),
        ("serve-mock --port 0 --log nowhere/log", 1, "nowhere/log: the log cannot be written: No such file"),
        ("serve-mock --port 0 --fault drp=0.1", 2, "no misbehaviour 'drp'; did you mean 'drop'?"),
        (
            "serve-mock --port 0 --fault drop=2",
            2,
            "--fault 'drop=2': expected NAME=SHARE, a share from 0 to 1",
        ),
        ("serve-mock --port 0 --latency inf", 1, "options: latency is inf, expected a number from 0"),
        ("pool show nope.toml", 1, "nope.toml: cannot be read"),
        ("tasks show gsm9k", 1, "did you mean 'gsm8k'?"),
        ("tasks show gsm8k --data x.jsonl", 1, "x.jsonl: cannot be read"),
        ("tasks show gsm8k --data GSM8K=x.jsonl", 2, "give the path alone: --data x.jsonl"),
        ("tasks score gsm8k p.jsonl --data gsm8k=x.jsonl", 2, "give the path alone: --data x.jsonl"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_without_a_traceback(mas2, line, code, said):
    returned, out, error = mas2(line)
    assert (returned, out) == (code, "")
    assert error.startswith("mas2: error: ")
    assert said in error
    assert error.count("\n") == 1
    assert "Traceback" not in error
    assert not Path("runs").exists()


def test_a_file_with_fewer_items_than_asked_for_is_taken_whole_and_that_is_said(mas2):
    lines = [json.dumps({"question": f"What is {n} + {n}?", "answer": f"#### {2 * n}"}) for n in range(4)]
    Path("few.jsonl").write_text("\n".join(lines))
    code, out, error = mas2("eval -p direct -t gsm8k --data gsm8k=few.jsonl --items 9 --out run")
    assert (code, error) == (0, "mas2: GSM8K has 4 items: all of them are taken, not 9\n")
    assert "4 episodes" in out


def test_a_run_whose_every_episode_is_void_has_failed_and_says_why(mas2):
    code, out, error = mas2("eval -p direct -t gsm8k --items 3 --out run --backend replay --json")
    assert json.loads(out)["summary"]["void"] == 3
    assert code == 1
    assert error.startswith("mas2: error: all 3 episodes ended void; the first: ")
    assert error.count("\n") == 1


def test_some_void_episodes_are_counted_with_the_most_frequent_reason(mas2):
    Path("flaky.py").write_text(FLAKY)
    code, out, error = mas2("eval -p direct -t gsm8k --items 4 --batch 1 --out run --backend flaky:Flaky")
    assert code == 0
    assert "4 episodes" in out
    assert error == "mas2: 3 of 4 episodes ended void; 2 of them: line dead\n"


@pytest.mark.parametrize("group", ["", "tasks", "pool"])
def test_a_group_without_a_command_shows_its_help(mas2, group):
    code, out, error = mas2(group)
    assert (code, out) == (2, "")
    assert error.startswith("Usage: mas2")
    assert "Commands:" in error
    assert "mas2: error" not in error


def test_help_is_whole_on_eighty_columns(mas2, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = mas2("eval --help")
    assert "…" not in out
    assert "package.module:Name" in out


def test_a_pipe_gets_one_line_a_row(mas2):
    _, out, _ = mas2("eval -p all -t gsm8k --items 4 --out run")
    table = out.partition("\n\nrun ")[0].splitlines()
    assert [line.split()[0] for line in table[:3]] == ["task", "GSM8K", "debate"]
    assert len(table) == 1 + 6 + 1
    assert table == [line.rstrip() for line in table]


def test_a_terminal_that_knows_few_letters_gets_its_table(here):
    words = ["eval", "--policy", "direct,cot", "--tasks", "gsm8k", "--items", "3", "--out", "run"]
    line = [sys.executable, "-m", "mas2_env.cli", *words]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=True)
    assert re.search(r"\S+ success", done.stdout.splitlines()[0])
    assert done.stderr == ""


def test_every_price_says_whole_where_it_was_read(mas2):
    _, out, _ = mas2("pool show")
    data = json.loads(mas2("pool show --json")[1])
    assert all(b["source"] in out and b["date"] in out for b in data["backbones"].values())


def test_every_accuracy_says_what_it_follows_from_and_where_that_was_read(mas2):
    _, out, _ = mas2("pool show current")
    data = json.loads(mas2("pool show current --json")[1])
    for name, figures in data["figures"].items():
        assert name in out
        assert all(f"{f['of']} {100 * f['value']:.1f}" in out for f in figures)
        assert all(f"{f['date']}  {f['url']}" in out for f in figures)
    assert "Prices and accuracies were read from" in out


def test_a_pool_of_ones_own_says_where_its_models_are_served_and_names_no_source_that_it_lacks(mas2):
    entry = (
        '[[backbone]]\nname = "a"\ndescription = "One."\nusd_per_million_input = 0.1\n'
        "usd_per_million_output = 0.4\ncontext = 1000\n"
    )
    Path("bare.toml").write_text('name = "m"\nreference = "a"\n' + entry)
    out = mas2("pool show bare.toml")[1]
    assert "One." in out
    assert "[1]" not in out
    assert "were read from" not in out
    assert "served by" not in out
    server = '[provider.local]\nbase_url = "http://localhost:8000/v1"\n'
    Path("served.toml").write_text('name = "m"\nreference = "a"\n' + entry + 'model = "org/large"\n' + server)
    out = mas2("pool show served.toml")[1]
    assert re.search(r"a +local +http://localhost:8000/v1 +org/large", out)
    engine = '[engine.small]\npath = "org/small"\nrevision = "abc"\n'
    Path("here.toml").write_text('name = "m"\nreference = "a"\n' + entry + 'adapter = "lora"\n' + engine)
    assert re.search(r"a +small +org/small@abc +adapter lora", mas2("pool show here.toml")[1])


def test_the_pool_of_todays_models_runs(mas2):
    line = "eval --pool current --policy direct,cot --tasks gsm8k,hotpotqa,math,humaneval --items 50 --json"
    code, out, error = mas2(line)
    assert (code, error) == (0, "")
    assert '"success"' in out


def test_a_pool_with_a_typo_is_named(mas2):
    Path("mine.toml").write_text('name = "m"\nreferense = "a"\n')
    code, _, error = mas2("eval -p direct -t gsm8k --pool mine.toml")
    assert code == 1
    assert "mine.toml: unknown key 'referense'; did you mean 'reference'?" in error


def test_an_unreadable_data_set_is_named_with_its_place(mas2):
    Path("bad.jsonl").write_text('{"question": 3}\n')
    code, _, error = mas2("eval -p direct -t gsm8k --data gsm8k=bad.jsonl --items 1")
    assert code == 1
    assert "bad.jsonl" in error
    assert "Traceback" not in error


def test_a_purse_that_is_empty_says_each_time_how_to_go_on(mas2):
    for line in ("eval -p cot -t gsm8k --items 4 --max-cost 0.00001 --out run", "eval --resume run"):
        code, _, error = mas2(line)
        assert code == 1
        assert " of the $0.00001 that --max-cost allows: no further call is made" in error
        assert error.endswith("go on with mas2 eval --resume run --max-cost MORE\n")
    assert mas2("eval --resume run --max-cost 1")[0] == 0
    code, _, error = mas2("eval --resume run --budget 3")
    assert code == 1
    assert "go on with" not in error, "refused: the run is another one"


def test_a_server_that_is_not_there_voids_episodes_and_says_how_to_do_them_again(mas2):
    pytest.importorskip("openai")
    Path("served.toml").write_text(
        'name = "served"\nreference = "m"\n[provider.p]\nbase_url = "http://127.0.0.1:9/v1"\nretries = 0\n'
        '[[backbone]]\nname = "m"\ndescription = "any"\nusd_per_million_input = 1\n'
        "usd_per_million_output = 2\ncontext = 8000\n"
    )
    code, _, error = mas2("eval -p direct -t gsm8k --items 2 --backend openai --pool served.toml --out run")
    assert code == 1
    assert "all 2 episodes ended void; the first: provider 'p': connection failed" in error
    assert error.endswith("; once that is mended: mas2 eval --resume run --retry-void\n")


def test_a_policy_that_raises_is_one_message_that_says_how_to_go_on(mas2):
    code, out, error = mas2("eval -p own:Broken -t gsm8k --items 3 --out run")
    assert (code, out) == (1, "")
    assert "policy Broken raised RuntimeError at stage 'generate', item " in error
    assert "out of ideas; finished episodes are kept: go on with mas2 eval --resume run" in error
    assert "Traceback" not in error


def test_debug_shows_the_whole_traceback(mas2):
    code, _, error = mas2("eval -p own:Broken -t gsm8k --items 3 --out run --debug")
    assert code == 1
    assert "Traceback" in error
    assert "own.py" in error


def test_resume_checks_what_is_asked_for(mas2):
    assert mas2("eval -p direct -t gsm8k --items 3 --out run")[0] == 0
    assert mas2("eval --resume run -p direct --items 3")[0] == 0
    code, _, error = mas2("eval --resume run --items 4 --no-rectifier")
    assert code == 1
    assert "setting 'rectifier' was True and is now False" in error
    assert "the number of items of GSM8K was 3 and is now 4" in error


def test_a_data_file_may_have_moved_when_a_run_goes_on(mas2):
    row = '{"question": "1 + 1?", "answer": "#### 2"}\n'
    Path("a.jsonl").write_text(row)
    assert mas2("eval -p direct -t gsm8k --data gsm8k=a.jsonl --out run")[0] == 0
    Path("a.jsonl").rename("b.jsonl")
    assert mas2("eval --resume run --data gsm8k=b.jsonl")[0] == 0
    assert mas2("eval --resume run --data mas2_tasks.gsm8k:GSM8K=b.jsonl")[0] == 0
    Path("b.jsonl").write_text(row + row)
    code, _, error = mas2("eval --resume run --data gsm8k=b.jsonl")
    assert code == 1
    assert "the number of items of GSM8K was 1 and is now 2" in error or "digest" in error


def test_a_file_here_does_not_take_the_place_of_the_standard_library(here):
    (here / "argparse.py").write_text("raise RuntimeError('the wrong one')")
    (here / "jinja2.py").write_text("raise RuntimeError('found before an installed package')")
    code = "import sys; sys.path.remove(''); import mas2_env.cli as c; c.import_from_here(); import argparse"
    done = subprocess.run([sys.executable, "-c", f"{code}; import jinja2"], capture_output=True, text=True)
    assert "the wrong one" not in done.stderr
    assert "found before an installed package" in done.stderr


def test_the_lists_are_printed_as_tables_and_as_json(mas2):
    assert "HotpotQA" in mas2("tasks list")[1]
    assert {"gsm8k", "hotpotqa", "humaneval"} <= {
        row["name"] for row in json.loads(mas2("tasks list --json")[1])
    }
    shown = json.loads(mas2("tasks show hotpotqa --json")[1])
    assert shown["source"] == "procedural"
    assert shown["example"]["query"]
    assert "data SHA-256" in mas2("tasks show hotpotqa")[1]
    assert "97,852" in mas2("tasks list")[1]
    part = json.loads(mas2("tasks show hotpotqa[split=test] --json")[1])
    assert part["label"] == "HotpotQA[split=test]"
    assert part["splits"] == {"train": None, "validation": None, "test": None}
    assert part["digest"] != shown["digest"]
    assert part == json.loads(mas2("tasks show hotpotqa --split test --json")[1])
    assert "default" in {row["name"] for row in json.loads(mas2("pool list --json")[1])}
    pool = json.loads(mas2("pool show --json")[1])
    assert all(b["source"] and b["date"] for b in pool["backbones"].values())
    assert "$ per million tokens" in mas2("pool show default")[1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tasks show gsm8k[split=test] --split train", "--split train and gsm8k[split=test] do not agree"),
        ("tasks fetch gsm8k[split=test]", "all splits of gsm8k are downloaded; leave the brackets out"),
        (
            "tasks show gsm8k --split tset",
            "'--split': 'tset' is not one of 'all', 'train', 'validation', 'test'",
        ),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(mas2, line, said):
    code, out, error = mas2(line)
    assert (code, out) == (2, "")
    assert error.startswith("mas2: error: ")
    assert said in error


def test_no_gold_answer_is_shown(mas2):
    from mas2_env.plugins import make_task

    shown = json.loads(mas2("tasks show gsm8k --json")[1])
    assert "truth" not in shown["example"]
    assert shown["example"].keys() == {"id", "query"}
    assert make_task("gsm8k").item(0).query == shown["example"]["query"]


def test_doctor_looks_at_the_machine(mas2):
    code, out, _ = mas2("doctor --json")
    findings = {finding["name"]: finding for finding in json.loads(out)["findings"]}
    assert code == 0, [f for f in findings.values() if f["status"] == "broken"]
    assert "isolation" in findings["code sandbox"]["detail"]
    assert {"python", "cores", "memory", "torch", "GPU", "tasks", "policies"} <= findings.keys()


def test_help_loads_nothing_heavy():
    code = "import sys, mas2_env.cli as c; c.run(['--help']); print({'torch', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "eval" in done.stdout
    assert "'torch'" not in done.stdout
    assert "'jinja2'" not in done.stdout


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("exec 3> >(true); wait $!; mas2 pool show >&3", 1, ""),
        ("mas2 pool list >&-", 0, ""),
        ("mas2 pool list > /dev/full", 1, "mas2: error: cannot be written or read: No space left on device"),
        ("mkdir gone && cd gone && rmdir ../gone && mas2 pool list > /dev/null", 0, ""),
        (r"mas2 eval -p direct -t gsm8k --items 1 --out $'\xff' > /dev/null", 0, ""),
        (r"mas2 eval -p [/b]=direct -t gsm8k --items 1 --out '[/b]' > /dev/null", 0, ""),
        (
            r"mas2 eval -p $'a\nb=direct' -t gsm8k --items 1",
            1,
            r"mas2: error: policy 'a\nb': expected a name",
        ),
    ],
)
def test_surroundings_may_be_odd(here, shell, code, said):
    start = f'mas2() {{ "{sys.executable}" -m mas2_env.cli "$@"; }}; '
    done = subprocess.run(["bash", "-c", start + shell], capture_output=True, text=True, timeout=600)
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == bool(said)
