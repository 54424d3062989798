"""Drawings of systems and templates: terminal, Mermaid, SVG, PNG and array."""

from mas2_env.system.draw_mermaid import draw_mermaid
from mas2_env.system.draw_png import draw_array, draw_png
from mas2_env.system.draw_svg import draw_svg
from mas2_env.system.draw_text import draw_text

__all__ = ["draw_array", "draw_mermaid", "draw_png", "draw_svg", "draw_text"]
