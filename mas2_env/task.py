"""What a benchmark must offer: items, a query, tools and a scorer.

A third party subclasses `Task`, fills in the abstract members and registers the class under the entry-point
group `mas2.tasks`; everything else (environments, evaluation, leaderboard) follows from this class.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.spec import arguments_of, label_of

if TYPE_CHECKING:
    from mas2_env.backends.base import Backend
    from mas2_env.pool import Pool

SourceName: TypeAlias = Literal["procedural", "file", "hub"]
SplitName: TypeAlias = Literal["all", "train", "validation", "test"]


class Equip(Protocol):
    """What a run hands its tasks: it makes a backend, equipped as the run's own.

    Outside a run, `mas2_env.plugins.make_backend` makes one that is not.
    """

    def __call__(self, backend: "str | Backend", pool: "Pool", /) -> "Backend":
        """The backend of that registered name or route, or that object, for the backbones of a pool.

        Raises:
            Mas2Error: if it cannot be had, or says that it cannot answer.
        """
        ...


class Document(Struct, frozen=True):
    """A titled text that belongs to an item, reached only through a tool."""

    title: str
    text: str


class ToolSpec(Struct, frozen=True):
    """A tool t ∈ T as a model sees it.

    Attributes:
        name: the name that roles are granted and models call.
        description: one line.
        parameters: JSON schema of its arguments object.
    """

    name: str
    description: str
    parameters: dict[str, Any]


class ToolUse(Struct, frozen=True, gc=False):
    """A tool call that a model asks for; `arguments` is the JSON text of an object."""

    name: str
    arguments: str


class Truth(Struct, frozen=True):
    """What must never reach a policy, a prompt or a sandboxed program.

    Attributes:
        answer: an answer that the scorer accepts.
        distractors: wrong answers that agents plausibly give, most popular first; at least one.
        difficulty: logit of the item relative to the task's mean (0); larger is harder.
        parts: number of things that must be worked out or found (hops, steps); at least 1.
        evidence: titles of the documents that are needed, if any.
        steps: sentences of a correct derivation, for agents that explain themselves.
        gold: everything else the scorer needs, in the official form.
    """

    answer: str
    distractors: tuple[str, ...]
    difficulty: float = 0.0
    parts: int = 1
    evidence: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    gold: Any = None


class Item(Struct, frozen=True, eq=False):
    """One problem of a benchmark.

    Attributes:
        task: the benchmark it belongs to.
        id: unique within the task and its source.
        query: the problem's text as meta-agents and roles see it.
        documents: texts that the item's tools work on.
        truth: hidden.
    """

    task: "Task"
    id: str
    query: str
    truth: Truth
    documents: tuple[Document, ...] = ()

    def __repr__(self) -> str:
        return f"Item({self.task.name}, {self.id})"


class Score(Struct, frozen=True, gc=False):
    """A scorer's verdict.

    Attributes:
        success: the official primary metric, as yes or no.
        value: the primary metric in [0, 1].
        metrics: all official metrics by name.
    """

    success: bool
    value: float
    metrics: dict[str, float] = {}


class Fetched(Struct, frozen=True):
    """An official split that is at hand as a file.

    Attributes:
        split: as it was published.
        rows: their number.
        sha256: of the rows as JSON Lines, before they are zipped.
        path: the file.
    """

    split: str
    rows: int
    sha256: str
    path: str


class Download(Struct, frozen=True):
    """What was downloaded of a benchmark: the commit `revision` of a repository, split by split."""

    repository: str
    config: str
    revision: str
    licence: str
    files: tuple[Fetched, ...]


class Work(Struct, frozen=True, gc=False):
    """What an answer came out of, for scorers whose official figures look at more than the answer.

    Attributes:
        reply: the reply of the output role that holds the answer, whole; None where there is none.
        calls: all tool calls that were performed, in order, with what each gave.
    """

    reply: str | None = None
    calls: tuple[tuple[ToolUse, str], ...] = ()


class Task(ABC):
    """A benchmark bound to one source of items.

    Subclasses keep their constructor arguments JSON-able: environments are made from them by name. A task
    pickles as its class and arguments, so that no data set travels between processes. Arguments of its own (a
    dial, a corpus) are keyword-only, and `keep_options` is told their values.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    title: ClassVar[str]
    description: ClassVar[str]
    answer_format: ClassVar[str]
    tools: tuple[ToolSpec, ...] = ()
    reference_tokens: ClassVar[int] = 200
    """Completion tokens of a plain single call: the reference cost rests on it."""
    blocking: ClassVar[bool] = False
    """Whether `call` and `score` may wait (for a program, say), so that async drivers give them a thread."""
    metric: ClassVar[str] = ""
    """The official primary metric, in a few words."""
    licence: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    scorer: ClassVar[str] = "mas2_env.scoring.scorer:Scorer"
    """What scores files of predictions: `package.module:Class`, a subclass of this one."""

    _options: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self,
        source: SourceName = "procedural",
        path: str | None = None,
        seed: int = 0,
        split: SplitName = "all",
    ) -> None:
        self.source: SourceName = source
        self.path = path
        self.seed = seed
        self.split: SplitName = split

    def keep_options(self, **own: Any) -> None:
        """Keep the values of the constructor's own arguments, for `options`.

        Called by the constructor of a task that has such arguments, before that of its base class, which may
        look at them. What the class at hand does not take is no option of it.
        """
        arguments = arguments_of(type(self))
        differing = {
            name: value
            for name, value in own.items()
            if name in arguments and value != arguments[name].default
        }
        self._options = {**self._options, **differing}

    def __reduce__(self) -> tuple[Callable[..., "Task"], tuple[Any, ...]]:
        arguments = {"source": self.source, "path": self.path, "seed": self.seed, **self.variant}
        return (_rebuild, (type(self), arguments))

    @property
    def options(self) -> dict[str, Any]:
        """Values of the constructor's arguments that are the task's own and differ from their defaults."""
        return dict(self._options)

    @property
    def benchmark(self) -> str:
        """The benchmark whose figures simulated agents follow here: by default, the task's own name."""
        return self.name

    @property
    def variant(self) -> dict[str, Any]:
        """`options`, and the split where it is a part of the items."""
        return {**self.options, **({} if self.split == "all" else {"split": self.split})}

    @property
    def label(self) -> str:
        """What tells the task apart in a run: its name, and its variant in brackets."""
        return label_of(self.name, self.variant)

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Number of items, or None where they never end."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256 that identifies the data: of the file's bytes, or of the generator's version and seed."""

    @property
    def splits(self) -> Mapping[str, int | None]:
        """Number of items of each split that is known, or None where they never end."""
        return {self.split: self.size}

    @property
    def origin(self) -> Mapping[str, str]:
        """Where the items were published, as far as the task knows: repository, revision and the like."""
        return {}

    @classmethod
    def sources(cls) -> Mapping[str, int | None]:
        """Sources that the task has, with their number of items; None where that is open."""
        return {"procedural": None}

    @classmethod
    def download(cls, path: str | None = None, out: str | None = None) -> Download:
        """Download the published data, or take them from a mirror at `path`; write copies to `out` if given.

        Raises:
            DataError: if they cannot be had.
        """
        raise DataError(f"{cls.name}: has no data that could be downloaded")

    @classmethod
    def to_score(cls) -> "type[Task]":
        """The class that `mas2 tasks score` uses: another where predictions can be scored on less data."""
        return cls

    @abstractmethod
    def item(self, index: int) -> Item:
        """The item at `index`; `IndexError` where there is none."""

    @abstractmethod
    def find(self, item_id: str) -> Item:
        """The item of that id; `DataError` (with a suggestion) where there is none."""

    @abstractmethod
    def extract(self, text: str) -> str | None:
        """The answer in a reply, or None where there is none to be found."""

    @abstractmethod
    def score(self, item: Item, answer: str | None) -> Score:
        """Official verdict on an answer. May block; raises `Breakdown` if the scorer itself fails."""

    def assess(self, item: Item, answer: str | None, work: Work) -> Score:
        """Official verdict on an answer and what it came out of; by default, that of `score`. May block.

        Executed systems are scored by this; `score` is for answers that are known by themselves.
        """
        return self.score(item, answer)

    def ready(self) -> None:  # noqa: B027 - most tasks need nothing
        """See that what `call` and `score` need works here; asked before an evaluation starts.

        Raises:
            Mas2Error: if it does not, with what to do.
        """

    def equip(self, equip: Equip | None) -> None:  # noqa: B027 - most tasks ask no model
        """Be told how a run equips what it asks; None when the run is over.

        A task whose scoring or tools ask models has its backends of this function from then on, so that their
        calls are in the run's ledger and under its limit, and are kept, recorded and replayed as those of its
        systems. What stands in a recording has to be found there again, whatever order episodes run in: what
        is asked (`mas2_env.backends.prompt.Prompt`, its sample and key) may depend on nothing but the item
        and the arguments of `call`, `score` or `assess`. Worker processes are told likewise.

        Raises:
            Mas2Error: if a model that the task needs cannot be had or asked; the run does not begin then.
        """

    def canonical(self, answer: str) -> str:
        """A form in which equal answers are equal strings, for votes and agreement."""
        return " ".join(answer.lower().split())

    def meaning(self, answer: str) -> str:
        """A form in which answers that come to the same are equal strings; by default, that of `canonical`.

        Simulated agents know each other's answers by it, in whatever words they stand.
        """
        return self.canonical(answer)

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """Perform a tool call of a role and return what the role is shown. May block.

        A call that the tool refuses is an answer that says so, not an exception; `Breakdown` is for a tool
        that cannot work at all.
        """
        return f"error: there is no tool named {tool!r}"

    # What simulated agents say and do. The defaults do for question answering without tools.

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """A reply that a real agent could have written to give `answer`; `extract` must find it there.

        `draw` is a uniform 32-bit integer that chooses the wording.
        """
        return f"Answer: {answer}"

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """The tool call that an agent inclined to `answer` makes at the `step`-th turn of its tool loop."""
        return None

    def seek(
        self, item: Item, answer: str, step: int, done: Sequence[ToolUse], told: Sequence[str]
    ) -> ToolUse | None:
        """As `probe`, by an agent that made the calls `done` in this turn and was told these texts before it.

        The first text is the agent's own instruction, the others are its messages. A task whose agents can
        share work overrides this; by default nothing of it matters.
        """
        return self.probe(item, answer, step)

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """Share in [0, 1] of what `probe` can find out that stands in texts (tool outputs, messages)."""
        return 0.0

    def passed(self, output: str) -> bool | None:
        """Whether a tool output shows that a tried answer works; None where it does not say."""
        return None


def _rebuild(cls: type[Task], arguments: dict[str, Any]) -> Task:
    return cls(**arguments)
