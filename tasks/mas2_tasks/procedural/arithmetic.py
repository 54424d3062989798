"""Derivations as data: steps that refer to earlier ones, so that a slip can be made and carried through."""

from typing import Literal, TypeAlias

from msgspec import Struct

Operator: TypeAlias = Literal["+", "-", "*", "/", "%"]
LARGEST = 10_000_000
FAR = 40


class Ref:
    """The result of an earlier step."""

    __slots__ = ("index", "value")

    def __init__(self, index: int, value: int) -> None:
        self.index = index
        self.value = value


Operand: TypeAlias = int | Ref


class Step(Struct, frozen=True):
    """One step of a derivation.

    Attributes:
        text: the sentence, with `{e}` where the calculation goes.
        operator: what is done, from left to right; `%` takes a percentage (first) of an amount (second).
        operands: plain numbers, or the index of an earlier step counted from -1 downwards (`~index`).
        money: whether the result is in dollars.
    """

    text: str
    operator: Operator
    operands: tuple[int, ...]
    money: bool


class Slip(Struct, frozen=True):
    """What goes wrong in a derivation.

    Attributes:
        kind: `operator` (another operation), `sum` (the result is off by `amount`), `stop` (the steps from
            `at` on are forgotten).
        at: index of the step.
        operator: the operation that is done instead.
        amount: by how much the result is off.
    """

    kind: Literal["operator", "sum", "stop"]
    at: int
    operator: Operator = "+"
    amount: int = 0


def apply(operator: Operator, numbers: list[int]) -> int | None:
    """The result, or None where it is not a whole number from 1 to `LARGEST`."""
    value = numbers[0]
    if operator == "%":
        product = value * numbers[1]
        value = product // 100 if product % 100 == 0 else 0
    else:
        for number in numbers[1:]:
            if operator == "+":
                value += number
            elif operator == "-":
                value -= number
            elif operator == "*":
                value *= number
            elif number == 0 or value % number:
                return None
            else:
                value //= number
    return value if 0 < value <= LARGEST else None


def run(steps: tuple[Step, ...], slip: Slip | None = None) -> list[int] | None:
    """Results of all steps, with the slip carried through; None where one of them makes no sense."""
    results: list[int] = []
    for index, step in enumerate(steps):
        here = slip is not None and slip.at == index
        if here and slip is not None and slip.kind == "stop":
            break
        operator = slip.operator if here and slip is not None and slip.kind == "operator" else step.operator
        numbers = [results[~operand] if operand < 0 else operand for operand in step.operands]
        value = apply(operator, numbers)
        if value is not None and here and slip is not None:
            value += slip.amount
        if value is None or value <= 0:
            return None
        results.append(value)
    return results or None


def expression(step: Step, results: list[int], operator: Operator, spaced: bool = False) -> str:
    """The calculation of a step as text, without its result."""
    numbers = [str(results[~operand]) if operand < 0 else str(operand) for operand in step.operands]
    if operator == "%":
        numbers, operator = [numbers[1], numbers[0], "100"], "*"
        joint = " * " if spaced else "*"
        return joint.join(numbers[:2]) + (" / 100" if spaced else "/100")
    return (f" {operator} " if spaced else operator).join(numbers)


def sentences(steps: tuple[Step, ...], results: list[int], slip: Slip | None = None) -> list[str]:
    """The derivation in the style of GSM8K, each calculation marked `<<...>>`."""
    told: list[str] = []
    for index, (step, value) in enumerate(zip(steps, results, strict=False)):
        wrong = slip is not None and slip.at == index and slip.kind == "operator"
        operator = slip.operator if wrong and slip is not None else step.operator
        short, long = expression(step, results, operator), expression(step, results, operator, spaced=True)
        dollar = "$" if step.money else ""
        told.append(step.text.replace("{e}", f"{long} = {dollar}<<{short}={value}>>{value}"))
    return told


_INSTEAD: dict[Operator, tuple[Operator, ...]] = {
    "+": ("*", "-"),
    "-": ("+", "/"),
    "*": ("+", "/"),
    "/": ("*", "-"),
    "%": ("-", "+"),
}


def slips(steps: tuple[Step, ...], answer: int, most: int = 6) -> dict[int, Slip]:
    """Wrong results that people reach, commonest kind of slip first, with the slip that leads to each.

    Results of more than `FAR` times the answer are left out: nobody would believe them.
    """
    last = len(steps) - 1
    tried = [Slip("stop", last)] if last else []
    for at in range(last, -1, -1):
        tried += [Slip("operator", at, operator) for operator in _INSTEAD[steps[at].operator][:1]]
    tried += [Slip("stop", at) for at in range(last - 1, 0, -1)][:1]
    tried += [Slip("operator", last, _INSTEAD[steps[last].operator][1]), Slip("operator", 0, "-")]
    tried += [Slip("sum", last, amount=amount) for amount in (1, 10, -1, 2, 100)]
    found: dict[int, Slip] = {}
    for slip in tried:
        results = run(steps, slip)
        if results is not None and results[-1] != answer and results[-1] <= FAR * answer:
            found.setdefault(results[-1], slip)
            if len(found) == most:
                break
    return found


class Sketch:
    """A word problem in the making: sentences of the question and steps of its solution."""

    __slots__ = ("said", "steps")

    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: list[Step] = []

    def say(self, text: str) -> None:
        """Add a sentence to the question."""
        self.said.append(text)

    def do(self, text: str, operator: Operator, *operands: Operand, money: bool = False) -> Ref:
        """Add a step and return its result.

        Raises:
            ValueError: if the result is not a whole number from 1 to `LARGEST`: the story must not allow it.
        """
        value = apply(
            operator, [operand.value if isinstance(operand, Ref) else operand for operand in operands]
        )
        if value is None:
            shown = [operand.value if isinstance(operand, Ref) else operand for operand in operands]
            raise ValueError(f"{text}: {operator} of {shown} is not a positive whole number")
        coded = tuple([~operand.index if isinstance(operand, Ref) else operand for operand in operands])
        self.steps.append(Step(text, operator, coded, money))
        return Ref(len(self.steps) - 1, value)
