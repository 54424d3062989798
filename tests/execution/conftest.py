"""Random systems, random behaviour and random decisions, each a function of a seed alone."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from mas2_env.episode import Episode
from mas2_env.errors import InvalidDecision
from mas2_env.execution.drive import perform
from mas2_env.execution.operation import Failure, ModelCall, Operation, Reply, ToolCall
from mas2_env.pool import parse_pool
from mas2_env.settings import Settings
from mas2_env.system.model import (
    AddChannel,
    AddRole,
    Assignment,
    ChangeRole,
    Channel,
    Critique,
    Debate,
    Edit,
    Reassign,
    Rebuild,
    Rectification,
    RemoveChannel,
    RemoveRole,
    Retry,
    Role,
    Route,
    Send,
    SetOutput,
    Skip,
    System,
    Template,
    Vote,
)
from mas2_env.system.structure import named
from mas2_env.system.validate import check_template
from mas2_env.task import Item, Score, Task, ToolSpec, ToolUse, Truth

POOL = parse_pool(
    """
name = "three"
reference = "small"
[[backbone]]
name = "small"
description = "cheap"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 8000
[[backbone]]
name = "medium"
description = "fair"
usd_per_million_input = 0.3
usd_per_million_output = 1.1
context = 8000
[[backbone]]
name = "large"
description = "strong"
usd_per_million_input = 1
usd_per_million_output = 4
context = 8000
""",
    "three.toml",
)
CANARY = "canary-5f1e"
KINDS = ("plan", "solve", "search", "code", "test", "critique", "verify", "judge", "summarise")
NAMES = ("ada", "bob", "cyd", "dan", "eve", "fay")
TOOLS = ("echo", "dig")


class Riddles(Task):
    """Every hidden thing holds the canary; no answer is right but 1."""

    name = "Riddles"
    title = "Riddles"
    description = "Guess."
    answer_format = "Answer: N"
    tools = tuple([ToolSpec(name, "A tool.", {"type": "object"}) for name in TOOLS])
    size = None
    digest = "riddles"

    def item(self, index: int) -> Item:
        truth = Truth(CANARY, (CANARY,), evidence=(CANARY,), steps=(CANARY,), gold={CANARY: CANARY})
        return Item(self, f"riddles/{index}", f"Riddle {index}", truth)

    def find(self, item_id: str) -> Item:
        return self.item(int(item_id.rpartition("/")[2]))

    def extract(self, text: str) -> str | None:
        return text.rpartition("Answer: ")[2] if "Answer: " in text else None

    def score(self, item: Item, answer: str | None) -> Score:
        return Score(answer == "1", float(answer == "1"), {"em": float(answer == "1")})

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        return f"{tool} {sorted(arguments.items())}"


TASK = Riddles()


class Erratic:
    """A backend whose every answer is a function of the call's key.

    Args:
        failing: share of calls that fail; of tool calls too, where `end` performs them.
        tooling: share of calls of roles that ask for tools.
    """

    def __init__(self, failing: float, tooling: float = 0.4) -> None:
        self.failing = failing
        self.tooling = tooling

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure]:
        return [self.answer(call) for call in calls]

    async def acomplete(self, call: ModelCall) -> Reply | Failure:
        return self.answer(call)

    def answer(self, call: ModelCall) -> Reply | Failure:
        draw = random.Random(call.key)
        prompt, completion = draw.randrange(300), draw.randrange(60)
        if draw.random() < self.failing:
            return Failure(draw.choice(("timeout", "refused")), "no luck", prompt, completion % 3)
        uses: tuple[ToolUse, ...] = ()
        if call.turn.tools and draw.random() < self.tooling:
            wanted = draw.choices((*TOOLS, "none"), k=draw.randint(1, 3))
            uses = tuple([ToolUse(name, f'{{"n": {draw.randrange(3)}}}') for name in wanted])
        return Reply(self._text(call, draw), prompt, completion, uses)

    def _text(self, call: ModelCall, draw: random.Random) -> str:
        match call.turn.purpose:
            case "review":
                return draw.choice(("APPROVE", "Revise: no", "well, well"))
            case "rank" | "route":
                return "I say " + ", ".join(
                    draw.sample(call.turn.options, draw.randint(0, len(call.turn.options)))
                )
        return f"Well. Answer: {draw.randrange(3)}" if draw.random() < 0.8 else "I do not know."

    def end(self, operation: Operation) -> Any:
        """How an operation ends, those that are no model calls included."""
        if isinstance(operation, ModelCall):
            return self.answer(operation)
        if isinstance(operation, ToolCall) and random.Random(operation.key).random() < self.failing:
            return Failure("tool", "it broke")
        return perform(operation)


def template(seed: int) -> Template:
    """A valid template."""
    draw = random.Random(f"template {seed}")
    names = draw.sample(NAMES, draw.randint(1, 5))
    parts = draw.choice(("", "debate", "route", "both"))
    while True:
        made = Template(_roles(draw, names), tuple(dict.fromkeys(_channels(draw, names, parts))), names[-1])
        made = _tidy(made)
        if not check_template(made, TOOLS, Settings().limits):
            return made


def _roles(draw: random.Random, names: Sequence[str]) -> tuple[Role, ...]:
    return tuple([_role(draw, name) for name in names])


def _role(draw: random.Random, name: str) -> Role:
    tools = tuple(draw.sample(TOOLS, draw.choice((0, 0, 1, 2))))
    return Role(name, draw.choice(KINDS), draw.choice(("", "Think.")), tools, draw.choice((1, 1, 1, 2, 3)))


def _channels(draw: random.Random, names: Sequence[str], parts: str) -> Iterator[Channel]:
    """Channels that lead from earlier names to later ones, most of them to the last."""
    for i, name in enumerate(names[:-1]):
        yield _link(draw, name, draw.choice(names[i + 1 :]), names[: i + 1])
        if draw.random() < 0.3:
            yield _link(draw, name, names[-1], names[:-1])
    if len(names) > 2 and parts in ("route", "both"):
        yield Route(names[0], tuple(draw.sample(names[1:], 2)))
    if len(names) > 1 and parts in ("debate", "both"):
        team = tuple(draw.sample(names, draw.randint(1, len(names) - 1)))
        ranker = draw.choice([None, *[n for n in names if n not in team]])
        yield Debate(team, draw.randint(1, 3), draw.choice((None, 0.0, 0.5, 0.9)), ranker, 1)


def _link(draw: random.Random, source: str, target: str, earlier: Sequence[str]) -> Channel:
    kind = draw.choice((Send, Send, Vote, Critique, Critique))
    if kind is Vote:
        return Vote(tuple(dict.fromkeys((source, draw.choice(earlier)))), target)
    if kind is Critique:
        pair = (source, target) if draw.random() < 0.5 else (target, source)
        return Critique(*pair, draw.randint(1, 3))
    return Send(source, target)


def _tidy(made: Template) -> Template:
    """The template with votes where votes end, and single roles where they must be single."""
    votes = {channel.target for channel in made.channels if isinstance(channel, Vote)}
    single = {made.output} | {
        name
        for channel in made.channels
        for place, name in named(channel)
        if (place == ".reviewer" or place == ".ranker" or (place == ".source" and isinstance(channel, Route)))
    }
    roles = []
    for role in made.roles:
        if role.name in votes:
            roles.append(Role(role.name, "vote"))
        else:
            roles.append(
                Role(role.name, role.kind, role.prompt, role.tools, 1 if role.name in single else role.copies)
            )
    return Template(tuple(roles), made.channels, made.output)


def assignment(made: Template, seed: int) -> Assignment:
    """Backbones for all who speak."""
    draw = random.Random(f"assignment {seed}")
    return Assignment({role.name: draw.choice(POOL.names) for role in made.roles if role.kind != "vote"})


def begin(seed: int, **settings: Any) -> Episode:
    """An episode whose random system is about to run."""
    made = template(seed)
    settings = {"budget": 3.0 + seed % 20} | settings
    episode = Episode(TASK.item(seed), POOL, Settings(**settings), seed)
    episode.decide(made)
    episode.decide(assignment(made, seed))
    return episode


def mend(episode: Episode, seed: int = 0, settling: bool = True) -> Rectification:
    """A valid rectification of a few random edits (`settling`: retries and skips too), or an empty one."""
    left = episode.observe().rectifications_left
    draw = random.Random(f"mend {seed} {episode.item.id} {left}")
    for _ in range(8):
        made = Rectification(
            tuple([e for _ in range(draw.randint(1, 3)) for e in _edit(episode, draw, settling)])
        )
        try:
            episode.fork().decide(made)
        except InvalidDecision:
            continue
        return made
    return Rectification()


def _edit(episode: Episode, draw: random.Random, settling: bool) -> list[Edit]:
    system = episode.system
    assert system is not None
    view = episode.observe().execution
    assert view is not None
    roles, channels = system.template.roles, system.template.channels
    name = draw.choice(roles).name
    new = draw.choice(NAMES)
    failed = [failure.turn for failure in view.failures]
    choices: list[Callable[[], list[Edit]]] = [
        lambda: [Reassign(name, draw.choice(POOL.names))],
        lambda: [ChangeRole(name, prompt=draw.choice(("", "Think.", "Be brief.")))],
        lambda: [ChangeRole(name, copies=draw.randint(1, 3))],
        lambda: [ChangeRole(name, tools=tuple(draw.sample(TOOLS, draw.randint(0, 2))))],
        lambda: [AddRole(_role(draw, new), draw.choice(POOL.names)), AddChannel(Send(new, name))],
        lambda: [
            *[RemoveChannel(c) for c in channels if name in [n for _, n in named(c)]],
            RemoveRole(name),
        ],
        lambda: [RemoveChannel(draw.choice(channels))] if channels else [],
        lambda: [AddChannel(Critique(name, new)), AddRole(Role(new, "critique"), "medium")],
        lambda: [SetOutput(name)],
        lambda: [_rebuild(draw)],
    ]
    if failed and settling:
        choices += 6 * [lambda: [draw.choice((Retry, Retry, Skip))(draw.choice(failed))]]
    return draw.choice(choices)()


def _rebuild(draw: random.Random) -> Rebuild:
    seed = draw.randrange(10**6)
    made = template(seed)
    return Rebuild(System(made, assignment(made, seed)))


def play(
    episode: Episode,
    backend: Erratic,
    seed: int = 0,
    settling: bool = True,
    order: random.Random | None = None,
    watch: Callable[[Episode], None] | None = None,
) -> Episode:
    """Play an episode to its end, delivering in a given order, and calling `watch` at every moment."""
    while episode.stage != "done":
        if watch is not None:
            watch(episode)
        if episode.stage == "rectify":
            episode.decide(mend(episode, seed, settling))
            continue
        ready = list(episode.ready())
        operation = ready[0] if order is None else order.choice(ready)
        episode.deliver(operation, backend.end(operation))
    return episode


def lines(episode: Episode) -> list[bytes]:
    return list(episode.trace_lines())


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """All of the above, and the numbers to begin with."""
    return SimpleNamespace(
        Erratic=Erratic,
        assignment=assignment,
        begin=begin,
        canary=CANARY,
        lines=lines,
        mend=mend,
        play=play,
        pool=POOL,
        task=TASK,
        template=template,
        tools=TOOLS,
    )
