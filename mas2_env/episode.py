"""One item from reset to end: generate → implement → run ⇄ rectify → done. No I/O inside.

A driver performs what `ready` asks for and hands the results to `deliver`; a policy answers what `observe`
shows through `decide`. Everything in between is plain data, so an episode can be forked at any decision,
pickled, and replayed bit for bit.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from functools import lru_cache
from typing import Literal, TypeAlias

from mas2_env.errors import Breakdown, InvalidDecision
from mas2_env.execution.drive import Ending
from mas2_env.execution.execution import Execution
from mas2_env.execution.intake import KINDS, own_assignment, shorten, take_decision, take_usage
from mas2_env.execution.latency import Clock, timed_lines
from mas2_env.execution.operation import Operation, ScoreCall
from mas2_env.execution.outcome import MetaTally, outcome_of
from mas2_env.execution.tally import Tally
from mas2_env.execution.trace import (
    Decided,
    Edited,
    Ended,
    Event,
    Forked,
    Rejected,
    Scored,
    Started,
    Triggered,
    lines,
)
from mas2_env.execution.view import view
from mas2_env.observation import BackboneView, Observation
from mas2_env.policy import Answer, Metered, Usage
from mas2_env.pool import Pool
from mas2_env.reward import Outcome, OutcomeKind, reference_cost
from mas2_env.settings import Settings
from mas2_env.system.edit import apply
from mas2_env.system.model import (
    Assignment,
    Rebuild,
    Rectification,
    Retry,
    Skip,
    System,
    Template,
)
from mas2_env.system.reader import read
from mas2_env.task import Item, Score

EpisodeStage: TypeAlias = Literal["generate", "implement", "run", "rectify", "done"]


class Episode:
    """One item, one pool, one seed.

    Args:
        item: the problem.
        pool: the backbones on offer.
        settings: the options.
        seed: the source of every draw; the same decisions under the same seed give the same episode.

    Attributes:
        stage: `generate`, `implement`, `rectify`: a decision is asked for; `run`: operations are to be
            performed; `done`.
        template: decided so far, edits included.
        assignment: likewise.
        outcome: how the episode ended, None until then.
        trace: all events so far.
    """

    __slots__ = (
        "_execution",
        "_meta",
        "_problems",
        "_score_call",
        "assignment",
        "item",
        "outcome",
        "pool",
        "reference_cost",
        "seed",
        "settings",
        "stage",
        "template",
        "trace",
    )

    def __init__(self, item: Item, pool: Pool, settings: Settings | None = None, seed: int = 0) -> None:
        self.item = item
        self.pool = pool
        self.settings = settings if settings is not None else Settings()
        self.seed = seed
        self.stage: EpisodeStage = "generate"
        self.template: Template | None = None
        self.assignment: Assignment | None = None
        self.outcome: Outcome | None = None
        self.reference_cost = reference_cost(item, pool)
        self._execution: Execution | None = None
        self._score_call: ScoreCall | None = None
        self._problems: tuple[str, ...] = ()
        self._meta = MetaTally()
        task = item.task
        self.trace: list[Event] = [
            Started(
                task.name,
                task.version,
                item.id,
                seed,
                pool.name,
                pool.digest,
                self.settings,
                self.reference_cost,
            )
        ]

    def __repr__(self) -> str:
        return f"Episode({self.item!r}, seed={self.seed}, stage={self.stage})"

    @property
    def system(self) -> System | None:
        """The present system, once there is one."""
        if self._execution is not None:
            return self._execution.system
        return None

    @property
    def budget(self) -> int:
        """θ_C in nano-USD."""
        return max(1, round(self.settings.budget * self.reference_cost))

    @property
    def spent(self) -> int:
        """Cost of the execution so far, in nano-USD."""
        return self._execution.tally.cost if self._execution is not None else 0

    # Decisions.

    def observe(self) -> Observation:
        """What the meta-agent of this stage may know.

        Raises:
            ValueError: if no decision is asked for.
        """
        if self.stage not in KINDS:
            raise ValueError(f"no decision is asked for: the stage is {self.stage!r}")
        task, settings, item = self.item.task, self.settings, self.item
        return Observation(
            stage=self.stage,  # type: ignore[arg-type]
            task=task.name,
            description=task.description,
            query=item.query,
            answer_format=task.answer_format,
            tools=task.tools,
            backbones=_views(self.pool),
            limits=settings.limits,
            budget=self.budget,
            reference_cost=self.reference_cost,
            template=self.template,
            assignment=own_assignment(self.assignment) if self.assignment is not None else None,
            execution=view(self._execution) if self._execution is not None else None,
            rectifications_left=settings.max_rectifications - self._meta.rectifications,
            problems=self._problems,
            invalid_left=settings.max_invalid - self._meta.invalid,
            max_tool_steps=settings.max_tool_steps,
        )

    def decide(self, answer: Answer, usage: Usage | None = None) -> None:
        """Carry out a decision of the present stage.

        Args:
            answer: the decision, or a text that holds it as JSON, read leniently.
            usage: tokens it took; a text without any is taken to have cost none.

        Raises:
            InvalidDecision: if it cannot be carried out. That is on record: the next observation names the
                problems, and after `max_invalid` forgiven ones the episode is done.
            ValueError: if no decision is asked for.
        """
        stage = self.stage
        if stage not in KINDS:
            raise ValueError(f"no decision is asked for: the stage is {stage!r}")
        if isinstance(answer, Metered):
            usage, answer = answer.usage, answer.decision
        usage, problems = take_usage(usage, self.pool)
        cost = self._meta.meter(usage, self.pool)
        repairs: tuple[str, ...] = ()
        try:
            if isinstance(answer, str):
                reading = read(answer, KINDS[stage])
                answer, repairs = reading.decision, reading.repairs
            decision = take_decision(
                answer, stage, self.item.task, self.pool, self.settings, self.template, self._execution
            )
            if problems:
                raise InvalidDecision(problems)
        except InvalidDecision as error:
            self._reject(error.problems, usage, cost)
            raise
        self._problems = ()
        self.trace.append(Decided(stage, decision, repairs, usage, cost))
        if type(decision) is Template:
            self.template = decision
            self.stage = "implement"
        elif type(decision) is Assignment:
            self._begin(decision)
        else:
            assert type(decision) is Rectification
            self._rectify(decision)

    def reject(self, problems: Sequence[str], usage: Usage | None = None) -> None:
        """Put an answer on record that is no decision at all, as `decide` does with an invalid one.

        For faces, whose actions may be unreadable before they could become a decision.

        Args:
            problems: what was wrong, one line for each fault.
            usage: tokens it took.

        Raises:
            ValueError: if no decision is asked for.
        """
        if self.stage not in KINDS:
            raise ValueError(f"no decision is asked for: the stage is {self.stage!r}")
        self._reject(tuple(problems), usage, self._meta.meter(usage, self.pool))

    def _reject(self, problems: tuple[str, ...], usage: Usage | None, cost: int) -> None:
        problems = shorten(problems)
        self._problems = problems
        self._meta.invalid += 1
        self.trace.append(Rejected(self.stage, problems, usage, cost))
        if self._meta.invalid > self.settings.max_invalid:
            self._end("failure", "invalid decisions", Score(False, 0.0), None)

    def _begin(self, assignment: Assignment) -> None:
        assert self.template is not None
        self.assignment = assignment
        self._execution = Execution(
            self.item,
            System(self.template, assignment),
            self.pool,
            self.seed,
            self.budget,
            self.settings.max_tool_steps,
            self.trace,
        )
        self._go_on()

    def _rectify(self, rectification: Rectification) -> None:
        execution = self._execution
        assert execution is not None
        edits = rectification.edits
        self._meta.rectifications += 1
        if edits:
            self._meta.edits += len(edits)
            system = apply(execution.system, edits)
            self.trace.append(Edited(execution.step, edits))
            self.template, self.assignment = system.template, system.assignment
            try:
                execution.resume(
                    system,
                    [edit.turn for edit in edits if type(edit) is Retry],
                    [edit.turn for edit in edits if type(edit) is Skip],
                    any(type(edit) is Rebuild for edit in edits),
                )
            except Breakdown as breakdown:
                self._end("void", str(breakdown), None, None)
                return
        else:
            execution.proceed()
        self._go_on()

    # Operations.

    def ready(self) -> tuple[Operation, ...]:
        """Operations to perform now; empty unless the stage is `run`."""
        if self.stage != "run":
            return ()
        if self._score_call is not None:
            return (self._score_call,)
        assert self._execution is not None
        return self._execution.ready()

    def deliver(self, operation: Operation, result: Ending) -> None:
        """Say how an operation ended.

        Args:
            operation: one of those that `ready` gave.
            result: a `Reply` (model call), `ToolOutput` (tool call) or `Score` (scoring); a `Failure` of the
                operation; a `Breakdown` of infrastructure, which ends the episode `void`.

        Raises:
            ValueError: if the operation was not ready, has its result already, or cannot end so.
        """
        if self.stage != "run":
            raise ValueError(f"no operation is ready: the stage is {self.stage!r}")
        if isinstance(result, Breakdown):
            self.abandon(result)
        elif type(operation) is ScoreCall:
            self._deliver_score(result)
        else:
            execution = self._execution
            assert execution is not None
            try:
                last = execution.deliver(operation, result)
            except Breakdown as breakdown:
                self._end("void", str(breakdown), None, None)
                return
            if last:
                self._go_on()

    def _deliver_score(self, score: object) -> None:
        if self._score_call is None:
            raise ValueError("the scoring of this episode is not ready")
        if not isinstance(score, Score):
            raise ValueError(f"the scoring of this episode ends in a Score, not in {type(score).__name__}")
        answer = self._score_call.answer
        self.trace.append(Scored(answer, score))
        kind: OutcomeKind = "success" if score.success else "failure"
        self._end(kind, "answered" if answer is not None else "no answer", score, answer)

    def abandon(self, breakdown: Breakdown) -> None:
        """End the episode void, whatever its stage: infrastructure failed. What was performed has its price.

        Raises:
            ValueError: if it is done.
        """
        if self.stage == "done":
            raise ValueError("the episode is done")
        if self._execution is not None:
            self._execution.abandon()
        self._end("void", str(breakdown) or "infrastructure failed", None, None)

    def _go_on(self) -> None:
        """Choose the stage after a decision or a step."""
        execution = self._execution
        assert execution is not None
        self.stage = "run"
        trigger = execution.trigger
        if trigger is not None:
            self.trace.append(
                Triggered(execution.step, trigger.reasons, trigger.failed, execution.tally.cost)
            )
            if self.settings.rectifier and self._meta.rectifications < self.settings.max_rectifications:
                self.stage = "rectify"
                return
            execution.proceed()
        if execution.finished:
            self._score_call = ScoreCall("score", self.item, execution.answer(), execution.work())

    # The end.

    def _end(self, kind: OutcomeKind, reason: str, score: Score | None, answer: str | None) -> None:
        tally = self._execution.tally if self._execution is not None else Tally()
        self.outcome = outcome_of(
            kind, reason, score, answer, tally, self._meta, self.reference_cost, self.settings
        )
        self.trace.append(Ended(self.outcome))
        self.stage = "done"

    def trace_lines(self, seconds: Clock | None = None) -> Iterator[bytes]:
        """The trace as JSON lines, without line ends; the first names the version of the format.

        Args:
            seconds: how long model calls took, if that is to stand in it: `Backend.seconds_of`.
        """
        return lines(self.trace) if seconds is None else timed_lines(self.trace, seconds)

    def fork(self, seed: int | None = None) -> "Episode":
        """A copy with the same past. The same decisions give it the same future, unless it is re-seeded.

        Args:
            seed: for all later draws; None keeps the present one.
        """
        twin: Episode = Episode.__new__(Episode)
        for name in Episode.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.trace = self.trace.copy()
        twin._meta = copy(self._meta)
        if seed is not None:
            twin.seed = seed
            twin.trace.append(Forked(seed))
        if self._execution is not None:
            twin._execution = self._execution.fork(twin.trace, seed)
        return twin


@lru_cache(maxsize=16)
def _views(pool: Pool) -> tuple[BackboneView, ...]:
    return tuple(
        BackboneView(b.name, b.description, b.input_price, b.output_price, b.context)
        for b in pool.backbones.values()
    )
