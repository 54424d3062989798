"""`check_env` passes what keeps its promises and names what does not, all at once."""

import pickle
from importlib.metadata import entry_points

import gymnasium
import msgspec
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete

import mas2_env
from mas2_env import InvalidDecision, Settings
from mas2_env.envs.array import ActionCodec, ArrayEnv
from mas2_env.envs.check import EnvCheckError
from mas2_env.envs.check_play import exact_problems
from mas2_env.envs.registration import env_ids
from mas2_env.envs.spaces import Prose
from mas2_env.envs.text import TextEnv
from mas2_env.episode import Episode
from mas2_env.system.model import Template

OWN = sorted(
    point.attr
    for point in entry_points(group="mas2.tasks")
    if point.dist is not None and point.dist.name == "mas2-env"
)
IDS = [f"mas2/{task}{face}-v0" for task in (*OWN, "Suite") for face in ("", "-Array")]


@pytest.mark.parametrize("env_id", IDS)
def test_ours_keep_their_promises(env_id):
    mas2_env.check_env(gymnasium.make(env_id))


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasiums_checker_is_silent(env_id, recwarn, capsys):
    from gymnasium.utils.env_checker import check_env

    check_env(gymnasium.make(env_id).unwrapped)
    assert not recwarn.list
    assert "generate" in capsys.readouterr().out


def test_a_third_partys_task_can_be_checked(third_party):
    for env_id in ("mas2/Riddles-v0", "mas2/Riddles-Array-v0"):
        assert env_id in env_ids()
        mas2_env.check_env(
            gymnasium.make(env_id, style="compact") if "Array" not in env_id else gymnasium.make(env_id)
        )


def problems(env, **arguments):
    with pytest.raises(EnvCheckError) as caught:
        mas2_env.check_env(env, **arguments)
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems
    return str(caught.value)


def made(cls, **arguments):
    """An environment of a class that is only known here, with a spec."""
    spec = gymnasium.envs.registration.EnvSpec(
        "Toy-v0", entry_point=cls, kwargs={"task": "gsm8k", **arguments}
    )
    return gymnasium.make(spec, disable_env_checker=True)


def test_a_task_that_breaks_its_promises_is_told_all_of_them(third_party):
    found = problems(gymnasium.make("mas2/Leaky-v0"))
    assert "`digest` is empty" in found
    assert "truth.distractors is empty" in found
    assert "extract(reply(item, answer, 0)) gives none" in found
    assert "leak at generate: 'QUARTZ-QUARTZ'" in found


def test_an_observation_that_depends_on_the_truth_is_a_leak():
    class Peeking(TextEnv):
        def _info(self):
            return super()._info() | {"hint": len(self.episode.item.truth.answer)}

    assert (
        "leak at generate: (observation, info)[1]['hint'] changes with the item's hidden truth"
        in problems(made(Peeking))
    )


def test_a_mask_that_permits_too_much_is_found(monkeypatch):
    mask = ActionCodec.mask
    monkeypatch.setattr(ActionCodec, "mask", lambda self, shown: np.ones_like(mask(self, shown)))
    monkeypatch.setattr("mas2_env.envs.array._check", lambda values, stage, mask: None)
    found = problems(made(ArrayEnv), episodes=1)
    assert "generate: the permitted action" in found or "could not be finished" in found


def test_two_masks_that_differ_are_found():
    class Torn(ArrayEnv):
        def _info(self):
            return super()._info() | {"action_mask": np.ones_like(self._mask)}

    assert "info['action_mask'] and observation['action_mask'] differ" in problems(made(Torn))


def test_a_ledger_that_does_not_add_up_is_found(monkeypatch):
    class Cheap(TextEnv):
        def step(self, action):
            result = super().step(action)
            if self.episode.outcome is not None:
                self.episode.outcome = msgspec.structs.replace(
                    self.episode.outcome, cost=self.episode.outcome.cost - 1
                )
            return result

    found = problems(made(Cheap))
    assert "but its trace adds up to" in found
    assert "at the pool's prices cost" in found
    assert "the same decisions lead to another episode" in found


def test_forks_that_share_state_are_found(monkeypatch):
    def fork(self, seed=None):
        twin = honest(self, seed)
        twin.trace = self.trace
        return twin

    honest = Episode.fork
    monkeypatch.setattr(Episode, "fork", fork)
    assert "the same decisions cannot be taken again" in problems(made(TextEnv))


def test_a_fork_that_runs_on_in_its_origin_is_found(monkeypatch):
    def fork(self, seed=None):
        twin = honest(self, seed)
        if seed is not None:
            twin.trace = self.trace
        return twin

    honest = Episode.fork
    monkeypatch.setattr(Episode, "fork", fork)
    assert "running a fork changed what it was forked from" in problems(made(TextEnv))


def test_a_new_seed_that_changes_nothing_is_found(monkeypatch):
    honest = Episode.fork
    monkeypatch.setattr(Episode, "fork", lambda self, seed=None: honest(self))
    assert "a new seed leaves draws as they were" in problems(made(TextEnv))


def test_randomness_from_elsewhere_is_found():
    class Drifting(TextEnv):
        count = 0

        def _info(self):
            type(self).count += 1
            return super()._info() | {"count": type(self).count}

    found = problems(made(Drifting))
    assert "made again: step 0 differs in info.count" in found
    assert "Gymnasium's checker: AssertionError" in found


def test_results_that_differ_between_processes_are_found(third_party):
    (third_party / "drift.py").write_text(
        "import os\nfrom mas2_env.envs.text import TextEnv\n\n\n"
        "class Drift(TextEnv):\n"
        "    def _info(self):\n"
        "        return super()._info() | {'process': os.getpid()}\n"
    )
    spec = gymnasium.envs.registration.EnvSpec(
        "Drift-v0", entry_point="drift:Drift", kwargs={"task": "riddles"}
    )
    assert "in another process: step 0 differs in info.process" in problems(gymnasium.make(spec))


def test_an_environment_that_cannot_be_made_elsewhere_is_found():
    assert "the spec cannot be written as JSON" in problems(made(TextEnv))


def test_an_action_that_raises_is_found():
    class Brittle(TextEnv):
        def _decide(self, episode, action):
            action.strip()
            super()._decide(episode, action)

    assert "step raised AttributeError for the action NoneType" in problems(made(Brittle))


def test_a_wrong_type_deep_inside_is_found():
    class Sloppy(TextEnv):
        def _face(self):
            return super()._face() | {"stage": 0.0}

    assert "reset: observation['stage'] is 0.0, expected an int" in problems(made(Sloppy))


def test_other_environments_are_refused():
    with pytest.raises(TypeError, match="EpisodeEnv"):
        mas2_env.check_env(gymnasium.make("CartPole-v1"))


def test_exact_types_all_through():
    space = Dict({"a": Box(0, 1, (2,), np.float32), "b": Discrete(3), "c": Prose(3)})
    good = {"a": np.zeros(2, np.float32), "b": np.int64(2), "c": "xyz"}
    assert list(exact_problems(space, good, "o")) == []
    for key, value in (
        ("a", np.zeros(2)),
        ("a", np.full(2, np.nan, np.float32)),
        ("a", [0.0, 0.0]),
        ("b", True),
        ("b", np.int32(1)),
        ("b", 3),
        ("c", np.str_("xyz")),
        ("c", "wxyz"),
    ):
        assert len(list(exact_problems(space, {**good, key: value}, "o"))) == 1
    assert len(list(exact_problems(space, {"a": good["a"]}, "o"))) == 1


def test_invalid_decisions_of_the_codec_are_plain(sums, pool):
    with pytest.raises(InvalidDecision):
        ActionCodec().decode(None, Episode(sums.item(0), pool, Settings()).observe())
    assert isinstance(
        ActionCodec().decode(ActionCodec().action({"kind[0]": 2}), Episode(sums.item(0), pool).observe()),
        Template,
    )
