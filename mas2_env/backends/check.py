"""Asking each model of a pool for one word, to see whether it answers."""

from msgspec import Struct

from mas2_env.backends.base import Backend
from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.ledger import Ledger, Line, sum_lines
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.errors import Breakdown, Halt, PluginError
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import Pool

QUESTION = "Reply with the word ready."


class Check(Struct, frozen=True):
    """How a model answered.

    Attributes:
        backbone: its name in the pool.
        provider: who serves it; empty for this process.
        model: its name there.
        ok: whether it replied.
        said: its reply, or what went wrong.
        seconds: it took, attempts in vain included.
        prompt_tokens: likewise.
        completion_tokens: likewise.
        usage: where these come from: `server`, `estimated`, or else.
        price: of it all, nano-USD.
    """

    backbone: str
    provider: str
    model: str
    ok: bool
    said: str
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    usage: str
    price: int


def check_models(backend: Backend, pool: Pool) -> list[Check]:
    """Ask every model of a pool, one after the other.

    Raises:
        PluginError: if the backend cannot be asked anything.
        Mas2Error: if something is missing before any is asked, such as a key.
    """
    if not isinstance(backend, ChatBackend) or not backend.talks:
        raise PluginError(f"the backend {type(backend).__name__} answers roles of a system alone")
    backend.prepare()
    return [_check(backend, pool, name) for name in pool]


class _Notes(Ledger):
    """A ledger that keeps its lines to itself."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []

    def add(self, line: Line) -> None:
        self.lines.append(line)


def _told(answer: Reply | Failure | Breakdown) -> tuple[bool, str]:
    if isinstance(answer, Reply):
        return True, answer.text
    return False, answer.message if isinstance(answer, Failure) else str(answer)


def _check(backend: ChatBackend, pool: Pool, name: str) -> Check:
    backend.ledger = notes = _Notes()
    prompt = Prompt(name, (ChatMessage("user", QUESTION),), 0, Label("", "check", "check"))
    try:
        (answer,) = backend.chat((prompt,))
    except Halt as halt:
        ok, said = False, str(halt)
    else:
        ok, said = _told(answer)
    totals, route = sum_lines(notes.lines), pool.routes.get(name)
    return Check(
        backbone=name,
        provider=route.provider if route else "",
        model=route.model if route else name,
        ok=ok,
        said=" ".join(said.split())[:200],
        seconds=sum(line.seconds for line in notes.lines),
        prompt_tokens=totals.prompt,
        completion_tokens=totals.completion,
        usage=notes.lines[-1].usage if notes.lines else "none",
        price=totals.price,
    )
