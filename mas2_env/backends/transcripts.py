"""What language models wrote at an item, as data that can be replayed."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

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
        size: participants of the debate; those beyond `strands` were not asked, as enough others agreed.
    """

    kind: StrandKind
    strands: tuple[tuple[Written | None, ...], ...]
    choice: Written | None = None
    size: int = 0

    @property
    def rounds(self) -> int:
        """Replies of whoever spoke most often."""
        return max(map(len, self.strands), default=0)

    def lost(self, round: int) -> bool:
        """Whether a participant's reply in a round is missing though the others went on after it."""
        return any(
            self.rounds > round + 1 and (len(strand) <= round or strand[round] is None)
            for strand in self.strands
        )


class Transcripts(Struct, frozen=True):
    """The recordings of an item: what `Item.truth.gold` holds where replies can be replayed.

    Attributes:
        models: by name of the model.
        turn: which strand comes first. Strands are taken in turn, so that items that differ in this number
            alone show all of them.
    """

    models: Mapping[str, Strands]
    turn: int = 0


_VERSION: Final = re.compile(r"\n# version [0-9a-f]{8}\Z")


def versioned(answer: str, draw: int) -> str:
    """An answer that is a whole text, written in a way of its own: no two such texts are equal.

    `draw` is a uniform 32-bit integer.
    """
    return f"{bare(answer)}\n# version {draw:08x}"


def bare(answer: str) -> str:
    """The answer without what `versioned` adds."""
    return _VERSION.sub("", answer)


def replies_of(strands: Strands) -> Iterator[Written]:
    """All that was kept of the replies, the final choice included."""
    for strand in strands.strands:
        yield from (written for written in strand if written is not None)
    if strands.choice is not None:
        yield strands.choice


def right_answers(transcripts: Transcripts) -> frozenset[str]:
    """All answers that were recorded as right, without white space at their ends."""
    return frozenset(
        written.answer.strip()
        for strands in transcripts.models.values()
        for written in replies_of(strands)
        if written.correct and written.answer is not None
    )
