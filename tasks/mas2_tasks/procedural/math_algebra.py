"""Problems of MATH's subject Algebra."""

from fractions import Fraction

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import interval, listed, point, polynomial, root, show, signed, square_part
from mas2_tasks.procedural.puzzle import Puzzle, ask, number, puzzle


def nonzero(draw: Draw, size: int) -> int:
    """An integer in [-size, size] that is not 0."""
    return draw.between(1, size) * draw.pick((1, -1))


def linear(draw: Draw, level: int) -> Puzzle:
    """A linear equation with parentheses."""
    size = 3 + 2 * level
    a, b, c, d, e = (nonzero(draw, size) for _ in range(5))
    if a == c:
        a += 1 if a > 0 else -1
    left = f"{a}(x {signed(b)})" if level > 1 else polynomial((a, a * b))
    right = f"{polynomial((c, d))} {signed(e)}" if level > 2 else polynomial((c, d + e))
    value = Fraction(d + e - a * b, a - c)
    text = draw.pick(
        (
            f"Solve for $x$: ${left} = {right}$.",
            f"If ${left} = {right}$, what is $x$?",
            f"What value of $x$ satisfies ${left} = {right}$?",
            f"Find the solution of the equation ${left} = {right}$.",
        )
    )
    steps = [
        f"Expanding, ${polynomial((a, a * b))} = {polynomial((c, d + e))}$.",
        f"Collecting terms, ${polynomial((a - c, 0))} = {d + e - a * b}$.",
        f"Therefore $x = {show(value)}$.",
    ]
    wrong = [
        Fraction(d + e - b, a - c),
        Fraction(d + e + a * b, a - c),
        Fraction(d + e - a * b, a + c) if a + c else value + 1,
        -value,
    ]
    return number(text, value, steps, wrong)


def roots(draw: Draw, level: int) -> Puzzle:
    """All roots of a quadratic that factors."""
    p, q = nonzero(draw, 30 + 10 * level), nonzero(draw, 30 + 10 * level)
    if p in (q, -q):
        q = p + draw.between(1, 5) if p > 0 else p - draw.between(1, 5)
    lead = 1 if level < 4 else draw.between(2, 2 + level)
    # (lead x - p)(x - q)
    shown = polynomial((lead, -p - lead * q, p * q))
    one, other = Fraction(p, lead), Fraction(q)
    if one == other:
        other = Fraction(q + 1)
        shown = polynomial((lead, -p - lead * (q + 1), p * (q + 1)))
    text = draw.pick(
        (
            f"Find all solutions of ${shown} = 0$. Enter them separated by commas.",
            f"What are the roots of ${shown}$? List them, separated by commas.",
            f"Solve ${shown} = 0$. If there is more than one solution, separate them by commas.",
        )
    )
    factors = f"({polynomial((lead, -p))})({polynomial((1, -other))})"
    steps = [f"The left side factors as ${factors}$.", f"The solutions are ${listed((one, other))}$."]
    pairs = [(-one, -other), (one, -other), (-one, other), (Fraction(p), other), (one, other + 1)]
    return puzzle(text, listed((one, other)), steps, [listed(pair) for pair in pairs])


def product(draw: Draw, level: int) -> Puzzle:
    """The expansion of a product of polynomials."""
    a, b, c, d = (nonzero(draw, 3 + level) for _ in range(4))
    name = draw.pick("xyzntr")
    value: tuple[int, ...]
    wrong: list[tuple[int, ...]]
    if level < 3:
        factors = f"({polynomial((a, b), name)})({polynomial((c, d), name)})"
        value = (a * c, a * d + b * c, b * d)
        wrong = [
            (a * c, a * d - b * c, b * d),
            (a * c, 0, b * d),
            (a * c, a * d + b * c, -b * d),
            (a + c, b + d),
        ]
    else:
        e = nonzero(draw, 3 + level)
        factors = f"({polynomial((a, b), name)})({polynomial((c, d, e), name)})"
        value = (a * c, a * d + b * c, a * e + b * d, b * e)
        wrong = [
            (a * c, a * d + b * c, a * e - b * d, b * e),
            (a * c, a * d, a * e + b * d, b * e),
            (a * c, a * d + b * c, a * e + b * d, -b * e),
            (a * c, b * d, b * e),
        ]
    text = draw.pick(
        (f"Expand ${factors}$.", f"Multiply out: ${factors}$.", f"Simplify the product ${factors}$.")
    )
    answer = polynomial(value, name)
    steps = [
        f"Each term of the first factor ${polynomial((a, b), name)}$ multiplies each term of the second.",
        f"Collecting like terms gives ${answer}$.",
    ]
    return puzzle(text, answer, steps, [polynomial(other, name) for other in wrong])


def composition(draw: Draw, level: int) -> Puzzle:
    """A value of a composed function."""
    a, b, c, d = (nonzero(draw, 2 + level) for _ in range(4))
    at = nonzero(draw, 2 + level)
    inner = c * at + d
    if level < 4:
        value, shown = a * inner**2 + b, polynomial((a, 0, b))
        other = c * (a * at**2 + b) + d
        slip = a * inner + b
    else:
        value, shown = a * inner**2 + b * inner + c, polynomial((a, b, c))
        other = c * (a * at**2 + b * at + c) + d
        slip = a * inner**2 - b * inner + c
    f, g = draw.pick((("f", "g"), ("p", "q"), ("h", "k")))
    text = f"Let ${f}(x) = {shown}$ and ${g}(x) = {polynomial((c, d))}$. {ask(draw, f'${f}({g}({at}))$')}"
    steps = [f"First ${g}({at}) = {inner}$.", f"Then ${f}({inner}) = {value}$."]
    return number(text, value, steps, [other, slip, (a * at**2 + b) * inner, -value])


def line(draw: Draw, level: int) -> Puzzle:
    """Slope, intercept or equation of a line through two points."""
    x, y = nonzero(draw, 3 + level), nonzero(draw, 5 + level)
    run, rise = draw.between(1, 2 + level), nonzero(draw, 4 + 2 * level)
    slope = Fraction(rise, run)
    cut = y - slope * x
    through = f"$({x}, {y})$ and $({x + run}, {y + rise})$"
    if level < 3:
        text = draw.pick(
            (
                f"What is the slope of the line through {through}?",
                f"A line passes through {through}. Find its slope.",
            )
        )
        steps = [f"The slope is $\\frac{{{rise}}}{{{run}}} = {show(slope)}$."]
        return number(text, slope, steps, [1 / slope, -slope, Fraction(2 * y + rise, 2 * x + run or 1)])
    if draw.chance(0.5):
        text = (
            f"A line passes through {through}. What is the $y$-coordinate of its intersection "
            "with the $y$-axis?"
        )
        steps = [
            f"The slope is ${show(slope)}$.",
            f"The intercept is ${y} - {show(slope)} \\cdot ({x}) = {show(cut)}$.",
        ]
        return number(text, cut, steps, [y + slope * x, -cut, y - x / slope, -cut / slope])
    text = f"Find the equation of the line through {through}, in the form $y = mx + b$."
    answer = f"y = {polynomial((slope, cut))}"
    steps = [
        f"The slope is ${show(slope)}$ and the intercept is ${show(cut)}$.",
        f"So the line is ${answer}$.",
    ]
    others = [
        (slope, y + slope * x),
        (-slope, y + slope * x),
        (slope, -cut),
        (1 / slope, cut),
        (slope, cut + 1),
    ]
    return puzzle(text, answer, steps, [f"y = {polynomial(pair)}" for pair in others])


def system(draw: Draw, level: int) -> Puzzle:
    """Two linear equations in two unknowns, as an ordered pair."""
    size = 2 + level
    x, y = (
        Fraction(nonzero(draw, 3 + level), draw.pick((1, 1, 2, 3) if level > 3 else (1,))) for _ in range(2)
    )
    while True:
        a, b, c, d = (nonzero(draw, size) for _ in range(4))
        if a * d != b * c:
            break
    one, other = a * x + b * y, c * x + d * y
    scale = one.denominator, other.denominator
    first = f"{two(a * scale[0], b * scale[0])} = {show(one * scale[0])}"
    second = f"{two(c * scale[1], d * scale[1])} = {show(other * scale[1])}"
    text = draw.pick(
        (
            f"Solve the system ${first}$, ${second}$. Give the ordered pair $(x,y)$.",
            f"Find the ordered pair $(x,y)$ with ${first}$ and ${second}$.",
            f"The lines ${first}$ and ${second}$ intersect at one point. What is it?",
        )
    )
    answer = point(show(x), show(y))
    steps = [
        f"Eliminating $y$ from both equations gives $x = {show(x)}$.",
        f"Putting this into the first one, $y = {show(y)}$, so the pair is ${answer}$.",
    ]
    pairs = [(x, -y), (y, x), (-x, y), (x, y + 1), (-x, -y)]
    return puzzle(text, answer, steps, [point(show(p), show(q)) for p, q in pairs])


def two(a: int, b: int) -> str:
    """`a x + b y`."""
    return polynomial((a, 0)) + (" - " if b < 0 else " + ") + polynomial((abs(b), 0), "y")


def inequality(draw: Draw, level: int) -> Puzzle:
    """A linear or quadratic inequality, as an interval."""
    if level < 4:
        a, b, c = nonzero(draw, 3 + level), nonzero(draw, 6 + level), nonzero(draw, 9 + level)
        value, strict = Fraction(c - b, a), draw.chance(0.5)
        text = (
            f"Solve ${polynomial((a, b))} {'<' if strict else chr(92) + 'le'} {c}$. Give the "
            "answer in interval notation."
        )
        up = a < 0
        answer = interval(value, None, not strict) if up else interval(None, value, False, not strict)
        steps = [
            f"Subtracting, ${polynomial((a, 0))} {'<' if strict else chr(92) + 'le'} {c - b}$.",
            f"Dividing by ${a}${', which turns the sign,' if up else ''} gives ${answer}$.",
        ]
        wrong = [
            interval(None, value, False, not strict) if up else interval(value, None, not strict),
            interval(value, None, strict) if up else interval(None, value, False, strict),
            interval(-value, None, not strict) if up else interval(None, -value, False, not strict),
        ]
        if not value:
            wrong.append(interval(1, None, not strict) if up else interval(None, 1, False, not strict))
        return puzzle(text, answer, steps, wrong)
    low = nonzero(draw, 30 + 5 * level)
    high = low + draw.between(1, 30 + 5 * level)
    shown, strict = polynomial((1, -low - high, low * high)), draw.chance(0.5)
    inside = draw.chance(0.6)
    sign = ("<" if inside else ">") if strict else ("\\le" if inside else "\\ge")
    text = f"Find all real $x$ such that ${shown} {sign} 0$. {_NOTATION}"
    between = interval(low, high, not strict, not strict)
    outside = f"{interval(None, low, False, not strict)} \\cup {interval(high, None, not strict)}"
    answer = between if inside else outside
    steps = [
        f"The roots are ${low}$ and ${high}$.",
        f"The parabola opens upwards, so the solution is ${answer}$.",
    ]
    wrong = [outside if inside else between, interval(None, high), interval(low - 1, high + 1)]
    wrong.append(interval(low, high, strict, strict) if inside else interval(low, None, not strict))
    return puzzle(text, answer, steps, wrong)


_NOTATION = "Express your answer in interval notation."


_SQUARE_FREE = (2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19, 21, 22, 23, 26, 29, 30, 31, 33, 34, 35, 37, 38, 39)


def radical(draw: Draw, level: int) -> Puzzle:
    """A sum of square roots, simplified, or a quotient with a rational denominator."""
    inside = draw.pick(_SQUARE_FREE[: 15 + 2 * level])
    a, b = draw.between(2, 30 + 12 * level), draw.between(2, 30 + 12 * level)
    if level < 3:
        text = draw.pick(
            (
                f"Simplify $\\sqrt{{{a * a * inside}}}$.",
                f"Write $\\sqrt{{{a * a * inside}}}$ in simplest radical form.",
                f"Simplify the radical: $\\sqrt{{{a * a * inside}}}$.",
                f"Express $\\sqrt{{{a * a * inside}}}$ as $a\\sqrt{{b}}$ with the smallest possible "
                "positive integer $b$.",
            )
        )
        steps = [f"${a * a * inside} = {a}^2 \\cdot {inside}$.", f"So the root is ${root(inside, a)}$."]
        wrong = [root(inside, a * a), root(a, inside) if a != inside else root(inside), root(inside, a + 1)]
        return puzzle(text, root(inside, a), steps, wrong)
    if draw.chance(0.5):
        c = draw.between(2, 3 + level)
        total = a + b * c
        text = f"Simplify $\\sqrt{{{a * a * inside}}} + {c}\\sqrt{{{b * b * inside}}}$."
        steps = [
            f"The terms are ${root(inside, a)}$ and ${root(inside, b * c)}$.",
            f"The sum is ${root(inside, total)}$.",
        ]
        wrong = [
            f"\\sqrt{{{(a * a + c * b * b) * inside}}}",
            root(inside, a + b),
            root(inside, a * b * c),
            root(inside, total + 1),
        ]
        return puzzle(
            text, root(inside, total), steps, [w for w in wrong if w != f"\\sqrt{{{total * total * inside}}}"]
        )
    value = Fraction(a, inside)
    text = f"Rationalize the denominator of $\\frac{{{a}}}{{\\sqrt{{{inside}}}}}$."
    answer = root(inside, value)
    steps = [f"Multiply top and bottom by $\\sqrt{{{inside}}}$.", f"This gives ${answer}$."]
    return puzzle(
        text, answer, steps, [root(inside, a), show(value), root(inside, 1 / value), root(inside, value + 1)]
    )


def square(draw: Draw, level: int) -> Puzzle:
    """Completing the square."""
    a, h, k = draw.between(1, level), nonzero(draw, 12 + level), nonzero(draw, 40 + 2 * level)
    shown = polynomial((a, 2 * a * h, a * h * h + k))
    text = f"If ${shown}$ is written in the form $a(x + h)^2 + k$, what is $a + h + k$?"
    steps = [
        f"Half of the coefficient of $x$, divided by ${a}$, gives $h = {h}$.",
        f"Then $k = {a * h * h + k} - {a * h * h} = {k}$ and $a = {a}$.",
        f"The sum is ${a + h + k}$.",
    ]
    value = a + h + k
    return number(text, value, steps, [a - h + k, a + 2 * h + k, a + h + a * h * h + k, a + h - k])


def exponential(draw: Draw, level: int) -> Puzzle:
    """An equation between powers of a common base."""
    base, p, q = draw.pick((2, 3, 5)), draw.between(1, 2 + level // 2), draw.between(1, 2 + level // 2)
    a, b, c, d = (nonzero(draw, 2 + level) for _ in range(4))
    while a * p == c * q:
        a = nonzero(draw, 4 + level)
    value = Fraction(d * q - b * p, a * p - c * q)
    left, right = f"{base**p}^{{{polynomial((a, b))}}}", f"{base**q}^{{{polynomial((c, d))}}}"
    text = draw.pick((f"Solve ${left} = {right}$ for $x$.", f"If ${left} = {right}$, what is $x$?"))
    steps = [
        f"As powers of ${base}$, the exponents are ${polynomial((a * p, b * p))}$ and "
        f"${polynomial((c * q, d * q))}$.",
        f"They are equal when $x = {show(value)}$.",
    ]
    wrong = [
        Fraction(d - b, a - c) if a != c else value + 1,
        Fraction(d * q + b * p, a * p - c * q),
        -value,
        Fraction(d - b, a * p - c * q),
    ]
    return number(text, value, steps, wrong)


def sequence(draw: Draw, level: int) -> Puzzle:
    """A term or a sum of an arithmetic sequence."""
    first, step, count = nonzero(draw, 9), nonzero(draw, 3 + level), draw.between(10, 15 * level)
    last = first + (count - 1) * step
    shown = f"${first}, {first + step}, {first + 2 * step}, \\dots$"
    if level < 3:
        text = draw.pick(
            (
                f"An arithmetic sequence begins {shown}. What is its term number ${count}$?",
                f"Let $a_n$ be the arithmetic sequence {shown}. Find $a_{{{count}}}$.",
            )
        )
        steps = [
            f"The common difference is ${step}$.",
            f"The term is ${first} + {count - 1} \\cdot ({step}) = {last}$.",
        ]
        return number(text, last, steps, [last + step, last - step, first * count + step, -last])
    value = Fraction(count * (first + last), 2)
    text = f"Find the sum of the first ${count}$ terms of the arithmetic sequence {shown}."
    steps = [
        f"The last of the terms is ${first} + {count - 1} \\cdot ({step}) = {last}$.",
        f"The sum is $\\frac{{{count}({first} + ({last}))}}{{2}} = {show(value)}$.",
    ]
    return number(
        text, value, steps, [2 * value, Fraction(count * (first + last + step), 2), last, value - last]
    )


def distance(draw: Draw, level: int) -> Puzzle:
    """The distance of two points."""
    x, y = nonzero(draw, 4 + level), nonzero(draw, 4 + level)
    dx, dy = draw.between(1, 3 + 2 * level), draw.between(1, 3 + 2 * level)
    total = dx * dx + dy * dy
    text = draw.pick(
        (
            f"What is the distance between the points $({x}, {y})$ and $({x + dx}, {y - dy})$?",
            f"Find the length of the segment from $({x}, {y})$ to $({x + dx}, {y - dy})$, in "
            "simplest radical form.",
        )
    )
    steps = [
        f"The squares of the differences add up to ${dx}^2 + {dy}^2 = {total}$.",
        f"The distance is ${root(total)}$.",
    ]
    outside, inside = square_part(total)
    wrong = [str(dx + dy), str(total), root(abs(dx * dx - dy * dy) or total + 1), root(inside, outside + 1)]
    return puzzle(text, root(total), steps, wrong)


FAMILIES = (
    (linear, 1, 4),
    (roots, 1, 5),
    (product, 1, 4),
    (composition, 1, 5),
    (line, 1, 5),
    (system, 2, 5),
    (inequality, 2, 5),
    (radical, 1, 4),
    (square, 3, 5),
    (exponential, 3, 5),
    (sequence, 1, 5),
    (distance, 2, 4),
)
