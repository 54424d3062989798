"""What HumanEval and MBPP have in common: generated items whose tests decide, and that never change."""

import hashlib
import statistics
from concurrent.futures import ThreadPoolExecutor

import pytest
from mas2_tasks.code_task import CodeTask
from mas2_tasks.humaneval import HumanEval
from mas2_tasks.mbpp import MBPP

from mas2_env.task import Item

both = pytest.mark.parametrize("kind", [HumanEval, MBPP])


def statuses(task: CodeTask, pairs: list[tuple[Item, str]]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda pair: task.verdict(*pair).status, pairs))


@both
def test_procedural_references_pass_and_variants_fail(kind: type[CodeTask]) -> None:
    task = kind(seed=11)
    items = [task.item(index) for index in range(40)]
    assert set(statuses(task, [(item, item.truth.answer) for item in items])) == {"passed"}
    wrong = statuses(task, [(item, text) for item in items for text in item.truth.distractors])
    assert len(wrong) >= 4 * len(items)
    assert set(wrong) == {"failed"}


@both
def test_difficulties_are_spread_around_zero(kind: type[CodeTask]) -> None:
    task = kind(seed=3)
    difficulties = [task.item(index).truth.difficulty for index in range(300)]
    assert abs(statistics.mean(difficulties)) < 0.25
    assert 1.0 < statistics.stdev(difficulties) < 1.4


@pytest.mark.parametrize(
    ("kind", "version", "digest"),
    [(HumanEval, "2", "0f7978d70dade315"), (MBPP, "2", "6dba684ca04951aa")],
)
def test_items_of_a_version_never_change(kind: type[CodeTask], version: str, digest: str) -> None:
    """A change of a generator needs a new `VERSION` there, and then a new digest here."""
    assert kind.version == version
    task = kind(seed=7)
    found = hashlib.sha256()
    for item in map(task.item, range(200)):
        truth = item.truth
        parts = (item.query, task.record(item), truth.answer, truth.distractors, round(truth.difficulty, 9))
        found.update(repr(parts).encode())
    assert found.hexdigest()[:16] == digest
