"""What a run hands its tasks: backends of their own choice, equipped as the run's."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from mas2_env.backends.base import Backend
from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.ledger import read_ledger
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.errors import PluginError, PoolError
from mas2_env.execution.operation import Reply
from mas2_env.plugins import make_backend
from mas2_env.policy import Metered, Usage
from mas2_env.pool import load_pool
from mas2_env.runs.equip import Equipment
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.record import Conduct
from mas2_env.system.model import Assignment, Rectification, Role, Template
from mas2_env.task import Item, Score, Task, Truth

POOL = load_pool()
MODEL = POOL.names[0]


class Oracle(ChatBackend):
    """Says how often it was asked, so that no two of its answers are the same."""

    asked = 0

    def chat(self, prompts):
        Oracle.asked += len(prompts)
        return [Reply(f"It is answer {Oracle.asked}.", 10, 5) for _ in prompts]


class Guided(Task):
    """The right answer is what an oracle says: asked by name or as an object, as `how` says."""

    name, title, description, answer_format = "Guided", "Guided", "Ask.", "End with `Answer: N`."
    size = 8
    digest = "guided"

    def __init__(self, source="procedural", path=None, seed=0, split="all", *, how="name"):
        super().__init__(source, path, seed, split)
        self.how = how
        self.oracle = None

    def equip(self, equip):
        make = equip or make_backend
        self.oracle = make(
            f"{__name__}:Oracle" if self.how == "name" or equip is None else Oracle(POOL), POOL
        )

    def item(self, index):
        return Item(self, f"guided/{index}", f"What is {index}?", Truth(str(index), ("x",)))

    def find(self, item_id):
        return self.item(int(item_id.rpartition("/")[2]))

    def extract(self, text):
        return text

    def score(self, item, answer):
        asked = Prompt(MODEL, (ChatMessage("user", item.query),), 0, Label(item.id, "oracle", "oracle"))
        (said,) = self.oracle.chat([asked])
        return Score(True, 1.0, {"said": float(said.text.rstrip(".").rpartition(" ")[2])})


@pytest.mark.parametrize("how", ["name", "object"])
def test_what_a_task_asks_is_recorded_and_in_the_ledger(tmp_path, how):
    recording, task = str(tmp_path / "recording"), Guided(how=how)
    first = evaluate(["direct"], [task], items=8, out=tmp_path / "a", conduct=Conduct(record=recording))
    asked = Oracle.asked
    again = evaluate(["direct"], [task], items=8, out=tmp_path / "b", conduct=Conduct(replay=recording))
    assert Oracle.asked == asked
    assert len({outcome.metrics["said"] for outcome in first.outcomes}) == 8
    assert first.records == again.records
    lines = read_ledger(tmp_path / "b" / "ledger.jsonl")
    assert sorted(line.query for line in lines) == sorted(record.item for record in first.records)
    task.score(task.item(0), None)
    assert Oracle.asked == asked + 1, "the run is over, and its recording with it"


def test_whoever_names_the_same_backend_has_the_same_one():
    equipment = Equipment(Conduct(ledger=True))
    one = equipment.equip("Simulated", POOL)
    assert one is equipment.equip("simulated", POOL)
    assert one is not equipment.equip("simulated", load_pool("unseen"))
    own = make_backend("simulated", POOL)
    assert equipment.equip(own, POOL) is not one
    own = equipment.equip(own, POOL)
    equipment.name(own, "simulated", POOL)
    assert equipment.equip("simulated", POOL) is own


def test_what_cannot_be_asked_is_said_before_the_run(tmp_path):
    class Down(Backend):
        def complete(self, calls):
            raise NotImplementedError

        def prepare(self):
            raise PoolError("no such server")

    equipment = Equipment(Conduct())
    with pytest.raises(PoolError, match="no such server"):
        equipment.equip(Down(), POOL)
    with pytest.raises(PluginError, match="no backend is named 'simulate'"):
        equipment.equip("simulate", POOL)


def test_a_run_leaves_its_files_whole_and_closed(tmp_path):
    """A recording may be copied as soon as the run is over, or could not begin: nothing of it lies beside."""
    conduct = Conduct(record=str(tmp_path / "recording"), cache=str(tmp_path / "cache"))
    evaluate(["direct"], [Guided()], items=2, conduct=conduct)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "recording"]
    copied = tmp_path / "copied"
    copied.write_bytes((tmp_path / "recording").read_bytes())
    evaluate(["direct"], [Guided()], items=2, conduct=Conduct(replay=str(copied)))
    with pytest.raises(PluginError):
        evaluate([Deaf()], [Guided()], items=2, conduct=conduct)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "copied", "recording"]


class Deaf:
    """A policy that cannot work with any backend."""

    def connect(self, backend, pool):
        raise PluginError("no")

    def decide(self, observations):
        raise AssertionError


class Threaded:
    """A policy that asks its model in threads of its own, all observations at once."""

    def connect(self, backend, pool):
        self.backend, self.pool = backend, pool

    def decide(self, observations):
        with ThreadPoolExecutor(4) as threads:
            return list(threads.map(self.one, observations))

    def one(self, o):
        label = Label("", o.stage, f"meta:{o.stage}", about=o)
        (said,) = self.backend.chat([Prompt(MODEL, (ChatMessage("user", o.query),), 0, label)])
        usage = Usage(said.prompt_tokens, said.completion_tokens, MODEL)
        if o.stage == "generate":
            return Metered(Template((Role("solver"),), output="solver"), usage)
        return Metered(Assignment({"solver": MODEL}) if o.stage == "implement" else Rectification(), usage)


def test_decisions_are_in_the_ledger_by_their_item_though_asked_in_other_threads(tmp_path):
    how = {"pool": POOL, "items": 6, "backend": Oracle(POOL)}
    recording = str(tmp_path / "recording")
    evaluate([Threaded()], [Guided()], **how, conduct=Conduct(record=recording))
    evaluate([Threaded()], [Guided()], **how, out=tmp_path / "run", conduct=Conduct(replay=recording))
    lines = read_ledger(tmp_path / "run" / "ledger.jsonl")
    decided = [line for line in lines if line.operation == "meta:generate"]
    assert sorted(line.query for line in decided) == [f"guided/{number}" for number in range(6)]
    assert "" not in {line.query for line in lines}
