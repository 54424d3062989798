"""Official forms of files: each is recognised, read in order and scored."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from mas2_tasks.bamboogle import Bamboogle
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.hotpotqa import HotpotQA
from mas2_tasks.hotpotqa_score import evaluate
from mas2_tasks.humaneval import HumanEval
from mas2_tasks.math import MATH
from mas2_tasks.mbpp import MBPP
from mas2_tasks.nq import NQ

from mas2_env.errors import DataError
from mas2_env.records import read_loose
from mas2_env.scoring.rows import recognise
from mas2_env.scoring.scorer import Prediction, Row, scorer_of
from mas2_env.task import Task


def lines(folder: Path, *rows: Any, name: str = "predictions.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def data(folder: Path, task: type[Task], items: int) -> Task:
    """A local copy of some procedural items in the official form."""
    made: Any = task()
    return task(
        "file", str(lines(folder, *(made.record(made.item(i)) for i in range(items)), name="data.jsonl"))
    )


def scored(
    path: Path, task: Task, form: str, named: str | None = None
) -> tuple[list[Prediction], list[Row], dict[str, float]]:
    scorer, records = scorer_of(task), read_loose(path)
    found = recognise(records, scorer, named)
    assert found.name == form
    predictions = found.read(records, scorer)
    rows = [scorer.score(each) for each in predictions]
    return predictions, rows, scorer.summary(predictions, rows)


def test_samples_of_humaneval_give_pass_at_k(tmp_path: Path) -> None:
    task = data(tmp_path, HumanEval, 2)
    first, second = task.item(0), task.item(1)
    samples = [{"task_id": first.id, "completion": first.truth.answer} for _ in range(4)]
    samples += [{"task_id": first.id, "completion": "    return None\n"} for _ in range(6)]
    samples += [{"task_id": second.id, "completion": "    return ]\n"} for _ in range(10)]
    _, rows, summary = scored(lines(tmp_path, *samples), task, "samples")
    assert [row.id for row in rows[:2]] == [f"{first.id}#1", f"{first.id}#2"]
    assert rows[0].metrics == {"passed": 1.0, "result_class": "passed"}
    assert rows[10].metrics == {"passed": 0.0, "result_class": "failed"}
    assert summary == pytest.approx({"passed": 0.2, "pass@1": 0.2, "pass@10": 0.5})


def test_pass_at_k_of_files_is_the_official_estimate(shared: Path) -> None:
    scorer = scorer_of(HumanEval())
    with gzip.open(shared / "golden" / "humaneval_passk.jsonl.gz", "rt", encoding="utf-8") as file:
        told = [json.loads(line) for line in file]
    compared = 0
    for row in told:
        samples, correct, k = (row["prediction"][key] for key in ("num_samples", "num_correct", "k"))
        if k not in (1, 10, 100) or samples < k:
            continue
        given = [Prediction(id=str(i), answer="", place="", item="x") for i in range(samples)]
        rows = [Row(str(i), i < correct, {"passed": float(i < correct)}) for i in range(samples)]
        assert scorer.summary(given, rows)[f"pass@{k}"] == pytest.approx(
            row["official"]["pass_at_k"], abs=1e-9
        )
        compared += 1
    assert compared >= 10


def test_samples_of_mbpp_are_whole_programs(tmp_path: Path) -> None:
    task = data(tmp_path, MBPP, 2)
    item = task.item(1)
    path = lines(tmp_path, {"task_id": int(item.id), "solution": item.truth.answer})
    _, rows, summary = scored(path, task, "samples")
    assert rows == [Row(item.id, True, {"passed": 1.0, "result_class": "passed"})]
    assert summary == {"passed": 1.0, "pass@1": 1.0}
    with pytest.raises(DataError, match="line 1: neither `completion` nor `solution`"):
        scored(lines(tmp_path, {"task_id": 1, "completion": None}), task, "samples")


def test_setup_code_of_mbpp_is_not_run_by_the_official_program(tmp_path: Path) -> None:
    tests = {"test_list": ["assert f(2) == LIMIT"], "test_setup_code": "LIMIT = 4"}
    rows = [{"id": "a", "prediction": "def f(x):\n    return x * x\n", "gold": tests}]
    _, (row,), _ = scored(lines(tmp_path, *rows), MBPP(), "rows")
    assert row.success is False
    assert row.metrics == {"passed": 0.0, "result_class": "failed", "passed_with_setup_code": 1.0}


def test_generations_follow_the_order_of_the_items(tmp_path: Path) -> None:
    task = data(tmp_path, HumanEval, 2)
    programs = [[task.item(0).query + task.item(0).truth.answer], ["x = 1\n", "y = 2\n"]]
    path = tmp_path / "generations.json"
    path.write_text(json.dumps(programs), encoding="utf-8")
    _, rows, _ = scored(path, task, "generations")
    assert [row.id for row in rows] == [task.item(0).id, f"{task.item(1).id}#1", f"{task.item(1).id}#2"]
    assert [row.success for row in rows] == [True, False, False]
    path.write_text(json.dumps(programs[:1]), encoding="utf-8")
    with pytest.raises(DataError, match="holds programs of 1 items, the data has 2"):
        scored(path, task, "generations")


def test_a_hotpotqa_prediction_file_gives_what_the_official_program_prints(tmp_path: Path) -> None:
    task: Any = data(tmp_path, HotpotQA, 4)
    items = [task.item(index) for index in range(4)]
    gold = [
        {"_id": item.id, "answer": item.truth.answer, "supporting_facts": item.truth.gold.facts}
        for item in items
    ]
    given = {
        "answer": {items[0].id: items[0].truth.answer, items[1].id: "nobody", "elsewhere": "x"},
        "sp": {
            items[0].id: [list(fact) for fact in items[0].truth.gold.facts],
            items[2].id: [list(items[2].truth.gold.facts[0])],
        },
    }
    for indent in (None, 2):
        path = tmp_path / "pred.json"
        path.write_text(json.dumps(given, indent=indent), encoding="utf-8")
        _, rows, summary = scored(path, task, "hotpotqa")
        assert [row.id for row in rows] == [
            items[0].id, items[1].id, "elsewhere", items[2].id, items[3].id,
        ]  # fmt: skip
        assert [row.success for row in rows] == [True, False, None, False, False]
        official = evaluate(given, gold)
        assert {key: summary[key] for key in official} == pytest.approx(official, abs=1e-12)


def test_what_is_wrong_in_a_hotpotqa_file_is_named(tmp_path: Path) -> None:
    task = data(tmp_path, HotpotQA, 1)
    name = task.item(0).id
    for part, said in (({"answer": {name: 7}}, "expected a string"), ({"sp": {name: 7}}, "supporting facts")):
        with pytest.raises(DataError, match=f"line 1, {name}: .*{said}"):
            scored(lines(tmp_path, part), task, "hotpotqa")
    with pytest.raises(DataError, match="give --data PATH"):
        scored(lines(tmp_path, {"answer": {"x": "y"}}), HotpotQA(), "hotpotqa")


@pytest.mark.parametrize("cls", [NQ, Bamboogle])
def test_questions_without_a_prediction_count_as_wrong(tmp_path: Path, cls: type[Task]) -> None:
    task = data(tmp_path, cls, 3)
    first = task.item(0)
    path = lines(
        tmp_path,
        {"question": f" {first.query}", "prediction": first.truth.answer.upper()},
        {"question": "who asks this", "prediction": "nobody"},
    )
    _, rows, summary = scored(path, task, "questions")
    assert [row.success for row in rows] == [True, None, False, False]
    assert rows[1].error == f"no item of {task.path} asks 'who asks this'"
    assert summary == {"em": pytest.approx(1 / 3)}
    twice = lines(tmp_path, *[{"question": first.query, "prediction": "x"}] * 2)
    with pytest.raises(DataError, match="line 2: this question was answered before"):
        scored(twice, task, "questions")


def test_samples_that_the_harness_logs_are_scored_once_whatever_its_filters(tmp_path: Path) -> None:
    doc = {"question": "How many?", "answer": "2 + 3 = 5\n#### 5"}
    resps = [["So it is #### 5", "It is 4"]]
    logged = [
        {"doc_id": 0, "doc": doc, "target": doc["answer"], "resps": resps, "filter": name}
        for name in ("strict-match", "flexible-extract")
    ]
    _, rows, _ = scored(lines(tmp_path, *logged), GSM8K(), "lm-eval")
    assert [row.id for row in rows] == ["doc/0#1", "doc/0#2"]
    assert rows[0].metrics == {"openai": 1.0, "strict": 1.0, "flexible": 1.0}
    assert rows[1].metrics == {"openai": 0.0, "strict": 0.0, "flexible": 0.0}
    with pytest.raises(DataError, match="line 1: `resps` has the responses of 2 requests"):
        scored(lines(tmp_path, {**logged[0], "resps": [["a"], ["b"]]}), GSM8K(), "lm-eval")


def test_the_harness_brings_references_of_other_tasks_too(tmp_path: Path) -> None:
    code: Any = HumanEval()
    record = code.record(code.item(0))
    for task, doc, answer in (
        (NQ(), {"question": "who", "answer": ["Ada", "Ada Byron"]}, "ada byron"),
        (Bamboogle(), {"Question": "who", "Answer": "Ada"}, "The Ada"),
        (MATH(), {"problem": "?", "answer": "\\frac{1}{2}"}, "Thus the answer is $0.5$."),
        (code, record, record["canonical_solution"]),
        (MBPP(), {"text": "f", "test_list": ["assert f() == 1"]}, "def f():\n    return 1\n"),
    ):
        logged = {"doc_id": 7, "doc": doc, "resps": [[answer]], "filter": "none"}
        _, rows, _ = scored(lines(tmp_path, logged), task, "lm-eval")
        assert [(row.id, row.success) for row in rows] == [("doc/7", True)], task.name
        _, (lost,), _ = scored(lines(tmp_path, {**logged, "doc": {"x": 1}}), task, "lm-eval")
        assert lost.error == f"no reference of {task.name} stands in `doc`"


def test_published_model_solutions_of_gsm8k(tmp_path: Path) -> None:
    """They write `A: ` where the data set has `#### `."""
    models = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
    row: dict[str, Any] = {"question": "How many?", "ground_truth": "2 + 3 = <<2+3=5>>5\nA: 5"}
    row |= {
        model: {"is_correct": i > 2, "solution": f"It is {i}.\nA: {i + 2}"} for i, model in enumerate(models)
    }
    _, rows, summary = scored(lines(tmp_path, row), GSM8K(), "solutions")
    assert [row.id for row in rows] == [f"1/{model}" for model in models]
    assert [row.success for row in rows] == [False, False, False, True]
    assert summary["openai"] == 0.25
    del row["175b_verification"]["solution"]
    with pytest.raises(
        DataError, match="line 1: `175b_verification`: Object missing required field `solution`"
    ):
        scored(lines(tmp_path, row), GSM8K(), "solutions")


def test_samples_of_prm800k_name_their_problem(tmp_path: Path) -> None:
    task = data(tmp_path, MATH, 2)
    item = task.item(0)
    right = {"problem": item.query, "answer": item.truth.answer, "is_correct": True, "prm_score": 0.5}
    none = {"problem": item.query, "given_answer": None, "is_correct": False}
    other = {"problem": "What?", "answer": "1", "is_correct": False}
    _, rows, _ = scored(lines(tmp_path, right, none, other), task, "prm800k")
    assert [(row.id, row.success) for row in rows] == [
        (f"{item.id}#1", True),
        (f"{item.id}#2", False),
        ("What?", None),
    ]


def test_the_text_that_hendrycks_math_writes(tmp_path: Path) -> None:
    path = tmp_path / "outputs.txt"
    text = (
        "0 TYPE: Algebra | LEVEL: 3 | OUTPUT: 3.50 | ANSWER: \\frac{7}{2} | FNAME: 1.json\n"
        "1 TYPE: Geometry | LEVEL: 5 | OUTPUT:  | ANSWER: 4 | FNAME: 2.json\n"
        "#####################\nAlgebra Level 3 Accuracy = 0/1 = 0.000\n"
    )
    path.write_text(text, encoding="utf-8")
    _, rows, _ = scored(path, MATH(), "hendrycks")
    assert [(row.id, row.success) for row in rows] == [("0/1.json", True), ("1/2.json", False)]
    path.write_text(text.replace("1 TYPE", "one TYPE"), encoding="utf-8")
    with pytest.raises(DataError, match="line 2: expected `N TYPE: "):
        scored(path, MATH(), "hendrycks")


def test_whole_responses_to_math_are_asked_for_by_name(tmp_path: Path) -> None:
    rows = [{"id": "a", "prediction": "We get $x = 3$, so the result is 4.", "gold": "4"}]
    assert scored(lines(tmp_path, *rows), MATH(), "responses", "responses")[1][0].success is True


def test_a_row_that_names_its_item_is_scored_as_one_with_its_reference(tmp_path: Path) -> None:
    tasks: list[Any] = [GSM8K(), NQ(), Bamboogle(), HotpotQA(), MATH()]
    for task in tasks:
        item = task.item(5)
        record = task.record(item)
        gold = record.get("answer", record.get("Answer"))
        scorer = scorer_of(task)
        for answer in (item.truth.answer, item.truth.distractors[0], None, ""):
            parts = {"id": "x", "answer": answer, "place": "", "item": item.id}
            assert scorer.score(Prediction(**parts)) == scorer.score(Prediction(**parts, gold=gold)), (
                task.name
            )


@pytest.mark.parametrize(
    ("prediction", "gold", "said"),
    [
        ("Ada", {"answer": "Ada"}, "`gold`: Object missing required field `supporting_facts`"),
        (
            7,
            {"answer": "Ada", "supporting_facts": []},
            'expected {"answer": ..., "sp": ...} as the prediction',
        ),
        (
            {"answer": "Ada"},
            [{"_id": "x", "answer": "Ada", "supporting_facts": []}],
            "expected an object by id",
        ),
        ({"answer": {"x": 1}}, [{"_id": "x", "answer": "Ada", "supporting_facts": []}], "expected a string"),
        ({"sp": [["A", [1]]]}, {"answer": "Ada", "supporting_facts": []}, "supporting facts must be a list"),
        ({"answer": "x"}, "Ada", "expected a string as the prediction, got an object"),
    ],
)
def test_what_hotpotqa_is_not_scored_from(tmp_path: Path, prediction: Any, gold: Any, said: str) -> None:
    path = lines(tmp_path, {"id": "a", "prediction": prediction, "gold": gold})
    with pytest.raises(DataError, match=f"line 1: .*{re.escape(said)}"):
        scored(path, HotpotQA(), "rows")


def test_both_published_forms_of_supporting_facts_are_references(tmp_path: Path) -> None:
    answer = {"answer": "Ada", "sp": [["A", 0], ["B", 2]]}
    forms = ([["A", 0], ["B", 2]], {"title": ["A", "B"], "sent_id": [0, 2]})
    rows = [
        {"id": str(i), "prediction": answer, "gold": {"answer": "ada", "supporting_facts": facts}}
        for i, facts in enumerate(forms)
    ]
    _, (first, second), _ = scored(lines(tmp_path, *rows), HotpotQA(), "rows")
    assert first.metrics == second.metrics
    assert first.metrics["joint_f1"] == 1.0
    _, (alone,), _ = scored(lines(tmp_path, {**rows[0], "prediction": "Ada"}), HotpotQA(), "rows")
    assert alone.metrics == {"em": 1.0, "f1": 1.0, "precision": 1.0, "recall": 1.0}


def test_the_page_names_every_form() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
    table = page.partition("## Official forms")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    tasks: list[Task] = [HotpotQA(), NQ(), Bamboogle(), GSM8K(), MATH(), HumanEval(), MBPP()]
    assert sorted(named) == sorted(
        {"rows", *(form.name for task in tasks for form in scorer_of(task).formats)}
    )
