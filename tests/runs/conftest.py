"""Made-up outcomes, and a folder in which somebody works with policies and a task of their own."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mas2_env.reward import Outcome
from mas2_env.runs.record import Record

LAB = '''
import os, signal, time
from mas2_env import Assignment, Item, Rectification, Role, Score, Task, Template, Truth
from mas2_env.backends.base import Backend
from mas2_env.errors import Breakdown
from mas2_env.execution.operation import Reply


class Sums(Task):
    """What is i + i?"""

    name, title, description, answer_format = "Sums", "Sums", "Add two numbers.", "End with `Answer: N`."
    licence, citation = "CC0", "None needed."
    version = "1"
    size = None

    @property
    def digest(self):
        return os.environ.get("LAB_DIGEST", "sums")

    def item(self, index):
        index = 0 if os.environ.get("LAB_TWINS") else index
        truth = Truth(str(2 * index), (str(2 * index + 1),))
        return Item(self, f"sums/{index}", f"What is {index} + {index}?", truth)

    def find(self, item_id):
        return self.item(int(item_id.rpartition("/")[2]))

    def extract(self, text):
        return text.rpartition("Answer: ")[2] if "Answer: " in text else None

    def score(self, item, answer):
        right = answer == item.truth.answer
        return Score(right, float(right), {"em": float(right)})


class Solo:
    """One solver on the cheapest backbone."""

    def decide(self, observations):
        return [self.answer(observation) for observation in observations]

    def answer(self, o):
        if o.stage == "generate":
            return Template((Role("solver"),), output="solver")
        if o.stage == "implement":
            return Assignment({"solver": min(o.backbones, key=lambda b: b.input_price).name})
        return Rectification()


class Wide(Solo):
    """The same on the dearest."""

    def answer(self, o):
        if o.stage == "implement":
            return Assignment({"solver": max(o.backbones, key=lambda b: b.input_price).name})
        return super().answer(o)


decided = 0


class Slow(Solo):
    """Where there is a file `hold`, it decides twelve times in a process, and no more until that goes."""

    def decide(self, observations):
        global decided
        decided += 1
        while decided > 12 and os.path.exists("hold"):
            time.sleep(0.002)
        time.sleep(0.012)
        return super().decide(observations)


class SlowWide(Slow, Wide):
    """Slow and dear."""


class Broken(Solo):
    """Raises at the seventh item, unless it was mended."""

    def answer(self, o):
        if "7 + 7" in o.query and not os.path.exists("mended"):
            raise RuntimeError("out of ideas")
        return super().answer(o)


class Interrupting(Solo):
    """Sends its own process a signal at item 7, once."""

    def answer(self, o):
        if "7 + 7" in o.query and not os.path.exists("sent"):
            open("sent", "w").close()
            os.kill(os.getpid(), int(os.environ.get("LAB_SIGNAL", signal.SIGINT)))
        return super().answer(o)


class Flaky(Backend):
    """Right at every third item; down at items that end in 5 unless LAB_UP is set."""

    digest = "flaky/1"

    def __init__(self, pool):
        pass

    def complete(self, calls):
        return [self.reply(call) for call in calls]

    def reply(self, call):
        index = int(call.item.id.rpartition("/")[2])
        if index % 10 == 5 and not os.environ.get("LAB_UP"):
            return Breakdown("the provider is down")
        return Reply(f"Answer: {2 * index + (index % 3 > 0)}", 100, 10)


class Deaf:
    """Has no decide."""


def needs(temperature):
    return Solo()


def made():
    return Solo()


seven = 7
'''


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, with a module `lab` of one's own policies, task and backend."""
    (tmp_path / "lab.py").write_text(LAB, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("lab", None)
    yield tmp_path
    sys.modules.pop("lab", None)


@pytest.fixture
def outcome() -> Callable[..., Outcome]:
    """An outcome that differs from a plain success in what is given."""

    def outcome(**changes: Any) -> Outcome:
        fields: dict[str, Any] = dict.fromkeys(Outcome.__struct_fields__, 0)
        fields |= {"kind": "success", "reason": "answered", "reward": 1.0, "score": 1.0, "metrics": {}}
        fields |= {"answer": "4", "cost": 1000, "reference_cost": 1000, "cost_ratio": 1.0}
        return Outcome(**(fields | changes))

    return outcome


@pytest.fixture
def record(outcome: Callable[..., Outcome]) -> Callable[..., Record]:
    """A record; what is not part of it goes to its outcome."""

    def record(
        policy: str = "a", task: str = "Sums", item: str = "0", seed: int = 0, **changes: Any
    ) -> Record:
        if "success" in changes:
            success = changes.pop("success")
            changes |= {"kind": "success" if success else "failure", "reward": float(success)}
        return Record(policy, task, item, seed, outcome(**changes), None, 2)

    return record


@pytest.fixture(autouse=True, scope="session")
def _interruptible():
    """A shell has its background jobs ignore Ctrl-C, and so would the commands that are interrupted here."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
