"""Problems of MATH's subject Counting & Probability."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from math import comb, factorial, prod

from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import lcm, show, signed
from mas2_tasks.procedural.puzzle import Puzzle, ask, number

_WORD_LIST = (
    "APPLE BANANA CHEESE PEPPER BALLOON COFFEE LETTER MIRROR SUMMER RABBIT BUTTER PUZZLE KITTEN GIGGLE "
    "SADDLE TUNNEL VALLEY ARROW EERIE MAMMAL COCOON SISTER LEVEL RADAR BOTTLE "
    "WILLOW HOLLOW TATTOO CANAL DEED "
    "ERROR NOON OTTER QUEUE SALAD TOTEM"
)
_WORDS = tuple(_WORD_LIST.split(" "))


def _word(draw: Draw, size: int) -> str:
    """A word, or as many letters of few kinds."""
    if draw.chance(0.1):
        return draw.pick([word for word in _WORDS if len(word) >= size])
    kinds = draw.some("ABCDEFGHKLMNOPRSTUXYZ", size - 2 if size > 4 else 3)
    return "".join(kinds + [draw.pick(kinds) for _ in range(draw.between(2, 4))])


def letters(draw: Draw, level: int) -> Puzzle:
    """Arrangements of the letters of a word with repeats."""
    word = _word(draw, 4 + level // 2)
    counts = Counter(word)
    value = factorial(len(word)) // prod([factorial(count) for count in counts.values()])
    if level >= 4:
        fixed = word[0]
        rest = Counter(word[1:])
        value = factorial(len(word) - 1) // prod([factorial(count) for count in rest.values()])
        text = f"How many distinct arrangements of the letters of {word} begin with the letter {fixed}?"
        steps = [
            f"After the first letter, ${len(word) - 1}$ letters are left to arrange.",
            f"Dividing by the orders of equal letters, the number is ${value}$.",
        ]
        whole = factorial(len(word)) // prod([factorial(count) for count in counts.values()])
        return number(text, value, steps, [whole, factorial(len(word) - 1), factorial(len(word)), 2 * value])
    text = draw.pick(
        (
            f"How many different arrangements of the letters {word} are there?",
            f"In how many ways can the letters of {word} be arranged in a row?",
            f"How many distinct strings can be made by rearranging the letters of {word}?",
        )
    )
    steps = [
        f"There are ${len(word)}$ letters, so ${len(word)}! = {factorial(len(word))}$ orders if all "
        "differed.",
        f"Dividing by the orders of equal letters leaves ${value}$.",
    ]
    return number(
        text, value, steps, [factorial(len(word)), factorial(len(counts)), 2 * value, Fraction(value, 2)]
    )


_GROUPS = (
    ("seniors", "juniors"),
    ("doctors", "nurses"),
    ("teachers", "parents"),
    ("violinists", "cellists"),
    ("managers", "engineers"),
)


def committee(draw: Draw, level: int) -> Puzzle:
    """Committees with members of two groups."""
    a, b = draw.between(4, 9 + level), draw.between(4, 9 + level)
    p, q = draw.between(1, 3), draw.between(1, 3)
    group, other = draw.pick(_GROUPS)
    if level < 4:
        value = comb(a, p) * comb(b, q)
        text = draw.pick(
            (
                f"A committee of ${p}$ {group} and ${q}$ {other} is chosen from ${a}$ {group} and "
                f"${b}$ {other}. "
                "How many committees are possible?",
                f"From ${a}$ {group} and ${b}$ {other}, in how many ways can ${p}$ {group} and "
                f"${q}$ {other} be selected?",
            )
        )
        steps = [
            f"The {group} can be chosen in ${comb(a, p)}$ ways, the {other} in ${comb(b, q)}$.",
            f"The product is ${value}$.",
        ]
        return number(
            text,
            value,
            steps,
            [comb(a, p) + comb(b, q), comb(a + b, p + q), value * factorial(p) * factorial(q)],
        )
    size = p + q + 1
    value = comb(a + b, size) - comb(a, size) - comb(b, size)
    text = (
        f"A team of ${size}$ is chosen from ${a}$ {group} and ${b}$ {other}. "
        "In how many ways can this be done if both groups must be represented?"
    )
    steps = [
        f"Without the condition there are ${comb(a + b, size)}$ teams.",
        f"Of one group alone there are ${comb(a, size)}$ and ${comb(b, size)}$.",
        f"That leaves ${value}$.",
    ]
    return number(
        text,
        value,
        steps,
        [comb(a + b, size), a * b * comb(a + b - 2, size - 2), comb(a + b, size) - comb(a, size)],
    )


def dice(draw: Draw, level: int) -> Puzzle:
    """The probability of a sum of dice."""
    faces = [draw.between(4, 12 + 2 * level) for _ in range(2 if level < 4 else 3)]
    total = draw.between(len(faces) + 1, sum(faces) - 1)
    ways = {0: 1}
    for sides in faces:
        after: dict[int, int] = {}
        for got, many in ways.items():
            for face in range(1, sides + 1):
                after[got + face] = after.get(got + face, 0) + many
        ways = after
    mode = draw.pick(("exactly", "at least", "at most")) if level > 2 else "exactly"
    good = sum(
        many
        for got, many in ways.items()
        if (got == total if mode == "exactly" else got >= total if mode == "at least" else got <= total)
    )
    whole = prod(faces)
    value = Fraction(good, whole)
    named = ", ".join([f"${sides}$" for sides in faces[:-1]]) + f" and ${faces[-1]}$"
    text = draw.pick(
        (
            f"Fair dice with {named} sides, numbered from $1$ up, are rolled. What is the "
            "probability that the "
            f"sum is {mode} ${total}$?",
            f"You roll {len(faces)} fair dice, which have {named} sides numbered from $1$ up. Find the "
            f"probability that the numbers add up to {mode} ${total}$. Give a common fraction.",
        )
    )
    shown = " \\cdot ".join(map(str, faces))
    steps = [
        f"There are ${shown} = {whole}$ equally likely outcomes.",
        f"In ${good}$ of them the sum fits.",
        f"The probability is ${show(value)}$.",
    ]
    sums = sum(faces) - len(faces) + 1
    wrong = [Fraction(1, sums), 1 - value, Fraction(good + 1, whole), Fraction(good, sums * faces[0])]
    return number(text, value, steps, wrong)


def balls(draw: Draw, level: int) -> Puzzle:
    """Drawing without replacement."""
    counts = [draw.between(2, 3 + level) for _ in range(2 if level < 3 else 3)]
    colors = draw.some(("red", "blue", "green", "white", "black", "yellow"), len(counts))
    taken = 2 if level < 5 else 3
    total = sum(counts)
    told = ", ".join([f"${count}$ {color}" for count, color in zip(counts[:-1], colors[:-1], strict=True)])
    told += f" and ${counts[-1]}$ {colors[-1]}"
    thing, place = draw.pick((("balls", "bag"), ("marbles", "jar"), ("tokens", "box"), ("socks", "drawer")))
    same = draw.chance(0.5)
    value = Fraction(sum(comb(count, taken) for count in counts), comb(total, taken))
    replaced = sum((Fraction(count, total) ** taken for count in counts), Fraction(0))
    if not same:
        value, replaced = 1 - value, 1 - replaced
    asked = "all have the same color" if same else "do not all have the same color"
    text = (
        f"A {place} holds {told} {thing}. If ${taken}$ {thing} are drawn at random without replacement, "
        f"what is the probability that they {asked}?"
    )
    steps = [
        f"There are ${comb(total, taken)}$ ways to draw ${taken}$ of ${total}$.",
        "Of one color there are " + " + ".join([f"${comb(count, taken)}$" for count in counts]) + " ways.",
        f"So the probability is ${show(value)}$.",
    ]
    return number(
        text, value, steps, [1 - value, replaced, Fraction(comb(counts[0], taken), comb(total, taken))]
    )


def expansion(draw: Draw, level: int) -> Puzzle:
    """A coefficient of a power of a binomial."""
    power = draw.between(4, 6 + level)
    a, b = draw.between(1, 3 + level), draw.between(1, 7) * draw.pick((1, -1))
    at = draw.between(1, power - 1)
    value = comb(power, at) * a**at * b ** (power - at)
    head = "x" if a == 1 else f"{a}x"
    text = draw.pick(
        (
            f"What is the coefficient of $x^{{{at}}}$ in the expansion of $({head} "
            f"{signed(b)})^{{{power}}}$?",
            f"Find the coefficient of $x^{{{at}}}$ when $({head} {signed(b)})^{{{power}}}$ is "
            "multiplied out.",
        )
    )
    steps = [
        f"The binomial coefficient is $\\binom{{{power}}}{{{at}}} = {comb(power, at)}$.",
        f"It multiplies ${a}^{{{at}}} \\cdot ({b})^{{{power - at}}}$.",
        f"The coefficient is ${value}$.",
    ]
    wrong = [comb(power, at), -value, comb(power, at) * a * b, comb(power, at) * a ** (power - at) * b**at]
    return number(text, value, steps, wrong)


def paths(draw: Draw, level: int) -> Puzzle:
    """Shortest paths on a grid, perhaps through a point."""
    x, y = draw.between(3, 10 + level), draw.between(3, 10 + level)
    whole = comb(x + y, x)
    who = Cast(draw).hero
    start = f"On a grid, {who} walks from $(0,0)$ to $({x},{y})$, each step one unit right or one unit up."
    if level < 3:
        text = f"{start} How many different paths are there?"
        steps = [
            f"Of ${x + y}$ steps, ${x}$ go right.",
            f"There are $\\binom{{{x + y}}}{{{x}}} = {whole}$ paths.",
        ]
        return number(text, whole, steps, [x * y, comb(x + y - 1, x), 2 ** (x + y), whole + x])
    u, v = draw.between(1, x - 1), draw.between(1, y - 1)
    through = comb(u + v, u) * comb(x + y - u - v, x - u)
    avoid = draw.chance(0.5)
    value = whole - through if avoid else through
    text = f"{start} How many paths {'avoid' if avoid else 'pass through'} the point $({u},{v})$?"
    steps = [
        f"Through the point there are ${comb(u + v, u)} \\cdot {comb(x + y - u - v, x - u)} = "
        f"{through}$ paths.",
        f"In all there are ${whole}$ paths.",
        f"The answer is ${value}$.",
    ]
    return number(text, value, steps, [whole - value, whole, comb(u + v, u) + comb(x + y - u - v, x - u)])


def multiples(draw: Draw, level: int) -> Puzzle:
    """Inclusion and exclusion among multiples."""
    top = draw.between(5, 10 + 20 * level) * 10
    while True:
        numbers = sorted(draw.some((2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 2 if level < 4 else 3))
        if all(other % one for one, other in pairwise(numbers)) and numbers[-1] % numbers[0]:
            break
    single = sum(top // one for one in numbers)
    pairs = [(one, other) for i, one in enumerate(numbers) for other in numbers[i + 1 :]]
    double = sum(top // lcm(*pair) for pair in pairs)
    triple = top // lcm(*numbers) if len(numbers) == 3 else 0
    value = single - double + triple
    named = " or ".join([f"${one}$" for one in numbers])
    text = draw.pick(
        (
            f"How many positive integers up to ${top}$ are divisible by {named}?",
            f"How many of the numbers from $1$ to ${top}$ are multiples of {named}?",
        )
    )
    steps = [
        f"Counting multiples one by one gives ${single}$.",
        f"Common multiples of two are counted twice: ${double}$.",
    ]
    if triple or len(numbers) == 3:
        steps.append(f"Common multiples of all three are added back: ${triple}$.")
    steps.append(f"The number is ${value}$.")
    return number(text, value, steps, [single, single - double, single - 2 * double, top - value])


def solutions(draw: Draw, level: int) -> Puzzle:
    """Solutions of a sum in non-negative or positive integers."""
    count, total = draw.between(3, 3 + level), draw.between(6, 10 + 4 * level)
    positive = draw.chance(0.5)
    value = comb(total - 1, count - 1) if positive else comb(total + count - 1, count - 1)
    other = comb(total + count - 1, count - 1) if positive else comb(total - 1, count - 1)
    what = draw.pick(("candies", "coins", "pencils", "stickers", "cookies", "marbles", "tickets"))
    who, one = draw.pick((("children", "child"), ("pirates", "pirate"), ("bags", "bag"), ("teams", "team")))
    text = f"In how many ways can ${total}$ identical {what} be divided among ${count}$ {who} if " + (
        f"each {one} gets at least one?" if positive else f"some {who} may get none?"
    )
    places = total - 1 if positive else total + count - 1
    steps = [
        f"Each way is a choice of ${count - 1}$ bars among ${places}$ places.",
        f"There are $\\binom{{{places}}}{{{count - 1}}} = {value}$ ways.",
    ]
    return number(text, value, steps, [other, comb(total + count, count), total * count, comb(total, count)])


def expectation(draw: Draw, level: int) -> Puzzle:
    """The expected value of a game with a spinner."""
    count = 2 + level // 2
    weights = [draw.between(1, 3 + level) for _ in range(count)]
    prizes = draw.some(range(1, 10 + 3 * level), count)
    total = sum(weights)
    value = Fraction(sum(w * p for w, p in zip(weights, prizes, strict=True)), total)
    told = ", ".join(
        [
            f"${p}$ dollars with probability ${show(Fraction(w, total))}$"
            for w, p in zip(weights, prizes, strict=True)
        ]
    )
    text = f"A game pays {told}. " + ask(draw, "the expected payment, in dollars")
    steps = [
        "Each payment is weighted with its probability.",
        "The sum is $"
        + " + ".join([f"{show(Fraction(w, total))} \\cdot {p}" for w, p in zip(weights, prizes, strict=True)])
        + "$.",
        f"It is ${show(value)}$.",
    ]
    return number(text, value, steps, [Fraction(sum(prizes), count), sum(prizes), value * total])


FAMILIES = (
    (letters, 1, 5),
    (committee, 1, 5),
    (dice, 1, 5),
    (balls, 2, 5),
    (expansion, 2, 5),
    (paths, 1, 5),
    (multiples, 1, 5),
    (solutions, 3, 5),
    (expectation, 3, 5),
)
