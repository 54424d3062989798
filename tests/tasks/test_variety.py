"""No item twice, and texts that differ: what `mas2_tasks.variety` measures, and bounds on it."""

import json
from importlib.metadata import entry_points

import pytest
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.nq import NQ
from mas2_tasks.variety import Neighbours, carry, main, measure, overlap, skeletons, tokens

FAMILIES = ("hotpotqa", "nq", "bamboogle", "gsm8k", "math", "humaneval", "mbpp", "browsecomp-plus")
POINTS = {point.name: point for point in entry_points(group="mas2.tasks")}
ITEMS = 2000


@pytest.mark.parametrize("name", FAMILIES)
def test_no_query_comes_twice(name: str) -> None:
    """Neither in one seed nor in two; by construction, so few items show it."""
    cls = POINTS[name].load()
    queries = [task.item(index).query for task in (cls(seed=0), cls(seed=1)) for index in range(ITEMS // 2)]
    assert len(set(queries)) == ITEMS


def test_skeletons_hide_numbers_names_and_rare_words() -> None:
    queries = [
        "Where was the author of Larkholm born?",
        "Where was the author of The Silent Hill born?",
        "Where was the author of 1984 born?",
        "Where was the spouse of Ann born?",
    ]
    first, second, third, last = skeletons(queries)
    assert first == "where was the author of _ born"
    assert third == "where was the author of # born"
    assert last == "where was the _ of _ born"
    assert "_" in second


def test_overlap_is_the_share_of_what_was_seen() -> None:
    assert overlap([tokens("a b c d")], [tokens("b c d e")], 2) == pytest.approx(2 / 3)
    assert overlap([tokens("a b")], [tokens("a")], 2) == 0.0


def test_the_nearest_text_shares_most() -> None:
    near = Neighbours([tokens(text) for text in ("who wrote the book", "how long is the river", "who is it")])
    assert near.nearest(tokens("how long is a river")) == 1
    assert near.nearest(tokens("zzz")) == 0


def test_a_derivation_is_carried_over_with_other_numbers() -> None:
    task = GSM8K()
    for item in map(task.item, range(60)):
        assert task.canonical(carry(item, item)) == task.canonical(item.truth.answer)


def test_figures_of_a_sample() -> None:
    task = NQ()
    found = measure(task, [task.item(index) for index in range(200)])
    assert found.items == 200
    assert found.repeated == 0
    assert 0 <= found.eight <= found.five < 0.5
    twice = measure(task, [task.item(index % 100) for index in range(200)])
    assert twice.repeated == 100
    assert twice.five == twice.copied == 1.0


def test_the_command_prints_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["nq", "--items", "50"])
    assert capsys.readouterr().out.count("\n") == 3
    main(["nq", "--items", "50", "--json"])
    assert json.loads(capsys.readouterr().out)[0]["task"] == "NQ procedural"
    with pytest.raises(SystemExit):
        main(["no-such-task"])
    assert "there is no task 'no-such-task'" in capsys.readouterr().err
