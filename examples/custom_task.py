"""A benchmark of your own: sums of Roman numerals.

Put the class into a package of yours and name it in that package's `pyproject.toml`:

    [project.entry-points."mas2.tasks"]
    roman = "my_package.roman:Roman"

Once the package is installed, `mas2 tasks list` shows it, `mas2 eval --tasks roman --policy cot` runs it, and
after `import mas2_env` there are its environments, `mas2/Roman-v0` and `mas2/Roman-Array-v0`.
"""

import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from mas2_env.errors import DataError
from mas2_env.task import Item, Score, Task, ToolSpec, ToolUse, Truth

SYMBOLS = (
    ("M", 1000),
    ("CM", 900),
    ("D", 500),
    ("CD", 400),
    ("C", 100),
    ("XC", 90),
    ("L", 50),
    ("XL", 40),
    ("X", 10),
    ("IX", 9),
    ("V", 5),
    ("IV", 4),
    ("I", 1),
)


def roman(number: int) -> str:
    """A number from 1 to 3999 as a Roman numeral."""
    text = ""
    for symbol, value in SYMBOLS:
        count, number = divmod(number, value)
        text += symbol * count
    return text


@cache
def values() -> dict[str, int]:
    """Every Roman numeral with its value."""
    return {roman(number): number for number in range(1, 4000)}


class Roman(Task):
    """Add Roman numerals. Items never end: each is a function of the seed and its index."""

    name = "Roman"
    version = "1"
    title = "Roman sums"
    description = "Sums of Roman numerals; the answer is a Roman numeral."
    answer_format = "End with `Answer: ` and the sum as a Roman numeral, such as `Answer: XIV`."
    tools = (
        ToolSpec(
            "to_number",
            "Gives the value of a Roman numeral.",
            {"type": "object", "properties": {"numeral": {"type": "string"}}, "required": ["numeral"]},
        ),
    )
    reference_tokens = 80

    @property
    def size(self) -> int | None:
        """None: the items never end."""
        return None

    @property
    def digest(self) -> str:
        """Identifies the generator: its version and its seed."""
        return hashlib.sha256(f"roman/{self.version}/{self.seed}".encode()).hexdigest()

    def item(self, index: int) -> Item:
        """Two to five numerals to add."""
        draw = random.Random(f"{self.digest}/{index}")
        numbers = [draw.randint(1, 700) for _ in range(draw.randint(2, 5))]
        total = sum(numbers)
        return Item(
            task=self,
            id=f"roman-{self.seed}-{index}",
            query=f"What is {' + '.join(map(roman, numbers))}?",
            truth=Truth(
                answer=roman(total),
                distractors=tuple(roman(total + slip) for slip in (1, 10, 100)),
                difficulty=0.5 * (len(numbers) - 3.5),
                parts=len(numbers),
                steps=tuple(f"{roman(number)} is {number}." for number in numbers),
            ),
        )

    def find(self, item_id: str) -> Item:
        """The item of an id that `item` gave."""
        match = re.fullmatch(rf"roman-{self.seed}-(\d+)", item_id)
        if match is None:
            raise DataError(f"Roman has no item {item_id!r}; expected roman-{self.seed}-INDEX")
        return self.item(int(match[1]))

    def extract(self, text: str) -> str | None:
        """The numeral after the last `Answer:`."""
        found = re.findall(r"Answer:\s*([MDCLXVI]+)\b", text)
        return found[-1] if found else None

    def score(self, item: Item, answer: str | None) -> Score:
        """Exact match."""
        right = answer == item.truth.answer
        return Score(success=right, value=float(right), metrics={"exact": float(right)})

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """The tool `to_number`. What it is given wrongly it says so, and the role may try again."""
        numeral = str(arguments.get("numeral", ""))
        return str(values().get(numeral, f"error: {numeral!r} is not a Roman numeral"))

    # The rest serves simulated agents only: which tool calls they make, and what they learn from them.

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """One numeral of the query after the other."""
        numerals = re.findall(r"\b[MDCLXVI]+\b", item.query)
        return ToolUse("to_number", f'{{"numeral": "{numerals[step]}"}}') if step < len(numerals) else None

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """Share of the numerals whose values were found out."""
        needed = [step.removesuffix(".").rpartition(" ")[2] for step in item.truth.steps]
        known = " ".join(texts).split()
        return sum(value in known for value in needed) / len(needed)
