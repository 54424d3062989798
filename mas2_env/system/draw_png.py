"""Systems as pixels, by Pillow, which is imported when something is drawn."""

import io
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mas2_env.system.model import System, Template
from mas2_env.system.scene import COLOURS, Box, Curve, Label, Point, Scene, Shape, build

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

Theme: TypeAlias = Literal["light", "dark"]

_FINE_PIXELS = 12_000_000
"""Lines are drawn two or three times finer and then reduced, since Pillow's have no soft edges: three times
unless that makes more pixels than this."""
_LEGIBLE = 4.0
"""Size in fine pixels below which text is left out."""
_ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def draw_png(
    system: System | Template,
    status: Mapping[str, str] | None = None,
    *,
    scale: float = 2.0,
    theme: Theme = "light",
) -> bytes:
    """The drawing as a PNG file, `scale` pixels to a unit of the SVG; `status` as for `draw_svg`."""
    out = io.BytesIO()
    _paint(build(system, status), scale, theme).save(out, "PNG")
    return out.getvalue()


def draw_array(
    system: System | Template,
    width: int,
    height: int,
    status: Mapping[str, str] | None = None,
    *,
    theme: Theme = "light",
) -> NDArray[np.uint8]:
    """The drawing, as large as it fits, in the middle of an array of shape (height, width, 3)."""
    from PIL import Image

    if width < 1 or height < 1:
        raise ValueError(f"given {width} by {height} pixels, expected at least 1 by 1")
    scene = build(system, status)
    scale = min(width / scene.width, height / scene.height, 3.0)
    image = _paint(scene, scale, theme)
    canvas = Image.new("RGB", (width, height), _colour("paper", theme))
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return np.asarray(canvas, dtype=np.uint8)


def _paint(scene: Scene, scale: float, theme: Theme) -> "Image":
    from PIL import Image, ImageDraw

    fine = scale * (3 if scene.width * scene.height * (3 * scale) ** 2 <= _FINE_PIXELS else 2)
    size = (max(1, round(scene.width * fine)), max(1, round(scene.height * fine)))
    image = Image.new("RGB", size, _colour("paper", theme))
    pen = ImageDraw.Draw(image)
    for mark in scene.marks:
        match mark:
            case Box():
                _box(pen, mark, fine, theme)
            case Curve():
                _line(pen, _bend(mark.points), mark.thickness, mark.dash, _colour(mark.colour, theme), fine)
            case Shape(points=points):
                pen.polygon([(x * fine, y * fine) for x, y in points], fill=_colour(mark.colour, theme))
            case Label():
                _text(pen, mark, fine, theme)
    final = (max(1, round(scene.width * scale)), max(1, round(scene.height * scale)))
    return image.resize(final, Image.Resampling.LANCZOS)


def _colour(use: str, theme: Theme) -> str:
    return COLOURS[use][theme == "dark"]


def _box(pen: Any, box: Box, fine: float, theme: Theme) -> None:
    corners = (box.x * fine, box.y * fine, (box.x + box.width) * fine, (box.y + box.height) * fine)
    fill = _colour(box.fill, theme)
    if box.dash is None:
        stroke = _colour(box.stroke, theme) if box.stroke else None
        pen.rounded_rectangle(corners, box.radius * fine, fill, stroke, max(1, round(box.thickness * fine)))
        return
    pen.rounded_rectangle(corners, box.radius * fine, fill)
    _line(pen, _outline(box), box.thickness, box.dash, _colour(box.stroke, theme), fine)


def _outline(box: Box) -> list[Point]:
    angles = np.linspace(0.0, np.pi / 2, 9)
    left, right = box.x + box.radius, box.x + box.width - box.radius
    top, bottom = box.y + box.radius, box.y + box.height - box.radius
    points: list[Point] = []
    for quarter, (x, y) in enumerate(((right, bottom), (left, bottom), (left, top), (right, top))):
        turn = angles + quarter * np.pi / 2
        points += [
            (x + box.radius * float(c), y + box.radius * float(s))
            for c, s in zip(np.cos(turn), np.sin(turn), strict=True)
        ]
    return [*points, points[0]]


def _bend(points: tuple[Point, ...]) -> list[Point]:
    """Points along the cubic curves that the SVG draws."""
    bent = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        for t in np.linspace(0.0, 1.0, 25)[1:].tolist():
            u = 1 - t
            a, b, c, d = u**3, 3 * u * u * t, 3 * u * t * t, t**3
            bent.append((a * x0 + (b + c) * middle + d * x1, (a + b) * y0 + (c + d) * y1))
    return bent


def _line(
    pen: Any,
    points: list[Point],
    thickness: float,
    dash: tuple[float, float] | None,
    colour: str,
    fine: float,
) -> None:
    width = max(1, round(thickness * fine))
    for piece in [points] if dash is None else _dashes(points, dash):
        pen.line([(x * fine, y * fine) for x, y in piece], fill=colour, width=width, joint="curve")


def _dashes(points: list[Point], dash: tuple[float, float]) -> list[list[Point]]:
    pieces: list[list[Point]] = []
    piece: list[Point] = [points[0]]
    drawn, left = True, dash[0]
    for (x0, y0), (x1, y1) in pairwise(points):
        length = float(np.hypot(x1 - x0, y1 - y0))
        gone = 0.0
        while length - gone > left:
            gone += left
            at = (x0 + (x1 - x0) * gone / length, y0 + (y1 - y0) * gone / length)
            if drawn:
                pieces.append([*piece, at])
            drawn = not drawn
            piece, left = [at], dash[0] if drawn else dash[1]
        left -= length - gone
        piece.append((x1, y1))
    if drawn and len(piece) > 1:
        pieces.append(piece)
    return pieces


def _text(pen: Any, label: Label, fine: float, theme: Theme) -> None:
    if label.size * fine < _LEGIBLE:
        return
    font = _font(round(label.size * fine, 1))
    at = (label.x * fine, label.y * fine)
    anchor = _ANCHORS[label.anchor]
    ink = _colour(label.colour, theme)
    # The font that Pillow brings has no × and one weight: a thin outline makes it bold.
    bold = max(1, round(0.22 * fine)) if label.bold else 0
    pen.text(at, label.text.replace("×", "x"), ink, font, anchor, stroke_width=bold, stroke_fill=ink)


@lru_cache(maxsize=64)
def _font(size: float) -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size)
