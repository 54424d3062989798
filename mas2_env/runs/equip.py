"""What a run puts around every backend that it asks: a ledger, kept answers, a recording."""

import os
from pathlib import Path
from typing import Any

from mas2_env.backends.base import Backend
from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.keeping import Keeping, Metered, Mode
from mas2_env.backends.ledger import Ledger, Totals
from mas2_env.backends.store import Store
from mas2_env.errors import RecordError, RunError
from mas2_env.plugins import backend_spec, make_backend
from mas2_env.pool import Pool
from mas2_env.runs.record import Conduct

LEDGER = "ledger.jsonl"


class Equipment:
    """Equips all backends of a run alike: that of its systems, and those that its tasks ask.

    It pickles with its ledger and its files, so that worker processes equip theirs with the same.

    Args:
        conduct: how the run is conducted.
        folder: of the run; None for a run in memory, whose ledger is sums alone.
        retry_void: whether calls that broke down are tried again, though their breakdown is recorded.

    Attributes:
        metered: whether a ledger is kept: some backend's calls are written down.

    Raises:
        RunError: if the conduct contradicts itself, or a file cannot be opened.
    """

    def __init__(self, conduct: Conduct, folder: Path | None = None, retry_void: bool = False) -> None:
        check_conduct(conduct)
        self.metered = False
        self._conduct = conduct
        self._ledger = Ledger(folder / LEDGER if folder is not None else None, conduct.nano)
        self._stores = [(Store(path, mode in ("read", "replay")), mode) for path, mode in _stores(conduct)]
        self._named: dict[tuple[str, str], Backend] = {}
        self._equipped: list[Backend] = []
        for store, mode in self._stores:
            if retry_void and mode == "record":
                store.forget_breakdowns()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_named": {}, "_equipped": []}

    def equip(self, backend: str | Backend, pool: Pool) -> Backend:
        """A backend as this run asks it; looks whether it can be asked at all.

        Args:
            backend: what `make_backend` takes, or an object. Whoever names the same one for the
                same pool is given the same object, so that its providers' limits hold for all together.
            pool: prices its calls.

        Raises:
            RunError: if an object keeps no ledger, and the conduct wants one.
            Mas2Error: if the backend cannot be made, or says that it cannot answer.
        """
        if not isinstance(backend, str):
            return self._equip(backend, pool)
        name = (backend_spec(backend), pool.digest)
        if name not in self._named:
            self._named[name] = self._equip(make_backend(backend, pool), pool)
        return self._named[name]

    def name(self, backend: Backend, name: str, pool: Pool) -> None:
        """Have an equipped backend given to whoever asks for one of that name, made for that pool."""
        self._named[backend_spec(name), pool.digest] = backend

    def _equip(self, backend: Backend, pool: Pool) -> Backend:
        conduct = self._conduct
        if not isinstance(backend, Backend):  # whatever answers like one, in Python
            if conduct != Conduct():
                raise RunError(
                    f"{type(backend).__name__} is no mas2_env.backends.base.Backend: it keeps no ledger"
                )
            return backend
        made, metered = backend, isinstance(backend, ChatBackend)
        if not metered and (conduct.ledger or conduct.max_cost is not None):
            made, metered = Metered(backend, pool), True
        for store, mode in self._stores:
            made = Keeping(made, pool, store, mode)
        if metered:
            made.ledger, self.metered = self._ledger, True
        made.prepare()
        self._equipped.append(made)
        return made

    def share(self, processes: int) -> None:
        """Have all that was equipped in this process be one of so many that ask at once."""
        for backend in self._equipped:
            backend.share(processes)

    @property
    def totals(self) -> Totals | None:
        """Sums over all calls, of other processes and earlier starts too; None where no ledger is kept."""
        return self._ledger.totals if self.metered else None

    def close(self) -> None:
        """Have all files on the disk, each whole by itself, and let go of them."""
        for store, _ in self._stores:
            store.close()
        if self.metered:
            self._ledger.close()


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
    if conduct.cache is not None and conduct.cache_mode != "off":
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
