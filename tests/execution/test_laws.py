"""Laws of every execution: over random systems, random behaviour, random rectifications, in any order.

Systems, behaviour and rectifications are functions of seeds; see `conftest.py`.
"""

import asyncio
import pickle
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from mas2_env.episode import Episode
from mas2_env.errors import InvalidDecision
from mas2_env.execution.compile import compile_template
from mas2_env.execution.drive import run_async, run_batch, run_sync
from mas2_env.execution.operation import Failure, ModelCall
from mas2_env.execution.trace import Decided, Edited, Ended, Forked, Performed, Rejected, Triggered
from mas2_env.policy import Metered, Usage
from mas2_env.settings import Settings
from mas2_env.system.model import Assignment, Rectification, Retry, Role, Skip, Template
from mas2_env.system.structure import count_turns

seeds = st.integers(0, 10**6)
ANOTHER = 10**6 + 1  # none of `seeds`
rates = st.sampled_from((0.0, 0.05, 0.2, 0.5))
law = settings(max_examples=60, deadline=None)


def performed(episode):
    return [event for event in episode.trace if isinstance(event, Performed)]


def keys(episode):
    return [event.operation.key for event in performed(episode)]


@law
@given(seeds)
def test_every_valid_template_compiles_to_the_turns_that_its_validation_counted(lab, seed):
    template = lab.template(seed)
    plan = compile_template(template)
    assert len(plan.nodes) == len(set(plan.turns)) == count_turns(template)


def driven(lab, seed, step):
    episode = lab.begin(seed)
    step(episode)
    while episode.stage != "done":
        episode.decide(lab.mend(episode))
        step(episode)
    return lab.lines(episode)


@law
@given(seeds, rates)
def test_the_trace_is_the_same_under_every_driver_and_in_every_order(lab, seed, rate):
    backend = lab.Erratic(rate)
    others = [lab.begin(seed + i) for i in range(1, 4)]
    sync = driven(lab, seed, lambda e: run_sync(e, backend))
    assert driven(lab, seed, lambda e: asyncio.run(run_async(e, backend))) == sync
    assert driven(lab, seed, lambda e: run_batch([*others, e], backend)) == sync


@law
@given(seeds, rates)
def test_the_trace_is_the_same_in_every_order_of_delivery(lab, seed, rate):
    backend = lab.Erratic(rate)
    expected = lab.lines(lab.play(lab.begin(seed), backend))
    assert lab.lines(lab.play(lab.begin(seed), backend, order=random.Random(seed))) == expected


@law
@given(seeds, rates)
def test_forks_and_pickles_of_any_moment_have_the_same_future_whatever_their_siblings_do(lab, seed, rate):
    backend, draw = lab.Erratic(rate), random.Random(seed)
    twins = []

    def watch(episode):
        if draw.random() < 0.3:
            twins.append(episode.fork())
            twins.append(pickle.loads(pickle.dumps(episode)))
            lab.play(episode.fork(), backend, seed=1)  # another way on from here
            lab.play(episode.fork(seed=5), backend, seed=2)

    episode = lab.play(lab.begin(seed), backend, order=draw, watch=watch)
    for twin in twins:
        assert lab.lines(lab.play(twin, backend)) == lab.lines(episode)


@law
@given(seeds, rates)
def test_a_reseeded_fork_keeps_all_that_was_paid_and_performs_none_of_it_again(lab, seed, rate):
    backend, draw = lab.Erratic(rate), random.Random(seed)

    def watch(episode):
        if draw.random() < 0.5:
            given = [o.id for o in episode.ready()]
            before = list(episode.trace)
            twin = episode.fork(seed=ANOTHER)
            assert twin.trace == [*before, Forked(ANOTHER)]
            assert [o.id for o in twin.ready()] == given
            old = {o.key for o in episode.ready()} if episode.stage == "run" and given != ["score"] else set()
            lab.play(twin, backend)
            assert twin.outcome.cost >= episode.spent
            assert len(set(keys(twin))) == len(keys(twin))
            assert not old & set(keys(twin))

    lab.play(lab.begin(seed), backend, order=draw, watch=watch)


@law
@given(seeds, rates)
def test_the_outcome_is_the_sum_over_the_trace_to_the_unit(lab, seed, rate):
    outcome = (episode := lab.play(lab.begin(seed), lab.Erratic(rate))).outcome
    events = performed(episode)
    models = [event for event in events if isinstance(event.operation, ModelCall)]
    assert outcome.cost == sum(event.cost for event in events)
    assert outcome.prompt_tokens == sum(event.result.prompt_tokens for event in models)
    assert outcome.completion_tokens == sum(event.result.completion_tokens for event in models)
    assert (outcome.model_calls, outcome.tool_calls) == (len(models), len(events) - len(models))
    assert outcome.failures == sum(isinstance(event.result, Failure) for event in events)
    assert outcome.triggers == sum(isinstance(event, Triggered) for event in episode.trace)
    assert outcome.edits == sum(len(e.edits) for e in episode.trace if isinstance(e, Edited))
    assert outcome.cost == sum(
        lab.pool[e.operation.backbone].cost(e.result.prompt_tokens, e.result.completion_tokens)
        for e in models
    )
    written = [msgspec.json.decode(line) for line in episode.trace_lines()]
    assert outcome.cost == sum(line["cost"] for line in written if line["event"] == "performed")


@law
@given(seeds, rates)
def test_no_operation_is_performed_twice(lab, seed, rate):
    episode = lab.play(lab.begin(seed, max_rectifications=8), lab.Erratic(rate))
    assert len(set(keys(episode))) == len(keys(episode))


@law
@given(seeds, rates)
def test_an_edited_system_ends_as_if_it_had_been_that_system_from_the_start(lab, seed, rate):
    """So all whose inputs changed was performed anew, and what was kept is what would have come."""
    backend = lab.Erratic(rate)
    edited = lab.play(lab.begin(seed), backend, settling=False)
    fresh = Episode(edited.item, edited.pool, Settings(rectifier=False), edited.seed)
    fresh.decide(edited.template)
    fresh.decide(edited.assignment)
    lab.play(fresh, backend)
    assert fresh._execution.turns() == edited._execution.turns()
    assert fresh.outcome.answer == edited.outcome.answer
    assert set(keys(fresh)) <= set(keys(edited))


@law
@given(seeds, rates)
def test_every_episode_ends_within_its_bound(lab, seed, rate):
    episode = lab.play(lab.begin(seed, max_rectifications=8), lab.Erratic(rate, tooling=1.0))
    steps = episode.settings.max_tool_steps
    template = next(event.decision for event in episode.trace if isinstance(event, Decided))
    bound = count_turns(template) * (2 * steps + 1)
    bound += outcome.rectifications * 128 * (2 * steps + 1) if (outcome := episode.outcome).edits else 0
    assert outcome.model_calls + outcome.tool_calls <= bound
    by_turn: dict[tuple[int, str], int] = {}
    system = 0
    for event in episode.trace:
        system += isinstance(event, Edited)
        if isinstance(event, Performed) and not isinstance(event.operation, ModelCall):
            place = (system, event.operation.turn.id)
            by_turn[place] = by_turn.get(place, 0) + 1
    assert max(by_turn.values(), default=0) <= steps


@law
@given(seeds, rates)
def test_going_on_unchanged_is_running_without_a_rectifier(lab, seed, rate):
    backend = lab.Erratic(rate)
    asked = lab.begin(seed)
    while asked.stage != "done":
        run_sync(asked, backend)
        if asked.stage == "rectify":
            asked.decide(Rectification())
    alone = lab.begin(seed, rectifier=False)
    run_sync(alone, backend)

    def essence(episode):
        return [e for e in map(msgspec.json.decode, episode.trace_lines())
                if e["event"] in ("performed", "settled", "triggered", "scored")]  # fmt: skip

    assert essence(asked) == essence(alone)
    assert asked.outcome == msgspec.structs.replace(
        alone.outcome, rectifications=asked.outcome.rectifications
    )


@law
@given(seeds, rates)
def test_truth_stands_nowhere(lab, seed, rate):
    def watch(episode):
        if episode.stage == "rectify":
            assert lab.canary.encode() not in msgspec.json.encode(episode.observe())
        for operation in episode.ready():
            if isinstance(operation, ModelCall):
                seen = (operation.turn, operation.messages, operation.history, operation.item.query)
                assert lab.canary.encode() not in msgspec.json.encode(seen)

    episode = lab.play(lab.begin(seed), lab.Erratic(rate), watch=watch)
    assert lab.canary not in b"".join(episode.trace_lines()).decode()


@law
@given(seeds, rates)
def test_states_are_consistent_at_every_moment(lab, seed, rate):
    def watch(episode):
        if episode.stage == "rectify":
            view = episode.observe().execution
            failed = {turn.turn for turn in view.turns if turn.status == "failed"}
            assert failed == {failure.turn for failure in view.failures}
            assert ("failure" in view.trigger) <= bool(failed)
            for turn in failed:
                for edit in (Retry(turn), Skip(turn)):
                    episode.fork().decide(Rectification((edit,)))
        elif episode.stage == "run":
            assert episode.ready()

    episode = lab.play(lab.begin(seed), lab.Erratic(rate), watch=watch)
    turns = {status for _, status, _ in episode._execution.turns()}
    assert turns <= {"done", "failed", "skipped", "bypassed"}
    assert isinstance(episode.trace[-1], Ended)


@law
@given(seeds, st.sampled_from((0.2, 0.5)))
def test_a_retry_performs_the_failed_operations_of_its_turn_once_more(lab, seed, rate):
    backend = lab.Erratic(rate)

    def watch(episode):
        if episode.stage != "rectify":
            return
        for failure in episode.observe().execution.failures:
            twin = episode.fork()
            twin.decide(Rectification((Retry(failure.turn),)))
            again = [o for o in twin.ready() if o.id != "score" and o.turn.id == failure.turn]
            assert again
            assert all(o.attempt == failure.attempt + 1 for o in again)
            assert failure.turn not in twin._execution.failed_turns()

    lab.play(lab.begin(seed), backend, watch=watch)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
loose = json_like | st.builds(Role, st.text(max_size=5), json_like)
garbage = st.one_of(
    st.text(st.characters(), max_size=60),
    json_like.map(lambda value: repr(value)),
    json_like,
    st.builds(Template, loose, loose, json_like),
    st.builds(Template, st.lists(loose, max_size=2).map(tuple), st.lists(loose, max_size=2).map(tuple)),
    st.builds(Assignment, json_like),
    st.builds(Rectification, loose | st.lists(st.builds(Retry, json_like), max_size=2).map(tuple)),
)
usages = st.none() | json_like | st.builds(Usage, json_like, json_like, json_like)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(("generate", "implement", "rectify")), garbage, usages, st.booleans())
def test_nothing_but_invalid_decision_leaves_decide(lab, stage, answer, usage, metered):
    episode = Episode(lab.task.item(0), lab.pool, Settings(budget=0.0))
    if stage != "generate":
        episode.decide(Template((Role("a"),), output="a"))
    if stage == "rectify":
        episode.decide(Assignment({"a": "small"}))
        run_sync(episode, Always(Failure("timeout", "slow", 10, 0)))
    assert episode.stage == stage
    with suppress(InvalidDecision):
        episode.decide(Metered(answer, usage) if metered else answer, None if metered else usage)
    assert isinstance(episode.trace[-1], Rejected) == bool(
        episode.stage == stage and episode.observe().problems
    )
    msgspec.json.encode(episode.observe() if episode.stage not in ("run", "done") else None)
    assert b"event" in b"".join(episode.trace_lines())
    assert episode._meta.cost >= 0


class Always:
    """Gives one answer to everything, or raises it."""

    def __init__(self, answer):
        self.answer = answer

    def complete(self, calls):
        if isinstance(self.answer, Exception):
            raise self.answer
        return [self.answer] * len(calls)

    async def acomplete(self, call):
        return self.complete((call,))[0]


PROGRAM = """
import importlib.util, sys, hashlib
spec = importlib.util.spec_from_file_location("lab", sys.argv[1])
lab = sys.modules["lab"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lab)
found = hashlib.sha256()
for seed in range(25):
    for line in lab.lines(lab.play(lab.begin(seed), lab.Erratic(0.2))):
        found.update(line)
print(found.hexdigest())
"""


def test_traces_are_the_same_whatever_the_hash_seed():
    laboratory = Path(__file__).with_name("conftest.py")
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(laboratory)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("0", "1", "4711")
    }
    assert len(found) == 1
