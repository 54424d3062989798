"""What language models wrote at an item, as data that can be replayed."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

StrandKind: TypeAlias = Literal["samples", "debate", "retry"]


class Written(Struct, frozen=True):
    """One recorded reply.

    Attributes:
        text: what the model wrote.
        answer: the answer found in it, if any.
        correct: whether that answer was right.
        prompt_tokens: as recorded, else estimated.
        completion_tokens: likewise.
    """

    text: str
    answer: str | None
    correct: bool
    prompt_tokens: int
    completion_tokens: int


class Strands(Struct, frozen=True):
    """All that one model wrote at an item.

    Attributes:
        kind: whether the strands are independent samples, the participants of one debate, or chains of
            attempts of which each was made after the one before had been found wrong.
        strands: for each sample, participant or chain its replies, round by round: at least the first.
            A reply that was not kept is None.
        choice: the final choice among the answers, where the recorded system made one.
    """

    kind: StrandKind
    strands: tuple[tuple[Written | None, ...], ...]
    choice: Written | None = None


class Transcripts(Struct, frozen=True):
    """The recordings of an item: what `Item.truth.gold` holds where replies can be replayed.

    Attributes:
        models: by name of the model.
        turn: which strand comes first. Strands are taken in turn, so that items that differ in this number
            alone show all of them.
    """

    models: Mapping[str, Strands]
    turn: int = 0
