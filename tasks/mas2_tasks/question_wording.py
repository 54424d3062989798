"""How simulated agents begin and end what they reply to questions; draws go by position, so order matters."""

from typing import Final

from msgspec import Struct


class Wording(Struct, frozen=True):
    """How replies begin and end: sixteen openers and eight closers."""

    openers: tuple[str, ...]
    closers: tuple[str, ...]


_ENDS: Final = (
    "",
    " That settles it.",
    "\nSo this is the answer.",
    " This answers the question.",
    "",
    "\nHence:",
)
_ENDS_OF_TWO: Final = (*_ENDS, " From this the answer follows.", "\nPutting both together:")

BAMBOOGLE: Final = Wording(
    openers=(
        "",
        "",
        "Let me take the question apart. ",
        "Two facts are needed here. ",
        "Looking at the question step by step. ",
        "Taking the names in the question one by one. ",
        "Here is what I found. ",
        "First I find out what is meant. ",
        "Reasoning: ",
        "In short: ",
        "Are follow-up questions needed here? Yes. ",
        "Let us take it in order. ",
        "The facts that matter are these. ",
        "The inner question comes first. ",
        "Step by step: ",
        "Thinking it through. ",
    ),
    closers=_ENDS_OF_TWO,
)

HOTPOTQA: Final = Wording(
    openers=(
        "",
        "",
        "Let me go through what is known. ",
        "Two facts are needed here. ",
        "Looking at the question step by step. ",
        "Taking the names in the question one by one. ",
        "Here is what I found. ",
        "To answer this, I combine two facts. ",
        "Reasoning: ",
        "In short: ",
        "The question has two hops. ",
        "Let us take it in order. ",
        "The facts that matter are these. ",
        "We need to connect two pieces of information. ",
        "Step by step: ",
        "Thinking it through. ",
    ),
    closers=_ENDS_OF_TWO,
)

NQ_OPEN: Final = Wording(
    openers=(
        "",
        "",
        "Going by what is asked. ",
        "Here is what I found. ",
        "Let me look at what is known. ",
        "One fact is needed here. ",
        "In short: ",
        "Looking at the question: ",
        "This is a plain fact. ",
        "One fact settles it. ",
        "Reasoning: ",
        "To answer this, I go by the subject. ",
        "The fact that matters is this. ",
        "The question names its subject. ",
        "Let us see. ",
        "Thinking it through. ",
    ),
    closers=(*_ENDS, " Nothing else is asked for.", "\nIn short:"),
)

RECALLED = Wording(
    openers=(
        "",
        "",
        "Let me think about what I know. ",
        "No articles are given, so I rely on memory. ",
        "This is a matter of general knowledge. ",
        "Thinking it through. ",
        "Going through the question word by word. ",
        "From memory: ",
        "Let us take it in order. ",
        "I cannot look this up. ",
        "Step by step: ",
        "Here is what I know. ",
        "Reasoning: ",
        "I have to recall this. ",
        "The question asks for a fact. ",
        "Considering the candidates. ",
    ),
    closers=(
        "",
        " That settles it.",
        "\nSo this is my answer.",
        " I am fairly sure of this.",
        "",
        "\nHence:",
        " Nothing else comes to mind.",
        "\nIn short:",
    ),
)
