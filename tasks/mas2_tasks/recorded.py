"""Items of recorded runs: what the backend `replay` answers, and what simulated agents are compared on."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mas2_env.backends.transcripts import (
    Strands,
    Transcripts,
    bare,
    replies_of,
    right_answers,
    versioned,
)
from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean
from mas2_env.records import read_records
from mas2_env.task import Item, Score, SourceName, SplitName, Task, Truth
from mas2_tasks.recorded_file import Row, strands_of

MOST_DISTRACTORS: Final = 8
_ANSWER: Final = re.compile(r"Answer:\s*(.*)\Z", re.DOTALL)


class Part(Struct, frozen=True):
    """What `Recorded` can be made of: the recording's name, its benchmark, system and models."""

    source: str
    benchmark: str
    system: str
    models: tuple[str, ...]


class Recorded(Task):
    """The items of a file of recordings, restricted to one benchmark and one recorded system.

    The wrong answers of an item are those that its models gave, most frequent first. A verdict is the one
    that was recorded: an answer that nobody gave is wrong.

    Args:
        source: `file`; there is no other.
        path: of the file; `recorded_file` says what stands in it.
        seed: has no effect.
        split: `all`; there is no other.
        benchmark: the benchmark whose rows are taken; where the file has one alone, it need not be named.
        system: the recorded system whose rows are taken, likewise; `Row.setting` gives its name.
        model: take only the rows of this model; None for all.
        turns: how often each item stands in the task, each time with the next recorded strand first.

    Raises:
        DataError: if the file cannot be read, or nothing in it fits.
    """

    name = "Recorded"
    title = "Recorded runs"
    description = "Problems at which the replies of language models were recorded."
    answer_format = "End with a line 'Answer: ' and the answer."
    licence = "that of the recording"

    def __init__(
        self,
        source: SourceName = "file",
        path: str | None = None,
        seed: int = 0,
        split: SplitName = "all",
        *,
        benchmark: str | None = None,
        system: str | None = None,
        model: str | None = None,
        turns: int = 1,
    ) -> None:
        self.keep_options(benchmark=benchmark, system=system, model=model, turns=turns)
        super().__init__(source, path, seed, split)
        if source != "file" or path is None or split != "all":
            raise DataError(
                f"{self.name}: recordings come from a file, undivided: give --data TASK=FILE, or in "
                "Python source='file' and path"
            )
        if turns < 1:
            raise DataError(f"{self.name}: turns is {turns}, expected at least 1")
        self.turns = turns
        records = read_records(path, Row)
        rows: Iterable[Row] = records.rows
        self.benchmark_name = _one_of(path, "benchmark", benchmark, [row.benchmark for row in records.rows])
        rows = [row for row in rows if row.benchmark == self.benchmark_name]
        self.system = _one_of(path, "system", system, [row.setting for row in rows])
        rows = [row for row in rows if row.setting == self.system]
        if model is not None:
            _one_of(path, "model", model, [row.model for row in rows])
            rows = [row for row in rows if row.model == model]
        self._records = records
        answers = [row.answer for row in rows if row.answer is not None]
        self._texts = 2 * sum("\n" in answer for answer in answers) >= len(answers)
        self._problems = tuple(_problems(rows, whole=not answers))
        if not self._problems:
            raise DataError(f"{path}: no graded reply of {self.benchmark_name} in system {self.system!r}")
        self._answers = {
            written.text: written.answer
            for _, strands in self._problems
            for one in strands.values()
            for written in replies_of(one)
        }
        self._places = {self._id(index): index for index in range(self.size)}

    @staticmethod
    def parts(path: str) -> tuple[Part, ...]:
        """All benchmarks and systems of a file with graded replies, in its order.

        Raises:
            DataError: if the file cannot be read.
        """
        models: dict[tuple[str, str, str], dict[str, None]] = {}
        for row in read_records(path, Row).rows:
            if row.correct is not None:
                models.setdefault((row.source, row.benchmark, row.setting), {})[row.model] = None
        return tuple(Part(*key, tuple(sorted(names))) for key, names in models.items())

    @property
    def benchmark(self) -> str:
        """The recorded benchmark."""
        return self.benchmark_name

    @property
    def models(self) -> tuple[str, ...]:
        """The models that were recorded, in alphabetical order."""
        return tuple(sorted({model for _, strands in self._problems for model in strands}))

    @property
    def size(self) -> int:
        """Number of recorded problems, times `turns`."""
        return len(self._problems) * self.turns

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes."""
        return self._records.digest

    def _id(self, index: int) -> str:
        problem, turn = divmod(index, self.turns)
        first = self._problems[problem][0]
        return first.item_id if turn == 0 else f"{first.item_id}@{turn}"

    def item(self, index: int) -> Item:
        """The item at `index`; `IndexError` where there is none."""
        if not 0 <= index < self.size:
            raise IndexError(f"{self.name}: there are {self.size} items, there is no item {index}")
        problem, turn = divmod(index, self.turns)
        row, strands = self._problems[problem]
        truth = _truth(row, strands, turn, self._spare(problem))
        return Item(self, self._id(index), row.question or f"(problem {row.item_id})", truth)

    def _spare(self, problem: int) -> str:
        """A wrong answer for a problem that nobody got wrong: an answer to another one."""
        own = self._problems[problem][0].gold
        for row, _ in (*self._problems[problem + 1 :], *self._problems[:problem]):
            if row.gold is not None and row.gold != own:
                return row.gold
        return "none of these"

    def find(self, item_id: str) -> Item:
        """The item of that id.

        Raises:
            DataError: where there is none, with a suggestion.
        """
        if item_id not in self._places:
            near = did_you_mean(item_id, self._places)
            raise DataError(f"{self.name}: {self.path} has no item {item_id!r}{near}")
        return self.item(self._places[item_id])

    def extract(self, text: str) -> str | None:
        """The answer that the recording found in the reply; else what follows the last `Answer:`."""
        if text in self._answers:
            return self._answers[text]
        found = _ANSWER.search(text.rpartition("Answer:")[1] + text.rpartition("Answer:")[2])
        return found[1].strip() or None if found else None

    def canonical(self, answer: str) -> str:
        """The answer without white space at its ends."""
        return answer.strip()

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """The answer; one that is a whole text, as code is, in a way of writing that no other reply has.

        Recorded codes to one problem are hardly ever equal: 1 % of pairs of right ones (DyLAN, HumanEval),
        none of right and wrong ones. So a vote cannot count them.
        """
        return f"Answer: {versioned(answer, draw) if self._texts else answer}"

    def score(self, item: Item, answer: str | None) -> Score:
        """The recorded verdict on the answer."""
        right = answer is not None and (
            bare(answer).strip() == item.truth.answer.strip()
            or bare(answer).strip() in right_answers(item.truth.gold)
        )
        return Score(right, float(right), {"correct": float(right)})


def _truth(row: Row, strands: dict[str, Strands], turn: int, spare: str) -> Truth:
    replies = [written for one in strands.values() for written in replies_of(one)]
    right = next((written.answer for written in replies if written.correct and written.answer), None)
    wrong = Counter(written.answer for written in replies if not written.correct and written.answer)
    answer = right or row.gold or "(nobody was right)"
    distractors = tuple(text for text, _ in wrong.most_common(MOST_DISTRACTORS) if text != answer)
    return Truth(answer, distractors or (spare,), gold=Transcripts(strands, turn))


def _problems(rows: Iterable[Row], whole: bool) -> Iterable[tuple[Row, dict[str, Strands]]]:
    """The first row of each item, and its strands where there are any; items in the file's order."""
    by_item: dict[str, list[Row]] = {}
    for row in rows:
        by_item.setdefault(row.item_id, []).append(row)
    found = [(group[0], strands_of(group, whole)) for group in by_item.values()]
    size = max((len(one.strands) for _, all_of in found for one in all_of.values()), default=0)
    for first, all_of in found:
        strands = {
            model: replace(one, size=size) if one.kind == "debate" else one
            for model, one in all_of.items()
            if one.strands
        }
        if strands:
            yield first, strands


def _one_of(path: str, word: str, wanted: str | None, there: Sequence[str]) -> str:
    known = tuple(dict.fromkeys(there))
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted in known:
        return str(wanted)
    if wanted is None:
        raise DataError(f"{path}: holds several values of {word!r}; name one: {', '.join(known)}")
    raise DataError(
        f"{path}: has no rows of {word} {wanted!r}{did_you_mean(wanted, known) or ';'} "
        f"it has {', '.join(known)}"
    )
