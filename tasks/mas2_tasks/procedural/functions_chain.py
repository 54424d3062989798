"""Chains of steps: drawing, evaluating, writing down and spoiling them."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mas2_tasks.procedural import functions_numbers, functions_shapes, functions_text
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.functions_step import INDENT, Step, compiled

STEPS = functions_numbers.STEPS + functions_text.STEPS + functions_shapes.STEPS

_FROM: dict[str, tuple[Step, ...]] = {}
for _step in STEPS:
    _FROM[_step.takes] = (*_FROM.get(_step.takes, ()), _step)
_ONWARD = {
    kind: tuple(step for step in steps if step.gives in _FROM and step.gives != "int")
    for kind, steps in _FROM.items()
}

# Names that steps use for their own variables; an argument must not bear one.
_LOCAL = frozenset(
    {
        *("c", "column", "current", "d", "depth", "end", "i", "j", "key", "n", "open_", "p", "pair", "rest"),
        *("row", "run", "seen", "shift", "start", "step", "term", "total", "v", "w", "waiting", "word"),
    }
)
_SPARE = "result"


class Stage(Struct, frozen=True):
    """A step with values for its parameters, and perhaps a mistake.

    Attributes:
        step: what it does.
        values: value of each parameter.
        open: the parameter that the function takes as its second argument, or "".
        bug: which of the step's bugs it has, if any.
        shift: a parameter and what is wrongly added to it, if any.
    """

    step: Step
    values: dict[str, Any]
    open: str = ""
    bug: int | None = None
    shift: tuple[str, int] | None = None

    @property
    def argument(self) -> str:
        """Name of the function's second argument; empty if this stage takes none."""
        return f"given_{self.open}" if self.open in _LOCAL else self.open

    def shown(self) -> dict[str, Any]:
        """What stands for each parameter in code."""
        texts = {}
        for name, value in self.values.items():
            by = self.shift[1] if self.shift and self.shift[0] == name else 0
            if name != self.open:
                texts[name] = value + by if by else value
            elif by:
                texts[name] = f"({self.argument} {'+' if by > 0 else '-'} {abs(by)})"
            else:
                texts[name] = self.argument
        return texts

    def said(self, phrase: str) -> str:
        """A phrase of the step with its parameters."""
        if not self.open:
            return phrase.format(**self.values)
        return phrase.format(**{**self.values, self.open: f"`{self.argument}`"})

    def code(self, x: str, y: str) -> list[str]:
        """Lines that assign to `y`; a single expression if the step is one and `y` is empty."""
        text = self.step.template(self.bug).format(x=x, y=y, **self.shown())
        return text.split("\n") if self.step.is_block or not y else [f"{y} = {text}"]

    def function(self) -> Callable[[Any, Any], Any]:
        """What computes the stage from a value and the second argument."""
        numbers = tuple(name for name, value in self.values.items() if not isinstance(value, str))
        texts = tuple((name, value) for name, value in self.values.items() if isinstance(value, str))
        compute = compiled(self.step.template(self.bug), numbers, texts)
        arguments = [self.values[name] for name in numbers]
        if self.shift and self.shift[0] != self.open:
            arguments[numbers.index(self.shift[0])] += self.shift[1]
        if not self.open:
            return lambda value, extra: compute(value, *arguments)
        place, by = (
            numbers.index(self.open),
            self.shift[1] if self.shift and self.shift[0] == self.open else 0,
        )

        def opened(value: Any, extra: Any) -> Any:
            arguments[place] = extra + by
            return compute(value, *arguments)

        return opened


Chain = tuple[Stage, ...]


def draw_chain(draw: Draw, kind: str, depth: int) -> Chain:
    """At most `depth` stages, the first of which takes a value of `kind`; one may be opened to the caller."""
    stages: list[Stage] = []
    used: set[str] = set()
    while len(stages) < depth:
        options = (_ONWARD if len(stages) < depth - 1 else _FROM).get(kind, ()) or _FROM.get(kind, ())
        options = tuple(step for step in options if step.name not in used)
        if not options:
            break
        step = draw.pick(options)
        used.add(step.name)
        stages.append(Stage(step, {name: draw.pick(values) for name, values in step.params.items()}))
        kind = step.gives
    numeric = [
        (place, name)
        for place, stage in enumerate(stages)
        for name, value in stage.values.items()
        if type(value) is int
    ]
    if numeric and draw.chance(0.3):
        place, name = draw.pick(numeric)
        stages[place] = replace(stages[place], open=name)
    return tuple(stages)


def mistakes(chain: Chain) -> Iterator[tuple[int, Chain]]:
    """The chain with one mistake, in every known way, and how many stages before it are as they were."""
    for place, stage in enumerate(chain):
        spoilt = [replace(stage, bug=bug) for bug in range(len(stage.step.bugs))]
        for name, value in stage.values.items():
            if type(value) is int:
                spoilt += [replace(stage, shift=(name, by)) for by in (1, -1)]
        for wrong in spoilt:
            yield place, (*chain[:place], wrong, *chain[place + 1 :])
        if len(chain) > 1 and stage.step.takes == stage.step.gives and not stage.open:
            yield place, (*chain[:place], *chain[place + 1 :])
        following = chain[place + 1] if place + 1 < len(chain) else None
        if following and stage.step.takes == stage.step.gives == following.step.takes == following.step.gives:
            yield place, (*chain[:place], following, stage, *chain[place + 2 :])


def results(chain: Chain, values: list[Any], extras: list[Any]) -> list[list[Any]]:
    """The values, and what each stage in turn makes of them and the second arguments.

    Where a stage raises, the exception stands for the value, there and in the columns after it.
    """
    columns = [values]
    for stage in chain:
        function = stage.function()
        made = []
        for value, extra in zip(columns[-1], extras, strict=True):
            try:
                made.append(value if isinstance(value, Exception) else function(value, extra))
            except Exception as error:
                made.append(error)
        columns.append(made)
    return columns


def write(chain: Chain, names: tuple[str, ...]) -> str:
    """The body of a function that performs the chain; `names[0]` is its argument, then one name a stage."""
    lines: list[str] = []
    current = names[0]
    for place, stage in enumerate(chain):
        last = place == len(chain) - 1
        if last and not stage.step.is_block:
            lines.append(f"return {stage.code(current, '')[0]}")
            break
        target = names[place + 1]
        if stage.step.is_block and target == current:
            target = _SPARE
        lines += stage.code(current, target)
        current = target
        if last:
            lines.append(f"return {current}")
    return "".join(f"{INDENT}{line}\n" for line in lines)
