"""What a meta-agent may know, as data. Nothing hidden, nothing timed, nothing random."""

from typing import Literal, TypeAlias

from msgspec import Struct

from mas2_env.system.model import Assignment, Limits, Template
from mas2_env.task import ToolSpec

Stage: TypeAlias = Literal["generate", "implement", "rectify"]
TurnStatus: TypeAlias = Literal["waiting", "done", "failed", "skipped"]


class BackboneView(Struct, frozen=True):
    """A backbone as it is offered: prices in nano-USD per token, context in tokens."""

    name: str
    description: str
    input_price: int
    output_price: int
    context: int


class FailureView(Struct, frozen=True):
    """A failed operation of the present state; `attempt` is the number of retries it has had."""

    turn: str
    role: str
    backbone: str | None
    kind: str
    message: str
    attempt: int = 0


class TurnView(Struct, frozen=True):
    """A turn of the present system and how far it is; `answer` and `excerpt` once it is done."""

    turn: str
    role: str
    status: TurnStatus
    answer: str | None = None
    excerpt: str = ""


class ExecutionView(Struct, frozen=True):
    """The state s_t at a trigger.

    Attributes:
        trigger: why it fired: `failure`, `budget`, or both.
        failures: every turn of the present system whose operation failed.
        turns: all turns in canonical order.
        spent: cost of the execution so far, nano-USD.
        step: number of steps performed.
    """

    trigger: tuple[str, ...]
    failures: tuple[FailureView, ...]
    turns: tuple[TurnView, ...]
    spent: int
    step: int


class Observation(Struct, frozen=True):
    """What the meta-agent of this stage may know.

    Attributes:
        stage: which decision is asked for.
        task: name of the benchmark.
        description: what it is about.
        query: the problem's text.
        answer_format: what a final answer must look like.
        tools: tools that roles may be granted.
        backbones: the pool.
        limits: bounds on the system's size.
        budget: θ_C in nano-USD.
        reference_cost: C_ref in nano-USD, the cost of a plain single call.
        template: the template, from `implement` on.
        assignment: the assignment, at `rectify`.
        execution: the state, at `rectify`.
        rectifications_left: decisions of the Rectifier that remain, this one included.
        problems: what was wrong with the last decision, if it was invalid.
        invalid_left: invalid decisions that are still forgiven.
        max_tool_steps: tool calls that one turn may make.
    """

    stage: Stage
    task: str
    description: str
    query: str
    answer_format: str
    tools: tuple[ToolSpec, ...]
    backbones: tuple[BackboneView, ...]
    limits: Limits
    budget: int
    reference_cost: int
    template: Template | None = None
    assignment: Assignment | None = None
    execution: ExecutionView | None = None
    rectifications_left: int = 0
    problems: tuple[str, ...] = ()
    invalid_left: int = 0
    max_tool_steps: int = 0
