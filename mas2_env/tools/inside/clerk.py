"""The helper that takes jobs: the zygote starts a program for each, and the judge judges it, in this process.

Descriptor 0 is a socket to the caller, over which comes first the end of one to the zygote. A job comes as a
marshalled frame, the fields of a `Program` and the seconds until it is killed, and is answered by `[status,
message, output, seconds]`, those for which this process was ready and did not run. The status is `stale` if
the zygote was lost before the program began. The job None is answered once all is over of the last one.
"""

import contextlib
import gc
import marshal
import os
import resource
import signal
import sys
from typing import Any, NoReturn

from mas2_env.tools.inside.confine import end_by, retire
from mas2_env.tools.inside.judge import OutOfTime, judge
from mas2_env.tools.inside.passed import Passage, pair
from mas2_env.tools.inside.values import TYPES
from mas2_env.tools.wire import END, Closed, receive, receive_data, send

MEMORY = 2 << 30
PRELOADED = ("copy", "math", "random", "string", "re", "itertools", "collections")


class Stale(Exception):
    """The zygote was lost before a program began: an earlier one, or something else, has ended it."""


class Zygote:
    """The helper that starts programs and ends them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._passage, self._owed = descriptor, Passage(descriptor), False

    def start(self, limit: float, memory: int) -> int:
        """The channel of a new process, which takes a program.

        Raises:
            Stale: if the zygote has ended, or is about to.
        """
        ours, theirs = pair()
        try:
            self.settle()
            self._passage.send(marshal.dumps((limit, memory)), theirs)
        except Closed as error:
            os.close(ours)
            raise Stale(str(error)) from error
        finally:
            os.close(theirs)
        return ours

    def end(self) -> None:
        """End the process.

        Raises:
            Closed: if the zygote has ended.
        """
        try:
            os.write(self._descriptor, END)
        except OSError as error:
            raise Closed(str(error)) from error
        self._owed = True

    def settle(self) -> str:
        """How the last process ended, once it has and its folder is clean; nothing if that is known.

        Raises:
            Closed: if the zygote has ended, or ends since it cannot clean it.
        """
        if not self._owed:
            return ""
        self._owed = False
        fate, spoiled = receive(self._descriptor)
        if spoiled:
            raise Closed("an earlier program has left what cannot be cleaned away")
        return str(fate)


def perform(zygote: Zygote, job: dict[str, Any]) -> tuple[str, str, str]:
    """Status, message and output of a program.

    Raises:
        Stale: if the zygote was lost before it began.
        Closed: if it was lost then.
    """
    channel = zygote.start(job["limit"], job["memory"])
    status, message, output = judge(channel, job)
    zygote.end()  # before the channel closes, which the program would hear
    os.close(channel)
    if status == "timed out" and not message:
        message = zygote.settle()
    return status, message, output


def _ring(signum: int, frame: Any) -> NoReturn:
    raise OutOfTime("no result in time")


def _delays() -> int | None:
    try:
        return os.open("/proc/self/schedstat", os.O_RDONLY)
    except OSError:  # a kernel that does not count them
        return None


def _waited(delays: int | None) -> float:
    return 0.0 if delays is None else int(os.pread(delays, 64, 0).split()[1]) * 1e-9


def main() -> None:
    """Prepare, say so, and serve the caller until it hangs up, or the zygote ends."""
    retire(int(sys.argv[2]), "nobody" in sys.argv)
    for name in PRELOADED:
        __import__(name)
    os.environ.clear()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _ring)
    end_by(signal.SIGXCPU)
    sys.stdin = sys.stdout = sys.stderr = open(os.devnull, "r+")  # noqa: SIM115 - open to the end
    delays = _delays()
    gc.collect()
    gc.freeze()
    send(0, {"types": len(TYPES)})
    with contextlib.suppress(Closed):
        caller = Passage(0)  # whose end would close the descriptor
        zygote = Zygote(caller.receive()[1])
        while True:
            job = marshal.loads(receive_data(0))
            waited = _waited(delays)
            try:
                ended = perform(zygote, job) if job else ("settled", zygote.settle(), "")
            except Stale as error:
                ended = "stale", str(error), ""
            send(0, [*ended, _waited(delays) - waited])
    os._exit(0)
