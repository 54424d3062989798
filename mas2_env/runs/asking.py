"""Asking a policy, and letting episodes carry out what it answers."""

from collections.abc import Sequence
from typing import TypeAlias

from mas2_env.backends.asker import asked_about
from mas2_env.episode import Episode
from mas2_env.errors import Breakdown, Halt, InvalidDecision, PolicyError
from mas2_env.policy import Answer, Policy

Given: TypeAlias = Answer | Breakdown
"""What a policy gives: an answer, or the breakdown of what it asks, which voids that episode."""


def ask(policy: Policy, episodes: Sequence[Episode]) -> Sequence[Given]:
    """The policy's answers for episodes that want a decision.

    Raises:
        PolicyError: if the policy raises, or does not answer each observation.
        Halt: if something that the policy asks ends the run.
    """
    observations = [episode.observe() for episode in episodes]
    name = type(policy).__name__
    try:
        with asked_about(zip(observations, [episode.item.id for episode in episodes], strict=True)):
            answers: Sequence[Given] = policy.decide(observations)
    except Halt:
        raise
    except Breakdown as breakdown:
        return [breakdown] * len(episodes)
    except (Exception, SystemExit) as error:
        raise policy_error(policy, error, episodes) from error
    try:
        given = len(answers)
    except TypeError:
        raise PolicyError(
            f"policy {name} must return a sequence of decisions, got {type(answers).__name__} at "
            f"{_place(episodes)}"
        ) from None
    if given != len(observations):
        raise PolicyError(
            f"policy {name} answered {given} of {len(observations)} observations at {_place(episodes)}; "
            "return one decision for each, in order"
        )
    return answers


def policy_error(policy: object, error: BaseException, episodes: Sequence[Episode]) -> PolicyError:
    """What a policy raised, with the place."""
    return PolicyError(
        f"policy {type(policy).__name__} raised {type(error).__name__} at {_place(episodes)}: {error}"
    )


def _place(episodes: Sequence[Episode]) -> str:
    first = f"stage {episodes[0].stage!r}, item {episodes[0].item.id}"
    return first if len(episodes) == 1 else f"{first} and {len(episodes) - 1} more"


def carry_out(episode: Episode, answer: Given) -> None:
    """Let an episode carry out an answer; an invalid one is on record there and will be observed."""
    if isinstance(answer, Breakdown):
        episode.abandon(answer)
        return
    try:
        episode.decide(answer)
    except InvalidDecision:
        return
