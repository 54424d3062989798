"""BrowseComp-Plus's run files, one for each query, and the summary over a folder of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.tools.corpus import Corpus
from mas2_tasks.browsecomp_metrics import (
    BETA,
    Judgement,
    calibration_error,
    citation_precision,
    citation_recall,
    citations,
    retrieval_recall,
)

COMPLETED: Final = "completed"
OUTPUT: Final = "output_text"
_BLOCK: Final = re.compile(r"^\[([^\[\]\s]+)\] (.{0,40})", re.MULTILINE)


class RunFile(Struct, frozen=True):
    """What a system did on one query, in the official form.

    Attributes:
        query_id: of the query.
        tool_call_counts: calls of each tool.
        status: `completed`, or how it failed.
        retrieved_docids: ids of all documents that it was shown.
        result: what happened, in order; where it was answered, the last is of type `output_text`.
        metadata: of the system; `model` is shown in the summary.
    """

    query_id: str | int
    status: str
    result: tuple[dict[str, Any], ...]
    tool_call_counts: dict[str, int] = {}
    retrieved_docids: tuple[str | int, ...] = ()
    metadata: dict[str, Any] = {}

    @property
    def query(self) -> str:
        """The query's id as a string."""
        return str(self.query_id)

    @property
    def response(self) -> str:
        """The final answer, whole; empty where there is none."""
        last = self.result[-1] if self.result else {}
        return str(last.get("output") or "") if last.get("type") == OUTPUT else ""

    @property
    def answered(self) -> str:
        """The response if the run was completed, else an empty string: what a judge is shown."""
        return self.response if self.status == COMPLETED else ""


def shown_in(output: str, corpus: Corpus | None) -> list[str]:
    """Ids of the documents in a tool's output, whose texts tell them from brackets in a text."""
    if corpus is None:
        return []
    return [
        docid
        for docid, begin in _BLOCK.findall(output)
        if (corpus.get(docid) or "\0").startswith(begin.rstrip())
    ]


class Verdict(Struct, frozen=True):
    """A run and what became of it.

    Attributes:
        run: the run.
        judgement: None where nothing was judged: an incomplete run, or an empty response.
        recall: share of the query's evidence that was retrieved.
        cited: ids that the response cites, where it was judged.
        evidence: ids of the documents that are needed.
    """

    run: RunFile
    judgement: Judgement | None
    recall: float
    cited: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def correct(self) -> bool:
        """Whether it counts as right: what cannot be judged is wrong."""
        return self.judgement is not None and bool(self.judgement.correct)

    def metrics(self) -> dict[str, float]:
        """The official figures of one query, as shares of 1; confidence in percent where one was given."""
        found = {
            "accuracy": float(self.correct),
            "recall": self.recall,
            "citations": float(len(self.cited)),
            "citation_precision": citation_precision(self.cited, self.evidence),
            "citation_recall": citation_recall(self.cited, self.evidence),
            "search_calls": float(self.run.tool_call_counts.get("search", 0)),
            "get_document_calls": float(self.run.tool_call_counts.get("get_document", 0)),
        }
        if self.judgement is not None and self.judgement.confidence is not None:
            found["confidence"] = self.judgement.confidence
        return found


def verdict(run: RunFile, judgement: Judgement | None, evidence: Sequence[str]) -> Verdict:
    """The verdict on a run, by what a judge said of its response.

    Raises:
        DataError: if the query has no evidence documents: its recall cannot be computed.
    """
    if not evidence:
        raise DataError(f"query {run.query!r} has no evidence documents, so its recall cannot be computed")
    cited = citations(run.answered) if judgement is not None else ()
    return Verdict(run, judgement, retrieval_recall(run.retrieved_docids, evidence), cited, tuple(evidence))


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The summary of a folder as the official program writes it, and what it prints beside (under `printed`).

    Percentages have two decimals. The date, the retriever and the link, which people fill in, are left out.

    Raises:
        DataError: if there is no verdict.
    """
    if not verdicts:
        raise DataError("no run answers a query that is known; nothing can be summed up")
    total = len(verdicts)
    named = verdicts[0].run.metadata.get("model")
    return {
        "LLM": str(named) if named else "change me when submitting",
        "Accuracy (%)": _percent(sum(each.correct for each in verdicts), total),
        "Recall (%)": round(sum(each.recall for each in verdicts) / total * 100.0, 2),
        "avg_tool_stats": _tools(verdicts),
        "Calibration Error (%)": round(_calibration(verdicts), 2),
        "per_query_metrics": [
            {"query_id": each.run.query_id, "correct": each.correct, "recall": round(each.recall * 100.0, 2)}
            for each in verdicts
        ],
        "printed": _printed(verdicts),
    }


def _percent(part: float, total: int) -> float:
    return round(part / total * 100.0, 2) if total else 0.0


def _tools(verdicts: Sequence[Verdict]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for each in verdicts:
        for tool, count in each.run.tool_call_counts.items():
            counts[tool] = counts.get(tool, 0) + count
    return {tool: count / len(verdicts) for tool, count in counts.items()}


def _calibration(verdicts: Sequence[Verdict]) -> float:
    judged = [each.judgement for each in verdicts if each.judgement is not None]
    stated = [(j.confidence, j.correct) for j in judged if j.confidence is not None and j.correct is not None]
    if len(stated) < BETA:
        return 0.0
    return calibration_error([confidence for confidence, _ in stated], [correct for _, correct in stated])


def _printed(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    citing = [each for each in verdicts if each.cited]
    metrics = [each.metrics() for each in citing]
    return {
        "evaluated": len(verdicts),
        "responses_with_citations": len(citing),
        "citation_coverage_percent": _percent(len(citing), len(verdicts)),
        "avg_citations_per_response": round(_mean([len(each.cited) for each in citing]), 2),
        "citation_precision_percent": round(_mean([m["citation_precision"] for m in metrics]) * 100.0, 2),
        "citation_recall_percent": round(_mean([m["citation_recall"] for m in metrics]) * 100.0, 2),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def read_runs(folder: str | Path) -> list[RunFile]:
    """The runs of a folder: its files `run_*.json`, or all `.json` files where none is called so.

    Raises:
        DataError: naming the file, if one is no run file, or there is none.
    """
    place = Path(folder)
    if not place.is_dir():
        raise DataError(f"{place}: is no folder; expected a folder of run files, one for each query")
    files = sorted(place.glob("run_*.json")) or sorted(place.glob("*.json"))
    if not files:
        raise DataError(f"{place}: holds no run file; expected .json files, one for each query")
    return [_read(file) for file in files]


def _read(file: Path) -> RunFile:
    try:
        return msgspec.json.decode(file.read_bytes(), type=RunFile)
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 ({error.reason})") from None
    except msgspec.ValidationError as error:
        raise DataError(f"{file}: is no run file: {error}") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{file}: not a JSON object: {error}") from None


def write_runs(folder: str | Path, runs: Iterable[RunFile]) -> int:
    """Write runs into a folder, `run_<query id>.json` each; returns how many.

    Raises:
        DataError: if they cannot be written, or two are of one query.
    """
    place = Path(folder)
    seen: set[str] = set()
    try:
        place.mkdir(parents=True, exist_ok=True)
        for run in runs:
            if run.query in seen:
                raise DataError(f"{place}: query {run.query!r} has two runs; expected one for each")
            seen.add(run.query)
            name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in run.query)
            data = msgspec.json.format(msgspec.json.encode(run), indent=2)
            (place / f"run_{name}.json").write_bytes(data + b"\n")
    except OSError as error:
        raise DataError(f"{place}: cannot be written: {error.strerror or error}") from None
    return len(seen)


def read_qrels(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Relevant documents of each query, from lines `query Q0 docid 1`.

    Raises:
        DataError: naming the line, if it is none, or the file cannot be read.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 ({error.reason})") from None
    return parse_qrels(text.splitlines(), str(file))


def parse_qrels(lines: Iterable[str], where: str) -> dict[str, tuple[str, ...]]:
    """Relevant documents of each query, from lines; `where` names them in errors.

    Raises:
        DataError: naming the line, if it has not four words.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if len(words) not in (0, 4):
            raise DataError(f"{where}: line {number}: {len(words)} words, expected `query Q0 docid 1`")
        if words:
            found.setdefault(words[0], []).append(words[2])
    return {query: tuple(docids) for query, docids in found.items()}


def evidence_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of a published record's evidence documents."""
    return tuple([str(document["docid"]) for document in record.get("evidence_docs", ())])
