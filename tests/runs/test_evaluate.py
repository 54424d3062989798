"""Policies × tasks × seeds × items, in memory and in a folder."""

import json
import os
from pathlib import Path

import pytest

from mas2_env.errors import DataError, PluginError, PolicyError, PoolError, RunError
from mas2_env.runs.evaluate import evaluate, resume, run
from mas2_env.runs.result import load_result
from mas2_env.settings import Settings

LAB = {"backend": "lab:Flaky"}


def lines(folder):
    return (Path(folder) / "episodes.jsonl").read_text().splitlines()


def keep(folder, number):
    """Leave only the first lines of a journal, as if the run had been killed there."""
    (Path(folder) / "episodes.jsonl").write_text("".join(line + "\n" for line in lines(folder)[:number]))


def whole(folder="whole", **options):
    return evaluate(
        ["lab:Solo", "lab:Wide"], ["lab:Sums"], items=12, seeds=(0, 3), out=folder, **(LAB | options)
    )


def test_run_takes_a_policy_object(lab):
    from lab import Solo

    result = run(Solo(), "lab:Sums", items=6, **LAB)
    assert [outcome.kind for outcome in result.outcomes].count("success") == 2
    assert result.summary.void == 1
    assert result.folder is None


def test_a_run_writes_what_it_was(lab):
    result = whole()
    facts = json.loads(Path("whole/run.json").read_text())
    assert facts["plan"]["tasks"][0]["digest"] == "sums"
    assert facts["plan"]["seeds"] == [0, 3]
    assert [policy["name"] for policy in facts["plan"]["policies"]] == ["Solo", "Wide"]
    assert len(facts["plan"]["pool_digest"]) == 64
    assert {"mas2-env", "python", "numpy"} <= facts["starts"][0]["versions"].keys()
    assert len(lines("whole")) == len(result.records) == result.plan.size == 48
    assert load_result("whole").summary == result.summary


@pytest.mark.parametrize("number", [0, 1, 17, 30, 48])
def test_a_resumed_run_is_the_same_as_one_that_was_not_interrupted(lab, number):
    whole("whole")
    whole("cut")
    keep("cut", number)
    result = resume("cut")
    assert sorted(lines("cut")) == sorted(lines("whole"))
    assert result.summary == load_result("whole").summary
    assert len(result.facts.starts) == 2


def test_batches_do_not_change_a_run(lab):
    whole("one", batch=1)
    whole("many", batch=64)
    assert sorted(lines("one")) == sorted(lines("many"))


def test_workers_do_not_change_a_run(lab):
    whole("one")
    whole("two", workers=2, batch=5, traces=False)
    assert sorted(lines("one")) == sorted(lines("two"))


def test_a_policy_that_raises_in_a_worker_is_named(lab):
    with pytest.raises(PolicyError, match=r"Broken raised RuntimeError at stage 'generate'.*out of ideas"):
        evaluate(["lab:Broken"], ["lab:Sums"], items=12, workers=2, batch=3, out="run", **LAB)


def test_a_policy_that_does_not_pickle_stays_in_one_process(lab):
    class Local:
        def decide(self, observations):
            return []

    with pytest.raises(RunError, match="must pickle to run in 2 processes"):
        evaluate([Local()], ["lab:Sums"], workers=2, **LAB)


def test_a_policy_that_raises_loses_nothing_and_can_be_mended(lab):
    with pytest.raises(
        PolicyError, match=r"raised RuntimeError at stage 'generate', item sums/7.*out of ideas"
    ):
        evaluate(["lab:Broken"], ["lab:Sums"], items=12, out="run", batch=1, **LAB)
    assert len(lines("run")) == 7
    Path("mended").touch()
    assert len(resume("run").records) == 12


def test_a_policy_whose_code_has_changed_is_noted(lab):
    evaluate(["lab:Solo"], ["lab:Sums"], items=2, out="run", **LAB)
    path = lab / "lab.py"
    path.write_text(path.read_text() + "\n# mended\n")
    assert resume("run").facts.starts[-1].notes == (
        "the code of policy Solo has changed since the run began",
    )


def test_void_episodes_are_done_again_when_asked(lab, monkeypatch):
    first = evaluate(["lab:Solo"], ["lab:Sums"], items=20, out="run", **LAB)
    assert first.summary.void == 2
    assert resume("run").summary.void == 2
    assert len(lines("run")) == 20
    monkeypatch.setenv("LAB_UP", "1")
    again = resume("run", retry_void=True)
    assert (again.summary.void, again.summary.episodes) == (0, 20)
    assert len(lines("run")) == 22
    assert len(load_result("run").records) == 20


def test_what_has_changed_keeps_a_run_from_going_on(lab, monkeypatch):
    whole("run")
    monkeypatch.setenv("LAB_DIGEST", "other")
    monkeypatch.setattr("lab.Sums.version", "2")
    before = Path("run/run.json").read_bytes()
    with pytest.raises(RunError) as error:
        resume("run")
    assert "the version of Sums was '1' and is now '2'" in str(error.value)
    assert "the data's digest of Sums was 'sums' and is now 'other'" in str(error.value)
    assert Path("run/run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"settings": Settings(budget=3.0)}, "setting 'budget' was 12.0 and is now 3.0"),
        ({"seeds": (0, 1)}, "seeds were 0, 3 and are now 0, 1"),
        ({"items": 13}, "the number of items of Sums was 12 and is now 13"),
        ({"policies": ["lab:Solo"]}, "policies were Solo, Wide and are now Solo"),
        ({"backend": "simulated"}, "backend was 'lab:Flaky' and is now 'simulated'"),
        ({"traces": True}, "traces was False and is now True"),
    ],
)
def test_asking_for_another_run_than_the_folder_holds_is_an_error(lab, asked, said):
    whole("run")
    with pytest.raises(RunError, match=r"run cannot be resumed: ") as error:
        resume("run", asked=asked)
    assert said in str(error.value)


def test_a_changed_pool_keeps_a_run_from_going_on(lab):
    from importlib.resources import files

    text = (files("mas2_env") / "data" / "pools" / "default.toml").read_text()
    Path("mine.toml").write_text(text)
    whole("run", pool="mine.toml")
    Path("mine.toml").write_text(text + "# a remark\n")
    with pytest.raises(RunError, match=r"the pool was 'default' \(\w+\) and is now 'default' \(\w+\)"):
        resume("run")
    Path("mine.toml").write_text(text.replace("reference", "referense", 1))
    with pytest.raises(PoolError, match="unknown key 'referense'; did you mean 'reference'"):
        resume("run")


def test_a_changed_file_of_the_backend_keeps_a_run_from_going_on(lab, monkeypatch):
    Path("mine.toml").write_text("[troubles]\nunavailable = 0.2\n")
    options = {"items": 12, "backend": "simulated[parameters=mine.toml]"}
    own = evaluate(["lab:Solo"], ["lab:Sums"], out="own", **options)
    shipped = evaluate(["lab:Solo"], ["lab:Sums"], items=12)
    assert sum(o.failures for o in own.outcomes) > sum(o.failures for o in shipped.outcomes)
    assert own.plan.backend == f"simulated[parameters={Path('mine.toml').absolute()}]"
    keep("own", 5)
    folder = Path("own").absolute()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert resume(folder).summary == own.summary
    Path("../mine.toml").rename("moved.toml")
    with pytest.raises(PoolError, match=r"mine\.toml: cannot be read: No such file or directory"):
        resume(folder)
    moved = {"backend": "simulated[parameters=moved.toml]"}
    assert resume(folder, asked=moved).summary == own.summary
    Path("moved.toml").write_text("[troubles]\nunavailable = 0.3\n")
    with pytest.raises(
        RunError, match=r"the parameters of backend 'simulated\[.*moved\.toml\]' have changed"
    ):
        resume(folder, asked=moved)
    with pytest.raises(RunError, match=r"backend was 'simulated\[.*\]' and is now 'simulated'"):
        resume(folder, asked={"backend": "simulated"})


def test_records_of_another_run_are_not_taken_in(lab):
    whole("run")
    evaluate(["lab:Slow"], ["lab:Sums"], items=2, out="other", **LAB)
    path = Path("run/episodes.jsonl")
    path.write_text(path.read_text() + Path("other/episodes.jsonl").read_text())
    with pytest.raises(RunError, match="holds an episode that is not of this run: policy 'Slow'"):
        resume("run")


def test_objects_of_python_come_back_in_python(lab):
    from lab import Solo

    evaluate({"mine": Solo()}, ["lab:Sums"], items=4, out="run", **LAB)
    keep("run", 1)
    with pytest.raises(RunError, match="policy 'mine' of this run was passed as a Python object"):
        resume("run")
    assert len(resume("run", policies={"mine": Solo()}).records) == 4


def test_items_with_one_id_are_found(lab, monkeypatch):
    monkeypatch.setenv("LAB_TWINS", "1")
    with pytest.raises(DataError, match="two of the items have the id 'sums/0'"):
        evaluate(["lab:Solo"], ["lab:Sums"], items=2, **LAB)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"items": None}, RunError, "the items of Sums .* never end"),
        ({"items": 0}, RunError, "0 items are asked for"),
        ({"items": 10**26}, RunError, "items are asked for, expected 1 to 2,147,483,647"),
        ({"seeds": ()}, RunError, "at least one seed|one policy, one task and one seed"),
        ({"seeds": (1, 1)}, RunError, "seed '1' is given twice"),
        ({"batch": 0}, RunError, "batch is 0, expected at least 1"),
        ({"workers": 0}, RunError, "workers is 0"),
        ({"baseline": "nobody"}, RunError, "baseline 'nobody' is not one of the policies Solo"),
        ({"pool": "nowhere.toml"}, PoolError, "nowhere.toml: cannot be read"),
        ({"backend": "nothing"}, PluginError, "no backend is named 'nothing'"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is_written(lab, options, error, said):
    with pytest.raises(error, match=said):
        evaluate(["lab:Solo"], ["lab:Sums"], out="run", **(LAB | options))
    assert not os.path.exists("run")


def test_a_run_that_run_json_could_not_hold_is_not_begun(lab, monkeypatch):
    monkeypatch.setattr("lab.Sums.digest", None)
    with pytest.raises(RunError, match=r"run.json could not hold .*Expected `str`, got `null`.*digest"):
        evaluate(["lab:Solo"], ["lab:Sums"], out="run", **LAB)
    assert not os.path.exists("run")


def test_as_many_items_as_there_may_be_are_not_listed_beforehand(lab):
    class Enough(Exception):
        pass

    def stop(done, total, record):
        assert total == 2**31 - 1
        if done == 9:
            raise Enough

    with pytest.raises(Enough):
        evaluate(["lab:Solo"], ["lab:Sums"], items=2**31 - 1, out="run", progress=stop, **LAB)
    with pytest.raises(Enough):
        resume("run", progress=stop)


def test_an_item_that_the_run_does_not_have_is_not_counted(lab):
    whole("run")
    path = Path("run/episodes.jsonl")
    first = path.read_text().splitlines()[0]
    path.write_text(path.read_text() + first.replace('"sums/0"', '"sums/777"') + "\n")
    with pytest.raises(
        RunError, match=r"whose item 'sums/777' is not among its first .* take their lines out"
    ):
        resume("run")


def test_two_policies_of_one_name_are_told_apart_by_the_user(lab):
    from lab import Solo

    with pytest.raises(RunError, match="policy 'Solo' is given twice; give each a name"):
        evaluate([Solo(), Solo()], ["lab:Sums"], **LAB)
    result = evaluate({"first": Solo(), "second": Solo()}, ["lab:Sums"], items=3, **LAB)
    assert {record.policy for record in result.records} == {"first", "second"}


def test_real_policies_on_a_real_task_with_the_simulated_pool(tmp_path):
    result = evaluate(["direct", "cot"], ["hotpotqa"], items=8, out=tmp_path / "run")
    assert result.summary.episodes == 16
    assert result.summary.baseline == "direct"
