"""Scoring run files of BrowseComp-Plus, a folder with one for each query, as the official program does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from mas2_env.errors import DataError
from mas2_env.plugins import find_item
from mas2_env.records import Records
from mas2_env.scoring.scorer import Format, Marks, Prediction, Row, Scorer
from mas2_tasks.browsecomp import BrowseCompPlus
from mas2_tasks.browsecomp_metrics import Judgement, parse_judgement
from mas2_tasks.browsecomp_runs import RunFile, Verdict, read_runs, summary, verdict

JUDGED = "judge_response"
"""Field of a run in which a judge's reply may stand; it is then not asked for again."""


def _is_run(record: Any) -> bool:
    return isinstance(record, dict) and {"query_id", "status", "result"} <= record.keys()


def _read(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    found = []
    for index, record in enumerate(records.rows):
        try:
            run = msgspec.convert(record, RunFile)
        except msgspec.ValidationError as error:
            raise DataError(f"{records.place(index)}: is no run file: {error}") from None
        found.append(
            Prediction(id=run.query, answer=run, place=records.place(index), item=run.query, record=record)
        )
    records.unique([str(each.id) for each in found], "query_id")
    return found


RUNS = Format("runs", "BrowseComp-Plus's run files, one for each query", _is_run, _read)


class BrowseScorer(Scorer):
    """By the task's judge, or by replies of a judge that stand in the runs, and by each query's evidence."""

    formats = (RUNS,)

    def __init__(self, task: BrowseCompPlus) -> None:
        super().__init__(task)
        self._verdicts: dict[str, Verdict] = {}

    def load(self, path: str) -> Records[Any]:
        """The run files of a folder as records; any other file as it is."""
        if not Path(path).is_dir():
            return super().load(path)
        runs = read_runs(path)
        rows = tuple([msgspec.to_builtins(run) for run in runs])
        return Records(path=path, digest="", rows=rows, lines=tuple(range(1, len(rows) + 1)), unit="run")

    def score(self, prediction: Prediction) -> Row:
        """The verdict on a run; on an answer alone, that of the task."""
        run = prediction.answer
        if not isinstance(run, RunFile):
            return super().score(prediction)
        task = cast(BrowseCompPlus, self.task)
        evidence = task.evidence_of(run.query)
        if evidence is None:
            return Row(prediction.id, None, {}, f"no query of the data has the id {run.query!r}{self.hint}")
        told = prediction.record.get(JUDGED) if isinstance(prediction.record, dict) else None
        judgement: Judgement | None = None
        lacking = ""
        if run.answered and isinstance(told, str):
            judgement = parse_judgement(told)
        elif run.answered and not task.asks(run.query):
            lacking = "the data has no answer to this query, so only what was retrieved is scored"
        elif run.answered:
            judgement = task.judged(find_item(task, run.query), run.answered)
        found = verdict(run, judgement, evidence)
        if lacking:
            metrics: dict[str, Any] = {**found.metrics()}
            del metrics["accuracy"]
            return Row(prediction.id, None, metrics, lacking)
        self._verdicts[run.query] = found
        return Row(prediction.id, found.correct, {**found.metrics()})

    def against(self, gold: Any, answer: Any) -> Marks:
        """The task's rule for an answer and a reference that came with it."""
        if not isinstance(gold, str) or not isinstance(answer, str | None):
            raise DataError("`gold` and `prediction` are expected to be texts")
        task = cast(BrowseCompPlus, self.task)
        right = answer is not None and task.canonical(answer) == task.canonical(gold)
        return Marks(right, {"accuracy": float(right)})

    def summary(self, predictions: Sequence[Prediction], rows: Sequence[Row]) -> dict[str, float]:
        """The official summary's figures; of queries without answers, the means of what can be told."""
        verdicts = [self._verdicts[str(row.id)] for row in rows if str(row.id) in self._verdicts]
        if not verdicts:
            return super().summary(predictions, rows)
        official = summary(verdicts)
        figures = {name: value for name, value in official.items() if isinstance(value, float)}
        tools = {f"{tool} calls": value for tool, value in official["avg_tool_stats"].items()}
        return {**figures, **tools, **official["printed"]}
