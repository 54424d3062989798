"""Recorded transcripts as a backend: real answers, offline, for the structures that were recorded.

- Single calls, copies, votes: copy c of a role gives the first answer of the c-th recorded strand.
- Debates: copy c takes the part of the c-th participant, round by round. Where the recorded debate was over,
  all keep their last answers, at no cost. Who was not asked any more, since enough of the others agreed or
  since the system went on with fewer, has none.
- Critiques: the author goes through a recorded chain of attempts; the reviewer says what was said then,
  whether the attempt is right.
- A role that is given answers makes the recorded final choice among them.

A structure that was not recorded cannot be replayed, and is nobody's failure: its episode ends void, with a
message that says what is missing.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from mas2_env.backends.base import Backend
from mas2_env.backends.transcripts import Strands, Transcripts, Written, bare, right_answers
from mas2_env.backends.wording import WRONG
from mas2_env.errors import Breakdown, ProviderError
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.pool import Pool
from mas2_env.reward import count_tokens

APPROVE: Final = "Approve: the answer is right."
REVISE: Final = f"Revise: {WRONG}"
REVISE_AS_SAID: Final = f"{REVISE} A critic says where."
_FREE: Final = {"prompt_tokens": 0, "completion_tokens": 0}
UNASKED: Final = Written("(was not asked)", None, False, 0, 0)
"""Stands for a participant of a debate that was not asked, or not any more."""


class Replay(Backend):
    """Answers calls from the recordings of their item. No draw is made: each run gives the same results.

    Args:
        pool: prices; its backbones have the names of the recorded models.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure | Breakdown]:
        """Answer every call, in order; with a `Breakdown` where nothing was recorded."""
        return [_try(call) for call in calls]


def _try(call: ModelCall) -> Reply | Breakdown:
    try:
        return _answer(call)
    except Breakdown as breakdown:
        return breakdown


def transcripts_of(call: ModelCall) -> Transcripts:
    """The recordings of a call's item.

    Raises:
        ProviderError: if it has none.
    """
    found = call.item.truth.gold
    if isinstance(found, Transcripts):
        return found
    raise ProviderError(
        f"item {call.item.id!r} of {call.item.task.name} has no transcripts; the backend 'replay' needs the "
        "items of recordings: --tasks mas2_tasks.recorded:Recorded --data mas2_tasks.recorded:Recorded=FILE"
    )


def review(call: ModelCall, transcripts: Transcripts, critic: bool = False) -> Reply:
    """What a recorded environment says of an attempt: whether it is right, and that a critic said more."""
    judged = [message for message in call.messages if message.relation == "candidate"]
    rights = right_answers(transcripts)
    right = bool(judged) and all(m.answer is not None and bare(m.answer).strip() in rights for m in judged)
    text = APPROVE if right else REVISE_AS_SAID if critic else REVISE
    return Reply(text, sum(count_tokens(message.text) for message in judged), count_tokens(text))


def _answer(call: ModelCall) -> Reply:
    transcripts = transcripts_of(call)
    if call.turn.purpose == "review":
        return review(call, transcripts)
    strands = transcripts.models.get(call.backbone)
    if strands is None:
        raise ProviderError(
            f"nothing of {call.backbone!r} at item {call.item.id!r} is recorded, but of "
            f"{', '.join(transcripts.models)}"
        )
    try:
        written = _find(call, strands, transcripts.turn)
    except LookupError as error:
        where = f"{call.backbone} at item {call.item.id!r}, turn {call.turn.id}"
        raise ProviderError(f"{where}: not recorded: {error.args[0]}") from None
    return Reply(written.text, written.prompt_tokens, written.completion_tokens)


def _find(call: ModelCall, strands: Strands, first: int) -> Written:
    turn = call.turn
    if turn.purpose == "draft" and any(message.relation == "input" for message in call.messages):
        if strands.choice is None:
            raise LookupError("a choice among the answers of others")
        return strands.choice
    if len(strands.strands) <= turn.copy < strands.size:
        return UNASKED
    if turn.copy >= len(strands.strands):
        raise LookupError(f"copy {turn.copy}, there are {len(strands.strands)} strands of replies")
    strand = strands.strands[(first + turn.copy) % len(strands.strands)]
    if turn.purpose == "debate" and strands.kind == "debate":
        if len(strand) <= turn.round and len(strand) < strands.rounds:
            return UNASKED
        kept = [reply for reply in strand[: turn.round + 1] if reply is not None]
        return kept[-1] if turn.round < strands.rounds else replace(kept[-1], **_FREE)
    reply = None
    if turn.purpose == "draft" or (turn.purpose == "revise" and strands.kind == "retry"):
        reply = strand[turn.round] if turn.round < len(strand) else None
    if reply is None:
        raise LookupError(f"round {turn.round} of a {turn.purpose} among {strands.kind}")
    return reply


class Told(Backend):
    """Another backend whose reviewers know what a recorded environment said: whether the attempt is right.

    Chains of attempts were recorded with such a verdict after each, so whatever is compared with them has to
    be given it as well.

    Args:
        backend: answers all other calls.
        critic: whether a critic commented on wrong attempts.
    """

    def __init__(self, backend: Backend, critic: bool = False) -> None:
        self._backend = backend
        self._critic = critic

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure | Breakdown]:
        """Answer every call, in order."""
        others = iter(self._backend.complete([call for call in calls if call.turn.purpose != "review"]))
        return [
            review(call, transcripts_of(call), self._critic)
            if call.turn.purpose == "review"
            else next(others)
            for call in calls
        ]
