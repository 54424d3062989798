"""The file that `mas2 simulator fit` writes: TOML, one table to a setting, in the order of the alphabet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from mas2_env.backends.calibrated import Calibration
from mas2_env.errors import DataError

_HEAD: Final = """\
# Parameters of simulated agents, written by `mas2 simulator fit` from calibration figures measured on
# recorded runs. Not to be edited: what is chosen rather than fitted stands in simulator.toml. The keys are
# explained in mas2_env/backends/calibrated.py, their laws in mas2_env/backends/laws.py, their sources in
# docs/simulator.md.
"""


def write_calibration(calibration: Calibration, path: str) -> None:
    """Write the file.

    Raises:
        DataError: if it cannot be written.
    """
    try:
        Path(path).write_text(as_toml(calibration), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from None


def as_toml(calibration: Calibration) -> str:
    """The calibration as TOML."""
    plain: dict[str, Any] = msgspec.to_builtins(calibration)
    parts = [_HEAD]
    for kind, tables in plain.items():
        if not tables:
            parts.append(f"[{kind}]\n")
        for name in sorted(tables):
            _table(f"[{kind}.{_quoted(name)}]", tables[name], parts)
    return "\n".join(parts)


def _table(head: str, table: Mapping[str, Any], parts: list[str]) -> None:
    flat = {key: value for key, value in table.items() if not isinstance(value, dict)}
    parts.append(head)
    parts += [f"{_quoted(key)} = {_value(value)}" for key, value in flat.items()]
    parts.append("")
    for key, value in table.items():
        if isinstance(value, dict) and value:
            _table(f"{head[:-1]}.{_quoted(key)}]", value, parts)


def _quoted(name: str) -> str:
    bare = name.replace("_", "").replace("-", "")
    return name if bare.isascii() and bare.isalnum() else msgspec.json.encode(name).decode()


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return msgspec.json.encode(value).decode()
