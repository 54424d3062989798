"""Data sets on the Hugging Face hub: which there are, and their rows as `datasets` loads them.

The table is `hub.toml`. A mirror is a folder in the hub's layout: a `README.md` whose YAML names the
data files of each configuration, and those files; it goes through the same code as the hub itself.
"""

import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean

WAIT = 10
"""Seconds that the hub may take to say which commit a data set has."""

_UNREACHABLE = ("couldn't reach", "offline mode", "connecterror", "timed out", "timeout", "name or service")


class Official(Struct, frozen=True):
    """A split as it was published.

    Attributes:
        name: on the hub.
        rows: that the pinned revision has.
        part: what it is for; `training` is divided by hashes into train and validation, `whole` three ways.
        ids: how the ids of items name it.
    """

    name: str
    rows: int
    part: Literal["train", "validation", "test", "training", "whole"]
    ids: str = ""


class HubSet(Struct, frozen=True):
    """A data set on the hub.

    Attributes:
        repository: `owner/name`.
        revision: the commit that is read; empty if the first fetch is to resolve it.
        licence: of the data.
        columns: that are read, in this order.
        splits: in this order.
        parts: of a column that holds records, the fields of them that are kept.
        task: its name in the table.
        config: of several tables in one repository, which.
        streaming: whether it is so large that no whole copy of it should be kept.
    """

    repository: str
    revision: str
    licence: str
    columns: tuple[str, ...]
    splits: tuple[Official, ...]
    config: str = "default"
    streaming: bool = False
    parts: dict[str, tuple[str, ...]] = {}
    task: str = ""

    @property
    def rows(self) -> int:
        """Rows of all splits."""
        return sum(split.rows for split in self.splits)


@lru_cache(maxsize=1)
def hub_sets() -> dict[str, HubSet]:
    """All data sets of the table, by the names of their tasks."""
    text = resources.files("mas2_tasks").joinpath("hub.toml").read_text(encoding="utf-8")
    found = msgspec.toml.decode(text, type=dict[str, HubSet])
    return {name: msgspec.structs.replace(data, task=name) for name, data in found.items()}


def hub_set(name: str) -> HubSet:
    """The data set of a task.

    Raises:
        DataError: if there is none on the hub.
    """
    found = hub_sets().get(name)
    if found is None:
        raise DataError(f"{name}: is not on the hub; use source 'procedural' or 'file'")
    return found


def named(data: HubSet, revision: str, split: str, mirror: str | None = None) -> str:
    """How messages name a split: repository or mirror, revision, configuration and split."""
    where = f"{mirror} (mirror of {data.repository})" if mirror else data.repository
    at = f"@{revision[:12]}" if revision and not mirror else ""
    return f"{where}{at} {data.config}/{split}"


def stream_rows(
    data: HubSet,
    split: str,
    revision: str,
    mirror: str | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """The rows of a split one by one, each with the columns asked for, in their order.

    Of Parquet files that are streamed, only these columns are transferred.

    Args:
        data: the data set.
        split: as the hub names it.
        revision: the commit.
        mirror: a folder in the hub's layout to read instead of the hub.
        columns: all of the data set's by default.

    Raises:
        DataError: if `datasets` is not installed, the hub cannot be reached, there is no such revision,
            configuration, split or column, or the data are damaged.
    """
    wanted = tuple(columns or data.columns)
    name = named(data, revision, split, mirror)
    rows = _loaded(data, split, revision, mirror, wanted, name)
    number = 0
    try:
        with _QUIET:
            for row in rows:
                number += 1
                lacking = [column for column in wanted if column not in row]
                if lacking:
                    near = did_you_mean(lacking[0], row)
                    raise DataError(
                        f"{name}: row {number}: there is no column `{lacking[0]}`{near or ';'} "
                        f"there are {', '.join(row)}"
                    )
                yield {column: _cut(row[column], data.parts.get(column)) for column in wanted}
    except (DataError, GeneratorExit):
        raise
    except Exception as error:
        raise _failed(data, f"{name}: after row {number}", error) from error


def _cut(value: Any, fields: tuple[str, ...] | None) -> Any:
    """Records with some of their fields alone; `datasets` gives them as a list, or as lists by field."""
    if fields is None:
        return value
    if isinstance(value, dict):
        return {field: value[field] for field in fields}
    return [{field: one[field] for field in fields} for one in value]


def _loaded(
    data: HubSet, split: str, revision: str, mirror: str | None, columns: tuple[str, ...], name: str
) -> Any:
    datasets = _library(name)
    options: dict[str, Any] = {}
    if mirror is None:
        options["revision"] = revision
        _reach(data, revision, name)
    if data.streaming and (mirror is None or any(Path(mirror).rglob("*.parquet"))):
        options["columns"] = list(columns)
    source = str(Path(mirror).resolve()) if mirror is not None else data.repository
    try:
        with _QUIET:
            builder = datasets.load_dataset_builder(source, data.config, **options)
            if mirror is None and builder.hash != revision:
                # Without network, `datasets` falls back on whatever revision it has.
                raise ConnectionError(f"`datasets` has {builder.hash[:12]} in its own cache alone")
            if data.streaming or mirror is not None:  # of local files, its cache may hold what they once were
                return builder.as_streaming_dataset(split=split)
            builder.download_and_prepare()
            return builder.as_dataset(split=split)
    except Exception as error:
        raise _failed(data, name, error) from error


def resolve_revision(data: HubSet) -> str:
    """The commit to read: the one that is pinned, or else the newest.

    Raises:
        DataError: if none is pinned and the hub cannot be asked.
    """
    if data.revision:
        return data.revision
    name = named(data, "", data.splits[0].name)
    _library(name)
    try:
        found = _commit(data, None)
    except Exception as error:
        raise _failed(data, name, error) from error
    if not found:
        raise DataError(f"{name}: the hub names no commit of {data.repository}")
    return found


def _reach(data: HubSet, revision: str, name: str) -> None:
    """Ask the hub once, since `datasets` asks for half a minute before it says that there is no network.

    Offline, nothing is asked, and `datasets` looks into its own cache.
    """
    from huggingface_hub import is_offline_mode

    if is_offline_mode():
        return
    try:
        _commit(data, revision)
    except Exception as error:
        if _unreachable(error):
            raise _failed(data, name, error) from error


def _commit(data: HubSet, revision: str | None) -> str | None:
    """The commit that a revision is; by default, the newest."""
    from huggingface_hub import HfApi

    with _QUIET:
        return HfApi().dataset_info(data.repository, revision=revision, timeout=WAIT).sha


def _library(name: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            f"{name}: the hub is read with `datasets`, which is not installed ({error}): "
            "pip install 'mas2-env[tasks]', or use source 'file'"
        ) from error
    return datasets


def _failed(data: HubSet, name: str, error: Exception) -> DataError:
    """One message for whatever `datasets` and the libraries below it raise."""
    from huggingface_hub import is_offline_mode

    root = _root(error)
    what = " ".join(f"{type(root).__name__}: {root}".split())[:400]
    if not _unreachable(error):
        return DataError(f"{name}: cannot be loaded: {what}")
    offline = (
        "HF_HUB_OFFLINE is set, so that nothing is downloaded"
        if is_offline_mode()
        else "what `datasets` keeps itself is used with HF_HUB_OFFLINE=1"
    )
    return DataError(
        f"{name}: is not in the cache, and the hub cannot be reached ({what}); where there is network, run "
        f"`mas2 tasks fetch {data.task}` and bring its cache folder here, or `mas2 tasks fetch {data.task} "
        f"--out DIR` and use source 'file'; {offline}"
    )


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None and not isinstance(error, ConnectionError):
        error = error.__cause__
    return error


def _unreachable(error: BaseException) -> bool:
    root = _root(error)
    said = f"{type(root).__name__}: {root}".lower()
    return isinstance(root, ConnectionError) or any(sign in said for sign in _UNREACHABLE)


class _Quiet:
    """Keeps the libraries' logs off standard error, and their progress bars too unless it is a terminal.

    It may be entered by several threads; the last that leaves puts everything back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._levels: dict[str, int] = {}
        self._hidden = False

    def __enter__(self) -> None:
        import datasets

        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            for name in ("datasets", "huggingface_hub"):
                self._levels[name] = logging.getLogger(name).level
                logging.getLogger(name).setLevel(logging.CRITICAL)
            self._hidden = not sys.stderr.isatty() and not datasets.are_progress_bars_disabled()
            if self._hidden:
                datasets.disable_progress_bars()

    def __exit__(self, *_: object) -> None:
        import datasets

        with self._lock:
            self._inside -= 1
            if self._inside:
                return
            for name, level in self._levels.items():
                logging.getLogger(name).setLevel(level)
            if self._hidden:
                datasets.enable_progress_bars()


_QUIET = _Quiet()
