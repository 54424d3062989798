"""Finding tasks, policies, backends and commands by name or by route."""

import sys
from importlib.metadata import EntryPoint

import pytest

from mas2_env import plugins
from mas2_env.errors import DataError, PluginError
from mas2_env.plugins import (
    backend_spec,
    find_item,
    import_object,
    load,
    make_backend,
    make_policy,
    make_task,
    names,
    take_item,
)
from mas2_env.pool import load_pool
from mas2_env.task import Item, Truth

TRUTH = Truth("6", ("7",))

MINE = """
class Fixed:
    def __init__(self, seed=None):
        self.seed = seed
    def decide(self, observations):
        return []

class Hungry:
    def __init__(self, model, temperature=0.0):
        pass

class Deaf:
    pass

class Unlucky:
    def __init__(self):
        raise OSError("the weights are not there")

def factory(seed):
    return Fixed(seed=seed * 10)

class Box:
    Inner = Fixed

ready = Fixed(7)
number = 3
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Writes a module `mine` that can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text=MINE, name="mine"):
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
        return name

    write()
    yield write
    for name in ("mine", "crooked", "lacking", "failing"):
        sys.modules.pop(name, None)


@pytest.fixture
def register(monkeypatch):
    """Pretends that entry points are installed."""

    def register(*points):
        found = [EntryPoint(name, value, f"mas2.{group}") for group, name, value in points]
        monkeypatch.setattr(plugins, "entry_points", lambda group: [p for p in found if p.group == group])
        plugins.registered.cache_clear()

    yield register
    monkeypatch.undo()
    plugins.registered.cache_clear()


def test_our_own_are_registered():
    assert {"direct", "cot", "self-consistency", "debate", "reflexion", "random"} <= set(names("policies"))
    assert {"hotpotqa", "gsm8k", "humaneval"} <= set(names("tasks"))
    assert "simulated" in names("backends")


@pytest.mark.parametrize("name", ["hotpotqa", "HotpotQA", "HOTPOTQA"])
def test_the_case_of_a_name_does_not_matter(name):
    assert make_task(name).name == "HotpotQA"


def test_underscores_are_as_good_as_hyphens():
    assert type(make_policy("self_consistency")).__name__ == "SelfConsistency"


@pytest.mark.parametrize(
    ("group", "name", "said"),
    [
        (
            "tasks",
            "hotpotq",
            r"no task is named 'hotpotq'; did you mean 'hotpotqa'\? registered are bamboogle, .*gsm8k",
        ),
        (
            "policies",
            "reflection",
            r"did you mean 'reflexion'\?.*entry-point group 'mas2.policies', or name it as",
        ),
        ("backends", "gpt", r"no backend is named 'gpt'; registered are .*simulated.*; register your own"),
        (
            "commands",
            "fly",
            r"no command is named 'fly'; none is registered|no command is named 'fly'; registered",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_are_known(group, name, said):
    with pytest.raises(PluginError, match=said):
        load(group, name)


def test_a_policy_may_be_a_class_an_object_or_a_factory(mine):
    assert make_policy("mine:Fixed", seed=5).seed == 5
    assert make_policy("mine:Box.Inner", seed=6).seed == 6
    assert make_policy("mine:ready", seed=5).seed == 7
    assert make_policy("mine:factory", seed=5).seed == 50
    from mine import Fixed

    assert make_policy(Fixed, seed=4).seed == 4
    kept = Fixed(3)
    assert make_policy(kept, seed=4) is kept


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("mine", "no policy is named 'mine'"),
        ("mine:", "'mine:' is not a route to an object; expected package.module:Name"),
        ("no where:X", "is not a route to an object"),
        (
            "nowhere:X",
            r"No module named 'nowhere'; is it installed, or in the directory that you run mas2 from\?",
        ),
        ("mine:Fixd", r"mine.py\) has no attribute 'Fixd'; did you mean 'Fixed'\?"),
        ("mine:Deaf", r"policy 'mine:Deaf' is a Deaf without a method decide\(observations\)"),
        ("mine:number", "is a int without a method decide"),
        ("mine:Hungry", "cannot be made without model: only `seed` is given"),
        ("mine:Unlucky", r"cannot be made: OSError: the weights are not there \(.*mine.py:17\)"),
    ],
)
def test_what_is_not_a_policy_is_said_so(mine, route, said):
    with pytest.raises(PluginError, match=said):
        make_policy(route)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "crooked",
            "def f(:\n  pass",
            r"crooked:X.* cannot be imported: SyntaxError: .*--debug shows the whole",
        ),
        (
            "lacking",
            "import torch_of_mine",
            r"No module named 'torch_of_mine'.*; it needs 'torch_of_mine': install it",
        ),
        ("failing", "x = 1\n1 / 0", r"ZeroDivisionError: division by zero \(.*failing.py:2\); --debug shows"),
        (
            "script",
            "import sys\nsys.exit(0)",
            r"script:X.* cannot be imported: SystemExit: 0 \(.*script.py:2\)",
        ),
    ],
)
def test_a_module_that_does_not_import_shows_its_own_error(mine, name, text, said):
    mine(text, name)
    with pytest.raises(PluginError, match=said) as error:
        import_object(f"{name}:X")
    assert error.value.__cause__ is not None, "the plugin's own traceback is kept"


def test_a_broken_plugin_does_not_hide_the_others(register, mine):
    register(("policies", "good", "mine:Fixed"), ("policies", "bad", "nowhere:Gone"))
    assert names("policies") == ("bad", "good")
    assert make_policy("good").seed == 0
    with pytest.raises(
        PluginError, match=r"policy 'bad' of unknown distribution \(nowhere:Gone\) cannot be imported"
    ):
        make_policy("bad")


def test_two_plugins_of_one_name_are_an_error(register):
    register(("tasks", "mine", "a:A"), ("tasks", "mine", "b:B"))
    with pytest.raises(PluginError, match=r"two plugins register the task 'mine': a:A .* and b:B"):
        make_task("mine")


def test_nothing_is_imported_before_it_is_used(register, mine):
    mine("raise RuntimeError('imported')", "failing")
    register(("policies", "eager", "failing:X"))
    assert names("policies") == ("eager",)
    assert "failing" not in sys.modules


def test_what_is_not_a_task_is_said_so(mine):
    with pytest.raises(PluginError, match=r"expected a subclass of mas2_env.task.Task"):
        make_task("mine:Fixed")
    with pytest.raises(
        PluginError, match=r"'mas2_env.task:Task' .* Task does not define digest, extract, find"
    ):
        make_task("mas2_env.task:Task")


BACKENDS = """
from pathlib import Path

class Served:
    def __init__(self, pool, weights: Path | None = None, note: str = "", *, width=1):
        self.given = (pool.name, weights, note, width)

def serve(pool, weights: Path):
    return Served(pool, weights)
"""


def test_options_of_a_backend_stand_in_brackets(mine):
    mine(BACKENDS, "lab_backends")
    made = make_backend('lab_backends:Served[weights=a/b,note="x,y",width=3]', load_pool())
    assert made.given == ("default", "a/b", "x,y", 3)
    assert make_backend("lab_backends:serve[weights=w]", load_pool()).given == ("default", "w", "", 1)
    with pytest.raises(
        PluginError, match=r"has no option 'wdth'; did you mean 'width'\? it has weights, note, width"
    ):
        make_backend("lab_backends:Served[wdth=3]", load_pool())
    with pytest.raises(PluginError, match="backend 'simulated' has no option 'pool'"):
        make_backend("simulated[pool=other]", load_pool())
    with pytest.raises(PluginError, match=r"expected name\[option=value,option=value\]"):
        make_backend("simulated[mine.toml]", load_pool())


def test_a_backend_is_written_down_so_that_any_directory_will_do(mine, tmp_path, monkeypatch):
    mine(BACKENDS, "lab_backends")
    monkeypatch.chdir(tmp_path)
    assert backend_spec("Simulated") == "simulated"
    assert backend_spec("simulated[parameters=a.toml]") == f"simulated[parameters={tmp_path / 'a.toml'}]"
    served = backend_spec("lab_backends:Served[weights=w,note=w]")
    assert served == f"lab_backends:Served[weights={tmp_path / 'w'},note=w]"
    assert backend_spec("lab_backends:serve[weights=w]").endswith(f"serve[weights={tmp_path / 'w'}]")
    assert backend_spec(served) == served


HOUSES = """
from __future__ import annotations
from typing import TYPE_CHECKING
from mas2_env.backends.simulated import Simulated
if TYPE_CHECKING:
    from pathlib import Path
    from mas2_env.pool import Pool

class Typed(Simulated):
    def __init__(self, pool: Pool, weights: Path | None = None) -> None:
        super().__init__(pool)
        self.weights = weights

class Handing(Simulated):
    def __init__(self, pool, *, calls=3, **more):
        super().__init__(pool, **more)

def only(model, /, width=1):
    return Typed(model, weights=width)
"""


def test_options_are_found_whatever_the_style_of_a_backend(mine, tmp_path, monkeypatch):
    """Types for checkers alone, keywords that are handed on, a pool that has no name."""
    mine(HOUSES, "lab_backends")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text("[troubles]\nunavailable = 0.5\n")
    typed = backend_spec("lab_backends:Typed[weights=w]")
    assert typed == f"lab_backends:Typed[weights={tmp_path / 'w'}]"
    assert make_backend(typed, load_pool()).weights == str(tmp_path / "w")
    handing = backend_spec("lab_backends:Handing[calls=2,parameters=a.toml]")
    assert handing == f"lab_backends:Handing[calls=2,parameters={tmp_path / 'a.toml'}]"
    made, plain = make_backend(handing, load_pool()), make_backend("lab_backends:Handing", load_pool())
    assert made.digest != plain.digest
    assert make_backend("lab_backends:only[width=4]", load_pool()).weights == 4
    with pytest.raises(PluginError, match="has no option 'pool'; it has calls, parameters, calibration"):
        make_backend("lab_backends:Handing[pool=other]", load_pool())


def test_a_path_in_brackets_may_begin_at_home(tmp_path, monkeypatch):
    """No shell looks into brackets."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.toml").write_text("[troubles]\nunavailable = 0.5\n")
    spec = "simulated[parameters=~/a.toml]"
    assert backend_spec(spec) == f"simulated[parameters={tmp_path / 'a.toml'}]"
    assert make_backend(spec, load_pool()).digest == make_backend(backend_spec(spec), load_pool()).digest


def test_a_backend_that_cannot_be_made_is_named(mine):
    with pytest.raises(PluginError, match="backend 'mine:Unlucky' cannot be made: TypeError"):
        make_backend("mine:Unlucky", load_pool())


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        (
            lambda task: 1 / 0,
            r"Sums: item\(3\) raised ZeroDivisionError: division by zero \(.*test_plugins.py",
        ),
        (lambda task: ()[5], r"Sums: item\(3\) raised IndexError"),
        (lambda task: None, r"Sums: item\(3\) gave a NoneType, expected an Item"),
        (lambda task: Item(task, 7, "?", TRUTH), r"gave an item whose id is 7, expected a text"),
        (lambda task: Item(task, "sums/3", "\ud800", TRUTH), r"gave an item whose query is '\\ud800'"),
    ],
)
def test_a_task_that_does_not_keep_its_promise_is_named(sums, gives, said):
    class Careless(type(sums)):
        def item(self, index):
            return gives(self)

        def find(self, item_id):
            return self.item(3)

    with pytest.raises(DataError, match=said):
        take_item(Careless(), 3)
    with pytest.raises(DataError, match=r"Sums: find\('sums/3'\) "):
        find_item(Careless(), "sums/3")
