"""Parameters fitted to recorded runs: data/calibration.toml as checked structs.

`mas2 simulator fit` writes that file. A *setting* is one recording of one benchmark: how alike answers are
there, which wrong ones are given, and for each model how often it is right, how long its replies are and how
often something is lacking in them. *Manners* are what agents do with each other's answers, by kind of task.
The laws that these belong to are in `mas2_env.backends.laws`.
"""

import math
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta, Struct

from mas2_env.abilities import Latency
from mas2_env.errors import PoolError

Share: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]


class _Table(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the file."""


class Setting(_Table, frozen=True):
    """One recording of one benchmark.

    Attributes:
        manner: kind of task, a key of `Calibration.manner`.
        difficulty, family, affinity: shares of variance; what is left to 1 is the noise of a call.
        focus: by model, its own share of difficulty; what it lacks or exceeds is taken up by its affinity.
        popular, slope: log odds of the popular answer among wrong ones, and their change with the standing.
        own: share of a model's own favourite among the other wrong ones.
        choices: number of wrong answers to choose from.
        known: share of items whose right answer is known.
        strata: by name, how much harder (in units of the total) the items of a subject or level are.
        level: by model (and role, system or prompt), probit of its accuracy among replies with an answer.
        tokens: by model and what else matters, mean and standard deviation of the log length of a reply.
        lacks: by model and what is lacking, share of replies.
        prompt: by model, share of items at which a tool user answers without looking first.
        first: by model and system, probit of the accuracy of a tool user's first proposal.
    """

    manner: str
    difficulty: Share
    family: Share
    affinity: Share
    focus: dict[str, Share] = {}
    popular: float = -1.0
    slope: float = 0.0
    own: Share = 0.3
    choices: Annotated[int, Meta(ge=1)] = 40
    known: Share = 1.0
    strata: dict[str, float] = {}
    level: dict[str, float] = {}
    tokens: dict[str, tuple[float, float]] = {}
    lacks: dict[str, Share] = {}
    prompt: dict[str, Share] = {}
    first: dict[str, float] = {}

    def shares(self, model: str) -> tuple[float, float, float]:
        """Shares of difficulty, family and affinity of a model; the noise is the same for all."""
        total = self.difficulty + self.family + self.affinity
        difficulty = min(self.focus.get(model, self.difficulty), total)
        family = min(self.family, total - difficulty)
        return difficulty, family, max(0.0, total - difficulty - family)

    @property
    def noise(self) -> float:
        """Standard deviation of the noise of a call."""
        return math.sqrt(max(1e-3, 1.0 - self.difficulty - self.family - self.affinity))


class Manner(_Table, frozen=True):
    """What agents do with answers, at one kind of task.

    Attributes:
        inertia: weight of one's own voice against a peer's.
        power: how an answer's weight grows with the voices for it.
        discernment: log weight that a right answer gains with those sure to find it.
        anew: probability to think anew, whatever was said.
        slip: share of right answers spoilt by talking.
        appeal: standard deviation of the log weight that an answer has with all who hear it.
        hint: probability to take up the thought that the discussion itself suggests, the same to all in it.
        overlooked: share of agreements that go unnoticed, as when one answer is written in two ways.
    """

    inertia: Annotated[float, Meta(ge=0.0)]
    power: Annotated[float, Meta(ge=0.0)]
    discernment: float
    anew: Share
    slip: Share = 0.0
    appeal: Annotated[float, Meta(ge=0.0)] = 0.0
    hint: Share = 0.0
    overlooked: Share = 0.0


class Model(_Table, frozen=True):
    """A recorded model as a backbone: accuracies by family of tasks, and manners of its replies.

    Attributes:
        math, code, recall, reading: accuracies of one plain call, as in `mas2_env.abilities.Ability`.
        verbosity: log ratio of the length of its replies to that of gpt-4o-mini.
        malformed: share of replies without an answer.
        tasks: accuracies known for a benchmark itself.
    """

    math: float
    code: float
    recall: float
    reading: float
    verbosity: float = 0.0
    malformed: Share = 0.0
    tasks: dict[str, Share] = {}


BY_PRICE: Final = "by price"
"""Key of the latency of backbones that nobody timed."""


class Calibration(_Table, frozen=True):
    """The whole file.

    Attributes:
        setting: recordings, by name and benchmark.
        manner: by kind of task.
        habit: what feedback, tests, reviews and evidence do, by name.
        task: benchmarks of simulated episodes, put together from recordings.
        model: recorded models as backbones.
        latency: how long calls take, by model; by system those of a whole pipeline; and `BY_PRICE`.
    """

    setting: dict[str, Setting]
    manner: dict[str, Manner]
    habit: dict[str, dict[str, float]]
    task: dict[str, Setting] = {}
    model: dict[str, Model] = {}
    latency: dict[str, Latency] = {}


def load_calibration(path: str | Path | None = None) -> Calibration:
    """The shipped calibration, or one that `mas2 simulator fit` wrote elsewhere.

    Raises:
        PoolError: if the file cannot be read or is no calibration.
    """
    return _shipped() if path is None else _calibration(read_own(path), str(path))


def load_over_shipped(path: str | Path | None) -> Calibration:
    """The shipped calibration, its tables replaced by those that another one has, habits number by number.

    What was fitted to figures of a few recordings says nothing of much that simulated agents do; the shipped
    tables do for that.

    Raises:
        PoolError: if the file cannot be read or is no calibration, or a manner that it names is not there.
    """
    shipped = _shipped()
    if path is None:
        return shipped
    own = load_calibration(path)
    habits = {name: {**shipped.habit.get(name, {}), **table} for name, table in own.habit.items()}
    whole = Calibration(
        {**shipped.setting, **own.setting},
        {**shipped.manner, **own.manner},
        {**shipped.habit, **habits},
        {**shipped.task, **own.task},
        {**shipped.model, **own.model},
        {**shipped.latency, **own.latency},
    )
    for name, table in own.task.items():
        if table.manner not in whole.manner:
            known = ", ".join(whole.manner)
            raise PoolError(f"{path}: $.task.{name}.manner is {table.manner!r}, expected one of {known}")
    return whole


def read_own(path: str | Path) -> str:
    """The text of a file of parameters of one's own.

    Raises:
        PoolError: if it cannot be read.
    """
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise PoolError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PoolError(f"{path}: cannot be read: {error}") from None


@lru_cache(maxsize=1)
def _shipped() -> Calibration:
    text = (files("mas2_env") / "data" / "calibration.toml").read_text(encoding="utf-8")
    return _calibration(text, "calibration.toml")


@lru_cache(maxsize=4)
def _calibration(text: str, where: str) -> Calibration:
    try:
        return parse_calibration(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise PoolError(f"{where}: not a TOML file: {error}") from None


def parse_calibration(raw: dict[str, Any], where: str) -> Calibration:
    """Check a file's content; `where` names it in errors.

    Raises:
        PoolError: with the place and what was expected.
    """
    try:
        return msgspec.convert(raw, Calibration)
    except msgspec.ValidationError as error:
        raise PoolError(f"{where}: {error}") from None


_LINEAGES: Final = (
    ("llama", ("llama", "athene", "nemotron", "codellama", "agentlm", "lemur")),
    ("gpt", ("gpt", "davinci", "o1-", "o3", "o4")),
    ("claude", ("claude",)),
    ("gemini", ("gemini", "gemma", "bison", "palm")),
    ("qwen", ("qwen", "qwq")),
    ("mistral", ("mistral", "mixtral", "zephyr", "openchat", "starling", "eurus")),
    ("deepseek", ("deepseek",)),
    ("yi", ("yi-",)),
    ("command", ("command",)),
    ("vicuna", ("vicuna",)),
)


def lineage(model: str) -> str:
    """The family that a model's name shows it to belong to; its own name where it shows none."""
    name = model.lower()
    for family, words in _LINEAGES:
        if any(word in name for word in words):
            return family
    return name
