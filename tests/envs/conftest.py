"""A benchmark of a third party, installed as a distribution of its own; and environments that run quickly."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from mas2_env import plugins
from mas2_env.envs.array import ArrayEnv
from mas2_env.envs.registration import register
from mas2_env.envs.text import TextEnv
from mas2_env.execution.operation import Failure, ModelCall, Reply

RIDDLES = '''
"""A third party's benchmark: the capital letters of a word."""

from mas2_env import Item, Score, Task, ToolSpec, Truth
from mas2_env.errors import DataError

WORDS = ("quartz", "violet", "hamlet", "fjord", "sphinx", "walrus", "nectar")


class Riddles(Task):
    """Spell a word in capitals."""

    name = "Riddles"
    title = "Riddles"
    description = "Spell words in capital letters."
    answer_format = "End with `Answer: WORD`."
    size = len(WORDS)
    digest = "riddles-1"

    def item(self, index):
        word = WORDS[index]
        query = f"How is number {index} of the list written in capitals?"
        return Item(self, f"riddles/{index}", query, Truth(word.upper(), (word[::-1].upper(),)))

    def find(self, item_id):
        for index in range(self.size):
            if item_id == f"riddles/{index}":
                return self.item(index)
        raise DataError(f"no item {item_id!r}")

    def extract(self, text):
        return text.rpartition("Answer: ")[2].strip() if "Answer: " in text else None

    def score(self, item, answer):
        right = answer == item.truth.answer
        return Score(right, float(right), {"em": float(right)})


class Leaky(Riddles):
    """Shows the answer among its tools' descriptions and forgets what it is asked."""

    name = "Leaky"
    digest = ""

    @property
    def tools(self):
        return (ToolSpec("hint", f"the secret word is {WORDS[0].upper()}-{WORDS[0].upper()}", {}),)

    def item(self, index):
        item = super().item(index)
        secret = f"{WORDS[0].upper()}-{WORDS[0].upper()}"
        return Item(self, item.id, item.query, Truth(secret, ()))

    def reply(self, item, answer, draw):
        return "I do not know."
'''


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A distribution that registers the tasks `riddles` and `leaky`, on the path."""
    folder = tmp_path_factory.mktemp("third_party")
    (folder / "riddle_bench.py").write_text(RIDDLES)
    info = folder / "riddle_bench-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: riddle-bench\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mas2.tasks]\nriddles = riddle_bench:Riddles\nleaky = riddle_bench:Leaky\n"
    )
    sys.path.insert(0, str(folder))
    plugins.registered.cache_clear()
    register()
    yield folder
    sys.path.remove(str(folder))
    plugins.registered.cache_clear()
    for name in ("Riddles", "Leaky"):
        for face in ("", "-Array"):
            gymnasium.registry.pop(f"mas2/{name}{face}-v0", None)


class Flaky:
    """Answers with a digit; a share of the calls fails."""

    def __init__(self, share: float = 0.15) -> None:
        self.share = share

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure]:
        return [self._one(call) for call in calls]

    def _one(self, call: ModelCall) -> Reply | Failure:
        if call.key[0] < self.share * 256:
            return Failure("unavailable", "503: overloaded", 100, 0)
        return Reply(f"Answer: {call.key[1] % 6}", 100 + 50 * len(call.messages), 50)


@pytest.fixture
def flaky() -> type[Flaky]:
    return Flaky


@pytest.fixture
def text_env(sums: Any, pool: Any) -> Callable[..., TextEnv]:
    """Makes a text environment of sums on a flaky backend."""

    def make(**arguments: Any) -> TextEnv:
        return TextEnv(sums, **{"pool": pool, "backend": Flaky(), **arguments})

    return make


@pytest.fixture
def array_env(sums: Any, pool: Any) -> Callable[..., ArrayEnv]:
    """Makes an array environment of sums on a flaky backend."""

    def make(**arguments: Any) -> ArrayEnv:
        return ArrayEnv(sums, **{"pool": pool, "backend": Flaky(), **arguments})

    return make
