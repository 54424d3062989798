"""Other words for the same mathematical question."""

import re

from mas2_tasks.procedural.draw import Draw

SWAPPED, TURNED, ADDED = 0.5, 0.5, 0.3

_ASKED = re.compile(
    r"(?:What is|Find|Compute|Determine|Calculate|Evaluate) (the [^.?$]*(?:\$[^$]*\$[^.?$]*)*|\$[^$]+\$)[.?]$"
)
_IF = re.compile(r"If ([^?]+?), (?:what is|find) (\$[^$]+\$|the [^,?.]+)[?.]$")
_ASKS = (
    *("What is {}?", "Find {}.", "Compute {}.", "Determine {}.", "Calculate {}.", "Work out {}.", "Give {}."),
    *("Can you find {}?", "Please determine {}.", "We are looking for {}. What is it?", "State {}."),
)
_IFS = (
    "What is {b} if {a}?",
    "Find {b}, given that {a}.",
    "Given that {a}, determine {b}.",
    "Suppose that {a}. What is {b}?",
    "Assume that {a}, and compute {b}.",
    "It is known that {a}. Find {b}.",
    "Let it be given that {a}. What is {b}?",
)
_ADDED = (
    "Give an exact answer.",
    "Express your answer in simplest form.",
    "Your answer should be exact.",
    "Leave your answer in exact form.",
    "An exact value is wanted.",
    "Do not round.",
)


def reworded(draw: Draw, text: str) -> str:
    """The question with its last request put in other words, and perhaps a word on the form of the answer."""
    condition = _IF.fullmatch(text)
    if condition and draw.chance(TURNED) and "." not in re.sub(r"\$[^$]*\$", "", condition[1]):
        text = draw.pick(_IFS).format(a=condition[1], b=condition[2])
    elif draw.chance(SWAPPED):
        last = _ASKED.search(text)
        if last and (last.start() == 0 or text[last.start() - 2 : last.start()] in (". ", "? ")):
            text = text[: last.start()] + draw.pick(_ASKS).format(last[1])
    if draw.chance(ADDED) and "How many" not in text and "interval" not in text:
        text = f"{text} {draw.pick(_ADDED)}"
    return text
