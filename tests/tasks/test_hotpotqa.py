import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_tasks.hotpotqa import HotpotQA
from mas2_tasks.hotpotqa_score import evaluate

from mas2_env.errors import DataError

TASK = HotpotQA()

RECORD: dict[str, Any] = {
    "id": "5a8b57f2",
    "question": "In which town was the director of the film Lost Parade born?",
    "answer": "Birkton",
    "type": "bridge",
    "level": "hard",
    "supporting_facts": {"title": ["Lost Parade", "Edvin Marlow"], "sent_id": [0, 1]},
    "context": {
        "title": ["Edvin Marlow", "Lost Parade", "Quiet River"],
        "sentences": [
            ["Edvin Marlow is a film director.", " He was born in Birkton."],
            ["Lost Parade is a 1994 film directed by Edvin Marlow."],
            ["Quiet River is a film by Thea Larkholm.", " It is set in Saint Penford."],
        ],
    },
}


def bare(title: str) -> str:
    return title.removesuffix(" F.C.").partition(" (")[0]


def write(folder: Path, *records: object) -> str:
    path = folder / "items.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return str(path)


def release_form(record: dict[str, Any]) -> dict[str, Any]:
    facts, context = record["supporting_facts"], record["context"]
    return {
        "_id": record["id"],
        **{key: record[key] for key in ("question", "answer", "type", "level")},
        "supporting_facts": list(zip(facts["title"], facts["sent_id"], strict=True)),
        "context": list(zip(context["title"], context["sentences"], strict=True)),
    }


def test_both_published_forms_give_the_same_item(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([release_form(RECORD)]))
    one = HotpotQA("file", write(tmp_path, RECORD)).item(0)
    two = HotpotQA("file", str(tmp_path / "list.json")).find("5a8b57f2")
    assert (one.id, one.query, one.documents) == (two.id, two.query, two.documents)
    assert one.truth.evidence == ("Lost Parade", "Edvin Marlow")
    assert one.truth.steps[1] == "He was born in Birkton."
    assert one.documents[0].text == "Edvin Marlow is a film director. He was born in Birkton."
    assert "Saint Penford" in one.truth.distractors
    assert HotpotQA("file", write(tmp_path, RECORD)).record(one) == RECORD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": 3}, r"line 2: Expected `str`, got `int` - at `\$.question`"),
        ({"answer": None}, "line 2: Expected `str`, got `null`"),
        ({"answer": " "}, "line 2: `answer` is empty"),
        ({"id": ""}, "line 2: no id"),
        ({"context": {"title": ["A"], "sentences": []}}, "line 2: `context` has 1 titles and 0 lists"),
        ({"context": []}, "line 2: `context` has no paragraphs"),
        (
            {"supporting_facts": {"title": ["A"], "sent_id": []}},
            "line 2: `supporting_facts` has 1 titles and 0",
        ),
        ({"supporting_facts": []}, "line 2: `supporting_facts` is empty"),
        ({"id": "first"}, "line 2: id 'first' is already that of line 1"),
    ],
)
def test_bad_records_name_their_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        HotpotQA("file", write(tmp_path, {**RECORD, "id": "first"}, {**RECORD, **change}))


def test_a_missing_field_and_an_unknown_id(tmp_path: Path) -> None:
    short = {key: value for key, value in RECORD.items() if key != "question"}
    with pytest.raises(DataError, match="line 1: Object missing required field `question`"):
        HotpotQA("file", write(tmp_path, short))


def test_agents_need_paragraphs_and_scoring_does_not(tmp_path: Path) -> None:
    short = {key: value for key, value in RECORD.items() if key != "context"}
    with pytest.raises(
        DataError, match=r"line 1: `context` has no paragraphs or is not there.*score` alone does without"
    ):
        HotpotQA("file", write(tmp_path, short))
    references = HotpotQA.to_score()("file", write(tmp_path, short))
    assert references.item(0).truth.answer == RECORD["answer"]
    assert (
        references.item(0).truth.gold.facts
        == HotpotQA("file", write(tmp_path, RECORD)).item(0).truth.gold.facts
    )
    with pytest.raises(DataError, match="titles and 0 lists"):
        HotpotQA.to_score()("file", write(tmp_path, {**RECORD, "context": {"title": ["A"], "sentences": []}}))


def test_an_unknown_id_and_index(tmp_path: Path) -> None:
    task = HotpotQA("file", write(tmp_path, RECORD))
    with pytest.raises(DataError, match="did you mean '5a8b57f2'"):
        task.find("5a8b57f1")
    with pytest.raises(IndexError, match="the file has 1 items, there is no item 1"):
        task.item(1)
    with pytest.raises(DataError, match="ids look like hotpotqa/p0/17"):
        TASK.find("hotpotqa/p0/017")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("He was born there.\nAnswer: Birkton", "Birkton"),
        ("**Answer:** Birkton", "Birkton"),
        ("**Answer: Birkton**", "Birkton"),
        ("Answer: **Birkton**\n", "Birkton"),
        ("Answer: `Birkton`", "Birkton"),
        ("Answer:\n\nBirkton\n", "Birkton"),
        ("Answer: first\nNo, wait.\nAnswer: Birkton", "Birkton"),
        ("**Final answer**: Birkton", "Birkton"),
        ("So the answer is Birkton", "Birkton"),
        ("Thus \\boxed{Birkton}", "Birkton"),
        ("Birkton", "Birkton"),
        ('Answer: "Rich Girl"', '"Rich Girl"'),
        ("Answer: *NSYNC", "*NSYNC"),
        ("I could not find anything in the articles,\nso I give up on this question entirely.", None),
        ("", None),
        ("Answer:", None),
    ],
)
def test_extraction(text: str, answer: str | None) -> None:
    assert TASK.extract(text) == answer


def test_scores_carry_all_official_metrics() -> None:
    item = next(item for item in map(TASK.item, range(50)) if len(item.truth.answer.split()) == 2)
    half = TASK.score(item, f"{item.truth.answer.split()[0]} nothing")
    assert not half.success
    assert half.metrics == {"em": 0.0, "f1": 0.5, "precision": 0.5, "recall": 0.5}
    assert TASK.score(item, item.truth.answer.upper() + ".").success
    assert TASK.score(item, None).metrics.keys() == half.metrics.keys()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**12))
def test_generated_questions_hold_together(index: int) -> None:
    item = TASK.item(index)
    truth = item.truth
    titles = [document.title for document in item.documents]
    assert len(set(titles)) == 10
    assert len(truth.distractors) >= 4
    assert len(truth.evidence) == 2
    record = TASK.record(item)
    sentences = dict(zip(record["context"]["title"], record["context"]["sentences"], strict=True))
    facts = list(zip(record["supporting_facts"]["title"], record["supporting_facts"]["sent_id"], strict=True))
    told = [sentences[title][number] for title, number in facts]
    if record["type"] == "bridge":
        assert truth.answer in told[1]
        assert bare(truth.evidence[1]) in told[0]
        assert bare(truth.evidence[0]) in item.query
        assert bare(truth.evidence[1]) not in item.query
        assert truth.answer not in item.query
    else:
        names = [bare(title) for title in truth.evidence]
        assert truth.answer in ("yes", "no", *names)
        assert all(name in item.query for name in names)
    shown = " ".join(f"{document.title} {document.text}" for document in item.documents)
    assert truth.answer in ("yes", "no") or all(wrong in shown for wrong in truth.distractors)
    assert not any(TASK.score(item, wrong).success for wrong in truth.distractors)
    for answer in (truth.answer, *truth.distractors):
        assert TASK.extract(TASK.reply(item, answer, index % 2**32)) == answer


def test_a_record_round_trips_through_a_file_and_scores_full(tmp_path: Path) -> None:
    records = [TASK.record(TASK.item(index)) for index in range(20)]
    task = HotpotQA("file", write(tmp_path, *records))
    assert [task.record(task.item(index)) for index in range(20)] == records
    gold = [release_form(record) for record in records]
    given = {
        "answer": {record["id"]: record["answer"] for record in records},
        "sp": {record["_id"]: record["supporting_facts"] for record in gold},
    }
    assert evaluate(given, gold)["joint_em"] == 1.0


def test_searching_both_hops_shows_the_evidence() -> None:
    informed = []
    for item in map(TASK.item, range(100)):
        uses = [TASK.probe(item, item.truth.answer, step) for step in range(3)]
        assert uses[2] is None
        outputs = [TASK.call(item, use.name, json.loads(use.arguments)) for use in uses if use is not None]
        informed.append(TASK.informed(item, outputs))
        assert TASK.informed(item, [item.query]) == 0.0
    assert sum(informed) / len(informed) > 0.95


def test_types_levels_and_wordings_are_many() -> None:
    records = [TASK.record(TASK.item(index)) for index in range(400)]
    bridge = sum(record["type"] == "bridge" for record in records) / len(records)
    assert 0.7 < bridge < 0.9
    assert {record["level"] for record in records} == {"easy", "medium", "hard"}
    assert {"yes", "no"} < {record["answer"] for record in records}
    starts = {" ".join(record["question"].split()[:3]) for record in records}
    assert len(starts) > 60


def test_wrong_replies_do_not_give_the_answer_away() -> None:
    for item in map(TASK.item, range(60)):
        right = item.truth.answer
        for wrong in item.truth.distractors:
            if right not in ("yes", "no") and right not in wrong and not right.isdigit():
                assert f" {right}" not in TASK.reply(item, wrong, 5)


def test_real_items(shared: Path) -> None:
    path = shared / "benchmarks" / "hotpotqa" / "items.jsonl.gz"
    if not path.exists():
        pytest.skip("the real items are not here")
    task = HotpotQA("file", str(path))
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    assert task.size == len(records)
    for index in range(0, len(records), 5):
        item = task.item(index)
        assert item.query == records[index]["question"].strip()
        assert task.score(item, records[index]["answer"]).success
        assert item.truth.distractors
        for answer in (item.truth.answer, *item.truth.distractors):
            assert task.extract(task.reply(item, answer, index)) == answer
            assert task.score(item, answer).success == (answer == item.truth.answer)


def test_items_are_made_fast() -> None:
    start = time.process_time()
    for index in range(300):
        TASK.item(index)
    assert (time.process_time() - start) / 300 < 2e-3
