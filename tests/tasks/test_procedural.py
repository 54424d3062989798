"""The generators' foundations, and the promise that a version's items never change."""

import hashlib
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mas2_tasks.bamboogle import Bamboogle
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.hotpotqa import HotpotQA
from mas2_tasks.nq import NQ
from mas2_tasks.procedural.arithmetic import Sketch, apply
from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw, noise
from mas2_tasks.procedural.stories import STORIES
from mas2_tasks.procedural.world import KINDS, Entity, World


@pytest.mark.parametrize(
    ("cls", "digest"),
    [
        (HotpotQA, "1c835f3e9eb19484"),
        (GSM8K, "1ba286d99e6fb871"),
        (NQ, "f4a29a0db13bff1c"),
        (Bamboogle, "b3d9473ed44f204d"),
    ],
)
def test_items_of_a_version_never_change(cls: type[HotpotQA | GSM8K | NQ | Bamboogle], digest: str) -> None:
    """A change of a generator needs a new `version` of its task, and then a new digest here."""
    assert cls.version == "2"
    task = cls(seed=7)
    found = hashlib.sha256()
    for index in range(200):
        item = task.item(index)
        truth = item.truth
        found.update(repr((task.record(item), truth.distractors, round(truth.difficulty, 9))).encode())
    assert found.hexdigest()[:16] == digest


@pytest.mark.parametrize(("cls", "digest"), [(NQ, "561b32398aac9797"), (Bamboogle, "b93498bba82e374e")])
def test_articles_of_a_version_never_change(cls: type[NQ | Bamboogle], digest: str) -> None:
    """As above, for what is not part of the record."""
    found = hashlib.sha256()
    for item in map(cls(seed=7).item, range(100)):
        texts = [(document.title, document.text) for document in item.documents]
        found.update(repr((item.query, texts, item.truth.evidence, item.truth.steps)).encode())
    assert found.hexdigest()[:16] == digest


def test_a_draw_is_a_function_of_its_key() -> None:
    one, two, other = Draw("task", 1, 0), Draw("task", 1, 0), Draw("task", 1, 1)
    assert [one.random() for _ in range(5)] == [two.random() for _ in range(5)]
    assert one.random() != other.random()


@given(st.lists(st.integers(), unique=True, max_size=12), st.integers(0, 15), st.integers())
def test_some_takes_different_options(options: list[int], count: int, key: int) -> None:
    chosen = Draw(key).some(options, count)
    assert len(chosen) == len(set(chosen)) == min(count, len(options))
    assert set(chosen) <= set(options)


@given(st.integers(-50, 50), st.integers(0, 30), st.integers())
def test_between_includes_both_ends(low: int, width: int, key: int) -> None:
    draw = Draw(key)
    assert all(low <= draw.between(low, low + width) <= low + width for _ in range(20))


def test_noise_is_standard_normal_enough() -> None:
    values = [noise("item", index) for index in range(4000)]
    assert abs(statistics.mean(values)) < 0.06
    assert abs(statistics.pstdev(values) - 1) < 0.05
    assert 0.02 < sum(abs(value) > 2 for value in values) / len(values) < 0.07


def test_facts_are_settled_once_and_told_as_they_are() -> None:
    world = World(Draw("world"))
    film = world.make("film")
    director = world.value(film, "director")
    assert world.value(film, "director") is director
    assert isinstance(director, Entity)
    assert 24 <= film.year - director.year <= 58
    world.write(film, ("director",), 4)
    assert director.plain in film.told("director")
    assert film.plain in film.told("director")
    assert len(film.sentences) == 5


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_can_be_written_about(kind: str) -> None:
    world = World(Draw("kinds", kind))
    for _ in range(30):
        entity = world.make(kind)
        world.write(entity, (), 9)
        text = "".join(entity.sentences)
        assert entity.plain in text
        assert "{" not in text
        assert "  " not in text
        assert set(entity.where) == set(KINDS[kind].relations)
        for relation, value in entity.values.items():
            name = value if isinstance(value, str) else value.plain
            assert relation not in entity.where or name in entity.sentences[entity.where[relation]]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story.__name__))
def test_every_story_comes_out(story: object) -> None:
    for index in range(300):
        draw, sketch = Draw("stories", index), Sketch()
        assert callable(story)
        story(draw, sketch, Cast(draw))
        assert 2 <= len(sketch.steps) <= 8
        assert sketch.said[-1].endswith("?")


def test_operations_stay_among_positive_whole_numbers() -> None:
    assert apply("-", [16, 3, 4]) == 9
    assert apply("%", [25, 84]) == 21
    assert apply("%", [25, 83]) is None
    assert apply("/", [7, 2]) is None
    assert apply("/", [7, 0]) is None
    assert apply("-", [3, 3]) is None
    assert apply("*", [10**6, 10**6]) is None
    with pytest.raises(ValueError, match=r"/ of \[7, 2\] is not a positive whole number"):
        Sketch().do("Each gets {e}.", "/", 7, 2)
