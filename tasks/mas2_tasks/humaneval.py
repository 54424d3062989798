"""HumanEval: functions to be completed from signature and docstring, scored by running hidden tests."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.records import Records, read_records
from mas2_env.task import Item
from mas2_env.tools.python import Program
from mas2_tasks.code_mutants import layout, mutants
from mas2_tasks.code_task import TIMEOUT, CodeTask, check
from mas2_tasks.humaneval_examples import find_examples
from mas2_tasks.procedural.functions import VERSION, Made, make

MOST_BLOCKS = 64


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


class HumanEval(CodeTask):
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
    luck = 1.05
    scorer = "mas2_tasks.code_scorers:HumanEvalScorer"
    reference_tokens = 180
    metric = "hidden tests pass"
    licence = "MIT (HumanEval); Apache-2.0 (procedural items)"
    citation = "Chen et al. 2021. Evaluating Large Language Models Trained on Code. arXiv:2107.03374"
    fetch = "download data/HumanEval.jsonl.gz from https://github.com/openai/human-eval"
    openers = (
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
    closers = (
        "",
        "",
        "\n\nIt follows the docstring.",
        "\n\nThe examples give the results shown.",
        "",
        "\n\nEmpty input is covered as well.",
        "\n",
        "\n\nNo imports beyond these are needed.",
    )

    def _load(self, path: str) -> Records[Problem]:
        return read_records(path, Problem)

    def _ids(self, records: Records[Problem]) -> Sequence[str]:
        return [record.task_id for record in records.rows]

    def _content(self, record: Problem) -> str:
        return record.prompt

    def _from_record(self, item_id: str, record: Problem) -> Item:
        official = (record.prompt, record.canonical_solution, record.entry_point)
        answers = (layout(*official), mutants(*official))
        return self._published(item_id, record.prompt, Gold(record), record.canonical_solution, answers)

    def _generate(self, item_id: str, index: int) -> Item:
        made = _make(self.seed, index)
        gold = Gold(Problem(item_id, made.prompt, made.entry_point, made.solution, made.test))
        answers = (made.solution, made.wrong)
        return self._generated(item_id, made.prompt, gold, made.phrases, made.difficulty, answers)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set, with everything that is hidden."""
        record: dict[str, Any] = msgspec.to_builtins(item.truth.gold.problem)
        return record

    def entry(self, item: Item) -> str:
        """The function that the tests call."""
        name: str = item.truth.gold.problem.entry_point
        return name

    def program(self, item: Item, answer: str) -> Program:
        """Prompt, answer and the hidden tests."""
        problem: Problem = item.truth.gold.problem
        return Program(
            problem.prompt + answer,
            test=f"{problem.test}\ncheck({problem.entry_point})\n",
            entry=problem.entry_point,
            given=problem.prompt,
            timeout=TIMEOUT,
        )

    def written(self, item: Item, answer: str) -> str:
        """The whole function."""
        return _block(item.truth.gold, answer)

    def trial(self, item: Item, answer: str) -> tuple[str, Sequence[str]]:
        """The function, after the rest of its prompt, and the examples of the prompt."""
        problem: Problem = item.truth.gold.problem
        block = _block(item.truth.gold, answer)
        helpers = "" if block.startswith(problem.prompt) else problem.prompt
        examples = _examples(problem.prompt, problem.entry_point)
        return helpers + block, [check(call, expected) for call, expected in examples]


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
