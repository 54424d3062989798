"""BrowseComp-Plus's figures, as its own program computes them.

That is `scripts_evaluation/evaluate_run.py` of texttron/BrowseComp-Plus at 97c637cebfd9. Where it has a quirk
so has this: the page on the benchmark lists them.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy
from msgspec import Struct

BETA: Final = 100
"""Answers in a bin of the calibration error."""

_LABELS: Final = (r"\*\*{}:\*\*", r"\*\*{}\*\*:", r"{}:")
"""How a judge marks a part of its verdict; the first form that occurs anywhere counts."""
_LINE: Final = r"\s*(.*?)(?=\n|$)"
_BOLD_END: Final = r"\s*(.*?)(?=\n\*\*correct:\*\*|\n\*\*correct\*\*:|\ncorrect:|$)"
_PLAIN_END: Final = r"\s*(.*?)(?=\ncorrect:|$)"
_NUMBER: Final = r"\s*(\d+(?:\.\d+)?)\s*%?"
_MODE: Final = re.IGNORECASE | re.DOTALL


def _part(label: str, *values: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of a part, one for each form of its label; the last value does for all forms left."""
    rests = (*values, *values[-1:] * 2)[: len(_LABELS)]
    return tuple(
        [re.compile(form.format(label) + rest, _MODE) for form, rest in zip(_LABELS, rests, strict=True)]
    )


_PARTS: Final = {
    "extracted_final_answer": _part("extracted_final_answer", _LINE),
    "reasoning": _part("reasoning", _BOLD_END, _BOLD_END, _PLAIN_END),
    "correct": _part("correct", r"\s*(yes|no)"),
    "confidence": _part("confidence", _NUMBER),
}
_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\]|【([^【】]*)】")
_DIGITS: Final = re.compile(r"\d+")


class Judgement(Struct, frozen=True):
    """What a judge's reply says.

    Attributes:
        extracted_final_answer: the answer it found in the response.
        reasoning: its grounds.
        correct: its verdict; None where it gives none.
        confidence: that of the response in percent, at most 100; None where it gives none.
        parse_error: whether there is no verdict to be read.
    """

    extracted_final_answer: str | None = None
    reasoning: str | None = None
    correct: bool | None = None
    confidence: float | None = None
    parse_error: bool = False


def parse_judgement(text: str) -> Judgement:
    """The parts of a judge's reply, whichever can be read."""
    if not text:
        return Judgement(parse_error=True)
    found = {name: _first(patterns, text) for name, patterns in _PARTS.items()}
    answer, reasoning, correct, confidence = found.values()
    verdict = None if correct is None else correct.lower() == "yes"
    return Judgement(
        extracted_final_answer=None if answer is None else answer.strip(),
        reasoning=None if reasoning is None else reasoning.strip(),
        correct=verdict,
        confidence=None if confidence is None else min(float(confidence), 100.0),
        parse_error=verdict is None,
    )


def _first(patterns: Iterable[re.Pattern[str]], text: str) -> str | None:
    for pattern in patterns:
        match = pattern.search(text)
        if match is not None:
            return match[1]
    return None


def citations(response: str) -> tuple[str, ...]:
    """Ids of documents that a response cites in `[…]` or `【…】`: every number inside a pair, sorted."""
    inside = (plain or wide for plain, wide in _BRACKETED.findall(response))
    return tuple(sorted({number for text in inside for number in _DIGITS.findall(text)}))


def citation_precision(cited: Sequence[str], relevant: Collection[str]) -> float:
    """Share of the citations that are relevant; 0 where nothing is cited."""
    return len(set(cited) & set(relevant)) / len(cited) if cited else 0.0


def citation_recall(cited: Sequence[str], relevant: Collection[str]) -> float:
    """Share of the relevant documents that are cited; 0 where there are none."""
    return len(set(cited) & set(relevant)) / len(relevant) if cited and relevant else 0.0


def retrieval_recall(retrieved: Iterable[object], evidence: Sequence[str]) -> float:
    """Share of the evidence among the retrieved ids. A number is not the string of its digits.

    Raises:
        ZeroDivisionError: if there is no evidence.
    """
    return len(set(retrieved) & set(evidence)) / len(evidence)


def calibration_error(
    confidences: Sequence[float], correct: Sequence[bool], beta: int = BETA, norm: str = "2"
) -> float:
    """Calibration error in percent, over bins of `beta` answers in order of confidence.

    The root of the size-weighted mean square of (mean confidence − accuracy) in each bin (Hendrycks et al.
    2019, hendrycks/outlier-exposure). The last bin takes what is left over, and is then **left out** of the
    sum: with fewer than 2·`beta` answers the figure is 0. Equal confidences are ordered by an unstable sort.

    Args:
        confidences: in percent.
        correct: in the same order.
        beta: answers in a bin.
        norm: `2` as above; `1` for the mean of absolute differences, `infty` for the largest.

    Raises:
        ValueError: if there is nothing, the lengths differ, or there is no such norm.
        IndexError: if there are fewer than `beta` answers.
    """
    if len(confidences) != len(correct) or not confidences:
        raise ValueError(
            f"{len(confidences)} confidences for {len(correct)} answers; expected as many, not none"
        )
    if norm not in ("1", "2", "infty"):
        raise ValueError(f"there is no norm {norm!r}; there are 1, 2 and infty")
    total = len(confidences)
    if total < beta:
        raise IndexError(f"{total} answers fill no bin of {beta}")
    stated = numpy.array(confidences, dtype=float) / 100.0
    order = numpy.argsort(stated)
    right = numpy.array(correct, dtype=float)[order]
    stated = stated[order]
    error = 0.0
    for begin in range(0, (total // beta - 1) * beta, beta):
        bin_ = slice(begin, begin + beta)
        difference = abs(float(numpy.nanmean(stated[bin_])) - float(numpy.nanmean(right[bin_])))
        if norm == "infty":
            error = max(error, difference)
        else:
            error += beta / total * (difference**2 if norm == "2" else difference)
    return 100.0 * (error**0.5 if norm == "2" else error)
