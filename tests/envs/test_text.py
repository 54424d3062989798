"""The text face: what it shows, what it takes, how it ends, and that nothing raises out of `step`."""

import json
import math

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from hypothesis import given, settings
from hypothesis import strategies as st

from mas2_env.backends.scripted import Scripted
from mas2_env.envs.text import MAX_ACTION, TextEnv
from mas2_env.errors import Breakdown, DataError
from mas2_env.execution.operation import Failure
from mas2_env.execution.trace import Decided, Rejected
from mas2_env.prompts import parse_json, render_observation
from mas2_env.reward import count_tokens

TEMPLATE = '{"roles": [{"name": "solver"}], "output": "solver"}'
ASSIGNMENT = '{"backbones": {"solver": "small"}}'


def right(call):
    a = int(call.item.query.split()[2])
    return f"Answer: {2 * a}"


def test_an_episode_from_query_to_outcome(text_env):
    env = text_env(backend=Scripted(right))
    observation, info = env.reset(seed=3, options={"item": 2})
    assert observation["stage"] == 0
    assert "What is 2 + 2?" in observation["text"]
    assert parse_json(observation["json"]) == env.episode.observe()
    assert info["item"] == "sums/2"
    observation, reward, terminated, truncated, info = env.step(
        f"I would use one role:\n```json\n{TEMPLATE}\n```"
    )
    assert (observation["stage"], reward, terminated, truncated) == (1, 0.0, False, False)
    observation, reward, terminated, truncated, info = env.step(ASSIGNMENT)
    assert (observation["stage"], terminated, truncated) == (3, True, False)
    assert observation["json"] == '{"stage":"done"}'
    assert reward == info["reward"] == env.episode.outcome.reward > 0
    assert (info["outcome"], info["score"], info["answer"], info["answered"]) == ("success", 1.0, "4", True)
    assert info["metrics"] == {"em": 1.0}


def test_a_decision_is_paid_for_by_its_prompt_and_its_text(text_env):
    env = text_env(backend=Scripted(right))
    prompts = [env.reset(seed=0)[0]["text"], env.step(TEMPLATE)[0]["text"]]
    _, _, _, _, info = env.step(ASSIGNMENT)
    assert info["meta_prompt_tokens"] == sum(map(count_tokens, prompts))
    assert info["meta_completion_tokens"] == count_tokens(TEMPLATE) + count_tokens(ASSIGNMENT)
    meta = env.pool[env.pool.meta]
    assert info["meta_cost"] == meta.cost(info["meta_prompt_tokens"], info["meta_completion_tokens"])
    assert info["cost_ratio"] == (info["cost"] + info["meta_cost"]) / info["reference_cost"]


def test_the_style_sets_the_text(text_env):
    for style in ("full", "compact"):
        env = text_env(style=style)
        observation, _ = env.reset(seed=0)
        assert observation["text"] == render_observation(env.episode.observe(), style)
    with pytest.raises(ValueError, match="'full' or 'compact'"):
        text_env(style="huge")


def test_an_invalid_decision_gives_the_same_stage_with_its_problems(text_env):
    env = text_env()
    env.reset(seed=0)
    wrong = '{"roles": [{"name": "solver", "tools": ["ad"]}], "output": "solver"}'
    observation, reward, terminated, truncated, info = env.step(wrong)
    assert (observation["stage"], reward, terminated, truncated) == (0, 0.0, False, False)
    assert "did you mean 'add'" in info["problems"][0]
    assert "did you mean 'add'" in observation["text"]
    assert json.loads(observation["json"])["problems"] == list(info["problems"])
    for _ in range(2):
        observation, reward, terminated, truncated, info = env.step(ASSIGNMENT)
    assert (reward, terminated, info["outcome"], info["reason"]) == (
        0.0,
        True,
        "failure",
        "invalid decisions",
    )
    assert info["invalid"] == 3
    assert info["meta_cost"] > 0


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (None, "of type NoneType"),
        (b"{}", "of type bytes"),
        (np.full(3, np.nan), "of type ndarray"),
        ("x" * 10**7, "10,000,000 characters"),
        ("{" * (MAX_ACTION - 1), "$: "),
        ("\ud800", "$: "),
        (ASSIGNMENT, "$"),
    ],
)
def test_bad_actions_are_problems(text_env, action, problem):
    env = text_env()
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(action)
    assert (reward, terminated) == (0.0, False)
    assert problem in info["problems"][0]


def test_ten_megabytes_cost_what_their_tokens_cost(text_env):
    env = text_env()
    observation, _ = env.reset(seed=0)
    env.step("x" * 10**7)
    rejected = next(event for event in env.episode.trace if isinstance(event, Rejected))
    assert rejected.usage.completion_tokens == 2_500_000
    assert rejected.usage.prompt_tokens == count_tokens(observation["text"])


def test_a_numpy_string_is_a_string(text_env):
    env = text_env()
    env.reset(seed=0)
    assert env.step(np.str_(TEMPLATE))[0]["stage"] == 1
    assert any(isinstance(event, Decided) for event in env.episode.trace)


def test_methods_of_a_kind_of_string_are_not_called(text_env):
    class Odd(str):
        def __len__(self):
            raise RuntimeError

        __str__ = strip = __iter__ = __len__

    env = text_env()
    env.reset(seed=0)
    assert env.step(Odd(TEMPLATE))[0]["stage"] == 1


def test_a_failure_calls_the_rectifier(text_env):
    def fails_once(call):
        return Failure("timeout", "no answer in 60 s", 100, 0) if call.attempt == 0 else right(call)

    env = text_env(backend=Scripted(fails_once))
    env.reset(seed=0)
    env.step(TEMPLATE)
    observation, _, terminated, _, _ = env.step(ASSIGNMENT)
    assert (observation["stage"], terminated) == (2, False)
    assert "no answer in 60 s" in observation["text"]
    _, reward, terminated, _, info = env.step('{"edits": [{"type": "retry", "turn": "solver#0@0"}]}')
    assert terminated
    assert reward > 0
    assert (info["rectifications"], info["failures"]) == (1, 1)


def test_infrastructure_that_breaks_down_truncates_without_a_reward(text_env):
    class Down:
        def complete(self, calls):
            return [Breakdown("the provider is down") for _ in calls]

    env = text_env(backend=Down())
    env.reset(seed=0)
    env.step(TEMPLATE)
    _, reward, terminated, truncated, info = env.step(ASSIGNMENT)
    assert math.isnan(reward)
    assert (terminated, truncated) == (False, True)
    assert info["outcome"] == "void"
    assert "the provider is down" in info["reason"]


def test_the_seed_chooses_the_item_and_the_draws(text_env):
    env = text_env()
    first = [env.reset(seed=5)[1], env.reset()[1], env.reset()[1]]
    again = [env.reset(seed=5)[1], env.reset()[1], env.reset()[1]]
    assert first == again
    assert len({info["item"] for info in first}) == len({info["seed"] for info in first}) == 3
    assert env.reset(seed=6)[1]["item"] != first[0]["item"]


def test_options_choose_the_item_without_moving_later_draws(text_env):
    env = text_env()
    env.reset(seed=5)
    plain = env.reset()[1]
    for item in ("sums/7", 7, np.int64(7), "Sums:sums/7"):
        _, info = env.reset(seed=5, options={"item": item})
        assert info["item"] == "sums/7"
        assert env.reset()[1] == plain


def test_options_may_change_settings_for_one_episode(text_env):
    env = text_env()
    env.reset(seed=5, options={"settings": {"max_invalid": 0}})
    assert env.step("?")[2]
    env.reset(seed=5)
    assert not env.step("?")[2]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"items": 1}, ValueError, "did you mean 'item'"),
        ({"item": 1.5}, ValueError, "expected an index or an id"),
        ({"item": -1}, IndexError, "is -1"),
        ({"task": "Sum"}, ValueError, "did you mean 'Sums'"),
        ({"settings": {"budgets": 1}}, ValueError, "did you mean 'budget'"),
        ({"settings": {"limits": {"max_turns": 10**6}}}, ValueError, "has room for 512"),
        ({"settings": {"budget": object()}}, ValueError, "settings: "),
        ({"settings": []}, ValueError, "expected values by field"),
        ([("item", 1)], ValueError, "expected a dict with keys of item, task, settings"),
        ("item", ValueError, "options is 'item', expected a dict"),
    ],
)
def test_wrong_options_are_errors(text_env, options, error, message):
    with pytest.raises(error, match=message):
        text_env().reset(options=options)


def test_arguments_are_checked(text_env):
    with pytest.raises(ValueError, match="did you mean 'reward'"):
        text_env(rewards="cost")
    with pytest.raises(ValueError, match="settings: "):
        text_env(budget="much")
    with pytest.raises(ValueError, match="did you mean 'ansi'"):
        text_env(render_mode="ansii")
    assert text_env(limits={"max_roles": 3}).settings.limits.max_roles == 3
    for wrong, said in (
        ({"budget": math.nan}, "budget is nan, expected a finite multiple of the reference cost"),
        ({"max_invalid": -1}, "max_invalid is -1, expected at least 0"),
        ({"limits": {"max_roles": 0}}, r"max_roles is 0, expected at least 1 - at `\$.limits`"),
    ):
        with pytest.raises(ValueError, match=said):
            text_env(**wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": 3}, "task is 3, expected the name of a registered task"),
        ({"task": ["gsm8k", None]}, "expected the name of a registered task"),
        ({"task": "gsm8k", "path": 3}, "path is 3, expected the path of a file"),
        ({"task": "gsm8k", "path": {"gsm8k": 3}}, "expected the path of a file, or paths by the names"),
        ({"task": "gsm8k", "task_seed": "7"}, "task_seed is '7', expected an integer"),
        ({"task": "gsm8k", "backend": None}, "backend is None, expected the name of a registered backend"),
    ],
)
def test_arguments_of_another_type_are_named(arguments, message):
    with pytest.raises(TypeError, match=message):
        TextEnv(**arguments)


def test_steps_before_reset_and_after_the_end_follow_gymnasium(text_env):
    env = text_env(max_invalid=0)
    with pytest.raises(ResetNeeded):
        env.step(TEMPLATE)
    env.reset(seed=0)
    *_, info = env.step("?")
    with pytest.warns(UserWarning, match="after the episode ended"):
        observation, reward, terminated, truncated, later = env.step("?")
    assert (observation["stage"], reward, terminated, truncated) == (3, 0.0, True, False)
    assert later == info
    env.close()
    env.close()


def test_an_unknown_id_is_a_clear_error():
    env = gymnasium.make("mas2/GSM8K-v0")
    with pytest.raises(DataError):
        env.reset(options={"item": "no-such-item"})


JUNK = st.one_of(
    st.none(),
    st.binary(max_size=8),
    st.integers(),
    st.floats(),
    st.lists(st.integers(), max_size=3),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=200),
    st.sampled_from([TEMPLATE, ASSIGNMENT, '{"edits": []}', '{"edits": [{"type": "retry", "turn": "?"}]}']),
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["solver", "small", "vote", "send"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["roles", "channels", "output", "name", "kind", "type", "edits", "backbones"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(json.dumps),
)


@settings(max_examples=150, deadline=None)
@given(actions=st.lists(JUNK, min_size=1, max_size=8), seed=st.integers(0, 99))
def test_no_action_raises(actions, seed):
    env = gymnasium.make("mas2/GSM8K-v0", disable_env_checker=True).unwrapped
    assert isinstance(env, TextEnv)
    env.reset(seed=seed)
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(action)
        assert observation in env.observation_space
        assert type(terminated) is type(truncated) is bool
        assert ("outcome" in info) is terminated
        assert reward == 0.0 or terminated
        if terminated:
            break
