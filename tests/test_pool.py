"""Pools: the shipped one, reading, and what is said about bad files."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.errors import PoolError
from mas2_env.pool import load_pool, nano_per_token, parse_pool, shipped_pools

GOOD = """
name = "mine"
reference = "a"
[[backbone]]
name = "a"
description = "One."
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 1000
"""


@pytest.mark.parametrize("name", shipped_pools())
def test_shipped_pools_are_dated_and_sourced(name: str) -> None:
    pool = load_pool(name)
    assert len(pool) >= (8 if name == "default" else 4)
    assert pool.reference in pool
    assert pool.meta in pool
    for backbone in pool.backbones.values():
        assert backbone.source.startswith("https://"), backbone.name
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", backbone.date), backbone.name
        assert backbone.input_price > 0
        assert backbone.output_price > 0
        assert backbone.description.endswith(".")


def test_unseen_backbones_are_in_no_other_pool_to_train_on() -> None:
    for trained_on in ("default", "current"):
        assert not set(load_pool("unseen").names) & set(load_pool(trained_on).names)
    assert set(load_pool("unseen").names) < set(load_pool("calibrated").names)


def test_the_default_pool_runs_from_cheap_to_strong() -> None:
    prices = [b.input_price + b.output_price for b in load_pool().backbones.values()]
    assert prices[0] == min(prices)
    assert prices[-1] == max(prices)
    assert max(prices) > 100 * min(prices)


def test_prices_are_whole_nano_usd() -> None:
    pool = parse_pool(GOOD, "mine.toml")
    assert pool["a"].input_price == 100
    assert pool["a"].cost(10, 3) == 10 * 100 + 3 * 400
    assert pool.meta == "a"
    assert list(pool) == ["a"]


@given(st.integers(0, 10_000_000))
def test_every_price_of_three_decimals_is_exact(nano: int) -> None:
    assert nano_per_token(nano / 1000, "x") == nano


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('reference = "a"', 'reference = "b"', "reference = 'b' is not one of its backbones"),
        ("context = 1000", "context = 0", "context is 0, expected at least 1 token"),
        (
            "context = 1000",
            'context = "many"',
            r"Expected `int`, got `str` - at `\$\.backbone\[0\]\.context`",
        ),
        ("usd_per_million_output", "usd_per_milion_output", "did you mean 'usd_per_million_output'"),
        ("= 0.4", "= 0.00004", "not a whole number of nano-USD"),
        ("= 0.4", "= -1.0", "not a whole number of nano-USD"),
        ("= 0.4", "= inf", "inf USD per million tokens is not a whole number of nano-USD"),
        ("= 0.4", "= nan", "nan USD per million tokens is not a whole number of nano-USD"),
        ('name = "a"', r'name = "a\nb"', r"backbone 'a\\nb': expected a name of printable characters"),
        ('name = "a"', 'name = ""', "backbone '': expected a name of printable characters"),
        ('name = "mine"', "name = ", "not a TOML file"),
        ('name = "mine"', "name = " + "[" * 9999, "not a TOML file"),
        ('name = "mine"', "", "missing required field `name`"),
    ],
)
def test_a_typo_is_one_clear_message(old: str, new: str, message: str) -> None:
    with pytest.raises(PoolError, match=message) as caught:
        parse_pool(GOOD.replace(old, new), "mine.toml")
    assert str(caught.value).startswith("mine.toml")
    assert "\n" not in str(caught.value)


def test_a_backbone_listed_twice_is_refused() -> None:
    entry = GOOD[GOOD.index("[[") :]
    with pytest.raises(PoolError, match="'a' is listed twice"):
        parse_pool(GOOD + entry, "mine.toml")


def test_pools_are_found_by_name_or_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert load_pool(str(path)).name == "mine"
    with pytest.raises(PoolError, match="no pool is named 'defalt'; did you mean 'default'"):
        load_pool("defalt")
    with pytest.raises(PoolError, match=r"absent\.toml: cannot be read"):
        load_pool(str(tmp_path / "absent.toml"))


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ("folder.toml", r"folder\.toml: cannot be read: Is a directory"),
        ("binary.toml", "'utf-8' codec can't decode"),
        ("nul\0.toml", "cannot be read: embedded null"),
        (None, "pool is None, expected a shipped pool's name or the path of a .toml file"),
        (Path("mine.toml"), "expected a shipped pool's name or the path"),
    ],
)
def test_what_cannot_be_read_as_a_pool_is_named(
    pool: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.toml").mkdir()
    Path("binary.toml").write_bytes(bytes(range(128, 256)))
    with pytest.raises(PoolError, match=message):
        load_pool(pool)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_pool(str(path)).name == "mine"
