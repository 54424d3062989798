"""What simulated agents are made of: the item as all see it, the backbone at that item, the turn's style."""

import math
from typing import Final

from msgspec import Struct

from mas2_env.backends.calibrated import Manner, Setting, lineage
from mas2_env.backends.draws import Bits, bits_for, normal
from mas2_env.backends.parameters import Parameters
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
        table: how alike answers are at the benchmark, and which wrong ones are given.
        manner: what agents do with each other's answers there.
        right: form of the right answer.
        wrong: wrong answers, most popular first.
        evidence: whether texts are needed to answer.
        burden: what the item's difficulty takes from every standing.
        query_tokens: of the query.
        minds: by backbone.

    Raises:
        DataError: if the item offers no wrong answer.
    """

    __slots__ = (
        "_appeals",
        "_forms",
        "_kin",
        "_plain",
        "burden",
        "evidence",
        "item",
        "manner",
        "minds",
        "query_tokens",
        "right",
        "table",
        "task",
        "wrong",
    )

    def __init__(
        self, item: Item, table: Setting, manner: Manner, known: tuple[float, float], query_tokens: int
    ) -> None:
        truth = item.truth
        if not truth.distractors:
            raise DataError(
                f"item {item.id!r} of {item.task.name} has no distractors; simulated agents need at least "
                "one wrong answer in `Truth.distractors`"
            )
        said, spread = known
        rest = normal(bits_for(b"difficulty", item.task.name, item.id)[0])
        self.item = item
        self.task = item.task
        self.table = table
        self.manner = manner
        self.right = item.task.meaning(truth.answer)
        self.wrong = truth.distractors
        self.evidence = bool(truth.evidence)
        difficulty = math.sqrt(said) * truth.difficulty / spread + math.sqrt(1.0 - said) * rest
        self.burden = math.sqrt(table.difficulty) * difficulty
        self.query_tokens = query_tokens
        self.minds: dict[str, Mind] = {}
        self._forms: dict[str, str] = {}
        self._appeals: dict[str, float] = {}
        self._kin: dict[str, float] = {}
        self._plain: dict[str, str] = {}

    def form(self, answer: str) -> str:
        """What an answer means: equal for all wordings of it."""
        form = self._forms.get(answer)
        if form is None:
            if len(self._forms) >= _MAX_FORMS:
                self._forms.clear()
            form = self._forms[answer] = self.task.meaning(answer)
        return form

    def plain(self, answer: str) -> str:
        """The item's own wording of an answer; the answer as it is if it is none of the item's."""
        if not self._plain:
            truth = self.item.truth
            self._plain = {self.form(own): own for own in reversed((truth.answer, *truth.distractors))}
        return self._plain.get(self.form(answer), answer)

    def appeal(self, form: str) -> float:
        """How appealing an answer is, the same for all who hear it: a standard normal number."""
        found = self._appeals.get(form)
        if found is None:
            if len(self._appeals) >= _MAX_FORMS:
                self._appeals.clear()
            found = normal(bits_for(b"appeal", self.task.name, self.item.id, form)[0])
            self._appeals[form] = found
        return found

    def kin(self, family: str) -> float:
        """What models of a family share at this item: a standard normal number."""
        found = self._kin.get(family)
        if found is None:
            found = self._kin[family] = normal(bits_for(b"family", self.task.name, self.item.id, family)[0])
        return found


class Mind:
    """One backbone at one item.

    Attributes:
        base: standing without gains, evidence and the noise of a call.
        span: what all the evidence adds to it.
        own: index of the wrong answer that this backbone falls for.
    """

    __slots__ = ("base", "own", "span")

    def __init__(self, scene: Scene, backbone: str, closed: float, opened: float) -> None:
        bits = bits_for(b"affinity", scene.task.name, scene.item.id, backbone)
        start = closed if scene.evidence else opened
        table = scene.table
        liking = math.sqrt(table.family) * scene.kin(lineage(backbone))
        self.base = start - scene.burden + liking + math.sqrt(table.affinity) * normal(bits[0])
        self.span = opened - start
        self.own = bits[1] * len(scene.wrong) >> 32


class Style:
    """What follows from a turn alone.

    Attributes:
        answers: whether this kind of role answers the query itself.
        gain: what the wording of its prompt adds to the standing.
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
    """A model call as one agent faces it, with the call's eight numbers and the tokens of its prompt."""

    call: ModelCall
    bits: Bits
    scene: Scene
    mind: Mind
    style: Style
    prompt_tokens: int
