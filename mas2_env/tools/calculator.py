"""A calculator: exact rational arithmetic on a bounded expression, without `eval`."""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from mas2_env.errors import Mas2Error
from mas2_env.task import ToolSpec

MAX_CHARACTERS = 500
MAX_DEPTH = 40
MAX_BITS = 1024

CALCULATOR = ToolSpec(
    name="calculator",
    description="Computes an arithmetic expression exactly.",
    parameters={
        "type": "object",
        "properties": {
            "expression": {
                "type": "string",
                "description": "numbers with + - * / // % ** and parentheses, e.g. (12 + 8) * 3 or 15% * 80; "
                "a == b says whether both sides are equal",
                "maxLength": MAX_CHARACTERS,
            }
        },
        "required": ["expression"],
        "additionalProperties": False,
    },
)

_TOKEN = re.compile(r"\s*(?:(\d[\d,]*(?:\.\d*)?|\.\d+)|(\*\*|//|[-+*/%^()x×÷−·])|(\S))")
_SAME = {"^": "**", "x": "*", "×": "*", "·": "*", "÷": "/", "−": "-"}


class CalculationError(Mas2Error):
    """An expression that is not arithmetic, has no value or is too large."""


def call_calculator(arguments: Mapping[str, Any]) -> str:
    """Perform a tool call: the value, or `error: ...` saying what was expected. Never raises."""
    expression = arguments.get("expression")
    if not isinstance(expression, str):
        got = "no expression" if expression is None else type(expression).__name__
        return f'error: calculator expects {{"expression": string}}, got {got}'
    return calculate(expression)


@lru_cache(maxsize=4096)
def calculate(expression: str) -> str:
    """The value as text, for an equation `true` or `false`, or `error: ...`. Never raises."""
    left, equals, right = expression.partition("==")
    try:
        if equals:
            return "true" if evaluate(left) == evaluate(right) else "false"
        return show(evaluate(expression))
    except CalculationError as error:
        return f"error: {error}"


def show(value: Fraction) -> str:
    """An integer, a terminating decimal of at most 12 places, or a fraction with its approximate value."""
    if value.denominator == 1:
        return str(value.numerator)
    if 10**12 % value.denominator == 0:
        sign, scaled = "-" * (value < 0), str(abs(value.numerator) * (10**12 // value.denominator)).zfill(13)
        return f"{sign}{scaled[:-12]}.{scaled[-12:].rstrip('0')}"
    return f"{value.numerator}/{value.denominator} (about {float(value):.6g})"


def evaluate(expression: str) -> Fraction:
    """Exact value of an expression over `+ - * / // % **`, parentheses and percentages.

    `%` after a number is a percentage unless an operand follows it: `15% * 80` is 12, `17 % 5` is 2. `^`,
    `×`, `÷`, `x` and dollar signs are understood, and commas between thousands.

    Raises:
        CalculationError: with what is wrong and where.
    """
    if len(expression) > MAX_CHARACTERS:
        raise CalculationError(
            f"the expression has {len(expression)} characters, the limit is {MAX_CHARACTERS}"
        )
    tokens = _tokens(expression)
    if not tokens:
        raise CalculationError("the expression is empty; expected something like (12 + 8) * 3")
    parser = _Parser(tokens)
    value = parser.sum(0)
    if parser.place < len(tokens):
        raise CalculationError(
            f"unexpected {tokens[parser.place]!r} after {' '.join(tokens[: parser.place])!r}"
        )
    return value


def _tokens(expression: str) -> list[str]:
    tokens: list[str] = []
    text = expression.replace("$", "").rstrip()
    for match in _TOKEN.finditer(text):
        number, operator, other = match.groups()
        if other:
            raise CalculationError(
                f"{other!r} at position {match.start(3) + 1} is not arithmetic; "
                "use numbers, + - * / // % ** and parentheses"
            )
        tokens.append(number.replace(",", "") if number else _SAME.get(operator, operator))
    return tokens


def _is_number(token: str) -> bool:
    return token[0].isdigit() or token[0] == "."


class _Parser:
    """Recursive descent over the tokens; `depth` counts the nesting of parentheses, signs and powers."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while (operator := self.peek()) in ("+", "-"):
            self.place += 1
            other = self.product(depth)
            value = _bounded(value + other if operator == "+" else value - other)
        return value

    def product(self, depth: int) -> Fraction:
        value = self.signed(depth)
        while (operator := self.peek()) in ("*", "/", "//", "%"):
            self.place += 1
            value = _multiply(operator, value, self.signed(depth))
        return value

    def signed(self, depth: int) -> Fraction:
        if depth > MAX_DEPTH:
            raise CalculationError(f"the expression is nested more than {MAX_DEPTH} deep")
        if (sign := self.peek()) in ("+", "-"):
            self.place += 1
            value = self.signed(depth + 1)
            return -value if sign == "-" else value
        return self.power(depth)

    def power(self, depth: int) -> Fraction:
        base = self.percent(depth)
        if self.peek() != "**":
            return base
        self.place += 1
        return _power(base, self.signed(depth + 1))

    def percent(self, depth: int) -> Fraction:
        value = self.operand(depth)
        while self.peek() == "%":
            after = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else ")"
            if after == "(" or _is_number(after):
                break
            self.place += 1
            value /= 100
        return value

    def operand(self, depth: int) -> Fraction:
        token = self.peek()
        if not token:
            raise CalculationError(f"a number is missing at the end of {' '.join(self.tokens)!r}")
        self.place += 1
        if _is_number(token):
            return _bounded(Fraction(token))
        if token != "(":
            before = " ".join(self.tokens[: self.place - 1])
            raise CalculationError(
                f"expected a number, found {token!r}" + (f" after {before!r}" if before else "")
            )
        value = self.sum(depth + 1)
        if self.peek() != ")":
            raise CalculationError("a closing parenthesis is missing")
        self.place += 1
        return value


def _multiply(operator: str, value: Fraction, other: Fraction) -> Fraction:
    if operator == "*":
        return _bounded(value * other)
    if other == 0:
        raise CalculationError("division by zero")
    if operator == "/":
        return _bounded(value / other)
    return Fraction(value // other) if operator == "//" else value % other


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise CalculationError(f"the exponent {show(exponent)} is not a whole number")
    if base == 0 and exponent < 0:
        raise CalculationError("division by zero")
    size = max(abs(base.numerator), base.denominator).bit_length() - 1
    if size * abs(exponent.numerator) > MAX_BITS or abs(exponent.numerator) > 10**9:
        raise CalculationError("the power is too large")
    return _bounded(base**exponent.numerator)


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > MAX_BITS or value.denominator.bit_length() > MAX_BITS:
        raise CalculationError(f"a number has more than {MAX_BITS} bits")
    return value
