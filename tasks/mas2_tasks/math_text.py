r"""Finding an answer in a reply, and a normal form in which equal answers often are equal strings."""

import re

_BOXES = ("\\boxed", "\\fbox", "\\framebox")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BARE = re.compile(r"\s*(-?[\d.,]*\d|[A-Za-z])(?![A-Za-z])")
_SAID = re.compile(
    r"(?i)\banswer\b[*_ ]*(?:is|:|=)[*_: ]*(?:\\\(|\\\[|\$\$?)?\s*"
    r"(.{1,200}?)(?:\\\)|\\\]|\$|[*_]*(?:[.;!](?:\s|$)|\n|$))"
)
_MATHS = re.compile(r"\$\$?([^$]{1,200})\$\$?")
_ALONE = re.compile(
    r"\s*(?!\\(?:boxed|fbox|framebox))([-+]?(?:[\d(\[{.]|\\[a-zA-Z{]|[a-zA-Z](?![a-zA-Z]))[^\n]{0,100})\s*"
)

_GONE = re.compile(
    r"\\(?:left|right|,|!|;|:|quad|displaystyle|bigl?|bigr?|Bigl?|Bigr?)(?![a-zA-Z])|\\ |\s+|\$|~"
)
_FRACTION = re.compile(r"\\[dt]frac(?![a-zA-Z])")
_SHORT = re.compile(r"\\frac(\d)(\d)")
_SLASH = re.compile(r"(-?)(\d+)/(\d+)")
_TEXT = re.compile(r"\\(?:text|mbox|mathrm|textbf)\{([^{}]*)\}")
_SINGLE = re.compile(r"([\^_])\{(\w)\}")
_DECIMAL = re.compile(r"(\d*)\.(\d+)(?!\d)")
_DEGREES = re.compile(r"\^\\circ|\^\{\\circ\}|\\%|%|\.$")
_LEFT = re.compile(r"[a-zA-Z](?:\([a-z]\))?=(?!.*=)")


def last_box(text: str) -> str | None:
    r"""What stands in the last `\boxed{...}` (or `\fbox{...}`) that is closed; None where there is none."""
    found = _last_box(text)
    return found[1] if found is not None else None


def _last_box(text: str) -> tuple[int, str, int] | None:
    """Where the last closed box begins, what it holds and where it ends."""
    stop, ends = len(text), _closings(text) if "box" in text else {}
    while True:
        start = max(text.rfind(box, 0, stop) for box in _BOXES)
        if start < 0:
            return None
        place = start + next(len(box) for box in _BOXES if text.startswith(box, start))
        brace = place
        while text[brace : brace + 1] == " ":
            brace += 1
        if text[brace : brace + 1] == "{":
            end = ends.get(brace, -1)
            if end > 0 and text[brace + 1 : end].strip():
                return start, text[brace + 1 : end], end + 1
        elif bare := _BARE.match(text, place):
            return start, bare[1], bare.end()
        stop = start


def _closings(text: str) -> dict[int, int]:
    """Index of the brace that closes each opening one, where there is one, in one pass."""
    ends: dict[int, int] = {}
    open_ones: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            open_ones.append(match.start())
        elif match[0] == "}" and open_ones:
            ends[open_ones.pop()] = match.start()
    return ends


def unboxed(text: str) -> str:
    """The text with its boxes opened."""
    while (found := _last_box(text)) is not None:
        start, inside, end = found
        text = text[:start] + inside + text[end:]
    return text


def find_answer(text: str) -> str | None:
    """The last box; else what `answer is` says last; else the last formula; else a text that is one."""
    inside = last_box(text)
    while inside is not None and (deeper := last_box(inside)) is not None:
        inside = deeper
    if inside is not None:
        return inside.strip()
    for pattern in (_SAID, _MATHS):
        said = None
        for said in pattern.finditer(text):  # noqa: B007
            pass
        if said is not None and said[1].strip(" $*_"):
            return said[1].strip(" $*_")
    alone = _ALONE.fullmatch(text)
    return alone[1].strip() if alone is not None and " " not in alone[1].strip().replace(", ", ",") else None


def normal_form(answer: str) -> str:
    r"""Without spacing, degree and percent signs and `x =`; `\frac12`, `1/2`, `\dfrac{1}{2}` are one."""
    text = _GONE.sub("", answer)
    text = _DEGREES.sub("", _FRACTION.sub(r"\\frac", text)).replace("{,}", "")
    text = _SHORT.sub(r"\\frac{\1}{\2}", text)
    text = _SINGLE.sub(r"\1\2", _TEXT.sub(r"\1", text))
    slash = _SLASH.fullmatch(text)
    if slash is not None:
        text = f"{slash[1]}\\frac{{{slash[2]}}}{{{slash[3]}}}"
    if "=" in text:
        text = _LEFT.sub("", text, count=1) if _LEFT.match(text) else text
    return _DECIMAL.sub(_decimal, text)


def _decimal(match: re.Match[str]) -> str:
    places = match[2].rstrip("0")
    return f"{match[1] or '0'}.{places}" if places else match[1] or "0"
