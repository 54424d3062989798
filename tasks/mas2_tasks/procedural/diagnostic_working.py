"""How a case is worked out, in sentences and in calculations."""

from collections.abc import Iterator, Sequence
from typing import Final

from mas2_tasks.procedural.diagnostic import Case, Chain, Rule, Worked
from mas2_tasks.procedural.diagnostic_slips import Slip, changed

_SIGNS: Final = {"+": "+", "-": "−", "*": "×", "//": "÷"}


def sentences(case: Case, worked: Worked, parts: Sequence[str], slip: Slip | None = None) -> tuple[str, ...]:
    """The derivation of an answer, one sentence for each opening that is a sum, each step and the rule."""
    told: list[str] = []
    for chain, results, name in _followed(case, worked, parts, slip):
        values = list(results)
        if len(chain.opening) > 1:
            told.append(f"{name}: {' + '.join(f'{n:,}' for n in chain.opening)} = {values[0]:,}.")
        for i, step in enumerate(chain.steps):
            down = ", rounded down" if step.operator == "//" and values[i] % step.operand else ""
            sign = _SIGNS[step.operator]
            told.append(f"{name}: {values[i]:,} {sign} {step.operand:,} = {values[i + 1]:,}{down}.")
        if len(values) == 1:
            told.append(f"{name}: {values[0]:,}.")
    ends = [values[-1] for values in worked.results if values]
    if len(ends) > 1:
        told.append(_combined(case.rule, ends, worked.answer))
    return tuple(told)


def calculations(case: Case, worked: Worked, slip: Slip | None = None) -> Iterator[tuple[str, int]]:
    """Expression and result of each step with large numbers, as one works it out who makes the slip."""
    parts = ("",) * len(case.chains)
    for chain, results, _ in _followed(case, worked, parts, slip):
        for i, step in enumerate(chain.steps):
            if step.large:
                yield f"{results[i]} {step.operator} {step.operand}", results[i + 1]


def _followed(
    case: Case, worked: Worked, parts: Sequence[str], slip: Slip | None
) -> Iterator[tuple[Chain, tuple[int, ...], str]]:
    """Chain, results and name of each part that is not forgotten."""
    for part, (chain, results) in enumerate(zip(case.chains, worked.results, strict=True)):
        if results:
            yield changed(chain, slip) if slip and slip.part == part else chain, results, parts[part]


def _combined(rule: Rule, ends: Sequence[int], answer: int) -> str:
    if rule == "spread":
        return f"The largest less the smallest: {max(ends):,} − {min(ends):,} = {answer:,}."
    kept = list(ends)
    if rule == "rest":
        kept.remove(min(ends))
    what = "Without the smallest" if rule == "rest" else "Together"
    return f"{what}: {' + '.join(f'{end:,}' for end in kept)} = {answer:,}."
