"""How many calls a provider is sent at once: as many as it bears, found out as TCP does.

Additive increase, multiplicative decrease (D.-M. Chiu and R. Jain, 1989, doi:10.1016/0169-7552(89)90019-6),
with the slow start of V. Jacobson (Congestion avoidance and control, 1988): each answer raises the limit by
one as long as nothing was refused, and by 1/limit after that; a refusal halves it and stops new calls for as
long as the provider asks.
"""

import asyncio
import contextlib
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Final

_SHARE: Final = 0.75
"""The limit grows only while at least this share of it is in use: unused room says nothing."""


class Limiter:
    """A limit that adapts.

    Any number of event loops may share it, each in a thread of its own: a policy that asks a run's models
    does so from another one than the run's calls.

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
        self._lock = threading.RLock()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.TimerHandle] = (
            weakref.WeakKeyDictionary()
        )

    async def acquire(self) -> float:
        """Wait for a turn. Returns the time at which it came, to be handed to `refused`."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append(turn)
            self._wake()
        try:
            await turn
        except asyncio.CancelledError:
            with self._lock:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                elif not turn.cancelled():
                    self.release()
            raise
        return self._clock()

    def release(self) -> None:
        """A call is over."""
        with self._lock:
            self.busy -= 1
            self._wake()

    def succeeded(self) -> None:
        """A call was answered; the limit may grow."""
        with self._lock:
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
        with self._lock:
            if self._until <= now < now + seconds:
                self._announce()
            self._until = max(self._until, now + seconds)
            if since > self._cut:
                self._cut = now
                self.limit = self._threshold = max(1.0, self.limit / 2)

    def _announce(self) -> None:
        """Have every event loop in which calls wait see to it that they go on after a pause."""
        for loop in {turn.get_loop() for turn in self._waiting}:
            with contextlib.suppress(RuntimeError):  # a loop that has ended: nothing waits in it any more
                loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        with self._lock:
            self._wake()

    def _wake(self) -> None:
        """Give turns to those that wait, as far as the limit and the pause allow."""
        here = asyncio.get_running_loop()
        pause = self._until - self._clock()
        if pause > 0:
            if self._waiting and here not in self._timers:
                self._timers[here] = here.call_later(pause, self._after_pause, here)
            return
        while self._waiting and self.busy < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done() and self._hand_over(turn, here):
                self.busy += 1
                self.peak = max(self.peak, self.busy)

    def _hand_over(self, turn: "asyncio.Future[None]", here: asyncio.AbstractEventLoop) -> bool:
        """Let a call begin in its own event loop; False if that has ended."""
        if turn.get_loop() is here:
            turn.set_result(None)
            return True
        try:
            turn.get_loop().call_soon_threadsafe(self._begin, turn)
        except RuntimeError:
            return False
        return True

    def _begin(self, turn: "asyncio.Future[None]") -> None:
        if turn.done():
            self.release()
        else:
            turn.set_result(None)

    def _after_pause(self, here: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            del self._timers[here]
        self._look()
