"""HotpotQA's official metrics: answer, supporting facts and joint, for one example and for whole files.

They follow the official evaluation (Yang et al. 2018, §5.2, and `hotpot_evaluate_v1.py` of hotpotqa/hotpot)
to the last digit, its corner cases included: answers that normalise to nothing are an exact match with F1 0,
and `yes`, `no` and `noanswer` share no tokens with anything but themselves.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mas2_env.errors import DataError
from mas2_tasks.answers import normalise

_WHOLE = frozenset(("yes", "no", "noanswer"))

ANSWER_KEYS = ("em", "f1", "prec", "recall")
FILE_KEYS = tuple(prefix + key for prefix in ("", "sp_", "joint_") for key in ANSWER_KEYS)


def overlap(prediction: str, gold: str) -> tuple[float, float, float]:
    """F1, precision and recall over the tokens of two normalised answers."""
    if prediction != gold and (prediction in _WHOLE or gold in _WHOLE):
        return (0.0, 0.0, 0.0)
    given, wanted = prediction.split(), gold.split()
    shared = sum((Counter(given) & Counter(wanted)).values())
    if shared == 0:
        return (0.0, 0.0, 0.0)
    precision, recall = shared / len(given), shared / len(wanted)
    return (2 * precision * recall / (precision + recall), precision, recall)


def answer_scores(prediction: str, gold: str) -> dict[str, float]:
    """`em`, `f1`, `precision` and `recall` of one answer."""
    given, wanted = normalise(prediction), normalise(gold)
    f1, precision, recall = overlap(given, wanted)
    return {"em": float(given == wanted), "f1": f1, "precision": precision, "recall": recall}


def fact_scores(prediction: Iterable[Sequence[Any]], gold: Iterable[Sequence[Any]]) -> dict[str, float]:
    """`em`, `f1`, `prec` and `recall` of supporting facts: sets of (title, number of the sentence)."""
    given, wanted = _facts(prediction), _facts(gold)
    shared = len(given & wanted)
    precision = shared / len(given) if given else 0.0
    recall = shared / len(wanted) if wanted else 0.0
    f1 = 2 * precision * recall / (precision + recall) if shared else 0.0
    return {"em": float(given == wanted), "f1": f1, "prec": precision, "recall": recall}


def joint_scores(answer: Mapping[str, float], facts: Mapping[str, float]) -> dict[str, float]:
    """`em`, `f1`, `prec` and `recall` of both together; precisions and recalls multiply, and F1 follows."""
    precision, recall = answer["prec"] * facts["prec"], answer["recall"] * facts["recall"]
    f1 = 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
    return {"em": answer["em"] * facts["em"], "f1": f1, "prec": precision, "recall": recall}


def evaluate(
    prediction: Mapping[str, Mapping[str, Any]], gold: Sequence[Mapping[str, Any]]
) -> dict[str, float]:
    """All twelve official metrics of a prediction file, means over the gold examples.

    Args:
        prediction: `{"answer": {id: text}, "sp": {id: [[title, sentence], ...]}}`, the official form. What is
            missing counts as 0; unknown ids are passed over.
        gold: records with `_id` (or `id`), `answer` and `supporting_facts` as a list of pairs.

    Raises:
        DataError: if a record or a prediction has another shape.
    """
    if not gold:
        raise DataError("there are no gold examples to score against")
    answers, facts = prediction.get("answer", {}), prediction.get("sp", {})
    totals = dict.fromkeys(FILE_KEYS, 0.0)
    for record in gold:
        key = record.get("_id", record.get("id"))
        given = _answer(answers[key], record["answer"], str(key)) if key in answers else None
        found = fact_scores(facts[key], record["supporting_facts"]) if key in facts else None
        _add(totals, "", given)
        _add(totals, "sp_", found)
        if given is not None and found is not None:
            _add(totals, "joint_", joint_scores(given, found))
    return {key: total / len(gold) for key, total in totals.items()}


def _answer(prediction: object, gold: str, key: str) -> dict[str, float]:
    if not isinstance(prediction, str):
        raise DataError(f"answer of {key}: expected a string, got {type(prediction).__name__}")
    scores = answer_scores(prediction, gold)
    return {"em": scores["em"], "f1": scores["f1"], "prec": scores["precision"], "recall": scores["recall"]}


def _facts(facts: Iterable[Sequence[Any]]) -> set[tuple[Any, ...]]:
    try:
        return {tuple(fact) for fact in facts}
    except TypeError as error:
        raise DataError(
            f"supporting facts must be a list of [title, number of the sentence] pairs: {error}"
        ) from None


def _add(totals: dict[str, float], prefix: str, scores: Mapping[str, float] | None) -> None:
    for key, value in (scores or {}).items():
        totals[prefix + key] += value
