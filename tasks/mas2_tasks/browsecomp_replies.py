"""What simulated agents write: an explanation with cited documents, the exact answer, and a confidence."""

from typing import Any, Final

from mas2_env.task import Item
from mas2_tasks.procedural.browse import world_of
from mas2_tasks.procedural.browse_text import document
from mas2_tasks.procedural.browse_world import Closed

_OPENERS: Final = (
    "",
    "Going by the documents: ",
    "Here is what I found. ",
    "The clues were taken one by one. ",
    "Putting the sources together: ",
    "What the corpus says: ",
    "Several documents had to be combined. ",
    "The search led to this. ",
)
_JOINTS: Final = (" ", " Also, it is on record: ", " Then: ", " Besides: ")
_CLOSERS: Final = (
    "",
    " That fits the description.",
    " So this is what is asked for.",
    " Nothing else came up that fits.",
)
MOST_STEPS: Final = 3
LONGEST_STEP: Final = 240


def reply_of(item: Item, answer: str, draw: int) -> str:
    """A reply that gives an answer; all in it but the facts told is drawn without a look at what is right."""
    steps = _steps(item, answer, draw)
    told = _JOINTS[(draw >> 3) & 3].join(steps) or f"Everything points to {answer}."
    confidence = 52 + (draw >> 9) % 48
    return (
        f"Explanation: {_OPENERS[draw & 7]}{told}{_CLOSERS[(draw >> 5) & 3]}\n"
        f"Exact Answer: {answer}\nConfidence: {confidence}%"
    )


def _steps(item: Item, answer: str, draw: int) -> list[str]:
    truth = item.truth
    right = answer == truth.answer
    steps = [step for step in truth.steps if right or truth.answer not in step]
    begin = (draw >> 7) % max(1, len(steps) - MOST_STEPS + 1)
    chosen = [step[:LONGEST_STEP] for step in steps[begin : begin + MOST_STEPS]]
    made: Any = truth.gold.made
    if made is None:
        return chosen
    name, version, seed, index = item.task.name, item.task.version, item.task.seed, item.id.rpartition("/")[2]
    found = _lead(world_of(name, version, seed, int(index)), answer)
    return [*chosen[: MOST_STEPS - 1], found] if found else chosen


def _lead(world: Closed, answer: str) -> str:
    """What the documents first say of a thing of that name; empty where there is none."""
    thing = world.named(answer)
    if thing is None:
        return ""
    told = document(world, thing.place)
    return f"{told.steps[''].rstrip('.')} [{told.docid}]."
