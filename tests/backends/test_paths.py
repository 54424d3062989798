"""What `mas2 simulator check` draws in arrays is what episodes do call by call."""

from collections.abc import Callable

import numpy as np
import pytest

from mas2_env.backends import laws
from mas2_env.backends.calibrated import lineage, load_calibration
from mas2_env.backends.draws import UNIT, bits_for, bits_of, normals
from mas2_env.backends.minds import ERR, SOLVE, WHICH
from mas2_env.backends.parameters import level, load_parameters
from mas2_env.backends.simulated import Simulated
from mas2_env.calibration import debates, estimators
from mas2_env.calibration.crowd import Crowd, Source
from mas2_env.calibration.debates import Speaker
from mas2_env.execution.operation import ModelCall, Reply
from mas2_env.task import Task

MODEL = "gpt-4o-mini"
Ask = Callable[..., ModelCall]


def answered(task: Task, result: object) -> str | None:
    return task.extract(result.text) if isinstance(result, Reply) else None


def coded(answer: str | None, truth: str, distractors: tuple[str, ...]) -> int:
    """An answer as arrays have it: 0 right, then wrong ones by their index."""
    return 0 if answer == truth else -1 if answer is None else 1 + distractors.index(answer)


def test_first_answers_are_the_same_numbers(backend: Simulated, sums: Task, ask: Ask) -> None:
    items = [sums.item(i) for i in range(400)]
    calls = [ask(item, MODEL) for item in items]
    table = load_calibration().task["gsm8k"]
    known = load_parameters().task_table("gsm8k")

    def normal(purpose: bytes, *names: str) -> np.ndarray:
        return normals(np.array([bits_for(purpose, "gsm8k", i.id, *names)[0] for i in items], np.uint32))

    said = np.array([item.truth.difficulty for item in items]) / known.difficulty_sd
    difficulty = known.known**0.5 * said + (1 - known.known) ** 0.5 * normal(b"difficulty")
    standing = (
        level(load_parameters().backbone[MODEL].math)
        - table.difficulty**0.5 * difficulty
        + table.family**0.5 * normal(b"family", lineage(MODEL))
        + table.affinity**0.5 * normal(b"affinity", MODEL)
    )
    bits = np.array([bits_of(call.key) for call in calls], np.uint32)
    count = len(items[0].truth.distractors)
    own = np.array([bits_for(b"affinity", "gsm8k", i.id, MODEL)[1] for i in items]) * count >> 32
    wrong = laws.wrong_index(
        bits[:, ERR] * UNIT,
        laws.popular_share(standing, table.popular, table.slope),
        table.own,
        own,
        (bits[:, WHICH].astype(np.int64) * count) >> 32,
    )
    expected = np.where(laws.is_right(standing, table.noise, normals(bits[:, SOLVE])), 0, 1 + wrong)
    got = [
        coded(answered(sums, reply), item.truth.answer, item.truth.distractors)
        for item, reply in zip(items, backend.complete(calls), strict=True)
    ]
    pairs = [(a, b) for a, b in zip(got, expected, strict=True) if a >= 0]
    assert len(pairs) > 380
    assert all(a == b for a, b in pairs)


def test_repeated_answers_are_as_alike(backend: Simulated, sums: Task, ask: Ask) -> None:
    rows = []
    for i in range(2500):
        item = sums.item(i)
        replies = backend.complete([ask(item, "llama-3.1-8b", ("copy", j)) for j in range(2)])
        rows.append([coded(answered(sums, r), item.truth.answer, item.truth.distractors) for r in replies])
    answers = np.array([row for row in rows if min(row) >= 0])
    table = load_calibration().task["gsm8k"]
    crowd = Crowd(table, "paths", 20_000)
    drawn = crowd.replies("llama-x", level(load_parameters().backbone["llama-3.1-8b"].math), 0.0, 2)
    for statistic in (
        lambda a: float((a == 0).mean()),
        lambda a: estimators.pooled_phi((a == 0).astype(float)),
    ):
        assert statistic(answers) == pytest.approx(statistic(drawn), abs=0.06)


def test_debaters_follow_as_often(backend: Simulated, sums: Task, ask: Ask) -> None:
    """Own wrong answer, two of three peers agree on the right one: adopt, keep or other."""
    moves = []
    for i in range(1500):
        item = sums.item(i)
        wrong = item.truth.distractors
        said = [
            ("own", wrong[1]),
            ("peer", item.truth.answer),
            ("peer", item.truth.answer),
            ("peer", wrong[2]),
        ]
        heard = [(relation, f"Answer: {answer}") for relation, answer in said]
        call = ask(item, "llama-3.1-8b", purpose="debate", messages=heard, round=1)
        answer = answered(sums, backend.complete([call])[0])
        if answer is not None:
            moves.append(coded(answer, item.truth.answer, wrong))
    calibration = load_calibration()
    crowd = Crowd(calibration.task["gsm8k"], "paths", 12_000)
    speaker = Speaker("llama-x", level(load_parameters().backbone["llama-3.1-8b"].math), (0.0, 0.0, 0.0))
    peers = np.tile([0, 0, 3], (crowd.items, 1))
    mine = np.full(crowd.items, 2)
    drawn = debates.talk(crowd, speaker, calibration.manner["math"], mine, peers, 1, Source("paths"))
    for move in (0, 2):
        assert np.mean(np.array(moves) == move) == pytest.approx((drawn == move).mean(), abs=0.04)
