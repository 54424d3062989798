"""GSM8K: grade-school word problems with a derivation of a few steps."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.records import Records
from mas2_env.task import Item, Score, ToolUse, Truth
from mas2_env.tools.calculator import CALCULATOR, call_calculator
from mas2_tasks.gsm8k_file import Problem, calculations, derivation, distractors, read_gsm8k
from mas2_tasks.gsm8k_score import (
    flexible_extract,
    harness_form,
    openai_extract,
    strict_extract,
)
from mas2_tasks.procedural.arithmetic import Slip, Step, expression, run, sentences, slips
from mas2_tasks.procedural.coins import item_draw
from mas2_tasks.procedural.draw import noise
from mas2_tasks.procedural.stories import problem
from mas2_tasks.sources import SourcedTask

SPREAD = 1.1
PER_STEP = 0.25
USUAL_STEPS = 4
MOST_BODIES = 64

_RIGHT = Score(True, 1.0, {"openai": 1.0, "strict": 1.0, "flexible": 1.0})
_NONE = Score(False, 0.0, {"openai": 0.0, "strict": 0.0, "flexible": 0.0})
_BARE = re.compile(r"-?[0-9.,]+")
_NUMBER = r"[*_(\[ ]*(?:\\?\$)? ?(-?\.?\d[\d,]*(?:\.\d+)?)"
_HASHES = re.compile(rf"####[ \t]*(?:\\boxed\{{)?{_NUMBER}")
_BOXED = re.compile(rf"\\boxed\{{{_NUMBER}")
_SAID = re.compile(rf"(?i)\banswer\b[*_ ]*(?:is|:|=)[*_: ]*(?:\\boxed\{{)?{_NUMBER}")
_ALONE = re.compile(rf"\s*{_NUMBER}[*_)\]. ]*\s*")


class Gold(Struct):
    """The published answer, and what replies are made of (not part of the data).

    Attributes:
        answer: the data set's whole answer text.
        form: what the harness compares.
        calculations: expressions of the derivation, in order.
        steps: the derivation as data, where it was generated.
        slips: for a wrong answer that a slip leads to, the slip.
        bodies: derivations by answer.
    """

    answer: str
    form: str
    calculations: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    slips: dict[str, Slip] = {}
    bodies: dict[str, str] = {}


class GSM8K(SourcedTask):
    """GSM8K; primary metric: the benchmark's own rule on what follows `####`."""

    name = "GSM8K"
    version = "2"
    title = "GSM8K"
    description = (
        "Grade-school math word problems that take a few steps of arithmetic; the answer is a number."
    )
    answer_format = (
        "End with one line `#### N` where N is the final number alone, without unit or dollar sign."
    )
    tools = (CALCULATOR,)
    scorer = "mas2_tasks.scorers:GSM8KScorer"
    reference_tokens = 200
    metric = "the number after ####"
    licence = "MIT (GSM8K); Apache-2.0 (procedural items)"
    citation = "Cobbe et al. 2021. Training Verifiers to Solve Math Word Problems. arXiv:2110.14168"
    fetch = "download grade_school_math/data/test.jsonl from https://github.com/openai/grade-school-math"

    def _load(self, path: str) -> Records[Problem]:
        return read_gsm8k(path)

    def _ids(self, records: Records[Problem]) -> Sequence[str]:
        return [f"gsm8k/{records.split or 'test'}/{line}" for line in records.lines]

    def _content(self, record: Problem) -> str:
        return record.question

    def _from_record(self, item_id: str, record: Problem) -> Item:
        answer = openai_extract(record.answer) or ""
        steps = derivation(record) or (f"The answer is {answer}.",)
        parts = calculations(record)
        gold = Gold(answer=record.answer, form=harness_form(record.answer), calculations=parts)
        wrong = distractors(record, answer)
        return self._build(item_id, record.question, answer, wrong, steps, max(1, len(parts)), gold)

    def _generate(self, item_id: str, index: int) -> Item:
        text, steps = problem(item_draw(self.name, self.version, self.seed, index))
        results = run(steps)
        if results is None:
            raise ValueError(f"{item_id}: the derivation does not come out")
        answer = str(results[-1])
        found = {str(value): slip for value, slip in slips(steps, results[-1]).items()}
        told = tuple(sentences(steps, results))
        gold = Gold(
            answer="\n".join((*told, f"#### {answer}")),
            form=answer,
            calculations=tuple([expression(step, results, step.operator) for step in steps]),
            steps=steps,
            slips=found,
        )
        return self._build(item_id, text, answer, tuple(found), told, len(steps), gold)

    def _build(
        self,
        item_id: str,
        query: str,
        answer: str,
        wrong: tuple[str, ...],
        steps: tuple[str, ...],
        parts: int,
        gold: Gold,
    ) -> Item:
        hardness = PER_STEP * (min(parts, 8) - USUAL_STEPS)
        truth = Truth(
            answer=answer,
            distractors=wrong,
            difficulty=hardness + SPREAD * noise(self.name, item_id),
            parts=parts,
            steps=steps,
            gold=gold,
        )
        return Item(task=self, id=item_id, query=query, truth=truth)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set, with everything that is hidden."""
        return {"question": item.query, "answer": item.truth.gold.answer}

    def extract(self, text: str) -> str | None:
        """The number after the first `####`, else the last box, else the last `answer is`, without commas."""
        place = text.find("####")
        found = _HASHES.match(text, place) if place >= 0 else None
        if found is None and place >= 0:
            found = _HASHES.search(text, place)
        if found is None:
            for pattern in (_BOXED, _SAID):
                for match in pattern.finditer(text):
                    found = match
                if found is not None:
                    break
            else:
                found = _ALONE.fullmatch(text)
        return found[1].replace(",", "") if found is not None else None

    def score(self, item: Item, answer: str | None) -> Score:
        """All three verdicts on a bare number or on a whole response."""
        if answer is None:
            return _NONE
        gold: Gold = item.truth.gold
        if answer == item.truth.answer and answer.isdigit():
            return _RIGHT
        response = f"#### {answer.strip()}" if _BARE.fullmatch(answer.strip()) else answer
        openai = openai_extract(response) == item.truth.answer
        strict, flexible = strict_extract(response), flexible_extract(response)
        return Score(
            openai,
            float(openai),
            {
                "openai": float(openai),
                "strict": float(strict is not None and harness_form(strict) == gold.form),
                "flexible": float(flexible is not None and harness_form(flexible) == gold.form),
            },
        )

    def canonical(self, answer: str) -> str:
        """The number without commas, dollar sign, final period and empty decimals."""
        short = answer.strip().replace(",", "").lstrip("$").rstrip(".")
        return short.rstrip("0").rstrip(".") if "." in short else short

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """The calculator."""
        if tool == "calculator":
            return call_calculator(arguments)
        return f"error: there is no tool named {tool!r}; there is calculator"

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """A derivation and the answer line; a wrong answer comes with the slip that leads to it."""
        gold: Gold = item.truth.gold
        body = gold.bodies.get(answer) or self._body(item, gold, answer)
        return f"{_OPENERS[draw & 15]}{body}{_CLOSERS[(draw >> 4) & 7]}\n#### {answer}"

    def _body(self, item: Item, gold: Gold, answer: str) -> str:
        truth = item.truth
        slip = gold.slips.get(answer)
        if answer == truth.answer:
            told = list(truth.steps)
        elif slip is not None:
            told = sentences(gold.steps, run(gold.steps, slip) or [], slip)
        else:
            told = _astray(truth.steps, truth.answer, answer)
        if len(gold.bodies) >= MOST_BODIES:
            gold.bodies.clear()
        body = gold.bodies[answer] = "\n".join(told)
        return body

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """The calculation of that step, as it is done by one who comes to `answer`."""
        gold: Gold = item.truth.gold
        if not 0 <= step < len(gold.calculations):
            return None
        asked = gold.calculations[step]
        slip = gold.slips.get(answer)
        if slip is not None:
            results = run(gold.steps, slip) or []
            if step >= len(results):
                return None
            wrong = slip.kind == "operator" and slip.at == step
            operator = slip.operator if wrong else gold.steps[step].operator
            asked = expression(gold.steps[step], results, operator)
        return ToolUse("calculator", msgspec.json.encode({"expression": asked}).decode())

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """1 if a calculation succeeded, else 0."""
        return float(any(len(text) < 400 and text[:1] in _DIGITS and text for text in texts))


def _astray(steps: tuple[str, ...], right: str, wrong: str) -> list[str]:
    """A published derivation that comes to a wrong number: broken off at that result, else with a slip.

    Its wording is that of a right one; the right number does not stand in it.
    """
    place = re.compile(rf"(?<![\d.,]){re.escape(right)}(?!\d|\.\d*[1-9])")
    given = re.compile(rf"(?:>>|= ?)[$€£]?{re.escape(wrong)}(?!\d|\.\d*[1-9])")
    plain = [re.sub(r"(?<=\d),(?=\d{3})", "", step) for step in steps]
    ends = [i for i, step in enumerate(plain[:-1]) if given.search(step)]
    told = steps[: ends[-1] + 1] if ends else steps
    return [
        place.sub(wrong, bare) if place.search(bare) else step
        for step, bare in zip(told, plain, strict=False)
    ]


_DIGITS = frozenset("0123456789-")
_OPENERS = (
    "",
    "",
    "",
    "Let's work this out step by step.\n",
    "Let me solve this.\n",
    "Step by step:\n",
    "We start with what is given.\n",
    "Here is how I get there.\n",
    "First I write down the steps.\n",
    "Let us calculate.\n",
    "Reasoning:\n",
    "I take the quantities one after the other.\n",
    "Going through the problem in order:\n",
    "Solution:\n",
    "Let's think.\n",
    "Breaking the problem down:\n",
)
_CLOSERS = (
    "",
    "",
    "\nThat is what was asked for.",
    "\nSo the result follows.",
    "",
    "\nThis answers the question.",
    "\nThat is the final step.",
    "\nHence the final answer:",
)
