"""Splits are disjoint, exhaustive, stable and of the shares that are documented."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.nq import NQ
from mas2_tasks.splits import (
    PARTS,
    Part,
    content_key,
    count_parts,
    index_in_part,
    part_of_content,
    part_of_index,
    training_part,
)

from mas2_env.errors import DataError
from mas2_env.task import SplitName

KEYS = st.text(max_size=12)
INDICES = st.integers(0, 10**15)


@given(KEYS, st.integers(0, 400))
def test_splits_of_generated_items_part_the_indices(key: str, blocks: int) -> None:
    taken = {
        part: [index_in_part(key, part, place) for place in range(blocks * (3 if part == "train" else 1))]
        for part in PARTS
    }
    assert all(places == sorted(set(places)) for places in taken.values())
    assert sorted(place for places in taken.values() for place in places) == list(range(5 * blocks))


@given(KEYS, st.sampled_from(PARTS), INDICES)
def test_the_split_of_an_index_is_the_one_it_was_taken_from(key: str, part: Part, index: int) -> None:
    assert part_of_index(key, index_in_part(key, part, index)) == part


def test_what_is_held_out_cannot_be_had_by_shifting() -> None:
    """Neither from another split nor from another seed."""
    places = {
        (seed, part): [index_in_part(f"gsm8k/p{seed}/", part, block) % 5 for block in range(5000)]
        for seed in (0, 1)
        for part in ("test", "validation")
    }
    for found in places.values():
        assert all(900 < count < 1100 for count in Counter(found).values())
    first, *others = places.values()
    for other in others:
        gaps = Counter((one - two) % 5 for one, two in zip(first, other, strict=True))
        assert max(gaps.values()) < 1400


@given(st.text())
def test_texts_that_differ_in_case_and_blanks_alone_fall_on_one_side(text: str) -> None:
    for other in (f"  {text}\n", text.replace(" ", "  \t"), unicodedata.normalize("NFC", text)):
        assert content_key(other) == content_key(text)
        assert part_of_content(other) == part_of_content(text)
        assert training_part(other) == training_part(text)


def test_shares_are_near_the_documented_ones() -> None:
    texts = [f"What is {number} + {number}?" for number in range(20_000)]
    counts = count_parts(map(part_of_content, texts))
    assert 0.19 < counts["test"] / 20_000 < 0.21
    assert 0.19 < counts["validation"] / 20_000 < 0.21
    counts = count_parts(map(training_part, texts))
    assert counts["test"] == 0
    assert 0.09 < counts["validation"] / 20_000 < 0.11


def test_splits_never_change() -> None:
    """A change needs a new SPLITS_VERSION, and then other letters here."""
    texts = [f"What is {number} + {number}?" for number in range(40)]
    assert "".join(part_of_content(text)[0] for text in texts) == CONTENTS
    assert "".join(training_part(text)[0] for text in texts) == TRAINING
    assert "".join(part_of_index("gsm8k/p0/", index)[0] for index in range(40)) == INDEXED


CONTENTS = "tttttttvtttttttttvtvtttttttvvttvtvttvttt"
TRAINING = "tttttttttttttttttvtvtttttttvtttttttttttt"
INDEXED = "tvtttvtttttttvtvtttttttvtttvtttvttttvttt"


def write(folder: Path, questions: list[str]) -> str:
    path = folder / "items.jsonl"
    records = [{"question": text, "answer": f"It is {len(text)}.\n#### {len(text)}"} for text in questions]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return str(path)


def test_items_of_a_file_keep_their_ids_in_their_split(tmp_path: Path) -> None:
    path = write(tmp_path, [f"How many are {number} apples?" for number in range(200)])
    whole = GSM8K("file", path)
    found: dict[str, Part] = {}
    for part in PARTS:
        task = GSM8K("file", path, split=part)
        assert task.size == task.splits[part] == whole.splits[part]
        for index in range(task.size or 0):
            item = task.item(index)
            assert item.id not in found
            found[item.id] = part
            assert task.find(item.id) is item
            assert whole.find(item.id).query == item.query
        with pytest.raises(IndexError, match=f"the split {part!r} of the file has {task.size} items"):
            task.item(task.size or 0)
    assert sorted(found) == sorted(whole.item(index).id for index in range(200))
    test, other = GSM8K("file", path, split="test"), next(i for i, part in found.items() if part == "train")
    with pytest.raises(DataError, match=r"is of the split 'train', and the task holds 'test' alone"):
        test.find(other)


def test_equal_questions_of_a_file_fall_on_one_side(tmp_path: Path) -> None:
    pairs = [
        text for n in range(100) for text in (f"How many are {n} apples?", f" how many are  {n} Apples?")
    ]
    path = write(tmp_path, pairs)
    for part in PARTS:
        task = GSM8K("file", path, split=part)
        queries = Counter(content_key(task.item(index).query) for index in range(task.size or 0))
        assert set(queries.values()) == {2}


def test_a_split_of_a_file_needs_an_item(tmp_path: Path) -> None:
    path = write(tmp_path, ["How many are 3 apples?"])
    full = {part: size for part, size in GSM8K("file", path).splits.items() if size}
    assert list(full.values()) == [1]
    for part in PARTS:
        if part not in full:
            with pytest.raises(DataError, match=r"items\.jsonl: none of its 1 items is of the split"):
                GSM8K("file", path, split=part)


def test_digests_name_data_and_split(tmp_path: Path) -> None:
    path = write(tmp_path, [f"How many are {number} apples?" for number in range(50)])
    splits: tuple[SplitName, ...] = ("all", *PARTS)
    digests = {
        task.digest
        for split in splits
        for task in (GSM8K("file", path, split=split), GSM8K(split=split), GSM8K(seed=1, split=split))
    }
    assert len(digests) == 12


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(DataError, match=r"NQ: there is no split 'tset'; did you mean 'test'\?"):
        NQ(split="tset")  # type: ignore[arg-type]
