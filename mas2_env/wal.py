"""SQLite's write-ahead log, for files that several processes may open at the same moment."""

import sqlite3
import time
from typing import Final

_PAUSE: Final = 0.005


def write_ahead(database: sqlite3.Connection, seconds: float) -> None:
    """Have a database keep a write-ahead log (https://sqlite.org/wal.html), if it does not yet.

    SQLite does not wait for a process that does the same just then, whatever the connection's timeout.

    Args:
        database: in no transaction.
        seconds: to wait for others.

    Raises:
        sqlite3.OperationalError: if the file cannot be changed, or others hold it for longer.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_PAUSE)
