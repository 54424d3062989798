"""Systems as self-contained SVG that follows the reader's light or dark scheme."""

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from mas2_env.system.model import System, Template
from mas2_env.system.scene import COLOURS, Box, Curve, Label, Mark, Shape, build


def draw_svg(system: System | Template, status: Mapping[str, str] | None = None) -> str:
    """An SVG element, to be written to a file or into an HTML page as it is.

    Args:
        system: a system, or a template for a drawing without backbones.
        status: `waiting`, `done`, `failed` or `skipped` by role, to show how far an execution is.
    """
    scene = build(system, status)
    template = system.template if isinstance(system, System) else system
    light = ";".join(f"--m2-{use}:{colours[0]}" for use, colours in COLOURS.items())
    dark = ";".join(f"--m2-{use}:{colours[1]}" for use, colours in COLOURS.items())
    names = escape(", ".join(role.name for role in template.roles))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="m2" '
        f'viewBox="0 0 {scene.width:.0f} {scene.height:.0f}" '
        f'width="{scene.width:.0f}" height="{scene.height:.0f}" role="img" '
        f'style="max-width:100%;height:auto" font-family="system-ui,-apple-system,Segoe UI,Roboto,Helvetica,'
        f'Arial,sans-serif"><title>Multi-agent system: {_clean(names)}</title>'
        f"<style>.m2{{{light}}}@media(prefers-color-scheme:dark){{.m2{{{dark}}}}}</style>"
    )
    paper = f'<rect width="100%" height="100%" rx="10" fill="{_colour("paper")}"/>'
    return head + paper + "".join(map(_mark, scene.marks)) + "</svg>"


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _colour(use: str) -> str:
    return f"var(--m2-{use})" if use else "none"


def _dash(dash: tuple[float, float] | None) -> str:
    return f' stroke-dasharray="{dash[0]} {dash[1]}"' if dash else ""


def _mark(mark: Mark) -> str:
    match mark:
        case Box():
            stroke = (
                f' stroke="{_colour(mark.stroke)}" stroke-width="{mark.thickness}"' if mark.stroke else ""
            )
            return (
                f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" '
                f'height="{mark.height:.1f}" rx="{mark.radius}" fill="{_colour(mark.fill)}"'
                f"{stroke}{_dash(mark.dash)}/>"
            )
        case Curve(points=points):
            path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
            for (x0, y0), (x1, y1) in pairwise(points):
                middle = (x0 + x1) / 2
                path += f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
            return (
                f'<path d="{path}" fill="none" stroke="{_colour(mark.colour)}" '
                f'stroke-width="{mark.thickness}"{_dash(mark.dash)}/>'
            )
        case Shape(points=points):
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            return f'<polygon points="{corners}" fill="{_colour(mark.colour)}"/>'
        case Label():
            weight = ' font-weight="600"' if mark.bold else ""
            return (
                f'<text x="{mark.x:.1f}" y="{mark.y:.1f}" font-size="{mark.size}" '
                f'text-anchor="{mark.anchor}" '
                f'dominant-baseline="central" fill="{_colour(mark.colour)}"{weight}>'
                f"{escape(mark.text)}</text>"
            )
