"""Recorded runs as a task, and their replay."""

import json
from pathlib import Path

import pytest
from mas2_tasks.recorded import Recorded

from mas2_env.backends.replay import Replay
from mas2_env.backends.transcripts import Strands, Transcripts
from mas2_env.errors import DataError
from mas2_env.pool import parse_pool
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.fixed import Fixed
from mas2_env.runs.structures import compare, structures_of
from mas2_env.settings import Settings

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "recordings"
SETTINGS = Settings(budget=1e9, rectifier=False, reward="success", count_meta=False)

POOL = parse_pool(
    """
    name = "recorded"
    reference = "m"
    [[backbone]]
    name = "m"
    description = "recorded"
    usd_per_million_input = 1
    usd_per_million_output = 2
    context = 100000
    """,
    "recorded",
)


def row(item, agent, turn, answer, correct, system="debate", **more):
    return {
        "benchmark": "GSM8K",
        "item_id": item,
        "question": f"What is {item}?",
        "gold": "7",
        "model": "m",
        "system": system,
        "agent": agent,
        "round": turn,
        "response": f"I think that {answer} it is, says {agent} in {turn}.",
        "answer": answer,
        "correct": correct,
        "completion_tokens": 10,
    } | more


DEBATE = [
    # In the first round one of three is right; in the second the others follow.
    row("x", 0, 0, "7", True),
    row("x", 1, 0, "8", False),
    row("x", 2, 0, "9", False),
    row("x", 0, 1, "7.0", True),
    row("x", 1, 1, "7", True),
    row("x", 2, 1, "9", False),
    # Agreed at once: no second round was recorded.
    row("y", 0, 0, "7", True),
    row("y", 1, 0, "7", True),
    row("y", 2, 0, "7", True),
]


@pytest.fixture
def write(tmp_path):
    def write(rows, name="recorded.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(one) + "\n" for one in rows))
        return str(path)

    return write


def success(task, structure, **options):
    template = structures_of([task.item(0).truth.gold.models["m"]])[structure]
    run = evaluate(
        {"fixed": Fixed(template, "m")}, [task], pool=POOL, backend=Replay(POOL), settings=SETTINGS, **options
    )
    return [outcome.kind for outcome in run.outcomes]


def test_an_items_truth_is_what_was_recorded(write):
    task = Recorded(path=write(DEBATE))
    assert (task.size, task.models, task.benchmark, task.label) == (2, ("m",), "GSM8K", "Recorded")
    item = task.item(0)
    assert (item.id, item.query, item.truth.answer) == ("x", "What is x?", "7")
    assert item.truth.distractors == ("9", "8")
    assert task.item(1).truth.distractors == ("none of these",)
    assert isinstance(item.truth.gold, Transcripts)
    assert [len(strand) for strand in item.truth.gold.models["m"].strands] == [2, 2, 2]


def test_right_answers_are_one_answer_however_they_were_written(write):
    task = Recorded(path=write(DEBATE))
    assert task.extract("I think that 7.0 it is, says 0 in 1.") == "7"
    assert task.extract("So.\nAnswer: 12") == "12"
    assert task.score(task.item(0), "7").success
    assert not task.score(task.item(0), "12").success
    assert not task.score(task.item(0), None).success


def test_single_calls_votes_and_debates_give_what_was_written(write):
    task = Recorded(path=write(DEBATE))
    assert success(task, "single") == ["success", "success"]
    # A vote of three different answers goes to the first of them; two of three agree after the debate.
    assert success(task, "debate 1") == ["success", "success"]
    turned = Recorded(path=write(DEBATE), turns=3)
    assert turned.size == 6
    assert [turned.item(i).id for i in range(3)] == ["x", "x@1", "x@2"]
    assert success(turned, "single") == ["success", "failure", "failure", *["success"] * 3]
    assert success(turned, "vote 3") == ["success", "failure", "failure", *["success"] * 3]
    assert success(turned, "debate 1") == ["success"] * 6


def test_a_reviewer_says_what_was_said_and_the_author_tries_again(write):
    rows = [
        row("x", "solver", 0, "8", False, "react"),
        row("x", "solver", 1, None, None, "react"),  # a tool call
        row("x", "solver", 2, "7", True, "react"),
        row("y", "solver", 0, "1", False, "react"),
        row("y", "solver", 1, "2", False, "react"),
    ]
    task = Recorded(path=write(rows))
    assert success(task, "single") == ["failure", "failure"]
    assert success(task, "retry 2") == ["success", "failure"]


def test_what_was_not_recorded_is_void_and_says_what_is_missing(write):
    task = Recorded(path=write(DEBATE))
    crowd = structures_of([Strands("samples", ((None,),) * 5)])["vote 5"]
    run = evaluate({"fixed": Fixed(crowd, "m")}, [task], pool=POOL, backend=Replay(POOL), settings=SETTINGS)
    assert [outcome.kind for outcome in run.outcomes] == ["void", "void"]
    assert "not recorded: copy 3, there are 3 strands" in run.outcomes[0].reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"system": "debat"}, r"no rows of system 'debat'; did you mean 'debate'\? it has debate"),
        ({"model": "gpt"}, "no rows of model 'gpt'"),
        ({"turns": 0}, "turns is 0, expected at least 1"),
    ],
)
def test_what_does_not_fit_is_named(write, options, said):
    with pytest.raises(DataError, match=said):
        Recorded(path=write(DEBATE), **options)


def test_a_file_of_several_systems_asks_for_one(write):
    rows = [*DEBATE, row("x", 0, 0, "7", True, meta={"agents": 5})]
    with pytest.raises(DataError, match="several values of 'system'; name one: debate, debate/5"):
        Recorded(path=write(rows))
    assert Recorded(path=write(rows), system="debate/5").label == "Recorded[system=debate/5]"


def test_simulated_agents_are_compared_structure_by_structure(write):
    task = Recorded(path=write(DEBATE), turns=3)
    compared = compare(task, "m", POOL)
    assert [line.structure for line in compared.rows] == ["single", "vote 3", "debate 1"]
    assert [line.items for line in compared.rows] == [2, 2, 2]
    assert compared.rows[0].replayed.value == pytest.approx(4 / 6)
    assert {(pair.first, pair.second) for pair in compared.pairs} == {
        ("single", "vote 3"),
        ("single", "debate 1"),
        ("vote 3", "debate 1"),
    }
    assert all(pair.agrees in (None, True, False) for pair in compared.pairs)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")
def test_a_real_debate_replays_to_its_figures():
    """gpt-3.5-turbo on MATH, whose single replies were right in 36 % of all."""
    task = Recorded(path=str(RECORDINGS / "dylan_math_cot.jsonl.gz"))
    pool = parse_pool(
        'name="r"\nreference="gpt-3.5-turbo-0301"\n[[backbone]]\nname="gpt-3.5-turbo-0301"\ndescription="r"\n'
        "usd_per_million_input=1\nusd_per_million_output=2\ncontext=100000\n",
        "r",
    )
    structures = structures_of([task.item(0).truth.gold.models[pool.reference]])
    policies = {"single": Fixed(structures["single"], pool.reference)}
    run = evaluate(policies, [task], pool=pool, backend=Replay(pool), settings=SETTINGS, items=None)
    right = sum(outcome.kind == "success" for outcome in run.outcomes) / len(run.outcomes)
    assert right == pytest.approx(0.36, abs=0.02)
