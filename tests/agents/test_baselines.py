"""The scripted baselines: their workflows, the backbone they share, and how they mend."""

import pytest
from mas2_agents.cot import ChainOfThought
from mas2_agents.debate import Debate
from mas2_agents.direct import Direct
from mas2_agents.reflexion import Reflexion
from mas2_agents.scripted import median_backbone
from mas2_agents.self_consistency import SelfConsistency

from mas2_env.episode import Episode
from mas2_env.errors import PolicyError
from mas2_env.execution.compile import compile_template
from mas2_env.observation import BackboneView
from mas2_env.plugins import make_policy, make_task
from mas2_env.pool import load_pool
from mas2_env.settings import Settings
from mas2_env.system.model import Limits, Rectification, Retry
from mas2_env.system.validate import check_template

BASELINES = ["direct", "cot", "self-consistency", "debate", "reflexion"]
TASKS = ["hotpotqa", "gsm8k", "humaneval"]


def observe(task="gsm8k", limits=None):
    settings = Settings(limits=limits or Limits())
    return Episode(make_task(task).item(0), load_pool(), settings).observe()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", BASELINES)
def test_templates_are_valid(name, task):
    observation = observe(task)
    (template,) = make_policy(name).decide([observation])
    assert check_template(template, [tool.name for tool in observation.tools], observation.limits) == []


@pytest.mark.parametrize(
    "limits", [Limits(max_copies=1), Limits(max_roles=2), Limits(max_rounds=1, max_revisions=1, max_turns=7)]
)
@pytest.mark.parametrize("name", BASELINES)
def test_templates_keep_within_small_limits(name, limits):
    (template,) = make_policy(name).decide([observe(limits=limits)])
    assert check_template(template, ["calculator"], limits) == []


def turns(policy):
    return compile_template(policy.decide([observe()])[0]).turns


def test_workflows():
    assert turns(Direct()) == ("solver#0@0",)
    assert turns(ChainOfThought()) == ("solver#0@0",)
    assert turns(SelfConsistency(samples=2)) == ("solver#0@0", "solver#1@0", "pool#0@0")
    assert len(turns(SelfConsistency())) == 5 + 1
    assert len(turns(Debate())) == 3 * (1 + 2) + 1
    assert len(turns(Reflexion())) == (1 + 2) + 2


@pytest.mark.parametrize("task", TASKS)
def test_all_but_direct_use_the_tools_that_are_offered(task):
    observation = observe(task)
    offered = tuple(tool.name for tool in observation.tools)
    assert offered
    for policy in (ChainOfThought(), SelfConsistency(), Debate(), Reflexion()):
        assert policy.decide([observation])[0].roles[0].tools == offered
    assert Direct().decide([observation])[0].roles[0].tools == ()
    assert ChainOfThought(tools=False).decide([observation])[0].roles[0].tools == ()


def test_median_backbone_does_not_depend_on_the_order_of_the_pool():
    views = [
        BackboneView(name, "", price, 4 * price, 1000)
        for name, price in zip("abcd", (5, 1, 9, 3), strict=True)
    ]
    assert median_backbone(views) == median_backbone(views[::-1]) == "d"
    assert median_backbone(views[:3]) == "a"


@pytest.mark.parametrize("name", BASELINES)
def test_every_role_gets_the_same_backbone(name):
    policy = make_policy(name)
    episode = Episode(make_task("gsm8k").item(0), load_pool())
    episode.decide(policy.decide([episode.observe()])[0])
    (assignment,) = policy.decide([episode.observe()])
    assert set(assignment.backbones.values()) == {median_backbone(episode.observe().backbones)}


def test_backbone_that_the_pool_lacks_is_named():
    episode = Episode(make_task("gsm8k").item(0), load_pool())
    policy = Direct(backbone="no-such-model")
    episode.decide(policy.decide([episode.observe()])[0])
    with pytest.raises(PolicyError, match=r"'no-such-model' is not in the pool.*it holds"):
        policy.decide([episode.observe()])


def test_failures_are_retried_and_a_passed_budget_is_passed_over(play):
    done, seen = play(Debate(), failing=0.2, items=30, settings=Settings(budget=1.0))
    triggers = {observation.execution.trigger for observation in seen if observation.stage == "rectify"}
    assert ("budget",) in triggers
    for observation in seen:
        if observation.stage == "rectify":
            (decision,) = Debate().decide([observation])
            failed = [f.turn for f in observation.execution.failures]
            expected = failed if "failure" in observation.execution.trigger else []
            assert decision == Rectification(tuple(Retry(turn) for turn in failed if turn in expected))
    assert all(episode.outcome.invalid == 0 for episode in done)
    assert sum(episode.outcome.edits for episode in done) > 0


@pytest.mark.parametrize("name", [*BASELINES, "random"])
def test_batching_changes_nothing(name, play):
    alone, _ = play(make_policy(name), items=8, batch=1)
    together, _ = play(make_policy(name), items=8, batch=8)
    assert [episode.outcome for episode in alone] == [episode.outcome for episode in together]
