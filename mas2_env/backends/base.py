"""What answers model calls."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from mas2_env.errors import Breakdown
from mas2_env.execution.operation import Failure, ModelCall, Reply


class Backend(ABC):
    """Answers model calls, in batches.

    A failed call is a `Failure` in its place of the list; a `Breakdown` raised (or returned in its place)
    says that infrastructure is down, which voids the episode. So does any other exception, and a result that
    is none: a fault of the backend is nobody's wrong answer.
    """

    @abstractmethod
    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every call, in order."""

    async def acomplete(self, call: ModelCall) -> Reply | Failure | Breakdown:
        """Answer one call without blocking the event loop. The default suits backends that never wait."""
        return self.complete((call,))[0]
