"""What follows from a template's channels: how many turns it has, who waits for whom, what is of use.

Each role passes up to three *phases*: its first answer is begun, its debate is over, its work is final. A
role's later phases wait for its earlier ones, and channels add the rest:

- send, vote: the target begins when the source is final;
- debate: its first round waits for all participants' first answers, the ranking for the first round, and
  the rounds after it for the ranking; participants are final no sooner;
- critique: the reviewer begins when the author has drafted; the author is final when the reviewer is;
- route: the targets begin when the source is final.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from mas2_env.system.model import Channel, Critique, Debate, Route, Send, Template, Vote

Phase: TypeAlias = tuple[str, str]
"""A phase (`begun`, `drafted`, `final`) and the role; or a debate's (`round`, `debated`) and its number."""


def named(channel: Channel) -> list[tuple[str, str]]:
    """Names of roles in a channel, each with its JSON path below the channel."""
    match channel:
        case Send(source, target):
            return [(".source", source), (".target", target)]
        case Debate(roles=roles, ranker=ranker):
            ranked = [] if ranker is None else [(".ranker", ranker)]
            return [(f".roles[{i}]", name) for i, name in enumerate(roles)] + ranked
        case Critique(author, reviewer):
            return [(".author", author), (".reviewer", reviewer)]
        case Vote(sources, target):
            return [(f".sources[{i}]", name) for i, name in enumerate(sources)] + [(".target", target)]
        case Route(source, targets):
            return [(".source", source)] + [(f".targets[{i}]", name) for i, name in enumerate(targets)]


def flows(template: Template) -> Iterable[tuple[str, str]]:
    """Pairs (from, to) of roles between which something passes that can matter."""
    for channel in template.channels:
        match channel:
            case Send(source, target):
                yield source, target
            case Debate(roles=roles, rounds=rounds, ranker=ranker):
                # A ring joins participants as well as all pairs do.
                yield from zip(roles, roles[1:] + roles[:1], strict=True)
                if ranker is not None and roles:
                    yield roles[0], ranker
                    if rounds > 1:
                        yield ranker, roles[0]
            case Critique(author, reviewer):
                yield author, reviewer
                yield reviewer, author
            case Vote(sources, target):
                yield from ((source, target) for source in sources)
            case Route(source, targets):
                yield from ((source, target) for target in targets)


def contributors(template: Template) -> set[str]:
    """Roles from which something reaches the output, the output included."""
    into: dict[str, list[str]] = {}
    for source, target in flows(template):
        into.setdefault(target, []).append(source)
    found = {template.output}
    waiting = [template.output]
    while waiting:
        for source in into.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def lanes(template: Template) -> dict[str, int]:
    """How many independent outputs each role has: one for a copy, or for its author's copy if it reviews."""
    copies = {role.name: 1 if role.kind == "vote" else role.copies for role in template.roles}
    return copies | {
        c.reviewer: copies.get(c.author, 1) for c in template.channels if isinstance(c, Critique)
    }


def count_turns(template: Template) -> int:
    """Number of turns that the template may take."""
    copies = {role.name: 1 if role.kind == "vote" else role.copies for role in template.roles}
    idle: set[str | None] = set()
    total = 0
    for channel in template.channels:
        if isinstance(channel, Debate):
            total += channel.rounds * sum(copies.get(name, 0) for name in channel.roles)
            total += channel.ranker is not None
            idle.add(channel.ranker)
        elif isinstance(channel, Critique):
            total += 2 * channel.revisions * copies.get(channel.author, 0)
            idle.add(channel.reviewer)
    return total + sum(count for name, count in copies.items() if name not in idle)


def waits(template: Template) -> dict[Phase, set[Phase]]:
    """The phases that each phase waits for."""
    graph: dict[Phase, set[Phase]] = {}

    def wait(phase: Phase, *others: Phase) -> None:
        graph.setdefault(phase, set()).update(others)

    for role in template.roles:
        wait(("begun", role.name))
        wait(("drafted", role.name), ("begun", role.name))
        wait(("final", role.name), ("drafted", role.name))
    for number, channel in enumerate(template.channels):
        match channel:
            case Send(source, target):
                wait(("begun", target), ("final", source))
            case Vote(sources, target):
                wait(("begun", target), *(("final", source) for source in sources))
            case Route(source, targets):
                for target in targets:
                    wait(("begun", target), ("final", source))
            case Critique(author, reviewer):
                wait(("begun", reviewer), ("drafted", author))
                wait(("final", author), ("final", reviewer))
            case Debate(roles=roles, rounds=rounds, ranker=ranker):
                first, over = ("round", str(number)), ("debated", str(number))
                wait(first, *(("begun", name) for name in roles))
                wait(over, first)
                for name in roles:
                    wait(("drafted", name), over)
                if ranker is not None:
                    wait(("begun", ranker), first)
                    if rounds > 1:
                        wait(over, ("final", ranker))
    return graph


def find_circle(graph: Mapping[Phase, set[Phase]]) -> list[str]:
    """Roles of one circle of phases, each waiting for the next; empty if there is none."""
    state: dict[Phase, int] = {}
    for root in graph:
        if root in state:
            continue
        state[root] = 1
        path = [root]
        todo = [iter(sorted(graph[root]))]
        while path:
            for phase in todo[-1]:
                if state.get(phase) == 1:
                    circle = path[path.index(phase) :]
                    return list(
                        dict.fromkeys(n for p, n in reversed(circle) if p not in ("round", "debated"))
                    )
                if phase not in state:
                    state[phase] = 1
                    path.append(phase)
                    todo.append(iter(sorted(graph.get(phase, ()))))
                    break
            else:
                state[path.pop()] = 2
                todo.pop()
    return []


def layers(template: Template) -> dict[str, int]:
    """For each role, how many steps of the flow lie before it; participants of a debate stand together.

    Circles, which a valid template does not have, are cut where they close.
    """
    depth: dict[Phase, int] = {}
    graph = waits(template)

    def visit(root: Phase) -> None:
        stack = [root]
        while stack:
            phase = stack[-1]
            if phase not in depth:
                depth[phase] = -1
            missing = [p for p in graph.get(phase, ()) if p not in depth]
            if missing:
                stack += missing
                continue
            stack.pop()
            if depth[phase] < 0:
                step = phase[0] == "begun"
                depth[phase] = max((depth[p] for p in graph.get(phase, ())), default=-1) + step
                depth[phase] = max(depth[phase], 0)

    for phase in graph:
        visit(phase)
    found = {role.name: depth["begun", role.name] for role in template.roles}
    for channel in template.channels:
        if isinstance(channel, Debate):
            members = [name for name in channel.roles if name in found]
            together = max((found[name] for name in members), default=0)
            found.update(dict.fromkeys(members, together))
    ranks = {value: i for i, value in enumerate(sorted(set(found.values())))}
    return {name: ranks[value] for name, value in found.items()}
