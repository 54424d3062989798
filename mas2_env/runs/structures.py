"""Recorded agents against simulated ones, structure by structure.

The same systems run on the same items twice: once on the replies that were recorded, once on simulated ones.
What is compared is what a policy would learn from: how often a structure succeeds, what it costs in tokens,
and which of two structures is the better one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from msgspec import Struct
from msgspec.structs import replace

from mas2_env.backends.base import Backend
from mas2_env.backends.draws import UNIT, bits_for
from mas2_env.backends.replay import Replay, Told
from mas2_env.backends.simulated import Simulated
from mas2_env.backends.transcripts import Strands, Transcripts
from mas2_env.errors import DataError
from mas2_env.pool import Pool
from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.fixed import Fixed
from mas2_env.runs.paired import LEVEL, sign_flip
from mas2_env.runs.record import Record
from mas2_env.runs.statistics import summarise
from mas2_env.runs.summary import Interval
from mas2_env.settings import Settings
from mas2_env.system.model import (
    Critique,
    Debate,
    Role,
    Send,
    Template,
    Vote,
)
from mas2_env.task import Task

MOST_VOTERS = 8
MOST_ATTEMPTS = 4
QUORUM = 2 / 3
"""Share of the participants whose agreement ends a debate, as in DyLAN (arXiv 2310.02170)."""

MOST_LOST = 0.02
"""Share of the items at which replies of a round may be missing for that round to be compared."""

_RESAMPLES = 2_000
_SETTINGS = Settings(budget=1e9, rectifier=False, reward="success", count_meta=False)


class Compared(Struct, frozen=True):
    """One structure.

    Attributes:
        structure: its name.
        items: recorded items that it could be replayed on.
        replayed, simulated: share of successes.
        replayed_tokens, simulated_tokens: of the system, per item.
    """

    structure: str
    items: int
    replayed: Interval
    simulated: Interval
    replayed_tokens: float | None
    simulated_tokens: float | None


class Pair(Struct, frozen=True):
    """Two structures: success of the first minus success of the second, on the items that both have.

    `p` is the exact p-value of the replayed difference, `sign_flip` over items.
    """

    first: str
    second: str
    replayed: Interval
    simulated: Interval
    p: float

    @property
    def agrees(self) -> bool | None:
        """Whether the simulated difference has the replayed sign; None where that is not significant."""
        if self.p >= LEVEL:
            return None
        return (self.replayed.value or 0.0) * (self.simulated.value or 0.0) > 0


class Comparison(Struct, frozen=True):
    """One model at one benchmark: its structures, and every two of them."""

    benchmark: str
    model: str
    rows: tuple[Compared, ...]
    pairs: tuple[Pair, ...]


def structures_of(strands: Iterable[Strands]) -> dict[str, Template]:
    """The structures that the recordings of some items of one model cover, by name."""
    found = list(strands)
    kind = found[0].kind
    size = max(max(one.size, len(one.strands)) for one in found)
    solver = Role("solver")
    structures = {"single": Template((solver,), output="solver")}
    if kind == "retry":
        longest = min(max(len(one.strands[0]) for one in found), MOST_ATTEMPTS)
        for attempts in range(2, longest + 1):
            structures[f"retry {attempts}"] = Template(
                roles=(solver, Role("reviewer", "verify")),
                channels=(Critique("solver", "reviewer", attempts - 1),),
                output="solver",
            )
        return structures
    fewest = min(len(one.strands) for one in found)
    width = min(size if kind == "debate" else fewest, MOST_VOTERS)
    team = Role("solver", copies=max(width, 1))
    for voters in range(3, width + 1):
        structures[f"vote {voters}"] = _pooled(Role("solver", copies=voters))
    if kind == "debate" and width > 1:
        for number in range(1, max(one.rounds for one in found)):
            if sum(one.lost(number) for one in found) > MOST_LOST * len(found):
                continue
            structures[f"debate {number}"] = _pooled(team, Debate(("solver",), number, QUORUM))
    if all(one.choice is not None for one in found):
        structures["select"] = Template(
            roles=(Role("solver", "code", copies=max(width, 1)), Role("chooser", "test")),
            channels=(Send("solver", "chooser"),),
            output="chooser",
        )
    return structures


def _pooled(team: Role, *channels: Debate) -> Template:
    return Template((team, Role("pool", "vote")), (*channels, Vote(("solver",), "pool")), "pool")


def compare(
    task: Task,
    model: str,
    pool: Pool,
    simulated: Backend | None = None,
    more: Task | None = None,
    overlooked: float = 0.0,
    critic: bool = False,
) -> Comparison:
    """Run every recorded structure of a model on its recorded and on simulated replies.

    Args:
        task: its items hold `Transcripts`; ids that differ in what follows `@` are one item.
        model: name of a recorded model, which is in the pool.
        pool: prices, and the simulated backbones.
        simulated: answers in the recorded model's place; the simulated backend by default.
        more: what the simulated side runs on: the same task with more turns, each of which is an item of its
            own to simulated agents. By default, `task`.
        overlooked: share of items at which simulated debates go on though enough agree, as recorded systems
            do that take one answer written in two ways for two.
        critic: whether authors of wrong attempts were given a critic's comments as well.

    Raises:
        DataError: if no item has transcripts of the model.
    """
    assert task.size is not None
    golds = [task.item(index).truth.gold for index in range(task.size)]
    strands = [gold.models[model] for gold in golds if isinstance(gold, Transcripts) and model in gold.models]
    if not strands:
        raise DataError(f"{task.label}: no item has recorded replies of {model!r}")
    structures = structures_of(strands)
    policies = {name: Fixed(template, model) for name, template in structures.items()}
    endless = {name: Fixed(unstopped(template), model) for name, template in structures.items()}
    # Recorded debates end where their transcripts do.
    replayed = _run(endless, task, pool, Replay(pool))
    backend = Told(simulated or Simulated(pool), critic)
    answered = _run(policies, more or task, pool, backend)
    debated = {name: policy for name, policy in endless.items() if policy.template != structures[name]}
    if overlooked > 0.0 and debated:
        going_on = {(r.policy, r.item, r.seed): r for r in _run(debated, more or task, pool, backend)}
        answered = [
            going_on.get((r.policy, r.item, r.seed), r) if _unseen(r, overlooked) else r for r in answered
        ]
    return _compared(task.benchmark, model, tuple(structures), replayed, answered)


def unstopped(template: Template) -> Template:
    """The template with debates that no agreement ends."""
    channels = (
        replace(channel, quorum=None) if isinstance(channel, Debate) else channel
        for channel in template.channels
    )
    return replace(template, channels=tuple(channels))


def _unseen(record: Record, share: float) -> bool:
    return bits_for(b"overlooked", record.item, str(record.seed))[0] * UNIT < share


def _run(policies: Mapping[str, object], task: Task, pool: Pool, backend: Backend) -> list[Record]:
    """The finished episodes; those of one item with its strands in another order count as its repetitions."""
    result = evaluate(policies, [task], pool=pool, settings=_SETTINGS, items=None, backend=backend)
    records = []
    for record in result.records:
        item, _, turn = record.item.partition("@")
        records.append(replace(record, item=item, seed=int(turn or 0)))
    return records


def _compared(
    benchmark: str, model: str, names: Sequence[str], replayed: list[Record], simulated: list[Record]
) -> Comparison:
    void = {(r.policy, r.item, r.seed) for r in replayed if r.outcome.kind == "void"}
    turns = 1 + max(record.seed for record in replayed)
    simulated = [
        replace(r, item=f"{r.item}@{r.seed}", seed=0)
        for r in simulated
        if (r.policy, r.item, r.seed % turns) not in void
    ]
    sides = [
        {base: summarise(records, base, False, policies=names, resamples=_RESAMPLES).rows for base in names}
        for records in (replayed, simulated)
    ]
    rows = tuple(
        Compared(name, own.items, own.success, other.success, own.tokens, other.tokens)
        for name, own, other in zip(names, sides[0][names[0]], sides[1][names[0]], strict=True)
        if own.items
    )
    pairs = []
    successes = _successes(replayed)
    for (i, first), (_, second) in combinations(enumerate(names), 2):
        differences = [side[second][i].difference for side in sides]
        if all(difference is not None for difference in differences):
            own, other = (difference.success for difference in differences if difference is not None)
            p = sign_flip(_by_item(successes[first], successes[second]))
            pairs.append(Pair(first, second, own, other, p))
    return Comparison(benchmark, model, rows, tuple(pairs))


def _successes(records: Iterable[Record]) -> dict[str, dict[tuple[str, int], bool]]:
    """Whether an episode succeeded, by structure, and by item and repetition; void ones left out."""
    found: dict[str, dict[tuple[str, int], bool]] = defaultdict(dict)
    for record in records:
        if record.outcome.kind != "void":
            found[record.policy][record.item, record.seed] = record.outcome.kind == "success"
    return found


def _by_item(first: Mapping[tuple[str, int], bool], second: Mapping[tuple[str, int], bool]) -> list[int]:
    """By how many repetitions of an item the first did better, for each item that both have."""
    sums: Counter[str] = Counter()
    for item, turn in first.keys() & second.keys():
        sums[item] += first[item, turn] - second[item, turn]
    return list(sums.values())
