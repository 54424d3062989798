"""A policy and many episodes: they advance together, so that policies and backends see batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from mas2_env.episode import Episode
from mas2_env.errors import InvalidDecision, PolicyError
from mas2_env.execution.drive import Completer, run_batch
from mas2_env.policy import Answer, Policy


def rollout(
    policy: Policy, episodes: Iterable[Episode], backend: Completer, batch: int = 64
) -> Iterator[Episode]:
    """Drive each episode to its end and yield it.

    Args:
        policy: asked for the decisions of all episodes of a batch that want one at the same time.
        episodes: taken lazily; memory holds one batch.
        backend: answers model calls, a batch at a time.
        batch: episodes under way at once.

    Raises:
        PolicyError: if the policy raises, or does not answer each observation.
        ValueError: if the batch is not at least 1.
    """
    if batch < 1:
        raise ValueError(f"batch is {batch}, expected at least 1 episode")
    source = iter(episodes)
    running = list(islice(source, batch))
    while running:
        run_batch(running, backend)
        waiting = []
        for episode in running:
            if episode.stage == "done":
                yield episode
            else:
                waiting.append(episode)
        _decide(policy, waiting)
        waiting.extend(islice(source, batch - len(waiting)))
        running = waiting


def _decide(policy: Policy, episodes: Sequence[Episode]) -> None:
    asking = [episode for episode in episodes if episode.stage not in ("run", "done")]
    if not asking:
        return
    for episode, answer in zip(asking, ask(policy, asking), strict=True):
        decide(episode, answer)


def ask(policy: Policy, episodes: Sequence[Episode]) -> Sequence[Answer]:
    """The policy's answers for episodes that want a decision.

    Raises:
        PolicyError: if the policy raises, or does not answer each observation.
    """
    observations = [episode.observe() for episode in episodes]
    name = type(policy).__name__
    first = f"stage {observations[0].stage!r}, item {episodes[0].item.id}"
    if len(episodes) > 1:
        first += f" and {len(episodes) - 1} more"
    try:
        answers = policy.decide(observations)
    except (Exception, SystemExit) as error:
        raise PolicyError(f"policy {name} raised {type(error).__name__} at {first}: {error}") from error
    try:
        given = len(answers)
    except TypeError:
        raise PolicyError(
            f"policy {name} must return a sequence of decisions, got {type(answers).__name__} at {first}"
        ) from None
    if given != len(observations):
        raise PolicyError(
            f"policy {name} answered {given} of {len(observations)} observations at {first}; "
            "return one decision for each, in order"
        )
    return answers


def decide(episode: Episode, answer: Answer) -> None:
    """Let an episode carry out an answer; an invalid one is on record there and will be observed."""
    try:
        episode.decide(answer)
    except InvalidDecision:
        return
