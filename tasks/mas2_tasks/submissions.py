"""Forms of files in which predictions are handed in, as the benchmarks' own programs take or write them.

Each reader gives the predictions of a file in order. `docs/scoring.md` says where each form is defined.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct

from mas2_env.errors import DataError
from mas2_env.records import Records
from mas2_env.scoring.rows import numbered
from mas2_env.scoring.scorer import Format, Prediction, Scorer

T = TypeVar("T")


def each(records: Records[Any], schema: type[T]) -> Iterator[tuple[T, str, Any]]:
    """Every record as `schema`, with its place and as it was read.

    Raises:
        DataError: at the first that is not of the schema.
    """
    for index, record in enumerate(records.rows):
        place = records.place(index)
        try:
            yield msgspec.convert(record, schema), place, record
        except msgspec.ValidationError as error:
            raise DataError(f"{place}: {error}") from None


def has(record: Any, *names: str) -> bool:
    """Whether a record is an object with all of these fields."""
    return isinstance(record, dict) and all(name in record for name in names)


def named(scorer: Scorer, query: str, **parts: Any) -> Prediction:
    """A prediction whose item is named by what it asks."""
    item = scorer.known(query)
    missing = "" if item else f"no item of {scorer.task.path} asks {query[:80]!r}"
    return Prediction(item=item or query, missing=missing, **parts)


def unanswered(
    predictions: list[Prediction], ids: Iterable[str], answer: Any, place: str
) -> list[Prediction]:
    """Predictions without an answer for those of the ids that none of these names."""
    given = {prediction.item for prediction in predictions}
    return [Prediction(id=name, answer=answer, place=place, item=name) for name in ids if name not in given]


# HotpotQA: {"answer": {id: text}, "sp": {id: [[title, sentence], ...]}}


class _HotpotFile(Struct, frozen=True):
    answer: dict[str, Any] = {}
    sp: dict[str, Any] = {}


def _is_hotpot(record: Any) -> bool:
    parts = [record.get(name) for name in ("answer", "sp")] if isinstance(record, dict) else []
    return any(isinstance(part, dict) for part in parts) and "prediction" not in record


def _read_hotpot(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    if len(records.rows) > 1:
        raise DataError(f"{records.place(1)}: a HotpotQA prediction file is one JSON object")
    ((file, place, _),) = each(records, _HotpotFile)
    found = []
    for key in dict.fromkeys((*file.answer, *file.sp)):
        given = {name: part[key] for name, part in (("answer", file.answer), ("sp", file.sp)) if key in part}
        found.append(Prediction(id=key, answer=given, place=f"{place}, {key}", item=key))
    items = scorer.items("the official figures are means over all items")
    return found + unanswered(found, (item.id for item in items), {}, place)


HOTPOT = Format(
    "hotpotqa", 'one object {"answer": {id: text}, "sp": {id: [[title, sentence]]}}', _is_hotpot, _read_hotpot
)


# NQ-Open and EfficientQA: {"question", "prediction"}, one a line


class _Asked(Struct, frozen=True):
    question: str
    prediction: str | None


def _read_questions(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    found = [
        named(scorer, row.question, id="", answer=row.prediction, place=place, record=record)
        for row, place, record in each(records, _Asked)
    ]
    last = {prediction.item: index for index, prediction in enumerate(found)}
    for index, prediction in enumerate(found):
        if last[prediction.item] != index:
            raise DataError(f"{records.place(last[prediction.item])}: this question was answered before")
    return numbered(found + unanswered(found, scorer.queries.values(), None, records.path))


QUESTIONS = Format(
    "questions",
    "question and prediction",
    lambda record: has(record, "question", "prediction") and not {"id", "task_id"} & record.keys(),
    _read_questions,
)


# HumanEval's samples.jsonl, and programs in its manner: {"task_id", "completion"} or {"task_id", "solution"}


class _Sample(Struct, frozen=True):
    task_id: str | int
    completion: str | None = None
    solution: str | None = None


def _read_samples(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    found = []
    for row, place, record in each(records, _Sample):
        code = row.completion if row.completion is not None else row.solution
        if code is None:
            raise DataError(f"{place}: neither `completion` nor `solution`; one of them holds the code")
        found.append(Prediction(id="", answer=code, place=place, item=str(row.task_id), record=record))
    return numbered(found)


SAMPLES = Format(
    "samples",
    "task_id and completion (or solution), any number of samples a task",
    lambda record: (
        (has(record, "task_id", "completion") or has(record, "task_id", "solution"))
        and "prediction" not in record
    ),
    _read_samples,
)


# bigcode-evaluation-harness: a list with the list of programs of each item, in the order of the data


def _read_generations(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    items = list(scorer.items("the lists of programs follow the order of the items"))
    if len(items) != len(records.rows):
        raise DataError(
            f"{records.path}: holds programs of {len(records.rows)} items, the data has {len(items)}; "
            "which belong together cannot be told"
        )
    found = []
    for item, (programs, place, _) in zip(items, each(records, list[str]), strict=True):
        found += [Prediction(id="", answer=program, place=place, item=item.id) for program in programs]
    return numbered(found)


GENERATIONS = Format(
    "generations",
    "a list with a list of programs for each item",
    lambda record: isinstance(record, list),
    _read_generations,
)


# EleutherAI's lm-evaluation-harness, --log_samples


class _Logged(Struct, frozen=True):
    doc_id: int
    doc: dict[str, Any]
    resps: list[list[str]]
    filter: str = ""


def _read_harness(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    first = None
    found: list[Prediction] = []
    for row, place, record in each(records, _Logged):
        first = row.filter if first is None else first
        if row.filter != first:  # the same response, as another filter of the harness sees it
            continue
        gold = scorer.gold_of(row.doc)
        missing = "" if gold is not UNSET else f"no reference of {scorer.task.name} stands in `doc`"
        name = f"doc/{row.doc_id}"
        if len(row.resps) != 1 or not row.resps[0]:
            raise DataError(f"{place}: `resps` has the responses of {len(row.resps)} requests, expected one")
        parts = {"place": place, "item": name, "gold": gold, "missing": missing, "record": record}
        found += [Prediction(id="", answer=answer, **parts) for answer in row.resps[0]]
    return numbered(found)


HARNESS = Format(
    "lm-eval",
    "samples that lm-evaluation-harness logs",
    lambda record: has(record, "doc_id", "doc", "resps"),
    _read_harness,
)


# GSM8K: model solutions as published by OpenAI, four models a line


class _Solution(Struct, frozen=True):
    solution: str


class _Solved(Struct, frozen=True):
    question: str
    ground_truth: str


MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
_LAST = re.compile(r"^A: (?=[^\n]*\Z)", re.MULTILINE)


def _read_solutions(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    found = []
    for row, place, record in each(records, _Solved):
        for model in MODELS:
            try:
                solution = msgspec.convert(record.get(model), _Solution).solution
            except msgspec.ValidationError as error:
                raise DataError(f"{place}: `{model}`: {error}") from None
            found.append(
                Prediction(
                    id=f"{place.rpartition(' ')[2]}/{model}",
                    answer=_LAST.sub("#### ", solution),
                    place=place,
                    item=row.question,
                    gold=_LAST.sub("#### ", row.ground_truth),
                )
            )
    return found


SOLUTIONS = Format(
    "solutions",
    "question, ground_truth and the solutions of OpenAI's four models",
    lambda record: has(record, "question", "ground_truth", *MODELS),
    _read_solutions,
)


# MATH: samples scored by prm800k, and the text that hendrycks/math writes


class _Scored(Struct, frozen=True):
    problem: str
    answer: str | None = None
    given_answer: str | None = None


def _read_prm800k(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    found = []
    for row, place, record in each(records, _Scored):
        answer = row.answer if "answer" in record else row.given_answer
        found.append(named(scorer, row.problem, id="", answer=answer, place=place, record=record))
    return numbered(found)


PRM800K = Format(
    "prm800k",
    "problem, answer (or given_answer) and is_correct",
    lambda record: has(record, "problem", "is_correct"),
    _read_prm800k,
)
_OUTPUT = re.compile(r"(\d+) TYPE: .* \| LEVEL: .* \| OUTPUT: (.*) \| ANSWER: (.*) \| FNAME: (.*)")


def _read_hendrycks(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    found: list[Prediction] = []
    for index, line in enumerate(records.rows):
        place = records.place(index)
        if str(line).startswith("####"):  # its figures follow
            break
        match = _OUTPUT.fullmatch(str(line))
        if match is None:
            raise DataError(f"{place}: expected `N TYPE: … | LEVEL: … | OUTPUT: … | ANSWER: … | FNAME: …`")
        number, answer, gold, name = match.groups()
        found.append(Prediction(id=f"{number}/{name}", answer=answer, place=place, item=name, gold=gold))
    return found


HENDRYCKS = Format(
    "hendrycks",
    "lines `N TYPE: … | LEVEL: … | OUTPUT: … | ANSWER: … | FNAME: …`",
    lambda record: isinstance(record, str) and _OUTPUT.fullmatch(record) is not None,
    _read_hendrycks,
)
