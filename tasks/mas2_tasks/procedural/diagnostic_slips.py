"""Typical mistakes in working out a case, and what they lead to."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, structs

from mas2_tasks.procedural.diagnostic import Case, Chain, Step, Worked, apply, combine, work
from mas2_tasks.procedural.draw import Draw

MOST_DISTRACTORS = 6
MOST_TRIED = 60


class Slip(Struct, frozen=True):
    """One mistake.

    Attributes:
        kind: `step` (one is left out), `piece` (a part of an opening amount is), `part` (one is forgotten),
            `sum` (a result is off by `amount`), `operator` (the opposite is done).
        part: index of the chain.
        at: index of the step, or of the piece of the opening amount.
        amount: by how much a result is off.
    """

    kind: Literal["step", "piece", "part", "sum", "operator"]
    part: int
    at: int = 0
    amount: int = 0


def slipped(case: Case, worked: Worked, slip: Slip) -> Worked | None:
    """The case (rightly worked out in `worked`) with the mistake; None where nothing positive is left.

    The results of a part that was forgotten are empty, and a step that was left out has none.
    """
    results = list(worked.results)
    results[slip.part] = () if slip.kind == "part" else _work(case.chains[slip.part], slip)
    if any(value < 1 for value in results[slip.part]):
        return None
    ends = [values[-1] for values in results if values]
    if not ends or (slip.kind == "part" and case.rule == "spread" and len(ends) < 2):
        return None
    answer = combine(case.rule, ends)
    return Worked(tuple(results), answer) if answer > 0 else None


def changed(chain: Chain, slip: Slip) -> Chain:
    """The chain with what is left out or turned round."""
    if slip.kind == "piece":
        return structs.replace(chain, opening=_without(chain.opening, slip.at))
    if slip.kind == "step":
        return structs.replace(chain, steps=_without(chain.steps, slip.at))
    if slip.kind == "operator":
        steps = list(chain.steps)
        step = steps[slip.at]
        steps[slip.at] = Step("-" if step.operator == "+" else "+", step.operand, step.large)
        return structs.replace(chain, steps=tuple(steps))
    return chain


def _work(chain: Chain, slip: Slip) -> tuple[int, ...]:
    chain = changed(chain, slip)
    if slip.kind != "sum":
        return work(chain)
    results = [sum(chain.opening)]
    for i, step in enumerate(chain.steps):
        results.append(apply(step, results[-1]) + (slip.amount if i == slip.at else 0))
    return tuple(results)


def _without(values: tuple, at: int) -> tuple:  # type: ignore[type-arg]
    return values[:at] + values[at + 1 :]


def distractors(draw: Draw, case: Case, worked: Worked) -> dict[int, Slip]:
    """Wrong answers and the mistakes that lead to them, at most six, and at least one."""
    found: dict[int, Slip] = {}
    for slip in _candidates(draw, case, worked):
        wrong = slipped(case, worked, slip)
        if wrong is not None and wrong.answer != worked.answer and wrong.answer not in found:
            found[wrong.answer] = slip
            if len(found) == MOST_DISTRACTORS:
                break
    return found


def _candidates(draw: Draw, case: Case, worked: Worked) -> Iterator[Slip]:
    """Mistakes to try: each kind once in random order, then again; in the end, results that are off."""
    kinds = ["step", "sum", "sum"]
    if len(case.chains) > 1:
        kinds.append("part")
    if any(len(chain.opening) > 1 for chain in case.chains):
        kinds.append("piece")
    if any(step.operator in "+-" for chain in case.chains for step in chain.steps):
        kinds.append("operator")
    for _ in range(MOST_TRIED // len(kinds)):
        for kind in draw.some(kinds, len(kinds)):
            slip = _slip(draw, kind, case, worked)
            if slip is not None:
                yield slip
    for part, chain in enumerate(case.chains):
        yield from [Slip("sum", part, len(chain.steps) - 1, amount) for amount in (10, 1, 100)]


def _slip(draw: Draw, kind: str, case: Case, worked: Worked) -> Slip | None:
    part = int(draw.random() * len(case.chains))
    chain = case.chains[part]
    at = int(draw.random() * len(chain.steps))
    if kind == "part":
        return Slip("part", part)
    if kind == "piece":
        return (
            Slip("piece", part, int(draw.random() * len(chain.opening))) if len(chain.opening) > 1 else None
        )
    if kind == "operator":
        fits = [i for i, step in enumerate(chain.steps) if step.operator in "+-"]
        return Slip("operator", part, draw.pick(fits)) if fits else None
    if kind == "step":
        return Slip("step", part, at)
    # Errors in one digit are the commonest slips of arithmetic: a carry too many or too few, a digit misread.
    digits = len(str(worked.results[part][at + 1]))
    amount = draw.between(1, 4) * 10 ** int(draw.random() * digits)
    return Slip("sum", part, at, amount if draw.random() < 0.5 else -amount)
