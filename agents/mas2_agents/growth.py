"""Random templates that are valid by construction: blocks, each fed by the one before it."""

from collections.abc import Callable
from random import Random

from mas2_env.system.model import (
    Channel,
    Critique,
    Debate,
    Limits,
    Role,
    RoleKind,
    Route,
    Send,
    Template,
    Vote,
)

WORKERS: tuple[RoleKind, ...] = ("plan", "solve", "search", "code", "test", "verify", "judge", "summarise")
ANSWERERS: tuple[RoleKind, ...] = ("solve", "code", "verify", "judge", "summarise")
PROMPTS = (
    "",
    "Work step by step.",
    "Be brief: give the result alone.",
    "Use the tools before you answer.",
    "Doubt the first answer that comes to mind.",
    "Build on what you are given and mend its mistakes.",
)


def grow(draw: Random, tools: tuple[str, ...], limits: Limits) -> Template:
    """A template of one to three random blocks within the limits."""
    growth = _Growth(draw, tools, limits)
    for _ in range(draw.randint(1, 3)):
        draw.choice(growth.blocks)()
    return growth.close()


class _Growth:
    """A template that grows.

    A block adds roles, is fed by the exits of the block before, and leaves exits of its own. One that would
    pass a limit is not added. One role and one turn are always kept back for the role that closes.
    """

    def __init__(self, draw: Random, tools: tuple[str, ...], limits: Limits) -> None:
        self.draw = draw
        self.tools = tools
        self.limits = limits
        self.roles: list[Role] = []
        self.channels: list[Channel] = []
        self.turns = 0
        self.exits: tuple[str, ...] = ()
        self.blocks: tuple[Callable[[], None], ...] = (
            self.single,
            self.ensemble,
            self.debate,
            self.critique,
            self.route,
        )

    def single(self) -> None:
        """One role."""
        if self.fits(1, 1):
            self.exits = self.feed(self.add(self.draw.choice(WORKERS)))

    def ensemble(self) -> None:
        """Copies of one role, pooled by vote."""
        copies = self.upto(2, min(5, self.limits.max_copies))
        if self.fits(2, copies + 1):
            source = self.feed(self.add(self.draw.choice(ANSWERERS), copies))
            self.exits = (self.pool(source),)

    def debate(self) -> None:
        """Two or three debaters, sometimes ranked or cut short by a quorum."""
        size, rounds = self.draw.randint(2, 3), self.upto(1, min(2, self.limits.max_rounds))
        ranked = size == 3 and rounds > 1 and self.draw.random() < 0.5
        if not self.fits(size + ranked, size * (rounds + 1) + ranked):
            return
        names = self.feed(*(self.add(self.draw.choice(ANSWERERS)) for _ in range(size)))
        ranker = self.add("rank") if ranked else None
        self.channels.append(Debate(names, rounds, self.draw.choice((None, 0.5, 0.67)), ranker))
        self.exits = names

    def critique(self) -> None:
        """An author and a reviewer."""
        revisions = self.upto(1, min(2, self.limits.max_revisions))
        if self.fits(2, 2 * (revisions + 1)):
            author = self.feed(self.add(self.draw.choice(ANSWERERS)))
            reviewer = self.add(self.draw.choice(("critique", "verify", "test")))
            self.channels.append(Critique(author[0], reviewer, revisions))
            self.exits = author

    def route(self) -> None:
        """A role that chooses among two or three others."""
        size = self.draw.randint(2, 3)
        if self.fits(size + 1, size + 1):
            source = self.feed(self.add("route"))
            targets = tuple(self.add(self.draw.choice(ANSWERERS)) for _ in range(size))
            self.channels.append(Route(source[0], targets, self.draw.randint(1, size - 1)))
            self.exits = targets

    def close(self) -> Template:
        """The template, with one role that gives the answer."""
        answers = len(self.exits) == 1 and self.kind(self.exits[0]) in (*ANSWERERS, "vote")
        if not answers:
            can_pool = len(self.exits) > 1 and all(self.kind(name) in ANSWERERS for name in self.exits)
            if can_pool and self.draw.random() < 0.5:
                self.exits = (self.pool(self.exits),)
            else:
                self.exits = self.feed(self.add(self.draw.choice(ANSWERERS)))
        return Template(tuple(self.roles), tuple(self.channels), self.exits[0])

    def fits(self, roles: int, turns: int) -> bool:
        """Whether a block of that size leaves room for the closing role; if so, its turns are booked."""
        fits = len(self.roles) + roles < self.limits.max_roles and self.turns + turns < self.limits.max_turns
        self.turns += turns if fits else 0
        return fits

    def upto(self, low: int, high: int) -> int:
        """A number from `low` to `high`, or `high` where the limits are lower than `low`."""
        return self.draw.randint(min(low, high), high)

    def add(self, kind: RoleKind, copies: int = 1) -> str:
        """A new role; its name."""
        name = f"{kind}{len(self.roles) + 1}"
        tools = tuple(tool for tool in self.tools if kind != "vote" and self.draw.random() < 0.5)
        prompt = "" if kind == "vote" else self.draw.choice(PROMPTS)[: self.limits.max_prompt_chars]
        self.roles.append(Role(name, kind, prompt, tools, copies))
        return name

    def pool(self, sources: tuple[str, ...]) -> str:
        """A new vote over the sources; its name."""
        target = self.add("vote")
        self.channels.append(Vote(sources, target))
        return target

    def feed(self, *entries: str) -> tuple[str, ...]:
        """The entries, each given the outputs of the last block."""
        self.channels += [Send(source, target) for source in self.exits for target in entries]
        return entries

    def kind(self, name: str) -> RoleKind:
        """The kind of a role that was added."""
        return next(role.kind for role in self.roles if role.name == name)
