"""Simulated agents in the place of recorded ones: the same level, lengths and lacks, at the same recording.

A recorded model is not a backbone of any pool: its accuracy is that of one prompt at the items of one
recording. To hold simulated structures against recorded ones, a simulated backbone gets just that: the level,
the shares of variance, the wrong answers and the lengths that were fitted to its first replies there. What
several agents make of each other's answers is the simulator's own.
"""

from collections.abc import Mapping
from math import exp
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from mas2_env.abilities import Ability
from mas2_env.backends import laws
from mas2_env.backends.behaviour import Behaviour
from mas2_env.backends.calibrated import Calibration, Setting
from mas2_env.backends.draws import UNIT, bits_for, more_bits
from mas2_env.backends.minds import Scene
from mas2_env.backends.parameters import TaskTable, Troubles
from mas2_env.backends.replay import UNASKED
from mas2_env.backends.simulated import Simulated
from mas2_env.backends.transcripts import Transcripts, bare, right_answers
from mas2_env.execution.operation import Failure, Message, ModelCall, Reply
from mas2_env.pool import Pool
from mas2_env.reward import count_tokens
from mas2_env.task import Item

UNSAID: Final = (
    "no answer found at all",
    "no choice letter, often 'outside my expertise'",
    "no code block",
    "no boxed answer or choice letter",
)
"""Lacks that leave a reply without an answer."""

SILENT: Final = "I cannot tell."
SILENT_CODE: Final = f"Answer: {SILENT}"
"""Where codes were recorded, a reply without one is an answer as it stands, and a wrong one."""

_NEAREST: Final = 1e-4
_SCENES: Final = 512


class Standing(Struct, frozen=True):
    """What one model was like at one recording.

    Attributes:
        level: probit of its accuracy among replies with an answer.
        tokens: mean and standard deviation of the log length of its replies.
        silent: share of replies without an answer, in first replies and, where it was fitted, by later round.
    """

    level: float
    tokens: tuple[float, float]
    silent: tuple[float, ...] = (0.0,)

    def silent_in(self, round: int) -> float:
        """The share in a round: that of the last one known."""
        return self.silent[min(round, len(self.silent) - 1)]


class Fewer(Struct, frozen=True):
    """That only some participants of a debate are asked from some round on; who they are is drawn by lot.

    Attributes:
        first: that round.
        kept: how many are asked.
        size: of how many.
        alone: whether they then hear none but each other.
    """

    first: int
    kept: int
    size: int
    alone: bool = False

    def asked(self, item: str) -> list[int]:
        """Their numbers, at an item."""
        lot = bits_for(b"goes on", item)[: self.size]
        return sorted(range(len(lot)), key=lot.__getitem__)[: self.kept]


def standing_of(setting: Setting, model: str, otherwise: Standing) -> Standing:
    """A model's fitted standing in a setting: the mean over its roles or prompts where these were fitted.

    Args:
        setting: of the recording.
        model: its name there.
        otherwise: what was observed; it takes the place of what was not fitted.
    """
    levels = _of(setting.level, model)
    tokens = [found for name, found in setting.tokens.items() if _names(name, model, first=True)]
    silent = [_silent(setting, model, round) for round in range(1 + _last_round(setting.lacks, model))]
    level = otherwise.level
    if levels:
        level = laws.NORMAL.inv_cdf(sum(map(laws.NORMAL.cdf, levels)) / len(levels))
    if tokens:
        mean, spread = (sum(part) / len(tokens) for part in zip(*tokens, strict=True))
        return Standing(level, (mean, spread), tuple(silent))
    return Standing(level, otherwise.tokens, tuple(silent))


def _silent(setting: Setting, model: str, round: int) -> float:
    return sum(
        setting.lacks.get(f"{who}|{what}", 0.0)
        for who in (model, f"{model}|round={round}", "all", f"all|round={round}")
        for what in UNSAID
    )


def _last_round(lacks: Mapping[str, float], model: str) -> int:
    """The last round whose lacks were told apart; 0 where they were not."""
    said = [
        part.removeprefix("round=") for name in lacks if _names(name, model) for part in name.split("|")[1:2]
    ]
    return max((int(round) for round in said if round.isdigit()), default=0)


def _of(table: Mapping[str, float], model: str) -> list[float]:
    own = table.get(model)
    if own is not None:
        return [own]
    return [value for name, value in table.items() if _names(name, model)]


def _names(name: str, model: str, first: bool = False) -> bool:
    """Whether an entry is of a model; `first`: of its first replies, where rounds are told apart."""
    who, *said = name.split("|")
    return who == model and not (first and any(s.startswith("round=") and s != "round=0" for s in said))


class StandIn(Simulated):
    """One simulated backbone in the place of a recorded model.

    Args:
        pool: has the model's name.
        model: that name.
        benchmark: the recorded one.
        setting: how alike answers are there, and which wrong ones are given.
        standing: what the model was like there.
        calibration: manners and habits.
        fewer: who was asked in late rounds of a debate; None where the recorded system asked all.
    """

    def __init__(
        self,
        pool: Pool,
        model: str,
        benchmark: str,
        setting: Setting,
        standing: Standing,
        calibration: Calibration,
        fewer: Fewer | None = None,
    ) -> None:
        super().__init__(pool)
        difficulty, family, affinity = setting.shares(model)
        own = replace(setting, difficulty=difficulty, family=family, affinity=affinity)
        accuracy = min(1.0 - _NEAREST, max(_NEAREST, laws.NORMAL.cdf(standing.level)))
        table = TaskTable("reading", "reading", "recorded", 0.0, 1.0, 1, standing.tokens[1], 0.0)
        table = replace(table, tokens=max(1, round(exp(standing.tokens[0]))))
        backbone = Ability(accuracy, accuracy, accuracy, accuracy, malformed=0.0)
        self._parameters = replace(
            self._parameters,
            troubles=Troubles(0.0, 0.0),
            task={**self._parameters.task, benchmark.lower(): table},
            backbone={**self._parameters.backbone, model: backbone},
        )
        self._calibration = replace(calibration, task={**calibration.task, "recorded": own})
        self._behaviour = Behaviour(self._parameters, self._calibration)
        self._unavailable = self._troubled = 0.0
        self._standing = standing
        self._mute = SILENT_CODE if setting.manner == "code" else SILENT
        self._fewer = fewer

    def _answer(self, call: ModelCall) -> Reply | Failure:
        fewer = self._fewer
        if fewer is not None and call.turn.purpose == "debate" and call.turn.round >= fewer.first:
            asked = fewer.asked(call.item.id)
            if call.turn.copy not in asked:
                return Reply(UNASKED.text, 0, 0)
            if fewer.alone:
                call = replace(call, messages=_from(asked, call.messages))
        reply = super()._answer(call)
        silent = self._standing.silent_in(call.turn.round if call.turn.purpose == "debate" else 0)
        if silent and more_bits(call.key, b"silent")[0] * UNIT < silent:
            return replace(reply, text=self._mute) if isinstance(reply, Reply) else reply
        return reply

    def _scene(self, item: Item) -> Scene:
        table = self._calibration.task["recorded"]
        manner = self._calibration.manner[table.manner]
        if len(self._scenes) >= _SCENES:
            self._scenes.clear()
        scene = _RecordedScene(item, table, manner, (0.0, 1.0), count_tokens(item.query))
        self._scenes[item] = scene
        return scene


def _from(copies: list[int], messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Messages, of peers only those of these copies; a turn is called `role#copy@round`."""
    names = {f"#{copy}@" for copy in copies}
    return tuple(
        message
        for message in messages
        if message.relation != "peer" or any(name in message.sender for name in names)
    )


class _RecordedScene(Scene):
    """An item at which all answers that were recorded as right are one, and nobody runs out of wrong ones."""

    __slots__ = ("_right",)

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        more = self.table.choices - len(self.wrong)
        self.wrong = (*self.wrong, *(f"(wrong in another way: {i + 1})" for i in range(more)))
        gold = self.item.truth.gold
        self._right = right_answers(gold) if isinstance(gold, Transcripts) else frozenset()

    def form(self, answer: str) -> str:
        """Canonical form of an answer; that of the right one for whatever was recorded as right."""
        form = super().form(bare(answer))
        return self.right if form in self._right else form
