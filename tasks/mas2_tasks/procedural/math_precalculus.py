"""Problems of MATH's subject Precalculus."""

from fractions import Fraction
from math import gcd

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import (
    Exact,
    column,
    gaussian,
    matrix,
    over,
    point,
    root,
    root_of,
    show,
    square_part,
)
from mas2_tasks.procedural.math_algebra import nonzero
from mas2_tasks.procedural.puzzle import Puzzle, ask, number, puzzle


def vector(draw: Draw, size: int, length: int) -> list[int]:
    """A vector with entries in [-size, size], not all 0."""
    entries = [draw.between(-size, size) for _ in range(length)]
    entries[draw.between(0, length - 1)] = nonzero(draw, size)
    return entries


def dot(v: list[int], w: list[int]) -> int:
    """The dot product."""
    return sum(a * b for a, b in zip(v, w, strict=True))


def products(draw: Draw, level: int) -> Puzzle:
    """A dot product, or the cosine of an angle."""
    length = 2 if level < 3 else 3
    v, w = vector(draw, 3 + level, length), vector(draw, 3 + level, length)
    value = dot(v, w)
    if level < 3:
        text = ask(draw, f"the dot product of ${column(v)}$ and ${column(w)}$")
        steps = ["Multiply entry by entry and add.", f"The dot product is ${value}$."]
        return number(
            text,
            value,
            steps,
            [v[0] * w[0] - v[1] * w[1], v[0] * w[1] - v[1] * w[0], sum(v) * sum(w), -value],
        )
    sizes = dot(v, v) * dot(w, w)
    answer = root(sizes, Fraction(value, sizes))
    text = (
        f"Let $\\theta$ be the angle between ${column(v)}$ and ${column(w)}$. "
        f"{ask(draw, '$' + chr(92) + 'cos ' + chr(92) + 'theta$')}"
    )
    steps = [
        f"The dot product is ${value}$ and the squared lengths are ${dot(v, v)}$ and ${dot(w, w)}$.",
        f"So $\\cos \\theta = {answer}$.",
    ]
    wrong = [
        root(sizes, Fraction(-value, sizes)),
        show(Fraction(value, sizes)),
        str(value),
        root(dot(v, v), Fraction(1, dot(v, v))),
        "1",
        root(sizes, Fraction(value + 1, sizes)),
    ]
    return puzzle(text, answer, steps, wrong)


def cross(draw: Draw, level: int) -> Puzzle:
    """The cross product of two vectors."""
    a, b = vector(draw, 2 + level, 3), vector(draw, 2 + level, 3)
    value = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    text = ask(draw, f"the cross product of ${column(a)}$ and ${column(b)}$")
    answer = column(value)
    steps = ["Each entry is a two by two determinant of the others.", f"The cross product is ${answer}$."]
    wrong = [
        [value[0], -value[1], value[2]],
        [-one for one in value],
        [x * y for x, y in zip(a, b, strict=True)],
        [a[1] * b[2] + a[2] * b[1], value[1], value[2]],
        [value[0], value[1], value[2] + 1],
    ]
    return puzzle(text, answer, steps, [column(one) for one in wrong])


def determinant(draw: Draw, level: int) -> Puzzle:
    """A determinant of two or three rows."""
    size = 2 if level < 3 else 3
    rows = [[nonzero(draw, 3 + level) for _ in range(size)] for _ in range(size)]
    shown = matrix(rows).replace("pmatrix", "vmatrix")
    if size == 2:
        (a, b), (c, d) = rows
        value, wrong = a * d - b * c, [a * d + b * c, b * c - a * d, a * c - b * d]
        steps = [f"It is ${a} \\cdot ({d}) - ({b}) \\cdot ({c})$.", f"That is ${value}$."]
    else:
        (a, b, c), (d, e, f), (g, h, k) = rows
        one, two, three = a * (e * k - f * h), b * (d * k - f * g), c * (d * h - e * g)
        value, wrong = one - two + three, [one + two + three, one - two - three, -(one - two + three)]
        steps = [
            f"Along the first row the minors are ${e * k - f * h}$, ${d * k - f * g}$ and ${d * h - e * g}$.",
            f"With their signs they give ${value}$.",
        ]
    return number(
        ask(draw, f"${shown}$").replace("Calculate", "Compute the determinant"), value, steps, wrong
    )


def matrices(draw: Draw, level: int) -> Puzzle:
    """A product or an inverse of two by two matrices."""
    a, b, c, d = (nonzero(draw, 2 + level) for _ in range(4))
    if level < 4 or a * d == b * c:
        e, f, g, h = (nonzero(draw, 2 + level) for _ in range(4))
        rows = [[a * e + b * g, a * f + b * h], [c * e + d * g, c * f + d * h]]
        answer = matrix(rows)
        text = ask(draw, f"${matrix([[a, b], [c, d]])} {matrix([[e, f], [g, h]])}$")
        steps = ["Rows of the first matrix meet columns of the second.", f"The product is ${answer}$."]
        wrong = [
            [[a * e, b * f], [c * g, d * h]],
            [[e * a + f * c, e * b + f * d], [g * a + h * c, g * b + h * d]],
            [[rows[0][0], rows[1][0]], [rows[0][1], rows[1][1]]],
            [[rows[0][0], rows[0][1]], [rows[1][0], -rows[1][1] or 1]],
            [[a * e - b * g, rows[0][1]], rows[1]],
        ]
        return puzzle(text, answer, steps, [matrix(one) for one in wrong])
    size = a * d - b * c
    rows_of = [[d, -b], [-c, a]]
    answer = matrix([[Fraction(one, size) for one in row] for row in rows_of])
    text = f"Find the inverse of the matrix ${matrix([[a, b], [c, d]])}$."
    steps = [f"The determinant is ${size}$.", f"So the inverse is ${answer}$."]
    others = ([[d, b], [c, a]], [[a, -b], [-c, d]], [[-d, b], [c, -a]], [[d, -c], [-b, a]])
    wrong_rows = [[[Fraction(one, size) for one in row] for row in rows] for rows in others]
    return puzzle(text, answer, steps, [matrix(one) for one in wrong_rows])


# Sine of multiples of 30 and 45 degrees in the first quadrant, as (factor, number under the root).
_SINES = {
    0: (Fraction(0), 1),
    30: (Fraction(1, 2), 1),
    45: (Fraction(1, 2), 2),
    60: (Fraction(1, 2), 3),
    90: (Fraction(1), 1),
}


def sine(degrees: int) -> tuple[Fraction, int]:
    """Exact sine of a multiple of 30 or 45 degrees: a factor and the number under the root."""
    turn = degrees % 360
    sign = 1 if turn <= 180 else -1
    turn %= 180
    factor, inside = _SINES[turn if turn <= 90 else 180 - turn]
    return sign * factor, inside


def special(draw: Draw, level: int) -> Puzzle:
    """An exact value of a trigonometric function."""
    turn = draw.pick((30, 45, 60) if level == 1 else (120, 135, 150, 210, 225, 240, 300, 315, 330))
    turn += 360 * draw.between(0, level - 1) * draw.pick((1, -1)) if level > 2 else 0
    kind = draw.pick(("sin", "cos", "tan"))
    s, c = sine(turn), sine(turn + 90)
    factor = draw.between(1, 20 + 10 * level)
    values = {
        "sin": root(s[1], factor * s[0]),
        "cos": root(c[1], factor * c[0]),
        "tan": _quotient(s, c, factor),
    }
    answer = values[kind]
    radians = draw.chance(0.5) and level > 1
    angle = over("\\pi", Fraction(turn, 180)) if radians else f"{turn}^\\circ"
    text = ask(draw, f"${factor if factor > 1 else ''}\\{kind} {angle}$")
    steps = [
        f"The angle lies with one of ${turn % 360}^\\circ$; its reference angle is "
        f"${_reference(turn)}^\\circ$.",
        f"With the sign of the quadrant, the value is ${answer}$.",
    ]
    negated = answer[1:] if answer[0] == "-" else f"-{answer}"
    wrong = [
        negated,
        *(value for name, value in values.items() if name != kind),
        root(6, Fraction(factor, 4)),
        show(Fraction(factor, 4)),
    ]
    return puzzle(text, answer, steps, wrong)


def _reference(turn: int) -> int:
    turn %= 180
    return min(turn, 180 - turn)


def _quotient(s: tuple[Fraction, int], c: tuple[Fraction, int], factor: int) -> str:
    return root(s[1] * c[1], factor * s[0] / (c[0] * c[1]))


def polar(draw: Draw, level: int) -> Puzzle:
    """Polar into rectangular coordinates, or the other way."""
    r, turn = (
        draw.between(1, 60 + 20 * level),
        draw.pick((30, 45, 60, 90, 120, 135, 150, 180, 210, 225, 240, 270, 300, 315, 330)),
    )
    s, c = sine(turn), sine(turn + 90)
    angle = over("\\pi", Fraction(turn, 180))
    x, y = root(c[1], c[0] * r), root(s[1], s[0] * r)
    flat, round_ = point(x, y), point(str(r), angle)
    if draw.chance(0.5):
        text = (
            f"Convert the point $(r,\\theta) = {round_}$ in polar coordinates to rectangular "
            "coordinates $(x,y)$."
        )
        steps = [
            f"$x = {r} \\cos {angle} = {x}$ and $y = {r} \\sin {angle} = {y}$.",
            f"The point is ${flat}$.",
        ]
        wrong = [(-c[0], s[0]), (c[0], -s[0]), (-c[0], -s[0])]
        others = [point(root(c[1], p * r), root(s[1], q * r)) for p, q in wrong]
        return puzzle(
            text,
            flat,
            steps,
            [point(y, x), *others, point(root(c[1], c[0] * (r + 1)), root(s[1], s[0] * (r + 1)))],
        )
    text = (
        f"Convert the point $(x,y) = {flat}$ in rectangular coordinates to polar coordinates. Enter "
        "your answer in the "
        "form $(r,\\theta)$ with $r > 0$ and $0 \\le \\theta < 2\\pi$."
    )
    steps = [
        f"The distance from the origin is ${r}$.",
        f"The point lies in the direction ${angle}$, so it is ${round_}$.",
    ]
    turns = [(turn + 180) % 360, (360 - turn) % 360, (180 - turn) % 360, (turn + 30) % 360, (turn + 60) % 360]
    others = [point(str(r), over("\\pi", Fraction(one, 180))) for one in turns if one != turn]
    return puzzle(text, round_, steps, [*others, point(str(r * r), angle)])


def double(draw: Draw, level: int) -> Puzzle:
    """Sine, cosine and tangent of double angles, from a right triangle."""
    m = draw.between(2, 30 + 4 * level)
    n = draw.pick([n for n in range(1, m) if gcd(m, n) == 1 and (m - n) % 2])
    a, b, c = m * m - n * n, 2 * m * n, m * m + n * n
    if draw.chance(0.5):
        a, b = b, a
    obtuse = draw.chance(0.5)
    s, k = Fraction(a, c), Fraction(-b if obtuse else b, c)
    where = "\\frac{\\pi}{2} < \\theta < \\pi" if obtuse else "0 < \\theta < \\frac{\\pi}{2}"
    asked, value, wrong = draw.pick(
        (
            ("\\cos \\theta", k, [-k, s, 1 - s]),
            ("\\tan \\theta", s / k, [-s / k, k / s, s]),
        )
        if level < 3
        else (
            ("\\sin 2\\theta", 2 * s * k, [-2 * s * k, 2 * s, s * k]),
            ("\\cos 2\\theta", 1 - 2 * s * s, [2 * s * s - 1, 2 * k, s * s]),
            (
                "\\tan 2\\theta",
                2 * s * k / (1 - 2 * s * s),
                [2 * s / k, -2 * s * k / (1 - 2 * s * s), s * k / (1 - 2 * s * s)],
            ),
        )
    )
    text = f"If $\\sin \\theta = {show(s)}$ and ${where}$, " + draw.pick(
        (f"what is ${asked}$?", f"find ${asked}$.")
    )
    steps = [
        f"In this quadrant $\\cos \\theta = {show(k)}$."
        if asked != "\\cos \\theta"
        else "The squares of sine and cosine sum to $1$.",
        f"Then ${asked} = {show(value)}$.",
    ]
    return number(text, value, steps, wrong)


def powers(draw: Draw, level: int) -> Puzzle:
    """A power of a complex number."""
    a, b = nonzero(draw, 4), nonzero(draw, 4)
    power = draw.between(3, 3 + level) if abs(a) + abs(b) > 2 else draw.between(5, 12 + 6 * level)
    x, y = 1, 0
    for _ in range(power):
        x, y = x * a - y * b, x * b + y * a
    text = ask(draw, f"$({gaussian(a, b)})^{{{power}}}$") + draw.pick(
        ("", " Express your answer in the form $a + bi$.")
    )
    answer = gaussian(x, y)
    steps = [
        f"Its square is ${gaussian(a * a - b * b, 2 * a * b)}$.",
        f"Going on to the power ${power}$ gives ${answer}$.",
    ]
    wrong = [(x, -y), (-x, y), (-x, -y), (y, x), (a**power, b**power), (2 * x, 2 * y)]
    return puzzle(text, answer, steps, [gaussian(*one) for one in wrong])


def projection(draw: Draw, level: int) -> Puzzle:
    """The projection of a vector on another."""
    length = 2 if level < 5 else 3
    v, w = vector(draw, 3 + level, length), vector(draw, 2 + level // 2, length)
    while not dot(v, w):
        v = vector(draw, 3 + level, length)
    share = Fraction(dot(v, w), dot(w, w))
    answer = column([share * one for one in w])
    text = draw.pick(
        (
            f"Find the projection of ${column(v)}$ onto ${column(w)}$.",
            f"What is the projection of the vector ${column(v)}$ onto the vector ${column(w)}$?",
        )
    )
    steps = [
        f"The factor is $\\frac{{{dot(v, w)}}}{{{dot(w, w)}}} = {show(share)}$.",
        f"The projection is ${answer}$.",
    ]
    back = Fraction(dot(v, w), dot(v, v))
    wrong: list[list[Exact]] = [
        [back * one for one in v],
        [dot(v, w) * one for one in w],
        [-share * one for one in w],
        [share * one for one in v],
        [share * one + 1 for one in w],
    ]
    return puzzle(text, answer, steps, [column(one) for one in wrong])


def plane(draw: Draw, level: int) -> Puzzle:
    """The distance of a point from a plane."""
    normal = vector(draw, 2 + level // 2, 3)
    normal = [one or 1 for one in normal]
    shared = gcd(*normal)
    normal = [one // shared for one in normal]
    if normal[0] < 0:
        normal = [-one for one in normal]
    spot, cut = vector(draw, 3 + level, 3), nonzero(draw, 9)
    gap = abs(dot(normal, spot) - cut) or 1
    cut = dot(normal, spot) - gap
    shown = _term(normal[0], "x", True) + _term(normal[1], "y") + _term(normal[2], "z")
    size = dot(normal, normal)
    answer = root_of(Fraction(gap * gap, size))
    text = (
        f"Find the distance from the point $({spot[0]}, {spot[1]}, {spot[2]})$ to the plane "
        f"${shown} = {cut}$."
    )
    steps = [
        f"Putting in the point, the difference of the sides is ${gap}$; the normal has the squared "
        f"length ${size}$.",
        f"The distance is ${answer}$.",
    ]
    other = abs(dot(normal, spot) + cut) or gap + 1
    outside, inside = square_part(size)
    wrong = [
        str(gap),
        show(Fraction(gap, size)),
        root_of(Fraction(other * other, size)),
        root(inside, gap * outside),
        root_of(Fraction((gap + 1) ** 2, size)),
    ]
    return puzzle(text, answer, steps, wrong)


def _term(factor: int, name: str, first: bool = False) -> str:
    size = name if abs(factor) == 1 else f"{abs(factor)}{name}"
    return ("-" if factor < 0 else "") + size if first else (f" - {size}" if factor < 0 else f" + {size}")


FAMILIES = (
    (products, 1, 5),
    (cross, 2, 5),
    (determinant, 1, 5),
    (matrices, 1, 5),
    (special, 1, 4),
    (polar, 2, 5),
    (double, 2, 5),
    (powers, 3, 5),
    (projection, 3, 5),
    (plane, 4, 5),
)
