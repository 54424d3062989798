"""How files of predictions are scored: each benchmark's official rules, on its official references.

A row that brings its reference and one that names its item are scored by the same rule.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

import msgspec
from msgspec import UNSET, Struct, field
from msgspec.structs import replace

from mas2_env.errors import DataError
from mas2_env.records import Records
from mas2_env.scoring.rows import ROWS
from mas2_env.scoring.scorer import Format, Marks, Prediction, Scorer, kind, text
from mas2_env.task import Item
from mas2_tasks import gsm8k_score, hotpotqa_score, submissions
from mas2_tasks.hotpotqa_file import Facts
from mas2_tasks.math_score import shared_scorer
from mas2_tasks.questions import QuestionTask

T = TypeVar("T")


def reference(gold: Any, schema: type[T]) -> T:
    """A row's reference as what the task's rule takes.

    Raises:
        DataError: if it is something else.
    """
    try:
        return msgspec.convert(gold, schema)
    except msgspec.ValidationError as error:
        raise DataError(f"`gold`: {error}") from None


class ExactMatch(Scorer):
    """Open-domain questions: exact match with any accepted answer."""

    formats = (submissions.QUESTIONS, submissions.HARNESS)

    def against(self, gold: Any, answer: Any) -> Marks:
        """`em`: the answer equals one of the list, in the normal form of the task's rule."""
        accepted = reference(gold, list[str]) if isinstance(gold, list) else [reference(gold, str)]
        if not accepted:
            raise DataError("`gold` is an empty list; expected accepted answers")
        normal = cast(QuestionTask, self.task).normal
        right = answer is not None and normal(text(answer)) in {normal(each) for each in accepted}
        return Marks(right, {"em": float(right)})

    def gold_of(self, record: Any) -> Any:
        """`answer`, or Bamboogle's `Answer`."""
        return record.get("answer", record.get("Answer", UNSET))


class NQScorer(ExactMatch):
    """NQ-Open: by ORQA's rule."""

    official: ClassVar = {"em": ("orqa_em",)}


class BamboogleScorer(ExactMatch):
    """Bamboogle: by the rule of Search-R1 and FlashRAG, which agree."""

    official: ClassVar = {"em": ("searchr1_em", "flashrag_em")}


class HotpotQAScorer(Scorer):
    """HotpotQA: answers, supporting facts and both, row by row; a row may also be a whole prediction file."""

    formats = (submissions.HOTPOT,)

    def against(self, gold: Any, answer: Any) -> Marks:
        """By an answer, an object with `answer` and `supporting_facts`, or a list of a whole file's."""
        if isinstance(gold, list):
            return _hotpot(hotpotqa_score.evaluate(_file(answer), [_example(each) for each in gold]))
        if isinstance(gold, str):
            scores = hotpotqa_score.answer_scores(text(answer), gold) if answer is not None else _NOTHING
            return Marks(scores["em"] == 1.0, dict(scores))
        example = _example(gold)
        if isinstance(answer, str):
            return self.against(example["answer"], answer)
        given = {name: {"": part} for name, part in _parts(answer).items()}
        return _hotpot(hotpotqa_score.evaluate(given, [{**example, "_id": ""}]))

    def on(self, item: Item, answer: Any) -> Marks:
        """By the item's answer; where the prediction is an object, by its supporting facts as well."""
        right = item.truth.answer
        if isinstance(answer, dict):
            return self.against({"answer": right, "supporting_facts": item.truth.gold.facts}, answer)
        return self.against(right, answer)


class _Example(Struct, frozen=True):
    answer: str
    supporting_facts: Facts | list[Any]
    id: str = ""
    release_id: str = field(default="", name="_id")


def _example(gold: Any) -> dict[str, Any]:
    """A record in the published form or that of the original release, as the official program takes it."""
    found = reference(gold, _Example)
    facts = found.supporting_facts
    pairs = list(zip(facts.title, facts.sent_id, strict=False)) if isinstance(facts, Facts) else facts
    return {"_id": found.release_id or found.id, "answer": found.answer, "supporting_facts": pairs}


def _file(answer: Any) -> Mapping[str, Mapping[str, Any]]:
    parts = _parts(answer)
    for name, part in parts.items():
        if not isinstance(part, dict):
            raise DataError(f"expected an object by id as `{name}` of the prediction, got {kind(part)}")
    return parts


_NOTHING = {"em": 0.0, "f1": 0.0, "precision": 0.0, "recall": 0.0}


def _parts(answer: Any) -> Mapping[str, Any]:
    if answer is None:
        return {}
    if not isinstance(answer, dict):
        raise DataError(f'expected {{"answer": ..., "sp": ...}} as the prediction, got {kind(answer)}')
    return {name: answer[name] for name in ("answer", "sp") if name in answer}


def _hotpot(scores: Mapping[str, float]) -> Marks:
    """All twelve under their official names, and `precision`, as that of an answer alone is called."""
    return Marks(scores["em"] == 1.0, {**scores, "precision": scores["prec"]})


class GSM8KScorer(Scorer):
    """GSM8K: the three rules in use, on a whole response."""

    formats = (submissions.SOLUTIONS, submissions.HARNESS)
    official: ClassVar = {
        "openai": ("openai_correct",),
        "strict": ("lm_eval_strict_match",),
        "flexible": ("lm_eval_flexible_match",),
    }

    def against(self, gold: Any, answer: Any) -> Marks:
        """`openai`, `strict` and `flexible`, by the data set's answer text."""
        wanted, response = _solution(reference(gold, str)), "" if answer is None else text(answer)
        openai = gsm8k_score.openai_correct(response, wanted)
        strict, flexible = gsm8k_score.strict_extract(response), gsm8k_score.flexible_extract(response)
        harness = {
            "strict": float(gsm8k_score.harness_match(strict, wanted)),
            "flexible": float(gsm8k_score.harness_match(flexible, wanted)),
        }
        return Marks(openai, {"openai": float(openai), **harness})

    def on(self, item: Item, answer: Any) -> Marks:
        """By the item's answer text."""
        return self.against(item.truth.gold.answer, answer)

    def gold_of(self, record: Any) -> Any:
        """`answer`."""
        return record.get("answer", UNSET)


_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def _solution(gold: str) -> str:
    """A gold answer text; a bare number is taken as the one that such a text ends in.

    Raises:
        DataError: if it is neither.
    """
    if gsm8k_score.openai_extract(gold) is not None:
        return gold
    if not _NUMBER.fullmatch(gold.strip()):
        raise DataError(f"`gold` is {gold[:40]!r}; expected a solution that ends in `#### N`, or a number")
    return f"#### {gold.strip()}"


def _whole(form: Format) -> Format:
    """A form whose predictions are whole responses, whatever they look like."""

    def read(records: Records[Any], scorer: Scorer) -> list[Prediction]:
        return [replace(each, answer={"response": each.answer}) for each in form.read(records, scorer)]

    return replace(form, read=read)


RESPONSES = replace(
    _whole(ROWS),
    name="responses",
    title="rows whose prediction is a whole response, boxed or not",
    fits=lambda _: False,
)


class MATHScorer(Scorer):
    r"""MATH: math-verify's verdict on an answer alone, or on a whole response, which has a `\boxed` in it."""

    official: ClassVar = {"math_verify": ("math_verify_0_9",)}
    formats = (RESPONSES, submissions.PRM800K, submissions.HENDRYCKS, _whole(submissions.HARNESS))

    def against(self, gold: Any, answer: Any) -> Marks:
        """`math_verify`, by a gold answer."""
        wanted = reference(gold, str)
        whole = isinstance(answer, dict) and answer.keys() == {"response"}
        given = answer["response"] if whole else answer
        if given is None or not text(given).strip():
            return Marks(False, {"math_verify": 0.0})
        whole = whole or "\\boxed" in given
        verdict = (shared_scorer().response if whole else shared_scorer().answer)(wanted, given)
        return Marks(verdict.success, {"math_verify": float(verdict.success)})

    def on(self, item: Item, answer: Any) -> Marks:
        """By the item's gold answer."""
        return self.against(item.truth.answer, answer)

    def gold_of(self, record: Any) -> Any:
        """`answer`."""
        return record.get("answer", UNSET)
