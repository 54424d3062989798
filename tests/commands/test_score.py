"""The command `mas2 tasks score`: what it prints, and its exit codes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mas2_env import cache
from mas2_env.cli import run
from mas2_env.commands.score import score_all
from mas2_env.plugins import import_object, make_task
from mas2_env.scoring.scorer import Marks, Prediction, Scorer
from mas2_env.tools.python import shared_runner

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Writes rows to `p.jsonl` and scores them; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def score(task: str, rows: list[Any] | str, *options: str) -> tuple[int, str, str]:
        text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
        Path("p.jsonl").write_text(text, encoding="utf-8")
        code = run(["tasks", "score", task, "p.jsonl", *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return score


ROWS = [
    {"id": "b", "prediction": "The Eiffel Tower", "gold": ["eiffel tower", "tour Eiffel"]},
    {"id": "a", "prediction": "Big Ben", "gold": ["eiffel tower"]},
]


def test_json_holds_the_rows_in_the_order_given(score: Command) -> None:
    code, out, error = score("nq", ROWS, "--json")
    assert code == 0
    assert json.loads(out) == {
        "task": "NQ",
        "n": 2,
        "rows": [
            {"id": "b", "success": True, "metrics": {"em": 1.0}},
            {"id": "a", "success": False, "metrics": {"em": 0.0}},
        ],
    }
    assert error == "mas2: p.jsonl: read as rows (id, prediction, and gold or the item's id)\n"


def test_a_reference_of_another_data_set_is_refused_with_its_line(score: Command) -> None:
    rows = [{"id": str(n), "prediction": "#### 5", "gold": gold} for n, gold in enumerate(("5", r"\frac12"))]
    code, out, error = score("gsm8k", rows)
    assert (code, out) == (1, "")
    assert r"p.jsonl: line 2: `gold` is '\\frac12'; expected a solution that ends in `#### N`" in error
    code, out, _ = score("gsm8k", rows[:1], "--json")
    assert json.loads(out)["rows"][0]["metrics"] == {"openai": 1.0, "strict": 1.0, "flexible": 1.0}


class Keeping(Scorer):
    """Keeps something between runs."""

    def against(self, gold: Any, answer: Any) -> Marks:
        cache.folder("verdicts")
        return Marks(True, {})


def test_a_cache_that_cannot_be_used_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MAS2_CACHE", str(tmp_path / "file"))
    rows, failed = score_all(
        Keeping(make_task("gsm8k")), [Prediction(id="a", answer="5", gold="5", place="1")]
    )
    assert failed == 1
    assert str(rows[0].error).startswith("scoring failed: the cache folder 'verdicts' cannot be made")


def test_a_table_gives_the_means(score: Command) -> None:
    code, out, _ = score("nq", ROWS)
    assert code == 0
    assert dict(line.rsplit(None, 1) for line in out.splitlines()) == {
        "task": "NQ",
        "predictions": "2",
        "not scored": "0",
        "success": "0.5000",
        "em": "0.5000",
    }


def test_rows_whose_item_is_not_there_are_reported_and_never_wrong(score: Command) -> None:
    rows = [*ROWS, {"id": "c", "prediction": "x", "task_id": "nq/dev/99"}]
    code, out, error = score("nq", rows, "--json")
    assert code == 0
    assert json.loads(out)["rows"][2]["success"] is None
    assert "there is no procedural item 'nq/dev/99'" in json.loads(out)["rows"][2]["error"]
    assert "mas2: 1 of 3 not scored; the first, c: " in error
    assert "--data PATH names the items" in error
    code, out, _ = score("nq", rows)
    assert "not scored   1\n" in out
    assert "em           0.5000\n" in out
    assert score("nq", rows, "--complete")[0] == 1
    assert score("nq", ROWS, "--complete")[0] == 0
    assert score("nq", rows[2:])[0] == 1


def test_data_names_the_items(score: Command) -> None:
    Path("items.jsonl").write_text('{"question": "who", "answer": ["Ada"]}\n', encoding="utf-8")
    rows = [{"id": "nq/dev/1", "prediction": "ada"}, {"id": "x", "task_id": "nq/dev/1", "prediction": "Bob"}]
    code, out, _ = score("nq", rows, "--data", "items.jsonl", "--json")
    assert code == 0
    assert [row["success"] for row in json.loads(out)["rows"]] == [True, False]
    asked = [{"question": "who", "prediction": "ADA"}]
    assert "read as questions" in score("nq", asked, "--data", "items.jsonl")[2]


def test_programs_are_scored_in_the_order_given(score: Command) -> None:
    bodies = ["return x", "while True: pass", "return -x", "return ]"]
    gold = {"test_list": ["assert f(3) == 3"], "test_setup_code": ""}
    rows = [
        {"id": str(i), "prediction": f"def f(x):\n    {body}\n", "gold": gold}
        for i, body in enumerate(bodies)
    ]
    code, out, _ = score("mbpp", rows, "--json")
    assert code == 0
    assert [row["metrics"]["result_class"] for row in json.loads(out)["rows"]] == [
        "passed", "timed out", "failed", "failed",
    ]  # fmt: skip
    assert "result_class  failed: 2, passed: 1, timed out: 1\n" in score("mbpp", rows)[1]


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ("", (), "p.jsonl: holds no record"),
        (
            '{"id": "a", "prediction": "x", "gold": ["y"]}\n{"id": \n',
            (),
            "p.jsonl: line 2: not a JSON object",
        ),
        ([*ROWS, ROWS[0]], (), "p.jsonl: line 3: id 'b' is already that of line 1"),
        ([{"id": "a", "prediction": 3, "gold": ["y"]}], (), "line 1: expected a string as the prediction"),
        (
            [{"id": "a", "prediction": "x", "gold": {"y": 1}}],
            (),
            "line 1: `gold`: Expected `str`, got `object`",
        ),
        ([{"id": "a", "prediction": "x", "gold": []}], (), "line 1: `gold` is an empty list"),
        ([{"name": "a"}], (), "p.jsonl: line 1: is not of a form that NQ is scored from: rows (id, pred"),
        (ROWS, ("--format", "row"), "NQ has no format 'row'; did you mean 'rows'?"),
        (ROWS, ("--data", "lost.jsonl"), "lost.jsonl: cannot be read"),
        (ROWS, ("--compare",), "no row that was scored has verdicts to compare with"),
    ],
)
def test_what_is_wrong_is_one_message_with_its_place(
    score: Command, rows: Any, options: tuple[str, ...], said: str
) -> None:
    code, out, error = score("nq", rows, *options)
    assert (code, out) == (1, "")
    (line,) = [line for line in error.splitlines() if line.startswith("mas2: error: ")]
    assert said in line


def test_a_third_partys_task_is_scored_without_a_scorer_of_its_own(
    score: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = Path(__file__).parents[2] / "examples" / "custom_task.py"
    monkeypatch.setattr(sys, "path", [str(example.parent), *sys.path])
    roman = import_object("custom_task:Roman")
    item = roman().item(0)
    rows = [{"id": item.id, "prediction": item.truth.answer}]
    code, out, _ = score("custom_task:Roman", rows, "--json")
    assert code == 0
    assert json.loads(out)["rows"][0]["success"] is True


BREAKING = """
from mas2_env.errors import Breakdown
from mas2_env.scoring.scorer import Scorer
from mas2_tasks.gsm8k import GSM8K

class Breaking(GSM8K):
    scorer = "breaking:Lost"
    blocking = {blocking}

class Lost(Scorer):
    def score(self, prediction):
        if prediction.answer == "break":
            raise Breakdown("the judge is down")
        return super().score(prediction)
"""


@pytest.mark.parametrize("blocking", [False, True])
def test_where_scoring_fails_the_row_is_not_scored(
    score: Command, monkeypatch: pytest.MonkeyPatch, blocking: bool
) -> None:
    Path("breaking.py").write_text(BREAKING.format(blocking=blocking), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(Path.cwd()), *sys.path])
    monkeypatch.delitem(sys.modules, "breaking", raising=False)

    def rows(*answers: str) -> list[dict[str, str]]:
        return [
            {"id": f"r{i}", "task_id": "gsm8k/p0/1", "prediction": text} for i, text in enumerate(answers)
        ]

    code, out, error = score(
        "breaking:Breaking", rows("break", "#### 1", "break", "break", "#### 2"), "--json"
    )
    assert code == 1
    found = json.loads(out)["rows"]
    assert [row["success"] is None for row in found] == [True, False, True, True, False]
    assert found[0]["error"] == "scoring failed: the judge is down"
    assert "3 of 5 not scored" in error
    code, out, error = score("breaking:Breaking", rows("#### 1", *["break"] * 3), "--json")
    assert (code, out) == (1, "")
    assert error.splitlines()[-1] == "mas2: error: the judge is down"


def test_programs_may_be_isolated_as_is_said(score: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    isolations: list[str] = []

    def watched(*arguments: Any) -> Any:
        isolations.append(shared_runner().isolation)
        return score_all(*arguments)

    monkeypatch.setattr("mas2_env.commands.score.score_all", watched)
    gold = {"test_list": ["assert f() == 1"], "test_setup_code": ""}
    rows = [{"id": "a", "prediction": "def f():\n    return 1\n", "gold": gold}]
    code, out, _ = score("mbpp", rows, "--sandbox", "process", "--json")
    assert (code, json.loads(out)["rows"][0]["success"]) == (0, True)
    assert isolations == ["process"]
    code, _, error = score("mbpp", rows, "--sandbox", "nothing")
    assert (code, "is not one of 'bwrap', 'process'" in error) == (2, True)
