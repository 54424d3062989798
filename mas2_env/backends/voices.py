"""What simulated agents make of several answers and names: they count, choose, and tell whose a turn is."""

from collections.abc import Sequence
from typing import Final

from mas2_env.backends.minds import Scene
from mas2_env.execution.operation import Message

_SEEK: Final[tuple[str, ...]] = ("search", "research", "retriev", "read", "fact", "look")
_CODE: Final[tuple[str, ...]] = ("code", "program", "python", "develop", "engineer")
_THINK: Final[tuple[str, ...]] = ("math", "calc", "solve", "reason", "comput", "think")


def count(messages: Sequence[Message], scene: Scene, relation: str) -> tuple[dict[str, int], dict[str, str]]:
    """How many messages of a relation give each answer, and one wording of each, by what it means."""
    counts: dict[str, int] = {}
    texts: dict[str, str] = {}
    for message in messages:
        answer = message.answer
        if answer is not None and message.relation == relation:
            form = scene.form(answer)
            if form in counts:
                counts[form] += 1
            else:
                counts[form] = 1
                texts[form] = scene.plain(answer)
    return counts, texts


def commonest(counts: dict[str, int], bits: int) -> str:
    """The form with the highest count; ties are broken by a uniform integer."""
    if len(counts) == 1:
        return next(iter(counts))
    most = max(counts.values())
    tied = [form for form, count in counts.items() if count == most]
    return tied[bits * len(tied) >> 32]


def weighted(weights: dict[str, float], uniform: float) -> str:
    """A form with probability in proportion to its weight."""
    left = uniform * sum(weights.values())
    chosen = ""
    for chosen in weights:
        left -= weights[chosen]
        if left < 0.0:
            break
    return chosen


def named(sender: str, options: Sequence[str]) -> str | None:
    """The participant, `role` or `role#copy`, that a turn belongs to."""
    lane = sender.partition("@")[0]
    role = lane.partition("#")[0]
    return lane if lane in options else role if role in options else None


def suits(name: str, scene: Scene) -> bool:
    """Whether a target's name suits an item, as far as its query and tools tell."""
    if scene.evidence or any(tool.name == "search" for tool in scene.task.tools):
        wanted = _SEEK
    elif scene.item.query.lstrip().startswith(("def ", "from ", "import ")):
        wanted = _CODE
    else:
        wanted = _THINK
    return any(word in name for word in wanted)
