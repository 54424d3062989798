"""Ids: found without importing a task, the same for third parties, and whole as JSON."""

import subprocess
import sys
from importlib.metadata import entry_points

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

from mas2_env.envs.registration import env_ids, register

OWN = sorted(
    point.attr
    for point in entry_points(group="mas2.tasks")
    if point.dist is not None and point.dist.name == "mas2-env"
)
IDS = [f"mas2/{task}{face}-v0" for task in (*OWN, "Suite") for face in ("", "-Array")]


def run(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_the_package_registers_every_id():
    found = run("import mas2_env, gymnasium; print(*[i for i in gymnasium.registry if 'mas2' in i])")
    assert set(IDS) <= set(found)


def test_ids_are_known_before_any_task_is_imported():
    assert run("import mas2_env, sys; print([m for m in sys.modules if m.startswith('mas2_tasks')])") == [
        "[]"
    ]


def test_an_argument_that_nothing_takes_is_compared_with_the_tasks_own():
    with pytest.raises(ValueError, match=r"did you mean 'depth'\? .* options of the task are .*breadth"):
        gymnasium.make("mas2/Diagnostic-v0", dept=4)


def test_an_id_may_name_the_module():
    assert run(
        "import gymnasium; print(gymnasium.make('mas2_env:mas2/GSM8K-v0').reset(seed=1)[1]['task'])"
    ) == ["GSM8K"]


def test_registering_again_changes_nothing(recwarn):
    before = dict(gymnasium.registry)
    assert set(IDS) <= set(register())
    assert gymnasium.registry == before
    assert set(IDS) <= set(env_ids())
    assert not recwarn


@pytest.mark.parametrize("env_id", IDS)
def test_a_spec_survives_json_and_makes_the_same_environment(env_id):
    env = gymnasium.make(env_id, budget=5.0, source="procedural", limits={"max_roles": 4})
    spec = EnvSpec.from_json(env.spec.to_json())
    twin = gymnasium.make(spec)
    assert twin.unwrapped.settings == env.unwrapped.settings
    first, second = env.reset(seed=7), twin.reset(seed=7)
    assert (first[1]["item"], first[1]["seed"]) == (second[1]["item"], second[1]["seed"])


def test_a_wrong_argument_of_make_is_named():
    with pytest.raises(ValueError, match="did you mean 'budget'"):
        gymnasium.make("mas2/GSM8K-v0", budgt=5.0)


def test_the_suite_draws_from_all_tasks():
    env = gymnasium.make("mas2/Suite-v0")
    drawn = {env.reset(seed=seed)[1]["task"] for seed in range(80)}
    assert {name.replace("-", "") for name in drawn} == set(OWN)  # ids go by the names of classes
    item = env.reset(options={"task": "GSM8K"})[1]["item"]
    for options in ({"item": f"GSM8K:{item}"}, {"task": "gsm8k", "item": item}):
        info = env.reset(seed=1, options=options)[1]
        assert (info["task"], info["item"]) == ("GSM8K", item)


def test_a_third_partys_task_has_ids_too(third_party):
    for env_id in ("mas2/Riddles-v0", "mas2/Riddles-Array-v0"):
        env = gymnasium.make(env_id)
        assert env.reset(seed=0, options={"item": 3})[1]["item"] == "riddles/3"
    # What the suite is does not depend on what else is installed.
    names = {type(task).__name__ for task in gymnasium.make("mas2/Suite-v0").unwrapped.tasks}
    assert names == set(OWN)
    with pytest.raises(IndexError, match="items 0 to 7"):
        gymnasium.make("mas2/Riddles-v0").reset(options={"item": 9})
