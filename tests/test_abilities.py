"""Abilities in a pool's file: what may be said of a backbone, and what figures must say."""

import pytest
from mas2_agents.direct import Direct

import mas2_env
from mas2_env.abilities import Ability, unsourced
from mas2_env.backends.calibrated import load_calibration
from mas2_env.backends.parameters import load_parameters
from mas2_env.backends.simulated import Simulated
from mas2_env.errors import PoolError
from mas2_env.pool import load_pool, parse_pool
from mas2_env.runs.record import Conduct

POOL = """
name = "mine"
reference = "a"
[[backbone]]
name = "a"
description = "One."
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 1000
ability = { math = 0.8, code = 0.7, recall = 0.2, reading = 0.6, tasks = { math = 0.5 } }
[[backbone.figures]]
of = "MATH"
value = 0.5
url = "https://example.com/card"
date = "2026-01-31"
gives = ["tasks.math"]
itself = true
"""


def test_a_backbone_says_what_it_is_like_and_by_which_figures() -> None:
    pool = parse_pool(POOL, "mine.toml")
    ability, (figure,) = pool.abilities["a"], pool.figures["a"]
    assert ability == Ability(0.8, 0.7, 0.2, 0.6, tasks={"math": 0.5})
    assert (figure.value, figure.model, figure.itself) == (0.5, "", True)
    assert unsourced(ability, [figure]) == ("math", "code", "recall", "reading")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("math = 0.8", "math = 1.0", r"Expected `float` < 1.0 - at `\$\.backbone\[0\]\.ability\.math`"),
        ("math = 0.8, ", "", "missing required field `math`"),
        ("code = 0.7", "cod = 0.7", "backbone 1: ability: unknown key 'cod'; did you mean 'code'"),
        (
            '"tasks.math"',
            '"tasks.gsm8k"',
            "figure 'MATH' gives 'tasks.gsm8k', expected some of math, code, recall, reading, tasks.math",
        ),
        ("2026-01-31", "January 2026", "date is 'January 2026', expected YYYY-MM-DD"),
        ("ability = {", "# {", "there are figures but no ability that they give"),
    ],
)
def test_what_cannot_be_is_one_clear_message(old: str, new: str, message: str) -> None:
    with pytest.raises(PoolError, match=message) as caught:
        parse_pool(POOL.replace(old, new, 1), "mine.toml")
    assert "\n" not in str(caught.value)


def test_a_file_of_parameters_goes_before_the_pool_and_the_pool_before_what_is_shipped(tmp_path) -> None:
    own = Ability(0.8, 0.7, 0.2, 0.6)
    shipped, backbone = load_parameters(), load_pool()["gpt-4o-mini"]
    assert shipped.backbone_table(backbone) == shipped.backbone["gpt-4o-mini"]
    assert shipped.backbone_table(backbone, own=own) == own
    path = tmp_path / "mine.toml"
    path.write_text("[backbone.gpt-4o-mini]\nmath = 0.5\n")
    assert load_parameters(path).backbone_table(backbone, own=own).math == 0.5
    path.write_text(f"[backbone.gpt-4o-mini]\nmath = {shipped.backbone['gpt-4o-mini'].math}\n")
    again = load_parameters(path).backbone_table(backbone, own=own)
    assert again == shipped.backbone["gpt-4o-mini"], "even where it says what is shipped"


def test_how_long_calls_take_may_stand_in_the_pool() -> None:
    timed = "reading = 0.6, latency = { fixed = 1.0, per_token = 0.01 }"
    pool = parse_pool(POOL.replace("reading = 0.6", timed), "mine.toml")
    found = load_parameters().latency(pool["a"], load_calibration().latency, pool.abilities["a"])
    assert (found.fixed, found.per_token) == (1.0, 0.01)


def test_answers_of_one_name_are_kept_apart_by_what_the_pools_say(tmp_path) -> None:
    """A cache that two pools share gives neither the other's answers, whether abilities or prices differ."""
    priced = POOL[: POOL.index("ability")]
    good, bad = POOL.replace("math = 0.8", "math = 0.99"), POOL.replace("math = 0.8", "math = 0.01")
    dear = priced.replace("= 0.1", "= 10").replace("= 0.4", "= 40")
    texts = {"good": good, "bad": bad, "cheap": priced, "dear": dear}
    pools = {name: parse_pool(text, name) for name, text in texts.items()}
    assert len({Simulated(pool).digest for pool in pools.values()}) == 4
    described = parse_pool(good.replace("One.", "The same."), "good")
    assert Simulated(described).digest == Simulated(pools["good"]).digest
    conduct = Conduct(cache=str(tmp_path / "cache"))
    for name in ("good", "bad"):
        kept = mas2_env.run(Direct(backbone="a"), "GSM8K", items=20, pool=pools[name], conduct=conduct)
        plain = mas2_env.run(Direct(backbone="a"), "GSM8K", items=20, pool=pools[name])
        assert kept.records == plain.records
