"""How many calls a provider is sent at once: as many as it bears, found out as TCP does.

Additive increase, multiplicative decrease (D.-M. Chiu and R. Jain, 1989, doi:10.1016/0169-7552(89)90019-6),
with the slow start of V. Jacobson (Congestion avoidance and control, 1988): each answer raises the limit by
one as long as nothing was refused, and by 1/limit after that; a refusal halves it and stops new calls for as
long as the provider asks.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

_SHARE: Final = 0.75
"""The limit grows only while at least this share of it is in use: unused room says nothing."""


class Limiter:
    """A limit that adapts. All calls of one event loop at a time go through it.

    Args:
        start: calls at once to begin with.
        most: calls at once, ever.
        clock: seconds.

    Attributes:
        limit: calls at once at present.
        busy: calls under way.
        peak: most calls that were under way at once.
    """

    def __init__(self, start: int, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = float(min(start, most))
        self.busy = 0
        self.peak = 0
        self._most = most
        self._threshold = float(most)
        self._clock = clock
        self._until = 0.0
        self._cut = -1.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def acquire(self) -> float:
        """Wait for a turn. Returns the time at which it came, to be handed to `refused`."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what waited in another loop has ended with it
            self._loop, self._timer = loop, None
            self._waiting.clear()
        if self.busy >= int(self.limit) or self._clock() < self._until or self._waiting:
            turn = loop.create_future()
            self._waiting.append(turn)
            self._wake()
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.release()
                elif turn in self._waiting:
                    self._waiting.remove(turn)
                raise
        else:
            self.busy += 1
            self.peak = max(self.peak, self.busy)
        return self._clock()

    def release(self) -> None:
        """A call is over."""
        self.busy -= 1
        self._wake()

    def succeeded(self) -> None:
        """A call was answered; the limit may grow."""
        if self.busy >= _SHARE * int(self.limit):
            grow = 1.0 if self.limit < self._threshold else 1.0 / self.limit
            self.limit = min(self.limit + grow, float(self._most))

    def refused(self, since: float, seconds: float) -> None:
        """The provider said that there are too many calls.

        Args:
            since: when that call had got its turn. Of calls that were under way together the first refusal
                lowers the limit, and the others say nothing new.
            seconds: for which no call is begun.
        """
        now = self._clock()
        self._until = max(self._until, now + seconds)
        if since > self._cut:
            self._cut = now
            self.limit = self._threshold = max(1.0, self.limit / 2)

    def _wake(self) -> None:
        """Give turns to those that wait, as far as the limit and the pause allow."""
        pause = self._until - self._clock()
        if pause > 0:
            if self._waiting and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(pause, self._after_pause)
            return
        while self._waiting and self.busy < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self.busy += 1
                self.peak = max(self.peak, self.busy)
                turn.set_result(None)

    def _after_pause(self) -> None:
        self._timer = None
        self._wake()
