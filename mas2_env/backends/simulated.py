"""The simulated backend: a pool of LLM agents without any LLM, at some microseconds a call.

What an agent does is described in `mas2_env.backends.behaviour`; this module prices it in tokens, lets
providers fail now and then, and keeps what can be worked out once.
"""

import hashlib
from collections.abc import Hashable, Sequence
from math import exp, log
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from mas2_env.abilities import Ability, Latency
from mas2_env.backends import laws
from mas2_env.backends.base import Backend
from mas2_env.backends.behaviour import Behaviour
from mas2_env.backends.calibrated import load_over_shipped
from mas2_env.backends.draws import UNIT, bits_of, more_bits, normal
from mas2_env.backends.minds import LENGTH, TROUBLE, Case, Mind, Scene, Style
from mas2_env.backends.parameters import TaskTable, level, load_parameters
from mas2_env.errors import PoolError
from mas2_env.execution.operation import Failure, ModelCall, Reply, Turn
from mas2_env.pool import Backbone, Pool, did_you_mean
from mas2_env.reward import count_tokens
from mas2_env.task import Item, Task

_SCENES: Final = 512
_STYLES: Final = 4096

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Profile:
    """One backbone at one benchmark.

    Attributes:
        closed, opened: level without and with all the evidence.
        length: log of the completion tokens of a usual reply.
        sigma: standard deviation of that log.
        malformed: up to which uniform number a call is in trouble of any kind.
        context: tokens.
    """

    __slots__ = ("closed", "context", "length", "malformed", "opened", "sigma")

    def __init__(
        self, task: str, table: TaskTable, backbone: Ability, context: int, other_troubles: float
    ) -> None:
        unread = table.closed
        closed: float = getattr(backbone, unread) if isinstance(unread, str) else unread
        self.closed = level(closed, table.offset)
        self.opened = level(getattr(backbone, table.family), table.offset)
        measured = backbone.tasks.get(task.lower())
        if measured is not None:
            self.opened += level(measured) - self.closed
            self.closed = level(measured)
        self.length = log(table.tokens) + backbone.verbosity
        self.sigma = table.sigma
        self.malformed = other_troubles + backbone.malformed * table.malformed
        self.context = context


class Simulated(Backend):
    """Simulated LLMs of a pool.

    A reply is a pure function of the call's key, its item and its backbone: the same in any process, order
    and batch. A backbone of which neither the pool nor the parameters say what it is like gets its abilities
    from its price.

    Args:
        pool: names, context windows and prices of the backbones.
        parameters: path of a TOML file whose tables replace or add to `data/simulator.toml`.
        calibration: path of a file that `mas2 simulator fit` wrote, whose tables replace or add to
            `data/calibration.toml`.

    Attributes:
        digest: SHA-256 of the parameters and of what the pool's backbones are like; runs record it, since
            results rest on them, and answers are kept under it.

    Raises:
        PoolError: if a file cannot be read, or is not of its kind.
    """

    def __init__(
        self, pool: Pool, parameters: str | Path | None = None, calibration: str | Path | None = None
    ) -> None:
        self.pool = pool
        self._paths = (parameters, calibration)
        self._parameters = load_parameters(parameters)
        self._calibration = load_over_shipped(calibration)
        backbones = {name: (it.context, self._known_as(it)) for name, it in pool.backbones.items()}
        self.digest = hashlib.sha256(
            msgspec.json.encode((self._parameters, self._calibration, backbones), order="sorted")
        ).hexdigest()
        self._behaviour = Behaviour(self._parameters, self._calibration)
        troubles = self._parameters.troubles
        self._unavailable = troubles.unavailable
        self._troubled = troubles.unavailable + troubles.timeout
        self._per_message = self._parameters.prompts.per_message
        self._wrong = log(self._parameters.tokens.wrong)
        self._step = log(self._parameters.tokens.step)
        self._scenes: dict[Item, Scene] = {}
        self._styles: dict[Turn, tuple[Style, float]] = {}
        self._profiles: dict[tuple[str, str], Profile] = {}
        self._latencies: dict[str, Latency] = {}

    def __reduce__(self) -> tuple[type["Simulated"], tuple[Pool, str | Path | None, str | Path | None]]:
        return (type(self), (self.pool, *self._paths))

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure]:
        """Answer every call, in order.

        Raises:
            PoolError: if a call's backbone is not in the pool.
        """
        return [self._answer(call) for call in calls]

    def seconds_of(self, call: ModelCall, answer: Reply | Failure) -> float:
        """How long the call would have taken, by `laws.seconds`: a pure function of its key and its tokens.

        No longer than the deadline of `[troubles]`: whatever came of it came in time, unless it timed out.
        Tools and the meta-agents' own calls are none of the backend's business and not timed.

        Raises:
            PoolError: if the call's backbone is not in the pool.
        """
        deadline = self._parameters.troubles.deadline
        if isinstance(answer, Failure) and answer.kind == "timeout":
            return deadline
        it = self._latencies.get(call.backbone)
        if it is None:
            own = self.pool.abilities.get(call.backbone)
            it = self._parameters.latency(self._backbone(call.backbone), self._calibration.latency, own)
            self._latencies[call.backbone] = it
        drawn = normal(more_bits(call.key, b"seconds")[0])
        return min(
            deadline, float(laws.seconds(answer.completion_tokens, it.fixed, it.per_token, it.spread, drawn))
        )

    def _answer(self, call: ModelCall) -> Reply | Failure:
        item, turn = call.item, call.turn
        scene = self._scenes.get(item) or self._scene(item)
        mind = scene.minds.get(call.backbone)
        profile = self._profile(call.backbone, item.task)
        if mind is None:
            mind = Mind(scene, call.backbone, profile.closed, profile.opened)
            scene.minds[call.backbone] = mind
        style, factor = self._styles.get(turn) or self._style(turn)
        prompt = scene.query_tokens + style.prompt_tokens
        for message in call.messages:
            prompt += self._per_message + ((len(message.text) + 3) >> 2)
        for step in call.history:
            prompt += self._per_message + ((len(step.use.arguments) + len(step.output) + 3) >> 2)
        bits = bits_of(call.key)
        if prompt > profile.context:
            return Failure(
                "overflow", f"the prompt of {prompt} tokens exceeds the context of {profile.context}"
            )
        trouble = bits[TROUBLE] * UNIT
        if trouble < profile.malformed:
            length = int(exp(profile.length + factor + profile.sigma * normal(bits[LENGTH]))) + 1
            failure = self._failure(trouble, profile, style, prompt, length)
            if failure is not None:
                return failure
        text, uses, wrong = self._behaviour.act(Case(call, bits, scene, mind, style, prompt))
        size = profile.length + factor + profile.sigma * normal(bits[LENGTH])
        if wrong:
            size += self._wrong
        written = len(text)
        if uses:
            size += self._step
            written += sum([len(use.arguments) for use in uses])
        return Reply(text, prompt, max(int(exp(size)), (written + 3) >> 2, 1), uses)

    def _failure(
        self, trouble: float, profile: Profile, style: Style, prompt: int, length: int
    ) -> Failure | None:
        if trouble < self._unavailable:
            return Failure("unavailable", "the provider is overloaded; try again")
        if trouble < self._troubled:
            return Failure("timeout", "no complete reply within the deadline", prompt, length)
        share = self._parameters.tools.malformed if style.tools else 1.0
        if style.answers and trouble < self._troubled + share * (profile.malformed - self._troubled):
            return Failure("malformed", "the reply holds no answer in the expected form", prompt, length)
        return None

    # What is worked out once, in tables of bounded size.

    def _scene(self, item: Item) -> Scene:
        table = self._parameters.task_table(item.task.benchmark)
        setting = self._calibration.task.get(table.like) or self._calibration.task["default"]
        known = (table.known, table.difficulty_sd)
        scene = Scene(
            item, setting, self._calibration.manner[setting.manner], known, count_tokens(item.query)
        )
        return _remember(self._scenes, item, scene, _SCENES)

    def _style(self, turn: Turn) -> tuple[Style, float]:
        style = Style(turn, self._parameters)
        return _remember(self._styles, turn, (style, log(style.factor)), _STYLES)

    def _profile(self, name: str, task: Task) -> Profile:
        known = self._profiles.get((name, task.benchmark))
        if known is not None:
            return known
        backbone = self._backbone(name)
        table = self._parameters.task_table(task.benchmark)
        profile = Profile(task.benchmark, table, self._known_as(backbone), backbone.context, self._troubled)
        self._profiles[name, task.benchmark] = profile
        return profile

    def _known_as(self, backbone: Backbone) -> Ability:
        name = backbone.name
        return self._parameters.backbone_table(
            backbone, self._calibration.model.get(name), self.pool.abilities.get(name)
        )

    def _backbone(self, name: str) -> Backbone:
        backbone = self.pool.backbones.get(name)
        if backbone is None:
            raise PoolError(
                f"pool {self.pool.name!r} has no backbone {name!r}{did_you_mean(name, self.pool.names)}"
            )
        return backbone


def _remember(known: dict[K, V], key: K, value: V, size: int) -> V:
    """Keep a value, and forget the oldest once there are `size`."""
    if len(known) >= size:
        del known[next(iter(known))]
    known[key] = value
    return value
