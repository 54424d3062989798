"""The three verdicts in use for GSM8K, on a whole response.

`openai` is the benchmark's own rule (openai/grade-school-math, `extract_answer` and `is_correct`); `strict`
and `flexible` are the filters of task `gsm8k`, version 3.0, in EleutherAI's lm-evaluation-harness.
"""

import re

_HASHES = re.compile(r"#### (-?[0-9.,]+)")
_NUMBER = re.compile(r"-?[$0-9.,]{2,}|-?[0-9]+")
_BEFORE = re.compile(r"(?s).*#### ")


def openai_extract(response: str) -> str | None:
    """What follows the first `#### `, without commas; None where nothing like a number does."""
    start = response.find("#### ")
    found = _HASHES.search(response, start) if start >= 0 else None
    return found[1].replace(",", "") if found else None


def openai_correct(response: str, gold: str) -> bool:
    """Whether a response states the gold answer, string for string; `gold` is the data set's answer text."""
    given = openai_extract(response)
    return given is not None and given == openai_extract(gold)


def strict_extract(response: str) -> str | None:
    """What follows the first `#### `, as it stands."""
    start = response.find("#### ")
    found = _HASHES.search(response, start) if start >= 0 else None
    return found[1] if found else None


def flexible_extract(response: str) -> str | None:
    """The last thing in the response that looks like a number."""
    last = None
    for last in _NUMBER.finditer(response):  # noqa: B007
        pass
    return last[0] if last else None


def harness_match(extracted: str | None, gold: str) -> bool:
    """The harness's exact match: commas, dollar signs and a final period do not count."""
    return extracted is not None and harness_form(extracted) == harness_form(gold)


def harness_form(text: str) -> str:
    """What the harness compares of a text."""
    short = text.replace(",", "").replace("$", "")
    if "#### " in short:
        short = _BEFORE.sub("", short)
    if short.endswith("."):
        short = short[:-1]
    elif short.endswith(".\n"):
        short = short[:-2] + "\n"
    return short.lower()
