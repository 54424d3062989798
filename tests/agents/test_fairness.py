"""Baselines on equal terms: what earns nothing, who uses tools, and that no baseline is hobbled."""

from collections.abc import Sequence

import pytest
from mas2_agents.direct import Direct

from mas2_env.backends.base import Backend
from mas2_env.backends.simulated import Simulated
from mas2_env.episode import Episode
from mas2_env.execution.operation import ModelCall, Reply
from mas2_env.execution.trace import Performed, Settled
from mas2_env.plugins import make_policy, make_task
from mas2_env.pool import load_pool
from mas2_env.runs.rollout import rollout

TASKS = ["hotpotqa", "gsm8k", "humaneval"]
WITH_TOOLS = ["cot", "self-consistency", "debate", "reflexion"]


def play(policy, task, items=60, backend=None):
    bench, pool = make_task(task), load_pool()
    episodes = (Episode(bench.item(i), pool, seed=i) for i in range(items))
    return list(rollout(policy, episodes, backend or Simulated(pool)))


class Fixed:
    """A policy that answers everything with the same text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def decide(self, observations: Sequence[object]) -> list[str]:
        return [self.text for _ in observations]


class Parrot(Backend):
    """A model that says the same whatever it is asked."""

    def __init__(self, text: str) -> None:
        self.text = text

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply]:
        return [Reply(self.text, 10, 10) for _ in calls]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("text", ["", "{}", "I would rather not.", '{"edits": []}', '{"roles": []}'])
def test_a_policy_that_builds_nothing_earns_nothing(task, text):
    for episode in play(Fixed(text), task, items=5):
        outcome = episode.outcome
        assert (outcome.kind, outcome.reward, outcome.score) == ("failure", 0.0, 0.0)
        assert outcome.reason == "invalid decisions"


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "text",
    ["", " ", "Answer:", "#### ", "```python\n\n```", "Answer: the answer", "#### ?", "APPROVE", "def f"],
)
def test_a_model_that_says_nothing_earns_nothing(task, text):
    for episode in play(Direct(), task, items=5, backend=Parrot(text)):
        assert (episode.outcome.kind, episode.outcome.reward) == ("failure", 0.0)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["direct", *WITH_TOOLS])
def test_every_baseline_answers_in_the_form_that_is_scored(name, task):
    outcomes = [episode.outcome for episode in play(make_policy(name), task)]
    assert sum(outcome.answer is None for outcome in outcomes) <= 1
    assert sum(outcome.invalid for outcome in outcomes) == 0
    assert sum(outcome.kind == "success" for outcome in outcomes) > 5


@pytest.mark.parametrize("task", TASKS)
def test_tools_are_used_by_those_who_have_them(task):
    """Now and then an agent does without."""
    for name in WITH_TOOLS:
        outcomes = [episode.outcome for episode in play(make_policy(name), task, items=20)]
        assert sum(outcome.tool_calls > 0 for outcome in outcomes) >= 16, name
    assert not any(episode.outcome.tool_calls for episode in play(Direct(), task, items=20))


def test_a_reviewer_approves_and_sends_back():
    first = [
        event.result.text.split()[0].strip(":")
        for episode in play(make_policy("reflexion"), "hotpotqa", items=80)
        for event in episode.trace
        if isinstance(event, Performed)
        and isinstance(event.result, Reply)
        and event.operation.turn.purpose == "review"
        and not event.result.tool_uses
    ]
    assert set(first) == {"APPROVE", "REVISE"}
    assert 0.02 < first.count("REVISE") / len(first) < 0.5


def test_debaters_change_their_minds():
    changed = total = 0
    for episode in play(make_policy("debate"), "hotpotqa", items=80):
        last = {}
        for event in episode.trace:
            if isinstance(event, Settled) and event.status == "done" and event.turn.startswith("debater"):
                who = event.turn.partition("@")[0]
                if who in last:
                    total += 1
                    changed += last[who] != event.answer
                last[who] = event.answer
    assert 0.05 < changed / total < 0.8
