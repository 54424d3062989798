"""HumanEval: functions to be completed from signature and docstring, scored by running hidden tests."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.task import Item, Score, ToolSpec, ToolUse, Truth
from mas2_env.tools.python import Program, Verdict, shared_runner
from mas2_tasks.files import Records, read_records
from mas2_tasks.humaneval_code import find_code, find_examples, normal_form
from mas2_tasks.humaneval_mutants import layout, mutants
from mas2_tasks.procedural.draw import noise
from mas2_tasks.procedural.functions import VERSION, Made, make
from mas2_tasks.sources import SourcedTask

TIMEOUT = 3.0
"""Seconds, as in the official protocol."""
SHOWN = 2_000
"""Most characters of a tool's output."""
ALL_PASSED = "all examples passed"
MOST_BLOCKS = 64

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


class Problem(Struct, frozen=True):
    """A record of the published data set."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


class Gold(Struct):
    """The official record, and texts made of it on demand (not part of the data).

    Attributes:
        problem: the record.
        blocks: whole functions by answer.
    """

    problem: Problem
    blocks: dict[str, str] = {}


class HumanEval(SourcedTask):
    """HumanEval; primary metric: the hidden tests pass.

    An answer is a completion that is appended to the prompt: a body, or the whole function again. It is run
    out of process as the official harness runs it: prompt, answer, test and `check(entry_point)`, in three
    seconds.
    """

    name = "HumanEval"
    version = VERSION
    title = "HumanEval"
    description = "Python functions to be written from a signature and a docstring; hidden tests decide."
    answer_format = "End with one ```python block that holds the whole function, imports included."
    tools = (PYTHON,)
    reference_tokens = 180
    licence = "MIT (HumanEval); Apache-2.0 (procedural items)"
    citation = "Chen et al. 2021. Evaluating Large Language Models Trained on Code. arXiv:2107.03374"
    fetch = "download data/HumanEval.jsonl.gz from https://github.com/openai/human-eval"

    def _load(self, path: str) -> Records[Problem]:
        return read_records(path, Problem)

    def _ids(self, records: Records[Problem]) -> Sequence[str]:
        return [record.task_id for record in records.rows]

    def _from_record(self, item_id: str, record: Problem) -> Item:
        lines = [line.strip() for line in record.canonical_solution.split("\n") if line.strip()]
        # Longer solutions are harder for real models; the rest is luck, to a standard deviation near 1.2.
        difficulty = 0.9 * (math.log1p(len(lines)) - 1.9) + 1.05 * noise(self.name, item_id)
        official = (record.prompt, record.canonical_solution, record.entry_point)
        answers = (layout(*official), mutants(*official))
        return self._build(item_id, record, answers, difficulty, max(1, len(lines) // 3), tuple(lines[:12]))

    def _generate(self, item_id: str, index: int) -> Item:
        made = _make(self.seed, index)
        problem = Problem(item_id, made.prompt, made.entry_point, made.solution, made.test)
        steps = tuple(f"{phrase[0].upper()}{phrase[1:]}." for phrase in made.phrases)
        answers = (made.solution, made.wrong)
        return self._build(item_id, problem, answers, made.difficulty, len(steps), steps)

    def _build(
        self,
        item_id: str,
        problem: Problem,
        answers: tuple[str, tuple[str, ...]],
        difficulty: float,
        parts: int,
        steps: tuple[str, ...],
    ) -> Item:
        return Item(
            task=self,
            id=item_id,
            query=problem.prompt,
            truth=Truth(
                answer=answers[0],
                distractors=answers[1],
                difficulty=difficulty,
                parts=parts,
                steps=steps,
                gold=Gold(problem),
            ),
        )

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set, with everything that is hidden."""
        record: dict[str, Any] = msgspec.to_builtins(item.truth.gold.problem)
        return record

    def extract(self, text: str) -> str | None:
        """The last Python block of a reply, or the whole reply if it is code."""
        return find_code(text)

    def verdict(self, item: Item, answer: str) -> Verdict:
        """How prompt, answer and hidden tests end: `passed`, `failed` or `timed out`.

        Raises:
            Breakdown: if programs cannot be run on this machine.
        """
        problem: Problem = item.truth.gold.problem
        return shared_runner().run(
            Program(problem.prompt + answer, test=problem.test, entry=problem.entry_point, timeout=TIMEOUT)
        )

    def score(self, item: Item, answer: str | None) -> Score:
        """Whether the hidden tests pass. Blocks while the program runs."""
        if answer is None:
            return _NONE
        status = self.verdict(item, answer).status
        passed = float(status == "passed")
        return Score(
            status == "passed", passed, {"passed": passed, "timed_out": float(status == "timed out")}
        )

    def canonical(self, answer: str) -> str:
        """The syntax tree, so that layout, comments and docstrings make no difference."""
        return normal_form(answer)

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
        """A sentence or two and the whole function in a Python block."""
        opener = _OPENERS[draw & 15]
        return f"{opener}```python\n{_block(item.truth.gold, answer)}\n```{_CLOSERS[(draw >> 4) & 7]}"

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """Once: the function with the examples of the prompt as checks."""
        if step != 0:
            return None
        gold: Gold = item.truth.gold
        problem = gold.problem
        block = _block(gold, answer)
        examples = _examples(problem.prompt, problem.entry_point)
        helpers = "" if block.startswith(problem.prompt) else problem.prompt
        lines = [helpers + block, ""]
        for call, expected in examples:
            wanted = f"{call} should give {expected}, gave "
            lines.append(f"got = {call}\nassert got == {expected}, {wanted!r} + repr(got)")
        closing = ALL_PASSED if examples else "defined; the task shows no examples to check"
        lines.append(f"print({closing!r})")
        return ToolUse("python", msgspec.json.encode({"code": "\n".join(lines)}).decode())

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


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Unbiased estimate of the chance that one of k samples is right (Chen et al. 2021, equation 1).

    1 - C(n - c, k) / C(n, k), computed as a product; 1.0 whenever fewer than k samples are wrong.
    """
    if samples - correct < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / n for n in range(samples - correct + 1, samples + 1))


@lru_cache(maxsize=1024)
def _make(seed: int, index: int) -> Made:
    return make(seed, index)


@lru_cache(maxsize=2048)
def _examples(prompt: str, entry: str) -> tuple[tuple[str, str], ...]:
    return find_examples(prompt, entry)


def _block(gold: Gold, answer: str) -> str:
    """The whole function that an answer makes with its prompt; helpers that the prompt defines stay out."""
    block = gold.blocks.get(answer)
    if block is None:
        if len(gold.blocks) >= MOST_BLOCKS:
            gold.blocks.clear()
        block = gold.blocks[answer] = (_signature(gold.problem, answer) + answer).rstrip("\n")
    return block


def _signature(problem: Problem, answer: str) -> str:
    """What of the prompt goes before an answer to make it a whole function; nothing where that is unclear."""
    entry = re.escape(problem.entry_point)
    heads = list(re.finditer(rf"^def {entry}\(.*\n[ \t]+(?:\"\"\"|''')", problem.prompt, re.MULTILINE))
    if not heads or re.search(rf"^def {entry}\b", answer, re.MULTILINE):
        return ""
    before = problem.prompt[: heads[-1].start()]
    plain = all(not line or line.startswith("from typing ") for line in before.split("\n"))
    return problem.prompt if plain else problem.prompt[heads[-1].start() :]


_OPENERS = (
    "",
    "Here is the function.\n\n",
    "Following the docstring step by step:\n\n",
    "My solution:\n\n",
    "I went through the description and wrote this:\n\n",
    "The examples suggest a direct implementation.\n\n",
    "This handles the edge cases that the docstring names:\n\n",
    "Below is the complete function.\n\n",
    "Let me write this out.\n\n",
    "One pass over the input is enough.\n\n",
    "I translated each part of the description into code:\n\n",
    "This should do it:\n\n",
    "The function, with its docstring kept:\n\n",
    "After some thought, I settled on this:\n\n",
    "A straightforward version:\n\n",
    "Here it is, tested by hand on the examples:\n\n",
)
_CLOSERS = (
    "",
    "",
    "\n\nIt follows the docstring.",
    "\n\nThe examples give the results shown.",
    "",
    "\n\nEmpty input is covered as well.",
    "\n",
    "\n\nNo imports beyond these are needed.",
)
