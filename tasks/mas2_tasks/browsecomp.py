"""BrowseComp-Plus: questions that many facts together answer, over a fixed corpus that has to be searched."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.pool import load_pool
from mas2_env.records import Records
from mas2_env.task import Equip, Item, Score, SourceName, SplitName, ToolSpec, ToolUse, Truth, Work
from mas2_env.tools.corpus import Corpus
from mas2_env.tools.corpus_calls import (
    GET_DOCUMENT,
    SEARCH_CORPUS,
    call_get_document,
    call_search_corpus,
    cutter,
)
from mas2_tasks import browsecomp_corpora as corpora
from mas2_tasks.answer_pool import AnswerPool, Asked
from mas2_tasks.answers import normalise
from mas2_tasks.browsecomp_file import HOW, BrowseRecord, read_browsecomp
from mas2_tasks.browsecomp_judge import MATCH, Judge, exact_answer, make_judge, shared_judge
from mas2_tasks.browsecomp_metrics import Judgement
from mas2_tasks.browsecomp_replies import reply_of
from mas2_tasks.browsecomp_runs import COMPLETED, OUTPUT, RunFile, shown_in, verdict
from mas2_tasks.procedural.browse import Browsed, browsed
from mas2_tasks.procedural.browse_world import ITEMS
from mas2_tasks.procedural.draw import noise
from mas2_tasks.questions import SPREAD
from mas2_tasks.sources import SourcedTask

LONGEST_QUERY: Final = 900


class BrowseGold(Struct, frozen=True):
    """What the scorer and simulated agents need of an item.

    Attributes:
        query_id: as published.
        evidence: ids of the documents that are needed.
        gold: of those in which the answer stands.
        probes: searches, step by step; from `named` on they go by what the first ones led to.
        named: see `probes`.
        made: the generated question; None for published items.
    """

    query_id: str
    evidence: tuple[str, ...]
    gold: tuple[str, ...]
    probes: tuple[str, ...]
    named: int
    made: Browsed | None = None


class BrowseCompPlus(SourcedTask):
    """BrowseComp-Plus; primary metric: accuracy, as a judge sees it.

    Args:
        source: `procedural` (questions over a made-up corpus), `file` or `hub`.
        path: of the file, or of a mirror of the hub.
        seed: of the procedural generator.
        split: part of the items.
        corpus: path of a corpus, or a repository of the hub; by default the documents that the file brings,
            and for source `hub` the published corpus.
        judge: `match`, or `backbone@backend`: a model that judges answers.
        judge_pool: the pool of that backbone.
        get_document: whether the tool `get_document` is offered, which officially is off.
        canary: path of what the key of an encrypted file stands in.
        tokenizer: path of the `tokenizer.json` by which search results are cut.

    Raises:
        DataError: if the data cannot be read, or an option is none that there is.
    """

    name = "BrowseComp-Plus"
    version = "1"
    title = "BrowseComp-Plus"
    description = (
        "Questions that describe something by many facts, none of which gives it away; the answer has to be "
        "found by searching a fixed corpus of documents, step by step."
    )
    answer_format = (
        "Three parts, each on a line of its own: `Explanation: ...` with the ids of the documents that it "
        "rests on in square brackets, `Exact Answer: ...` with the shortest exact answer, and "
        "`Confidence: ...%`."
    )
    tools: tuple[ToolSpec, ...] = (SEARCH_CORPUS,)
    metric = "accuracy, as judged"
    reference_tokens = 200
    blocking = True
    scorer = "mas2_tasks.browsecomp_scorer:BrowseScorer"
    licence = "MIT, as recorded by mteb (BrowseComp-Plus); Apache-2.0 (procedural items)"
    citation = (
        "Chen et al. 2025. BrowseComp-Plus: A More Fair and Transparent Evaluation Benchmark of "
        "Deep-Research Agent. arXiv:2508.06600; Wei et al. 2025. BrowseComp: A Simple Yet Challenging "
        "Benchmark for Browsing Agents. arXiv:2504.12516"
    )
    fetch = HOW

    def __init__(
        self,
        source: SourceName = "procedural",
        path: str | None = None,
        seed: int = 0,
        split: SplitName = "all",
        *,
        corpus: str | None = None,
        judge: str = MATCH,
        judge_pool: str = "default",
        get_document: bool = False,
        canary: str | None = None,
        tokenizer: str | None = None,
    ) -> None:
        self._given: dict[str, Any] = {
            "corpus": corpus,
            "judge": judge,
            "judge_pool": judge_pool,
            "get_document": get_document,
            "canary": canary,
            "tokenizer": tokenizer,
        }
        self.keep_options(**self._given)
        self._check_options(source)
        self._own_judge: Judge | None = None
        super().__init__(source, path, seed, split)
        self._cut = cutter(tokenizer)
        if source == "file" and corpus is None and self._brought is None:
            self.tools = ()
        elif get_document:
            self.tools = (SEARCH_CORPUS, GET_DOCUMENT)

    def _check_options(self, source: str) -> None:
        for name, value in self.options.items():
            if not isinstance(value, bool if name == "get_document" else str):
                raise DataError(f"{self.name}: {name} is {value!r}, expected {_EXPECTED[name]}")
        if source == "procedural" and self._given["corpus"] is not None:
            raise DataError(f"{self.name}: procedural items have a corpus of their own; leave `corpus` out")
        judge = self._given["judge"]
        if judge != MATCH and not re.fullmatch(r"[^@]+@[^@]+", str(judge)):
            raise DataError(
                f"{self.name}: judge is {judge!r}, expected {MATCH!r} or backbone@backend, as in "
                "gpt-4.1-mini@openai"
            )

    # Items.

    def _load(self, path: str) -> Records[BrowseRecord]:
        return read_browsecomp(path, self._canary)

    def _ids(self, records: Records[BrowseRecord]) -> Sequence[str]:
        return [record.key for record in records.rows]

    def _content(self, record: BrowseRecord) -> str:
        return record.query or record.key

    @property
    def _canary(self) -> str | None:
        canary = self._given["canary"]
        return canary if isinstance(canary, str) else None

    @cached_property
    def _pool(self) -> AnswerPool:
        rows = () if self._records is None else self._records.rows
        return AnswerPool([_asked(row) for row in rows], self.canonical)

    def _from_record(self, item_id: str, record: BrowseRecord) -> Item:
        if not record.query:
            raise DataError(self._lacking())
        asked = _asked(record)
        gold = BrowseGold(
            query_id=record.key,
            evidence=record.evidence,
            gold=record.gold,
            probes=(asked.question[:LONGEST_QUERY], f"{asked.answers[0]} {asked.question[:200]}"),
            named=1,
        )
        truth = Truth(
            answer=asked.answers[0],
            distractors=self._pool.distractors(item_id, asked),
            difficulty=SPREAD * noise(self.name, item_id),
            parts=max(1, len(record.evidence)),
            evidence=record.evidence,
            steps=tuple([f"The documents say so [{docid}]." for docid in record.gold]),
            gold=gold,
        )
        return Item(task=self, id=item_id, query=asked.question, truth=truth)

    def _lacking(self) -> str:
        where = self._records.place(0) if self._records is not None else self.name
        return (
            f"{where}: has neither `query` nor `answer`: this file holds relevance judgements alone, and no "
            "questions; run files are scored by it (mas2 tasks score browsecomp-plus RUNS --data FILE); "
            f"to have these, {HOW}"
        )

    def _generate(self, item_id: str, index: int) -> Item:
        made = browsed(self.name, self.version, self.seed, index)
        gold = BrowseGold(item_id, made.evidence, made.gold, made.probes, made.named, made)
        truth = Truth(
            answer=made.answer,
            distractors=made.distractors,
            difficulty=0.35 * (made.claims - 3.5)
            + 0.06 * (len(made.evidence) - 7)
            + SPREAD * noise(self.name, item_id),
            parts=made.claims,
            evidence=made.evidence,
            steps=made.steps,
            gold=gold,
        )
        return Item(task=self, id=item_id, query=made.text, truth=truth)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set, decrypted, with document ids alone."""
        gold: BrowseGold = item.truth.gold
        return {
            "query_id": gold.query_id,
            "query": item.query,
            "answer": item.truth.answer,
            "gold_docs": [{"docid": docid} for docid in gold.gold],
            "evidence_docs": [{"docid": docid} for docid in gold.evidence],
        }

    # The corpus.

    @cached_property
    def _brought(self) -> Corpus | None:
        if self.source != "file" or self.path is None or self._records is None:
            return None
        return corpora.records_corpus(self.path, self._records.digest, self._canary)

    @cached_property
    def _named(self) -> Corpus:
        return corpora.named_corpus(self._given["corpus"])

    @property
    def digest(self) -> str:
        """SHA-256 that identifies the data, a corpus of the user's among them, and the pool of a judge."""
        parts = [super().digest]
        if self._given["corpus"] is not None:
            parts.append(corpora.named_content(self._given["corpus"]))
        if self._given["judge"] != MATCH:
            parts.append(load_pool(self._given["judge_pool"]).digest)
        return parts[0] if len(parts) == 1 else hashlib.sha256("/".join(parts).encode()).hexdigest()

    def corpus(self, item: Item) -> Corpus | None:
        """What `search` works on for an item; None where there is no corpus.

        Raises:
            DataError: if it cannot be read.
        """
        if self.source == "procedural":
            index = int(item.id.rpartition("/")[2])
            return corpora.made_corpus(self.name, self.version, self.seed, index // ITEMS)
        if self._given["corpus"] is not None:
            return self._named
        return corpora.hub_corpus() if self.source == "hub" else self._brought

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """`search`, and `get_document` if it is offered."""
        if tool not in [offered.name for offered in self.tools]:
            names = " and ".join(offered.name for offered in self.tools) or "none: no corpus is given"
            return f"error: there is no tool named {tool!r}; there are {names}"
        corpus = self.corpus(item)
        if corpus is None:
            return f"error: no corpus is given, so there is nothing to {tool}; answer from memory"
        if tool == "search":
            return call_search_corpus(corpus, arguments, cut=self._cut)
        return call_get_document(corpus, arguments)

    def ready(self) -> None:
        """See that the items have questions, and that corpus and judge can be had.

        Raises:
            DataError: if not; `PluginError` and `PoolError` if the judge cannot be made.
        """
        self._judge()
        if self.size != 0:
            self.corpus(self.item(0))

    # Verdicts.

    def equip(self, equip: Equip | None) -> None:
        """Have the judge asked as the run asks its models."""
        self._own_judge = make_judge(*self._judge_of(), equip) if equip is not None else None

    def _judge(self) -> Judge:
        return self._own_judge or shared_judge(*self._judge_of())

    def _judge_of(self) -> tuple[str, str]:
        return str(self._given["judge"]), str(self._given["judge_pool"])

    def extract(self, text: str) -> str | None:
        """What follows the last `Exact Answer:`, or else what other tasks take for an answer."""
        return exact_answer(text)

    def canonical(self, answer: str) -> str:
        """SQuAD's normal form."""
        return normalise(answer) or answer.strip().lower()

    def score(self, item: Item, answer: str | None) -> Score:
        """The judge's verdict on an answer alone."""
        judgement, cost = self._judged(item, "" if answer is None else f"Exact Answer: {answer}")
        right = judgement is not None and bool(judgement.correct)
        return Score(right, float(right), {"accuracy": float(right), **cost})

    def assess(self, item: Item, answer: str | None, work: Work) -> Score:
        """The judge's verdict on the whole reply, with recall, citations, calls and stated confidence."""
        run = self.run_of(item, answer, work)
        judgement, cost = self._judged(item, run.answered)
        found = verdict(run, judgement, item.truth.gold.evidence)
        return Score(found.correct, float(found.correct), {**found.metrics(), **cost})

    def _judged(self, item: Item, response: str) -> tuple[Judgement | None, dict[str, float]]:
        if not response:
            return None, {}
        ruling = self._judge().judge(item.query, response, item.truth.answer, item.id)
        return ruling.judgement, {} if ruling.cost is None else {"judge_cost": float(ruling.cost)}

    def judged(self, item: Item, response: str) -> Judgement | None:
        """What the judge says of a whole response; None where there is nothing to judge. May block."""
        return self._judged(item, response)[0]

    def evidence_of(self, query_id: str) -> tuple[str, ...] | None:
        """Ids of the documents that a query needs; None where there is no such query."""
        if self._records is None:
            return self.find(query_id).truth.evidence if query_id.startswith(self._prefix) else None
        place = self._index.get(query_id)
        return None if place is None else self._records.rows[place].evidence

    def asks(self, query_id: str) -> bool:
        """Whether the query's question and answer are known, and not its evidence alone."""
        if self._records is None:
            return True
        place = self._index.get(query_id)
        return place is not None and bool(self._records.rows[place].query)

    def run_of(self, item: Item, answer: str | None, work: Work) -> RunFile:
        """What a system did on an item, as a run file in the official form."""
        counts: dict[str, int] = {}
        docids: dict[str, None] = {}
        corpus = self.corpus(item) if work.calls else None
        for use, output in work.calls:
            counts[use.name] = counts.get(use.name, 0) + 1
            docids |= dict.fromkeys(shown_in(output, corpus))
        response = work.reply or ("" if answer is None else f"Exact Answer: {answer}")
        return RunFile(
            query_id=item.truth.gold.query_id,
            status=COMPLETED if response else "incomplete",
            result=({"type": OUTPUT, "output": response},) if response else (),
            tool_call_counts=counts,
            retrieved_docids=tuple(docids),
        )

    # What simulated agents say and do.

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """The three official parts, with sentences of the documents and their ids."""
        return reply_of(item, answer, draw)

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """A search for each step; on a wrong track, in the end, for the wrong answer."""
        gold: BrowseGold = item.truth.gold
        if not self.tools or not 0 <= step < len(gold.probes):
            return None
        query = gold.probes[step]
        if step >= gold.named and answer != item.truth.answer:
            query = answer
        return ToolUse("search", msgspec.json.encode({"query": query}).decode())

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """Share of the evidence that was shown or handed on."""
        evidence = item.truth.evidence
        seen = sum(any(f"[{docid}] " in text for text in texts) for docid in evidence)
        return seen / len(evidence) if evidence else 0.0


def _asked(record: BrowseRecord) -> Asked:
    return Asked(record.query.strip(), (" ".join(record.answer.split()),))


_EXPECTED: Final = {
    "corpus": "a path, or a repository of the hub as owner/name",
    "judge": f"{MATCH!r} or backbone@backend",
    "judge_pool": "the name or path of a pool",
    "get_document": "true or false",
    "canary": "the path of the official script, or of a text file with the sentence",
    "tokenizer": "the path of a tokenizer.json",
}
