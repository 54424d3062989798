from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.tools.calculator import CalculationError, calculate, call_calculator, evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("16 - 3 - 4", "9"),
        ("(12 + 8) * 3 / 4", "15"),
        ("200*40*.01", "80"),
        ("0.1 + 0.2", "0.3"),
        ("1/3", "1/3 (about 0.333333)"),
        ("-7 // 2", "-4"),
        ("17 % 5", "2"),
        ("15% * 80", "12"),
        ("80 * (100% - 25%)", "60"),
        ("2**3**2", "512"),
        ("-2**2", "-4"),
        ("2**-2", "0.25"),
        ("$1,200 / 4", "300"),
        ("3 x 4 × 5 ÷ 2 − 1", "29"),
        ("2^10", "1024"),
        ("-1/8", "-0.125"),
        ("+5", "5"),
    ],
)
def test_values_are_exact(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "the expression is empty"),
        ("2 +", "a number is missing at the end"),
        ("2 + * 3", r"expected a number, found '\*' after '2 \+'"),
        ("(2 + 3", "a closing parenthesis is missing"),
        ("2 3", "unexpected '3' after '2'"),
        ("1 / 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("5 % 0", "division by zero"),
        ("4 ** 0.5", "the exponent 0.5 is not a whole number"),
        ("9**9**9**9", "the power is too large"),
        ("1**9999999999", "the power is too large"),
        ("__import__('os')", "'_' at position 1 is not arithmetic"),
        ("1" * 400, "more than 1024 bits"),
        ("1" * 501, "has 501 characters, the limit is 500"),
        ("(" * 60 + "1" + ")" * 60, "nested more than 40 deep"),
        ("-" * 100 + "1", "nested more than 40 deep"),
    ],
)
def test_what_cannot_be_computed_says_why(expression: str, message: str) -> None:
    with pytest.raises(CalculationError, match=message):
        evaluate(expression)
    assert calculate(expression).startswith("error: ")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("2 + 2 == 4", "true"),
        ("17 % 5 == 3", "false"),
        ("1/3 == 2/6", "true"),
        ("0.1 + 0.2 == 0.3", "true"),
        (
            "2 == 2 == 2",
            "error: '=' at position 4 is not arithmetic; use numbers, + - * / // % ** and parentheses",
        ),
        ("2 ==", "error: the expression is empty; expected something like (12 + 8) * 3"),
        ("2 = 2", "error: '=' at position 3 is not arithmetic; use numbers, + - * / // % ** and parentheses"),
    ],
)
def test_an_equation_is_true_or_false(expression: str, said: str) -> None:
    assert calculate(expression) == said


def test_a_call_of_another_shape_is_told_what_is_expected() -> None:
    assert call_calculator({"expression": "6 * 7"}) == "42"
    assert call_calculator({}) == 'error: calculator expects {"expression": string}, got no expression'
    assert call_calculator({"expression": 5}).endswith("got int")


@given(st.text(alphabet="0123456789.+-*/%()^x ,$", max_size=60))
def test_any_text_is_answered(expression: str) -> None:
    assert calculate(expression)


@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 99))
def test_agrees_with_rational_arithmetic(a: int, b: int, c: int) -> None:
    assert evaluate(f"({a} - {b}) * {a} / {c} + {b}") == Fraction(a - b) * a / c + b
