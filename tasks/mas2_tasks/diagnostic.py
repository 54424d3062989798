"""Diagnostic: fictional records with dials for what decides whether a multi-agent system can win at all."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, get_args

import msgspec
from msgspec import Struct, structs

from mas2_env.errors import DataError
from mas2_env.records import Records
from mas2_env.task import Document, Item, Score, SourceName, SplitName, ToolUse, Truth
from mas2_env.tools.calculator import CALCULATOR, call_calculator
from mas2_env.tools.files import LIST_FILES, READ_FILE, call_list_files, call_read_file
from mas2_tasks.answers import read_answer
from mas2_tasks.diagnostic_dials import Dials, number
from mas2_tasks.procedural.coins import item_draw
from mas2_tasks.procedural.diagnostic import Case, Worked, draw_case, solve
from mas2_tasks.procedural.diagnostic_slips import Slip, distractors, slipped
from mas2_tasks.procedural.diagnostic_text import Told, tell
from mas2_tasks.procedural.diagnostic_working import calculations, sentences
from mas2_tasks.procedural.draw import noise
from mas2_tasks.sources import SourcedTask

SPREAD: Final = 1.2
CANDIDATES: Final = 4
"""At least so many answers below twice the right one have the stated property."""
SMALLEST_ANSWER: Final = 60
UNREAD, UNCALCULATED, UNCHECKED = 4, 0.1, 0.02
"""How `informed` falls short of 1: the share of the readings that were made counts to this power, since an
answer from half of the records is no half answer; calculations that were not made, and no passed check, take
away at most these shares."""

_NUMBER = re.compile(r"[-−]?\d[\d,’' \u00a0\u202f]*(?:\.\d+)?")
_ZEROS = re.compile(r"\.0+\Z")
_GROUPS = re.compile(r"[,’' \u00a0\u202f]")
_MORE = re.compile(r"go on with start_line (\d+)")


class Gold(Struct, kw_only=True):
    """An item as data, and what is made of it on demand (not part of the data).

    Attributes:
        case, worked, parts: what is told, what it comes to, and names of the parts.
        slips: for a wrong answer, the mistake that leads to it.
        check: modulus and remainder of the stated property.
        calculations: expressions of the steps with large numbers, in order.
        readings: call and first line of the output for each reading that it takes to read all files.
        bodies: derivations by answer.
    """

    case: Case
    worked: Worked
    parts: tuple[str, ...]
    slips: dict[str, Slip]
    check: tuple[int, int] | None
    calculations: tuple[str, ...]
    readings: tuple[tuple[ToolUse, str], ...] | None = None
    bodies: dict[str, str] = {}


class Diagnostic(SourcedTask):
    """Records of a few parts, each a chain of events, and a question about what they come to.

    Args:
        source: `procedural`; there is no other.
        path: none.
        seed: of the generator.
        split: `all`, `train`, `validation` or `test`.
        depth: steps of each part, each of which needs the result of the one before; 1 to 12.
        breadth: independent parts whose results are combined; 1 to 8.
        context: files over which the records are spread, 0 (they stand in the query) to 40.
        tool: share of the steps with numbers too large for mental arithmetic, 0 to 1.
        verification: share of wrong answers that a property stated in the query exposes, 0 to 0.99.

    Raises:
        DataError: if the source is another one, or a dial is out of its range.
    """

    name = "Diagnostic"
    version = "1"
    title = "Diagnostic"
    description = (
        "Questions about fictional records of events, with dials for depth, breadth, context, tools and "
        "verification; the answer is a whole number."
    )
    answer_format = "End with one line `Answer: N` where N is the final number alone, without a unit."
    tools = (CALCULATOR,)
    metric = "exact number"
    reference_tokens = 220
    licence = "Apache-2.0"
    citation = "mas2-env, docs/diagnostic.md"
    fetch = "leave `source` out, or give source='procedural'"

    def __init__(
        self,
        source: SourceName = "procedural",
        path: str | None = None,
        seed: int = 0,
        split: SplitName = "all",
        *,
        depth: int = 3,
        breadth: int = 2,
        context: int = 0,
        tool: float = 0.5,
        verification: float = 0.0,
    ) -> None:
        self.dials = Dials(
            depth, breadth, context, number("tool", tool), number("verification", verification)
        )
        self.keep_options(**structs.asdict(self.dials))
        super().__init__(source, path, seed, split)
        dials = self.dials
        self._key = "-".join(f"{name}{value}" for name, value in self.options.items())
        if self._key:
            self._prefix += f"{self._key}/"
        readers = (LIST_FILES, READ_FILE) if dials.context else ()
        self.tools = (*readers, CALCULATOR) if dials.tool or dials.verification else readers
        self._large = round(dials.tool * dials.steps)
        self._least = max(SMALLEST_ANSWER, CANDIDATES * dials.modulus)

    @classmethod
    def sources(cls) -> dict[str, int | None]:
        """Generated items alone."""
        return {"procedural": None}

    @classmethod
    def hub_data(cls) -> NoReturn:
        """There is none.

        Raises:
            DataError: always.
        """
        raise DataError(f"{cls.name}: its items are generated and nowhere published; {cls.fetch}")

    def _check_source(self) -> None:
        if self.source == "procedural" and self.path is None:
            return
        if self.source not in get_args(SourceName):
            super()._check_source()
        self._refuse()

    def _refuse(self) -> NoReturn:
        path = "" if self.path is None else f" with the path {self.path!r}"
        raise DataError(
            f"{self.name}: its items are generated and nowhere published, got the source {self.source!r}"
            f"{path}; {self.fetch}, without a path"
        )

    def _load(self, path: str) -> Records[Any]:
        self._refuse()

    def _ids(self, records: Records[Any]) -> Sequence[str]:
        self._refuse()

    def _content(self, record: Any) -> str:
        self._refuse()

    def _from_record(self, item_id: str, record: Any) -> Item:
        self._refuse()

    def _generate(self, item_id: str, index: int) -> Item:
        dials = self.dials
        draw = item_draw(f"{self.name}/{self._key}", self.version, self.seed, index)
        case = draw_case(draw, dials.depth, dials.breadth, self._large, dials.context, self._least)
        worked = solve(case)
        modulus = dials.modulus
        check = (modulus, worked.answer % modulus) if modulus else None
        told = tell(draw, case, dials.context, check)
        slips = {str(wrong): slip for wrong, slip in distractors(draw, case, worked).items()}
        return self._build(item_id, case, worked, told, slips, check)

    def _build(
        self,
        item_id: str,
        case: Case,
        worked: Worked,
        told: Told,
        slips: dict[str, Slip],
        check: tuple[int, int] | None,
    ) -> Item:
        made = tuple([expression for expression, _ in calculations(case, worked)])
        truth = Truth(
            answer=str(worked.answer),
            distractors=tuple(slips),
            difficulty=self.dials.difficulty + SPREAD * noise(self.name, item_id),
            parts=self.dials.steps + (self.dials.breadth > 1),
            evidence=tuple([name for name, _ in told.files]),
            steps=sentences(case, worked, told.parts),
            gold=Gold(
                case=case, worked=worked, parts=told.parts, slips=slips, check=check, calculations=made
            ),
        )
        documents = tuple([Document(name, text) for name, text in told.files])
        return Item(task=self, id=item_id, query=told.query, truth=truth, documents=documents)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as plain data, with everything that is hidden."""
        truth = item.truth
        return {
            "id": item.id,
            "dials": structs.asdict(self.dials),
            "query": item.query,
            "files": {document.title: document.text for document in item.documents},
            "answer": truth.answer,
            "distractors": {wrong: msgspec.to_builtins(slip) for wrong, slip in truth.gold.slips.items()},
            "steps": list(truth.steps),
        }

    def extract(self, text: str) -> str | None:
        """What follows the last `Answer:` (or `the answer is`, a box, or a short reply), as one number.

        Of an equation it is the right side. Where several numbers are left, the text stands as it is.
        """
        said = read_answer(text)
        if said is None:
            return None
        found = _numbers(said)
        return found[0] if len(found) == 1 else said

    def score(self, item: Item, answer: str | None) -> Score:
        """Whether the answer is the number; `near` is whether it is within one per cent of it."""
        found = _numbers(answer) if answer else []
        right = item.truth.gold.worked.answer
        exact = len(found) == 1 and found[0] == item.truth.answer
        near = exact or (len(found) == 1 and _near(found[0], right))
        return Score(exact, float(exact), {"exact": float(exact), "near": float(near)})

    def canonical(self, answer: str) -> str:
        """The number in plain digits, if it is one; else as texts are compared."""
        found = _numbers(answer)
        return found[0] if len(found) == 1 else super().canonical(answer)

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """The calculator, and `list_files` and `read_file` over the item's files."""
        if tool not in [offered.name for offered in self.tools]:
            there = ", ".join(offered.name for offered in self.tools) or "none"
            return f"error: there is no tool named {tool[:100]!r}; there is {there}"
        if tool == "calculator":
            return call_calculator(arguments)
        read = call_read_file if tool == "read_file" else call_list_files
        return read(item.documents, arguments)

    # What simulated agents say and do.

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """A derivation and the answer line; a wrong answer comes with the mistake that leads to it."""
        gold: Gold = item.truth.gold
        body = gold.bodies.get(answer)
        if body is None:
            body = gold.bodies[answer] = "\n".join(self._derived(item, answer))
        return f"{_OPENERS[draw & 7]}{body}{_CLOSERS[(draw >> 4) & 7]}\nAnswer: {answer}"

    def _derived(self, item: Item, answer: str) -> tuple[str, ...]:
        gold: Gold = item.truth.gold
        slip = gold.slips.get(answer)
        wrong = slipped(gold.case, gold.worked, slip) if slip else None
        if answer == item.truth.answer:
            return item.truth.steps
        return sentences(gold.case, wrong, gold.parts, slip) if wrong else (f"I come to {answer}.",)

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """The readings of all files in order, then the check of the answer or, without one, calculations."""
        uses = [use for use, _ in self._readings(item)] + self._workings(item, answer)
        return uses[step] if 0 <= step < len(uses) else None

    def seek(
        self, item: Item, answer: str, step: int, done: Sequence[ToolUse], told: Sequence[str]
    ) -> ToolUse | None:
        """The first of these that was not made yet and whose output the agent was not handed.

        An agent whose instruction names files reads these and makes no other calls.
        """
        readings = self._readings(item)
        mine = [pair for pair in readings if _file_of(pair[0]) in told[0]] if told else []
        for use, header in mine or readings:
            if use not in done and not any(header in text for text in told[1:]):
                return use
        if mine:
            return None
        return next((use for use in self._workings(item, answer) if use not in done), None)

    def _readings(self, item: Item) -> tuple[tuple[ToolUse, str], ...]:
        gold: Gold = item.truth.gold
        if gold.readings is None:
            gold.readings = tuple([pair for file in item.documents for pair in _windows(item, file.title)])
        return gold.readings

    def _workings(self, item: Item, answer: str) -> list[ToolUse]:
        gold: Gold = item.truth.gold
        if gold.check is not None:
            return [_calculate(f"{answer} % {gold.check[0]} == {gold.check[1]}")]
        slip = gold.slips.get(answer)
        worked = (slipped(gold.case, gold.worked, slip) if slip else None) or gold.worked
        return [_calculate(expression) for expression, _ in calculations(gold.case, worked, slip)]

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """Share of what can be read, calculated and checked that stands in the texts; see `UNREAD`."""
        if not texts:
            return 0.0
        gold: Gold = item.truth.gold
        readings = self._readings(item)
        lines = {line for text in texts for line in text.split("\n")}
        read = sum(header in lines for _, header in readings) / len(readings) if readings else 1.0
        short = 0.0
        if gold.check is not None:
            short = UNCHECKED * ("true" not in lines)
        elif gold.calculations:
            results = [result for _, result in calculations(gold.case, gold.worked)]
            short = UNCALCULATED * sum(str(result) not in lines for result in results) / len(results)
        return float(read**UNREAD * (1.0 - short))

    def passed(self, output: str) -> bool | None:
        """What the calculator says of an equation."""
        return {"true": True, "false": False}.get(output)


def _numbers(text: str) -> list[str]:
    """The numbers of a text in plain digits; of an equation, those of its right side."""
    found = []
    for match in _NUMBER.findall(text.rpartition("=")[2]):
        plain = _ZEROS.sub("", _GROUPS.sub("", match.strip().replace("−", "-")))
        sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
        found.append(sign + (digits.lstrip("0") or "0"))
    return found


def _near(found: str, right: int) -> bool:
    return len(found) < 30 and abs(float(found) - right) <= 0.01 * right


def _calculate(expression: str) -> ToolUse:
    return ToolUse("calculator", msgspec.json.encode({"expression": expression}).decode())


def _windows(item: Item, name: str) -> list[tuple[ToolUse, str]]:
    """The readings that show the whole of a file, with the first line of what each gives."""
    found: list[tuple[ToolUse, str]] = []
    arguments: dict[str, Any] | None = {"name": name}
    while arguments is not None:
        header = call_read_file(item.documents, arguments).partition("\n")[0]
        found.append((ToolUse("read_file", msgspec.json.encode(arguments).decode()), header))
        more = _MORE.search(header)
        arguments = {"name": name, "start_line": int(more[1])} if more else None
    return found


def _file_of(use: ToolUse) -> str:
    name: str = msgspec.json.decode(use.arguments)["name"]
    return name


_OPENERS: Final = (
    "",
    "",
    "Let me go through the records.\n",
    "Step by step:\n",
    "I take the entries in the order of their dates.\n",
    "Working it out:\n",
    "One after the other:\n",
    "These are the entries that matter.\n",
)
_CLOSERS: Final = (
    "",
    "",
    "\nThat is what was asked for.",
    "\nSo this is the result.",
    "",
    "\nNothing else changes it.",
    "\nThis answers the question.",
    "\nHence:",
)
