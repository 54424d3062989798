"""What a run puts around its backend: a ledger, kept answers, a recording."""

import os
from pathlib import Path

from mas2_env.backends.base import Backend
from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.keeping import Keeping, Metered, Mode
from mas2_env.backends.ledger import Ledger
from mas2_env.backends.store import Store
from mas2_env.errors import RecordError, RunError
from mas2_env.pool import Pool
from mas2_env.runs.record import Conduct

LEDGER = "ledger.jsonl"


def equip(
    backend: Backend, pool: Pool, conduct: Conduct, folder: Path | None, retry_void: bool = False
) -> Backend:
    """The backend as a run asks it, with its ledger; looks whether it can be asked at all.

    Args:
        backend: the run's.
        pool: prices its calls.
        conduct: how the run is conducted.
        folder: of the run; None for a run in memory, whose ledger is sums alone.
        retry_void: whether calls that broke down are tried again, though their breakdown is recorded.

    Raises:
        RunError: if the conduct contradicts itself, or a file cannot be opened.
        Mas2Error: if the backend says that it cannot answer.
    """
    check_conduct(conduct)
    if not isinstance(backend, Backend):  # whatever answers like one, in Python
        if conduct != Conduct():
            raise RunError(
                f"{type(backend).__name__} is no mas2_env.backends.base.Backend: it keeps no ledger"
            )
        return backend
    made: Backend = backend
    metered = isinstance(backend, ChatBackend) or conduct.replay is not None
    if not metered and (conduct.ledger or conduct.max_cost is not None):
        made, metered = Metered(backend, pool), True
    for path, mode in _stores(conduct):
        store = Store(path, read_only=mode in ("read", "replay"))
        if retry_void and mode == "record":
            store.forget_breakdowns()
        made = Keeping(made, pool, store, mode)
    if metered:
        made.ledger = Ledger(folder / LEDGER if folder is not None else None, conduct.nano)
    made.prepare()
    return made


def check_conduct(conduct: Conduct) -> None:
    """Raise `RunError` if a conduct contradicts itself."""
    if conduct.max_cost is not None and not 0 < conduct.max_cost < 1e9:
        raise RunError(f"--max-cost is {conduct.max_cost:g}, expected USD above 0")
    if conduct.deadline is not None and not 0 < conduct.deadline < float("inf"):
        raise RunError(f"--deadline is {conduct.deadline:g}, expected seconds above 0")
    given = [name for name in ("cache", "record", "replay") if getattr(conduct, name) is not None]
    if "replay" in given and len(given) > 1:
        raise RunError(f"--replay asks nobody, so there is nothing to keep: leave --{given[0]} out")


def _stores(conduct: Conduct) -> list[tuple[str, Mode]]:
    """Files of answers, innermost first: what is recorded is what came, out of the cache or not."""
    stores: list[tuple[str, Mode]] = []
    if conduct.cache is not None:
        stores.append((conduct.cache, conduct.cache_mode))
    if conduct.record is not None:
        stores.append((conduct.record, "record"))
    if conduct.replay is not None:
        stores.append((conduct.replay, "replay"))
    return stores


def mend_ledger(folder: Path) -> None:
    """Cut off a half line that a kill or a full disk left at the end of a run's ledger.

    Raises:
        RecordError: if it cannot be written.
    """
    path = folder / LEDGER
    try:
        with path.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            block = 1 << 16
            file.seek(max(0, size - block))
            tail = file.read()
            file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror}") from None
