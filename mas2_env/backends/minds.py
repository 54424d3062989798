"""What simulated agents are made of: the item as all see it, the backbone at that item, the turn's style."""

from typing import Final

from msgspec import Struct

from mas2_env.backends.draws import Bits, bits_for, normal
from mas2_env.backends.parameters import Parameters, TaskTable
from mas2_env.errors import DataError
from mas2_env.execution.operation import ModelCall, Turn
from mas2_env.task import Item

TROUBLE, SOLVE, ERR, WHICH, LENGTH, WORDS, SOCIAL, TOOL = range(8)
"""What each of a call's eight numbers decides."""

_MUTE: Final = frozenset({"plan", "search", "critique"})
_CAREFUL: Final = ("step by step", "step-by-step", "chain of thought", "show your work", "reason carefully")
_BRIEF: Final = ("brief", "concise", "short answer", "answer only", "only the answer")
_MAX_FORMS: Final = 256


class Scene:
    """What is the same for all agents at one item.

    Attributes:
        item, task: the item and its benchmark.
        right: canonical form of the right answer.
        wrong: wrong answers, most popular first.
        evidence: whether texts are needed to answer.
        hardness: difficulty in logits, shared by all agents.
        query_tokens: of the query.
        minds: by backbone.

    Raises:
        DataError: if the item offers no wrong answer.
    """

    __slots__ = ("evidence", "forms", "hardness", "item", "minds", "query_tokens", "right", "task", "wrong")

    def __init__(self, item: Item, table: TaskTable, query_tokens: int) -> None:
        truth = item.truth
        if not truth.distractors:
            raise DataError(
                f"item {item.id!r} of {item.task.name} has no distractors; simulated agents need at least "
                "one wrong answer in `Truth.distractors`"
            )
        shared = bits_for(b"difficulty", item.task.name, item.id)
        self.item = item
        self.task = item.task
        self.right = item.task.canonical(truth.answer)
        self.wrong = truth.distractors
        self.evidence = bool(truth.evidence)
        self.hardness = table.difficulty * truth.difficulty + table.shared_sd * normal(shared[0])
        self.query_tokens = query_tokens
        self.minds: dict[str, Mind] = {}
        self.forms: dict[str, str] = {}

    def form(self, answer: str) -> str:
        """Canonical form of an answer."""
        form = self.forms.get(answer)
        if form is None:
            if len(self.forms) >= _MAX_FORMS:
                self.forms.clear()
            form = self.forms[answer] = self.task.canonical(answer)
        return form


class Mind:
    """One backbone at one item.

    Attributes:
        base: z without gains and without evidence.
        span: what all the evidence adds to z.
        own: index of the wrong answer that this backbone falls for.
        popular, either: shares of the popular wrong answer, and of that or its own.
    """

    __slots__ = ("base", "either", "own", "popular", "span")

    def __init__(self, scene: Scene, backbone: str, closed: float, opened: float, table: TaskTable) -> None:
        bits = bits_for(b"affinity", scene.task.name, scene.item.id, backbone)
        start = closed if scene.evidence else opened
        self.base = start - scene.hardness + table.affinity_sd * normal(bits[0])
        self.span = opened - start
        self.own = bits[1] * len(scene.wrong) >> 32
        self.popular = table.popular
        self.either = table.popular + (1.0 - table.popular) * table.own


class Style:
    """What follows from a turn alone.

    Attributes:
        answers: whether this kind of role answers the query itself.
        gain: what the wording of its prompt adds to z.
        factor: on the number of completion tokens.
        prompt_tokens: of instruction, tools and options.
        tools: names of the tools granted.
        trust: probability to take an answer among the inputs.
    """

    __slots__ = ("answers", "factor", "gain", "prompt_tokens", "tools", "trust")

    def __init__(self, turn: Turn, parameters: Parameters) -> None:
        prompts, tokens = parameters.prompts, parameters.tokens
        prompt = turn.prompt.lower()
        self.answers = turn.kind not in _MUTE
        self.gain = 0.0
        self.factor = tokens.kind[turn.kind] * tokens.purpose[turn.purpose]
        if any(cue in prompt for cue in _CAREFUL):
            self.gain += prompts.careful_gain
            self.factor *= prompts.careful_factor
        if any(cue in prompt for cue in _BRIEF):
            self.factor *= prompts.brief_factor
        self.prompt_tokens = prompts.overhead + (len(turn.prompt) + 3) // 4
        self.prompt_tokens += prompts.per_tool * len(turn.tools) + 4 * len(turn.options)
        self.tools = frozenset(turn.tools)
        self.trust = parameters.inputs.trust.get(turn.kind, 0.0)


class Case(Struct, gc=False):
    """A model call as one agent faces it, with the call's eight numbers."""

    call: ModelCall
    bits: Bits
    scene: Scene
    mind: Mind
    style: Style
