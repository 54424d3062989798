"""The default pool on the shipped benchmarks: about as strong as published, and helped by what helps."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from mas2_tasks.bamboogle import Bamboogle
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.hotpotqa import HotpotQA
from mas2_tasks.humaneval import HumanEval
from mas2_tasks.nq import NQ

from mas2_env.backends.parameters import load_parameters
from mas2_env.backends.simulated import Simulated
from mas2_env.episode import Episode
from mas2_env.execution.drive import run_batch
from mas2_env.plugins import make_backend
from mas2_env.pool import Pool
from mas2_env.settings import Settings
from mas2_env.system.model import Assignment, Role, Send, Template
from mas2_env.task import Task

Run = Callable[[Task, Template, str, int], Sequence[Episode]]

SINGLE = Template(roles=(Role("solver"),), output="solver")


@pytest.fixture(scope="module")
def run(pool: Pool) -> Run:
    """Runs one system on items of a task, with one backbone in all roles."""
    backend = Simulated(pool)

    def run(task: Task, template: Template, backbone: str, count: int) -> Sequence[Episode]:
        episodes = []
        for index in range(count):
            episode = Episode(task.item(index), pool, settings=Settings(rectifier=False), seed=index)
            episode.decide(template)
            episode.decide(Assignment({role.name: backbone for role in template.roles}))
            episodes.append(episode)
        run_batch(episodes, backend)
        return episodes

    return run


def accuracy(episodes: Sequence[Episode]) -> float:
    outcomes = [episode.outcome for episode in episodes]
    return sum(o is not None and o.kind == "success" for o in outcomes) / len(outcomes)


@pytest.mark.parametrize("backbone", ["llama-3.1-8b", "gpt-4o-mini", "claude-3.5-sonnet"])
@pytest.mark.parametrize(
    ("task", "family", "count"),
    [
        (GSM8K, "math", 500),
        (HumanEval, "code", 150),
        (HotpotQA, "recall", 500),
        (NQ, "recall", 500),
        (Bamboogle, "recall", 500),
    ],
)
def test_a_plain_call_is_about_as_accurate_as_published(
    run: Run, task: type[Task], family: str, count: int, backbone: str
) -> None:
    published = getattr(load_parameters().backbone[backbone], family)
    assert abs(accuracy(run(task(), SINGLE, backbone, count)) - published) < 0.075


def test_search_raises_the_accuracy_of_every_system_that_reads_what_it_found(run: Run) -> None:
    own = Template(roles=(Role("solver", tools=("search",)),), output="solver")
    team = Template(
        roles=(Role("finder", "search", tools=("search",)), Role("solver")),
        channels=(Send("finder", "solver"),),
        output="solver",
    )
    closed, alone, together = (accuracy(run(HotpotQA(), t, "gpt-4o-mini", 400)) for t in (SINGLE, own, team))
    assert closed + 0.12 < alone
    assert closed + 0.12 < together
    assert 0.45 < alone < 0.65


def test_questions_of_a_file_have_no_documents_and_are_answered_from_memory(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "NQ-open.dev.jsonl"
    records = [NQ().record(NQ().item(index)) for index in range(400)]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    published = load_parameters().backbone["gpt-4o-mini"].recall
    assert abs(accuracy(run(NQ("file", str(path)), SINGLE, "gpt-4o-mini", 400)) - published) < 0.075


def test_running_code_raises_accuracy(run: Run) -> None:
    checked = Template(roles=(Role("coder", "code", tools=("python",)),), output="coder")
    plain, better = (accuracy(run(HumanEval(), t, "llama-3.1-8b", 150)) for t in (SINGLE, checked))
    assert plain < better


def test_the_backend_is_found_by_its_name(pool: Pool) -> None:
    assert isinstance(make_backend("simulated", pool), Simulated)
