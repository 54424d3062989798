"""Problems of MATH's subject Geometry: plane figures, and the list of all its families."""

from fractions import Fraction
from math import isqrt

from mas2_tasks.procedural import math_solids
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import Exact, over, root, show, square_part
from mas2_tasks.procedural.puzzle import Puzzle, ask, number, puzzle

_TRIANGLES = ("ABC", "PQR", "XYZ", "DEF", "KLM", "RST")


def right(draw: Draw, level: int) -> Puzzle:
    """A side of a right triangle."""
    a, b = draw.between(2, 15 + 5 * level), draw.between(2, 15 + 5 * level)
    name = draw.pick(_TRIANGLES)
    if draw.chance(0.5):
        total = a * a + b * b
        text = draw.pick(
            (
                f"The legs of a right triangle measure ${a}$ and ${b}$. How long is the hypotenuse?",
                f"In right triangle ${name}$ with right angle at ${name[1]}$, ${name[:2]} = {a}$ and "
                f"${name[1:]} = {b}$. Find ${name[0]}{name[2]}$.",
            )
        )
        steps = [
            f"By the Pythagorean theorem its square is ${a}^2 + {b}^2 = {total}$.",
            f"The length is ${root(total)}$.",
        ]
        other = abs(a * a - b * b)
    else:
        long, short = max(a, b) + 1, min(a, b)
        total = long * long - short * short
        text = draw.pick(
            (
                f"A right triangle has hypotenuse ${long}$ and one leg ${short}$. How long is the other leg?",
                f"In triangle ${name}$, $\\angle {name[1]} = 90^\\circ$, ${name[:2]} = {short}$ and "
                f"${name[0]}{name[2]} = {long}$. What is ${name[1:]}$?",
            )
        )
        steps = [
            f"By the Pythagorean theorem its square is ${long}^2 - {short}^2 = {total}$.",
            f"The length is ${root(total)}$.",
        ]
        other = long * long + short * short
    outside, inside = square_part(total)
    wrong = [root(other) if other else str(2 * total), str(a + b), str(total), root(inside, outside + 1)]
    return puzzle(text, root(total), steps, wrong)


def circle(draw: Draw, level: int) -> Puzzle:
    """Area, circumference or part of a circle."""
    r = draw.between(2, 60 + 20 * level)
    if level < 3:
        if draw.chance(0.5):
            hole = draw.between(1, r - 1)
            text = draw.pick(
                (
                    f"What is the area between two circles with the same center and radii ${hole}$ "
                    f"and ${r}$?",
                    f"A round disk of radius ${r}$ has a round hole of radius ${hole}$. What is its area?",
                )
            )
            text += " Express your answer in terms of $\\pi$."
            answer, others = (
                r * r - hole * hole,
                [(r - hole) ** 2, r * r + hole * hole, 2 * (r - hole), r * r],
            )
        elif draw.chance(0.5):
            text = (
                "What is the area of a circle with "
                f"{draw.pick((f'radius ${r}$', f'diameter ${2 * r}$'))}, in terms of $\\pi$?"
            )
            answer, others = r * r, [2 * r, 4 * r * r, r, 2 * r * r]
        else:
            text = draw.pick(
                (
                    f"A circle has an area of ${r * r}\\pi$. What is its circumference, in terms of $\\pi$?",
                    f"In terms of $\\pi$, what is the circumference of a circle with radius ${r}$?",
                )
            )
            answer, others = 2 * r, [r, r * r, 4 * r, 2 * r * r]
        steps = [f"The radius is ${r}$.", f"The answer is ${over(chr(92) + 'pi', answer)}$."]
        return puzzle(text, over("\\pi", answer), steps, [over("\\pi", one) for one in others])
    angle = draw.pick((30, 40, 45, 60, 72, 80, 100, 120, 135, 150, 160, 210, 240, 270))
    share = Fraction(angle, 360)
    area = draw.chance(0.5)
    value = share * r * r if area else share * 2 * r
    text = draw.pick(
        (
            f"A sector of a circle with radius ${r}$ has a central angle of ${angle}^\\circ$.",
            f"In a circle of radius ${r}$, a central angle measures ${angle}^\\circ$.",
        )
    )
    text += f" What is the {'area of the sector' if area else 'length of its arc'}, in terms of $\\pi$?"
    steps = [
        f"The sector is ${show(share)}$ of the circle.",
        f"So the answer is ${over(chr(92) + 'pi', value)}$.",
    ]
    wrong = [share * 2 * r if area else share * r * r, share * r, (1 - share) * r * r, 2 * value]
    return puzzle(text, over("\\pi", value), steps, [over("\\pi", one) for one in wrong])


def shoelace(draw: Draw, level: int) -> Puzzle:
    """The area of a polygon from its vertices."""
    size = 4 + level
    if level < 4:
        points = [
            (draw.between(-size, 0), draw.between(-size, 0)),
            (draw.between(1, size), draw.between(-size, 0)),
            (draw.between(-size, size), draw.between(1, size)),
        ]
    else:
        points = [
            (draw.between(-size, -1), draw.between(-size, -1)),
            (draw.between(1, size), draw.between(-size, -1)),
            (draw.between(1, size), draw.between(1, size)),
            (draw.between(-size, -1), draw.between(1, size)),
        ]
    turn = [*points[1:], points[0]]
    double = sum(x * v - u * y for (x, y), (u, v) in zip(points, turn, strict=True))
    value = Fraction(abs(double), 2)
    told = ", ".join([f"$({x}, {y})$" for x, y in points[:-1]]) + f" and $({points[-1][0]}, {points[-1][1]})$"
    figure = "triangle" if len(points) == 3 else "quadrilateral"
    text = draw.pick(
        (
            f"What is the area of the {figure} with vertices {told}?",
            f"A {figure} has its vertices, in order, at {told}. Find its area.",
        )
    )
    steps = [
        f"The shoelace sum of the vertices is ${abs(double)}$.",
        f"The area is half of it, ${show(value)}$.",
    ]
    box = (max(x for x, _ in points) - min(x for x, _ in points)) * (
        max(y for _, y in points) - min(y for _, y in points)
    )
    return number(text, value, steps, [abs(double), box, Fraction(box, 2), value + Fraction(1, 2)])


def similar(draw: Draw, level: int) -> Puzzle:
    """Lengths or areas of similar figures."""
    a, b, c = draw.between(2, 6 + level), draw.between(3, 9 + level), draw.between(2, 9 + 2 * level)
    if a == b:
        b += 1
    one, other = draw.some(_TRIANGLES, 2)
    if level < 4:
        value = Fraction(b * c, a)
        text = (
            f"Triangles ${one}$ and ${other}$ are similar, in this order of the vertices. If "
            f"${one[:2]} = {a}$, "
            f"${other[:2]} = {b}$ and ${one[1:]} = {c}$, what is ${other[1:]}$?"
        )
        steps = [f"Lengths grow by the factor ${show(Fraction(b, a))}$.", f"So the side is ${show(value)}$."]
        return number(text, value, steps, [Fraction(a * c, b), c + b - a, Fraction(a * b, c)])
    value = Fraction(b * b * c, a * a)
    text = (
        f"Triangles ${one}$ and ${other}$ are similar with ${one[:2]} = {a}$ and ${other[:2]} = "
        f"{b}$. The area of "
        f"triangle ${one}$ is ${c}$. What is the area of triangle ${other}$?"
    )
    steps = [
        f"Lengths grow by the factor ${show(Fraction(b, a))}$, areas by its square.",
        f"The area is ${show(value)}$.",
    ]
    return number(
        text, value, steps, [Fraction(b * c, a), Fraction(a * a * c, b * b), Fraction(b**3 * c, a**3)]
    )


def _polygon_questions(
    n: int, what: str, ends: str, inner: Fraction, outer: Fraction
) -> list[tuple[str, Exact, list[Exact]]]:
    every, near = Fraction(n * (n - 3), 2), Fraction(n * (n - 1), 2)
    return [
        (
            f"How many degrees is each interior angle of a {what} with ${n}$ {ends}?",
            inner,
            [outer, 180 * (n - 2), Fraction(180 * (n - 1), n)],
        ),
        (f"How many diagonals does a convex polygon with ${n}$ {ends} have?", every, [near, n * (n - 3)]),
        (
            f"What is the sum of the interior angles, in degrees, of a convex polygon with ${n}$ {ends}?",
            180 * (n - 2),
            [180 * n, 360 * n, 180 * (n - 1)],
        ),
        (
            f"A {what} has ${n}$ {ends}. How many degrees does each exterior angle measure?",
            outer,
            [inner, Fraction(180, n), Fraction(360, n - 2)],
        ),
        (
            f"In a convex polygon with ${n}$ {ends}, how many diagonals start at any one vertex?",
            n - 3,
            [n - 2, n - 1, every],
        ),
        (
            f"Each interior angle of a {what} measures ${show(inner)}$ degrees. How many {ends} are there?",
            n,
            [n - 2, n + 2, n - 1],
        ),
        (
            f"In a {what} with ${n}$ {ends}, by how many degrees do interior and exterior angles differ?",
            inner - outer,
            [inner, outer, 180 - inner],
        ),
        (
            f"A convex polygon has ${every}$ diagonals. How many {ends} does it have?",
            n,
            [n + 3, n - 3, n - 1],
        ),
    ]


def polygon(draw: Draw, level: int) -> Puzzle:
    """Angles and diagonals of a regular polygon."""
    n = draw.between(5, 150 + 60 * level)
    inner, outer = Fraction(180 * (n - 2), n), Fraction(360, n)
    what = draw.pick(("regular polygon", "regular convex polygon"))
    ends = draw.pick(("sides", "vertices"))
    text, value, wrong = draw.pick(_polygon_questions(n, what, ends, inner, outer)[: 5 if level < 2 else 8])
    steps = [
        "For $n$ sides the interior angles sum to $180(n-2)$ degrees; each vertex has $n-3$ diagonals.",
        f"Here this gives ${show(value)}$.",
    ]
    return number(text, value, steps, wrong)


def equilateral(draw: Draw, level: int) -> Puzzle:
    """Areas with square roots of three."""
    s = draw.between(2, 90 + 20 * level)
    kind = draw.pick(("triangle", "hexagon", "height", "special"))
    wrong: list[Exact]
    if kind == "triangle":
        text, value = f"the area of an equilateral triangle with side ${s}$", Fraction(s * s, 4)
        wrong = [Fraction(s * s, 2), Fraction(s, 2), Fraction(s * s, 3)]
    elif kind == "hexagon":
        text, value = f"the area of a regular hexagon with side ${s}$", Fraction(3 * s * s, 2)
        wrong = [Fraction(s * s, 4), 6 * s * s, 3 * s * s]
    elif kind == "height":
        text, value = f"the height of an equilateral triangle with side ${s}$", Fraction(s, 2)
        wrong = [s, Fraction(s, 3), Fraction(s * s, 4)]
    else:
        text = (
            f"the area of a triangle with two sides of length ${s}$ and an angle of $120^\\circ$ between them"
        )
        value, wrong = Fraction(s * s, 4), [Fraction(s * s, 2), s * s, Fraction(3 * s * s, 4)]
    steps = [
        "An equilateral triangle of side $s$ has height $\\frac{\\sqrt{3}}{2}s$.",
        f"So the answer is ${root(3, value)}$.",
    ]
    return puzzle(
        ask(draw, text),
        root(3, value),
        steps,
        [*(root(3, one) for one in wrong), root(2, value), show(value)],
    )


# Sides of triangles with a whole area.
_HERONIAN = (
    (13, 14, 15),
    (5, 5, 6),
    (9, 10, 17),
    (7, 15, 20),
    (10, 13, 13),
    (5, 5, 8),
    (10, 17, 21),
    (3, 4, 5),
    (13, 13, 24),
    (4, 13, 15),
    (12, 17, 25),
    (13, 20, 21),
    (17, 17, 16),
    (15, 15, 24),
    (8, 15, 17),
)


def inradius(draw: Draw, level: int) -> Puzzle:
    """Radii of the circles of a triangle with integer sides and area."""
    a, b, c = draw.pick(_HERONIAN)
    k = draw.between(1, level)
    a, b, c = draw.some((a * k, b * k, c * k), 3)
    double = a + b + c
    area = isqrt(double * (double - 2 * a) * (double - 2 * b) * (double - 2 * c) // 16)
    kind = draw.between(0, 2)
    if kind == 0:
        text, value = "the area", Fraction(area)
    elif kind == 1:
        text, value = "the radius of the inscribed circle", Fraction(2 * area, double)
    else:
        text, value = "the radius of the circumscribed circle", Fraction(a * b * c, 4 * area)
    name = draw.pick(_TRIANGLES)
    text = draw.pick(
        (
            f"A triangle has sides ${a}$, ${b}$ and ${c}$. ",
            f"In triangle ${name}$, ${name[:2]} = {a}$, ${name[1:]} = {b}$ and ${name[2]}{name[0]} = {c}$. ",
        )
    ) + ask(draw, f"{text} of the triangle")
    steps = [
        f"The semiperimeter is ${show(Fraction(double, 2))}$.",
        f"By Heron's formula the area is ${area}$.",
    ]
    if kind:
        steps.append(
            "The radius is "
            + ("area over semiperimeter" if kind == 1 else "$abc$ over four times the area")
            + f", ${show(value)}$."
        )
    others = [
        Fraction(2 * area, double),
        Fraction(a * b * c, 4 * area),
        Fraction(area, double),
        Fraction(area),
        Fraction(a * b, 2),
    ]
    return number(text, value, steps, others)


FAMILIES = (
    (right, 1, 4),
    (circle, 1, 5),
    (shoelace, 2, 5),
    (similar, 1, 5),
    (math_solids.solid, 2, 5),
    (polygon, 1, 4),
    (equilateral, 2, 5),
    (math_solids.box, 2, 4),
    (inradius, 4, 5),
)
