"""A policy and many episodes."""

import sys

import pytest

from mas2_env import Assignment, Episode, Rectification, Role, Send, Settings, Template
from mas2_env.errors import PolicyError
from mas2_env.runs.fixed import Fixed
from mas2_env.runs.rollout import rollout


class Solo:
    """One solver on the small backbone."""

    def __init__(self):
        self.batches = []

    def decide(self, observations):
        self.batches.append(len(observations))
        answers = {
            "generate": Template((Role("s"),), output="s"),
            "implement": Assignment({"s": "small"}),
            "rectify": Rectification(),
        }
        return [answers[observation.stage] for observation in observations]


def episodes(sums, pool, n):
    return (Episode(sums.item(i), pool, Settings(), i) for i in range(n))


def test_every_episode_comes_back_done(sums, pool, scripted):
    policy = Solo()
    backend = scripted(lambda call: f"Answer: {call.item.truth.answer}")
    done = list(rollout(policy, episodes(sums, pool, 10), backend, batch=4))
    assert sorted(episode.item.id for episode in done) == [f"sums/{i}" for i in range(10)]
    assert all(episode.outcome.kind == "success" for episode in done)
    assert max(policy.batches) == 4


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_the_batch_size_changes_nothing(sums, pool, scripted, batch):
    backend = scripted(lambda call: f"Answer: {call.key[0] % 7}")
    done = rollout(Solo(), episodes(sums, pool, 12), backend, batch)
    traces = {episode.item.id: list(episode.trace_lines()) for episode in done}
    alone = rollout(Solo(), episodes(sums, pool, 12), backend, 1)
    assert traces == {episode.item.id: list(episode.trace_lines()) for episode in alone}


def test_a_fixed_policy_gives_every_role_its_backbone(sums, pool, scripted):
    policy = Fixed(Template((Role("a"), Role("b")), (Send("a", "b"),), "b"), {"a": "small", "b": "large"})
    backend = scripted(lambda call: call.backbone)
    (done,) = rollout(policy, episodes(sums, pool, 1), backend)
    assert done.system.assignment.backbones == {"a": "small", "b": "large"}


def test_a_policy_that_raises_is_named_with_stage_and_item(sums, pool, scripted):
    class Broken:
        def decide(self, observations):
            raise KeyError("temperature")

    with pytest.raises(
        PolicyError, match=r"policy Broken raised KeyError at stage 'generate', item sums/0.*temperature"
    ):
        list(rollout(Broken(), episodes(sums, pool, 1), scripted(lambda call: "")))


def test_a_policy_that_exits_does_not_end_the_run_in_silence(sums, pool, scripted):
    class Leaving:
        def decide(self, observations):
            sys.exit(0)

    with pytest.raises(PolicyError, match="policy Leaving raised SystemExit at stage 'generate'"):
        list(rollout(Leaving(), episodes(sums, pool, 1), scripted(lambda call: "")))


@pytest.mark.parametrize(("answers", "said"), [([], "answered 0 of 1"), (None, "must return a sequence")])
def test_a_policy_that_does_not_answer_is_told_so(sums, pool, scripted, answers, said):
    class Silent:
        def decide(self, observations):
            return answers

    with pytest.raises(PolicyError, match=said):
        list(rollout(Silent(), episodes(sums, pool, 1), scripted(lambda call: "")))


def test_nonsense_from_a_policy_is_an_invalid_decision(sums, pool, scripted):
    class Nonsense:
        def decide(self, observations):
            return [42 for _ in observations]

    (episode,) = rollout(Nonsense(), episodes(sums, pool, 1), scripted(lambda call: ""))
    assert episode.outcome.reason == "invalid decisions"
