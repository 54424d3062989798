"""Toy benchmarks and a builder of model calls."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, ClassVar

import pytest

from mas2_env.backends.draws import bits_for, normal
from mas2_env.backends.simulated import Simulated
from mas2_env.execution.operation import Message, ModelCall, Purpose, Relation, ToolStep, Turn
from mas2_env.pool import Pool, load_pool
from mas2_env.task import Document, Item, Score, Task, ToolSpec, ToolUse, Truth


class Toy(Task):
    """Items without end, whose answers are five digits after `Answer: `."""

    name: ClassVar[str] = "gsm8k"
    title: ClassVar[str] = "Toy"
    description: ClassVar[str] = "Sums."
    answer_format: ClassVar[str] = "Answer: N"

    @property
    def size(self) -> int | None:
        return None

    @property
    def digest(self) -> str:
        return "toy"

    def item(self, index: int) -> Item:
        bits = bits_for(b"toy", self.name, str(index))
        answer = 10_000 + bits[0] % 90_000
        wrong = tuple(str(answer + step) for step in (10, -10, 1, -1, 100))
        truth = Truth(str(answer), wrong, normal(bits[1]), parts=3, steps=("First.", "Then."), gold=index)
        return Item(self, str(index), f"What comes at place {index}?" + " It is a long story." * 8, truth)

    def find(self, item_id: str) -> Item:
        return self.item(int(item_id))

    def extract(self, text: str) -> str | None:
        return text.rpartition("Answer: ")[2].strip() or None if "Answer: " in text else None

    def score(self, item: Item, answer: str | None) -> Score:
        right = answer == item.truth.answer
        return Score(right, float(right))


class Facts(Toy):
    """Needs two documents, which a search tool finds one at a time."""

    name: ClassVar[str] = "hotpotqa"
    tools = (ToolSpec("search", "Find a document.", {}),)

    def item(self, index: int) -> Item:
        item = super().item(index)
        documents = tuple(Document(f"T{i}", f"Document {i} of item {index}.") for i in range(4))
        truth = Truth(item.truth.answer, item.truth.distractors, item.truth.difficulty, 2, ("T0", "T1"))
        return Item(self, item.id, item.query, truth, documents)

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        return ToolUse("search", f'{{"query": "T{step}"}}') if step < 2 else None

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        return sum(any(d.text in text for text in texts) for d in item.documents[:2]) / 2


class Code(Toy):
    """Has a tool that says whether an answer passes, which is asked once for each answer."""

    name: ClassVar[str] = "humaneval"
    tools = (ToolSpec("python", "Run code.", {}),)

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        return ToolUse("python", f'{{"code": "check({answer})"}}') if step == 0 else None

    def passed(self, output: str) -> bool | None:
        return {"ok": True, "wrong": False}.get(output)


@pytest.fixture(scope="session")
def pool() -> Pool:
    return load_pool()


@pytest.fixture(scope="session")
def backend(pool: Pool) -> Simulated:
    return Simulated(pool)


@pytest.fixture(scope="session")
def sums() -> Task:
    return Toy()


@pytest.fixture(scope="session")
def facts() -> Task:
    return Facts()


@pytest.fixture(scope="session")
def code() -> Task:
    return Code()


def build(
    item: Item,
    backbone: str = "gpt-4o-mini",
    seed: Any = 0,
    kind: Any = "solve",
    purpose: Purpose = "draft",
    prompt: str = "",
    tools: tuple[str, ...] = (),
    messages: Sequence[tuple[Relation, str]] = (),
    history: tuple[ToolStep, ...] = (),
    options: tuple[str, ...] = (),
    round: int = 0,
    senders: Sequence[str] = (),
) -> ModelCall:
    turn = Turn(f"solver#0@{round}", "solver", kind, prompt, tools, 0, round, purpose, options)
    given = tuple(
        Message(
            senders[i] if senders else f"other#{i}@0",
            relation,
            text,
            item.task.extract(text),
            blake2b(text.encode(), digest_size=8).digest(),
        )
        for i, (relation, text) in enumerate(messages)
    )
    content = repr((seed, item.task.name, item.id, backbone, turn, given, history))
    key = blake2b(content.encode(), digest_size=32).digest()
    return ModelCall(f"{turn.id}/{len(history)}", item, turn, backbone, given, history, 0, key)


@pytest.fixture(scope="session")
def ask() -> Callable[..., ModelCall]:
    """Builds a model call; its key covers all that was given."""
    return build
