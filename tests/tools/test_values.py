"""Values cross between judge and program as plain data, and come out as what they were."""

import json
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.tools.inside.values import Unfit, pack, renew, unpack

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.fractions()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
    | st.complex_numbers(allow_nan=False),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def crossed(value: Any) -> Any:
    return unpack(json.loads(json.dumps(pack(value, lambda thing: 7))), lambda number: number)


@given(PLAIN)
def test_plain_values_come_out_the_same(value: Any) -> None:
    found = crossed(value)
    assert found == value
    assert type(found) is type(value)


Point = namedtuple("Point", "x y")


class Level(IntEnum):
    LOW = 1


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 << 200, 1 << 200),
        (range(2, 9, 3), range(2, 9, 3)),
        ({1, 2}, {1, 2}),
        (frozenset("ab"), frozenset("ab")),
        (bytearray(b"x"), bytearray(b"x")),
        (deque([1], 3), deque([1], 3)),
        (Counter("aab"), Counter("aab")),
        (defaultdict(list, {1: [2]}), {1: [2]}),
        (OrderedDict(a=1), OrderedDict(a=1)),
        (MappingProxyType({1: 2}), {1: 2}),
        ({1: 2}.keys(), {1}),
        (time(1, 2, tzinfo=timezone(timedelta(hours=2))), time(1, 2, tzinfo=timezone(timedelta(hours=2)))),
        (datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)),
        (date(2020, 1, 2), date(2020, 1, 2)),
        (Decimal("NaN").copy_sign(Decimal(1)).is_nan(), True),
        (Point(1, 2), (1, 2)),
        (Level.LOW, 1),
        (int, int),
        (..., ...),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_other_types_come_out_as_their_plain_values(value: Any, expected: Any) -> None:
    assert crossed(value) == expected


def test_what_claims_to_equal_everything_comes_out_as_what_it_is() -> None:
    assert crossed(Liar(3)) != 4
    assert crossed([object()]) == [7]


@pytest.mark.parametrize(
    "data",
    [
        {"thing": 1, "int": "1"},
        {},
        {"int": 3},
        {"eval": "1"},
        {"type": "eval"},
        {"dict": [[[1], 2]]},
        {"range": []},
        {"fraction": ["0x1", "0x0"]},
        {"fraction": ["0x" + "1" * 400_000, "0x1"]},
        {"decimal": "1" * 400_000},
        {"timedelta": [10**30]},
        {"bytes": "€"},
    ],
)
def test_data_that_stands_for_nothing_is_refused(data: Any) -> None:
    with pytest.raises(Unfit):
        unpack(data, lambda number: number)


def test_too_deep_is_refused() -> None:
    value: list[Any] = []
    for _ in range(500):
        value = [value]
    with pytest.raises(Unfit, match="nested"):
        crossed(value)


def test_arguments_are_renewed_in_place() -> None:
    inner, pairs = [3], {"a": [1]}
    old = [inner, 2, pairs, (inner, 1)]
    renew(old, [[3, 4], 5, {"a": [1, 2], "b": 0}, ([3, 4], 1)])
    assert old == [[3, 4], 5, {"a": [1, 2], "b": 0}, ([3, 4], 1)]
    assert old[0] is inner
    assert old[2] is pairs
    with pytest.raises(Unfit):
        renew([1], (1,))
