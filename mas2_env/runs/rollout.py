"""A policy and many episodes: they advance together, so that policies and backends see batches.

How they do depends on what answers (`Backend.pace`); what becomes of each episode does not.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from mas2_env.backends.base import Backend, Pace
from mas2_env.episode import Episode
from mas2_env.execution.drive import Completer, run_batch, step_batch
from mas2_env.execution.operation import ModelCall
from mas2_env.policy import Policy
from mas2_env.runs.asking import ask, carry_out
from mas2_env.runs.window import Job, Window


def rollout(
    policy: Policy,
    episodes: Iterable[Episode],
    backend: Completer,
    batch: int = 64,
    deadline: float | None = None,
) -> Iterator[Episode]:
    """Drive each episode to its end and yield it.

    Args:
        policy: asked for the decisions of all episodes of a batch that want one at the same time.
        episodes: taken lazily; memory holds one batch.
        backend: answers model calls, as its `pace` says: a batch at a time; or, where calls wait for
            something else, each for itself in an event loop; or all that are ready at each step.
        batch: episodes under way at once.
        deadline: seconds that an episode may take, where calls wait; then it ends void.

    Raises:
        PolicyError: if the policy raises, or does not answer each observation.
        Halt: if something ends the run.
        ValueError: if the batch is not at least 1.
    """
    if batch < 1:
        raise ValueError(f"batch is {batch}, expected at least 1 episode")
    pace: Pace = backend.pace if isinstance(backend, Backend) else "instant"
    if pace == "waits" and not in_event_loop():
        assert isinstance(backend, Backend)
        jobs = (Job(episode, policy) for episode in episodes)
        for job in Window(jobs, backend, batch, deadline).run():
            yield job.episode
        return
    source = iter(episodes)
    if pace == "batches":
        yield from _in_full_batches(policy, source, backend, batch)
        return
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


def _in_full_batches(
    policy: Policy, source: Iterator[Episode], backend: Completer, batch: int
) -> Iterator[Episode]:
    """Before each batch of model calls, bring every episode to where it has calls to make."""
    running: list[Episode] = []
    while True:
        running.extend(islice(source, batch - len(running)))
        if not running:
            return
        asking = [episode for episode in running if episode.stage != "run"]
        quiet = [episode for episode in running if episode.stage == "run" and not _calls_a_model(episode)]
        if asking or quiet:
            _decide(policy, asking)
            step_batch(quiet, backend)
        else:
            step_batch(running, backend)
        yield from [episode for episode in running if episode.stage == "done"]
        running = [episode for episode in running if episode.stage != "done"]


def _calls_a_model(episode: Episode) -> bool:
    return any(type(operation) is ModelCall for operation in episode.ready())


def in_event_loop() -> bool:
    """Whether this thread has an event loop that runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _decide(policy: Policy, episodes: Sequence[Episode]) -> None:
    asking = [episode for episode in episodes if episode.stage not in ("run", "done")]
    if not asking:
        return
    for episode, answer in zip(asking, ask(policy, asking), strict=True):
        carry_out(episode, answer)
