"""Answers of MATH's families worked out anew from their texts, and problems that never come twice."""

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import permutations, product
from math import factorial

import pytest
import sympy
from mas2_tasks.procedural import (
    math_algebra,
    math_counting,
    math_geometry,
    math_intermediate,
    math_number,
    math_precalculus,
)
from mas2_tasks.procedural.competition import BLOCK, BY_LEVEL, PAGE, SUBJECTS, _shelf, _shuffled, problem
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.puzzle import Family
from mas2_tasks.procedural.relay import turned, value_of
from mas2_tasks.procedural.rewording import reworded

X = sympy.Symbol("x")
N = r"(-?\d+)"


def exact(latex: str) -> sympy.Expr:
    """What a formula of these texts says."""
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", latex.strip("$. "))
    text = text.replace("\\cdot", "*").replace("\\left", "").replace("\\right", "").replace("^", "**")
    text = re.sub(r"\{([^{}]*)\}", r"(\1)", text)
    text = re.sub(r"(\d|\))\s*(?=[a-z(])", r"\1*", text)
    return sympy.sympify(text)


def vectors(text: str) -> list[sympy.Matrix]:
    return [
        sympy.Matrix([exact(entry) for entry in found.split("\\\\")])
        for found in re.findall(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", text)
    ]


def linear(text: str) -> object:
    left, right = re.search(r"\$([^$]+=[^$]+)\$", text)[1].split("=")  # type: ignore[index]
    (root,) = sympy.solve(exact(left) - exact(right), X)
    return root


def roots(text: str) -> object:
    formula = re.search(r"\$([^$=]+)(?:= 0)?\$", text)[1]  # type: ignore[index]
    return ", ".join(sympy.latex(root).replace("- ", "-") for root in sorted(sympy.solve(exact(formula), X)))


def sum_of_dice(text: str) -> object:
    told, total, mode = re.search(r"dice(.*)sides", text)[1], int(re.findall(N, text)[-1]), "exactly"  # type: ignore[index]
    faces = [int(n) for n in re.findall(N, told)]
    mode = next(word for word in ("exactly", "at least", "at most") if word in text)
    sums = [sum(roll) for roll in product(*(range(1, n + 1) for n in faces))]
    good = {
        "exactly": [s for s in sums if s == total],
        "at least": [s for s in sums if s >= total],
        "at most": [s for s in sums if s <= total],
    }[mode]
    return Fraction(len(good), len(sums))


def arrangements(text: str) -> object:
    word = max(re.findall(r"\b[A-Z]{4,}\b", text), key=len)
    if len(word) > 7:
        return None
    orders = set(permutations(word))
    first = re.search(r"begin with the letter (\w)", text)
    return sum(1 for order in orders if first is None or order[0] == first[1])


def divisors(text: str) -> object:
    number = int(re.findall(N, text)[-1])
    return sum(sympy.divisors(number)) if "sum" in text else len(sympy.divisors(number))


def congruences(text: str) -> object:
    pairs = [(int(r), int(m)) for r, m in re.findall(rf"\${N}\$ when divided by \${N}\$", text)]
    return next(n for n in range(1, 10**6) if all(n % m == r for r, m in pairs))


def zeros(text: str) -> object:
    n = int(re.search(r"(\d+)!", text)[1])  # type: ignore[index]
    prime = int(re.search(r"(\d+)\^k", text)[1]) if "^k" in text else 5  # type: ignore[index]
    if n > 900:
        return None
    count, whole = 0, factorial(n)
    while whole % prime == 0:
        count, whole = count + 1, whole // prime
    return count


def units(text: str) -> object:
    a, p, sign, b, q = re.search(r"(\d+)\^\{(\d+)\} (\+|\\cdot) (\d+)\^\{(\d+)\}", text).groups()  # type: ignore[union-attr]
    one, other = int(a) ** int(p), int(b) ** int(q)
    return (one + other if sign == "+" else one * other) % 10


def polygon(text: str) -> object:
    if "how many diagonals start" in text or "vertex?" in text:
        return int(re.findall(N, text)[0]) - 3
    if "sum of the interior" in text:
        return 180 * (int(re.findall(N, text)[0]) - 2)
    if "diagonals have" in text or re.search(r"How many diagonals does", text):
        n = int(re.findall(N, text)[0])
        return n * (n - 1) // 2 - n
    return None


def remainder(text: str) -> object:
    formulas = [found for found in re.findall(r"\$([^$]+)\$", text) if "x" in found]
    return sympy.rem(exact(formulas[0]), exact(formulas[1]), X) if len(formulas) == 2 else None


def cross(text: str) -> object:
    one, other = vectors(text)[:2]
    return list(one.cross(other))


CHECKED: tuple[tuple[Family, int, Callable[[str], object]], ...] = (
    (math_algebra.linear, 3, linear),
    (math_algebra.roots, 4, roots),
    (math_counting.dice, 3, sum_of_dice),
    (math_counting.letters, 4, arrangements),
    (math_number.divisors, 4, divisors),
    (math_number.congruences, 4, congruences),
    (math_number.zeros, 3, zeros),
    (math_number.units, 2, units),
    (math_geometry.polygon, 3, polygon),
    (math_intermediate.remainder, 3, remainder),
    (math_precalculus.cross, 3, cross),
)


@pytest.mark.parametrize(
    ("family", "level", "solve"), CHECKED, ids=lambda part: getattr(part, "__name__", "")
)
def test_answers_hold_when_worked_out_anew(
    family: Family, level: int, solve: Callable[[str], object]
) -> None:
    checked = 0
    for index in range(40):
        made = family(Draw("anew", family.__name__, index), level)
        found = solve(made.text)
        if found is None:
            continue
        checked += 1
        if isinstance(found, str):
            assert made.answer == found
        elif isinstance(found, list):
            assert list(vectors(made.answer)[0]) == found
        else:
            assert exact(made.answer) == sympy.sympify(found), made.text
    assert checked >= 10


def test_a_block_holds_every_level_as_often_as_the_test_set_does() -> None:
    assert sorted(_shuffled(place, 3, 5) for place in range(BLOCK)) == list(range(BLOCK))
    found = [problem("t", 3, index)[1] for index in range(BLOCK)]
    for level, count in enumerate(BY_LEVEL, 1):
        assert abs(found.count(level) / BLOCK - count / sum(BY_LEVEL)) < 0.01


def test_no_page_runs_out() -> None:
    """The families with the fewest problems; each page is drawn from a quarter of what they have."""
    few = (math_geometry.polygon, math_number.divisors, math_number.inverse, math_algebra.radical)
    for family in few:
        subject = next(
            name for name, families in SUBJECTS.items() if any(one[0] is family for one in families)
        )
        shelf = _shelf("t", 1, subject, family, 0)
        texts = [shelf.puzzle(level, rank).text for rank in range(PAGE) for level in shelf.levels]
        assert len(set(texts)) == len(texts)


def test_later_pages_end_in_turns_of_their_own() -> None:
    made = math_number.zeros(Draw("turn"), 3)
    texts = [turned(made, page, Draw(page)).text for page in range(1, 400)]
    turns = {re.search(r"\d+N [+-] \d+", text)[0] for text in texts}  # type: ignore[index]
    assert len(turns) == 399
    far = problem("t", 0, 10**9)[2]
    assert "N" in far.text or re.match(r"\w+ \d+\. ", far.text)


def test_relays_and_turns_carry_values() -> None:
    seen = 0
    for index in range(1200):
        made = problem("t", 5, index)[2]
        values = dict(re.findall(r"So \$([A-Z]) = ([^$]+)\$\.", "\n".join(made.steps)))
        named = re.fullmatch(r"Then \$([^$=]+) = ([^$]+)\$\.", made.steps[-1])
        if named and len(values) == 2:
            seen += 1
            assert exact(_with(named[1], values)) == exact(made.answer)
    assert seen > 40
    assert value_of("-\\frac{3}{4}") == Fraction(-3, 4)
    assert value_of("\\pi") is None


def _with(asked: str, values: dict[str, str]) -> str:
    return re.sub(r"(\d*)([A-Z])", lambda found: f"{found[1] or 1} * ({values[found[2]]})", asked)


def test_rewording_keeps_the_formulas() -> None:
    text = "If $a = 2$, what is $a + 1$?"
    found = {reworded(Draw(index), text) for index in range(200)}
    assert "What is $a + 1$ if $a = 2$?" in found
    assert all("$a = 2$" in one and "$a + 1$" in one for one in found)
    assert len(found) > 10
