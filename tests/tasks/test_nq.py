import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_tasks.nq import NQ, nq_form, nq_match
from mas2_tasks.procedural.queries_wording import FRAMES, INVERSE
from mas2_tasks.procedural.world import KINDS

from mas2_env.errors import DataError

Published = Callable[[str], tuple[str, list[dict[str, Any]]]]
TASK = NQ()
RECORDS: list[dict[str, Any]] = [
    {"question": "who wrote the silent harbour", "answer": ["Edvin Marlow", "Marlow"]},
    {"question": "who directed the lost parade", "answer": ["Thea Larkholm"]},
    {"question": "when did the lost parade come out", "answer": ["June 2, 1994", "1994"]},
    {"question": "how many seasons of quiet river are there", "answer": ["eight", "8"]},
    {"question": "when was the old mill built", "answer": ["1887"]},
]


def write(folder: Path, *records: object) -> str:
    path = folder / "NQ-open.dev.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return str(path)


def test_a_record_becomes_an_item_without_documents(tmp_path: Path) -> None:
    task = NQ("file", write(tmp_path, *RECORDS))
    item = task.find("nq/dev/1")
    assert (item.query, item.truth.answer) == (RECORDS[0]["question"], "Edvin Marlow")
    assert item.documents == ()
    assert item.truth.distractors[0] == "Thea Larkholm"
    assert task.record(item) == RECORDS[0]
    given = ("edvin marlow", "Marlow.", "Edvin")
    assert [task.score(item, text).success for text in given] == [
        True,
        True,
        False,
    ]
    assert task.score(item, "Marlow").metrics == {"em": 1.0}


def test_closed_book_items_offer_no_tools_and_say_why(tmp_path: Path) -> None:
    task = NQ("file", write(tmp_path, *RECORDS))
    assert task.tools == ()
    assert [tool.name for tool in TASK.tools] == ["search", "read"]
    item = task.item(0)
    for tool in ("search", "read"):
        assert task.call(item, tool, {"query": "x", "title": "x"}).startswith("error: no corpus is given")
    assert task.probe(item, item.truth.answer, 0) is None
    assert task.informed(item, ["[Wikipedia] Edvin Marlow"]) == 0.0
    assert "article" not in task.reply(item, "Edvin Marlow", 0)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"question": "who wrote it"}, "line 2: Object missing required field `answer`"),
        ({"question": "who wrote it", "answer": "Marlow"}, "line 2: Expected `array`, got `str`"),
        ({"question": "who wrote it", "answer": []}, "line 2: `answer` is an empty list"),
        ({"question": "who wrote it", "answer": ["Marlow", " "]}, "line 2: `answer` holds an empty string"),
        ({"question": " ", "answer": ["Marlow"]}, "line 2: `question` is empty"),
    ],
)
def test_bad_records_name_their_line(tmp_path: Path, record: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        NQ("file", write(tmp_path, RECORDS[0], record))


def test_accents_match_composed_or_not() -> None:
    composed, apart = "Beyoncé", unicodedata.normalize("NFD", "Beyoncé")
    assert composed != apart
    assert nq_match(composed, [apart])
    assert nq_match("The Beatles!", ["someone else", "beatles"])
    assert not nq_match("Beyonce", [composed])
    assert not nq_match("anything", [])


@given(st.text(max_size=40))
def test_the_normal_form_is_one(text: str) -> None:
    assert nq_form(nq_form(text)) == nq_form(text) or "a" in text.lower() or "the" in text.lower()


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**12))
def test_generated_questions_hold_together(index: int) -> None:
    item = TASK.item(index)
    truth = item.truth
    answers = TASK.record(item)["answer"]
    titles = [document.title for document in item.documents]
    assert 20 <= len(set(titles)) == len(titles) <= 30
    assert item.query == item.query.lower()
    assert "?" not in item.query
    assert "{" not in item.query
    assert answers[0] == truth.answer
    assert all(TASK.score(item, answer).success for answer in answers)
    assert not any(answer.lower() in item.query for answer in answers)
    assert len(truth.distractors) >= 4
    assert not any(TASK.score(item, wrong).success for wrong in truth.distractors)
    (gold,) = (document for document in item.documents if document.title == truth.evidence[0])
    assert truth.steps[0].removesuffix(".")[-10:] in gold.text
    for answer in (truth.answer, *truth.distractors):
        assert TASK.extract(TASK.reply(item, answer, index % 2**32)) == answer


def test_the_gold_article_answers_and_one_search_finds_it() -> None:
    found = 0.0
    for item in map(TASK.item, range(200)):
        (gold,) = (document for document in item.documents if document.title == item.truth.evidence[0])
        assert any(answer in f"{gold.title} {gold.text}" for answer in TASK.record(item)["answer"])
        use = TASK.probe(item, item.truth.answer, 0)
        assert use is not None
        found += TASK.informed(item, [TASK.call(item, use.name, json.loads(use.arguments))])
        assert TASK.informed(item, [item.query]) == 0.0
    assert found / 200 > 0.95


def test_no_other_article_answers_an_inverse_question() -> None:
    seen = 0
    for item in map(TASK.item, range(2000)):
        asked = re.fullmatch("what movie did (.+) direct|which film was directed by (.+)", item.query)
        if asked:
            seen += 1
            who = asked[1] or asked[2]
            texts = {document.title: document.text.lower() for document in item.documents}
            claim = re.compile(
                f"directed by {who}|{who} (is the person who )?directed|the director .* is {who}"
            )
            assert [title for title, text in texts.items() if claim.search(text)] == list(item.truth.evidence)
    assert seen > 5


def test_aliases_wordings_and_kinds_are_many() -> None:
    items = [TASK.item(index) for index in range(2000)]
    several = sum(len(TASK.record(item)["answer"]) > 1 for item in items) / len(items)
    assert 0.25 < several < 0.5
    assert len({item.query for item in items}) > 1980
    assert len({" ".join(item.query.split()[:3]) for item in items}) > 300
    firsts = [item.query.split()[0] for item in items]
    assert all(firsts.count(word) > 50 for word in ("who", "what", "when", "where", "how", "which"))


def test_every_frame_is_of_a_relation_that_there_is() -> None:
    for table, blank in ((FRAMES, "{s}"), (INVERSE, "{o}")):
        for kind, frames in table.items():
            assert set(frames) - {"year", "country", "role"} <= set(KINDS[kind].relations)
            assert all(text.count(blank) == 1 for texts in frames.values() for text in texts)


def test_wrong_replies_do_not_give_the_answer_away() -> None:
    for item in map(TASK.item, range(80)):
        right = item.truth.answer
        for wrong in item.truth.distractors:
            if right not in wrong and not right[0].isdigit():
                assert f" {right}." not in TASK.reply(item, wrong, 5)


def test_real_items(published: Published) -> None:
    path, records = published("nq_open")
    task = NQ("file", path)
    assert task.size == len(records)
    for index, record in enumerate(records):
        item = task.item(index)
        assert item.query == record["question"].strip()
        assert all(task.score(item, answer).success for answer in record["answer"])
        assert len(item.truth.distractors) == 6 or record["answer"][0].lower() in ("yes", "no")
        for answer in (item.truth.answer, *item.truth.distractors):
            found = task.extract(task.reply(item, answer, index * 2654435761 % 2**32))
            assert found is not None
            assert task.canonical(found) == task.canonical(answer)
            assert task.score(item, answer).success == (answer == item.truth.answer)
