"""Asking from where there is no event loop."""

import asyncio
import threading

from mas2_env.backends.chat import Portal


def test_a_portal_may_be_collected_in_its_own_thread():
    """As Python's collector does, which works in whichever thread comes to it."""
    closed = threading.Event()
    threads = []

    async def close():
        closed.set()

    async def let_go_soon():
        threads.append(threading.current_thread())
        asyncio.get_running_loop().call_later(0.05, box.clear)

    box = [Portal(close)]
    box[0].run(let_go_soon())
    threads[0].join(timeout=240)
    assert not threads[0].is_alive()
    assert closed.is_set()
