"""Trigger, rectification, resuming, forking, money: what an execution promises."""

import asyncio
import pickle
from contextlib import nullcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env import (
    Assignment,
    Critique,
    Debate,
    Episode,
    InvalidDecision,
    Metered,
    Rectification,
    Role,
    Send,
    Settings,
    Template,
    Usage,
    Vote,
)
from mas2_env.errors import Breakdown
from mas2_env.execution.drive import run_async, run_sync
from mas2_env.execution.operation import Failure, Reply, ToolOutput
from mas2_env.execution.trace import Decided, Performed, Rejected
from mas2_env.execution.trigger import Trigger, look
from mas2_env.system.model import ChangeRole, Reassign, Rebuild, Retry, Skip, System
from mas2_env.task import Score, ToolUse

CHAIN = Template((Role("a"), Role("b"), Role("c")), (Send("a", "b"), Send("b", "c")), "c")


def failing_once(role):
    """Answers 4, but `role`'s first attempt is unavailable."""

    def script(call):
        if call.turn.role == role and call.attempt == 0 and call.backbone == "small":
            return Failure("unavailable", "503 from the provider", 100, 0)
        return f"{call.turn.role}. Answer: 4"

    return script


def test_a_failed_operation_calls_the_rectifier(begin, scripted):
    episode = begin(CHAIN)
    run_sync(episode, scripted(failing_once("b")))
    assert episode.stage == "rectify"
    seen = episode.observe().execution
    assert seen.trigger == ("failure",)
    assert [(f.turn, f.backbone, f.kind) for f in seen.failures] == [("b#0@0", "small", "unavailable")]
    assert [(t.turn, t.status) for t in seen.turns] == [
        ("a#0@0", "done"),
        ("b#0@0", "failed"),
        ("c#0@0", "waiting"),
    ]


def test_retry_performs_the_failed_operation_once_more_and_nothing_else(begin, scripted):
    episode, backend = begin(CHAIN), scripted(failing_once("b"))
    run_sync(episode, backend)
    episode.decide(Rectification((Retry("b#0@0"),)))
    run_sync(episode, backend)
    assert backend.asked() == ["a#0@0/0", "b#0@0/0", "b#0@0/0~1", "c#0@0/0"]
    assert episode.outcome.kind == "success"
    assert (episode.outcome.triggers, episode.outcome.rectifications, episode.outcome.failures) == (1, 1, 1)


def test_going_on_unchanged_leaves_the_message_missing(begin, scripted):
    episode, backend = begin(CHAIN), scripted(failing_once("b"))
    run_sync(episode, backend)
    episode.decide(Rectification())
    run_sync(episode, backend)
    assert backend.calls[-1].turn.role == "c"
    assert backend.calls[-1].messages == ()


def test_without_a_rectifier_nobody_is_asked(begin, scripted):
    episode = begin(CHAIN, rectifier=False)
    run_sync(episode, scripted(failing_once("b")))
    assert episode.stage == "done"
    assert episode.outcome.triggers == 1
    assert episode.outcome.rectifications == 0


def test_after_an_edit_finished_work_is_kept_and_nothing_is_paid_twice(begin, scripted):
    episode, backend = begin(CHAIN), scripted(failing_once("b"))
    run_sync(episode, backend)
    before = episode.spent
    episode.decide(Rectification((Reassign("b", "large"), ChangeRole("c", prompt="check twice"))))
    assert episode.spent == before
    run_sync(episode, backend)
    assert [(c.turn.role, c.backbone) for c in backend.calls[2:]] == [("b", "large"), ("c", "small")]


def test_an_edit_upstream_runs_again_what_depends_on_it(begin, scripted):
    episode, backend = begin(CHAIN), scripted(failing_once("c"))
    run_sync(episode, backend)
    episode.decide(Rectification((Reassign("a", "large"), Retry("c#0@0"))))
    run_sync(episode, backend)
    assert [c.turn.role for c in backend.calls[3:]] == ["a", "c"]  # b is given the same text as before


def test_a_skipped_turn_is_done_without(begin, scripted):
    episode, backend = begin(CHAIN), scripted(failing_once("b"))
    run_sync(episode, backend)
    episode.decide(Rectification((Skip("b#0@0"),)))
    run_sync(episode, backend)
    assert [c.turn.role for c in backend.calls] == ["a", "b", "c"]


def test_a_rebuilt_system_starts_from_the_same_state(begin, scripted):
    episode, backend = begin(CHAIN), scripted(failing_once("b"))
    run_sync(episode, backend)
    rebuilt = System(
        Template((Role("a"), Role("z")), (Send("a", "z"),), "z"), Assignment({"a": "small", "z": "large"})
    )
    episode.decide(Rectification((Rebuild(rebuilt),)))
    run_sync(episode, backend)
    assert episode.system == rebuilt
    assert [c.turn.role for c in backend.calls] == ["a", "b", "z"]


def test_the_trigger_fires_at_each_multiple_of_the_budget(begin, scripted):
    names = ("a", "b", "c", "d", "e")
    chain = Template(tuple(map(Role, names)), tuple(map(Send, names, names[1:])), "e")
    call = 100 * 100 + 10 * 400
    episode = begin(chain, budget=1.5 * call / begin(chain).reference_cost)
    backend = scripted(lambda call: "Answer: 4")
    run_sync(episode, backend)
    assert (episode.observe().execution.trigger, episode.spent) == (("budget",), 2 * call)
    episode.decide(Rectification())
    run_sync(episode, backend)
    assert episode.spent == 4 * call  # 3 calls are exactly 2 θ_C, and not yet more
    episode.decide(Rectification())
    run_sync(episode, backend)
    assert episode.outcome.triggers == 2  # the fifth call crosses 3 θ_C, but nothing is left to mend


def test_at_most_max_rectifications(begin, scripted):
    always = scripted(lambda call: Failure("timeout", "no answer in 30 s"))
    episode = begin(Template((Role("s"),), output="s"), max_rectifications=2)
    run_sync(episode, always)
    for attempt in range(2):
        assert episode.observe().execution.failures[0].attempt == attempt
        episode.decide(Rectification((Retry("s#0@0"),)))
        run_sync(episode, always)
    assert episode.stage == "done"
    assert episode.outcome.reason == "no answer"
    assert [c.id for c in always.calls] == ["s#0@0/0", "s#0@0/0~1", "s#0@0/0~2"]


def test_a_failed_tool_step_is_retried_alone(begin, scripted):
    def script(call):
        if not call.history:
            return Reply("let me add", 100, 10, (ToolUse("add", '{"a": 2, "b": 2}'),))
        return f"Answer: {call.history[-1].output}" if call.attempt else Failure("timeout", "slow")

    episode, backend = begin(Template((Role("s", tools=("add",)),), output="s")), scripted(script)
    run_sync(episode, backend)
    episode.decide(Rectification((Retry("s#0@0"),)))
    run_sync(episode, backend)
    assert backend.asked() == ["s#0@0/0", "s#0@0/1", "s#0@0/1~1"]
    assert episode.outcome.answer == "4"
    assert episode.outcome.tool_calls == 1


def test_tools_asked_for_together_are_one_step(begin, scripted):
    def script(call):
        if not call.history:
            uses = tuple(ToolUse("add", f'{{"a": {i}, "b": {i}}}') for i in range(3))
            return Reply("", 100, 10, uses)
        return "Answer: " + ",".join(step.output for step in call.history)

    episode = begin(Template((Role("s", tools=("add",)),), output="s"))
    run_sync(episode, scripted(script))
    assert episode.outcome.answer == "0,2,4"


def test_a_turn_makes_at_most_max_tool_steps_calls(begin, scripted):
    use = Reply("again. Answer: 1", 100, 10, (ToolUse("add", '{"a": 1, "b": 1}'),))
    episode = begin(Template((Role("s", tools=("add",)),), output="s"), max_tool_steps=3)
    run_sync(episode, scripted(lambda call: use))
    assert episode.outcome.tool_calls == 3
    assert episode.outcome.model_calls == 4


def test_a_model_is_offered_no_tool_once_none_is_left(begin, scripted):
    offered = []

    def script(call):
        offered.append(call.turn.tools)
        return Reply("more", 1, 1, (ToolUse("add", '{"a": 1, "b": 1}'),)) if call.turn.tools else "Answer: 2"

    episode = begin(Template((Role("s", tools=("add",)),), output="s"), max_tool_steps=2)
    run_sync(episode, scripted(script))
    assert offered == [("add",), ("add",), ()]
    assert episode.outcome.answer == "2"


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (ToolUse("add", "{not json"), "must be a JSON object"),
        (ToolUse("add", "[1]"), "must be a JSON object"),
        (ToolUse("dig", "{}"), "not granted; granted are add"),
    ],
)
def test_a_bad_tool_call_is_an_answer(begin, scripted, use, said):
    outputs = []

    def script(call):
        outputs.extend(step.output for step in call.history)
        return "Answer: 4" if call.history else Reply("", 1, 1, (use,))

    run_sync(begin(Template((Role("s", tools=("add",)),), output="s")), scripted(script))
    assert said in outputs[0]


def test_infrastructure_that_breaks_down_voids_the_episode(begin, scripted):
    def script(call):
        raise Breakdown("provider is down")

    episode = begin(CHAIN)
    run_sync(episode, scripted(script))
    assert (episode.outcome.kind, episode.outcome.reward) == ("void", None)
    assert episode.outcome.reason == "provider is down"


def test_what_was_paid_beside_a_breakdown_is_on_record(begin, scripted):
    def script(call):
        return Breakdown("provider is down") if call.turn.copy == 1 else "Answer: 4"

    for drive in (run_sync, lambda episode, backend: asyncio.run(run_async(episode, backend))):
        episode = begin(Template((Role("s", copies=3), Role("v", "vote")), (Vote(("s",), "v"),), "v"))
        drive(episode, scripted(script))
        paid = [event.operation.id for event in episode.trace if isinstance(event, Performed)]
        assert paid == ["s#0@0/0", "s#2@0/0"]
        assert episode.outcome.kind == "void"
        assert episode.outcome.cost == 2 * (100 * 100 + 10 * 400)


def test_a_task_that_raises_voids_the_episode_with_the_reason(begin, scripted):
    def script(call):
        return "Answer: 4" if call.history else Reply("", 1, 1, (ToolUse("add", '{"a": 1}'),))

    episode = begin(Template((Role("s", tools=("add",)),), output="s"))
    run_sync(episode, scripted(script))
    assert episode.outcome.kind == "void"
    assert "Sums.call raised KeyError on item sums/2" in episode.outcome.reason


def test_invalid_decisions_are_observations_and_the_third_ends_the_episode(pool, sums):
    episode = Episode(sums.item(1), pool, Settings(max_invalid=2))
    for left in (1, 0):
        with pytest.raises(InvalidDecision, match="asks for Template"):
            episode.decide(Assignment({}))
        observation = episode.observe()
        assert observation.problems
        assert observation.invalid_left == left
    with pytest.raises(InvalidDecision):
        episode.decide(Assignment({}))
    assert episode.outcome.reason == "invalid decisions"
    assert (episode.outcome.kind, episode.outcome.reward, episode.outcome.invalid) == ("failure", 0.0, 3)


def test_meta_agents_tokens_are_metered_apart_and_counted(pool, sums, scripted):
    def play(**settings):
        episode = Episode(sums.item(2), pool, Settings(**settings))
        episode.decide(Metered(Template((Role("s"),), output="s"), Usage(1000, 100, "large")))
        episode.decide(Metered(Assignment({"s": "small"}), Usage(500, 50)))
        run_sync(episode, scripted(lambda call: "Answer: 4"))
        return episode.outcome

    counted, apart = play(), play(count_meta=False)
    assert counted.meta_cost == apart.meta_cost == 1000 * 1000 + 100 * 4000 + 500 * 100 + 50 * 400
    assert counted.cost == apart.cost == 100 * 100 + 10 * 400
    assert counted.cost_ratio == (counted.cost + counted.meta_cost) / counted.reference_cost
    assert counted.reward < apart.reward


def test_usage_at_the_price_of_an_unknown_backbone_is_an_invalid_decision(pool, sums):
    episode = Episode(sums.item(2), pool)
    with pytest.raises(
        InvalidDecision, match=r"usage.backbone: 'larg' is not in the pool; did you mean 'large'"
    ):
        episode.decide(Metered(Template((Role("s"),), output="s"), Usage(10, 1, "larg")))
    assert episode.observe().problems


def test_money_is_the_sum_over_the_trace(begin, scripted):
    team = (Role("a"), Role("b"), Role("critic", "critique"), Role("v", "vote"))
    template = Template(team, (Debate(("a", "b"), 2), Critique("a", "critic", 2), Vote(("a", "b"), "v")), "v")
    episode = begin(template, backbone="large")
    run_sync(
        episode,
        scripted(lambda call: Reply(f"revise {call.id} Answer: 4", len(call.id), call.turn.round + 1)),
    )
    paid = sum(event.cost for event in episode.trace if isinstance(event, Performed | Decided | Rejected))
    assert paid == episode.outcome.cost + episode.outcome.meta_cost
    assert episode.outcome.cost > 0


def test_a_fork_has_the_same_future_unless_reseeded(begin, scripted):
    def script(call):
        if call.turn.role == "b" and not call.attempt:
            return Failure("timeout", "slow")
        return f"{call.key.hex()} Answer: 4"

    episode = begin(CHAIN)
    run_sync(episode, scripted(script))
    twin, other = episode.fork(), episode.fork(seed=7)
    for each in (episode, twin, other):
        each.decide(Rectification((Retry("b#0@0"),)))
        run_sync(each, scripted(script))
    assert list(twin.trace_lines()) == list(episode.trace_lines())
    texts = [[e.result.text for e in each.trace if isinstance(e, Performed) and hasattr(e.result, "text")]
             for each in (episode, other)]  # fmt: skip
    assert texts[0][0] == texts[1][0]  # the past is the same, and was not paid again
    assert texts[0][1:] != texts[1][1:]
    assert episode.outcome.cost == other.outcome.cost


def test_an_episode_pickles_at_any_stage(begin, scripted):
    backend = scripted(failing_once("b"))
    episode = begin(CHAIN)
    run_sync(episode, backend)
    twin = pickle.loads(pickle.dumps(episode))
    for each in (episode, twin):
        each.decide(Rectification((Retry("b#0@0"),)))
        run_sync(each, backend)
    assert list(twin.trace_lines()) == list(episode.trace_lines())


def test_what_was_not_asked_for_is_refused(begin, scripted):
    episode = begin(CHAIN)
    (call,) = episode.ready()
    with pytest.raises(ValueError, match="ends in Reply or Failure, not in Score"):
        episode.deliver(call, Score(True, 1.0))
    with pytest.raises(ValueError, match="ends in Reply or Failure"):
        episode.deliver(call, ToolOutput("4"))
    episode.deliver(call, Reply("Answer: 4", 1, 1))
    with pytest.raises(ValueError, match="is not ready"):
        episode.deliver(call, Reply("Answer: 4", 1, 1))
    with pytest.raises(ValueError, match="no decision is asked for"):
        episode.observe()


def test_the_trace_is_versioned_json_lines_without_the_gold(begin, scripted):
    episode = begin(Template((Role("s"),), output="s"), item=1234)
    run_sync(episode, scripted(lambda call: "Answer: 5"))
    lines = [msgspec.json.decode(line) for line in episode.trace_lines()]
    assert lines[0] == {"event": "trace", "version": "mas2.trace/1"}
    assert [line["event"] for line in lines[1:]] == [
        "started", "decided", "decided", "performed", "settled", "scored", "ended",
    ]  # fmt: skip
    assert not any(b"2468" in line for line in episode.trace_lines())


def test_a_turn_that_failed_in_one_of_several_tools_stays_failed_after_an_edit_elsewhere(begin, scripted):
    def script(call):
        if call.turn.role == "s" and not call.history:
            uses = (ToolUse("add", '{"a": 1, "b": 1}'), ToolUse("add", '{"a": 2, "b": 2}'))
            return Reply("", 100, 10, uses)
        return "Answer: 4"

    template = Template((Role("s", tools=("add",)), Role("z")), (Send("s", "z"),), "z")
    episode, backend = begin(template), scripted(script)
    episode.deliver(episode.ready()[0], script(episode.ready()[0]))
    first, second = episode.ready()
    episode.deliver(first, Failure("tool", "the tool broke"))
    episode.deliver(second, ToolOutput("4"))
    assert episode.observe().execution.failures[0].kind == "tool"
    episode.decide(Rectification((ChangeRole("z", prompt="alone"),)))
    run_sync(episode, backend)
    assert [call.turn.role for call in backend.calls] == ["z"]
    assert backend.calls[0].messages == ()


def test_all_tools_that_failed_together_are_retried_together(begin, scripted):
    def script(call):
        uses = (ToolUse("add", '{"a": 1, "b": 1}'), ToolUse("add", '{"a": 2, "b": 2}'))
        return "Answer: 4" if call.history else Reply("", 100, 10, uses)

    episode = begin(Template((Role("s", tools=("add",)),), output="s"))
    episode.deliver(episode.ready()[0], script(episode.ready()[0]))
    for operation in episode.ready():
        episode.deliver(operation, Failure("tool", "the tool broke"))
    episode.decide(Rectification((Retry("s#0@0"),)))
    assert [operation.id for operation in episode.ready()] == ["s#0@0/0.0~1", "s#0@0/0.1~1"]
    run_sync(episode, scripted(script))
    assert episode.outcome.kind == "success"


def test_a_tool_known_to_fail_ends_the_turn_before_the_other_tools_are_performed(begin):
    template = Template((Role("s", tools=("add",)), Role("z")), (Send("s", "z"),), "z")
    two, four = ToolUse("add", '{"a": 1, "b": 1}'), ToolUse("add", '{"a": 2, "b": 2}')
    episode = begin(template)
    episode.deliver(episode.ready()[0], Reply("", 1, 1, (two, four)))
    first, second = episode.ready()
    episode.deliver(first, ToolOutput("2"))
    episode.deliver(second, Failure("tool", "the tool broke"))
    episode.decide(Rectification((Reassign("s", "large"),)))
    three = ToolUse("add", '{"a": 1, "b": 2}')
    episode.deliver(episode.ready()[0], Reply("", 1, 1, (three, four)))  # another first tool, the same second
    assert [operation.id for operation in episode.ready()] == ["z#0@0/0"]
    assert [operation.id for operation in episode.fork(seed=3).ready()] == ["z#0@0/0"]


def test_a_skip_holds_while_its_turn_is_there_and_not_in_another_system(begin, scripted):
    def begun():
        episode = begin(CHAIN)
        run_sync(episode, scripted(failing_once("a")))
        episode.decide(Rectification((Skip("a#0@0"),)))
        run_sync(episode, scripted(failing_once("b")))
        return episode, (backend := scripted(failing_once(""))), backend

    episode, backend, _ = begun()
    episode.decide(Rectification((Reassign("a", "large"), Retry("b#0@0"))))
    run_sync(episode, backend)
    assert [call.turn.role for call in backend.calls] == ["b", "c"]
    episode, backend, _ = begun()
    single = System(Template((Role("a"),), output="a"), Assignment({"a": "large"}))
    episode.decide(Rectification((Rebuild(single),)))
    run_sync(episode, backend)
    assert [call.turn.role for call in backend.calls] == ["a"]
    assert episode.outcome.kind == "success"


def test_a_vote_of_other_size_is_another_message(begin, scripted):
    def script(call):
        if call.turn.role == "w" and call.backbone == "small":
            return Failure("timeout", "slow")
        return f"Answer: {4 if call.turn.copy < 2 else 5}"

    team = (Role("s", copies=3), Role("v", "vote"), Role("w"), Role("z"))
    template = Template(team, (Vote(("s",), "v"), Send("v", "w"), Send("v", "z"), Send("w", "z")), "z")
    episode, backend = begin(template, budget=1000.0), scripted(script)
    run_sync(episode, backend)
    episode.decide(Rectification((ChangeRole("s", copies=2), Reassign("w", "large"))))
    run_sync(episode, backend)
    assert [call.messages[0].text[:6] for call in backend.calls if call.turn.role == "w"] == [
        "2 of 3",
        "2 of 2",
    ]


def test_dictionaries_of_a_policy_are_not_the_episodes(pool, sums, scripted):
    mine = Assignment({"a": "small", "b": "small", "c": "small"})
    episode = Episode(sums.item(2), pool)
    episode.decide(CHAIN)
    episode.decide(mine)
    mine.backbones["c"] = "large"
    backend = scripted(failing_once("b"))
    run_sync(episode, backend)
    episode.observe().assignment.backbones["b"] = "large"
    single = System(Template((Role("z"),), output="z"), Assignment({"z": "small"}))
    episode.decide(Rectification((Rebuild(single),)))
    single.assignment.backbones["z"] = "large"
    run_sync(episode, backend)
    assert {call.backbone for call in backend.calls} == {"small"}
    assert b"large" not in b"".join(episode.trace_lines())


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        (Usage(-5, 1), "usage.prompt_tokens: given -5, expected a whole number"),
        (Usage(5, None), "usage.completion_tokens: given None"),
        (Usage(1.5, 1), "usage.prompt_tokens: given 1.5"),
        ({"prompt_tokens": 1}, "usage: given a dict, expected Usage"),
        (Usage(1, 1, ["large"]), "usage.backbone: .'large'. is not in the pool"),
    ],
)
def test_usage_that_cannot_be_priced_is_an_invalid_decision(pool, sums, usage, said):
    episode = Episode(sums.item(2), pool)
    with pytest.raises(InvalidDecision, match=said):
        episode.decide(Metered(Template((Role("s"),), output="s"), usage))
    assert episode.stage == "generate"
    assert list(episode.trace_lines())


def test_a_decision_that_utf8_cannot_hold_is_invalid(pool, sums):
    episode = Episode(sums.item(2), pool)
    with pytest.raises(InvalidDecision, match="lone surrogate"):
        episode.decide(Template((Role("s", prompt="\ud800"),), output="s"))


def test_half_characters_in_replies_and_tool_outputs_are_replaced(begin, scripted):
    def script(call):
        if call.history:
            return "\ud83d\ude00 \ud800 Answer: \udc00"
        return Reply("\ud800", 1, 1, (ToolUse("add", '{"a": "\ud800", "b": "\ud800"}'),))

    episode = begin(Template((Role("s", tools=("add",)),), output="s"))
    run_sync(episode, scripted(script))
    assert episode.outcome.answer == "\ufffd"
    assert b"\xf0\x9f\x98\x80 \xef\xbf\xbd" in b"".join(episode.trace_lines())


def test_an_operation_of_another_fork_is_refused(begin):
    episode = begin(CHAIN)
    twin = episode.fork(seed=1)
    with pytest.raises(ValueError, match="is not ready"):
        twin.deliver(episode.ready()[0], Reply("Answer: 4", 1, 1))


def test_a_task_that_cannot_read_an_answer_voids_the_episode_even_in_a_decision(begin, scripted, sums, pool):
    class Broken(type(sums)):
        def canonical(self, answer):
            raise KeyError(answer)

    team = (Role("a"), Role("b"), Role("v", "vote"))
    template = Template(team, (Vote(("a", "b"), "v"),), "v")
    episode = Episode(Broken().item(2), pool, Settings(budget=0.0))
    episode.decide(template)
    episode.decide(Assignment({"a": "small", "b": "small"}))
    backend = scripted(lambda call: "Answer: 4" if call.turn.role == "a" else Failure("timeout", "slow"))
    run_sync(episode, backend)
    assert (episode.outcome.kind, episode.outcome.reward) == ("void", None)
    assert episode.outcome.reason == "Sums.canonical raised KeyError: '4'"
    assert episode.outcome.cost > 0


def test_what_is_valid_does_not_depend_on_what_was_asked_before(pool, sums):
    """Python takes 1, 1.0 and True to be equal; nobody's decision may stand in for another's."""
    for copies, valid in ((1, True), (1.0, False), (True, False), (1, True)):
        episode = Episode(sums.item(2), pool)
        with nullcontext() if valid else pytest.raises(InvalidDecision, match=f"given {copies}, expected"):
            episode.decide(Template((Role("once", copies=copies),), output="once"))


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 50))
def test_the_budget_fires_once_however_many_multiples_a_step_passes(before, more, threshold):
    after = before + more
    passed = any(before <= k * threshold < after for k in range(1, 401))
    fired = look((), before, after, threshold)
    assert fired == (Trigger(("budget",), ()) if passed else None)


def test_no_more_problems_are_observed_than_can_be_read(pool, sums):
    episode = Episode(sums.item(1), pool)
    with pytest.raises(InvalidDecision):
        episode.decide(Template(tuple(Role(f"r{i}", tools=("x" * 5000,)) for i in range(500)), output="r0"))
    problems = episode.observe().problems
    assert len(problems) == 31
    assert problems[-1].endswith("more problems")
    assert max(map(len, problems)) <= 1000
