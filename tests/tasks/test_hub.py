"""The source `hub`, by the real loading code, from mirrors in the hub's layout."""

import gzip
import hashlib
import json
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import datasets
import pyarrow
import pyarrow.parquet
import pytest
from mas2_tasks import browsecomp_corpora, hub_store
from mas2_tasks.browsecomp import BrowseCompPlus
from mas2_tasks.browsecomp_file import encrypt
from mas2_tasks.gsm8k import GSM8K
from mas2_tasks.hub import HubSet, hub_set, hub_sets, stream_rows
from mas2_tasks.mbpp import MBPP
from mas2_tasks.nq import NQ
from mas2_tasks.sources import SourcedTask
from mas2_tasks.splits import PARTS, part_of_content

from mas2_env.errors import DataError

from .hub_mirror import GSM8K_ROWS, Rows, mirror, questions

SIZES = {"test": 8, "train": 40, "training": 40, "validation": 6, "whole": 60}


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Caches of this test's own; the folder of ours."""
    monkeypatch.setenv("MAS2_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    return tmp_path / "cache" / "hub"


def records(task: Any, data: HubSet) -> Rows:
    """Records in the official form, other ones in each official split."""
    found: Rows = {}
    start = 0
    for official in data.splits:
        items = [task.item(index) for index in range(start, start + SIZES[official.part])]
        start += len(items)
        found[official.name] = [
            {column: task.record(item)[column] for column in data.columns} for item in items
        ]
    return found


def stored(caches: Path) -> list[Path]:
    """All that a fetch left, but for what others wait at."""
    return [path for path in caches.rglob("*") if path.is_file() and path.suffix != ".wait"]


def has_hub(cls: type) -> bool:
    return issubclass(cls, SourcedTask) and "hub" in cls.sources() and hasattr(cls, "record")


CLASSES = [point.load() for point in entry_points(group="mas2.tasks")]


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if has_hub(cls)], ids=lambda cls: str(cls.name))
def test_every_task_reads_its_data_set(cls: Any, tmp_path: Path) -> None:
    data = cls.hub_data()
    rows = records(cls(), data)
    path = mirror(tmp_path, data, rows, "parquet" if data.repository != "HuggingFaceH4/MATH-500" else "jsonl")
    whole = cls("hub", path)
    assert whole.size == sum(map(len, rows.values()))
    assert whole.origin["repository"] == data.repository
    assert set(whole.splits) == set(PARTS)
    assert sum(whole.splits.values()) == whole.size
    found: dict[str, str] = {}
    contents: dict[str, str] = {}
    for part in PARTS:
        task = cls("hub", path, split=part)
        assert task.size == whole.splits[part]
        assert task.digest != whole.digest
        for index in range(task.size):
            item = task.item(index)
            assert item.id not in found
            assert contents.setdefault(item.query, part) == part
            found[item.id] = part
            assert whole.find(item.id).query == item.query
            assert task.record(item) in [record for records in rows.values() for record in records]
    assert set(found) == {whole.item(index).id for index in range(whole.size)}
    official = [split.name for split in data.splits if split.part == "test"]
    assert whole.splits["test"] == sum(len(rows[name]) for name in official) or not official
    copy = pickle.loads(pickle.dumps(task))
    assert (copy.digest, copy.size) == (task.digest, task.size)
    assert copy.score(copy.item(0), copy.item(0).truth.answer).success


def test_the_file_and_the_hub_give_the_same_items(tmp_path: Path) -> None:
    data = hub_set("nq")
    rows = [{"question": f"who wrote book {n}", "answer": [f"Author {n}", f"A. {n}"]} for n in range(9)]
    path = mirror(tmp_path, data, {"train": rows[:5], "validation": rows[5:]})
    file = tmp_path / "dev.jsonl"
    file.write_text("\n".join(map(json.dumps, rows[5:])), encoding="utf-8")
    ours, theirs = NQ("file", str(file)), NQ("hub", path, split="test")
    for index in range(4):
        one, two = ours.item(index), theirs.item(index)
        assert (one.id, one.query, one.truth.gold.answers) == (two.id, two.query, two.truth.gold.answers)
    assert theirs.item(0).id == "nq/dev/1"
    assert theirs.tools == ()
    train, whole = NQ("hub", path, split="train"), NQ("hub", path)
    assert train.item(0).id.startswith("nq/train/")
    for part in (theirs, train):
        for item in map(part.item, range(part.size or 0)):
            assert whole.find(item.id).truth.distractors == item.truth.distractors
    assert ours.item(0).truth.distractors == theirs.item(0).truth.distractors


def test_what_is_held_out_stays_out_of_what_is_trained_on(tmp_path: Path) -> None:
    """A training question that is also a test question is in no split, however it is written."""
    train = questions(40)
    train[7] = {"question": "  how many are 100 APPLES? ", "answer": "#### 100"}
    path = mirror(tmp_path, hub_set("gsm8k"), {"train": train, "test": questions(12, 100)})
    whole = GSM8K("hub", path)
    assert whole.size == 51
    assert "gsm8k/train/8" not in {whole.item(index).id for index in range(51)}
    assert whole.splits["test"] == 12
    with pytest.raises(DataError, match="no item of"):
        whole.find("gsm8k/train/8")


def test_official_validation_sets_are_kept(tmp_path: Path) -> None:
    data = hub_set("mbpp")
    path = mirror(tmp_path, data, records(MBPP(), data))
    assert MBPP("hub", path).splits == {"train": 80, "validation": 6, "test": 8}


def test_a_set_without_splits_is_divided_by_content(tmp_path: Path) -> None:
    data = hub_set("humaneval")
    task = next(cls for cls in CLASSES if cls.name == "HumanEval")
    rows = records(task(), data)
    made = task("hub", mirror(tmp_path, data, rows))
    wanted = [part_of_content(row["prompt"]) for row in rows["test"]]
    assert made.splits == {part: wanted.count(part) for part in PARTS}


def test_a_second_load_needs_no_library_and_no_mirror_of_other_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    first = GSM8K("hub", path)
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert GSM8K("hub", path).digest == first.digest
    (Path(path) / "main" / "test-00000-of-00001.parquet").touch()
    assert GSM8K("hub", path).digest == first.digest
    (Path(path) / "NOTES").write_text("changed")
    with pytest.raises(DataError, match=r"not installed .*pip install 'mas2-env\[tasks\]'"):
        GSM8K("hub", path)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("answer", None, "row 3: Expected `str`, got `null`"),
        ("answer", "no number", "row 3: `answer` does not end in `#### N`"),
        ("question", " ", "row 3: `question` is empty"),
    ],
)
def test_bad_rows_name_repository_split_and_row(tmp_path: Path, column: str, value: Any, said: str) -> None:
    rows = questions(12, 100)
    rows[2][column] = value
    path = mirror(tmp_path, hub_set("gsm8k"), {"train": questions(40), "test": rows})
    with pytest.raises(DataError) as error:
        GSM8K("hub", path)
    assert str(error.value).startswith(f"{path} (mirror of openai/gsm8k) main/test: {said}")


def test_duplicated_ids_name_their_rows(tmp_path: Path) -> None:
    data = hub_set("mbpp")
    rows = records(MBPP(), data)
    rows["test"][4]["task_id"] = rows["test"][1]["task_id"]
    with pytest.raises(DataError, match=r"full/test: row 5: id '\d+' is already that of row 2"):
        MBPP("hub", mirror(tmp_path, data, rows))
    rows["test"][4]["task_id"] = rows["train"][3]["task_id"]
    shutil.rmtree(tmp_path / "mirror")
    with pytest.raises(DataError, match=r"full/train: row 4: id '\d+' is already that of another split"):
        MBPP("hub", mirror(tmp_path, data, rows))


def drop_column(home: Path) -> None:
    table = pyarrow.table({"qestion": ["a"], "answer": ["b"]})
    pyarrow.parquet.write_table(table, home / "main" / "test-00000-of-00001.parquet")
    pyarrow.parquet.write_table(table, home / "main" / "train-00000-of-00001.parquet")


def damage(home: Path) -> None:
    path = home / "main" / "test-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-40])


def rename_config(home: Path) -> None:
    card = home / "README.md"
    card.write_text(card.read_text().replace("config_name: main", "config_name: other"))


def rename_split(home: Path) -> None:
    card = home / "README.md"
    card.write_text(card.read_text().replace("split: test", "split: tset"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (drop_column, r"main/test: row 1: there is no column `question`; did you mean 'qestion'"),
        (damage, r"main/test: after row 0: cannot be loaded: .*[Pp]arquet"),
        (rename_config, r"main/test: cannot be loaded: ValueError: BuilderConfig 'main' not found"),
        (rename_split, r"main/test: cannot be loaded: ValueError: Bad split: test"),
        (lambda home: shutil.rmtree(home), r"mirror: is no folder"),
        (lambda home: (home / "README.md").unlink(), r"mirror: has no README.md"),
        (
            lambda home: (home / "memory").symlink_to("/proc/self/mem"),
            r"mirror: cannot be read: Input/output",
        ),
        (lambda home: [path.unlink() for path in home.rglob("*.parquet")], r"main/test: cannot be loaded"),
    ],
)
def test_a_bad_mirror_is_one_message(
    tmp_path: Path, caches: Path, spoil: Callable[[Path], Any], said: str
) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    spoil(Path(path))
    with pytest.raises(DataError, match=said) as error:
        GSM8K("hub", path)
    assert "\n" not in str(error.value)
    assert not stored(caches)


def test_stored_data_that_changed_are_an_error(tmp_path: Path, caches: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    GSM8K("hub", path)
    stored = next(caches.rglob("test.jsonl.gz"))
    good = stored.read_bytes()
    stored.write_bytes(gzip.compress(gzip.decompress(good).replace(b"apples", b"pears")))
    with pytest.raises(DataError, match=r"test\.jsonl\.gz: is not what was fetched of .*main/test"):
        GSM8K("hub", path)
    stored.write_bytes(good[:-30])
    with pytest.raises(DataError, match=r"main/test: row \d+: the gzip data is truncated"):
        GSM8K("hub", path)
    lock = next(caches.rglob("test.lock.json"))
    lock.write_text("{")
    with pytest.raises(DataError, match=r"test\.lock\.json: cannot be read: .*delete it"):
        GSM8K("hub", path)


def test_a_split_that_is_fetched_again_must_be_the_same(tmp_path: Path, caches: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    first = GSM8K("hub", path).digest
    next(caches.rglob("test.jsonl.gz")).unlink()
    assert GSM8K("hub", path).digest == first
    next(caches.rglob("test.jsonl.gz")).unlink()
    lock = next(caches.rglob("test.lock.json"))
    known = json.loads(lock.read_text())
    lock.write_text(json.dumps({**known, "sha256": "0" * 64}))
    with pytest.raises(DataError, match=r"its rows have the SHA-256 .*, and had 000000000000…"):
        GSM8K("hub", path)


def test_an_interrupted_fetch_leaves_nothing_behind(
    tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)

    def broken(*arguments: Any) -> Iterator[dict[str, Any]]:
        yield from list(stream_rows(*arguments))[:5]
        raise KeyboardInterrupt

    monkeypatch.setattr(hub_store, "stream_rows", broken)
    with pytest.raises(KeyboardInterrupt):
        GSM8K("hub", path, split="test")
    assert not stored(caches)
    monkeypatch.undo()


def test_those_who_fetch_at_once_wait_for_one_another(tmp_path: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    with ThreadPoolExecutor(4) as threads:
        tasks = list(threads.map(lambda _: GSM8K("hub", path), range(4)))
    assert {task.digest for task in tasks} == {GSM8K("hub", path).digest}


def test_a_fetched_copy_is_a_file_in_the_official_form(tmp_path: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    download = GSM8K.download(path, str(tmp_path / "out"))
    assert [(file.split, file.rows) for file in download.files] == [("train", 40), ("test", 12)]
    task = GSM8K("file", download.files[1].path)
    other = GSM8K("hub", path, split="test")
    assert [task.item(index).id for index in range(12)] == [other.item(index).id for index in range(12)]
    again = GSM8K.download(path, str(tmp_path / "again"))
    for one, two in zip(download.files, again.files, strict=True):
        assert (one.sha256, Path(one.path).read_bytes()) == (two.sha256, Path(two.path).read_bytes())


def test_where_copies_cannot_be_written_nothing_is_fetched(tmp_path: Path, caches: Path) -> None:
    path = mirror(tmp_path, hub_set("gsm8k"), GSM8K_ROWS)
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="out: cannot be written: File exists"):
        GSM8K.download(path, str(tmp_path / "out"))
    assert not stored(caches)


def test_streaming_takes_the_columns_and_fields_that_are_asked_for(tmp_path: Path) -> None:
    data = hub_set("browsecomp-plus")
    assert data.streaming
    documents = [{"docid": str(number), "text": "x" * 50} for number in range(3)]
    rows = [
        {"query_id": str(n), "query": f"q{n}", "answer": f"a{n}"}
        | {"gold_docs": documents[:1], "evidence_docs": documents[:2], "negative_docs": documents}
        for n in range(20)
    ]
    for form in ("parquet", "jsonl"):
        path = mirror(tmp_path / form, data, {"test": rows}, form)
        first = next(stream_rows(data, "test", "", path))
        assert tuple(first) == data.columns
        assert first["evidence_docs"] == [{"docid": "0"}, {"docid": "1"}]
        few = list(stream_rows(data, "test", "", path, ("query_id", "query")))
        assert few == [{"query_id": str(n), "query": f"q{n}"} for n in range(20)]


def test_the_table_is_whole() -> None:
    for name, data in hub_sets().items():
        assert data.repository.count("/") == 1
        assert data.revision == "" or (len(data.revision) == 40 and int(data.revision, 16))
        assert all(split.rows > 0 for split in data.splits), name
        assert data.licence
        parts = {split.part for split in data.splits}
        assert parts == {"whole"} or {"test"} < parts
    with pytest.raises(DataError, match="is not on the hub"):
        hub_set("nowhere")


REAL = {
    "bamboogle": "bamboogle",
    "gsm8k": "gsm8k",
    "hotpotqa": "hotpotqa",
    "humaneval": "humaneval",
    "math": "math",
    "mbpp": "mbpp",
    "nq": "nq_open",
}


@pytest.mark.parametrize("name", REAL)
def test_real_items_are_the_same_from_file_and_hub(tmp_path: Path, shared: Path, name: str) -> None:
    path = shared / "benchmarks" / REAL[name] / "items.jsonl.gz"
    if not path.exists():
        pytest.skip("the real items are not here")
    cls = next(point.load() for point in entry_points(group="mas2.tasks") if point.name == name)
    data = cls.hub_data()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [{column: json.loads(line)[column] for column in data.columns} for line in lines][:300]
    official = next(split for split in data.splits if split.part in ("test", "whole"))
    split = "test" if official.part == "test" else "all"
    made = cls("hub", mirror(tmp_path, data, {official.name: rows}), split=split)
    file = cls("file", str(path))
    assert made.size == len(rows)
    for index in range(0, len(rows), 7):
        one, two = made.item(index), file.item(index)
        assert (one.id, one.query, one.documents) == (two.id, two.query, two.documents)
        assert (one.truth.answer, one.truth.difficulty) == (two.truth.answer, two.truth.difficulty)


def test_browsecomp_is_decrypted_on_its_way_from_the_hub(tmp_path: Path) -> None:
    """Items and corpus from mirrors, the first encrypted as published."""
    key = hashlib.sha256(b"a canary sentence of this test").digest()
    (tmp_path / "canary.txt").write_text("a canary sentence of this test")

    def hidden(text: str) -> str:
        return encrypt(text, key)

    def documents(*docids: str) -> list[dict[str, str]]:
        return [{"docid": hidden(docid), "text": hidden("a text")} for docid in docids]

    records = [
        {
            "query_id": str(number),
            "query": hidden(f"Who is meant by number {number}?"),
            "answer": hidden(f"Person {number}"),
            "gold_docs": documents("7"),
            "evidence_docs": documents("7", "12"),
        }
        for number in range(20)
    ]
    home = mirror(tmp_path, hub_set("browsecomp-plus"), {"test": records})
    pages = [{"docid": docid, "text": f"Document {docid}.", "url": ""} for docid in ("7", "12", "93")]
    corpus = mirror(tmp_path / "corpus", hub_set("browsecomp-plus-corpus"), {"train": pages}, form="jsonl")
    task = BrowseCompPlus("hub", home, canary=str(tmp_path / "canary.txt"), corpus=corpus)
    assert task.size == 20
    item = task.find("13")
    assert (item.query, item.truth.answer) == ("Who is meant by number 13?", "Person 13")
    assert item.truth.evidence == ("7", "12")
    assert task.call(item, "search", {"query": "93"}) == "[93] Document 93."
    assert (
        "Who is meant"
        not in gzip.decompress(next((tmp_path / "cache").rglob("*.jsonl.gz")).read_bytes()).decode()
    )
    with pytest.raises(DataError, match="is encrypted"):
        BrowseCompPlus("hub", home)


def test_the_corpus_of_the_hub_is_indexed_at_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = hub_set("browsecomp-plus-corpus")
    pages = [{"docid": str(number), "text": f"Page number{number}", "url": "u"} for number in range(30)]
    home = mirror(tmp_path, data, {"train": pages})
    seen: list[tuple[str, str, str]] = []

    def through_the_mirror(data: HubSet, split: str, revision: str) -> Iterator[dict[str, Any]]:
        seen.append((data.repository, split, revision))
        return stream_rows(data, split, revision, home)

    monkeypatch.setattr(browsecomp_corpora, "stream_rows", through_the_mirror)
    browsecomp_corpora.hub_corpus.cache_clear()
    for _ in range(2):
        corpus = browsecomp_corpora.hub_corpus()
        assert [hit.docid for hit in corpus.search("number17")] == ["17"]
        browsecomp_corpora.hub_corpus.cache_clear()
    assert seen[0] == (data.repository, "train", data.revision)
