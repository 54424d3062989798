"""`Prose` takes any string; `DecisionSpace` samples with one flat mask."""

import copy
import json
import multiprocessing
import pickle
import time

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Tuple
from gymnasium.vector.utils import (
    batch_space,
    concatenate,
    create_empty_array,
    create_shared_memory,
    read_from_shared_memory,
    write_to_shared_memory,
)
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.envs.spaces import DecisionSpace, Prose

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=40)


@given(ANY)
def test_prose_contains_every_string_within_its_bound(text):
    assert text in Prose(40)
    assert (text in Prose(5)) is (len(text) <= 5)


@pytest.mark.parametrize("value", [None, b"x", 1, ["x"], np.zeros(3)])
def test_prose_contains_nothing_but_strings(value):
    assert value not in Prose(40)


def test_prose_looks_at_no_character():
    space, text = Prose(2 * 10**7), "é" * 10**7
    begin = time.process_time()
    for _ in range(1000):
        assert text in space
    assert time.process_time() - begin < 0.1


def test_samples_are_in_the_space_and_depend_on_the_seed():
    space = Prose(10)
    samples = [space.sample() for _ in range(200)]
    assert all(sample in space for sample in samples)
    assert "" in samples
    assert any(not sample.isascii() for sample in samples)
    assert [Prose(10, seed=3).sample() for _ in range(2)] == [Prose(10, seed=3).sample() for _ in range(2)]
    assert max(len(Prose(10**6, seed=i).sample()) for i in range(100)) <= 64


def test_a_mask_may_fix_the_length():
    assert len(Prose(10).sample(mask=(7, None))) == 7
    with pytest.raises(ValueError, match="expected None or"):
        Prose(10).sample(mask=(11, None))
    with pytest.raises(ValueError, match="not both"):
        Prose(10).sample(mask=(1, None), probability=(1, None))


def test_prose_is_a_value():
    space = Prose(10)
    assert space == Prose(10) != Prose(11)
    assert hash(space) == hash(Prose(10))
    assert pickle.loads(pickle.dumps(space)) == copy.deepcopy(space) == space
    assert repr(space) == "Prose(10)"
    samples = ["", "é—", '"']
    assert space.from_jsonable(json.loads(json.dumps(space.to_jsonable(samples)))) == samples
    assert not space.is_np_flattenable
    with pytest.raises(ValueError, match="at least 1"):
        Prose(0)


def test_prose_batches_to_a_tuple():
    space = Dict({"text": Prose(5), "stage": Discrete(3)})
    batch = batch_space(space, 2)
    assert batch["text"] == Tuple((Prose(5), Prose(5)))
    items = [{"text": "a", "stage": np.int64(1)}, {"text": "é", "stage": np.int64(2)}]
    joined = concatenate(space, items, create_empty_array(space, 2))
    assert joined["text"] == ("a", "é")
    assert joined in batch


@given(first=ANY, second=ANY)
def test_prose_passes_through_shared_memory_unchanged(first, second):
    space = Prose(40)
    memory = create_shared_memory(space, n=2, ctx=multiprocessing.get_context("spawn"))
    view = read_from_shared_memory(space, memory, n=2)
    assert copy.deepcopy(view) == ("", "")
    write_to_shared_memory(space, 0, second, memory)
    write_to_shared_memory(space, 0, first, memory)
    write_to_shared_memory(space, 1, second, memory)
    assert copy.deepcopy(view) == copy.copy(view) == tuple(view) == view[:] == (first, second)


@given(
    nvec=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    data=st.data(),
)
def test_flat_masks_are_kept(nvec, seed, data):
    space = DecisionSpace(nvec, seed=seed)
    bits = data.draw(st.lists(st.integers(0, 1), min_size=sum(nvec), max_size=sum(nvec)))
    mask = np.array(bits, dtype=np.int8)
    action = space.sample(mask)
    assert action in space
    begin = 0
    for value, size in zip(action, nvec, strict=True):
        part = mask[begin : begin + size]
        assert part[value] == 1 or (value == 0 and not part.any())
        begin += size
    assert space.allows(np.ones_like(mask), action)


def test_a_flat_mask_gives_every_permitted_value_the_same_chance():
    space = DecisionSpace([3, 4], seed=0)
    mask = np.array([1, 0, 1, 0, 1, 1, 1], dtype=np.int8)
    counts = np.zeros((2, 4), dtype=int)
    for _ in range(6000):
        for i, value in enumerate(space.sample(mask)):
            counts[i, value] += 1
    assert counts[0].tolist()[1::2] == [0, 0]
    assert abs(counts[0, 0] - 3000) < 200
    assert counts[1, 0] == 0
    assert np.abs(counts[1, 1:] - 2000).max() < 200


def test_a_tuple_mask_works_as_gymnasium_has_it():
    masks = (np.array([0, 1], dtype=np.int8), np.array([0, 0, 1], dtype=np.int8))
    assert DecisionSpace([2, 3]).sample(masks).tolist() == [1, 2]
    assert DecisionSpace([2, 3]).sample() in MultiDiscrete([2, 3])


@pytest.mark.parametrize(
    "mask",
    [np.ones(4, dtype=np.int8), np.ones(5), np.full(5, 2, dtype=np.int8), np.ones((5, 1), dtype=np.int8)],
)
def test_a_wrong_flat_mask_is_refused(mask):
    with pytest.raises(ValueError, match="mask has"):
        DecisionSpace([2, 3]).sample(mask)


def test_decision_spaces_are_multi_discrete():
    space = DecisionSpace([2, 3])
    assert space == MultiDiscrete([2, 3])
    assert pickle.loads(pickle.dumps(space)).sample(np.ones(5, dtype=np.int8)) in space
    assert batch_space(space, 2) == Box(np.zeros((2, 2)), np.array([[1, 2], [1, 2]]), dtype=np.int64)
