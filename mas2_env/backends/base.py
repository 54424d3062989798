"""What answers model calls."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, TypeAlias

from mas2_env.backends.ledger import Ledger
from mas2_env.errors import Breakdown
from mas2_env.execution.operation import Failure, ModelCall, Reply

Pace: TypeAlias = Literal["instant", "waits", "batches"]


class Backend(ABC):
    """Answers model calls, in batches.

    A failed call is a `Failure` in its place of the list; a `Breakdown` raised (or returned in its place)
    says that infrastructure is down, which voids the episode. So does any other exception, and a result that
    is none: a fault of the backend is nobody's wrong answer. A `Halt` that is raised ends the whole run.

    Attributes:
        pace: how many episodes are best driven. `instant`: calls take no time, episodes advance in batches.
            `waits`: calls wait for something else, so each episode goes on as soon as its own calls are
            answered, through `acomplete`. `batches`: a call costs less the more are answered together, so
            each step gives all calls of all episodes that are ready.
        ledger: where calls are written down; None where nobody asked for it.
    """

    pace: Pace = "instant"
    ledger: Ledger | None = None

    @abstractmethod
    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every call, in order."""

    async def acomplete(self, call: ModelCall) -> Reply | Failure | Breakdown:
        """Answer one call without blocking the event loop. The default suits backends that never wait."""
        return self.complete((call,))[0]

    def seconds_of(self, call: ModelCall, answer: Reply | Failure) -> float | None:
        """How long a call took that had this answer, where no clock is needed to know it.

        Simulated calls take no time, and would have taken some. None: whoever asks has to measure, and what
        was measured stands in the ledger.
        """
        return None

    def prepare(self) -> None:  # noqa: B027
        """Look, before a run begins, whether calls can be answered at all.

        Raises:
            Mas2Error: saying what is missing.
        """

    def share(self, processes: int) -> None:  # noqa: B027
        """Be one of so many processes that ask at once: bounds on calls under way are divided among them."""

    async def aclose(self) -> None:  # noqa: B027
        """Let go of what belongs to the running event loop, such as connections."""
