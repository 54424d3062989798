"""What a run folder holds, as data."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from mas2_env.reward import Outcome
from mas2_env.settings import Settings
from mas2_env.system.model import System
from mas2_env.task import SourceName, SplitName

FORMAT: Literal["mas2.run/1"] = "mas2.run/1"
MOST_ITEMS = 2**31 - 1
"""Items of a task that a run can have."""
Key: TypeAlias = tuple[str, str, str, int]


class Record(Struct, frozen=True):
    """A finished episode: one line of `episodes.jsonl`. No time and no machine stands in it.

    Attributes:
        policy: name of the policy in the run.
        task: name of the task.
        item: id of the item.
        seed: of the episode and of the policy.
        outcome: how it ended.
        system: the system at the end; None if none was built.
        decisions: decisions that the policy was asked for, invalid ones included.
    """

    policy: str
    task: str
    item: str
    seed: int
    outcome: Outcome
    system: System | None
    decisions: int

    @property
    def key(self) -> Key:
        """What identifies the episode in its run."""
        return (self.policy, self.task, self.item, self.seed)


class PolicyEntry(Struct, frozen=True):
    """A policy of a run.

    Attributes:
        name: in records and tables.
        route: its registered name or `package.module:Name`; empty for an object that was passed in Python.
        digest: SHA-256 of the source file of its class, empty if there is none.
    """

    name: str
    route: str
    digest: str = ""


class TaskEntry(Struct, frozen=True):
    """A task of a run, bound to its data.

    Attributes:
        name: label of the task; `title`, `version`, `licence` and `citation` are its own.
        route: `module:Class` of the task, which makes it again.
        source: where its items come from, with an absolute `path` or the generator's `seed`.
        digest: SHA-256 that identifies the data.
        size: items that there are, None where they never end.
        items: the first so many of them are used.
        split: the part of the items that they come from.
        options: the task's own arguments that are not at their defaults.
    """

    name: str
    route: str
    title: str
    version: str
    source: SourceName
    path: str | None
    seed: int
    digest: str
    size: int | None
    items: int
    licence: str = ""
    citation: str = ""
    split: SplitName = "all"
    options: dict[str, Any] = {}


class Plan(Struct, frozen=True):
    """Which episodes a run consists of: policies × tasks × seeds × items.

    Attributes:
        pool: name or absolute path of the pool, as `load_pool` takes it.
        pool_name: in its file; `pool_digest` is of the file's content.
        backend: its registered name, with its options in brackets, paths being absolute; empty for an object
            that was passed in Python.
        backend_digest: of the backend's parameters and of what its files hold, where it has such.
        traces: whether the trace of every episode is kept.
    """

    policies: tuple[PolicyEntry, ...]
    tasks: tuple[TaskEntry, ...]
    seeds: tuple[int, ...]
    pool: str
    pool_name: str
    pool_digest: str
    backend: str
    settings: Settings
    backend_digest: str = ""
    traces: bool = False

    @property
    def size(self) -> int:
        """Number of episodes."""
        return len(self.policies) * len(self.seeds) * sum(task.items for task in self.tasks)


class Conduct(Struct, frozen=True, omit_defaults=True):
    """How a run asks its models. None of it changes what the run is: results are those of the same calls.

    Attributes:
        max_cost: USD that may be billed in all, earlier starts included; then the run stops, and can be
            resumed with more.
        deadline: seconds that an episode may take, where calls wait for a server; then it ends void.
        cache: path of a file of kept answers.
        cache_mode: whether answers are taken from there, and new ones kept there too.
        record: path of a file in which everything that came of each call is kept, to replay the run.
        replay: path of such a file: its answers are given, and nobody is asked.
        ledger: whether a ledger is kept for a backend that is not billed either.
    """

    max_cost: float | None = None
    deadline: float | None = None
    cache: str | None = None
    cache_mode: Literal["off", "read", "read-write"] = "read-write"
    record: str | None = None
    replay: str | None = None
    ledger: bool = False

    @property
    def nano(self) -> int | None:
        """`max_cost` in nano-USD."""
        return None if self.max_cost is None else round(self.max_cost * 1e9)


class Start(Struct, frozen=True):
    """One start of the run: the first, or a resumption.

    Attributes:
        time: UTC, ISO 8601.
        command: as it was given.
        versions: of mas2-env, Python, and the packages that results depend on.
        batch: episodes that were under way at once; results do not depend on it, nor on `workers`.
        notes: what has changed since the first start without making the run another one.
        conduct: how models were asked.
    """

    time: str
    command: str
    versions: dict[str, str]
    batch: int = 64
    workers: int = 1
    notes: tuple[str, ...] = ()
    conduct: Conduct = Conduct()


class Facts(Struct, frozen=True):
    """`run.json`."""

    version: Literal["mas2.run/1"]
    plan: Plan
    starts: Annotated[tuple[Start, ...], Meta(min_length=1)]
