"""Drawings of an episode for `render`: text for a terminal, or pixels."""

import textwrap
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from mas2_env.reward import Outcome
from mas2_env.system.draw import draw_array, draw_text
from mas2_env.system.model import Assignment, System, Template

RENDER_MODES: Final = ("ansi", "rgb_array", "human")
RENDER_FPS: Final = 1

WIDTH: Final = 100
"""Columns of the drawing in text."""

HEIGHT_PIXELS, WIDTH_PIXELS = 720, 960
"""Size of the drawing in pixels: always the same, so that frames make a video."""

_QUERY_LINES: Final = 5
_PROBLEMS: Final = 4
_FONT_SIZE: Final = 15
_LINE: Final = 20
_MARGIN: Final = 14
_STEADY_LINES: Final = 3
"""Lines kept free below the query for what comes during an episode, so that the drawing does not jump."""
_INK: Final = {"head": (20, 60, 120), "text": (30, 30, 30), "back": (255, 255, 255)}
_WORST_FIRST: Final = ("failed", "waiting", "done", "skipped")


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

    @property
    def drawn(self) -> System | Template | None:
        """The system, or as much of it as has been decided."""
        if self.template is None or self.assignment is None:
            return self.template
        return System(self.template, self.assignment)

    @property
    def roles(self) -> dict[str, str]:
        """For each role with turns the status that asks for most attention."""
        found: dict[str, str] = {}
        for turn, status in self.statuses.items():
            role = turn.partition("#")[0]
            known = found.get(role, _WORST_FIRST[-1])
            found[role] = min(known, status, key=_WORST_FIRST.index)
        return found


def draw_frame(frame: Frame, mode: str) -> str | NDArray[np.uint8] | None:
    """A frame in a render mode: `ansi` gives text, `rgb_array` pixels, `human` prints and gives None."""
    if mode == "rgb_array":
        return frame_pixels(frame)
    text = frame_text(frame)
    if mode == "ansi":
        return text
    print(text, flush=True)
    return None


def frame_text(frame: Frame) -> str:
    """The drawing in characters, at most 100 columns wide, with a line end at its end."""
    head, *rest = _words(frame)
    drawing = (
        [] if frame.drawn is None else ["", *draw_text(frame.drawn, frame.roles, width=WIDTH).splitlines()]
    )
    return "\n".join([head, *rest, *drawing]) + "\n"


def _words(frame: Frame) -> list[str]:
    lines = [f"── {frame.task} · {frame.stage} ".ljust(WIDTH, "─"), *_query(frame)]
    lines += ["", f"spent {_dollars(frame.spent)} of {_dollars(frame.budget)}"]
    if frame.problems:
        lines.append("The last action was invalid:")
        lines += [line for problem in frame.problems[:_PROBLEMS] for line in _wrapped_problem(problem)]
    return lines + ([] if frame.outcome is None else _outcome(frame.outcome))


def _query(frame: Frame) -> list[str]:
    lines = [line for part in frame.query.splitlines() for line in textwrap.wrap(part, WIDTH - 2) or [""]]
    more = len(lines) - _QUERY_LINES
    return lines if more <= 0 else [*lines[:_QUERY_LINES], f"… {more} more lines"]


def _wrapped_problem(problem: str) -> list[str]:
    return textwrap.wrap(
        problem, WIDTH, max_lines=2, placeholder=" …", initial_indent="  ", subsequent_indent="    "
    )


def _outcome(outcome: Outcome) -> list[str]:
    reward = "no reward" if outcome.reward is None else f"reward {outcome.reward:.3f}"
    answer = "none" if outcome.answer is None else " ".join(outcome.answer.split())
    return [
        f"{outcome.kind} ({_cut(outcome.reason, 40)}): score {outcome.score:g}, "
        f"cost ratio {outcome.cost_ratio:.2f}, {reward}",
        f"answer: {_cut(answer, WIDTH - 8)}",
    ]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _dollars(nano: int) -> str:
    return f"${nano / 1e9:.6f}"


def frame_pixels(frame: Frame) -> NDArray[np.uint8]:
    """The drawing as pixels: uint8 of shape (720, 960, 3), words above and the system below."""
    words = _words(frame)
    lines = max(len(words), len(_query(frame)) + _STEADY_LINES + 2)
    above = _MARGIN + lines * _LINE
    pixels = np.empty((HEIGHT_PIXELS, WIDTH_PIXELS, 3), dtype=np.uint8)
    pixels[:above] = _text_pixels(words, above)
    if frame.drawn is None:
        pixels[above:] = _INK["back"]
    else:
        pixels[above:] = draw_array(frame.drawn, WIDTH_PIXELS, HEIGHT_PIXELS - above, frame.roles)
    return pixels


def _text_pixels(lines: list[str], height: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (WIDTH_PIXELS, height), _INK["back"])
    pen = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(_FONT_SIZE)
    for i, line in enumerate(lines):
        words = line.strip("─ ") if i == 0 else line
        ink = _INK["text" if i else "head"]
        pen.text((_MARGIN, _MARGIN + i * _LINE), words.encode(errors="replace").decode(), fill=ink, font=font)
    return np.asarray(image, dtype=np.uint8)
