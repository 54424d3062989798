"""What simulated agents write where it is not an answer: plans, comments, verdicts."""

from typing import Final

WRONG: Final = "the answer is wrong."
PLAN: Final = "Plan:"
COMMENT: Final = "Comment:"
FINDINGS: Final = "Findings:"

_CONCERNS: Final = (
    "one of the steps does not follow from the query.",
    "a condition of the query is not used.",
    "the result does not fit what is asked for.",
    "this rests on something that was not established.",
)

_TOOLS: Final = {
    "search": ("I have to look this up first.", "Let me search for it.", "I will look for the next fact."),
    "read": ("I will read the article.", "Let me read that one in full."),
    "read_file": ("I will read the next file.", "Let me look into the records.", "Reading on."),
    "calculator": ("Let me work out the next step.", "I will calculate this.", "Next calculation."),
    "python": ("Let me run this on the examples.", "I will test this version.", "I will try this out."),
}


def thought(tool: str, bits: int, mended: bool = False) -> str:
    """What an agent writes above a tool call: what it is about to do, and no answer yet.

    `mended` says that its last attempt failed a check.
    """
    texts = _TOOLS.get(tool) or (f"I will use {tool} for this.",)
    said = texts[bits % len(texts)]
    return f"The check failed, so I changed it. {said}" if mended else said


def plan(parts: int, good: bool) -> str:
    """A plan; a good one takes an item of `parts` parts apart."""
    if not good:
        return f"{PLAN}\n1. Read the query and answer it."
    steps = ["Say what is asked for and what is given."]
    steps += [f"Work out part {i + 1} of what is needed." for i in range(min(parts, 5))]
    steps.append("Put the parts together and give the answer.")
    return PLAN + "".join(f"\n{i + 1}. {step}" for i, step in enumerate(steps))


def is_plan(text: str) -> bool:
    """Whether a text reads as a plan of several steps."""
    return "\n2." in text


def comment(answer: str | None, count: int, total: int) -> str:
    """A critic's comment on the answer that `count` of `total` inputs gave."""
    if answer is None:
        return f"{COMMENT} take care of each condition in the query, and check the result against it."
    given = answer.strip()[:80].partition("\n")[0]
    return f"{COMMENT} {count} of {total} say: {given}. Check each step that leads there."


def findings(texts: list[str]) -> str:
    """What a searcher passes on."""
    return f"{FINDINGS}\n" + ("\n\n".join(texts) or "nothing beyond the query.")


def are_findings(text: str) -> bool:
    """Whether a text passes on what was found."""
    return text.startswith(FINDINGS)


def verdict(approve: bool, bits: int, passed: bool | None) -> str:
    """A review, whose first word is the verdict; `passed` is what a check showed, if there was one."""
    if approve:
        return "APPROVE\n" + ("The check passed." if passed else "The answer follows from the query.")
    if passed is False:
        return "REVISE: the check failed; mend what it shows."
    return "REVISE: " + _CONCERNS[bits & 3]


def sent_back(review: str) -> bool:
    """Whether a review sends the work back."""
    return review[:40].lower().find("revise") >= 0


def is_bare(review: str) -> bool:
    """Whether a review says that the answer is wrong and nothing else."""
    return review.partition(":")[2].strip() == WRONG


def reports_failure(review: str) -> bool:
    """Whether a review reports a check that failed."""
    return "failed" in review
