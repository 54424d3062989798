"""Where things are kept between runs that can be made again: search indexes, verdicts."""

import atexit
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from mas2_env.errors import CacheError

OFF = "off"


def kept() -> bool:
    """Whether anything is kept at all: not if `$MAS2_CACHE` is `off`."""
    return os.environ.get("MAS2_CACHE") != OFF


def folder(name: str) -> Path:
    """The cache folder of that name, made if it is not there.

    It lies in `$MAS2_CACHE`, else in `$XDG_CACHE_HOME/mas2-env`, else in `~/.cache/mas2-env`. If
    `$MAS2_CACHE` is `off`, it goes with this process.

    Raises:
        CacheError: if it cannot be made.
    """
    chosen = os.environ.get("MAS2_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        if chosen == OFF:
            root = _passing(os.getpid())
        else:
            root = Path(chosen) if chosen else (Path(base) if base else Path.home() / ".cache") / "mas2-env"
        made = root.expanduser() / name
        made.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise CacheError(
            f"the cache folder {name!r} cannot be made: {error}; set MAS2_CACHE to one that can be written"
        ) from None
    return made


@lru_cache(maxsize=1)
def _passing(pid: int) -> Path:
    made = tempfile.mkdtemp(prefix="mas2-cache-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
