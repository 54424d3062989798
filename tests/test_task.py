"""What every task has from its base class: options, variants, labels, pickles."""

import pickle

import gymnasium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.errors import PluginError
from mas2_env.plugins import make_task
from mas2_env.runs.evaluate import evaluate, resume
from mas2_env.spec import label_of, parse_spec, split_words
from mas2_env.task import Item, Score, Task, ToolUse, Truth


class Sums(Task):
    """Sums of `depth` ones."""

    name = "Sums"
    title = description = answer_format = "sums"
    size = None
    digest = "0"

    def __init__(self, source="procedural", path=None, seed=0, split="all", *, depth=2, unit="one"):
        self.keep_options(depth=depth, unit=unit)
        super().__init__(source, path, seed, split)
        self.depth, self.unit = depth, unit

    def item(self, index):
        return Item(self, f"sums/{index}", f"{self.depth} of {self.unit}?", Truth(str(self.depth), ("0",)))

    def find(self, item_id):
        return self.item(int(item_id.rpartition("/")[2]))

    def extract(self, text):
        return text.rpartition(" ")[2]

    def score(self, item, answer):
        return Score(answer == item.truth.answer, float(answer == item.truth.answer))


ROUTE = f"{__name__}:Sums"


def test_options_stand_in_brackets_behind_the_name():
    assert parse_spec("sums") == ("sums", {})
    assert parse_spec("sums[depth=4, unit=a b,on=true]") == (
        "sums",
        {"depth": 4, "unit": "a b", "on": True},
    )
    assert split_words('a, b[x=1,y=[2,3]],c[z="p,q"]') == ["a", "b[x=1,y=[2,3]]", 'c[z="p,q"]']


@pytest.mark.parametrize("spec", ["sums[depth]", "sums[depth=4", "sums[=4]", "sums[depth=4,depth=5]"])
def test_a_spec_of_another_form_is_refused(spec):
    with pytest.raises(PluginError, match="expected name"):
        parse_spec(spec)


def test_a_label_says_what_differs_from_the_defaults_and_reads_back():
    made = Sums(depth=5, unit="1, or so", split="test")
    assert made.label == 'Sums[depth=5,unit="1, or so",split=test]'
    assert parse_spec(made.label) == ("Sums", made.variant)
    assert Sums().label == "Sums" == label_of("Sums", {})


@given(st.dictionaries(st.sampled_from(("depth", "unit", "on")), st.text() | st.integers() | st.booleans()))
def test_whatever_an_option_is_a_label_reads_back(variant):
    assert parse_spec(label_of("Sums", variant)) == ("Sums", variant)
    assert split_words(f"{label_of('Sums', variant)},other") == [label_of("Sums", variant), "other"]


def test_a_task_pickles_as_its_class_and_arguments():
    again = pickle.loads(pickle.dumps(Sums(seed=3, depth=7, split="train")))
    assert (again.seed, again.depth, again.split, again.unit) == (3, 7, "train", "one")


class Deep(Sums):
    """Sums whose depth is another by default, and whose unit is not the caller's to choose."""

    def __init__(self, source="procedural", path=None, seed=0, split="all", *, depth=8, last=0):
        self.keep_options(last=last)
        super().__init__(source, path, seed, split, depth=depth, unit="two")


def test_a_subclass_has_the_options_and_defaults_of_its_own_constructor():
    assert Deep().options == {}
    assert Deep(depth=2).label == "Sums[depth=2]"
    assert Deep(depth=2, last=1).options == {"last": 1, "depth": 2}
    again = pickle.loads(pickle.dumps(Deep(depth=2)))
    assert (again.depth, again.unit) == (2, "two")
    Deep(depth=2).options["depth"] = 3
    assert Deep(depth=2).options == {"depth": 2}


class Handing(Sums):
    """Sums that hand on whatever they are given."""

    name = "Handing"

    def __init__(self, *more, **options):
        super().__init__(*more, **options)


def test_a_subclass_that_hands_its_keywords_on_has_the_options_of_its_base():
    made = make_task(f"{__name__}:Handing[depth=6]")
    assert made.label == "Handing[depth=6]"
    assert pickle.loads(pickle.dumps(made)).depth == 6
    with pytest.raises(PluginError, match="it has split, depth, unit"):
        make_task(f"{__name__}:Handing[dept=3]")


def test_an_unknown_option_is_named_with_the_nearest():
    with pytest.raises(
        PluginError, match=r"no option 'dept'; did you mean 'depth'\? it has split, depth, unit"
    ):
        make_task(f"{ROUTE}[dept=3]")


def test_an_environment_hands_a_tasks_options_on():
    env = gymnasium.make("mas2/GSM8K-v0", task=ROUTE, depth=9, split="train", budget=5.0).unwrapped
    assert env.tasks[0].label == "Sums[depth=9,split=train]"
    assert env.settings.budget == 5.0


def test_a_run_tells_variants_apart_and_resumes_with_them(tmp_path):
    tasks = [make_task(f"{ROUTE}[depth={depth}]") for depth in (3, 4)]
    result = evaluate(["direct"], tasks, items=2, out=tmp_path / "run")
    assert sorted({record.task for record in result.records}) == ["Sums[depth=3]", "Sums[depth=4]"]
    again = resume(tmp_path / "run")
    assert [entry.options for entry in again.facts.plan.tasks] == [{"depth": 3}, {"depth": 4}]


def test_what_an_agent_was_told_matters_only_to_tasks_that_say_so() -> None:
    class Probed(Sums):
        def probe(self, item, answer, step):
            return ToolUse("count", f'{{"to": {answer}}}') if step == 0 else None

    task = Probed()
    item = task.item(0)
    use = task.seek(item, "2", 0, (), ("Read it all.", "Findings: 2"))
    assert use == task.probe(item, "2", 0)
    assert task.seek(item, "2", 1, (use,), ()) is None
