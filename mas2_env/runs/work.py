"""Performing the episodes of a plan: here, or in worker processes. Only finished episodes come back."""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait as wait_for

from msgspec import Struct

from mas2_env.backends.base import Backend
from mas2_env.episode import Episode
from mas2_env.errors import RunError
from mas2_env.execution.trace import Decided, Rejected
from mas2_env.plugins import make_policy, take_item
from mas2_env.policy import Connected, Policy
from mas2_env.pool import Pool
from mas2_env.runs.equip import Equipment
from mas2_env.runs.journal import pack_trace
from mas2_env.runs.record import Plan, Record
from mas2_env.runs.rollout import pace_of, rollout, rollout_jobs
from mas2_env.runs.window import Job
from mas2_env.task import Task

Finished = tuple[Record, bytes | None]


class Chunk(Struct, frozen=True):
    """Episodes of one policy on one task under one seed; policy and task by their place in the plan."""

    policy: int
    task: int
    seed: int
    items: Sequence[int]


class Workshop:
    """A plan and the living objects to carry it out with. Pickles, so that workers can have one each.

    Args:
        plan: what is to be done.
        policies: what `make_policy` takes, in the plan's order.
        tasks: in the plan's order.
        pool: the plan's.
        backend: the plan's.
    """

    def __init__(
        self,
        plan: Plan,
        policies: tuple[str | object, ...],
        tasks: tuple[Task, ...],
        pool: Pool,
        backend: Backend,
    ) -> None:
        self.plan = plan
        self.policies = policies
        self.tasks = tasks
        self.pool = pool
        self.backend = backend
        self.equipment: Equipment | None = None
        self.deadline: float | None = None
        self._made: tuple[int, int, Policy] | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_made": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._equip_tasks()

    def equip(self, equipment: Equipment) -> None:
        """Have the backend, and those that tasks ask, equipped as the run is conducted.

        Raises:
            Mas2Error: if one of them cannot be had or asked.
        """
        self.equipment = equipment
        self.backend = equipment.equip(self.backend, self.pool)
        self._equip_tasks()

    def _equip_tasks(self) -> None:
        if self.equipment is None:
            return
        if self.plan.backend:
            self.equipment.name(self.backend, self.plan.backend, self.pool)
        for task in self.tasks:
            task.equip(self.equipment.equip)

    def share(self, processes: int) -> None:
        """Be one of so many processes that ask at once."""
        if isinstance(self.backend, Backend):
            self.backend.share(processes)
        if self.equipment is not None:
            self.equipment.share(processes)

    def close(self) -> None:
        """Tell the tasks that the run is over: what they ask from now on is not its business."""
        for task in self.tasks:
            task.equip(None)

    def policy(self, number: int, seed: int) -> Policy:
        """The policy of that place, made for the seed."""
        if self._made is None or self._made[:2] != (number, seed):
            policy = make_policy(self.policies[number], seed)
            if isinstance(policy, Connected):
                policy.connect(self.backend, self.pool)
            self._made = (number, seed, policy)
        return self._made[2]

    def perform(self, chunk: Chunk, batch: int) -> Iterator[Finished]:
        """Do the episodes of a chunk, `batch` of them at once, and yield each when it is finished."""
        name = self.plan.policies[chunk.policy].name
        policy = self.policy(chunk.policy, chunk.seed)
        for episode in rollout(policy, self._episodes(chunk), self.backend, batch, self.deadline):
            yield self._finished(name, episode)

    def perform_together(self, chunks: Sequence[Chunk], batch: int) -> Iterator[Finished]:
        """Do the episodes of all chunks in one window that is always full, where calls take time."""

        def jobs() -> Iterator[Job]:
            for chunk in chunks:
                policy = self.policy(chunk.policy, chunk.seed)
                name = self.plan.policies[chunk.policy].name
                for episode in self._episodes(chunk):
                    yield Job(episode, policy, name)

        for job in rollout_jobs(jobs(), self.backend, batch, self.deadline):
            yield self._finished(job.name, job.episode)

    def _episodes(self, chunk: Chunk) -> Iterator[Episode]:
        task = self.tasks[chunk.task]
        for index in chunk.items:
            yield Episode(take_item(task, index), self.pool, self.plan.settings, seed=chunk.seed)

    def _finished(self, policy: str, episode: Episode) -> Finished:
        record = make_record(policy, episode)
        if not self.plan.traces:
            return record, None
        seconds = self.backend.seconds_of if isinstance(self.backend, Backend) else None
        return record, pack_trace(record, episode.trace_lines(seconds))


def make_record(policy: str, episode: Episode) -> Record:
    """The record of a finished episode."""
    assert episode.outcome is not None
    return Record(
        policy=policy,
        task=episode.item.task.label,
        item=episode.item.id,
        seed=episode.seed,
        outcome=episode.outcome,
        system=episode.system,
        decisions=sum(type(event) in (Decided, Rejected) for event in episode.trace),
    )


def perform_all(workshop: Workshop, chunks: Sequence[Chunk], batch: int, workers: int) -> Generator[Finished]:
    """Do the episodes of all chunks; with more than one worker, in the order in which they come.

    Raises:
        RunError: if a worker process dies, or the plan's objects cannot be sent to one.
    """
    if workers == 1 and pace_of(workshop.backend) != "instant":
        yield from workshop.perform_together(chunks, batch)
        return
    if workers == 1:
        for chunk in chunks:
            yield from workshop.perform(chunk, batch)
        return
    try:
        packed = pickle.dumps(workshop)
    except Exception as error:
        raise RunError(
            f"policies and backends must pickle to run in {workers} processes: {error}; "
            "name them as package.module:Name, or use one worker"
        ) from error
    yield from _spread(packed, _split(chunks, batch), batch, workers)


def _split(chunks: Sequence[Chunk], size: int) -> Iterator[Chunk]:
    for chunk in chunks:
        for start in range(0, len(chunk.items), size):
            yield Chunk(chunk.policy, chunk.task, chunk.seed, chunk.items[start : start + size])


def _spread(packed: bytes, chunks: Iterator[Chunk], batch: int, workers: int) -> Generator[Finished]:
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(packed, workers)
    )
    done = False
    try:
        pending: set[Future[list[Finished]]] = set()
        while True:
            # Two chunks for each worker are under way: enough to keep it busy, little to lose in a kill.
            for chunk in islice(chunks, 2 * workers - len(pending)):
                with _uninterrupted():
                    pending.add(executor.submit(_perform, chunk, batch))
            if not pending:
                break
            ended, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in ended:
                yield from future.result()
        done = True
    except BrokenProcessPool as error:
        raise RunError(
            "a worker process died (killed from outside, or out of memory); finished episodes are kept"
        ) from error
    finally:
        if not done:
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
        executor.shutdown(wait=done, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off; processes that are begun here never hear of it, not even while they start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_workshop: Workshop | None = None


def _begin(packed: bytes, workers: int) -> None:
    """Set up a worker: it leaves Ctrl-C to its parent, and ends when its parent is killed."""
    global _workshop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _workshop = pickle.loads(packed)
    _workshop.share(workers)


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)


def _perform(chunk: Chunk, batch: int) -> list[Finished]:
    assert _workshop is not None
    return list(_workshop.perform(chunk, batch))
