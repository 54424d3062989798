"""A toy benchmark, a priced pool and a scripted backend: all that the core needs."""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from mas2_env.episode import Episode
from mas2_env.errors import Breakdown
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.pool import Pool, parse_pool
from mas2_env.settings import Settings
from mas2_env.system.model import Assignment, Template
from mas2_env.task import Item, Score, Task, ToolSpec, Truth
from mas2_env.tools.isolation import choose

# Verdicts of earlier runs must not stand in for those of the tests. Where bubblewrap does not work, tests run
# programs as plain processes, and those of isolation itself are skipped; CI installs it and insists.
os.environ.setdefault("MAS2_CACHE", "off")
os.environ["HF_HUB_OFFLINE"] = "1"  # read when the library is imported; no test asks the hub itself
try:
    choose()
except Breakdown:
    if os.environ.get("MAS2_SANDBOX"):
        raise
    os.environ["MAS2_SANDBOX"] = "process"

# An example that takes long is no failure: the machine may be busy, or stand still for a while.
with contextlib.suppress(ModuleNotFoundError):  # the environment of `make test-vllm` is without it
    from hypothesis import HealthCheck, settings

    settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")

POOL = """
name = "toy"
reference = "small"
[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 8000
[[backbone]]
name = "large"
description = "strong"
usd_per_million_input = 1
usd_per_million_output = 4
context = 8000
"""


class Sums(Task):
    """What is i + i? The gold answer is 2i."""

    name = "Sums"
    title = "Sums"
    description = "Add two numbers."
    answer_format = "End with `Answer: N`."
    tools = (ToolSpec("add", "Adds two integers.", {"type": "object"}),)
    size = None
    digest = "sums"

    def item(self, index: int) -> Item:
        return Item(
            self, f"sums/{index}", f"What is {index} + {index}?", Truth(str(2 * index), (str(2 * index + 1),))
        )

    def find(self, item_id: str) -> Item:
        return self.item(int(item_id.rpartition("/")[2]))

    def extract(self, text: str) -> str | None:
        return text.rpartition("Answer: ")[2] if "Answer: " in text else None

    def score(self, item: Item, answer: str | None) -> Score:
        right = answer == item.truth.answer
        return Score(right, float(right), {"em": float(right)})

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        return str(arguments["a"] + arguments["b"])


Answer = str | Reply | Failure
Script = Callable[[ModelCall], Answer]


class Scripted:
    """Answers by a function, and remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: list[ModelCall] = []

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure]:
        self.calls += calls
        answers = [self.script(call) for call in calls]
        return [Reply(a, 100, 10) if isinstance(a, str) else a for a in answers]

    async def acomplete(self, call: ModelCall) -> Reply | Failure:
        return self.complete((call,))[0]

    def asked(self) -> list[str]:
        return [call.id for call in self.calls]


@pytest.fixture
def pool() -> Pool:
    return parse_pool(POOL, "toy.toml")


@pytest.fixture
def sums() -> Sums:
    return Sums()


@pytest.fixture
def adding() -> Sums:
    """The same where a folder has other `sums` of its own."""
    return Sums()


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


@pytest.fixture
def begin(pool: Pool, sums: Sums) -> Callable[..., Episode]:
    """An episode on `What is 2 + 2?` that runs a template, every role on one backbone."""

    def begin(
        template: Template, backbone: str = "small", seed: int = 0, item: int = 2, **settings: Any
    ) -> Episode:
        episode = Episode(sums.item(item), pool, Settings(**settings), seed)
        episode.decide(template)
        roles = [role.name for role in template.roles if role.kind != "vote"]
        episode.decide(Assignment(dict.fromkeys(roles, backbone)))
        return episode

    return begin
