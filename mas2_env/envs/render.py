"""Drawings of an episode for `render`: text for a terminal, or the same picture as pixels."""

import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mas2_env.reward import Outcome
from mas2_env.system.model import (
    Assignment,
    Channel,
    Critique,
    Debate,
    Route,
    Send,
    Template,
    Vote,
)

RENDER_MODES: Final = ("ansi", "rgb_array", "human")
RENDER_FPS: Final = 1

WIDTH: Final = 100
"""Columns of the drawing in text."""

HEIGHT_PIXELS, WIDTH_PIXELS = 720, 960
"""Size of the drawing in pixels: always the same, so that frames make a video."""

_QUERY_LINES: Final = 6
_FONT_SIZE: Final = 14
_LINE: Final = 18
_MARGIN: Final = 16
_INK: Final = {"head": (20, 60, 120), "text": (30, 30, 30), "back": (252, 252, 250)}


class Frame(Struct, frozen=True):
    """What is drawn.

    Attributes:
        stage: of the episode.
        task, query: of the item.
        template, assignment: decided so far.
        statuses: of the turns, by id, where an execution has stopped.
        spent, budget: in nano-USD.
        problems: of the last action.
        outcome: of an episode that has ended.
    """

    stage: str
    task: str
    query: str
    template: Template | None
    assignment: Assignment | None
    statuses: Mapping[str, str]
    spent: int
    budget: int
    problems: tuple[str, ...]
    outcome: Outcome | None


def draw_frame(frame: Frame, mode: str) -> str | NDArray[np.uint8] | None:
    """A frame in a render mode: `ansi` gives text, `rgb_array` pixels, `human` prints and gives None."""
    text = frame_text(frame)
    if mode == "ansi":
        return text
    if mode == "rgb_array":
        return text_pixels(text)
    print(text, flush=True)
    return None


def frame_text(frame: Frame) -> str:
    """The drawing in plain characters, with a line end at its end."""
    lines = [f"── {frame.task} · {frame.stage} ".ljust(WIDTH, "─")]
    query = [line for part in frame.query.splitlines() for line in textwrap.wrap(part, WIDTH - 2) or [""]]
    lines += query[:_QUERY_LINES]
    if len(query) > _QUERY_LINES:
        lines.append(f"… {len(query) - _QUERY_LINES} more lines")
    if frame.template is not None:
        lines += ["", *_system(frame.template, frame)]
    lines += ["", f"spent {_dollars(frame.spent)} of {_dollars(frame.budget)}"]
    if frame.problems:
        lines += ["", "The last action was invalid:", *(f"  {p[: WIDTH - 2]}" for p in frame.problems[:6])]
    if frame.outcome is not None:
        lines += ["", *_outcome(frame.outcome)]
    return "\n".join(lines) + "\n"


def _system(template: Template, frame: Frame) -> list[str]:
    backbones = frame.assignment.backbones if frame.assignment is not None else {}
    lines = []
    for role in template.roles:
        copies = f" ×{role.copies}" if role.copies > 1 else ""
        states = Counter(status for turn, status in frame.statuses.items() if turn.split("#")[0] == role.name)
        parts = [
            f"{'▶' if role.name == template.output else '●'} {role.name}{copies}",
            role.kind,
            backbones.get(role.name, "" if role.kind == "vote" else "no backbone yet"),
            ", ".join(role.tools),
            ", ".join(f"{count} {state}" for state, count in states.items()),
        ]
        lines.append(" · ".join(part for part in parts if part))
    return lines + [f"  {describe(channel)}" for channel in template.channels]


def describe(channel: Channel) -> str:
    """A channel in one line."""
    match channel:
        case Send(source, target):
            return f"{source} → {target}"
        case Debate(roles=roles, rounds=rounds):
            return f"{' ⇄ '.join(roles)}: debate, {rounds} round(s)"
        case Critique(author, reviewer, revisions):
            return f"{author} ⇄ {reviewer}: critique, {revisions} revision(s)"
        case Vote(sources, target):
            return f"{', '.join(sources)} → {target}: vote"
        case Route(source, targets, choose):
            return f"{source} → {choose} of {', '.join(targets)}: route"


def _outcome(outcome: Outcome) -> list[str]:
    reward = "no reward" if outcome.reward is None else f"reward {outcome.reward:.3f}"
    answer = "none" if outcome.answer is None else " ".join(outcome.answer.split())[: WIDTH - 10]
    return [
        f"{outcome.kind} ({outcome.reason}): score {outcome.score:g}, "
        f"cost ratio {outcome.cost_ratio:.2f}, {reward}",
        f"answer: {answer}",
    ]


def _dollars(nano: int) -> str:
    return f"${nano / 1e9:.6f}"


def text_pixels(text: str) -> NDArray[np.uint8]:
    """Text as pixels: uint8 of shape (720, 960, 3). What does not fit is cut off."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (WIDTH_PIXELS, HEIGHT_PIXELS), _INK["back"])
    draw = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(_FONT_SIZE)
    for i, line in enumerate(text.splitlines()[: (HEIGHT_PIXELS - 2 * _MARGIN) // _LINE]):
        ink = _INK["head" if i == 0 else "text"]
        draw.text((_MARGIN, _MARGIN + i * _LINE), line.encode(errors="replace").decode(), fill=ink, font=font)
    return np.asarray(image, dtype=np.uint8).copy()
