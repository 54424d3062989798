"""Problems of MATH's subject Prealgebra."""

from fractions import Fraction
from math import prod

from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import Exact, show, signed, times
from mas2_tasks.procedural.puzzle import Puzzle, ask, number


def operations(draw: Draw, level: int) -> Puzzle:
    """An arithmetic expression in which the order of operations matters."""
    a, b, c, d = (draw.between(2, 5 + 3 * level) for _ in range(4))
    if level <= 2:
        text, value = f"{a} + {b} \\cdot {c} - {d}", a + b * c - d
        steps = [f"Multiplication comes first: ${b} \\cdot {c} = {b * c}$."]
        wrong = [(a + b) * c - d, a + b * (c - d), a + b * c + d]
    else:
        square = draw.between(2, 3 + level)
        e = draw.between(2, 9)
        inner = c - d
        text = f"{a} - {b}({c} - {d}) + {square}^2 \\cdot {e}"
        value = a - b * inner + square**2 * e
        steps = [
            f"In the parentheses, ${c} - {d} = {inner}$.",
            f"The power is ${square}^2 = {square**2}$.",
            f"The products are ${b} \\cdot ({inner}) = {b * inner}$ and "
            f"${square**2} \\cdot {e} = {square**2 * e}$.",
        ]
        wrong = [
            (a - b) * inner + square**2 * e,
            a + b * inner + square**2 * e,
            a - b * inner + (square * e) ** 2,
            a - b * inner + 2 * square * e,
        ]
    steps.append(f"So ${text} = {value}$.")
    return number(ask(draw, f"${text}$"), value, steps, wrong)


def fractions(draw: Draw, level: int) -> Puzzle:
    """A sum or difference of two to four fractions."""
    count = 2 if level < 3 else 3 if level < 5 else 4
    parts = [
        Fraction(draw.between(1, 4 + 2 * level), draw.between(2, 4 + 2 * level)) * draw.pick((1, -1))
        for _ in range(count)
    ]
    parts[0] = abs(parts[0])
    text = show(parts[0]) + "".join([f" {signed(part)}" for part in parts[1:]])
    value = sum(parts, Fraction(0))
    bottom = prod([part.denominator for part in parts])
    tops = sum(part.numerator for part in parts)
    steps = [
        f"A common denominator is ${bottom}$.",
        "The numerators become "
        + ", ".join([f"${part.numerator * bottom // part.denominator}$" for part in parts])
        + ".",
        f"Their sum over ${bottom}$, in lowest terms, is ${show(value)}$.",
    ]
    wrong = [
        Fraction(tops, sum(part.denominator for part in parts)),
        value - 2 * parts[-1],
        Fraction(tops, bottom),
        -value,
    ]
    suffix = draw.pick(("", " Express your answer as a common fraction in lowest terms.", ""))
    return number(ask(draw, f"${text}$") + suffix, value, steps, wrong)


def percentages(draw: Draw, level: int) -> Puzzle:
    """A number from a percentage of it, through one to three changes."""
    start = draw.between(3, 200) * 20
    changes = [draw.pick((10, 20, 25, 40, 50, 60)) * draw.pick((1, -1)) for _ in range(1 + level // 2)]
    value = Fraction(start)
    steps = []
    for change in changes:
        after = value * (100 + change) / 100
        steps.append(f"After the change of ${change}\\%$, ${show(value)}$ becomes ${show(after)}$.")
        value = after
    if draw.chance(0.5) or level == 1:
        told = ", then ".join(
            [f"{'increased' if change > 0 else 'decreased'} by ${abs(change)}\\%$" for change in changes]
        )
        text = f"The number ${start}$ is {told}. What is the result?"
        steps.append(f"The result is ${show(value)}$.")
        lump = Fraction(start) * (100 + sum(changes)) / 100
        return number(text, value, steps, [lump, start * Fraction(100 - changes[0], 100), start + changes[0]])
    person = Cast(draw).hero
    told = " and then ".join(
        [f"{'rises' if change > 0 else 'falls'} by ${abs(change)}\\%$" for change in changes]
    )
    text = f"The price of {person}'s favorite stock {told}. After that it is ${show(value)}$ dollars. "
    text += draw.pick(("What was it at first, in dollars?", "How many dollars was it originally?"))
    steps = [
        f"A change of ${change}\\%$ multiplies the price by ${show(Fraction(100 + change, 100))}$."
        for change in changes
    ]
    steps.append(f"Dividing ${show(value)}$ by these factors gives ${start}$.")
    back = value
    for change in changes:
        back = back * (100 - change) / 100
    lump = value / (1 + Fraction(sum(changes), 100)) if sum(changes) > -100 else value
    return number(text, start, steps, [back, lump, value])


def shares(draw: Draw, level: int) -> Puzzle:
    """A total divided in a ratio."""
    parts = [draw.between(1, 4 + level) for _ in range(2 if level < 3 else 3)]
    unit = draw.between(3, 6 + 4 * level)
    total = unit * sum(parts)
    people = Cast(draw).others
    names = people[: len(parts)]
    who = draw.between(0, len(parts) - 1)
    ratio = ":".join(map(str, parts))
    listing = ", ".join(names[:-1]) + f" and {names[-1]}"
    what = draw.pick(("marbles", "stickers", "coins", "trading cards"))
    text = draw.pick(
        (
            f"{listing} divide ${total}$ {what} in the ratio ${ratio}$, in this order. "
            f"How many {what} does {names[who]} get?",
            f"The numbers of {what} of {listing} are in the ratio ${ratio}$. Together they have ${total}$. "
            f"How many does {names[who]} have?",
        )
    )
    value = unit * parts[who]
    steps = [
        f"There are ${'+'.join(map(str, parts))} = {sum(parts)}$ parts.",
        f"One part is ${total} / {sum(parts)} = {unit}$.",
        f"{names[who]} has ${parts[who]}$ parts: ${parts[who]} \\cdot {unit} = {value}$.",
    ]
    wrong: list[Exact] = [unit * parts[who - 1], unit, Fraction(total, len(parts)), total - value]
    return number(text, value, steps, wrong)


def average(draw: Draw, level: int) -> Puzzle:
    """The value that brings a mean to a target."""
    count = 2 + level
    scores = [draw.between(60, 99) for _ in range(count)]
    value = draw.between(50, 100)
    value -= (sum(scores) + value) % (count + 1)
    mean = (sum(scores) + value) // (count + 1)
    person = Cast(draw)
    told = ", ".join(f"${score}$" for score in scores[:-1]) + f" and ${scores[-1]}$"
    text = draw.pick(
        (
            f"{person.hero}'s scores so far are {told}. What must {person.pro.lower()} score next "
            "so that the "
            f"average of all ${count + 1}$ scores is ${mean}$?",
            f"The mean of the ${count + 1}$ numbers $n$, {told} is ${mean}$. What is $n$?",
        )
    )
    steps = [
        f"The ${count + 1}$ numbers must sum to ${count + 1} \\cdot {mean} = {(count + 1) * mean}$.",
        f"Those given sum to ${sum(scores)}$.",
        f"The missing one is ${(count + 1) * mean} - {sum(scores)} = {value}$.",
    ]
    wrong = [mean, 2 * mean - scores[-1], count * mean - sum(scores), value + count + 1]
    return number(text, value, steps, wrong)


def angles(draw: Draw, level: int) -> Puzzle:
    """Angles of a triangle or quadrilateral as multiples of one another."""
    sides = 3 if level < 4 else 4
    whole = 180 * (sides - 2)
    while True:
        parts = [draw.between(1, 6) for _ in range(sides)]
        shift = draw.between(-20, 20)
        if (whole - shift) % sum(parts) == 0 and (whole - shift) * parts[-1] > (5 - shift) * sum(parts):
            break
    unit = (whole - shift) // sum(parts)
    figure = "triangle" if sides == 3 else "quadrilateral"
    terms = [f"{times(part, 'x')}" for part in parts]
    terms[-1] += f" {signed(shift)}" if shift else ""
    told = ", ".join([f"${term}$" for term in terms[:-1]]) + f" and ${terms[-1]}$"
    text = f"The angles of a {figure} measure {told} degrees. {ask(draw, '$x$')}"
    steps = [
        f"The angles of a {figure} add up to ${whole}$ degrees.",
        f"So ${sum(parts)}x {signed(shift)} = {whole}$." if shift else f"So ${sum(parts)}x = {whole}$.",
        f"Therefore $x = {unit}$.",
    ]
    wrong = [
        Fraction(whole + shift, sum(parts)),
        Fraction(whole, sum(parts)),
        Fraction(180 * (5 - sides) - shift, sum(parts)),
    ]
    return number(text, unit, steps, wrong)


def mixed(draw: Draw, level: int) -> Puzzle:
    """A repeating decimal as a fraction, or a decimal of an expression."""
    digits = 1 if level < 3 else 2 if level < 5 else 3
    period = draw.between(1, 10**digits - 2)
    shown = str(period).zfill(digits)
    whole = draw.between(0, 20 + 5 * level)
    value = whole + Fraction(period, 10**digits - 1)
    text = draw.pick(
        (
            f"Write ${whole}.\\overline{{{shown}}}$ as a common fraction.",
            f"Express the repeating decimal ${whole}.\\overline{{{shown}}}$ as a fraction in lowest terms.",
            f"What fraction is equal to ${whole}.\\overline{{{shown}}}$?",
        )
    )
    steps = [
        f"Let $x = {whole}.\\overline{{{shown}}}$; then ${10**digits}x = "
        f"{whole * 10**digits + period}.\\overline{{{shown}}}$.",
        f"Subtracting, ${10**digits - 1}x = {whole * (10**digits - 1) + period}$.",
        f"So $x = {show(value)}$.",
    ]
    wrong = [whole + Fraction(period, 10**digits), Fraction(period, 10**digits - 1), 1 / value]
    return number(text, value, steps, wrong)


def estimate(draw: Draw, level: int) -> Puzzle:
    """Two rates that add up."""
    a, b = draw.between(2, 6 + level), draw.between(3, 8 + 2 * level)
    cast = Cast(draw)
    other = cast.others[0]
    job = draw.pick(("paint a fence", "fill a pool", "clean the house", "mow a field"))
    rate = Fraction(1, a) + Fraction(1, b)
    value = 1 / rate
    text = draw.pick(
        (
            f"{cast.hero} can {job} alone in ${a}$ hours, {other} in ${b}$ hours. "
            "How many hours does it take them together?",
            f"It takes {cast.hero} ${a}$ hours to {job} and {other} ${b}$ hours. Working together at these "
            "rates, how many hours do they need? Give a common fraction if need be.",
        )
    )
    steps = [
        f"In an hour they do $\\frac{{1}}{{{a}}} + \\frac{{1}}{{{b}}} = {show(rate)}$ of the work.",
        f"So they need ${show(value)}$ hours.",
    ]
    return number(text, value, steps, [Fraction(a + b, 2), rate, a + b, Fraction(a * b, 2)])


def exponents(draw: Draw, level: int) -> Puzzle:
    """A product and quotient of powers of one base, as one power."""
    base = draw.pick((2, 3, 5, 7))
    p, q, r = (draw.between(2, 4 + 2 * level) for _ in range(3))
    s = draw.between(2, 3) if level >= 3 else 1
    power = (p + q) * s - r
    raised = (
        f"({base}^{{{p}}} \\cdot {base}^{{{q}}})^{{{s}}}"
        if s > 1
        else f"{base}^{{{p}}} \\cdot {base}^{{{q}}}"
    )
    text = f"If $\\frac{{{raised}}}{{{base}^{{{r}}}}} = {base}^n$, " + draw.pick(
        ("what is $n$?", "find $n$.", "what is the value of $n$?")
    )
    steps = [f"In the product the exponents add up: ${p} + {q} = {p + q}$."]
    if s > 1:
        steps.append(f"The outer power multiplies: ${p + q} \\cdot {s} = {(p + q) * s}$.")
    steps.append(f"In the quotient they are subtracted: $n = {(p + q) * s} - {r} = {power}$.")
    return number(text, power, steps, [p * q * s - r, (p + q) * s + r, p + q + s - r, p + q * s - r])


FAMILIES = (
    (operations, 1, 5),
    (fractions, 1, 4),
    (percentages, 1, 5),
    (shares, 1, 4),
    (average, 2, 5),
    (angles, 2, 5),
    (mixed, 3, 5),
    (estimate, 3, 5),
    (exponents, 1, 5),
)
