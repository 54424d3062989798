"""Word problems of two to eight steps in the style of GSM8K: families of stories, each in many wordings."""

from collections.abc import Callable
from typing import TypeAlias

from mas2_tasks.procedural import stories_money as money
from mas2_tasks.procedural import stories_things as things
from mas2_tasks.procedural.arithmetic import Sketch, Step
from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.stories_told import surround, told

TOLD = 0.88
"""Share of the problems that are told as chains of events."""

Story: TypeAlias = Callable[[Draw, Sketch, Cast], None]

STORIES: tuple[Story, ...] = (
    money.shopping,
    money.wages,
    money.saving,
    money.event,
    money.plan,
    money.farm,
    things.baking,
    things.travel,
    things.collections,
    things.reading,
    things.school,
    things.orchard,
    things.tank,
    things.ages,
    things.works,
)


def problem(draw: Draw) -> tuple[str, tuple[Step, ...]]:
    """Text and solution of one word problem."""
    sketch, cast = Sketch(), Cast(draw)
    story = told if draw.random() < TOLD else draw.pick(STORIES)
    story(draw, sketch, cast)
    return " ".join(surround(draw, sketch.said, cast)), tuple(sketch.steps)
