"""The random policy: always valid, never dependent on anything but its seed and what it sees."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_agents.growth import grow
from mas2_agents.random import Random

from mas2_env.episode import Episode
from mas2_env.plugins import make_policy, make_task
from mas2_env.pool import load_pool
from mas2_env.settings import Settings
from mas2_env.system.model import (
    Channel,
    Edit,
    Limits,
    Reassign,
    Rebuild,
    Rectification,
    Retry,
    RoleKind,
    Skip,
)
from mas2_env.system.validate import check_assignment, check_template

TOOLS = ("search", "read", "python")


@settings(max_examples=300, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.builds(
        Limits,
        max_roles=st.integers(1, 12),
        max_copies=st.integers(1, 8),
        max_rounds=st.integers(1, 5),
        max_revisions=st.integers(1, 5),
        max_turns=st.integers(1, 128),
        max_prompt_chars=st.integers(0, 4000),
    ),
    st.lists(st.sampled_from(TOOLS), unique=True).map(tuple),
)
def test_templates_are_valid_by_construction(draw, limits, tools):
    assert check_template(grow(draw, tools, limits), tools, limits) == []


def test_family_is_rich(play):
    _, seen = play(Random(), items=200, failing=0.3)
    templates = [observation.template for observation in seen if observation.stage == "implement"]
    channels = {type(channel) for template in templates for channel in template.channels}
    assert channels == set(get_args(Channel))
    kinds = {role.kind for template in templates for role in template.roles}
    assert kinds == set(get_args(RoleKind))
    assert len(set(templates)) > 150
    assert any(role.copies > 1 for template in templates for role in template.roles)
    backbones = {name for o in seen if o.assignment for name in o.assignment.backbones.values()}
    assert backbones == set(load_pool().names)


@pytest.mark.parametrize("task", ["hotpotqa", "gsm8k", "humaneval"])
def test_no_decision_is_ever_invalid(task, play):
    done, seen = play(Random(3), task=task, items=60, failing=0.35, settings=Settings(budget=2.0))
    assert [episode.outcome.invalid for episode in done] == [0] * 60
    rectifications = [Random(3).decide([o])[0] for o in seen if o.stage == "rectify"]
    kinds = {type(edit) for decision in rectifications for edit in decision.edits}
    assert kinds >= {Retry, Skip, Reassign, Rebuild}
    assert kinds <= set(get_args(Edit))
    assert Rectification() in rectifications


def test_seed_and_observation_decide_alone():
    task = make_task("gsm8k")
    observations = [Episode(task.item(i), load_pool()).observe() for i in range(30)]
    first = Random(1).decide(observations)
    assert first == [Random(1).decide([observation])[0] for observation in observations]
    assert first[::-1] == Random(1).decide(observations[::-1])
    assert first != Random(2).decide(observations)


def test_takes_the_seed_of_the_run():
    assert make_policy("random", seed=7).seed == 7


def test_assignments_are_valid():
    pool, task = load_pool(), make_task("gsm8k")
    for i in range(30):
        episode = Episode(task.item(i), pool)
        episode.decide(Random().decide([episode.observe()])[0])
        (assignment,) = Random().decide([episode.observe()])
        assert check_assignment(assignment, episode.template, pool.backbones) == []
