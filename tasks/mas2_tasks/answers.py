"""Short answers: where they stand in a reply, and the form in which question answering compares them."""

import re
import string

MOST_WORDS = 8

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_EMPHASIS = ("*", "_", "`")
_SAID = re.compile(r"(?i)\banswer\b[*_ ]*(?:is|:|-|=)[ *_]*(?::[ *_]*)?([^\n]+)")
_BOXED = re.compile(r"\\boxed\{([^{}]+)\}")


def normalise(answer: str) -> str:
    """Lower case, without ASCII punctuation and English articles, white space joined.

    SQuAD's normal form (Rajpurkar et al. 2016), on which the exact match of HotpotQA, NQ and Bamboogle rests.
    """
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_NO_PUNCTUATION)).split())


def read_answer(text: str) -> str | None:
    """What follows the last `Answer:`, else `the answer is`, a box, or a short reply as it stands."""
    place = text.rfind("Answer:")
    if place >= 0:
        found = tidy(
            text[place + 7 :].lstrip().removeprefix("** ").removeprefix("**\n").lstrip().partition("\n")[0]
        )
        if found:
            return found
    said = None
    for said in _SAID.finditer(text):  # noqa: B007
        pass
    if said is not None:
        return tidy(said[1]) or None
    boxed = _BOXED.findall(text)
    if boxed:
        return str(boxed[-1]).strip() or None
    short = text.strip()
    lone = place < 0 and "\n" not in short and len(short.split()) <= MOST_WORDS
    return tidy(short) or None if lone else None


def tidy(text: str) -> str:
    """Without white space and marks of emphasis around it; half a pair counts if the rest is cut off."""
    text = text.strip()
    if text[:1] not in _EMPHASIS and text[-1:] not in _EMPHASIS:
        return text
    for mark in ("**", "__", "`", "*", "_"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)].strip()
    if text.count("**") == 1:
        text = text.removeprefix("**").removesuffix("**").strip()
    return text
