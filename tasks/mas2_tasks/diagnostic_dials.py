"""The dials of the diagnostic tasks: what each may be, and what it does to the difficulty of items."""

from math import isfinite, log2
from typing import Any, Final

from msgspec import Struct

from mas2_env.errors import DataError

LONGEST, WIDEST, MOST_FILES, MOST_EXPOSED = 12, 8, 40, 0.99


class Dials(Struct, frozen=True):
    """Settings of all dials.

    Attributes:
        depth: steps of each part, each of which needs the result of the one before; 1 to 12.
        breadth: parts that can be worked out independently and are combined at the end; 1 to 8.
        context: files over which the records are spread, all of which are needed; 0 puts the records into the
            query, at most 40.
        tool: share of the steps whose numbers are too large for mental arithmetic, 0 to 1.
        verification: share of wrong answers that a property stated in the query exposes, 0 (none is stated)
            to 0.99.

    Raises:
        DataError: if one is not a number of its range.
    """

    depth: int = 3
    breadth: int = 2
    context: int = 0
    tool: float = 0.5
    verification: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            whole = isinstance(low, int)
            kinds = (int,) if whole else (int, float)
            if isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high:
                continue
            what = "a whole number" if whole else "a number"
            raise DataError(f"Diagnostic: {name} is {value!r}, expected {what} from {low} to {high}")

    @property
    def steps(self) -> int:
        """Steps of all parts together."""
        return self.depth * self.breadth

    @property
    def modulus(self) -> int:
        """What the answer is divided by in the stated property, a prime; 0 where none is stated.

        The prime nearest to 1 / (1 − verification), of two the smaller: a wrong answer leaves the right
        remainder in one of so many cases. It is neither 2 nor 5, since slips are often off by tens.
        """
        if self.verification <= 0:
            return 0
        wanted = 1 / (1 - self.verification)
        return min(_PRIMES, key=lambda prime: (abs(prime - wanted), prime))

    @property
    def difficulty(self) -> float:
        """Logit relative to the defaults.

        0.6 for each doubling of all steps, 0.2 for a step of depth, and 1.2 from no step to all steps with
        large numbers.
        The weights are estimates, chosen so that a chain is harder than as many parallel steps. The files and
        the property count for nothing here: what they change is what an agent can know.
        """
        usual = Dials()
        return (
            PER_DOUBLING * log2(self.steps / usual.steps)
            + PER_DEPTH * (self.depth - usual.depth)
            + PER_TOOL * (self.tool - usual.tool)
        )


PER_DOUBLING: Final = 0.6
PER_DEPTH: Final = 0.2
PER_TOOL: Final = 1.2

RANGES: Final[dict[str, tuple[float, float]]] = {
    "depth": (1, LONGEST),
    "breadth": (1, WIDEST),
    "context": (0, MOST_FILES),
    "tool": (0.0, 1.0),
    "verification": (0.0, MOST_EXPOSED),
}
"""Least and greatest value of each dial; whole numbers where these are `int`."""

_PRIMES: Final = tuple([n for n in range(3, 102) if n % 5 and all(n % other for other in range(2, n))])


def number(name: str, value: Any) -> Any:
    """A share given as a whole number is the same dial as the float; what is no number stays as it is."""
    is_share = isinstance(RANGES[name][0], float)
    plain = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_share and plain and isfinite(value) else value
