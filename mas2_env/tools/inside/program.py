"""The process of one program: runs it, then performs on it the calls that the judge asks for.

Nothing that is secret is ever here: no test, no verdict, no other program. What this process says is taken
for what the program says.

The rules of a run are those of the official harness of HumanEval (openai/human-eval, `execution.py`): the
same names are made None, standard input raises, output is swallowed, `__name__` is `builtins`, the limit is
an exception that rises in the program, and a process that ends without a word counts as `timed out`.
"""

import builtins
import faulthandler
import io
import operator
import os
import signal
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from marshal import dumps, loads
from time import monotonic, thread_time
from types import CodeType, FunctionType, ModuleType
from typing import Any, NoReturn

from mas2_env.tools.inside.passed import pair
from mas2_env.tools.inside.values import MESSAGE_LIMIT, OUTPUT_LIMIT, Unfit, pack, unpack
from mas2_env.tools.wire import Closed, Garbled, receive, receive_data, send, send_data

TICK = 0.1
"""Seconds between looks at the clock while a program runs."""
MOST_STEP = 0.25
"""Seconds between two looks that count at most, where the program was not on a processor for longer: the
machine stood still if they lie further apart."""
REHEARSALS = 30
REHEARSED = """
from typing import List
class Pair:
    def __init__(self, a: int) -> None:
        self.a = a
def f(values: List[int], *others: object) -> list:
    \'\'\'What it is for.\'\'\'
    found = {str(value): [other for other in others if other] for value in values}
    for i in range(2):
        try:
            found[f"{i}"] = sorted(sum(found.values(), []), key=repr) + [Pair(1).a, i % 2 == 0]
        except (ValueError, TypeError) as error:
            raise error
    while len(found) > 3:
        found.popitem()
    return [lambda x=found: x][0]() and values
"""

NO_OS = (
    *("kill", "system", "putenv", "remove", "removedirs", "rmdir", "fchdir", "setuid", "fork", "forkpty"),
    *("killpg", "rename", "renames", "truncate", "replace", "unlink", "fchmod", "fchown", "chmod", "chown"),
    *("chroot", "lchflags", "lchmod", "lchown", "getcwd", "chdir"),
)
REFUSED = {
    "os": NO_OS,
    "shutil": ("rmtree", "move", "chown"),
    "subprocess": ("Popen",),
    "builtins": ("exit", "quit", "help"),
    "random": (),
}
NO_MODULES = ("ipdb", "joblib", "resource", "psutil", "tkinter")

_leave, _timer = os._exit, signal.setitimer
_open, _read, _close = os.open, os.read, os.close
_builtins = vars(builtins)  # the real ones: this module has a copy


class Late(Exception):
    """The program's time is up."""


class Stream(io.TextIOBase):
    """Standard input, output and error of a program: keeps the first characters, refuses to be read."""

    encoding, errors = "utf-8", "strict"

    def __init__(self) -> None:
        self.left, self.parts = 0, [""]

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        if not isinstance(text, str):
            raise TypeError(f"string argument expected, got {type(text).__name__!r}")
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)
        return len(text)

    def text(self) -> str:
        """What has been kept."""
        return "".join(self.parts)

    def writable(self) -> bool:
        """Always."""
        return True


class Clock:
    """Raises `Late` in the program once it has had its time; the time of the judge counts as well.

    Time in which the program was ready to run and this machine ran something else, or stood still, is not
    counted. One timer runs all the while: when it rings, the clock looks at how much is left, and winds it up
    again.

    `left` holds the seconds that are left.
    """

    def __init__(self) -> None:
        self.limit = self.left = self.judged = self.began = self.delayed = self.ran = 0.0
        self.running = self.wound = False
        signal.signal(signal.SIGALRM, self._ring)

    def __call__(self, judged: float, work: Callable[..., Any], *args: Any) -> Any:
        """What `work` gives; `judged` is the time that the judge has used so far."""
        self.left -= judged - self.judged
        self.judged, self.began, self.ran, self.running = judged, monotonic(), thread_time(), True
        try:
            if not self.wound:
                self._wind()
            return work(*args)
        finally:
            self.running = False
            spent = monotonic() - self.began
            self.left -= spent if spent < MOST_STEP else max(MOST_STEP, thread_time() - self.ran)

    def _wind(self) -> None:
        self.wound = True
        _timer(signal.ITIMER_REAL, max(min(self.left, TICK), 1e-4))

    def _delay(self) -> float:
        """Seconds that this thread has waited for a processor."""
        try:
            count = _open("/proc/thread-self/schedstat", os.O_RDONLY)
            try:
                return int(_read(count, 64).split()[1]) * 1e-9
            finally:
                _close(count)
        except OSError:  # a kernel that does not count it, or a program that has no descriptor left
            return self.delayed

    def _ring(self, signum: int, frame: Any) -> None:
        self.wound = False
        if not self.running:
            return
        now, ran, delay = monotonic(), thread_time(), self._delay()
        spent = now - self.began - (delay - self.delayed)
        self.left -= max(min(spent, MOST_STEP), ran - self.ran) if spent > 0 else spent
        self.began, self.ran, self.delayed = now, ran, delay
        if self.left > 1e-3:
            self._wind()
        else:
            raise Late("Timed out!")


class Guard:
    """Makes None what is refused in modules as they are imported: each fork copies what has been loaded."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Where a module is of which something is refused; none for all others."""
        spec = PathFinder.find_spec(name, path) if name in REFUSED else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def guarded(module: ModuleType) -> None:
                execute(module)
                mend(module)

            spec.loader.exec_module = guarded  # type: ignore[method-assign]
        return spec


def mend(module: ModuleType) -> None:
    """Make None what the official harness makes None in it; seed what is random, so that verdicts are not."""
    vars(module).update(dict.fromkeys(REFUSED[module.__name__]))
    if module.__name__ == "random":
        module.seed(0)


def guard() -> None:
    """Make None what the official harness makes None, at once or when it is imported."""
    faulthandler.disable()
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.meta_path.insert(0, Guard())
    for name in REFUSED.keys() & sys.modules.keys():
        mend(sys.modules[name])
    vars(sys)["modules"].update(dict.fromkeys(NO_MODULES))


def prepare() -> tuple[Stream, Clock]:
    """Do once in the helper what is the same for each program."""
    stream, clock = Stream(), Clock()
    vars(sys).update(stdin=stream, stdout=stream, stderr=stream)
    guard()
    return stream, clock


def run(channel: int, stream: Stream, clock: Clock) -> NoReturn:
    """Run the program that comes over the channel, say how it ended, and do what the judge asks.

    It comes as `(code, seconds, captured, entry)`, of which `code` is its source or what that was compiled
    to, and `entry` the name of a function that the judge will ask for, or None where there is no judge. Its
    end is told as `[status, message, output, number of that function or -1]`.
    """
    try:
        code, clock.limit, captured, entry = loads(receive_data(channel))
        clock.left = clock.limit
        space: dict[str, Any] = {"__builtins__": _builtins}
        if captured:
            stream.left, space["__name__"] = OUTPUT_LIMIT, "__main__"
        try:
            clock(0.0, _execute, code, space)
        except Late:
            send(channel, ["timed out", f"no result within {clock.limit:g} s", stream.text(), -1])
        except BaseException as error:  # whatever a program raises, SystemExit too, is its failure
            send(channel, ["failed", _told(error, code if captured else None), stream.text(), -1])
        else:
            server = Server(channel, space, clock)
            send(channel, ["passed", "", stream.text(), server.offer(entry)])
            if entry is not None:
                server.serve()
    except (Closed, Garbled):  # the judge has its verdict
        pass
    _leave(0)


def _execute(code: str | CodeType, space: dict[str, Any]) -> None:
    exec(code if type(code) is CodeType else compile(f"{code}\n", "<string>", "exec"), space)


def _told(error: BaseException, code: str | None) -> str:
    """The exception's text, with a traceback into the code if that is given. Ends a process that has none."""
    try:
        text = str(error)[:MESSAGE_LIMIT]
        if code is None:
            return text
        lines = code.split("\n")
        shown = []
        trace = error.__traceback__
        while trace is not None:
            name, number = trace.tb_frame.f_code.co_name, trace.tb_lineno
            if trace.tb_frame.f_code.co_filename == "<string>" and number:
                source = lines[number - 1].strip() if number <= len(lines) else ""
                shown.append(f"  line {number}, in {name}: {source}")
            trace = trace.tb_next
        if len(shown) > 8:
            shown[4:-4] = ["  ..."]
        kind = type(error).__name__
        return "\n".join(["Traceback (most recent call last):", *shown, f"{kind}: {text}" if text else kind])
    except BaseException:
        _leave(1)


class Server:
    """Performs what the judge asks for, one request at a time.

    A request is `[operation, seconds, arguments...]`, with the time that the judge has used so far; answers
    are in `answer`.
    """

    def __init__(self, channel: int, space: dict[str, Any], clock: Clock) -> None:
        self.channel, self.space, self.clock = channel, space, clock
        self.things: list[Any] = []

    def serve(self) -> NoReturn:
        """Go on until the judge hangs up."""
        while True:
            operation, judged, *arguments = loads(receive_data(self.channel))
            send(self.channel, self.answer(operation, judged, arguments))

    def offer(self, name: str | None) -> int:
        """The number of the function of that name, -1 if there is none."""
        function = self.space.get(name) if name else None
        return self._keep(function) if type(function) is FunctionType else -1

    def answer(self, operation: str, judged: float, arguments: list[Any]) -> list[Any]:
        """`["result", value, changed arguments or null]`, `["raised", names, text, arguments]`, `["late"]`.

        `names` are those of the exception's class and of its bases.
        """
        try:
            values = [unpack(argument, self.things.__getitem__) for argument in arguments]
            result = pack(self.clock(judged, self._perform, operation, values), self._keep)
            return ["result", result, self._changes(arguments, values) if operation == "call" else None]
        except Late:
            return ["late"]
        except Unfit as error:
            return ["unfit", str(error)]
        except BaseException as error:
            return self._raised(error)

    def _perform(self, operation: str, values: list[Any]) -> Any:
        if operation == "name":
            if values[0] not in self.space:
                raise NameError(f"name {values[0]!r} is not defined")
            return self.space[values[0]]
        if operation == "call":
            function, args, kwargs = values
            return function(*args, **kwargs)
        return OPERATIONS[operation](*values)

    def _changes(self, before: list[Any], values: list[Any]) -> Any:
        _, *old = before
        new = [pack(value, self._keep) for value in values[1:]]
        return None if new == old else new

    def _raised(self, error: BaseException) -> list[Any]:
        names = [cls.__name__ for cls in type.mro(type(error))]
        try:
            return ["raised", names, str(error)[:MESSAGE_LIMIT], pack(list(error.args), self._keep)]
        except Unfit:
            return ["raised", names, str(error)[:MESSAGE_LIMIT], []]
        except BaseException:
            _leave(1)

    def _keep(self, thing: Any) -> int:
        self.things.append(thing)
        return len(self.things) - 1


def rehearse() -> None:
    """Do once in the helper what each program's process does, to find code warm and memory in place."""
    ours, theirs = pair()
    space: dict[str, Any] = {}
    clock = Clock()
    clock.left = 60.0
    clock(0.0, _execute, REHEARSED, space)
    server = Server(theirs, space, clock)
    for _ in range(REHEARSALS):
        for request in (["name", 0.0, "f"], ["call", 0.0, {"thing": 0}, [[1, "a"], {"tuple": [2.5]}], {}]):
            send_data(ours, dumps(request))
            operation, judged, *arguments = loads(receive_data(theirs))
            send(theirs, server.answer(operation, judged, arguments))
            receive(ours)
    _told(ValueError(), "")
    _timer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _close(ours)
    _close(theirs)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "get": getattr,
    "set": setattr,
    "item": operator.getitem,
    "length": len,
    "truth": bool,
    "iterate": iter,
    "next": next,
}
