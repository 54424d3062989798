"""Operations: what an execution asks the world to do, and what the world may answer.

A turn is one role's (one copy's, one round's) contribution. It is a chain of operations: a model call and,
where the model asks for tools, tool calls and further model calls.

Records of what happened, here and in the trace, are left out of cyclic garbage collection (`gc=False`): none
leads back to itself, and there are so many that walking over them is what the collector would mostly do.
"""

from typing import Literal, TypeAlias, final

from msgspec import Struct
from msgspec.structs import replace

from mas2_env.system.model import RoleKind
from mas2_env.task import Item, ToolUse, Work

Purpose: TypeAlias = Literal["draft", "debate", "review", "revise", "rank", "route"]
Relation: TypeAlias = Literal["input", "own", "peer", "review", "candidate"]


class Message(Struct, frozen=True, gc=False):
    """A text that a role is given.

    Attributes:
        sender: the turn it comes from.
        relation: `input` over a send; `own` the role's last answer and `peer` another's, in a debate or a
            revision; `review` a reviewer's comments; `candidate` what is to be reviewed or ranked.
        text: the reply, whole.
        answer: the answer found in it, if any.
        digest: 8 bytes of BLAKE2b of the text.
    """

    sender: str
    relation: Relation
    text: str
    answer: str | None
    digest: bytes


class Turn(Struct, frozen=True, gc=False):
    """Who speaks, and what for: the part of a model call that is fixed when the template is compiled.

    Attributes:
        id: `role#copy@round`.
        role: name of the role.
        kind: its kind.
        prompt: its instruction.
        tools: names of the tools granted to it.
        copy: which of its copies, from 0.
        round: 0 for first answers, then the round of the debate or revision.
        purpose: what is asked for.
        options: names to choose from (targets of a route, participants to rank).
    """

    id: str
    role: str
    kind: RoleKind
    prompt: str
    tools: tuple[str, ...]
    copy: int
    round: int
    purpose: Purpose
    options: tuple[str, ...] = ()


class ToolStep(Struct, frozen=True, gc=False):
    """A finished step of a tool loop: what the model asked for, and what it was shown."""

    use: ToolUse
    output: str


@final
class ModelCall(Struct, frozen=True, eq=False, gc=False):
    """One call of a backbone.

    Attributes:
        id: unique within the episode's present system: `turn/step`, and `~n` for the n-th retry.
        item: the problem; a real backend uses its `query` alone.
        turn: who speaks and what for.
        backbone: name of the model in the pool.
        messages: what the role is given, in canonical order.
        history: the tool loop so far.
        attempt: 0, or the number of the retry.
        key: 32 bytes of BLAKE2b over all that may influence the result (the episode's seed, the item, the
            role's content, its backbone, its inputs, the attempt): the source of every keyed draw, and the
            identity under which the result is kept.
    """

    id: str
    item: Item
    turn: Turn
    backbone: str
    messages: tuple[Message, ...]
    history: tuple[ToolStep, ...]
    attempt: int
    key: bytes


@final
class ToolCall(Struct, frozen=True, eq=False, gc=False):
    """One call of a tool by a role; `key` as for a model call. `k` tells apart those asked for together."""

    id: str
    item: Item
    turn: Turn
    use: ToolUse
    attempt: int
    key: bytes
    k: int


@final
class ScoreCall(Struct, frozen=True, eq=False, gc=False):
    """The scoring of the final answer: it may have to run a program, so it too is performed outside."""

    id: str
    item: Item
    answer: str | None
    work: Work = Work()


@final
class Reply(Struct, frozen=True, gc=False):
    """A model's reply.

    Attributes:
        text: what it wrote.
        tool_uses: tools it asks for; empty ends the turn.
        prompt_tokens: as counted by whoever bills them.
        completion_tokens: likewise, hidden reasoning included.
        stop: why it ended, where a server said so and it was not the usual end: `length`.
        logprobs: of its tokens, natural logarithms, where a server was asked and offers them.
        reasoning_tokens: those of the completion that are hidden reasoning, where a server counts them.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    tool_uses: tuple[ToolUse, ...] = ()
    stop: str = ""
    logprobs: tuple[float, ...] = ()
    reasoning_tokens: int = 0


@final
class ToolOutput(Struct, frozen=True, gc=False):
    """What a tool call gave; an error that the role may see is an output too."""

    text: str


FailureKind: TypeAlias = Literal["unavailable", "timeout", "malformed", "refused", "overflow", "tool"]


@final
class Failure(Struct, frozen=True, gc=False):
    """An operation that failed, O(s_t) = failure: the system's own trouble, which a Rectifier may mend.

    Tokens that were billed all the same are charged. Infrastructure that is down beyond its retries is not a
    failure but a `Breakdown`.
    """

    kind: FailureKind
    message: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0


Operation: TypeAlias = ModelCall | ToolCall | ScoreCall
Result: TypeAlias = Reply | ToolOutput | Failure


def clean(result: Result) -> Result:
    """The result with every lone surrogate replaced by U+FFFD: models write them, and UTF-8 has none."""
    if isinstance(result, Reply):
        if result.text.isascii() and not result.tool_uses:
            return result
        uses = tuple([ToolUse(_utf8(use.name), _utf8(use.arguments)) for use in result.tool_uses])
        return replace(result, text=_utf8(result.text), tool_uses=uses)
    if isinstance(result, Failure):
        return replace(result, message=_utf8(result.message))
    return ToolOutput(_utf8(result.text))


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
