"""What tasks have in common whose items come from a generator or from a local file."""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean
from mas2_env.records import Records
from mas2_env.task import Item, SourceName, Task

SUGGEST_FROM = 2000


class SourcedTask(Task):
    """A task with the sources `procedural` and `file`.

    Procedural items have the ids `name/p<seed>/<index>`, in lower case; they never end, and each is a pure
    function of the generator's version, the seed and the index.

    Raises:
        DataError: if the source is not one of the two, a path is missing or not wanted, or the file is bad.
    """

    fetch: ClassVar[str]

    def __init__(self, source: SourceName = "procedural", path: str | None = None, seed: int = 0) -> None:
        super().__init__(source, path, seed)
        self._prefix = f"{self.name.lower()}/p{seed}/"
        if source == "hub":
            raise DataError(
                f"{self.name}: this release reads the sources 'procedural' and 'file'; "
                f"to use the real data, {self.fetch}, and give source='file' with its path"
            )
        if source not in ("procedural", "file"):
            known = ("procedural", "file")
            raise DataError(f"{self.name}: there is no source {source!r}{did_you_mean(str(source), known)}")
        if source == "file" and path is None:
            raise DataError(f"{self.name}: source 'file' needs a path; {self.fetch}")
        if source == "procedural" and path is not None:
            raise DataError(
                f"{self.name}: source 'procedural' takes no path, got {path!r}; give source='file'"
            )
        self._made: dict[int, Item] = {}
        self._records: Records[Any] | None = self._load(path) if path is not None else None
        self._index = (
            self._records.unique(self._ids(self._records), "id") if self._records is not None else {}
        )
        self._names = tuple(self._index)

    @abstractmethod
    def _load(self, path: str) -> Records[Any]:
        """Read and check the whole file."""

    @abstractmethod
    def _ids(self, records: Records[Any]) -> Sequence[str]:
        """Ids of the records of the file, in order."""

    @abstractmethod
    def _from_record(self, item_id: str, record: Any) -> Item:
        """The item of a record of the file."""

    @abstractmethod
    def _generate(self, item_id: str, index: int) -> Item:
        """The procedural item at `index`."""

    @property
    def size(self) -> int | None:
        """Number of items, or None where they never end."""
        return None if self._records is None else len(self._records.rows)

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, or of `name/version/seed`."""
        if self._records is not None:
            return self._records.digest
        return hashlib.sha256(f"{self.name}/{self.version}/{self.seed}".encode()).hexdigest()

    def item(self, index: int) -> Item:
        """The item at `index`; `IndexError` where there is none."""
        if index < 0:
            raise IndexError(f"{self.name}: items are counted from 0, got {index}")
        if self._records is None:
            return self._generate(f"{self._prefix}{index}", index)
        if index >= len(self._records.rows):
            raise IndexError(
                f"{self.name}: the file has {len(self._records.rows)} items, there is no item {index}"
            )
        made = self._made.get(index)
        if made is None:
            made = self._made[index] = self._from_record(self._names[index], self._records.rows[index])
        return made

    def find(self, item_id: str) -> Item:
        """The item of that id.

        Raises:
            DataError: where there is none, with a suggestion.
        """
        if self._records is not None:
            if item_id in self._index:
                return self.item(self._index[item_id])
            hint = did_you_mean(item_id, self._names[:SUGGEST_FROM])
            raise DataError(f"{self.name}: no item of {self._records.path} has the id {item_id!r}{hint}")
        number = item_id.removeprefix(self._prefix)
        if number != item_id and number.isascii() and number.isdigit() and str(int(number[:18])) == number:
            return self.item(int(number))
        raise DataError(
            f"{self.name}: there is no procedural item {item_id!r}; "
            f"ids look like {self._prefix}17{did_you_mean(item_id, [f'{self._prefix}17'])}"
        )
