import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_tasks.bamboogle import Bamboogle, bamboogle_match
from mas2_tasks.procedural.compositions_wording import DATES, DESCRIPTIONS, SUPERLATIVES
from mas2_tasks.procedural.world import KINDS

from mas2_env.errors import DataError

Published = Callable[[str], tuple[str, list[dict[str, Any]]]]
TASK = Bamboogle()
SUPERLATIVE = ("largest", "longest", "most", "first", "oldest", "earliest", "second")
RECORDS = [
    {"Question": "When was the author of The Silent Harbour born?", "Answer": "May 2, 1932"},
    {"Question": "When did the designer of the Old Mill die?", "Answer": "June 5, 1904 "},
    {"Question": "Can people who dislike fish eat herring?", "Answer": "Yes"},
    {"Question": "Who is the father of the founder of Larkholm?", "Answer": "Jacob Wolf"},
]


def write(folder: Path, *records: object) -> str:
    path = folder / "bamboogle.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return str(path)


def test_a_record_becomes_an_item_without_documents(tmp_path: Path) -> None:
    task = Bamboogle("file", write(tmp_path, *RECORDS))
    item = task.find("bamboogle/test/2")
    assert (item.query, item.truth.answer) == (RECORDS[1]["Question"], "June 5, 1904")
    assert (item.documents, task.tools) == ((), ())
    assert item.truth.distractors == ("May 2, 1932",)
    assert task.item(2).truth.distractors == ("no",)
    assert task.score(item, "june 5 1904").metrics == {"em": 1.0}
    assert not task.score(item, "It was on June 5, 1904").success
    with pytest.raises(DataError, match="did you mean 'bamboogle/test/4'"):
        task.find("bamboogle/test/44")


def test_a_json_list_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(RECORDS))
    assert Bamboogle("file", str(tmp_path / "list.json")).size == 4


def test_the_published_spreadsheet_is_read_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "Bamboogle.csv"
    path.write_bytes(
        b'\xef\xbb\xbfQuestion,Answer,Note\r\n"Who ""built""\r\nit, and when?","May 2, 1932",x\r\n'
        b"\r\nWho?,He,\r\n"
    )
    task = Bamboogle("file", str(path))
    assert [task.item(index).query for index in range(2)] == ['Who "built"\r\nit, and when?', "Who?"]
    assert [task.item(index).id for index in range(2)] == ["bamboogle/test/2", "bamboogle/test/5"]
    assert task.digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Question,Anwser\nWho?,He\n", "line 1: there is no column `Answer`; did you mean 'Anwser'"),
        (b"Question,Answer\nWho?,He\nWho?\n", "line 3: 1 cells, but 2 columns are named"),
        (b"Question,Answer\nWho?,He\nWho?, \n", "line 3: `Answer` is empty"),
        (b'Question,Answer\nWho?,He\n"Who?\n', "line 3: not CSV"),
        (b"Question,Answer\nWho?,\xe9\n", "line 2: not UTF-8"),
        (b"Question,Answer\n", "holds no record"),
        (b"", "holds no record"),
    ],
)
def test_bad_csv_names_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "Bamboogle.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        Bamboogle("file", str(path))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"Question": "Who?"}, "line 2: Object missing required field `Answer`"),
        (
            {"question": "Who?", "answer": "He"},
            "line 2: Object missing required field `Question`.*did you mean",
        ),
        ({"Question": "Who?", "Answer": " "}, "line 2: `Answer` is empty"),
        ({"Question": "", "Answer": "He"}, "line 2: `Question` is empty"),
        ({"Question": "Who?", "Answer": 3}, "line 2: Expected `str`, got `int`"),
    ],
)
def test_bad_records_name_their_line(tmp_path: Path, record: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Bamboogle("file", write(tmp_path, RECORDS[0], record))


def test_exact_match_is_whole() -> None:
    assert bamboogle_match("**Mercia**", ["Mercia"])
    assert not bamboogle_match("Earl of Mercia", ["Mercia"])


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**12))
def test_generated_questions_hold_together(index: int) -> None:
    item = TASK.item(index)
    truth = item.truth
    titles = [document.title for document in item.documents]
    assert 20 <= len(set(titles)) == len(titles) <= 30
    assert item.query[0].isupper()
    assert item.query.endswith("?")
    assert "{" not in item.query
    assert truth.answer not in item.query
    assert truth.answer in truth.steps[-1]
    assert truth.parts == 2
    texts = {document.title: document.text for document in item.documents}
    assert any(truth.answer in texts[title] for title in truth.evidence)
    assert len(truth.distractors) >= 4
    assert not any(TASK.score(item, wrong).success for wrong in truth.distractors)
    for answer in (truth.answer, *truth.distractors):
        assert TASK.extract(TASK.reply(item, answer, index % 2**32)) == answer


def test_most_questions_need_two_articles_of_which_the_first_names_the_second() -> None:
    items = [TASK.item(index) for index in range(400)]
    two = [item for item in items if len(item.truth.evidence) == 2]
    assert len(two) / len(items) > 0.7
    for item in items:
        texts = {document.title: document.text for document in item.documents}
        first, *others = item.truth.evidence
        named = [title for title in others if title.partition(" (")[0].removesuffix(" F.C.") in texts[first]]
        ranked = any(word in item.query for word in SUPERLATIVE)
        assert ranked or named == others


def test_searching_step_by_step_shows_the_evidence() -> None:
    first = whole = 0.0
    for item in map(TASK.item, range(200)):
        outputs: list[str] = []
        for step in range(4):
            use = TASK.probe(item, item.truth.answer, step)
            if use is None:
                break
            outputs.append(TASK.call(item, use.name, json.loads(use.arguments)))
            first += TASK.informed(item, outputs) if step == 0 else 0.0
        whole += TASK.informed(item, outputs)
        assert TASK.informed(item, [item.query]) == 0.0
    assert whole / 200 > 0.95
    assert first < whole


def test_superlatives_are_true_of_the_articles() -> None:
    asked = re.compile(
        r"(?:the (second )?largest stadium|the stadium with the (second )?most seats) in ([\w ]+)\?"
    )
    seats = re.compile(r"(?:holds|seat|capacity of .+ is) ([\d,]+)")
    checked = 0
    for item in map(TASK.item, range(1500)):
        found = asked.search(item.query)
        if found:
            checked += 1
            sizes = {
                document.title: int(size[1].replace(",", ""))
                for document in item.documents
                if "stadium" in document.text.lower() and f" {found[3]}" in f" {document.text}"
                for size in [seats.search(document.text)]
                if size
            }
            assert len(sizes) == 3
            first, second, third = sorted(sizes, key=lambda title: -sizes[title])
            ranked = [second, first, third] if found[1] or found[2] else [first, second]
            assert ranked == list(item.truth.evidence)
    assert checked > 5


def test_shapes_and_wordings_are_many() -> None:
    items = [TASK.item(index) for index in range(1000)]
    assert len({item.query for item in items}) == 1000
    assert len({" ".join(item.query.split()[:3]) for item in items}) > 50
    ranked = sum(any(f" {word} " in item.query for word in SUPERLATIVE) for item in items) / len(items)
    assert 0.15 < ranked < 0.35
    dated = sum(item.truth.answer.isdigit() and len(item.truth.answer) == 4 for item in items) / len(items)
    assert 0.1 < dated < 0.35


def test_every_wording_is_of_a_relation_that_there_is() -> None:
    assert set(DATES) <= set(KINDS)
    for kind, relation in DESCRIPTIONS:
        assert relation in KINDS[kind].relations
    for kind, shared, size in SUPERLATIVES:
        assert shared in KINDS[kind].relations
        assert not size or KINDS[kind].relations[size].to in ("number", "minutes")
        assert size or kind in DATES


def test_real_items(published: Published) -> None:
    path, records = published("bamboogle")
    task = Bamboogle("file", path)
    assert task.size == len(records)
    for index, record in enumerate(records):
        item = task.item(index)
        assert item.query == record["Question"].strip()
        assert task.score(item, record["Answer"]).success
        for draw, answer in enumerate((item.truth.answer, *item.truth.distractors)):
            assert task.extract(task.reply(item, answer, (index + draw) * 2654435761 % 2**32)) == answer
            assert task.score(item, answer).success == (answer == item.truth.answer)


def test_a_huge_spreadsheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    path.write_bytes(b"Question,Answer\n")
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    with pytest.raises(DataError, match=r"huge\.csv: is larger than 64 MiB"):
        Bamboogle("file", str(path))
