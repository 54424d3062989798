"""What tasks have in common whose answers are programs: the tool, the verdict, what simulated agents say."""

import math
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from mas2_env.task import Item, Score, ToolSpec, ToolUse, Truth
from mas2_env.tools import isolation
from mas2_env.tools.python import Program, shared_runner
from mas2_env.tools.verdicts import Verdict
from mas2_tasks.code_text import find_code, normal_form
from mas2_tasks.code_wording import known, plain, reworded
from mas2_tasks.procedural.draw import noise
from mas2_tasks.sources import SourcedTask

TIMEOUT = 3.0
"""Seconds, as in the official protocols of HumanEval and MBPP."""
SHOWN = 2_000
"""Most characters of a tool's output."""
ALL_PASSED = "all examples passed"

_NONE = Score(False, 0.0, {"passed": 0.0, "timed_out": 0.0})
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")

PYTHON = ToolSpec(
    name="python",
    description="Runs a Python program and returns what it prints, or the end of its traceback.",
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "The whole program."}},
        "required": ["code"],
        "additionalProperties": False,
    },
)


class CodeTask(SourcedTask):
    """A task whose answers are Python code, right if the program made of it passes its tests.

    The metrics are `passed` and `timed_out`, which between them name the official result: neither is 1 where
    it is `failed`.
    """

    tools = (PYTHON,)
    blocking = True
    openers: ClassVar[tuple[str, ...]]
    """Sixteen beginnings of a reply."""
    closers: ClassVar[tuple[str, ...]]
    """Eight ends of a reply."""
    whole: ClassVar[bool] = False
    """Whether an answer is a whole program, names included, and never a body for its function alone."""
    luck: ClassVar[float]
    """Weight of the draw in the difficulty of a published problem."""

    @abstractmethod
    def entry(self, item: Item) -> str:
        """The function that the tests call."""

    @abstractmethod
    def program(self, item: Item, answer: str) -> Program:
        """The program that decides on an answer."""

    @abstractmethod
    def written(self, item: Item, answer: str) -> str:
        """The code that an agent with this answer writes down."""

    @abstractmethod
    def trial(self, item: Item, answer: str) -> tuple[str, Sequence[str]]:
        """What an agent runs to try an answer: its code, and a check of each example that it can see."""

    def _published(
        self, item_id: str, query: str, gold: object, solution: str, answers: tuple[str, tuple[str, ...]]
    ) -> Item:
        """An item of a published problem; `answers` are the right one and wrong ones."""
        lines = [line.strip() for line in solution.split("\n") if line.strip()]
        # Longer solutions are harder for real models; the rest is luck, to a standard deviation near 1.2.
        difficulty = 0.9 * (math.log1p(len(lines)) - 1.9) + self.luck * noise(self.name, item_id)
        return self._build(item_id, query, gold, answers, difficulty, max(1, len(lines) // 3), lines[:12])

    def _generated(
        self,
        item_id: str,
        query: str,
        gold: object,
        phrases: Sequence[str],
        difficulty: float,
        answers: tuple[str, tuple[str, ...]],
    ) -> Item:
        """An item of a generated problem, whose description consists of `phrases`."""
        steps = [f"{phrase[0].upper()}{phrase[1:]}." for phrase in phrases]
        return self._build(item_id, query, gold, answers, difficulty, len(steps), steps)

    def _build(
        self,
        item_id: str,
        query: str,
        gold: object,
        answers: tuple[str, tuple[str, ...]],
        difficulty: float,
        parts: int,
        steps: Sequence[str],
    ) -> Item:
        truth = Truth(
            answer=answers[0],
            distractors=answers[1],
            difficulty=difficulty,
            parts=parts,
            steps=tuple(steps),
            gold=gold,
        )
        return Item(task=self, id=item_id, query=query, truth=truth)

    def verdict(self, item: Item, answer: str) -> Verdict:
        """How the answer and its tests end: `passed`, `failed` or `timed out`.

        Of a program that was worded anew here, the first wording is run: it does the same, and its verdict is
        remembered.

        Raises:
            SandboxError: if programs cannot be run on this machine.
        """
        found = known(answer, self.whole)
        return shared_runner().run(self.program(item, answer if found is None else found.source))

    def ready(self) -> None:
        """Programs can be run on this machine as it is set.

        Raises:
            SandboxError: if they cannot.
        """
        isolation.choose()

    def score(self, item: Item, answer: str | None) -> Score:
        """Whether the tests pass. Blocks while the program runs."""
        if answer is None:
            return _NONE
        status = self.verdict(item, answer).status
        passed = float(status == "passed")
        return Score(
            status == "passed", passed, {"passed": passed, "timed_out": float(status == "timed out")}
        )

    def extract(self, text: str) -> str | None:
        """The last Python block of a reply, or the whole reply if it is code."""
        return find_code(text)

    def canonical(self, answer: str) -> str:
        """The syntax tree, so that layout, comments and docstrings make no difference."""
        found = known(answer, self.whole)
        return normal_form(answer, self.whole) if found is None else found.form

    def meaning(self, answer: str) -> str:
        """The syntax tree with variables numbered, so that names make no difference either."""
        found = known(answer, self.whole)
        return plain(answer, self.whole) if found is None else found.made.plain

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """`python`: run a program that sees neither the item nor its tests."""
        if tool != "python":
            return f"error: there is no tool named {tool!r}; there is python"
        code = arguments.get("code")
        if not isinstance(code, str):
            return f'error: python takes {{"code": "<program>"}}, got {sorted(map(str, arguments))}'
        verdict = shared_runner().run(Program(code, timeout=TIMEOUT, capture=True))
        if verdict.status == "timed out":
            return f"{verdict.output[:SHOWN]}\nerror: {verdict.message}".strip()
        message = _ADDRESS.sub("0x0", verdict.message)[-SHOWN:]
        output = _ADDRESS.sub("0x0", verdict.output)[: SHOWN - len(message)]
        return "\n".join(part for part in (output.rstrip("\n"), message) if part) or "(no output)"

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """A sentence or two and the code in a Python block, its variables named as the draw has it."""
        opener, closer = self.openers[draw & 15], self.closers[(draw >> 4) & 7]
        code = reworded(self.written(item, answer), draw >> 7, self.whole)
        return f"{opener}```python\n{code}\n```{closer}"

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """Once: the code with the examples of the query as checks."""
        if step != 0:
            return None
        code, checks = self.trial(item, answer)
        closing = ALL_PASSED if checks else "defined; the task shows no examples to check"
        program = "\n".join([code, "", *checks, f"print({closing!r})"])
        return ToolUse("python", msgspec.json.encode({"code": program}).decode())

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """1 if a check of the examples is seen to have passed, else 0."""
        return float(any(ALL_PASSED in text for text in texts))

    def passed(self, output: str) -> bool | None:
        """Whether the program checked its examples and came through, or ended in an error."""
        last = output.rstrip().rpartition("\n")[2]
        if last == ALL_PASSED:
            return True
        if (
            output.startswith("error: ")
            or "\nerror: " in output
            or "Traceback (most recent call last)" in output
        ):
            return False
        return None


def check(call: str, expected: str) -> str:
    """Code that compares what a call gives with what it should, and says so where it does not."""
    wanted = f"{call} should give {expected}, gave "
    return f"got = {call}\nassert got == {expected}, {wanted!r} + repr(got)"


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Unbiased estimate of the chance that one of k samples is right (Chen et al. 2021, equation 1).

    1 - C(n - c, k) / C(n, k), computed as a product; 1.0 whenever fewer than k samples are wrong.
    """
    if samples - correct < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / n for n in range(samples - correct + 1, samples + 1))
