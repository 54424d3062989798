"""A run that was done: its episodes, their statistics, its report."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mas2_env.backends.ledger import Totals, iterate_ledger, sum_lines
from mas2_env.errors import RunError
from mas2_env.reward import Outcome
from mas2_env.runs import journal
from mas2_env.runs.equip import LEDGER
from mas2_env.runs.record import Facts, Plan, Record
from mas2_env.runs.statistics import summarise
from mas2_env.runs.summary import Summary

if TYPE_CHECKING:
    from rich.table import Table


class Result:
    """A run: what it consists of and the episodes that are finished.

    Attributes:
        facts: what stands in `run.json`.
        records: finished episodes, in the order in which they finished.
        folder: the run folder; None for a run in memory.
        ledger: sums over all calls of models, those of earlier starts included; None if none was kept.
    """

    def __init__(
        self,
        facts: Facts,
        records: Sequence[Record],
        folder: Path | None = None,
        baseline: str | None = None,
        ledger: Totals | None = None,
    ) -> None:
        self.facts = facts
        self.records = tuple(records)
        self.folder = folder
        self.ledger = ledger
        self._baseline = baseline

    @property
    def plan(self) -> Plan:
        """Which episodes the run consists of."""
        return self.facts.plan

    @property
    def outcomes(self) -> list[Outcome]:
        """Outcomes of the finished episodes."""
        return [record.outcome for record in self.records]

    @cached_property
    def summary(self) -> Summary:
        """Statistics with confidence intervals."""
        plan = self.plan
        return summarise(
            self.records,
            baseline=self._baseline,
            count_meta=plan.settings.count_meta,
            expected=plan.size,
            policies=[entry.name for entry in plan.policies],
            tasks=[entry.name for entry in plan.tasks],
        )

    def table(self) -> "Table":
        """The summary as a table for `rich.print`."""
        from mas2_env.runs.table import summary_table

        return summary_table(self.summary)

    def write_report(self, path: Path | None = None) -> Path:
        """Write the HTML report, by default into the run folder, and return its path.

        Raises:
            RunError: if it cannot be written, or no path is given for a run in memory.
        """
        from mas2_env.runs.report import render_report

        if path is None:
            if self.folder is None:
                raise RunError("a run in memory has no folder: say where the report goes")
            path = self.folder / "report.html"
        text = render_report(self.facts, self.records, self.summary, self.ledger)
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RunError(f"{path}: cannot be written: {error.strerror}") from None
        return path


def load_result(folder: str | Path, baseline: str | None = None) -> Result:
    """A run as its folder holds it.

    Raises:
        RunError: if it is not a run folder or is damaged.
    """
    facts, records = journal.read_run(Path(folder))
    path = Path(folder) / LEDGER
    totals = sum_lines(iterate_ledger(path)) if path.exists() else None
    return Result(facts, records, Path(folder), baseline, totals)
