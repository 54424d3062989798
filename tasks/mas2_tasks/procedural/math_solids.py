"""Problems of MATH's subject Geometry about solids."""

from fractions import Fraction

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import Exact, over, root, square_part
from mas2_tasks.procedural.puzzle import Puzzle, ask, number, puzzle


def solid(draw: Draw, level: int) -> Puzzle:
    """Volume or surface of a round solid."""
    r, h = draw.between(2, 60 + 4 * level), draw.between(2, 60 + 4 * level)
    wrong: list[Exact]
    kind = draw.pick(
        ("cylinder", "cone", "sphere") if level < 4 else ("cone", "sphere", "capsule", "lateral")
    )
    if kind == "cylinder":
        text, value = f"a cylinder with radius ${r}$ and height ${h}$", Fraction(r * r * h)
        wrong = [Fraction(r * r * h, 3), 2 * r * h, r * h * h]
    elif kind == "cone":
        text, value = f"a cone with base radius ${r}$ and height ${h}$", Fraction(r * r * h, 3)
        wrong = [r * r * h, Fraction(r * r * h, 2), Fraction(r * h * h, 3)]
    elif kind == "sphere":
        text, value = f"a sphere with radius ${r}$", Fraction(4 * r**3, 3)
        wrong = [4 * r * r, Fraction(r**3, 3), Fraction(4 * r * r, 3)]
    elif kind == "capsule":
        text = (
            f"a solid made of a cylinder with radius ${r}$ and height ${h}$ and a hemisphere on "
            "each of its ends"
        )
        value = Fraction(4 * r**3, 3) + r * r * h
        wrong = [r * r * h + Fraction(2 * r**3, 3), r * r * h + 4 * r**3, r * r * h]
    else:
        slant, k = draw.pick(((5, (3, 4)), (13, (5, 12)), (17, (8, 15)), (25, (7, 24)))), draw.between(1, 40)
        r, h = slant[1][0] * k, slant[1][1] * k
        text = (
            f"What is the lateral area of a cone with base radius ${r}$ and height ${h}$, in terms of $\\pi$?"
        )
        value = Fraction(r * slant[0] * k)
        answer = over("\\pi", value)
        steps = [
            f"The slant height is $\\sqrt{{{r}^2 + {h}^2}} = {slant[0] * k}$.",
            f"The area is ${answer}$.",
        ]
        return puzzle(
            text, answer, steps, [over("\\pi", one) for one in (Fraction(r * h), value + r * r, 2 * value)]
        )
    answer = over("\\pi", value)
    steps = ["Put the lengths into the formula for the volume.", f"It is ${answer}$."]
    return puzzle(
        ask(draw, f"the volume of {text}") + " Leave your answer in terms of $\\pi$.",
        answer,
        steps,
        [over("\\pi", one) for one in [*wrong, 2 * value]],
    )


def box(draw: Draw, level: int) -> Puzzle:
    """The diagonal or surface of a box."""
    a, b, c = (draw.between(1, 4 + 2 * level) for _ in range(3))
    if draw.chance(0.6):
        total = a * a + b * b + c * c
        text = draw.pick(
            (
                f"What is the length of the space diagonal of a box that measures ${a}$ by ${b}$ by ${c}$?",
                f"A rectangular box has edges of ${a}$, ${b}$ and ${c}$. Find the distance between "
                "opposite corners.",
            )
        )
        steps = [f"Its square is ${a}^2 + {b}^2 + {c}^2 = {total}$.", f"The diagonal is ${root(total)}$."]
        outside, inside = square_part(total)
        return puzzle(
            text,
            root(total),
            steps,
            [root(a * a + b * b), str(a + b + c), str(total), root(inside, outside + 1)],
        )
    value = 2 * (a * b + b * c + a * c)
    text = f"What is the surface area of a rectangular box with edges ${a}$, ${b}$ and ${c}$?"
    steps = [
        f"The faces have areas ${a * b}$, ${b * c}$ and ${a * c}$, twice each.",
        f"The sum is ${value}$.",
    ]
    return number(text, value, steps, [a * b * c, Fraction(value, 2), 4 * (a + b + c)])
