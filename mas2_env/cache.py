"""Where things are kept between runs that can be made again: search indexes, verdicts."""

import os
from pathlib import Path

from mas2_env.errors import DataError


def folder(name: str) -> Path:
    """The cache folder of that name, made if it is not there.

    It lies in `$MAS2_CACHE`, else in `$XDG_CACHE_HOME/mas2-env`, else in `~/.cache/mas2-env`.

    Raises:
        DataError: if it cannot be made.
    """
    chosen = os.environ.get("MAS2_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        root = Path(chosen) if chosen else (Path(base) if base else Path.home() / ".cache") / "mas2-env"
        made = root.expanduser() / name
        made.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"the cache folder {name!r} cannot be made: {error}; set MAS2_CACHE to one that can be written"
        ) from None
    return made
