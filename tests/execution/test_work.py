"""What a scorer is told of the way to an answer."""

import pytest
from mas2_tasks.hotpotqa import HotpotQA

from mas2_env.backends.simulated import Simulated
from mas2_env.episode import Episode
from mas2_env.execution.operation import ScoreCall
from mas2_env.execution.trace import Performed
from mas2_env.plugins import make_policy, make_task
from mas2_env.pool import load_pool
from mas2_env.runs.rollout import rollout
from mas2_env.task import Item, Score, Work


class Watching(HotpotQA):
    """Keeps the work that it is asked to assess."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, tuple[str | None, Work]] = {}

    def assess(self, item: Item, answer: str | None, work: Work) -> Score:
        self.seen[item.id] = (answer, work)
        return self.score(item, answer)


@pytest.mark.parametrize("policy", ["direct", "self-consistency", "debate", "reflexion"])
def test_work_holds_the_last_reply_and_every_tool_call(policy: str) -> None:
    task, pool = Watching(), load_pool()
    episodes = [Episode(task.item(index), pool, seed=1) for index in range(4)]
    done = list(rollout(make_policy(policy), episodes, Simulated(pool)))
    assert len(task.seen) == len(done)
    for episode in done:
        answer, work = task.seen[episode.item.id]
        performed = [event for event in episode.trace if isinstance(event, Performed)]
        outputs = [event.result.text for event in performed if hasattr(event.operation, "use")]  # type: ignore[union-attr]
        assert [output for _, output in work.calls] == outputs
        if answer is not None:
            assert work.reply is not None
            assert answer in work.reply


def test_a_task_that_looks_at_the_answer_alone_is_asked_to_score() -> None:
    task = make_task("hotpotqa")
    item = task.item(0)
    assert task.assess(item, item.truth.answer, Work("x")) == task.score(item, item.truth.answer)
    assert ScoreCall("score", item, None).work == Work()
