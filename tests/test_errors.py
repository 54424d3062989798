"""Errors by the boundary at which they arise: what each does to an episode, and to a run."""

import pytest

from mas2_env import Role, Template
from mas2_env.errors import (
    Breakdown,
    BudgetError,
    CacheError,
    Halt,
    Mas2Error,
    PolicyError,
    ProviderDown,
    ProviderError,
    RecordError,
    ReplayMiss,
    SandboxError,
    TaskError,
    ToolError,
)
from mas2_env.execution.drive import perform, run_batch, run_sync
from mas2_env.execution.operation import Reply
from mas2_env.task import ToolUse

SOLO = Template((Role("s", tools=("add",)),), output="s")


@pytest.mark.parametrize("error", [ProviderError, ToolError, SandboxError, TaskError, CacheError])
def test_infrastructure_voids_the_episode_at_whichever_boundary(begin, scripted, error):
    def down(call):
        raise error("it is down")

    episode = begin(SOLO)
    run_sync(episode, scripted(down))
    assert (episode.outcome.kind, episode.outcome.reason) == ("void", "it is down")
    assert issubclass(error, Breakdown)


@pytest.mark.parametrize("error", [BudgetError, ProviderDown, RecordError, ReplayMiss])
@pytest.mark.parametrize("drive", [run_sync, lambda episode, backend: run_batch([episode], backend)])
def test_a_halt_passes_every_driver(begin, scripted, error, drive):
    def halt(call):
        raise error("that is all")

    episode = begin(SOLO)
    with pytest.raises(Halt, match="that is all"):
        drive(episode, scripted(halt))
    assert episode.outcome is None
    assert issubclass(error, Mas2Error)
    assert not issubclass(error, Breakdown)


def test_a_policys_error_is_neither():
    assert not issubclass(PolicyError, Breakdown | Halt)


def test_what_raises_tells_the_boundary(begin, scripted, sums):
    def boundary(backend, **methods):
        task = type("Odd", (type(sums),), methods)()
        episode = begin(SOLO)
        episode = type(episode)(task.item(2), episode.pool)
        episode.decide(SOLO)
        episode.decide(begin(SOLO).assignment)
        while True:
            (operation,) = episode.ready()
            if hasattr(operation, "messages"):
                episode.deliver(operation, backend.complete((operation,))[0])
                continue
            return perform(operation)

    def broken(*arguments):
        raise OSError("no")

    use = Reply("", 1, 1, (ToolUse("add", '{"a": 1, "b": 1}'),))
    assert type(boundary(scripted(lambda call: use), call=broken)) is ToolError
    assert type(boundary(scripted(lambda call: "Answer: 4"), score=broken)) is TaskError

    def sandbox(*arguments):
        raise SandboxError("no namespaces here")

    assert type(boundary(scripted(lambda call: use), call=sandbox)) is SandboxError
