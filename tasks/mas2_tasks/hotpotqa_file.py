"""HotpotQA's records, in the published form and that of the original release, and wrong answers for them."""

import re
from typing import Any

from msgspec import Struct, field

from mas2_env.errors import DataError
from mas2_env.records import Records, read_records
from mas2_tasks.answers import normalise

MOST_DISTRACTORS = 7


class Facts(Struct, frozen=True):
    """Supporting facts as parallel lists."""

    title: list[str]
    sent_id: list[int]


class Context(Struct, frozen=True):
    """Paragraphs as parallel lists."""

    title: list[str]
    sentences: list[list[str]]


class HotpotRecord(Struct, frozen=True):
    """One example; `_id` and lists of pairs are the form of the original release."""

    question: str
    answer: str
    supporting_facts: Facts | list[tuple[str, int]]
    context: Context | list[tuple[str, list[str]]] = []
    id: str = ""
    release_id: str = field(default="", name="_id")
    type: str = ""
    level: str = ""

    @property
    def key(self) -> str:
        """Its official id."""
        return self.id or self.release_id

    @property
    def facts(self) -> list[tuple[str, int]]:
        """(title, number of the sentence)."""
        given = self.supporting_facts
        return list(zip(given.title, given.sent_id, strict=True)) if isinstance(given, Facts) else given

    @property
    def paragraphs(self) -> list[tuple[str, list[str]]]:
        """(title, sentences)."""
        given = self.context
        return list(zip(given.title, given.sentences, strict=True)) if isinstance(given, Context) else given


def read_hotpotqa(path: str, context: bool = True) -> Records[HotpotRecord]:
    """Read a HotpotQA file (distractor setting); its paragraphs may be missing if `context` is false.

    Raises:
        DataError: naming the line, if a record lacks something or its lists do not match.
    """
    records = read_records(path, HotpotRecord)
    for index, record in enumerate(records.rows):
        fault = _fault(record) or ("" if record.paragraphs or not context else _NO_CONTEXT)
        if fault:
            raise DataError(f"{records.place(index)}: {fault}")
    return records


_NO_CONTEXT = (
    "`context` has no paragraphs or is not there, so that agents would have nothing to search; the "
    "distractor setting is expected (`mas2 tasks score` alone does without)"
)


def _fault(record: HotpotRecord) -> str:
    facts, context = record.supporting_facts, record.context
    if not record.key:
        return "no id; expected a string in `id` (or `_id`)"
    if not record.question.strip():
        return "`question` is empty"
    if not record.answer.strip():
        return "`answer` is empty"
    if isinstance(facts, Facts) and len(facts.title) != len(facts.sent_id):
        return f"`supporting_facts` has {len(facts.title)} titles and {len(facts.sent_id)} sentence numbers"
    if isinstance(context, Context) and len(context.title) != len(context.sentences):
        return f"`context` has {len(context.title)} titles and {len(context.sentences)} lists of sentences"
    return "" if record.facts else "`supporting_facts` is empty"


def bare(title: str) -> str:
    """A title without the word in parentheses that tells it from others of the name."""
    return _PARENTHESES.sub("", title)


_PARENTHESES = re.compile(r" \([^)]*\)$")
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(rf"{_MONTH} \d{{1,2}}, \d{{4}}|\d{{1,2}} {_MONTH} \d{{4}}|{_MONTH} \d{{4}}")
_YEAR = re.compile(r"\b[12]\d{3}\b")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NAME = re.compile(r"[A-Z][\w'’.-]*(?: (?:(?:of|the|and|de|for|in|&) )?[A-Z0-9][\w'’.-]*)*")
_MONTH_FIRST = re.compile(_MONTH)


def distractors(record: HotpotRecord) -> tuple[str, ...]:
    """Wrong answers of the answer's type that stand in the paragraphs, the likeliest first."""
    answer = " ".join(record.answer.split())
    gold = {title for title, _ in record.facts}
    near = " ".join(" ".join(sentences) for title, sentences in record.paragraphs if title in gold)
    far = " ".join(" ".join(sentences) for title, sentences in record.paragraphs if title not in gold)
    titles = [bare(title) for title, _ in record.paragraphs]
    if answer.lower() in ("yes", "no"):
        found = ["no" if answer.lower() == "yes" else "yes", *sorted(gold), *titles]
    elif _DATE.fullmatch(answer):
        found = [*_DATE.findall(near), *_DATE.findall(far), *_YEAR.findall(near + far)]
    elif _YEAR.fullmatch(answer):
        found = [*_YEAR.findall(near), *_YEAR.findall(far)]
    elif _NUMBER.search(answer) and 4 * sum(map(str.isdigit, answer)) >= len(answer):
        found = [
            _NUMBER.sub(number, answer, count=1) for number in _NUMBER.findall(near) + _NUMBER.findall(far)
        ]
    else:
        found = _names(record, answer, near, far, titles)
    return _wrong([*found, *titles, *_YEAR.findall(near + far)], answer)


def _names(record: HotpotRecord, answer: str, near: str, far: str, titles: list[str]) -> list[str]:
    question = record.question.lower()
    offered = answer.lower() in question
    capital = answer[0].isupper()
    words = len(answer.split())

    def distance(name: str) -> float:
        named = name.lower() in question
        return abs(len(name.split()) - words) + 3 * (named != offered) + (name[0].isupper() != capital)

    plain = f"{near} {far}"
    spans = dict.fromkeys(name.strip(".,'’-") for name in titles + _NAME.findall(near) + _NAME.findall(far))
    names = [
        name
        for name in spans
        if len(name) > 2 and not _MONTH_FIRST.match(name) and f" {name.lower()} " not in plain
    ]
    names.sort(key=distance)
    return names


def _wrong(found: list[str], answer: str) -> tuple[str, ...]:
    wrong: dict[str, str] = {}
    right = normalise(answer)
    for text in found:
        form = normalise(text)
        if form and form != right:
            wrong.setdefault(form, text)
        if len(wrong) == MOST_DISTRACTORS:
            break
    return tuple(wrong.values()) or (("no",) if right != "no" else ("yes",))


def published(item_id: str, question: str, answer: str, gold: Any, titles: list[str]) -> dict[str, Any]:
    """The record in the published data set form."""
    return {
        "id": item_id,
        "question": question,
        "answer": answer,
        "type": gold.type,
        "level": gold.level,
        "supporting_facts": {"title": [t for t, _ in gold.facts], "sent_id": [n for _, n in gold.facts]},
        "context": {"title": titles, "sentences": [list(sentences) for sentences in gold.sentences]},
    }
