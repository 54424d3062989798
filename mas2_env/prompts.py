"""Observations as text for language models, in two sizes, and as JSON.

Both texts have a bound beside the query that holds in whatever state: what does not fit is cut in a fixed
way, section by section, and says how much is missing. The unchanging part comes first and the query late, so
that a server's prefix cache serves every item of a task.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from mas2_env.observation import BackboneView, ExecutionView, Observation, TurnView
from mas2_env.system.model import Retry, Role, Template
from mas2_env.task import ToolSpec

Style: TypeAlias = Literal["full", "compact"]

PROMPT_VERSION = "2"
"""Changes whenever the wording or the layout of a rendering does."""

TOKEN_BOUNDS: dict[Style, int] = {"full": 1500, "compact": 400}
"""Beside the query a rendering has fewer tokens than this, by `mas2_env.reward.count_tokens`."""

_encoder = msgspec.json.Encoder()


class _Size(Struct, frozen=True):
    """How much of each free text a style shows, in characters, and the least room of each section."""

    description: int
    answer_format: int
    tool: int
    backbone: int
    prompts: int
    message: int
    answer: int
    excerpt: int
    problem: int
    floors: dict[str, int]


_SIZES: dict[Style, _Size] = {
    "full": _Size(
        description=240,
        answer_format=200,
        tool=160,
        backbone=60,
        prompts=1200,
        message=160,
        answer=60,
        excerpt=100,
        problem=240,
        floors={
            "task": 420,
            "tools": 420,
            "backbones": 720,
            "limits": 240,
            "roles": 600,
            "channels": 300,
            "assignment": 320,
            "failures": 360,
            "turns": 420,
            "problems": 360,
            "example": 300,
        },
    ),
    "compact": _Size(
        description=0,
        answer_format=70,
        tool=0,
        backbone=0,
        prompts=0,
        message=50,
        answer=20,
        excerpt=0,
        problem=100,
        floors={
            "task": 100,
            "tools": 70,
            "backbones": 150,
            "limits": 90,
            "roles": 130,
            "channels": 90,
            "assignment": 90,
            "failures": 90,
            "turns": 80,
            "problems": 90,
            "example": 50,
        },
    ),
}


class _Section(Struct, frozen=True):
    """A part of a rendering that can be cut between its items."""

    name: str
    title: str
    items: list[str]
    joint: str = "\n"
    end: str = ""

    @property
    def length(self) -> int:
        """Characters of the whole section."""
        items = self.items
        inner = sum(map(len, items)) + len(self.joint) * (len(items) - 1) if items else 0
        return len(self.title) + inner + len(self.end)

    def cut(self, room: int) -> str:
        """The section in at most `room` characters: whole items, and how many are left out."""
        if self.length <= room:
            return self.title + self.joint.join(self.items) + self.end
        left = room - len(self.title) - len(self.end) - len(f"{self.joint}… {len(self.items)} more")
        kept = 0
        for item in self.items:
            left -= len(item) + (len(self.joint) if kept else 0)
            if left < 0:
                break
            kept += 1
        if not kept:
            return (self.title + "".join(self.items[:1]))[: max(room - 1, 0)] + "…"
        shown = self.joint.join(self.items[:kept])
        return f"{self.title}{shown}{self.joint}… {len(self.items) - kept} more{self.end}"


def render_observation(observation: Observation, style: Style = "full") -> str:
    """The observation as a prompt.

    Args:
        observation: what the meta-agent of the stage may know.
        style: `full`, under 1,500 tokens beside the query, or `compact`, under 400, for small models.

    Raises:
        ValueError: if there is no such style.
    """
    if style not in _SIZES:
        raise ValueError(f"style is {style!r}, expected 'full' or 'compact'")
    size = _SIZES[style]
    opening = _opening(style, observation.stage)
    before, after = _sections(observation, style, size)
    gap = "\n\n" if style == "full" else "\n"
    query_title = "Query:\n" if style == "full" else "Query: "
    count = len(before) + len(after)
    room = 4 * (TOKEN_BOUNDS[style] - 1) - len(opening) - len(query_title) - len(gap) * (count + 1) - 1
    rooms = _share([*before, *after], size.floors, room)
    parts = [opening]
    parts += [section.cut(rooms[section.name]) for section in before]
    parts.append(query_title + observation.query)
    parts += [section.cut(rooms[section.name]) for section in after]
    return _encodable(gap.join(parts) + "\n")


def render_json(observation: Observation) -> str:
    """The observation as compact JSON, whole: nothing is cut, and every field is written.

    The fields, in order: `stage` (`generate`, `implement`, `rectify`); `task`, `description`, `query`,
    `answer_format` (texts); `tools` (objects of `name`, `description`, `parameters`, the last a JSON schema);
    `backbones` (objects of `name`, `description`, `input_price` and `output_price` in nano-USD per token,
    `context` in tokens); `limits` (`max_roles`, `max_copies`, `max_rounds`, `max_revisions`, `max_turns`,
    `max_prompt_chars`); `budget` and `reference_cost` (nano-USD); `template` (null at `generate`; defaults of
    roles and channels left out); `assignment` and `execution` (null before `rectify`; an execution has
    `trigger`, `failures`, `turns`, `spent` in nano-USD and `step`); `rectifications_left`; `problems`
    (texts); `invalid_left`; `max_tool_steps`. `parse_json` reads it back.
    """
    return _json(observation)


def parse_json(text: str | bytes) -> Observation:
    """The observation that `render_json` wrote.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: if the text is not one.
    """
    return msgspec.json.decode(text, type=Observation)


def _json(value: object) -> str:
    try:
        return _encoder.encode(value).decode()
    except UnicodeEncodeError:
        return _encodable(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":")))


def _encodable(text: str) -> str:
    """The text, with a question mark for each lone surrogate (models do write them; UTF-8 has none)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


@lru_cache(maxsize=8)
def _opening(style: Style, stage: str) -> str:
    path = files("mas2_env") / "data" / "prompts" / f"{style}_{stage}.txt"
    return path.read_text(encoding="utf-8").rstrip("\n")


def _share(sections: list[_Section], floors: dict[str, int], room: int) -> dict[str, int]:
    """Characters for each section: all it wants if that fits, else its floor and, late ones first, the rest.

    What comes late (the state, the problems) is what the decision hangs on most.
    """
    wanted = {section.name: section.length for section in sections}
    if sum(wanted.values()) <= room:
        return wanted
    rooms = {name: min(length, floors[name]) for name, length in wanted.items()}
    spare = room - sum(rooms.values())
    for name in reversed(wanted):
        extra = min(wanted[name] - rooms[name], spare)
        rooms[name] += extra
        spare -= extra
    return rooms


def _sections(observation: Observation, style: Style, size: _Size) -> tuple[list[_Section], list[_Section]]:
    """What stands before the query, and what after it."""
    full = style == "full"
    before = [
        _task(observation, size),
        _tools(observation.tools, full, size),
        _backbones(observation.backbones, style),
        _limits(observation, full),
    ]
    after: list[_Section] = []
    if observation.template is not None:
        after += _template(observation.template, full, size)
    if observation.assignment is not None:
        pairs = [_pair(role, name) for role, name in observation.assignment.backbones.items()]
        after.append(_Section("assignment", 'Assignment: {"backbones":{', pairs, ",", "}}"))
    if observation.execution is not None:
        after += _execution(observation.execution, full, size)
    if observation.problems:
        title = f"Your last answer was invalid; {observation.invalid_left} more may be. Its faults:\n"
        items = [f"- {_clip(problem, size.problem)}" for problem in observation.problems]
        after.append(_Section("problems", title if full else "Your last answer was invalid:\n", items))
    after.append(_example(observation))
    return before, after


def _task(observation: Observation, size: _Size) -> _Section:
    items = [f"{observation.task}. {_clip(observation.description, size.description)}".rstrip()]
    items.append(f"Final answer: {_clip(observation.answer_format, size.answer_format)}")
    return _Section("task", "Task: ", items)


def _tools(tools: tuple[ToolSpec, ...], full: bool, size: _Size) -> _Section:
    if not tools:
        return _Section("tools", "Tools: ", ["none"])
    if not full:
        return _Section("tools", "Tools: ", [tool.name for tool in tools], ", ")
    items = []
    for tool in tools:
        properties = tool.parameters.get("properties")
        arguments = ", ".join(map(str, properties)) if isinstance(properties, dict) else ""
        items.append(f"- {tool.name}({_clip(arguments, 80)}): {_clip(tool.description, size.tool)}")
    return _Section("tools", "Tools:\n", items)


@lru_cache(maxsize=32)
def _backbones(backbones: tuple[BackboneView, ...], style: Style) -> _Section:
    if style == "compact":
        items = [f"{b.name} {_dollars(b.input_price)}/{_dollars(b.output_price)}" for b in backbones]
        return _Section("backbones", "Backbones, $ per million tokens in/out: ", items, ", ")
    items = [
        f"- {b.name}: {_dollars(b.input_price)}/{_dollars(b.output_price)}, {b.context // 1000}k. "
        f"{_clip(b.description, _SIZES[style].backbone)}"
        for b in backbones
    ]
    return _Section("backbones", "Backbones, with $ per million tokens in/out and context:\n", items)


def _limits(observation: Observation, full: bool) -> _Section:
    limits, reference = observation.limits, max(observation.reference_cost, 1)
    budget = f"{observation.budget / reference:.3g}"
    calls = f"{observation.max_tool_steps} tool calls a turn, " if observation.tools else ""
    if full:
        items = [
            f"Limits: {limits.max_roles} roles, {limits.max_copies} copies, {limits.max_rounds} rounds, "
            f"{limits.max_revisions} revisions, {limits.max_turns} turns in all, {calls}"
            f"{limits.max_prompt_chars} characters a prompt.",
            f"Budget: {budget} times the cost of one plain call (${reference / 1e9:.2g}).",
        ]
        if observation.execution is not None:
            spent = f"{observation.execution.spent / reference:.3g}"
            items.append(f"Spent: {spent} times. Rectifications left: {observation.rectifications_left}.")
    elif observation.execution is not None:
        spent = f"{observation.execution.spent / reference:.3g}"
        left = observation.rectifications_left
        items = [f"Budget: {budget} plain calls; spent: {spent}; rectifications left: {left}"]
    else:
        items = [
            f"Limits: {limits.max_roles} roles, {limits.max_copies} copies, {limits.max_rounds} rounds, "
            f"{calls}{limits.max_turns} turns. Budget: {budget} plain calls"
        ]
    return _Section("limits", "", items)


def _template(template: Template, full: bool, size: _Size) -> list[_Section]:
    clip = max(60, size.prompts // max(len(template.roles), 1)) if size.prompts else 0
    roles = [_role(role, clip) for role in template.roles]
    channels = [_json(channel) for channel in template.channels]
    output = _json(template.output)
    if full:
        return [
            _Section("roles", "Template, roles:\n", roles),
            _Section("channels", f"Template, output {output}, channels:\n", channels or ["none"]),
        ]
    return [
        _Section("roles", "Roles: ", roles, ","),
        _Section("channels", f"Output {output}. Channels: ", channels or ["none"], ","),
    ]


def _role(role: Role, clip: int) -> str:
    if len(role.prompt) > clip:
        role = msgspec.structs.replace(role, prompt=_clip(role.prompt, clip))
    return _json(role)


def _execution(execution: ExecutionView, full: bool, size: _Size) -> list[_Section]:
    failures = [
        f"- {failure.turn} on {failure.backbone or 'no backbone'}: {failure.kind}: "
        f"{_clip(failure.message, size.message)}"
        for failure in execution.failures
    ]
    reason = " and ".join(execution.trigger)
    state = f"step {execution.step}, stopped by {reason}" if full else f"stopped by {reason}"
    sections = [_Section("turns", f"State ({state}):\n", _turns(execution.turns, full, size))]
    if failures:
        title = "Operations that just failed:\n" if full else "Failed:\n"
        sections.insert(0, _Section("failures", title, failures))
    return sections


def _turns(turns: Iterable[TurnView], full: bool, size: _Size) -> list[str]:
    """Failed and finished turns one by one; those that wait or are skipped by name."""
    by_status: dict[str, list[TurnView]] = {"failed": [], "done": [], "waiting": [], "skipped": []}
    for turn in turns:
        by_status[turn.status].append(turn)
    lines = []
    if full:
        lines += [f"failed {turn.turn}" for turn in by_status["failed"]]
    for turn in by_status["done"]:
        answer = "no answer" if turn.answer is None else _clip(turn.answer, size.answer)
        excerpt = f" | {_clip(turn.excerpt, size.excerpt)}" if size.excerpt and turn.excerpt else ""
        lines.append(f"done {turn.turn}: {answer}{excerpt}")
    for status in ("waiting", "skipped"):
        if by_status[status]:
            lines.append(f"{status} {', '.join(turn.turn for turn in by_status[status])}")
    return lines or ["no turn has run"]


def _example(observation: Observation) -> _Section:
    """A decision of the right form; where it fits in whole, one that is valid here and now."""
    if observation.stage == "implement":
        names = [b.name for b in observation.backbones] or ["backbone"]
        roles = (
            [r.name for r in observation.template.roles if r.kind != "vote"] if observation.template else []
        )
        pairs = [_pair(role, names[i % len(names)]) for i, role in enumerate(roles)]
        return _Section("example", 'Example: {"backbones":{', pairs, ",", "}}")
    if observation.stage == "rectify":
        failures = observation.execution.failures if observation.execution else ()
        edits = [_json(Retry(failure.turn)) for failure in failures[:1]]
        return _Section("example", 'Example: {"edits":[', edits, ",", "]}")
    tools = f',"tools":[{_json(observation.tools[0].name)}]' if observation.tools else ""
    if observation.limits.max_roles < 2 or observation.limits.max_copies < 3:
        text = f'{{"roles":[{{"name":"solver","prompt":"Think first."{tools}}}],"output":"solver"}}'
    else:
        text = (
            f'{{"roles":[{{"name":"solver","prompt":"Think first."{tools},"copies":3}},'
            '{"name":"pool","kind":"vote"}],'
            '"channels":[{"type":"vote","sources":["solver"],"target":"pool"}],"output":"pool"}'
        )
    return _Section("example", "Example: ", [text])


def _pair(key: str, value: str) -> str:
    return f"{_json(key)}:{_json(value)}"


def _dollars(nano_per_token: int) -> str:
    return f"{nano_per_token / 1000:g}"


def _clip(text: str, size: int) -> str:
    """The text on one line, in at most `size` characters."""
    line = " ".join(text[: size + 1].split())
    if len(text) <= size:
        return line
    return line[: size - 1] + "…" if size else ""
