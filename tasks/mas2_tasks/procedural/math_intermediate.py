"""Problems of MATH's subject Intermediate Algebra."""

from fractions import Fraction

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import Exact, gaussian, interval, point, polynomial, root, show
from mas2_tasks.procedural.math_algebra import nonzero
from mas2_tasks.procedural.puzzle import Puzzle, ask, number, puzzle


def value_at(coefficients: list[int], x: int) -> int:
    """Value of a polynomial, highest power first."""
    value = 0
    for factor in coefficients:
        value = value * x + factor
    return value


def remainder(draw: Draw, level: int) -> Puzzle:
    """The remainder of a division by a linear factor."""
    terms = [nonzero(draw, 3 + level) for _ in range(3 + level // 2)]
    at = nonzero(draw, 1 + level // 2)
    value = value_at(terms, at)
    text = draw.pick(
        (
            f"What is the remainder when ${polynomial(terms)}$ is divided by ${polynomial((1, -at))}$?",
            f"Find the remainder of ${polynomial(terms)}$ upon division by ${polynomial((1, -at))}$.",
        )
    )
    steps = [f"By the remainder theorem it is the value at $x = {at}$.", f"That value is ${value}$."]
    return number(text, value, steps, [value_at(terms, -at), terms[-1], sum(terms), -value])


def quotient(draw: Draw, level: int) -> Puzzle:
    """The quotient of a polynomial division."""
    terms = [nonzero(draw, 2 + level) for _ in range(2 + level // 2)]
    at, rest = nonzero(draw, 3 + level), nonzero(draw, 9)
    whole = [one - at * before for one, before in zip([*terms, 0], [0, *terms], strict=True)]
    whole[-1] += rest
    text = f"Find the quotient when ${polynomial(whole)}$ is divided by ${polynomial((1, -at))}$."
    answer = polynomial(terms)
    steps = [
        f"Synthetic division by ${at}$ gives the coefficients "
        + ", ".join([f"${one}$" for one in terms])
        + f" and the remainder ${rest}$.",
        f"So the quotient is ${answer}$.",
    ]
    wrong = [
        [*terms[:-1], -terms[-1]],
        [*terms, rest],
        [-terms[0], *terms[1:]],
        [*terms[:-1], terms[-1] + at],
    ]
    return puzzle(text, answer, steps, [polynomial(one) for one in wrong])


def vieta(draw: Draw, level: int) -> Puzzle:
    """Symmetric expressions of roots."""
    p, q, r = nonzero(draw, 3 + level), nonzero(draw, 5 + level), nonzero(draw, 5 + level)
    kinds: dict[str, tuple[Fraction, list[Exact]]]
    if level < 4:
        shown, e1, e2 = polynomial((1, p, q)), -p, q
        kinds = {
            "r^2 + s^2": (Fraction(e1**2 - 2 * e2), [e1**2, e1**2 + 2 * e2, e2**2]),
            "\\frac{1}{r} + \\frac{1}{s}": (
                Fraction(e1, e2),
                [Fraction(-e1, e2), Fraction(e2, e1), Fraction(1, e1)],
            ),
            "(r - s)^2": (Fraction(e1**2 - 4 * e2), [e1**2 - 2 * e2, e1**2, e1**2 + 4 * e2]),
        }
        names = "$r$ and $s$"
    else:
        shown, e1, e2, e3 = polynomial((1, p, q, r)), -p, q, -r
        kinds = {
            "a^2 + b^2 + c^2": (Fraction(e1**2 - 2 * e2), [e1**2, e1**2 + 2 * e2, e2**2]),
            "\\frac{1}{a} + \\frac{1}{b} + \\frac{1}{c}": (
                Fraction(e2, e3),
                [Fraction(-e2, e3), Fraction(e1, e3), Fraction(e3, e2)],
            ),
            "a^3 + b^3 + c^3": (
                Fraction(e1**3 - 3 * e1 * e2 + 3 * e3),
                [e1**3, e1**3 - 3 * e1 * e2, e1**3 - 3 * e1 * e2 - 3 * e3],
            ),
            "(1 + a)(1 + b)(1 + c)": (Fraction(1 + e1 + e2 + e3), [1 - e1 + e2 - e3, 1 + e3, e1 + e2 + e3]),
        }
        names = "$a$, $b$ and $c$"
    asked = draw.pick(tuple(kinds))
    value, wrong = kinds[asked]
    text = draw.pick(
        (f"Let {names} be the roots of ${shown} = 0$. ", f"The polynomial ${shown}$ has the roots {names}. ")
    )
    text += ask(draw, f"${asked}$")
    steps = [
        f"By Vieta's formulas the roots sum to ${e1}$, and the sum of their products by pairs is ${e2}$.",
        f"Writing ${asked}$ by these gives ${show(value)}$.",
    ]
    return number(text, value, steps, wrong)


def complex_numbers(draw: Draw, level: int) -> Puzzle:
    """A product or quotient of complex numbers."""
    a, b, c, d = (nonzero(draw, 2 + level) for _ in range(4))
    z, w = gaussian(a, b), gaussian(c, d)
    wrong: list[tuple[Exact, Exact]]
    real, imaginary = a * c - b * d, a * d + b * c
    if level < 3:
        text = draw.pick(
            (
                f"Simplify $({z})({w})$.",
                f"Multiply: $({z})({w})$.",
                f"Compute $({z})({w})$, where $i^2 = -1$.",
            )
        )
        answer = gaussian(real, imaginary)
        steps = [
            f"The real part is ${a * c} - ({b * d}) = {real}$.",
            f"With the imaginary part it is ${answer}$.",
        ]
        wrong = [
            (a * c + b * d, imaginary),
            (real, a * d - b * c),
            (a * c, b * d),
            (real, -imaginary),
            (-real, imaginary),
        ]
        return puzzle(text, answer, steps, [gaussian(*one) for one in wrong])
    size = c * c + d * d
    x, y = Fraction(a * c + b * d, size), Fraction(b * c - a * d, size)
    text = draw.pick(
        (
            f"Simplify $\\frac{{{z}}}{{{w}}}$. Express your answer in the form $a + bi$.",
            f"Write $\\frac{{{z}}}{{{w}}}$ as $a + bi$ with real $a$ and $b$.",
        )
    )
    answer = gaussian(x, y)
    steps = [
        f"Multiply top and bottom by the conjugate ${gaussian(c, -d)}$; the denominator becomes ${size}$.",
        f"This gives ${answer}$.",
    ]
    wrong = [
        (Fraction(real, size), Fraction(imaginary, size)),
        (x, -y),
        (x * size, y * size),
        (Fraction(a, c), Fraction(b, d)),
        (-x, y),
        (x + 1, y),
    ]
    return puzzle(text, answer, steps, [gaussian(*one) for one in wrong])


def rational(draw: Draw, level: int) -> Puzzle:
    """A rational inequality."""
    a = nonzero(draw, 20 + 5 * level)
    b = a + draw.between(1, 20 + 5 * level)
    top, bottom = (a, b) if draw.chance(0.5) else (b, a)
    text = (
        f"Find all real values of $x$ such that "
        f"$\\frac{{{polynomial((1, -top))}}}{{{polynomial((1, -bottom))}}} "
        "{} 0$. Give your answer in interval notation."
    )
    above = draw.chance(0.5)
    text = text.replace("{}", "\\ge" if above else "\\le")
    low, high = min(a, b), max(a, b)
    outer = f"{interval(None, low, False, low == top)} \\cup {interval(high, None, high == top)}"
    inner = interval(low, high, low == top, high == top)
    answer, other = (outer, inner) if above else (inner, outer)
    steps = [
        f"The sign changes at ${low}$ and ${high}$, and $x = {bottom}$ is not allowed.",
        f"The solution is ${answer}$.",
    ]
    wrong = [other]
    if above:
        wrong += [
            f"{interval(None, low, False, True)} \\cup {interval(high, None, True)}",
            interval(high, None, high == top),
        ]
    else:
        wrong += [interval(low, high, True, True), interval(None, high, False, high == top)]
    return puzzle(text, answer, steps, wrong)


def telescope(draw: Draw, level: int) -> Puzzle:
    """A telescoping sum."""
    gap, start, count = draw.between(1, level - 1), draw.between(1, 3 + level), draw.between(5, 20 * level)
    value = sum((Fraction(1, gap) * Fraction(1, start + i) for i in range(gap)), Fraction(0))
    last = start + count - 1
    value -= sum((Fraction(1, gap) * Fraction(1, last + 1 + i) for i in range(gap)), Fraction(0))
    text = ask(draw, f"$\\sum_{{n = {start}}}^{{{last}}} \\frac{{1}}{{n(n + {gap})}}$")
    steps = [
        f"Each term is $\\frac{{1}}{{{gap}}} \\left( \\frac{{1}}{{n}} - \\frac{{1}}{{n + {gap}}} \\right)$.",
        f"All but the ends cancel, which leaves ${show(value)}$.",
    ]
    wrong = [
        value * gap if gap > 1 else 1 - value,
        Fraction(1, start) - Fraction(1, last + gap),
        value * 2,
        Fraction(1, start) - Fraction(1, last),
    ]
    return number(text, value, steps, wrong)


def geometric(draw: Draw, level: int) -> Puzzle:
    """An infinite geometric series."""
    bottom = draw.between(2, 9 + 2 * level)
    ratio = Fraction(draw.between(1, bottom - 1), bottom) * draw.pick((1, -1) if level > 1 else (1,))
    first = Fraction(draw.between(1, 150 + 40 * level), draw.pick((1, 1, 2, 3, 5, 7)))
    value = first / (1 - ratio)
    if level < 3:
        text = (
            f"What is the sum of the infinite geometric series with first term ${show(first)}$ "
            f"and common ratio ${show(ratio)}$?"
        )
    else:
        text = ask(draw, f"$\\sum_{{k = 0}}^\\infty {show(first)} \\left( {show(ratio)} \\right)^k$")
    steps = [
        f"The first term is ${show(first)}$ and the ratio ${show(ratio)}$.",
        f"The sum is ${show(value)}$.",
    ]
    return number(
        text, value, steps, [first / (1 + ratio), first * ratio / (1 - ratio), first / ratio, 1 / (1 - ratio)]
    )


def logarithms(draw: Draw, level: int) -> Puzzle:
    """A logarithmic equation, or a value of logarithms."""
    base, p, q = draw.pick((2, 3, 5)), draw.between(1, 5), draw.between(2, 6)
    if level < 3:
        base = draw.pick((2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
        factor = draw.between(2, 30)
        value = Fraction(factor * q, p)
        text = ask(draw, f"${factor} \\log_{{{base**p}}} {base**q}$")
        steps = [
            f"${base**p} = {base}^{p}$ and ${base**q} = {base}^{q}$.",
            f"So the logarithm is ${show(Fraction(q, p))}$, and ${factor}$ times that is ${show(value)}$.",
        ]
        return number(text, value, steps, [Fraction(factor * p, q), factor * (q - p), Fraction(q, p)])
    power = draw.between(3, 4) if base < 5 else 3
    low, total = base ** draw.between(0, (power - 1) // 2), base**power
    high, shift = total // low, nonzero(draw, 300 + 100 * level)
    one, other = polynomial((1, shift)), polynomial((1, shift + high - low))
    text = draw.pick(
        (
            f"Solve $\\log_{base} ({one}) + \\log_{base} ({other}) = {power}$.",
            f"Find all real solutions of $\\log_{base} ({other}) = {power} - \\log_{base} ({one})$.",
        )
    )
    steps = [
        f"The product of the arguments is ${base}^{power} = {total}$, so they are ${low}$ and ${high}$.",
        f"Only $x = {low - shift}$ makes both positive.",
    ]
    return number(text, low - shift, steps, [-high - shift, low, high, total - shift])


def partial(draw: Draw, level: int) -> Puzzle:
    """Partial fractions."""
    a, b = nonzero(draw, 3 + level), nonzero(draw, 3 + level)
    if a == b:
        b = -a
    p, q = nonzero(draw, 3 + level), nonzero(draw, 3 + level)
    top = (p + q, -p * b - q * a)
    bottom = polynomial((1, -a - b, a * b))
    text = (
        f"Find the ordered pair $(A,B)$ such that $\\frac{{{polynomial(top)}}}{{{bottom}}} = "
        f"\\frac{{A}}{{{polynomial((1, -a))}}} + \\frac{{B}}{{{polynomial((1, -b))}}}$ for all real "
        "$x$ where both sides are defined."
    )
    answer = point(str(p), str(q))
    steps = [
        f"Multiplying out, ${polynomial(top)} = A({polynomial((1, -b))}) + B({polynomial((1, -a))})$.",
        f"At $x = {a}$ and $x = {b}$ this gives ${answer}$.",
    ]
    pairs = [(q, p), (-p, q), (p, -q), (p + 1, q - 1), (-p, -q)]
    return puzzle(text, answer, steps, [point(str(one), str(other)) for one, other in pairs])


def ellipse(draw: Draw, level: int) -> Puzzle:
    """Distances in ellipses and hyperbolas."""
    a, b = draw.between(3, 40 + 10 * level), draw.between(1, 40 + 10 * level)
    if a <= b:
        a, b = b + 1, a
    plus = draw.chance(0.5)
    total = a * a - b * b if plus else a * a + b * b
    curve = f"\\frac{{x^2}}{{{a * a}}} {'+' if plus else '-'} \\frac{{y^2}}{{{b * b}}} = 1"
    text = draw.pick(
        (
            f"What is the distance between the foci of the {'ellipse' if plus else 'hyperbola'} ${curve}$?",
            f"Find the distance between the two foci of ${curve}$.",
        )
    )
    answer = root(total, 2)
    steps = [
        f"Here $c^2 = {a * a} {'-' if plus else '+'} {b * b} = {total}$.",
        f"The distance is $2c = {answer}$.",
    ]
    other = a * a + b * b if plus else a * a - b * b
    return puzzle(text, answer, steps, [root(other, 2), root(total), str(2 * a), str(2 * b), str(2 * total)])


def least(draw: Draw, level: int) -> Puzzle:
    """The least value of a sum, by the inequality of the means."""
    a, b = draw.between(1, 10 + 3 * level), draw.between(1, 10 + 4 * level)
    shift = draw.between(0, 3) if level > 3 else 0
    tail = f"{polynomial((a, 0))} + \\frac{{{b}}}{{{'x' if not shift else f'x - {shift}'}}}"
    text = draw.pick(
        (
            f"For $x > {shift}$, find the minimum value of ${tail}$.",
            f"What is the smallest value that ${tail}$ takes for real $x > {shift}$?",
        )
    )
    if shift:
        # a x + b / (x - s) = a s + a t + b / t
        whole, inside = a * shift, a * b
        head = f"{whole} + " if whole else ""
        answer = show(whole + 2 * _isqrt(inside)) if _whole(inside) else head + root(inside, 2)
        wrong = [root(inside, 2), head + root(inside), head + root(b, 2), str(whole + a + b)]
    else:
        inside = a * b
        answer = root(inside, 2)
        wrong = [root(inside), str(a + b), root(inside, 4), str(2 * inside), root(inside, Fraction(1, 2))]
    steps = [
        f"By the inequality of the means the two terms, with product ${inside}$, sum to at least "
        f"${root(inside, 2)}$.",
        f"Equality can be reached, so the minimum is ${answer}$.",
    ]
    same = _numeric(wrong, answer)
    return puzzle(text, answer, steps, same)


def _numeric(wrong: list[str], answer: str) -> list[str]:
    """Those that are written without a sum of integers left undone."""
    kept = []
    for one in wrong:
        head, _, tail = one.partition(" + ")
        kept.append(str(int(head) + int(tail)) if tail.isdigit() else one)
    return [one for one in kept if one != answer]


def _whole(number: int) -> bool:
    return _isqrt(number) ** 2 == number


def _isqrt(number: int) -> int:
    return int(number**0.5 + 0.5)


FAMILIES = (
    (remainder, 1, 4),
    (quotient, 2, 5),
    (vieta, 2, 5),
    (complex_numbers, 1, 5),
    (rational, 3, 5),
    (telescope, 3, 5),
    (geometric, 1, 4),
    (logarithms, 1, 5),
    (partial, 3, 5),
    (ellipse, 2, 5),
    (least, 4, 5),
)
