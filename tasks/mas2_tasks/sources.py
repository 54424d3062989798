"""What tasks have in common whose items come from a generator, from a local file or from the hub."""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, get_args

import msgspec

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean
from mas2_env.records import Records
from mas2_env.task import Download, Item, SourceName, SplitName, Task
from mas2_tasks.hub import HubSet, hub_set, hub_sets
from mas2_tasks.hub_records import HubRecords, Reading, fetch, read_hub
from mas2_tasks.hub_store import Store
from mas2_tasks.splits import (
    PARTS,
    SPLITS_VERSION,
    Part,
    check_split,
    count_parts,
    index_in_part,
    part_of_content,
    part_of_index,
)

SUGGEST_FROM = 2000


class SourcedTask(Task):
    """A task with the sources `procedural`, `file` and `hub`, and splits of the items of all.

    Procedural items have the ids `name/p<seed>/<index>`, in lower case; they never end, and each is a pure
    function of the generator's version, the seed and the index. An item has the same id whatever split it is
    asked for in. For source `hub`, a path is a mirror: a folder in the hub's layout.

    Raises:
        DataError: if the source or the split is not one that there is, a path is missing or not wanted, the
            data are bad or cannot be had, or none of the items is of the split.
    """

    fetch: ClassVar[str]
    """How to get the file."""
    on_hub: ClassVar[str] = ""
    """Its name in the table of the hub, if not that of the task in lower case."""

    def __init__(
        self,
        source: SourceName = "procedural",
        path: str | None = None,
        seed: int = 0,
        split: SplitName = "all",
    ) -> None:
        super().__init__(source, path, seed, split)
        check_split(self.name, split)
        self._check_source()
        self._prefix = f"{self.name.lower()}/p{seed}/"
        self._made: dict[int, Item] = {}
        self._records: Records[Any] | None = None
        self._hub: HubRecords | None = None
        self._names: tuple[str, ...] = ()
        if source == "file" and path is not None:
            self._records = self._load(path)
            self._names = tuple(self._records.unique(self._ids(self._records), "id"))
        elif source == "hub":
            reading = Reading(self._load, self._ids, self._content)
            self._hub = read_hub(Store(self.hub_data(), path), split, reading)
            self._records, self._names = self._hub.records, self._hub.names
        self._index = {name: place for place, name in enumerate(self._names)}
        if self._records is not None and split != "all" and not self._places:
            raise DataError(
                f"{self.name}: {self._records.path}: none of its {len(self._records.rows)} items is of "
                f"the split {split!r}; use a larger file or split='all'"
            )

    def _check_source(self) -> None:
        source, path, known = self.source, self.path, get_args(SourceName)
        if source not in known:
            raise DataError(f"{self.name}: there is no source {source!r}{did_you_mean(str(source), known)}")
        if source == "file" and path is None:
            raise DataError(f"{self.name}: source 'file' needs a path; {self.fetch}")
        if source == "procedural" and path is not None:
            raise DataError(
                f"{self.name}: source 'procedural' takes no path, got {path!r}; give source='file'"
            )

    @classmethod
    def hub_data(cls) -> HubSet:
        """Its data set on the hub.

        Raises:
            DataError: if it has none.
        """
        return hub_set(cls.on_hub or cls.name.lower())

    @classmethod
    def sources(cls) -> dict[str, int | None]:
        """Number of items of each source; None where they never end, or depend on a file."""
        known: dict[str, int | None] = {"procedural": None, "file": None}
        name = cls.on_hub or cls.name.lower()
        return {**known, "hub": hub_sets()[name].rows} if name in hub_sets() else known

    @classmethod
    def download(cls, path: str | None = None, out: str | None = None) -> Download:
        """Fetch all official splits into the cache, or of a mirror at `path`; copy them to `out` if given.

        Raises:
            DataError: if they cannot be had.
        """
        data = cls.hub_data()
        revision, files = fetch(data, path, out)
        return Download(data.repository, data.config, revision, data.licence, files)

    @property
    def origin(self) -> dict[str, str]:
        """Where the items of source `hub` come from: repository, configuration, revision, and a mirror."""
        if self._hub is None:
            return {}
        data = self.hub_data()
        found = {"repository": data.repository, "config": data.config, "revision": self._hub.revision}
        return found | ({"mirror": self.path} if self.path is not None else {})

    @abstractmethod
    def _load(self, path: str) -> Records[Any]:
        """Read and check the whole file."""

    @abstractmethod
    def _ids(self, records: Records[Any]) -> Sequence[str]:
        """Ids of the records of the file, in order."""

    @abstractmethod
    def _content(self, record: Any) -> str:
        """The text of a record that decides on its split: records of equal text fall on one side."""

    @abstractmethod
    def _from_record(self, item_id: str, record: Any) -> Item:
        """The item of a record of the file."""

    @abstractmethod
    def _generate(self, item_id: str, index: int) -> Item:
        """The procedural item at `index` among all."""

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        """The split of each record."""
        if self._hub is not None:
            return self._hub.parts
        rows = () if self._records is None else self._records.rows
        return tuple([part_of_content(self._content(row)) for row in rows])

    @cached_property
    def _places(self) -> Sequence[int]:
        """Indices of the split's records among all."""
        if self.split == "all":
            return range(len(self._names))
        return [place for place, part in enumerate(self._parts) if part == self.split]

    @property
    def size(self) -> int | None:
        """Number of items, or None where they never end."""
        return None if self._records is None else len(self._places)

    @property
    def splits(self) -> dict[str, int | None]:
        """Number of items of each split, or None where they never end; of the hub, of what was read."""
        if self._records is None:
            return dict.fromkeys(PARTS)
        whole = self._hub is None or self.split == "all"
        return {**count_parts(self._parts)} if whole else {self.split: self.size}

    @property
    def digest(self) -> str:
        """SHA-256 of the data (the file, or what the generator goes by) and of the split."""
        if self._records is not None:
            data = self._records.digest
        else:
            options = f"/{msgspec.json.encode(self.options).decode()}" if self.options else ""
            data = hashlib.sha256(f"{self.name}/{self.version}/{self.seed}{options}".encode()).hexdigest()
        if self.split == "all":
            return data
        return hashlib.sha256(f"{data}/{self.split}/{SPLITS_VERSION}".encode()).hexdigest()

    def item(self, index: int) -> Item:
        """The item at `index` of the split; `IndexError` where there is none."""
        if index < 0:
            raise IndexError(f"{self.name}: items are counted from 0, got {index}")
        if self._records is None:
            among_all = index if self.split == "all" else index_in_part(self._prefix, self.split, index)
            return self._generate(f"{self._prefix}{among_all}", among_all)
        if index >= len(self._places):
            whole = "the file" if self.split == "all" else f"the split {self.split!r} of the file"
            raise IndexError(f"{self.name}: {whole} has {len(self._places)} items, there is no item {index}")
        return self._at(self._places[index])

    def _at(self, place: int) -> Item:
        made = self._made.get(place)
        if made is None:
            assert self._records is not None
            made = self._made[place] = self._from_record(self._names[place], self._records.rows[place])
        return made

    def find(self, item_id: str) -> Item:
        """The item of that id.

        Raises:
            DataError: where there is none (with a suggestion), or it is of another split.
        """
        if self._records is not None:
            place = self._index.get(item_id)
            if place is None:
                hint = did_you_mean(item_id, self._names[:SUGGEST_FROM])
                raise DataError(f"{self.name}: no item of {self._records.path} has the id {item_id!r}{hint}")
            if self.split != "all":
                self._check_part(item_id, self._parts[place])
            return self._at(place)
        number = item_id.removeprefix(self._prefix)
        if number != item_id and number.isascii() and number.isdigit() and str(int(number[:18])) == number:
            index = int(number)
            if self.split != "all":
                self._check_part(item_id, part_of_index(self._prefix, index))
            return self._generate(item_id, index)
        raise DataError(
            f"{self.name}: there is no procedural item {item_id!r}; ids look like {self._prefix}17"
        )

    def _check_part(self, item_id: str, part: Part) -> None:
        if part != self.split:
            raise DataError(
                f"{self.name}: item {item_id!r} is of the split {part!r}, and the task holds "
                f"{self.split!r} alone; make it with split={part!r} or 'all'"
            )
