"""The array face: masked actions are always valid, unmasked ones never raise, and what they can express."""

import math

import gymnasium
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mas2_env import Critique, Debate, InvalidDecision, Role, Send, Settings, Vote
from mas2_env.backends.scripted import Scripted
from mas2_env.envs.array import ActionCodec, ArrayEnv
from mas2_env.envs.encode import SIZE
from mas2_env.envs.layout import (
    AFTER,
    DEBATE,
    GATHER,
    INDEX,
    JUDGE,
    KINDS,
    MASK_SIZE,
    NAMES,
    OPERATIONS,
    REVIEW,
    SIZES,
    STAGE_OF,
    SUMMARISE,
    VOTE,
)
from mas2_env.envs.text import TextEnv
from mas2_env.episode import Episode
from mas2_env.execution.drive import run_sync
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import parse_pool
from mas2_env.system.model import Assignment, Limits, Reassign, Rebuild, Rectification, Retry, Skip, Template

CODEC = ActionCodec()
KIND = {kind: i for i, kind in enumerate(KINDS)}


def describe(*slots, **rest):
    """An action from slots, each a kind and values by name."""
    values = dict(rest)
    for i, (kind, given_values) in enumerate(slots):
        values[f"kind[{i}]"] = KIND[kind]
        values |= {f"{name}[{i}]": value for name, value in given_values.items()}
    return CODEC.action(values)


@pytest.fixture
def decode(sums, pool):
    """Decodes a generate action at an item of sums."""

    def decode(action, limits=None):
        settings = Settings() if limits is None else Settings(limits=limits)
        return CODEC.decode(action, Episode(sums.item(2), pool, settings).observe())

    return decode


def test_a_single_call_and_chain_of_thought(decode):
    template = decode(describe(("solve", {})))
    assert [(role.name, role.kind, role.prompt, role.tools) for role in template.roles] == [
        ("solve1", "solve", "", ())
    ]
    assert (template.channels, template.output) == ((), "solve1")
    thinking = decode(describe(("solve", {"style": 1, "tools": 1})))
    assert (thinking.roles[0].prompt, thinking.roles[0].tools) == ("Work step by step.", ("add",))


def test_self_consistency(decode):
    template = decode(describe(("solve", {"copies": 4}), aggregation=VOTE))
    assert template.roles[0].copies == 5
    assert template.channels == (Vote(("solve1",), "vote"),)
    assert template.output == "vote"


def test_debate_of_copies_and_of_roles(decode):
    template = decode(describe(("solve", {"copies": 2, "relation": DEBATE}), rounds=1, aggregation=VOTE))
    assert Debate(("solve1",), 2) in template.channels
    template = decode(
        describe(
            ("solve", {}), ("code", {"relation": DEBATE}), ("verify", {"relation": DEBATE}), aggregation=JUDGE
        )
    )
    assert Debate(("solve1", "code2", "verify3"), 1) in template.channels
    assert [role.name for role in template.roles][-1] == template.output == "judge"
    assert {Send(name, "judge") for name in ("solve1", "code2", "verify3")} < set(template.channels)


def test_reflexion(decode):
    template = decode(describe(("solve", {}), ("critique", {"relation": REVIEW}), rounds=2))
    assert template.channels == (Critique("solve1", "critique2", 3),)
    assert template.output == "solve1"


def test_pipelines(decode):
    template = decode(
        describe(("plan", {}), ("solve", {"relation": AFTER}), ("summarise", {"relation": AFTER}))
    )
    assert template.channels == (Send("plan1", "solve2"), Send("solve2", "summarise3"))
    template = decode(describe(("search", {"tools": 1}), ("solve", {"relation": AFTER})))
    assert template.roles[0].tools == ("add",)


def test_a_coder_whose_work_a_tester_reviews_with_tools(decode):
    template = decode(
        describe(
            ("plan", {}), ("code", {"relation": AFTER}), ("test", {"relation": REVIEW, "tools": 1}), rounds=1
        )
    )
    assert set(template.channels) == {Send("plan1", "code2"), Critique("code2", "test3", 2)}
    assert template.output == "code2"


def test_gathering_what_is_open(decode):
    template = decode(
        describe(("solve", {}), ("code", {}), ("verify", {"relation": GATHER}), aggregation=SUMMARISE)
    )
    assert template.channels == (
        Send("solve1", "verify3"),
        Send("code2", "verify3"),
        Send("verify3", "summarise"),
    )


def test_roles_that_would_not_matter_are_left_out(decode):
    template = decode(describe(("solve", {}), ("code", {})))
    assert [role.name for role in template.roles] == ["code2"]


def test_a_second_review_becomes_a_step_after(decode):
    template = decode(
        describe(("solve", {}), ("critique", {"relation": REVIEW}), ("verify", {"relation": REVIEW}))
    )
    assert Critique("solve1", "critique2", 1) in template.channels
    assert Send("solve1", "verify3") in template.channels


def test_a_template_is_made_smaller_until_it_keeps_the_limits(decode):
    action = describe(("solve", {"copies": 4, "relation": DEBATE}), rounds=2, aggregation=VOTE)
    assert decode(action).roles[0].copies == 5
    small = decode(action, Limits(max_turns=7))
    assert small.roles[0].copies == 3
    assert Debate(("solve1",), 1) in small.channels


def test_each_role_has_a_backbone_of_its_own(sums, pool):
    episode = Episode(sums.item(2), pool)
    episode.decide(
        CODEC.decode(
            describe(("plan", {}), ("solve", {"relation": AFTER}), aggregation=VOTE), episode.observe()
        )
    )
    decision = CODEC.decode(CODEC.action({"backbone[0]": 1}), episode.observe())
    assert decision == Assignment({"plan1": "large", "solve2": "small"})


@pytest.mark.parametrize(
    ("operation", "edits"),
    [
        ("continue", ()),
        ("retry", (Retry("solve1#0@0"),)),
        ("skip", (Skip("solve1#0@0"),)),
        ("reassign_failed", (Reassign("solve1", "large"), Retry("solve1#0@0"))),
        ("reassign_waiting", (Reassign("verify2", "large"),)),
        ("reassign_role", (Reassign("verify2", "large"),)),
    ],
)
def test_what_the_rectifier_can_do(sums, pool, flaky, operation, edits):
    episode = Episode(sums.item(2), pool)
    episode.decide(CODEC.decode(describe(("solve", {}), ("verify", {"relation": AFTER})), episode.observe()))
    episode.decide(CODEC.decode(CODEC.action({}), episode.observe()))
    run_sync(episode, flaky(1.0))
    values = {"operation": OPERATIONS.index(operation), "target": 1, "replacement": 1}
    assert CODEC.decode(CODEC.action(values), episode.observe()) == Rectification(edits)


def test_changes_of_structure(sums, pool, flaky):
    episode = Episode(sums.item(2), pool)
    team = describe(
        ("solve", {}), ("critique", {"relation": REVIEW}), ("verify", {"relation": AFTER}), rounds=2
    )
    episode.decide(CODEC.decode(team, episode.observe()))
    episode.decide(CODEC.decode(CODEC.action({}), episode.observe()))
    run_sync(episode, flaky(1.0))

    def after(operation):
        twin = episode.fork()
        values = {"operation": OPERATIONS.index(operation), "replacement": 1}
        twin.decide(CODEC.decode(CODEC.action(values), twin.observe()))
        return twin.system

    assert Critique("solve1", "critique2", 1) in after("shorten").template.channels
    assert [role.name for role in after("drop_reviewers").template.roles] == ["solve1", "verify3"]
    assert Critique("verify3", "reviewer") in after("add_reviewer").template.channels
    assert after("add_reviewer").assignment.backbones["reviewer"] == "large"
    assert after("rebuild_single").assignment == Assignment({"solver": "large"})
    assert after("rebuild_vote").template.channels == (Vote(("solver",), "vote"),)


LIMITS = st.builds(
    Limits,
    max_roles=st.integers(1, 12),
    max_copies=st.integers(1, 8),
    max_rounds=st.integers(1, 5),
    max_revisions=st.integers(1, 5),
    max_turns=st.integers(1, 128),
    max_prompt_chars=st.integers(0, 100),
)


@settings(max_examples=120, deadline=None)
@given(limits=LIMITS, seed=st.integers(0, 2**32 - 1), failing=st.floats(0, 1), budget=st.floats(0.5, 20))
def test_every_masked_action_is_valid(limits, seed, failing, budget):
    flaky = _flaky(failing)
    env = ArrayEnv("gsm8k", backend=flaky, budget=budget, limits=msgspec.to_builtins(limits))
    env.action_space.seed(seed)
    _, info = env.reset(seed=seed)
    while "outcome" not in info:
        _, _, _, _, info = env.step(env.action_space.sample(info["action_mask"]))
        assert info["problems"] == ()
    assert info["invalid"] == 0


def test_thousands_of_masked_actions_reach_all_operations(array_env):
    env = array_env(budget=2.0)
    env.action_space.seed(0)
    _, info = env.reset(seed=0)
    seen = set()
    for _ in range(2000):
        action = env.action_space.sample(info["action_mask"])
        if info["stage"] == "rectify":
            seen.add(OPERATIONS[action[INDEX["operation"]]])
        observation, _, terminated, _, info = env.step(action)
        assert info["problems"] == ()
        if terminated:
            assert info["invalid"] == 0
            _, info = env.reset()
    assert seen == set(OPERATIONS)
    assert observation in env.observation_space


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stages=st.integers(0, 3))
def test_every_dimension_and_its_mask_agree(seed, stages):
    """A value that the mask forbids, in a dimension that the stage reads, is refused by name."""
    env = ArrayEnv("gsm8k", backend=_flaky(0.3), budget=3.0)
    env.action_space.seed(seed)
    _, info = env.reset(seed=seed)
    for _ in range(stages):
        _, _, terminated, _, info = env.step(env.action_space.sample(info["action_mask"]))
        if terminated:
            return
    shown, mask = env.shown, info["action_mask"]
    legal = env.action_space.sample(mask)
    begin = 0
    for i, (name, size, stage) in enumerate(zip(NAMES, SIZES, STAGE_OF, strict=True)):
        assert mask[begin : begin + size].any()
        for value in range(size):
            action = legal.copy()
            action[i] = value
            if mask[begin + value] or stage != shown.stage:
                CODEC.decode(action, shown)
            else:
                with pytest.raises(InvalidDecision, match=name.replace("[", r"\[").replace("]", r"\]")):
                    CODEC.decode(action, shown)
        begin += size


def test_the_mask_stands_in_three_places(array_env):
    env = array_env()
    observation, info = env.reset(seed=0)
    assert observation["action_mask"].dtype == info["action_mask"].dtype == np.int8
    assert observation["action_mask"].shape == (MASK_SIZE,) == (sum(SIZES),)
    assert np.array_equal(observation["action_mask"], info["action_mask"])
    assert np.array_equal(env.action_masks(), info["action_mask"] == 1)
    assert observation["action_mask"] is not info["action_mask"]
    assert observation["observation"].shape == (SIZE,)


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (None, "of type NoneType"),
        ("{}", "of type str"),
        (np.full(len(SIZES), np.nan), "of dtype float64"),
        (np.zeros(len(SIZES), dtype=bool), "of dtype bool"),
        (np.zeros(3, dtype=np.int64), "has the shape"),
        (np.zeros((len(SIZES), 1), dtype=np.int64), "has the shape"),
        (np.full(len(SIZES), 99), "kind[0] is 99, expected 0 to 9"),
        (np.full(len(SIZES), -1), "kind[0] is -1"),
        (np.zeros(len(SIZES), dtype=np.int64), "kind[0] is 0, which is masked now"),
        ([[1], [2, 3]], "is no array"),
        ([2**80] * len(SIZES), "of dtype object"),
        ([], "has the shape (0,)"),
    ],
)
def test_bad_actions_are_problems(array_env, action, problem):
    env = array_env()
    env.reset(seed=0)
    for attempt in range(3):
        observation, reward, terminated, truncated, info = env.step(action)
        assert (reward, truncated, terminated) == (0.0, False, attempt == 2)
        assert observation in env.observation_space
        if not terminated:
            assert problem in info["problems"][0]
    assert info["reason"] == "invalid decisions"


ARRAYS = st.one_of(
    st.none(),
    st.lists(st.integers(-2, 20), min_size=len(SIZES), max_size=len(SIZES)),
    st.lists(st.integers(), max_size=5),
    st.lists(st.floats(), min_size=len(SIZES), max_size=len(SIZES)).map(np.array),
    st.tuples(*[st.integers(0, size - 1) for size in SIZES]).map(
        lambda values: np.array(values, dtype=np.int32)
    ),
)


@settings(max_examples=150, deadline=None)
@given(actions=st.lists(ARRAYS, min_size=1, max_size=6), seed=st.integers(0, 99))
def test_no_action_raises(actions, seed):
    env = gymnasium.make("mas2/GSM8K-Array-v0", disable_env_checker=True).unwrapped
    env.reset(seed=seed)
    for action in actions:
        observation, reward, terminated, _, info = env.step(action)
        assert observation in env.observation_space
        assert ("outcome" in info) is terminated
        assert not math.isnan(reward)
        if terminated:
            break


def test_an_array_decision_is_one_that_text_could_give(array_env, text_env):
    """The same decisions through both faces lead to the same outcome, but for what deciding costs."""
    arrays, texts = array_env(count_meta=False), text_env(count_meta=False)
    assert isinstance(texts, TextEnv)
    arrays.action_space.seed(1)
    for seed in range(20):
        _, info = arrays.reset(seed=seed)
        texts.reset(seed=seed)
        while "outcome" not in info:
            action = arrays.action_space.sample(info["action_mask"])
            decision = CODEC.decode(action, arrays.shown)
            assert isinstance(decision, Template | Assignment | Rectification)
            _, reward, _, _, info = arrays.step(action)
            _, other, _, _, same = texts.step(msgspec.json.encode(decision).decode())
        assert (reward, info["answer"], info["cost"]) == (other, same["answer"], same["cost"])


def test_a_system_that_came_from_elsewhere_can_be_decided_on(sums, pool, flaky):
    """The codec also answers observations of templates that it did not make."""
    roles = tuple(Role(f"r{i}") for i in range(9))
    template = Template(roles, tuple(Send(f"r{i}", f"r{i + 1}") for i in range(8)), "r8")
    episode = Episode(sums.item(2), pool)
    episode.decide(template)
    space = CODEC.space
    episode.decide(CODEC.decode(space.sample(CODEC.mask(episode.observe())), episode.observe()))
    run_sync(episode, flaky(1.0))
    for _ in range(200):
        shown = episode.observe()
        episode.fork().decide(CODEC.decode(space.sample(CODEC.mask(shown)), shown))
    assert not any(isinstance(edit, Rebuild) for edit in CODEC.decode(CODEC.action({}), shown).edits)


def _flaky(share):
    def script(call):
        if call.key[0] < share * 256:
            return Failure("unavailable", "503", 100, 0)
        return Reply(f"Answer: {call.key[1] % 4}", 100, 50)

    return Scripted(script)


def test_of_a_large_pool_the_first_sixteen_can_be_named(sums):
    entry = (
        '[[backbone]]\nname = "m{i}"\ndescription = ""\ncontext = 8000\n'
        "usd_per_million_input = 1\nusd_per_million_output = {i}\n"
    )
    entries = "".join(entry.format(i=i) for i in range(20))
    pool = parse_pool(f'name = "many"\nreference = "m0"\n{entries}', "many")
    env = ArrayEnv(sums, pool=pool, backend=_flaky(0.2), budget=2.0)
    env.action_space.seed(0)
    _, info = env.reset(seed=0)
    named = set()
    for _ in range(300):
        observation, _, _, _, info = env.step(env.action_space.sample(info["action_mask"]))
        assert info["problems"] == ()
        assert observation in env.observation_space
        if env.episode.assignment is not None:
            named |= set(env.episode.assignment.backbones.values())
        if "outcome" in info:
            _, info = env.reset()
    assert named == {f"m{i}" for i in range(16)}
