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
    if pace_of(backend) != "instant":
        jobs = (Job(episode, policy) for episode in episodes)
        for job in rollout_jobs(jobs, backend, batch, deadline):
            yield job.episode
        return
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


def pace_of(backend: Completer) -> Pace:
    """How a backend wants episodes to be driven; in an event loop that runs already, none can be begun."""
    pace = backend.pace if isinstance(backend, Backend) else "instant"
    return "instant" if pace == "waits" and in_event_loop() else pace


def rollout_jobs(
    jobs: Iterator[Job], backend: Completer, batch: int, deadline: float | None = None
) -> Iterator[Job]:
    """Drive episodes of several policies together, on a backend that waits or takes batches.

    Args:
        jobs: taken lazily.
        backend: of a pace other than `instant`.
        batch: episodes under way at once.
        deadline: as for `rollout`.

    Raises:
        PolicyError: if a policy raises, or does not answer each observation.
        Halt: if something ends the run.
    """
    if pace_of(backend) == "waits":
        assert isinstance(backend, Backend)
        return Window(jobs, backend, batch, deadline).run()
    return _in_full_batches(jobs, backend, batch)


def _in_full_batches(jobs: Iterator[Job], backend: Completer, batch: int) -> Iterator[Job]:
    """Before each batch of model calls, bring every episode to where it has calls to make."""
    running: list[Job] = []
    while True:
        running.extend(islice(jobs, batch - len(running)))
        if not running:
            return
        asking = [job for job in running if job.episode.stage != "run"]
        quiet = [job.episode for job in running if _is_quiet(job.episode)]
        for policy in {id(job.policy): job.policy for job in asking}.values():
            _decide(policy, [job.episode for job in asking if job.policy is policy])
        if asking or quiet:
            step_batch(quiet, backend)
        else:
            step_batch([job.episode for job in running], backend)
        yield from [job for job in running if job.episode.stage == "done"]
        running = [job for job in running if job.episode.stage != "done"]


def _is_quiet(episode: Episode) -> bool:
    """Whether an episode has operations to perform, but no model to call."""
    return episode.stage == "run" and all(type(call) is not ModelCall for call in episode.ready())


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
