"""How many calls at once: as many as a provider bears."""

import asyncio
import threading
import time

import pytest

from mas2_env.backends.limiter import Limiter


class Provider:
    """Bears so many calls at once and refuses the others; counts what it was sent."""

    def __init__(self, bears, limiter, seconds=0.002, retry_after=0.001):
        self.bears, self.limiter = bears, limiter
        self.seconds, self.retry_after = seconds, retry_after
        self.busy = self.served = self.refusals = 0

    async def call(self):
        while True:
            since = await self.limiter.acquire()
            self.busy += 1
            try:
                if self.busy > self.bears:
                    self.refusals += 1
                    self.limiter.refused(since, self.retry_after)
                    continue
                await asyncio.sleep(self.seconds)
                self.served += 1
                self.limiter.succeeded()
                return
            finally:
                self.busy -= 1
                self.limiter.release()


async def many(provider, number):
    await asyncio.gather(*(provider.call() for _ in range(number)))


def test_it_starts_low_and_grows_as_long_as_all_goes_well():
    limiter = Limiter(4, 64)
    provider = Provider(1000, limiter)
    asyncio.run(many(provider, 500))
    assert (provider.served, provider.refusals) == (500, 0)
    assert limiter.peak == 64 == limiter.limit


def test_it_settles_at_what_the_provider_bears():
    limiter = Limiter(4, 256)
    provider = Provider(20, limiter)
    asyncio.run(many(provider, 2000))
    assert provider.served == 2000
    assert 8 <= limiter.limit <= 24
    assert provider.refusals < 100, "a client without a limit is refused thousands of times here"


def test_room_that_nobody_uses_says_nothing():
    limiter = Limiter(8, 64)

    async def one_by_one():
        for _ in range(100):
            await Provider(100, limiter, seconds=0).call()

    asyncio.run(one_by_one())
    assert limiter.limit == 8


def test_refusals_of_calls_that_were_under_way_together_count_once():
    limiter = Limiter(16, 64)

    async def refused_together():
        turns = [await limiter.acquire() for _ in range(16)]
        await asyncio.sleep(0.001)
        for since in turns:
            limiter.refused(since, 0.0)
            limiter.release()

    asyncio.run(refused_together())
    assert limiter.limit == 8


def test_nothing_is_begun_while_the_provider_asks_to_wait():
    limiter = Limiter(4, 4)

    async def after_refusal():
        since = await limiter.acquire()
        begin = asyncio.get_running_loop().time()
        limiter.refused(since, 0.05)
        limiter.release()
        await asyncio.gather(*(Provider(9, limiter, seconds=0).call() for _ in range(4)))
        return asyncio.get_running_loop().time() - begin

    assert asyncio.run(after_refusal()) >= 0.05


@pytest.mark.parametrize("given", [False, True])
def test_a_caller_that_is_cancelled_leaves_no_trace(given):
    limiter = Limiter(1, 1)

    async def cancelled():
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        if given:  # its turn comes in the same moment
            limiter.release()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not given:
            limiter.release()
        assert limiter.busy == 0
        await asyncio.wait_for(limiter.acquire(), 240)

    asyncio.run(cancelled())


def test_a_pause_that_outlives_its_event_loop_is_kept_in_the_next():
    ahead = 0.0
    limiter = Limiter(1, 1, clock=lambda: time.monotonic() + ahead)

    async def refused():
        since = await limiter.acquire()
        limiter.refused(since, 1000.0)
        limiter.release()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        return since

    async def next_one():
        since = await asyncio.wait_for(limiter.acquire(), 240)
        limiter.release()
        return since

    before = asyncio.run(refused())
    ahead = 999.9
    assert asyncio.run(next_one()) >= before + 1000.0
    assert limiter.busy == 0


def test_turns_are_given_in_the_order_in_which_they_were_asked_for():
    limiter, order = Limiter(1, 1), []

    async def one(number):
        await limiter.acquire()
        order.append(number)
        await asyncio.sleep(0)
        limiter.release()

    async def all_of_them():
        await asyncio.gather(*(one(i) for i in range(20)))

    asyncio.run(all_of_them())
    assert order == list(range(20))


def test_threads_with_event_loops_of_their_own_share_a_limit():
    """A policy that asks the run's models from its own thread must not cost the run's calls their turn."""
    limiter = Limiter(2, 4)
    providers = [Provider(1000, limiter, seconds=0.0005) for _ in range(3)]
    threads = [
        threading.Thread(target=asyncio.run, args=(many(provider, 200),), daemon=True)
        for provider in providers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    assert [provider.served for provider in providers] == [200, 200, 200]
    assert limiter.busy == 0
    assert limiter.peak <= 4


def test_a_pause_asked_for_in_one_loop_ends_for_those_that_wait_in_another():
    limiter = Limiter(1, 1)
    order = []

    def ask(name):
        async def work():
            since = await limiter.acquire()
            order.append(name)
            await asyncio.sleep(0.05)
            limiter.refused(since, 0.05)
            limiter.release()

        asyncio.run(work())

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    assert sorted(order) == ["a", "b"]
    assert limiter.busy == 0
