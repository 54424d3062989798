import sys

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.errors import ToolError
from mas2_env.task import Document
from mas2_env.tools import search as module
from mas2_env.tools.search import Index, call_read, call_search, cut, search, words

DOCUMENTS = (
    Document("Ed Wood", "Edward Davis Wood Jr. was an American filmmaker."),
    Document("Woodson, Arkansas", "Woodson is a place in Pulaski County, Arkansas."),
    Document("Scott Derrickson", "Scott Derrickson is an American director. He lives in Los Angeles."),
)


def test_finds_the_best_document_first() -> None:
    assert search(DOCUMENTS, "Where does Scott Derrickson live?", 2)[0].title == "Scott Derrickson"
    assert [document.title for document in search(DOCUMENTS, "American", 5)] == [
        "Ed Wood",
        "Scott Derrickson",
    ]
    assert search(DOCUMENTS, "zebra") == []
    assert search((), "zebra") == []


def test_calls_show_titles_and_texts_and_explain_what_they_expect() -> None:
    assert call_search(DOCUMENTS, {"query": "Pulaski"}) == (
        "[Woodson, Arkansas] Woodson is a place in Pulaski County, Arkansas."
    )
    assert call_search(DOCUMENTS, {"query": "zebra"}).startswith("nothing found")
    assert call_search(DOCUMENTS, {}) == 'error: search expects {"query": string}, got nothing'
    assert call_search(DOCUMENTS, {"query": " "}).endswith("got an empty string")
    assert call_read(DOCUMENTS, {"title": "ed  wood"}).startswith("[Ed Wood] Edward")
    assert call_read(DOCUMENTS, {"title": "Ed Woods"}).endswith("did you mean 'Ed Wood'?")
    assert call_read(DOCUMENTS, {"title": ["Ed Wood"]}).endswith("got list")


def test_long_documents_are_cut() -> None:
    assert cut("word " * 600) == ("word " * 512).rstrip() + " ..."
    assert cut("word " * 512) == "word " * 512
    assert len(call_search((Document("T", "long " * 9000),), {"query": "long"})) < 3000


WORDS = st.sampled_from(["tree", "river", "town", "band", "film"])


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=9), min_size=2),
    st.lists(WORDS, min_size=1, max_size=4),
)
def test_the_plain_index_scores_as_bm25s_does(corpus: list[list[str]], query: list[str]) -> None:
    bm25s = pytest.importorskip("bm25s")
    theirs = bm25s.BM25(method="lucene", k1=module.K1, b=module.B)
    theirs.index(corpus, show_progress=False)
    known = [word for word in query if any(word in tokens for tokens in corpus)]
    ours = module._Plain(corpus).scores(query)
    expected = theirs.get_scores(known) if known else numpy.zeros(len(corpus))
    assert ours == pytest.approx(list(expected), rel=1e-5, abs=1e-6)


def test_many_documents_are_searched_through_bm25s(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bm25s")
    documents = [
        Document(f"Town {i}", f"a town on the river number{i} and number{i // 2}") for i in range(60)
    ]
    large = Index(documents)
    assert isinstance(large._scorer, module._Large)
    assert [document.title for document in large.search("number59", 3)] == ["Town 59"]
    assert large.search("zebra") == []
    monkeypatch.setattr(module, "SMALL", 1000)
    plain = Index(documents)
    for query in ("number7", "town number20"):
        assert plain.search(query, 4) == large.search(query, 4)


def test_words_keep_something_of_a_query_of_common_words() -> None:
    assert words("Who is the director?") == ["director"]
    assert words("The Who") == ["the", "who"]


def test_index_takes_any_sequence() -> None:
    assert Index([]).search("x") == []
    assert Index(list(DOCUMENTS)).documents == DOCUMENTS


def test_many_documents_without_bm25s_ask_for_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bm25s", None)
    documents = tuple(Document(f"Article {i}", f"the text of number {i}") for i in range(60))
    with pytest.raises(
        ToolError, match=r"searching many documents needs bm25s: pip install 'mas2-env\[tasks\]'"
    ):
        search(documents, "number 7", 3)
