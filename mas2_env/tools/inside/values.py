"""Values as plain data, between the judge and the program that it judges.

Neither end trusts the other to send an object: what crosses is JSON, from which the receiver builds values
of an exact list of types. JSON's own kinds stand for None, bool, int, float, str and list; an object of one
member, `{tag: content}`, stands for another type. A subclass of a plain type crosses as the plain value in
it, whatever its methods claim. Everything else is a *thing*: it stays where it is, and a number crosses.
"""

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from fractions import Fraction

DEPTH = 200
"""Levels of nesting that cross."""
MESSAGE_LIMIT, OUTPUT_LIMIT = 2_000, 20_000
"""Characters kept of a message, and of what a program prints."""
MOST_DIGITS = 100_000
"""Decimal digits, or places from the point, from which a fraction or decimal number does not cross: building
one, or an integer of it, is quadratic."""
TYPES = (
    *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, object),
    *(type, type(None)),
)

Keep = Callable[[Any], int]
Find = Callable[[int], Any]
Pack = Callable[[Any], Any]


class Unfit(Exception):
    """A value that cannot cross, or data that stands for none."""


def pack(value: Any, keep: Keep) -> Any:
    """The data that stands for a value.

    Args:
        value: anything.
        keep: gives a thing its number.

    Raises:
        Unfit: if it is nested too deeply or too large.
    """

    def packed(value: Any, left: int) -> Any:
        kind = type(value)
        if value is None or kind is str or kind is bool or kind is float:
            return value
        if kind is int:
            return value if -(1 << 63) < value < 1 << 63 else {"int": hex(value)}
        if not left:
            raise Unfit(f"a value is nested more than {DEPTH} levels deep")

        def inner(value: Any) -> Any:
            return packed(value, left - 1)

        if kind is list:
            return [packed(member, left - 1) for member in value]
        known = _WRITERS.get(kind) or _late(kind)
        if known is None:
            base = next((base for base in _BASES if issubclass(kind, base)), None)
            if base is not None:
                return packed(_BASES[base](value), left)
            return {"thing": keep(value)}
        tag, write = known
        content = write(value, inner)
        return {"thing": keep(value)} if content is _NOT_PLAIN else {tag: content}

    return packed(value, DEPTH)


def unpack(data: Any, find: Find) -> Any:
    """The value that data stands for.

    Args:
        data: as read from JSON.
        find: the thing of a number.

    Raises:
        Unfit: if it stands for none.
    """

    def unpacked(data: Any) -> Any:
        kind = type(data)
        if kind is list:
            return [unpacked(member) for member in data]
        if kind is not dict:
            return data
        (tag,) = data
        content = data[tag]
        return find(content) if tag == "thing" else _READERS[tag](content, unpacked)

    try:
        return unpacked(data)
    except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError, RecursionError) as error:
        raise Unfit(f"data that stands for no value: {type(error).__name__}: {error}"[:200]) from error


def renew(old: Any, new: Any) -> None:
    """Make a mutable argument what a call has made of it, its mutable members too.

    Raises:
        Unfit: if `new` is of another type.
    """
    if type(old) is not type(new):
        raise Unfit("an argument has changed its type")
    if isinstance(old, list):
        for index, (before, after) in enumerate(zip(old, new, strict=False)):
            old[index] = _renewed(before, after)
        old[len(new) :] = new[len(old) :]
    elif isinstance(old, deque):
        members = [_renewed(*pair) for pair in zip(old, new, strict=False)] + list(new)[len(old) :]
        old.clear()
        old.extend(members)
    elif isinstance(old, bytearray):
        old[:] = new
    elif isinstance(old, dict):
        entries = {key: _renewed(old.get(key), value) for key, value in new.items()}
        old.clear()
        old.update(entries)
    elif isinstance(old, set):
        old.clear()
        old.update(new)
    elif isinstance(old, tuple):
        for pair in zip(old, new, strict=True):
            _renewed(*pair)


def _renewed(before: Any, after: Any) -> Any:
    """The old member, renewed, where that can be; else the new one."""
    mutable = isinstance(before, list | dict | set | deque | bytearray | tuple)
    if not mutable or type(before) is not type(after):
        return after
    if isinstance(before, tuple):
        if len(before) != len(after):
            return after
        members = tuple(_renewed(*pair) for pair in zip(before, after, strict=True))
        return before if all(a is b for a, b in zip(before, members, strict=True)) else members
    renew(before, after)
    return before


_NOT_PLAIN = object()

# Subclasses of these cross as the value in them, read by the methods of the plain type itself.
_BASES: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    complex: lambda value: complex(complex.__pos__(value)),
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: lambda value: bytearray(bytes(value)),
    Counter: lambda value: Counter(dict(dict.items(value))),
    defaultdict: lambda value: defaultdict(None, dict.items(value)),
    OrderedDict: lambda value: OrderedDict(OrderedDict.items(value)),
    dict: lambda value: dict(dict.items(value)),
    list: lambda value: list(list.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    deque: lambda value: deque(deque.__iter__(value)),
}


def _members(value: Any, pack: Pack) -> list[Any]:
    return [pack(member) for member in value]


def _pairs(value: Any, pack: Pack) -> list[Any]:
    return [[pack(key), pack(member)] for key, member in value.items()]


def _dict(content: Any, unpack: Pack) -> dict[Any, Any]:
    return {unpack(key): unpack(value) for key, value in content}


def _late(kind: type) -> tuple[str, Callable[[Any, Pack], Any]] | None:
    """How a type of a module is written that only some programs import, which then has it loaded."""
    name = kind.__name__
    if name in _LATE:
        module, write = _LATE[name]
        if getattr(sys.modules.get(module), name, None) is kind:
            return name.lower(), write
    return None


def _moment(value: "datetime | time") -> Any:
    from datetime import timedelta, timezone

    zone = value.tzinfo
    if zone is not None and type(zone) is not timezone:
        return _NOT_PLAIN
    offset = None if zone is None else zone.utcoffset(None) / timedelta(microseconds=1)
    return [value.hour, value.minute, value.second, value.microsecond, offset, value.fold]


def _datetime(value: "datetime", _: Pack) -> Any:
    clock = _moment(value)
    return clock if clock is _NOT_PLAIN else [[value.year, value.month, value.day], clock]


def _read_datetime(content: Any) -> "datetime":
    from datetime import date, datetime

    return datetime.combine(date(*content[0]), _clock(content[1]))


def _date(content: Any) -> "date":
    from datetime import date

    return date(*content)


def _span(content: Any) -> "timedelta":
    from datetime import timedelta

    return timedelta(*content)


def _clock(content: Any) -> "time":
    from datetime import time, timedelta, timezone

    hour, minute, second, microsecond, offset, fold = content
    zone = None if offset is None else timezone(timedelta(microseconds=offset))
    return time(hour, minute, second, microsecond, zone, fold=fold)


def _fraction(value: "Fraction", _: Pack) -> Any:
    short = max(value.numerator.bit_length(), value.denominator.bit_length()) <= 3 * MOST_DIGITS
    return [hex(value.numerator), hex(value.denominator)] if short else _NOT_PLAIN


def _decimal(value: "Decimal", _: Pack) -> Any:
    short = max(len(value.as_tuple().digits), abs(value.adjusted())) <= MOST_DIGITS
    return str(value) if short else _NOT_PLAIN


def _read_fraction(content: Any) -> "Fraction":
    from fractions import Fraction

    numerator, denominator = content
    if max(len(numerator), len(denominator)) > MOST_DIGITS:
        raise ValueError("too many digits")
    return Fraction(int(numerator, 16), int(denominator, 16))


def _read_decimal(content: Any) -> "Decimal":
    from decimal import Decimal

    if len(content) > MOST_DIGITS + 30:
        raise ValueError("too many digits")
    value = Decimal(content)
    if abs(value.adjusted()) > MOST_DIGITS:
        raise ValueError("too large or small")
    return value


_NAMES = {kind: kind.__name__ for kind in TYPES}
_TYPES = {name: kind for kind, name in _NAMES.items()}

_WRITERS: dict[type, tuple[str, Callable[[Any, Pack], Any]]] = {
    tuple: ("tuple", _members),
    set: ("set", _members),
    frozenset: ("frozenset", _members),
    dict: ("dict", _pairs),
    Counter: ("counter", _pairs),
    defaultdict: ("defaultdict", _pairs),
    OrderedDict: ("ordered", _pairs),
    MappingProxyType: ("proxy", _pairs),
    type({}.keys()): ("keys", _members),
    type({}.items()): ("items", lambda value, pack: _members(value, pack)),
    deque: ("deque", lambda value, pack: [_members(value, pack), value.maxlen]),
    complex: ("complex", lambda value, _: [value.real, value.imag]),
    bytes: ("bytes", lambda value, _: value.decode("latin-1")),
    bytearray: ("bytearray", lambda value, _: value.decode("latin-1")),
    range: ("range", lambda value, pack: [pack(value.start), pack(value.stop), pack(value.step)]),
    type(...): ("ellipsis", lambda value, _: None),
    type: ("type", lambda value, _: _NAMES.get(value, _NOT_PLAIN)),
}

_LATE: dict[str, tuple[str, Callable[[Any, Pack], Any]]] = {
    "Fraction": ("fractions", _fraction),
    "Decimal": ("decimal", _decimal),
    "datetime": ("datetime", _datetime),
    "date": ("datetime", lambda value, _: [value.year, value.month, value.day]),
    "time": ("datetime", lambda value, _: _moment(value)),
    "timedelta": ("datetime", lambda value, _: [value.days, value.seconds, value.microseconds]),
}

_READERS: dict[str, Callable[[Any, Pack], Any]] = {
    "int": lambda content, _: int(content, 16),
    "tuple": lambda content, unpack: tuple([unpack(member) for member in content]),
    "set": lambda content, unpack: {unpack(member) for member in content},
    "frozenset": lambda content, unpack: frozenset([unpack(member) for member in content]),
    "dict": _dict,
    "counter": lambda content, unpack: Counter(_dict(content, unpack)),
    "defaultdict": lambda content, unpack: defaultdict(None, _dict(content, unpack)),
    "ordered": lambda content, unpack: OrderedDict(_dict(content, unpack)),
    "proxy": lambda content, unpack: MappingProxyType(_dict(content, unpack)),
    "keys": lambda content, unpack: dict.fromkeys([unpack(key) for key in content]).keys(),
    "items": lambda content, unpack: dict([unpack(pair) for pair in content]).items(),
    "deque": lambda content, unpack: deque([unpack(member) for member in content[0]], content[1]),
    "complex": lambda content, _: complex(*content),
    "bytes": lambda content, _: content.encode("latin-1"),
    "bytearray": lambda content, _: bytearray(content.encode("latin-1")),
    "range": lambda content, unpack: range(*[unpack(part) for part in content]),
    "fraction": lambda content, _: _read_fraction(content),
    "decimal": lambda content, _: _read_decimal(content),
    "datetime": lambda content, _: _read_datetime(content),
    "date": lambda content, _: _date(content),
    "time": lambda content, _: _clock(content),
    "timedelta": lambda content, _: _span(content),
    "ellipsis": lambda content, _: ...,
    "type": lambda content, _: _TYPES[content],
}
