"""The landscape example: choices are valued on a run that did not make them."""

import numpy as np
import pytest


@pytest.fixture
def example(root):
    import examples.landscape

    return examples.landscape


def landscape(example, first, second, cost):
    names = [f"system {i}" for i in range(len(cost))]
    return example.Landscape("t", names, np.array([first, second], float), np.array(cost, float))


def test_luck_is_no_headroom(example):
    """Systems that are right at random: an oracle of one run has everything in it, and no gain in another."""
    draw = np.random.default_rng(1)
    found = landscape(example, *(draw.random((2, 200, 100)) < 0.5), range(1, 201))
    worth = example.headroom(found)
    assert worth["naive"][0] == 1.0
    mean, low, high = worth["headroom"]
    assert low < 0.0 < high
    assert abs(mean) < 0.1


def test_skill_is(example):
    """Two systems, each of which always solves its own half of the items."""
    halves = [[1] * 30 + [0] * 30, [0] * 30 + [1] * 30]
    worth = example.headroom(landscape(example, halves, halves, (2, 1)))
    assert worth["fixed"][0] == 0.5
    assert worth["oracle"][0] == 1.0


def test_among_equals_the_cheapest_is_chosen_and_the_front_holds_no_equal(example):
    right = [[1, 1, 0], [1, 0, 1], [0, 0, 1]]
    found = landscape(example, right, right, (3, 2, 1))
    assert example.chosen(found.right[0], found.cost) == 1
    assert example.front(found) == [2, 1]


def test_a_vote_at_the_cost_of_a_debate_lies_between_two_votes(example):
    found = {
        "vote 1": (1.0, np.array([0.0, 0.0])),
        "vote 3": (3.0, np.array([1.0, 1.0])),
        "debate": (2.0, np.array([0.0, 1.0])),
    }
    assert example.matched(found, "debate")[0] == pytest.approx(0.5 - 0.5)


def test_a_drawn_system_is_the_same_for_all_items_and_runs(example):
    found = example.measure("gsm8k", {"drawn": example.Drawn(3)}, items=5)
    again = example.measure("gsm8k", {"drawn": example.Drawn(3)}, items=5)
    assert found.right.shape == (2, 1, 5)
    assert np.array_equal(found.right, again.right)
    assert found.cost == again.cost


def test_prints_tables_and_draws_figures(example, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    arguments = ["--tasks", "gsm8k", "--systems", "2", "--items", "2", "--talk-items", "4"]
    example.main([*arguments, "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert printed.count("| gsm8k |") == 4
    assert {path.name for path in tmp_path.iterdir()} == {"systems.png", "talk.png"}
