r"""MATH (Hendrycks et al. 2021): competition problems with answers in LaTeX, scored by math-verify."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import Records
from mas2_env.task import Item, Score, SourceName, SplitName, ToolUse, Truth
from mas2_env.tools.calculator import CALCULATOR, call_calculator
from mas2_tasks.math_file import Problem, calculations, derivation, distractors, read_math
from mas2_tasks.math_score import shared_scorer
from mas2_tasks.math_text import find_answer, normal_form
from mas2_tasks.procedural.competition import MEAN_LEVEL, problem
from mas2_tasks.procedural.draw import noise
from mas2_tasks.sources import SourcedTask

SPREAD = 0.7
PER_LEVEL = 0.75

_RIGHT = Score(True, 1.0, {"math_verify": 1.0})
_WRONG = Score(False, 0.0, {"math_verify": 0.0})


class Gold(Struct, frozen=True):
    """What the published record holds besides the problem and its answer.

    Attributes:
        solution: the whole derivation, with the answer in a box.
        subject: one of seven.
        level: from 1 (easiest) to 5.
        calculations: arithmetic of the derivation.
    """

    solution: str
    subject: str
    level: int
    calculations: tuple[str, ...]


class MATH(SourcedTask):
    """MATH; primary metric: math-verify's verdict on the answer.

    Raises:
        DataError: also if math-verify is not installed: most answers could not be scored, and those that
            could be would be no fair sample.
    """

    name = "MATH"
    version = "2"
    title = "MATH"
    description = (
        "Competition mathematics of seven subjects and five levels; the answer is a "
        "number or expression in LaTeX."
    )
    answer_format = "End with the final answer alone, in LaTeX, in one \\boxed{...}."
    tools = (CALCULATOR,)
    scorer = "mas2_tasks.scorers:MATHScorer"
    reference_tokens = 300
    blocking = True
    metric = "math-verify"
    licence = "MIT (MATH); Apache-2.0 (procedural items)"
    citation = (
        "Hendrycks et al. 2021. Measuring Mathematical Problem Solving With the MATH Dataset. "
        "arXiv:2103.03874; "
        "Lightman et al. 2023. Let's Verify Step by Step. arXiv:2305.20050 (MATH-500)"
    )
    fetch = "download test.jsonl of HuggingFaceH4/MATH-500"

    def __init__(
        self,
        source: SourceName = "procedural",
        path: str | None = None,
        seed: int = 0,
        split: SplitName = "all",
    ) -> None:
        if find_spec("math_verify") is None:
            raise DataError(
                "MATH is scored by math-verify, which is not installed: pip install 'mas2-env[tasks]', "
                "or leave MATH out"
            )
        super().__init__(source, path, seed, split)

    def _load(self, path: str) -> Records[Problem]:
        return read_math(path)

    def _ids(self, records: Records[Problem]) -> Sequence[str]:
        return [record.unique_id for record in records.rows]

    def _content(self, record: Problem) -> str:
        return record.problem

    def _from_record(self, item_id: str, record: Problem) -> Item:
        steps = derivation(record)
        gold = Gold(record.solution, record.subject, record.level, calculations("\n".join(steps)))
        return self._build(item_id, record.problem, record.answer, distractors(record), steps, gold)

    def _generate(self, item_id: str, index: int) -> Item:
        subject, level, made = problem(self.version, self.seed, index)
        told = " ".join(made.steps[:-1])
        solution = f"{told} {_boxed(made.steps[-1], made.answer)}".strip()
        gold = Gold(solution, subject, level, calculations("\n".join(made.steps)))
        return self._build(item_id, made.text, made.answer, made.wrong, made.steps, gold)

    def _build(
        self,
        item_id: str,
        query: str,
        answer: str,
        wrong: tuple[str, ...],
        steps: tuple[str, ...],
        gold: Gold,
    ) -> Item:
        hardness = PER_LEVEL * (gold.level - MEAN_LEVEL)
        truth = Truth(
            answer=answer,
            distractors=wrong,
            difficulty=hardness + SPREAD * noise(self.name, item_id),
            parts=max(1, len(steps)),
            steps=steps,
            gold=gold,
        )
        return Item(task=self, id=item_id, query=query, truth=truth)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record in the form of MATH-500, with everything that is hidden."""
        gold: Gold = item.truth.gold
        return {
            "problem": item.query,
            "solution": gold.solution,
            "answer": item.truth.answer,
            "subject": gold.subject,
            "level": gold.level,
            "unique_id": item.id,
        }

    def extract(self, text: str) -> str | None:
        """The last box; else what `answer is` says, else the last formula."""
        return find_answer(text)

    def score(self, item: Item, answer: str | None) -> Score:
        r"""math-verify's verdict on an answer alone, or on a whole response, which has a `\boxed` in it.

        Raises:
            TaskError: if math-verify cannot be run.
        """
        if answer is None or not answer.strip():
            return _WRONG
        scorer = shared_scorer()
        ask = scorer.response if "\\boxed" in answer else scorer.answer
        return _RIGHT if ask(item.truth.answer, answer).success else _WRONG

    def canonical(self, answer: str) -> str:
        """The answer without what LaTeX writes in several ways."""
        return normal_form(answer)

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """The calculator."""
        if tool == "calculator":
            return call_calculator(arguments)
        return f"error: there is no tool named {tool!r}; there is calculator"

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """A derivation and the boxed answer; a wrong answer comes after the steps before the last one."""
        truth = item.truth
        steps = truth.steps if answer == truth.answer else truth.steps[:-1]
        end = _CLOSERS[(draw >> 4) & 7].replace("{}", f"\\boxed{{{answer}}}")
        return "\n".join((*_OPENERS[draw & 15], *steps, end))

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """The arithmetic of the derivation, one calculation after the other."""
        gold: Gold = item.truth.gold
        if not 0 <= step < len(gold.calculations):
            return None
        return ToolUse("calculator", msgspec.json.encode({"expression": gold.calculations[step]}).decode())

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """1 if a calculation succeeded, else 0."""
        return float(any(0 < len(text) < 400 and text[0] in _DIGITS for text in texts))


def _boxed(sentence: str, answer: str) -> str:
    place = sentence.rfind(answer)
    if place < 0 or sentence[:place].count("$") % 2 == 0:
        return f"{sentence} The answer is $\\boxed{{{answer}}}$."
    return f"{sentence[:place]}\\boxed{{{answer}}}{sentence[place + len(answer) :]}"


_DIGITS = frozenset("0123456789-")
_OPENERS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("Let's work this out step by step.",),
    ("Let me solve this.",),
    ("Step by step:",),
    ("We begin with what is given.",),
    ("Here is how I get there.",),
    ("First I write down what follows directly.",),
    ("Solution.",),
    ("Reasoning:",),
    ("Let us set this up carefully.",),
    ("I use the standard approach.",),
    ("Working:",),
    ("Let's think.",),
    ("Breaking the problem down:",),
)
_CLOSERS = (
    "The answer is ${}$.",
    "Therefore the answer is ${}$.",
    "So the final answer is ${}$.",
    "${}$",
    "Hence we get ${}$.",
    "Final answer: ${}$",
    "This gives ${}$.",
    "\\[{}\\]",
)
