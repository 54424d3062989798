"""`mas2 simulator compare`: simulated beside recorded agents."""

import json
from pathlib import Path

import pytest

from mas2_env.cli import run

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "recordings"


def row(item, agent, turn, answer, correct, system="single", **more):
    return {
        "benchmark": "GSM8K",
        "item_id": f"i{item}",
        "question": f"How much is {item}?",
        "gold": "7",
        "model": "m",
        "system": system,
        "agent": agent,
        "round": turn,
        "response": f"It is {answer}, says {agent} of {item} in {turn}.",
        "answer": answer,
        "correct": correct,
        "completion_tokens": 20,
    } | more


def samples(items):
    """Two of three samples right at every other item, none elsewhere: a vote wins where one call may lose."""
    for item in range(items):
        for agent in range(3):
            right = item % 2 == 0 and agent > 0
            yield row(item, agent, 0, "7" if right else f"{10 + agent}", right)


@pytest.fixture
def write(tmp_path):
    def write(rows, name="recorded.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(one) + "\n" for one in rows))
        return str(path)

    return write


@pytest.fixture
def compared(capsys):
    def compared(*arguments):
        assert run(["simulator", "compare", *map(str, arguments), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return compared


def test_each_structure_is_replayed_and_simulated(write, compared):
    found = compared(write(samples(40)), "--turns", 3)
    (model,) = found["comparisons"]
    assert (model["benchmark"], model["system"], model["model"]) == ("GSM8K", "single", "m")
    assert (model["place"], model["fitted"]) == ("gsm8k", False)
    single, vote = model["structures"]
    assert (single["structure"], vote["structure"]) == ("single", "vote 3")
    assert single["replayed"]["value"] == pytest.approx(1 / 3)
    assert vote["replayed"]["value"] == pytest.approx(1 / 2)
    # A third of the replies was right: so are simulated ones, with the spread of a benchmark's items.
    assert single["simulated"]["value"] == pytest.approx(1 / 3, abs=0.06)
    (pair,) = model["pairs"]
    assert pair["replayed"]["value"] == pytest.approx(1 / 3 - 1 / 2)
    assert pair["agrees"] is True
    assert (found["pairs"], found["significant"], found["agreeing"]) == (1, 1, 1)
    assert (found["significant_holm"], found["agreeing_holm"]) == (1, 1)


def test_few_items_prove_little(write, compared):
    """A vote wins at each of four items; by chance it would at one of eight such sets, or at none."""
    found = compared(write(samples(8)), "--turns", 3)
    (pair,) = found["comparisons"][0]["pairs"]
    assert pair["p"] == pytest.approx(2 / 2**4)
    assert pair["agrees"] is None
    assert found["significant"] == 0


def test_a_vote_cannot_count_codes(write, compared):
    """Every reply is another text, as codes are; nothing was looked for in them."""
    rows = (one | {"answer": None, "gold": "assert\nassert", "benchmark": "HumanEval"} for one in samples(40))
    single, vote = compared(write(rows), "--turns", 3)["comparisons"][0]["structures"]
    assert vote["replayed"]["value"] == single["replayed"]["value"]
    assert vote["simulated"]["value"] == pytest.approx(single["simulated"]["value"], abs=0.01)


def test_what_is_printed(write, capsys):
    rows = [*samples(30), *(row(i, 0, 0, "7", True, "react", model="other") for i in range(3))]
    assert run(["simulator", "compare", write(rows), "--system", "single", "--turns", "3"]) == 0
    printed = capsys.readouterr().out
    assert "in its place: gsm8k, level of the recorded first replies" in printed
    assert "single − vote 3: replayed -16.7 [" in printed
    assert "(p 6.1e-05)" in printed  # all 15 items that differ speak for the vote: 2 · 2^-15
    assert "1 pairs, 1 significant, 1 of them ranked alike." in printed
    assert printed.strip().endswith("After Holm's correction 1 significant, 1 of them ranked alike.")


def test_filters_that_leave_nothing_say_so(write, capsys):
    assert run(["simulator", "compare", write(samples(3)), "--benchmark", "MATH"]) == 1
    error = capsys.readouterr().err
    assert "nothing fits these filters; there are --benchmark GSM8K; --system single; --model m" in error


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize(
    ("name", "options", "pairs"),
    [
        ("dylan_humaneval", ("--model", "gpt-4-0613", "--turns", 4), 5),
        ("mint", ("--benchmark", "MATH", "--system", "react", "--model", "gpt-4-0613", "--turns", 1), 1),
    ],
)
def test_structures_are_ranked_as_recorded_ones_are(compared, name, options, pairs):
    found = compared(RECORDINGS / f"{name}.jsonl.gz", *options)
    assert found["significant"] >= pairs
    assert found["agreeing"] == found["significant"]
