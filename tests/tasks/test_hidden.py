"""What is hidden stays hidden: tools, observations and traces hold nothing of an item's truth."""

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from mas2_tasks.browsecomp import BrowseCompPlus
from mas2_tasks.diagnostic import Diagnostic
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.hotpotqa import HotpotQA
from mas2_tasks.humaneval import HumanEval

from mas2_env.backends.simulated import Simulated
from mas2_env.envs.encode import encode
from mas2_env.episode import Episode
from mas2_env.plugins import make_policy
from mas2_env.policy import Policy
from mas2_env.pool import load_pool
from mas2_env.prompts import render_json, render_observation
from mas2_env.runs.rollout import rollout
from mas2_env.settings import Settings
from mas2_env.task import Item, Task, Truth

TASKS = (HotpotQA, GSM8K, HumanEval, BrowseCompPlus, Diagnostic)
POLICIES = ("direct", "cot", "self-consistency", "debate", "reflexion", "random")
OTHER = Truth("another answer", ("a wrong one",), 9.0, 7, ("nowhere",), ("a step",))


class Watched:
    """A policy that keeps what it was shown, as text."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.seen: list[str] = []

    def decide(self, observations: Any) -> Any:
        for observation in observations:
            self.seen += [render_json(observation), render_observation(observation, "full")]
        return self.policy.decide(observations)


def play(name: str, items: list[Item]) -> tuple[list[Episode], list[str]]:
    """Episodes whose budget is passed again and again, so that the Rectifier sees every state."""
    pool = load_pool()
    watched = Watched(make_policy(name))
    episodes = (Episode(item, pool, Settings(budget=0.5, max_rectifications=50), seed=1) for item in items)
    return list(rollout(watched, episodes, Simulated(pool))), watched.seen


@pytest.mark.parametrize("kind", TASKS)
def test_an_observation_depends_on_the_query_alone(kind: type[Task]) -> None:
    """Neither truth, nor documents, nor the item's id, nor the seed."""
    item, pool = kind().item(3), load_pool()
    bare = Item(item.task, "another-id", item.query, OTHER, ())
    true, other = Episode(item, pool, seed=0).observe(), Episode(bare, pool, seed=5).observe()
    assert render_json(true) == render_json(other)
    assert np.array_equal(encode(true), encode(other))


@pytest.mark.parametrize(
    ("task", "tool", "arguments"),
    [
        (HotpotQA(), "search", {"query": "town river company founded"}),
        (HotpotQA(), "read", {"title": "Nowhere"}),
        (BrowseCompPlus(), "search", {"query": "a town on a river whose mayor won a prize"}),
        (BrowseCompPlus(get_document=True), "get_document", {"docid": "12"}),
        (GSM8K(), "calculator", {"expression": "12 * 7"}),
        (Diagnostic(context=3), "list_files", {}),
        (Diagnostic(context=3), "read_file", {"name": "ledger-02.txt"}),
        (Diagnostic(verification=0.9), "calculator", {"expression": "120 % 11 == 10"}),
        (HumanEval(), "python", {"code": "print(sorted(set(dir()) & {'check', 'candidate'}))"}),
    ],
)
def test_a_tool_does_not_look_at_the_truth(task: Task, tool: str, arguments: dict[str, Any]) -> None:
    for index in range(5):
        item = task.item(index)
        blind = msgspec.structs.replace(item, truth=OTHER)
        assert task.call(item, tool, arguments) == task.call(blind, tool, arguments)


@pytest.mark.parametrize("name", POLICIES)
def test_hidden_tests_stand_in_no_observation_and_no_trace(name: str) -> None:
    items = [HumanEval().item(i) for i in range(4)]
    episodes, seen = play(name, items)
    assert seen
    lines = [line for episode in episodes for line in episode.trace_lines()]
    for item in items:
        checks = [line.strip() for line in item.truth.gold.problem.test.split("\n") if "assert" in line]
        hidden = [check for check in checks if check not in item.query]
        assert hidden
        for text in (*seen, *(line.decode() for line in lines)):
            assert "def check(" not in text
            assert not any(msgspec.json.encode(check).decode()[1:-1] in text for check in hidden)


@pytest.mark.parametrize("name", ["cot", "reflexion"])
def test_articles_are_read_by_roles_and_not_by_the_meta_agents(name: str) -> None:
    """What a policy sees of an article is what an agent wrote in its reply."""
    items = [HotpotQA().item(i) for i in range(6)]
    episodes, seen = play(name, items)
    texts = {document.text for item in items for document in item.documents}
    assert any(b'"kind":"tool"' in line for episode in episodes for line in episode.trace_lines())
    assert not any(document in text for text in seen for document in texts)


@pytest.mark.parametrize("name", ["cot", "reflexion", "random"])
def test_records_are_read_by_roles_and_answers_are_in_no_observation(name: str) -> None:
    """Where every agent fails, so that none of them can have written the answer."""
    items = [Diagnostic(context=20, verification=0.99).item(i) for i in range(6)]
    episodes, seen = play(name, items)
    for item, episode in zip(items, episodes, strict=True):
        hidden = [line for document in item.documents for line in document.text.split("\n")[1:]]
        assert not any(line in text for text in seen for line in hidden)
        if episode.outcome is not None and episode.outcome.kind == "failure":
            told = [line.decode() for line in episode.trace_lines() if b"Answer: " not in line]
            assert not any(f'"{item.truth.answer}"' in line for line in told)
    assert all(item.truth.answer not in item.query for item in items)


def test_where_the_evidence_stands_tells_nothing() -> None:
    """Ties in search go by the order of the articles, so evidence must be anywhere among them."""
    task = HotpotQA()
    places = np.zeros(10)
    for index in range(600):
        item = task.item(index)
        titles = [document.title for document in item.documents]
        for title in item.truth.evidence:
            places[titles.index(title)] += 1
    expected = places.sum() / 10
    assert ((places - expected) ** 2 / expected).sum() < 27.9  # χ² with 9 degrees of freedom, p = 0.001


def test_the_layout_of_code_does_not_tell_right_from_wrong(shared: Path) -> None:
    """Quotes, comments and blank lines are alike in solutions and in their wrong variants."""
    task = HumanEval("file", str(shared / "benchmarks" / "humaneval" / "items.jsonl.gz"))
    for sign in ('"', "#"):
        right = [sign in task.item(i).truth.answer for i in range(task.size or 0)]
        assert sum(right) <= 2


def test_a_wrong_derivation_reads_like_a_right_one(shared: Path) -> None:
    """Beside its number it holds no line that is not in the solution, and the right number nowhere."""
    task = GSM8K("file", str(shared / "benchmarks" / "gsm8k" / "items.jsonl.gz"))
    digits = re.compile(r"[\d.,]+")
    for index in range(100):
        item = task.item(index)
        lines = {digits.sub("N", step) for step in item.truth.steps}
        for answer in item.truth.distractors:
            body = task.reply(item, answer, 0).split("\n")[:-1]
            assert {digits.sub("N", line) for line in body} <= lines
            found = digits.findall(" ".join(body))
            assert item.truth.answer not in {number.rstrip(".,").replace(",", "") for number in found}
