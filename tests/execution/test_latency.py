"""How long an episode takes: what waits for what, and what runs beside it."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mas2_env.backends.scripted import Scripted
from mas2_env.episode import Episode
from mas2_env.execution.drive import run_sync
from mas2_env.execution.latency import Duration, latency
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.execution.trace import Performed
from mas2_env.settings import Settings
from mas2_env.system.model import Assignment, Debate, Rectification, Retry, Role, Send, Template, Vote

seeds = st.integers(0, 10**6)
rates = st.sampled_from((0.0, 0.05, 0.2, 0.5))


def by_role(**taken):
    """Seconds of a call by its role, and by role and round."""
    return lambda call, answer: taken.get(f"{call.turn.role}{call.turn.round}", taken.get(call.turn.role))


def finished(lab, template, backend=None, **options):
    """An episode of a template on one backbone, up to its end or its first trigger."""
    episode = Episode(lab.task.item(0), lab.pool, Settings(budget=1000.0, **options))
    episode.decide(template)
    episode.decide(Assignment({role.name: "small" for role in template.roles if role.kind != "vote"}))
    run_sync(episode, backend or Scripted(lambda call: f"Answer: {call.turn.copy}{call.turn.round}"))
    return episode


def test_a_chain_takes_the_sum_of_its_calls(lab):
    template = Template((Role("ada"), Role("bob")), (Send("ada", "bob"),), "bob")
    assert latency(finished(lab, template).trace, by_role(ada=2.0, bob=3.0)) == Duration(5.0, 5.0, 5.0)


def test_a_vote_takes_as_long_as_its_slowest_source(lab):
    template = Template(
        (Role("ada"), Role("bob"), Role("cyd", "vote")), (Vote(("ada", "bob"), "cyd"),), "cyd"
    )
    assert latency(finished(lab, template).trace, by_role(ada=2.0, bob=3.0)) == Duration(3.0, 3.0, 5.0)


def test_a_branch_need_not_wait_for_the_other_unless_steps_are_whole(lab):
    """ada (1) → bob (5) beside cyd (4) → dan (1): 6 and 5 by themselves, 4 + 5 step by step."""
    roles = tuple(Role(name) for name in ("ada", "bob", "cyd", "dan", "eve"))
    sends = (Send("ada", "bob"), Send("cyd", "dan"), Send("bob", "eve"), Send("dan", "eve"))
    trace = finished(lab, Template(roles, sends, "eve")).trace
    taken = latency(trace, by_role(ada=1.0, bob=5.0, cyd=4.0, dan=1.0, eve=1.0))
    assert taken == Duration(path=7.0, steps=10.0, work=12.0)


def test_a_round_of_a_debate_waits_for_all_answers_of_the_one_before(lab):
    template = Template((Role("ada"), Role("bob")), (Debate(("ada", "bob"), 2),), "ada")
    taken = latency(
        finished(lab, template).trace, by_role(ada0=1.0, bob0=4.0, ada1=6.0, bob1=2.0, ada2=1.0, bob2=1.0)
    )
    assert taken == Duration(path=11.0, steps=11.0, work=15.0)


def test_tools_asked_for_together_run_together_and_between_two_calls(lab):
    class Asking(lab.Erratic):
        def answer(self, call):
            reply = super().answer(call)
            return reply if not call.history else Reply("Answer: 1", 1, 1)

    template = Template((Role("ada", tools=lab.tools),), (), "ada")
    episode = finished(lab, template, Asking(0.0, 1.0), max_tool_steps=3)
    tools = episode.outcome.tool_calls
    assert tools > 0
    taken = latency(episode.trace, by_role(ada=2.0), tool_seconds=0.5)
    assert taken == Duration(4.5, 4.5, 4.0 + 0.5 * tools)


def test_a_rectifier_waits_for_what_is_under_way_and_what_is_kept_takes_nothing(lab):
    def says(call):
        broken = call.turn.role == "ada" and call.attempt == 0
        return Failure("refused", "no", 1, 0) if broken else "Answer: 1"

    roles = tuple(Role(name) for name in ("ada", "bob", "cyd"))
    template = Template(roles, (Send("ada", "cyd"), Send("bob", "cyd")), "cyd")
    episode = finished(lab, template, Scripted(says))
    assert episode.stage == "rectify"
    episode.decide(Rectification((Retry("ada#0@0"),)))
    run_sync(episode, Scripted(says))
    assert latency(episode.trace, by_role(ada=1.0, bob=3.0, cyd=1.0)) == Duration(5.0, 5.0, 6.0)


def test_what_nobody_knows_is_said(lab):
    trace = finished(lab, Template((Role("ada"),), (), "ada")).trace
    with pytest.raises(ValueError, match="nobody knows how long 'ada#0@0/0' took"):
        latency(trace, lambda call, answer: None)


def test_the_lines_of_a_trace_tell_what_is_known(lab):
    episode = finished(lab, Template((Role("ada"), Role("bob")), (Send("ada", "bob"),), "bob"))
    plain = [json.loads(line) for line in episode.trace_lines()]
    timed = [json.loads(line) for line in episode.trace_lines(by_role(ada=2.0, bob=3.0))]
    assert [line.pop("seconds") for line in timed if line["event"] == "performed"] == [2.0, 3.0]
    assert timed[-1].pop("latency") == {"path": 5.0, "steps": 5.0, "work": 5.0}
    assert timed == plain
    partly = [json.loads(line) for line in episode.trace_lines(by_role(ada=2.0))]
    assert sum("seconds" in line for line in partly) == 1
    assert "latency" not in partly[-1]


@settings(max_examples=60, deadline=None)
@given(seeds, rates)
def test_the_longest_chain_is_no_longer_than_the_steps_nor_these_than_all_the_work(lab, seed, failing):
    episode = lab.play(lab.begin(seed), lab.Erratic(failing), seed)

    def seconds(call, answer):
        return float(random.Random(call.key).randint(1, 9))

    taken = latency(episode.trace, seconds, tool_seconds=1.0)
    longest = {}
    for event in episode.trace:
        if isinstance(event, Performed):
            model = isinstance(event.operation, ModelCall)
            own = seconds(event.operation, event.result) if model else 1.0
            longest[event.step] = max(longest.get(event.step, 0.0), own)
    assert taken.steps == sum(longest.values())
    assert max(longest.values(), default=0.0) <= taken.path <= taken.steps <= taken.work
