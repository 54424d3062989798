"""The step from which synthesised functions are composed."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from msgspec import Struct

INDENT = "    "


class Step(Struct, frozen=True):
    """One transformation of a value, said in words and in code, both with the same parameters.

    Attributes:
        name: short noun or verb, for function names.
        takes: kind of value that it works on.
        gives: kind of value that it makes.
        code: an expression of `{x}`, or lines that assign to `{y}`; parameters stand in braces.
        phrases: ways to ask for it, in the imperative.
        bugs: (old, new) text replacements in `code`, each a mistake that people make.
        params: candidate values of each parameter: integers, truth values or strings.
        weight: how much it adds to the difficulty, in logits.
    """

    name: str
    takes: str
    gives: str
    code: str
    phrases: tuple[str, ...]
    bugs: tuple[tuple[str, str], ...] = ()
    params: dict[str, tuple[Any, ...]] = {}
    weight: float = 0.5

    @property
    def is_block(self) -> bool:
        """Whether the code is lines that assign, rather than one expression."""
        return "{y}" in self.code

    def template(self, bug: int | None) -> str:
        """The code as it should be, or with one of its bugs."""
        if bug is None:
            return self.code
        old, new = self.bugs[bug]
        return self.code.replace(old, new, 1)


def span(low: int, high: int) -> tuple[int, ...]:
    """The integers from `low` to `high`, the latter excluded, as candidate values."""
    return tuple(range(low, high))


@lru_cache(maxsize=4096)
def compiled(
    template: str, numbers: tuple[str, ...], texts: tuple[tuple[str, str], ...]
) -> Callable[..., Any]:
    """The function `(value, *numbers) -> value` that a template of this package's tables describes.

    String parameters are part of the text; the others are arguments, so that few functions serve many items.
    """
    names = {name: name for name in numbers}
    code = template.format(x="x", y="y", **names, **dict(texts))
    lines = code.split("\n") if "{y}" in template else [f"y = {code}"]
    body = "\n".join(INDENT + line for line in lines)
    space: dict[str, Any] = {}
    exec(f"def step({', '.join(['x', *numbers])}):\n{body}\n{INDENT}return y\n", space)
    made: Callable[..., Any] = space["step"]
    return made
