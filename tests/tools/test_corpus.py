import gzip
import json
import multiprocessing
import sys
from pathlib import Path

import pytest

from mas2_env import cache
from mas2_env.errors import CacheError, DataError, ToolError
from mas2_env.tools import corpus as module
from mas2_env.tools.corpus import Corpus, corpus_of, kept_corpus, open_corpus, opened
from mas2_env.tools.corpus_calls import call_get_document, call_search_corpus, cutter
from mas2_env.tools.corpus_files import Page, corpus_digest, read_corpus
from mas2_env.tools.search import words

pytest.importorskip("bm25s")

PAGES = [
    {"docid": "17", "text": "Larkholm is a harbour town on the river Ule.", "url": "https://example.org/1"},
    {"docid": 4, "text": "The river Ule rises on Mount Tarn and ends in Lake Dun."},
    {"docid": "9", "text": "Ödön Kéri wrote a novel – ‘The Quiet Tide’ – set in Larkholm."},
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAS2_CACHE", str(tmp_path / "cache"))
    opened.cache_clear()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    path.write_text(
        "\n".join(json.dumps(page, ensure_ascii=False) for page in PAGES) + "\n", encoding="utf-8"
    )
    return path


def docids(corpus: Corpus, query: str, top: int = 5) -> list[str]:
    return [hit.docid for hit in corpus.search(query, top)]


def test_a_file_is_searched_by_words_and_read_by_ids(file: Path) -> None:
    corpus = open_corpus(str(file))
    assert corpus.docids == ("17", "4", "9")
    assert docids(corpus, "which town lies on the Ule?") == ["17", "4"]
    assert docids(corpus, "Ule", 1) == ["4"] or docids(corpus, "Ule", 1) == ["17"]
    assert docids(corpus, "zebra") == []
    assert corpus.get("9") == PAGES[2]["text"]
    assert corpus.get("10") is None


def test_the_index_is_built_once_and_then_taken_from_the_cache(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_corpus(str(file))
    opened.cache_clear()
    monkeypatch.setattr(module, "_build", lambda *_: pytest.fail("built again"))
    again = open_corpus(str(file))
    assert [again.get(docid) for docid in again.docids] == [first.get(docid) for docid in first.docids]
    for query in ("town Ule", "novel", "Lake Dun river"):
        assert again.search(query) == first.search(query)
    held = sorted(path.name for path in (tmp_path / "cache" / "search").iterdir())
    assert [name.rpartition(".")[2] for name in held if "." in name] == ["lock"]
    assert len(held) == 2


def test_a_kept_index_scores_as_one_in_memory(file: Path) -> None:
    kept, held = open_corpus(str(file)), corpus_of(read_corpus(file))
    for query in ("town on the river", "Larkholm", "Lake"):
        assert kept.search(query) == held.search(query)


def test_another_content_is_another_index(file: Path) -> None:
    before = corpus_digest(file)
    assert docids(open_corpus(str(file)), "harbour") == ["17"]
    file.write_text(file.read_text(encoding="utf-8").replace("harbour", "market"), encoding="utf-8")
    assert corpus_digest(file) != before
    assert docids(open_corpus(str(file)), "harbour") == []
    assert docids(open_corpus(str(file)), "market") == ["17"]


def test_a_corpus_that_has_not_changed_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_corpus(str(file))
    monkeypatch.setattr(module, "corpus_digest", lambda _: pytest.fail("read again"))
    monkeypatch.chdir(file.parent)
    assert open_corpus(file.name) is first


def test_a_folder_of_texts_is_a_corpus(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    (folder / "rivers").mkdir(parents=True)
    (folder / "rivers" / "ule.md").write_text("The Ule is a river.", encoding="utf-8")
    (folder / "town.txt").write_text("\ufeffA town on the Ule.", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    corpus = open_corpus(str(folder))
    assert corpus.docids == ("rivers/ule", "town")
    assert corpus.get("town") == "A town on the Ule."


def test_a_folder_of_lines_is_a_corpus_and_gzip_is_read(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    lines = file.read_bytes().splitlines(keepends=True)
    (folder / "0.jsonl.gz").write_bytes(gzip.compress(lines[0] + lines[1]))
    (folder / "1.jsonl").write_bytes(lines[2])
    assert open_corpus(str(folder)).docids == ("17", "4", "9")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b'{"docid": "1", "text": "a"}\n{"docid": "1", "text": "b"}\n',
            "line 2: docid '1' is already that of",
        ),
        (b'{"docid": "1"}\n', "line 1: .*missing required field `text`"),
        (b'{"docid": "1", "text": "a"}\n{"docid"', "line 2: not a JSON object"),
        (b'{"docid": "1", "text": "\xe9"}\n', "line 1: not UTF-8"),
        (b"\n", "holds no document"),
        (b'{"docid": "1", "x": ' + b"[" * 100_000, "line 1: not a record: it is nested too deeply"),
        (gzip.compress(b" " * (70 << 20) + b"\n", mtime=0), "line 1: unzips to more than 200 times its size"),
    ],
)
def test_a_bad_line_is_named_and_leaves_nothing_behind(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        open_corpus(str(path))
    assert [p.suffix for p in (tmp_path / "cache" / "search").iterdir()] == [".lock"]


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("docid,text\n")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"docid": "1", "text": "abc"}\n' * 99)[:-12])
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("nowhere.jsonl", "there is no such corpus"),
        ("table.csv", "is no corpus"),
        ("empty", "holds no corpus"),
        ("cut.jsonl.gz", r"docid '1' is already|truncated or damaged"),
    ):
        with pytest.raises(DataError, match=message):
            open_corpus(str(tmp_path / name))


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"docid": str(i), "text": f"text {i * i}"}) + "\n" for i in range(3000))
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(lines.encode())[:-3000])
    with pytest.raises(DataError, match=r"cut\.jsonl\.gz: line \d+: the gzip data is truncated"):
        open_corpus(str(path))


def _open(path: str, results: "multiprocessing.Queue[int]") -> None:
    results.put(len(open_corpus(path)))


def test_several_processes_build_one_index(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text(
        "".join(json.dumps({"docid": str(i), "text": f"town {i} river"}) + "\n" for i in range(2000))
    )
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[int] = context.Queue()
    processes = [context.Process(target=_open, args=(str(path), results)) for _ in range(3)]
    for process in processes:
        process.start()
    assert [results.get(timeout=240) for _ in processes] == [2000] * 3
    for process in processes:
        process.join()
    assert len([p for p in (tmp_path / "cache" / "search").iterdir() if p.is_dir()]) == 1


def test_a_half_built_index_of_a_dead_process_is_cleared_away(tmp_path: Path) -> None:
    corpus = kept_corpus("digest", lambda: [Page("1", "one")])
    (folder,) = (path for path in (tmp_path / "cache" / "search").iterdir() if path.is_dir())
    folder.rename(folder.with_name(f"{folder.name}.part"))
    assert kept_corpus("digest", lambda: [Page("1", "one")]).docids == corpus.docids
    assert not folder.with_name(f"{folder.name}.part").exists()


def test_a_damaged_index_says_what_to_delete(tmp_path: Path) -> None:
    kept_corpus("digest", lambda: [Page("1", "one")])
    (folder,) = (path for path in (tmp_path / "cache" / "search").iterdir() if path.is_dir())
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        for left in (0, len(whole) // 2):
            file.write_bytes(whole[:left])
            with pytest.raises(DataError, match=r"is damaged .*delete this folder"):
                kept_corpus("digest", lambda: [Page("1", "one")])
        file.write_bytes(whole)
    assert kept_corpus("digest", lambda: [Page("1", "two")]).get("1") == "one"


def test_calls_show_ids_and_explain_what_they_expect(file: Path) -> None:
    corpus = open_corpus(str(file))
    assert call_search_corpus(corpus, {"query": "Mount Tarn"}) == f"[4] {PAGES[1]['text']}"
    assert call_search_corpus(corpus, {"query": "zebra"}).startswith("nothing found")
    assert call_search_corpus(corpus, {}) == 'error: search expects {"query": string}, got nothing'
    assert call_get_document(corpus, {"docid": "[17]"}) == f"[17] {PAGES[0]['text']}"
    assert call_get_document(corpus, {"docid": 17}).endswith("got int")
    assert call_get_document(corpus, {"docid": "171"}).endswith("did you mean '17'?")


def test_texts_are_cut_as_the_tokenizer_counts(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    cut = cutter(str(tmp_path / "tokenizer.json"))
    assert cut("one two three four", 3) == "one two three"
    assert cut("one two", 3) == "one two"
    long = "word " * 5000
    assert cut(long, 512) == long[: 512 * 5 - 1]
    sparse = ("x" + " " * 99) * 50
    assert len(cut(sparse, 20).split()) == 20
    with pytest.raises(DataError, match=r"is no tokenizer\.json"):
        cutter(str(tmp_path / "nothing.json"))


def test_ties_keep_the_order_of_the_corpus() -> None:
    corpus = corpus_of([Page(str(i), "the same text of a town") for i in range(40)])
    assert docids(corpus, "town", 5) == ["0", "1", "2", "3", "4"]


def test_a_corpus_may_hold_texts_without_words() -> None:
    corpus = corpus_of([Page("1", ""), Page("2", "...")])
    assert corpus.search("anything") == []
    assert words("anything") == ["anything"]


def test_without_bm25s_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(ToolError, match=r"pip install 'mas2-env\[tasks\]'"):
        corpus_of([Page("1", "one")])


def test_the_cache_lies_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache.folder("search") == tmp_path / "cache" / "search"
    monkeypatch.delenv("MAS2_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.folder("search") == tmp_path / "xdg" / "mas2-env" / "search"
    monkeypatch.setenv("MAS2_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="set MAS2_CACHE"):
        cache.folder("search")
