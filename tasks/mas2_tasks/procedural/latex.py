r"""Exact values as LaTeX, in the style of MATH's answers."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, isqrt
from typing import TypeAlias

Exact: TypeAlias = int | Fraction


def show(value: Exact) -> str:
    r"""An integer or a fraction in lowest terms, `-\frac{3}{4}`."""
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return f"{sign}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def signed(value: Exact) -> str:
    """With its sign as an operator: `+ 3`, `- 3`."""
    return f"- {show(-value)}" if value < 0 else f"+ {show(value)}"


def times(factor: Exact, what: str) -> str:
    """A product without a factor of one: `3x`, `-x`."""
    if factor == 1:
        return what
    return f"-{what}" if factor == -1 else f"{show(factor)}{what}"


def size_of(value: Exact) -> Exact:
    """The absolute value."""
    return -value if value < 0 else value


def polynomial(coefficients: Sequence[Exact], name: str = "x") -> str:
    """A polynomial from its coefficients, that of the highest power first: `2x^2 - x + 5`."""
    text = ""
    for place, factor in enumerate(coefficients):
        power = len(coefficients) - 1 - place
        if not factor:
            continue
        bare = name if power == 1 else f"{name}^{power}" if power < 10 else f"{name}^{{{power}}}"
        size = size_of(factor)
        term = times(size, bare) if power else show(size)
        if text:
            text += f" - {term}" if factor < 0 else f" + {term}"
        else:
            text = f"-{term}" if factor < 0 else term
    return text or "0"


def square_part(number: int) -> tuple[int, int]:
    """`(a, b)` with a^2 b = number and b without a square factor."""
    outside, inside, factor = 1, number, 2
    while factor * factor <= inside:
        while inside % (factor * factor) == 0:
            inside //= factor * factor
            outside *= factor
        factor += 1
    return outside, inside


def is_square(number: int) -> bool:
    """Whether it is the square of an integer."""
    return number >= 0 and isqrt(number) ** 2 == number


def over(top: str, value: Exact) -> str:
    r"""A multiple of a symbol, the whole of it as one fraction: `\frac{3\pi}{4}`."""
    size, sign = size_of(value), "-" if value < 0 else ""
    if not value:
        return "0"
    upper = times(size.numerator, top)
    return f"{sign}{upper}" if size.denominator == 1 else f"{sign}\\frac{{{upper}}}{{{size.denominator}}}"


def root(number: int, factor: Exact = 1) -> str:
    r"""`factor` times the square root of `number`, simplified: `6\sqrt{2}`, `\frac{\sqrt{3}}{2}`."""
    outside, inside = square_part(number)
    value = Fraction(factor) * outside
    return show(value) if inside == 1 else over(f"\\sqrt{{{inside}}}", value)


def root_of(value: Exact) -> str:
    """The square root of a positive rational number, with a rational denominator."""
    return root(value.numerator * value.denominator, Fraction(1, value.denominator))


def surd(whole: Exact, factor: Exact, number: int) -> str:
    r"""`whole` plus `factor` times the root of `number`, which has no square factor: `2 + \sqrt{3}`."""
    if not factor:
        return show(whole)
    tail = root(number, size_of(factor))
    if not whole:
        return root(number, factor)
    return f"{show(whole)} - {tail}" if factor < 0 else f"{show(whole)} + {tail}"


def gaussian(real: Exact, imaginary: Exact) -> str:
    """A complex number: `3 - 2i`."""
    if not imaginary:
        return show(real)
    tail = over("i", size_of(imaginary))
    if not real:
        return tail if imaginary > 0 else f"-{tail}"
    return f"{show(real)} - {tail}" if imaginary < 0 else f"{show(real)} + {tail}"


def listed(values: Iterable[Exact]) -> str:
    """Values in ascending order, separated by commas."""
    return ", ".join([show(value) for value in sorted(values)])


def point(*entries: str) -> str:
    r"""A tuple; large parentheses where an entry is a fraction."""
    inside = ", ".join(entries)
    return f"\\left( {inside} \\right)" if "\\frac" in inside else f"({inside})"


def matrix(rows: Sequence[Sequence[Exact]]) -> str:
    """A matrix in parentheses, fractions and all."""
    lines = " \\\\ ".join([" & ".join([show(entry) for entry in row]) for row in rows])
    return f"\\begin{{pmatrix}} {lines} \\end{{pmatrix}}"


def column(entries: Sequence[Exact]) -> str:
    """A column vector."""
    return matrix([[entry] for entry in entries])


def interval(low: Exact | None, high: Exact | None, low_in: bool = False, high_in: bool = False) -> str:
    """An interval; None is infinity."""
    left = "-\\infty" if low is None else show(low)
    right = "\\infty" if high is None else show(high)
    return f"{'[' if low_in else '('}{left},{right}{']' if high_in else ')'}"


def in_base(number: int, base: int) -> str:
    """Digits of a number in a base of at most ten."""
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = str(digit) + digits
    return digits or "0"


def lcm(*numbers: int) -> int:
    """Least common multiple."""
    value = 1
    for number in numbers:
        value = value * number // gcd(value, number)
    return value
