"""Problems of MATH's subject Number Theory."""

from fractions import Fraction
from math import gcd, prod

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import in_base, lcm
from mas2_tasks.procedural.puzzle import Puzzle, ask, number, puzzle

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23)


def common(draw: Draw, level: int) -> Puzzle:
    """Greatest common divisor or least common multiple."""
    base = draw.between(2, 6 + 4 * level)
    a, b = base * draw.between(2, 6 + 2 * level), base * draw.between(2, 6 + 2 * level)
    if a == b:
        b += base
    divisor, multiple = gcd(a, b), lcm(a, b)
    if draw.chance(0.5):
        text = draw.pick(
            (
                f"What is the greatest common divisor of ${a}$ and ${b}$?",
                f"Compute $\\gcd({a}, {b})$.",
                f"Find the largest integer that divides both ${a}$ and ${b}$.",
            )
        )
        steps = [
            f"The remainder of ${max(a, b)}$ by ${min(a, b)}$ is ${max(a, b) % min(a, b)}$; Euclid "
            "goes on like this.",
            f"The last divisor is ${divisor}$.",
        ]
        return number(text, divisor, steps, [multiple, 2 * divisor, abs(a - b), Fraction(a, divisor)])
    text = draw.pick(
        (
            f"What is the least common multiple of ${a}$ and ${b}$?",
            f"Compute $\\text{{lcm}}({a}, {b})$.",
            f"What is the smallest positive integer divisible by both ${a}$ and ${b}$?",
        )
    )
    steps = [
        f"The greatest common divisor is ${divisor}$.",
        f"So the least common multiple is ${a} \\cdot {b} / {divisor} = {multiple}$.",
    ]
    return number(text, multiple, steps, [a * b, divisor, 2 * multiple, Fraction(multiple, 2)])


def divisors(draw: Draw, level: int) -> Puzzle:
    """The number or the sum of divisors."""
    primes = sorted(draw.some(_PRIMES[: 8 + 2 * level], 2 if level < 4 else 3))
    powers = [draw.between(1, 5 if prime < 4 else 3) for prime in primes]
    value = prod([p**e for p, e in zip(primes, powers, strict=True)])
    shown = " \\cdot ".join([f"{p}^{{{e}}}" for p, e in zip(primes, powers, strict=True)])
    count = prod([e + 1 for e in powers])
    total = prod([(p ** (e + 1) - 1) // (p - 1) for p, e in zip(primes, powers, strict=True)])
    if level < 3 or draw.chance(0.5):
        text = draw.pick(
            (
                f"How many positive divisors does ${value}$ have?",
                f"By how many positive integers is ${value}$ divisible?",
                f"What is the number of positive factors of ${value}$?",
                f"How many positive integers divide ${value}$?",
            )
        )
        steps = [f"We have ${value} = {shown}$.", f"Each exponent plus one, multiplied: ${count}$."]
        return number(text, count, steps, [prod(powers), sum(powers), count - 2, sum(e + 1 for e in powers)])
    text = ask(draw, f"the sum of the positive divisors of ${value}$")
    steps = [
        f"We have ${value} = {shown}$.",
        "The sum is the product of the sums of the powers of each prime.",
        f"It is ${total}$.",
    ]
    return number(text, total, steps, [total - value, total - 1, count, sum(primes)])


def remainder(draw: Draw, level: int) -> Puzzle:
    """The remainder of a power."""
    modulus = draw.pick((5, 7, 9, 11, 13, 17, 19)) if level > 1 else draw.pick((3, 4, 5))
    base, power = draw.between(2, 15 + 5 * level), draw.between(5, 40 * level)
    value = pow(base, power, modulus)
    text = draw.pick(
        (
            f"What is the remainder when ${base}^{{{power}}}$ is divided by ${modulus}$?",
            f"Find the remainder of ${base}^{{{power}}}$ upon division by ${modulus}$.",
            f"Determine the integer $n$ with $0 \\le n < {modulus}$ and ${base}^{{{power}}} \\equiv "
            f"n \\pmod{{{modulus}}}$.",
        )
    )
    first = [pow(base, k, modulus) for k in range(1, 5)]
    steps = [
        f"Modulo ${modulus}$, the powers of ${base}$ begin "
        f"{', '.join([f'${one}$' for one in first])} and repeat.",
        f"The exponent ${power}$ lands on ${value}$.",
    ]
    wrong = [
        pow(base, power + 1, modulus),
        pow(base, power - 1, modulus),
        base * power % modulus,
        modulus - value,
    ]
    return number(text, value, steps, wrong)


def bases(draw: Draw, level: int) -> Puzzle:
    """A number written in another base."""
    base = draw.between(2, 9)
    value = draw.between(base + 1, 40 * level + 20)
    digits = in_base(value, base)
    if draw.chance(0.4):
        text = draw.pick(
            (f"Convert ${digits}_{{{base}}}$ to base $10$.", f"What is ${digits}_{{{base}}}$ in base ten?")
        )
        steps = [f"The digits stand for powers of ${base}$.", f"Their sum is ${value}$."]
        wrong = [sum(int(d) * base**i for i, d in enumerate(digits)), value * base, value - int(digits[-1])]
        return number(text, value, steps, [w for w in wrong if w > 0])
    other, source = draw.between(2, 9), f"{value}_{{10}}"
    if level > 3 and other != base:
        source = f"{in_base(value, other)}_{{{other}}}"
    text = draw.pick(
        (
            f"Write ${source}$ in base ${base}$.",
            f"Express ${source}$ as a number in base ${base}$.",
            f"What is ${source}$ when written in base ${base}$?",
        )
    )
    answer = f"{digits}_{{{base}}}" if base > 9 else f"{digits}_{base}"
    steps = [
        f"In base ten the number is ${value}$.",
        f"Dividing by ${base}$ again and again leaves the digits ${answer}$.",
    ]
    others = [digits[::-1], in_base(value + 1, base), in_base(value + base, base), in_base(value - 1, base)]
    return puzzle(text, answer, steps, [f"{one}_{base}" for one in others if int(one) != int(digits)])


def congruences(draw: Draw, level: int) -> Puzzle:
    """The smallest number with given remainders."""
    moduli = sorted(draw.some((3, 4, 5, 7, 11, 13, 17, 19, 23)[: 6 + level], 2 if level < 5 else 3))
    whole = prod(moduli)
    value = draw.between(2, whole - 1)
    told = ", ".join([f"${value % m}$ when divided by ${m}$" for m in moduli[:-1]])
    told += f" and ${value % moduli[-1]}$ when divided by ${moduli[-1]}$"
    text = draw.pick(
        (
            f"What is the smallest positive integer that leaves a remainder of {told}?",
            f"Find the least positive integer whose remainder is {told}.",
        )
    )
    steps = [
        f"The moduli have no common factor, so the solution is unique modulo ${whole}$.",
        f"Trying the numbers with the last remainder, the first that fits all is ${value}$.",
    ]
    wrong = [value + whole, sum(value % m for m in moduli), value + moduli[-1], value + moduli[0]]
    return number(text, value, steps, wrong)


def units(draw: Draw, level: int) -> Puzzle:
    """The units digit of a sum or product of powers."""
    a, b = draw.between(2, 9 + 10 * level), draw.between(2, 9 + 10 * level)
    p, q = draw.between(3, 25 * level), draw.between(3, 25 * level)
    sign = draw.pick(("+", "\\cdot"))
    one, other = pow(a, p, 10), pow(b, q, 10)
    value = (one + other) % 10 if sign == "+" else one * other % 10
    text = draw.pick(
        (
            f"What is the units digit of ${a}^{{{p}}} {sign} {b}^{{{q}}}$?",
            f"Find the last digit of ${a}^{{{p}}} {sign} {b}^{{{q}}}$.",
        )
    )
    steps = [
        f"The last digit of ${a}^{{{p}}}$ is ${one}$, that of ${b}^{{{q}}}$ is ${other}$.",
        f"Together they give ${value}$.",
    ]
    wrong = [one, other, (one * other if sign == "+" else one + other) % 10, (a * p + b * q) % 10]
    return number(text, value, steps, wrong)


def zeros(draw: Draw, level: int) -> Puzzle:
    """Zeros at the end of a factorial, or the power of a prime in it."""
    n = draw.between(10, 400 * level)
    prime = 5 if level < 3 else draw.pick((2, 3, 5, 7))
    value, power = 0, prime
    while power <= n:
        value += n // power
        power *= prime
    if prime == 5 and draw.chance(0.6):
        text = f"With how many zeros does ${n}!$ end?"
    else:
        text = f"What is the largest integer $k$ such that ${prime}^k$ divides ${n}!$?"
    steps = [
        f"Count the multiples of ${prime}$ up to ${n}$: there are ${n // prime}$.",
        f"Higher powers of ${prime}$ count again, which makes ${value}$.",
    ]
    return number(
        text,
        value,
        steps,
        [n // prime, n // (prime * 2), n // prime + 1 if value == n // prime else value - 1],
    )


_MODULI = tuple([n for n in range(7, 200) if all(n % p for p in (2, 3, 5, 7, 11, 13) if p < n)])


def inverse(draw: Draw, level: int) -> Puzzle:
    """A modular inverse or a linear congruence."""
    modulus = draw.pick(_MODULI[: 16 + 4 * level])
    a = draw.between(2, modulus - 2)
    c = draw.between(1, modulus - 1) if level > 3 else 1
    value = pow(a, -1, modulus) * c % modulus
    if c == 1:
        text = draw.pick(
            (
                f"Find the inverse of ${a}$ modulo ${modulus}$, as an integer from $0$ to ${modulus - 1}$.",
                f"What integer $x$ with $0 \\le x < {modulus}$ satisfies ${a}x \\equiv 1 "
                f"\\pmod{{{modulus}}}$?",
            )
        )
    else:
        text = f"Solve ${a}x \\equiv {c} \\pmod{{{modulus}}}$ for $x$ with $0 \\le x < {modulus}$."
    steps = [f"The inverse of ${a}$ modulo ${modulus}$ is ${pow(a, -1, modulus)}$.", f"So $x = {value}$."]
    return number(
        text, value, steps, [modulus - value, modulus - a, (c - a) % modulus, (value + 1) % modulus]
    )


def coins(draw: Draw, level: int) -> Puzzle:
    """The number of ways to pay an amount with two kinds of coins."""
    a, b = draw.between(2, 3 + level), draw.between(2, 5 + level)
    if a == b:
        b += 1
    total = draw.between(30, 40 * level)
    value = sum((total - a * k) % b == 0 for k in range(total // a + 1))
    text = draw.pick(
        (
            f"How many pairs $(x, y)$ of nonnegative integers satisfy ${a}x + {b}y = {total}$?",
            f"In how many ways can ${total}$ cents be paid with coins of ${a}$ and ${b}$ cents?",
        )
    )
    steps = [
        f"For each $x$ from $0$ to ${total // a}$, the rest must be divisible by ${b}$.",
        f"That happens for ${value}$ of them.",
    ]
    strict = sum((total - a * k) % b == 0 for k in range(1, total // a + 1) if total > a * k)
    return number(text, value, steps, [strict, total // a + 1, total // (a * b), value + 1])


FAMILIES = (
    (common, 1, 3),
    (divisors, 1, 5),
    (remainder, 1, 5),
    (bases, 1, 5),
    (congruences, 2, 5),
    (units, 1, 4),
    (zeros, 2, 5),
    (inverse, 3, 5),
    (coins, 4, 5),
)
