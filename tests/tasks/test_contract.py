"""What every registered task keeps, whatever its benchmark."""

import json
import os
import pickle
import statistics
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import jsonschema
import pytest

from mas2_env.errors import DataError
from mas2_env.task import Item, Score, Task

POINTS = {point.name: point for point in entry_points(group="mas2.tasks")}
SAMPLE = 25
MALFORMED = ("", " ", "\x00", "[]", "\ud800", "🙂" * 500, "#### ", "Answer:", "\\boxed{", "```", "x" * 20_000)
ARGUMENTS: tuple[dict[str, object], ...] = (
    {},
    {"query": 5},
    {"query": ""},
    {"title": ["x"]},
    {"expression": None},
    {"code": 3},
    {"unknown": {"deep": []}},
)

PRINT_ITEMS = """
import hashlib, sys
from importlib.metadata import entry_points
cls = {p.name: p for p in entry_points(group="mas2.tasks")}[sys.argv[1]].load()
task = cls(seed=int(sys.argv[2]))
for index in (3, 0, 11, 250000):
    item = task.item(index)
    truth = item.truth
    parts = (
        item.id, item.query, truth.answer, truth.distractors, truth.difficulty, truth.parts, truth.evidence,
        truth.steps, [(d.title, d.text) for d in item.documents], task.reply(item, truth.answer, 77),
        task.reply(item, truth.distractors[0], 78), task.probe(item, truth.answer, 0), task.digest,
    )
    print(hashlib.sha256(repr(parts).encode()).hexdigest())
"""


def corpus_has(item: Item, docid: str) -> bool:
    """Whether the corpus that an item shares with others has a document of that id."""
    corpus = getattr(item.task, "corpus", lambda _: None)(item)
    return corpus is not None and corpus.get(docid) is not None


@pytest.fixture(scope="module", params=sorted(POINTS))
def task(request: pytest.FixtureRequest) -> Task:
    made: Task = POINTS[request.param].load()()
    return made


@pytest.fixture(scope="module")
def items(task: Task) -> list[Item]:
    return [task.item(index) for index in range(SAMPLE)]


def test_says_what_it_is(task: Task) -> None:
    for field in ("name", "title", "description", "answer_format", "licence", "citation"):
        text = getattr(task, field)
        assert text
        assert text == text.strip()
    assert "\n" not in task.description
    assert POINTS[task.name.lower()].load() is type(task)
    assert task.reference_tokens > 0
    for tool in task.tools:
        jsonschema.Draft202012Validator.check_schema(tool.parameters)
        assert tool.description


def test_procedural_items_never_end_and_are_found_by_their_ids(task: Task, items: list[Item]) -> None:
    assert task.size is None
    assert len({item.id for item in items}) == SAMPLE
    assert len({item.query for item in items}) == SAMPLE
    far = task.item(10**9)
    again = task.find(far.id)
    assert (again.id, again.query, again.truth.answer) == (far.id, far.query, far.truth.answer)
    assert all(item.task is task for item in items)
    with pytest.raises(IndexError):
        task.item(-1)


def test_unknown_ids_are_refused(task: Task, items: list[Item]) -> None:
    for wrong in ("", "nonsense", items[0].id + "x", items[0].id[:-1], f"{task.name.lower()}/p1/0"):
        with pytest.raises(DataError):
            task.find(wrong)


def test_seeds_give_other_items_and_other_digests(task: Task, items: list[Item]) -> None:
    other = type(task)(seed=1)
    assert other.digest != task.digest
    assert len(task.digest) == 64
    assert not {item.query for item in items} & {other.item(index).query for index in range(SAMPLE)}


def test_splits_part_the_items(task: Task, items: list[Item]) -> None:
    """No item of one split is in another, of whatever seed, and an item's id is the same in all of them."""
    seen = {item.id: item.query for item in items}
    where: dict[str, str] = {}
    queries: dict[str, set[str]] = {}
    for split in ("train", "validation", "test"):
        part = type(task)(split=split)
        assert part.size is None
        assert part.digest != task.digest
        assert part.label == f"{task.label}[split={split}]"
        assert pickle.loads(pickle.dumps(part)).digest == part.digest
        own = [part.item(index) for index in range(SAMPLE)]
        where |= dict.fromkeys([item.id for item in own], split)
        queries[split] = {item.query for item in own}
        for item in own:
            assert seen.get(item.id, item.query) == item.query
            assert part.find(item.id).query == item.query
    assert len(where) == 3 * SAMPLE
    assert set(seen) <= set(where)
    assert not queries["test"] & (queries["train"] | queries["validation"])
    assert not queries["test"] & {type(task)(seed=1, split="train").item(index).query for index in range(99)}
    other = type(task)(split="test")
    with pytest.raises(DataError, match="is of the split 'train'"):
        other.find(next(item_id for item_id, split in where.items() if split == "train"))


def test_unknown_splits_are_refused(task: Task) -> None:
    with pytest.raises(DataError, match="there is no split 'tset'"):
        type(task)(split="tset")


def test_other_sources_say_what_they_need(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAS2_CACHE", str(tmp_path))
    for arguments in ({"source": "hub"}, {"source": "file"}, {"source": "procedual"}):
        with pytest.raises(DataError):
            type(task)(**arguments)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="missing"):
        type(task)(source="file", path="/missing/items.jsonl")


def test_items_are_the_same_in_any_process_and_order(task: Task) -> None:
    printed = [
        subprocess.run(
            [sys.executable, "-c", PRINT_ITEMS, task.name.lower(), "5"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(set(printed[0].split())) == 4


def test_truth_is_whole(items: list[Item]) -> None:
    for item in items:
        truth = item.truth
        assert truth.answer
        assert truth.distractors
        assert len(set(truth.distractors)) == len(truth.distractors)
        assert truth.answer not in truth.distractors
        assert truth.parts >= 1
        assert truth.steps
        held = {document.title for document in item.documents}
        assert all(title in held or corpus_has(item, title) for title in truth.evidence)


def test_difficulty_varies_around_nought(task: Task) -> None:
    drawn = [task.item(index).truth.difficulty for index in range(400)]
    assert 0.7 < statistics.pstdev(drawn) < 2.0
    assert abs(statistics.mean(drawn)) < 0.5


def test_the_answer_scores_full_and_distractors_nothing(task: Task, items: list[Item]) -> None:
    for item in items[:8]:
        right = task.score(item, item.truth.answer)
        assert right.success
        assert right.value == 1.0
        for distractor in item.truth.distractors:
            wrong = task.score(item, distractor)
            assert not wrong.success
            assert wrong.value == 0.0
            assert wrong.metrics.keys() == right.metrics.keys()


def test_malformed_answers_score_nothing_and_never_raise(task: Task, items: list[Item]) -> None:
    for answer in (None, *MALFORMED):
        score = task.score(items[0], answer)
        assert isinstance(score, Score)
        assert not score.success
    for text in MALFORMED:
        extracted = task.extract(text)
        assert extracted is None or isinstance(extracted, str)
        assert isinstance(task.canonical(text), str)


def test_replies_carry_their_answers(task: Task, items: list[Item]) -> None:
    for item in items:
        for answer in (item.truth.answer, *item.truth.distractors):
            for draw in (0, 1, 2**31, 2**32 - 1, 123456789):
                text = task.reply(item, answer, draw)
                found = task.extract(text)
                assert found is not None
                assert task.meaning(found) == task.meaning(answer)
                assert text == task.reply(item, answer, draw)
    worded = {task.reply(items[0], items[0].truth.answer, draw * 2654435761 % 2**32) for draw in range(50)}
    assert len(worded) > 3


def test_equal_answers_have_one_canonical_form(task: Task, items: list[Item]) -> None:
    for item in items:
        form = task.canonical(item.truth.answer)
        assert form == task.canonical(item.truth.answer)
        assert all(task.canonical(wrong) != form for wrong in item.truth.distractors)


def test_probes_are_valid_calls_that_inform_and_end(task: Task, items: list[Item]) -> None:
    tools = {tool.name: tool for tool in task.tools}
    for item in items[:8]:
        assert task.informed(item, ()) == 0.0
        outputs: list[str] = []
        for step in range(20):
            use = task.probe(item, item.truth.answer, step)
            if use is None:
                break
            arguments = json.loads(use.arguments)
            jsonschema.validate(arguments, tools[use.name].parameters)
            outputs.append(task.call(item, use.name, arguments))
        else:
            pytest.fail("probes do not end")
        assert not any(output.startswith("error") for output in outputs)
        assert 0.0 <= task.informed(item, outputs) <= 1.0
        for distractor in item.truth.distractors[:2]:
            wrong = task.probe(item, distractor, 0)
            if wrong is not None:
                jsonschema.validate(json.loads(wrong.arguments), tools[wrong.name].parameters)


def test_tools_answer_whatever_they_are_given(task: Task, items: list[Item]) -> None:
    for tool in task.tools:
        for arguments in ARGUMENTS:
            assert isinstance(task.call(items[0], tool.name, arguments), str)
        assert task.call(items[0], tool.name, {}).startswith("error")
    assert task.call(items[0], "no-such-tool", {}).startswith("error")


def test_nothing_hidden_stands_in_the_query(items: list[Item]) -> None:
    for item in items:
        assert len(item.truth.answer) <= 20 or item.truth.answer.strip() not in item.query


def test_what_a_list_of_tasks_says(task: Task) -> None:
    assert set(task.sources()) <= {"procedural", "file", "hub"}
    assert task.sources()["procedural"] is None
    assert task.splits == {"train": None, "validation": None, "test": None}
    assert task.metric == task.metric.strip()
    assert task.origin == {}


def test_pickles_small_and_whole(task: Task, items: list[Item]) -> None:
    assert len(pickle.dumps(task)) < 500
    copy = pickle.loads(pickle.dumps(items[3]))
    assert (copy.id, copy.query, copy.truth.answer) == (items[3].id, items[3].query, items[3].truth.answer)
    assert copy.documents == items[3].documents
    assert copy.task.digest == task.digest
    assert copy.task.score(copy, copy.truth.answer).success
