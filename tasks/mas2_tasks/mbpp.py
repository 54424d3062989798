"""MBPP: small programs to be written from a sentence and three asserts, scored by running the asserts."""

import ast
import builtins
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import Records, read_records
from mas2_env.task import Item
from mas2_env.tools.python import Program
from mas2_tasks.code_mutants import parse, program_mutants
from mas2_tasks.code_task import TIMEOUT, CodeTask, check
from mas2_tasks.procedural.programs import VERSION, Asked, ask

ASKING = "{text} Your code should pass these tests:\n\n{tests}"
"""What stands of a problem in the prompts of Austin et al. 2021, after the words that set the role."""


class Problem(Struct, frozen=True):
    """A record of the published data set."""

    text: str
    code: str
    task_id: int
    test_setup_code: str
    test_list: tuple[str, ...]
    challenge_test_list: tuple[str, ...]


class MBPP(CodeTask):
    """MBPP; primary metric: the three asserts of `test_list` hold.

    An answer is a whole program. It is run out of process: the program, the item's setup code where it has
    any, and the asserts, in three seconds. The asserts are part of the query, as in the official prompts.
    """

    name = "MBPP"
    version = VERSION
    title = "MBPP"
    description = "Small Python programs to be written from a sentence and three asserts, which decide."
    answer_format = "End with one ```python block that holds the whole program, imports included."
    whole = True  # the asserts call it by name
    luck = 1.1
    scorer = "mas2_tasks.code_scorers:MBPPScorer"
    reference_tokens = 130
    metric = "the three asserts pass"
    licence = "CC BY 4.0 (MBPP); Apache-2.0 (procedural items)"
    citation = "Austin et al. 2021. Program Synthesis with Large Language Models. arXiv:2108.07732"
    fetch = "download mbpp/mbpp.jsonl from https://github.com/google-research/google-research"
    openers = (
        "",
        "Here is the program.\n\n",
        "This passes the tests:\n\n",
        "My solution:\n\n",
        "The tests show the name and the arguments; this is the function.\n\n",
        "I wrote this from the description:\n\n",
        "One function is enough.\n\n",
        "Below is the complete code.\n\n",
        "Let me write this out.\n\n",
        "I followed the description and compared with the asserts:\n\n",
        "The asserts suggest a direct implementation.\n\n",
        "This should do it:\n\n",
        "The function that the tests call:\n\n",
        "After some thought, I settled on this:\n\n",
        "A straightforward version:\n\n",
        "Worked out on the first assert, then checked with the others:\n\n",
    )
    closers = (
        "",
        "",
        "\n\nIt gives what the tests expect.",
        "\n\nAll three asserts should hold.",
        "",
        "\n\nOther inputs of the same form work as well.",
        "\n",
        "\n\nNo imports beyond these are needed.",
    )

    def _load(self, path: str) -> Records[Problem]:
        records = read_records(path, Problem)
        for index, problem in enumerate(records.rows):
            try:
                entry_point(problem.test_list)
            except DataError as error:
                raise DataError(f"{records.place(index)}: {error}") from None
        return records

    def _ids(self, records: Records[Problem]) -> Sequence[str]:
        return [str(record.task_id) for record in records.rows]

    def _content(self, record: Problem) -> str:
        return record.text

    def _from_record(self, item_id: str, record: Problem) -> Item:
        answers = program_mutants(record.code, entry_point(record.test_list))
        return self._published(item_id, _query(record), record, record.code, answers)

    def _generate(self, item_id: str, index: int) -> Item:
        asked = _ask(self.seed, index)
        problem = Problem(asked.text, asked.code, index, "", asked.tests, ())
        answers = (asked.code, asked.wrong)
        return self._generated(item_id, _query(problem), problem, asked.phrases, asked.difficulty, answers)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set."""
        record: dict[str, Any] = msgspec.to_builtins(item.truth.gold)
        record["test_list"] = list(record["test_list"])
        record["challenge_test_list"] = list(record["challenge_test_list"])
        return record

    def entry(self, item: Item) -> str:
        """The function that the tests call."""
        return entry_point(item.truth.gold.test_list)

    def program(self, item: Item, answer: str) -> Program:
        """The answer, then setup code and asserts."""
        return examination(answer, item.truth.gold.test_list, item.truth.gold.test_setup_code)

    def written(self, item: Item, answer: str) -> str:
        """The program."""
        return answer.replace("\r\n", "\n").rstrip("\n")

    def trial(self, item: Item, answer: str) -> tuple[str, Sequence[str]]:
        """The program and the asserts, which the query shows; setup code it does not show."""
        return self.written(item, answer), _checks(item.truth.gold.test_list)


def _query(problem: Problem) -> str:
    tests = "\n".join(test.strip() for test in problem.test_list)
    return ASKING.format(text=problem.text.strip(), tests=tests)


def examination(answer: str, tests: Sequence[str], setup: str = "") -> Program:
    """What decides on an answer: whether answer, setup code and asserts run to their end in that order.

    Without `setup` it is what code_eval runs, which leaves the setup code out.

    Raises:
        DataError: if the tests are no Python, or call no function.
    """
    test, entry = _test(tuple(tests), setup)
    return Program(answer, test=test, entry=entry, timeout=TIMEOUT)


@lru_cache(maxsize=2048)
def _test(tests: tuple[str, ...], setup: str) -> tuple[str, str]:
    return "\n".join(
        [*([setup] if setup.strip() else []), *(test.strip() for test in tests), ""]
    ), entry_point(tests)


@lru_cache(maxsize=2048)
def entry_point(tests: tuple[str, ...]) -> str:
    """The function that the most asserts call; of several the outermost, of other than builtin ones if any.

    Raises:
        DataError: if the tests are no Python, or call no function by its name.
    """
    called: Counter[str] = Counter()
    for test in tests:
        try:
            nodes = list(ast.walk(parse(test.strip())))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise DataError(f"the test {test!r} is no Python: {error}") from None
        calls = [
            node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        called.update(dict.fromkeys(calls, 1))
    own = [name for name in called if not hasattr(builtins, name)]
    if not called:
        raise DataError("no test calls a function; expected asserts like 'assert f(1) == 2' in `test_list`")
    return max(own or called, key=lambda name: called[name])


@lru_cache(maxsize=2048)
def _checks(tests: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_checked(test.strip()) for test in tests)


def _checked(test: str) -> str:
    """An assert that says what it got, where it compares two expressions; else as it is."""
    node = parse(test).body[0]
    if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
        found, sides = node.test, (node.test.left, node.test.comparators[0])
        call, expected = (ast.get_source_segment(test, side) for side in sides)
        if call and expected and len(found.ops) == 1 and isinstance(found.ops[0], ast.Eq):
            return check(call, expected)
    return test


@lru_cache(maxsize=1024)
def _ask(seed: int, index: int) -> Asked:
    return ask(seed, index)
