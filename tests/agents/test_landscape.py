"""What pays where, on a few systems."""

from mas2_agents.landscape import Spot, finding, landscape, plot

from mas2_env.plugins import make_task
from mas2_env.pool import load_pool


def spot(name: str, cost: float, *success: tuple[float, float, float]) -> Spot:
    return Spot(name, cost, {str(i): values for i, values in enumerate(success)})


WON, LOST = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)


def test_the_best_system_may_differ_between_easy_and_hard_items() -> None:
    cheap, dear = spot("cheap", 1.0, WON, LOST, LOST), spot("dear", 9.0, LOST, WON, WON)
    found = finding([cheap, dear], {"0": -1.0, "1": 0.0, "2": 1.0})
    assert (found.best, found.easy, found.hard, found.under) == ("dear", "cheap", "dear", "cheap")
    assert found.rates == (2 / 3, 1.0, 1.0)
    assert found.chosen == 1.0


def test_luck_of_the_seeds_that_chose_does_not_count() -> None:
    lucky = [spot(f"random {i}", 1.0, (1.0, 1.0, 0.0)) for i in range(5)]
    found = finding(lucky, {"0": 0.0})
    assert found.chosen == 0.0


def test_random_and_built_in_systems_are_run_and_drawn() -> None:
    spots = landscape(make_task("gsm8k"), load_pool(), systems=3, items=3)
    assert len(spots) == 3 + 5 * 3
    assert all(len(s.success) == 3 and s.cost > 0 for s in spots)
    drawn = plot("GSM8K", spots)
    assert drawn.startswith("<svg")
    assert drawn.count("<circle") == len(spots)
    assert "debate, llama-3.1-8b" in drawn
