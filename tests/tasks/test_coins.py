"""Coined words and item numbers: what makes items of the question families unrepeatable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mas2_tasks.procedural import names
from mas2_tasks.procedural.coins import SEEDS, USUAL, coin, serial
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.names import Coiner, plural

ENDS = {
    name: getattr(names, name) for name in ("_SURNAMES", "_TOWNS", "_RIVERS", "_LANDS", "_LAKES", "_HILLS")
}


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_other_numbers_give_other_words(ends: tuple[str, ...]) -> None:
    assert len(set(ends)) == len(ends) >= 18
    numbers = (*range(40_000), *range(USUAL - 20_000, USUAL + 20_000), *range(2**33, 2**33 + 20_000))
    assert len({coin(number, ends) for number in numbers}) == len(numbers)


@given(
    st.integers(0, SEEDS - 1), st.integers(0, 2**35 - 1), st.integers(0, SEEDS - 1), st.integers(0, 2**35 - 1)
)
def test_no_two_items_have_one_number(seed: int, index: int, other: int, there: int) -> None:
    assert (serial(seed, index) == serial(other, there)) == ((seed, index) == (other, there))


@given(st.integers(SEEDS, 2**64), st.integers(0, 2**17 - 2))
def test_a_large_seed_numbers_its_items_apart_as_well(seed: int, index: int) -> None:
    assert serial(seed, index) != serial(seed, index + 1)


def test_words_can_be_spoken() -> None:
    words = [coin(number * 7919, names._TOWNS) for number in range(500)]
    assert all(re.fullmatch(r"[A-Z][a-z]{5,18}", word) for word in words)
    assert not any(re.search(r"[^aeiouy]{6}", word.lower()) for word in words)
    assert [plural(word) for word in ("Bell", "Compass", "Thief", "Country", "Journey", "Torch")] == [
        "Bells",
        "Compasses",
        "Thieves",
        "Countries",
        "Journeys",
        "Torches",
    ]


def test_names_with_a_number_hold_its_word() -> None:
    kinds = (
        *("person", "town", "river", "region", "lake", "hill", "prize", "work", "band"),
        *("university", "company", "club", "stadium", "ship", "newspaper"),
    )
    for kind in kinds:
        for number in range(60):
            made = getattr(Coiner(Draw(kind, number), number), kind)()
            words = {coin(number, ends) for ends in ENDS.values()}
            assert words & set(made.split()), made
