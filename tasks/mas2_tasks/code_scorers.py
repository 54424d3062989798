"""How files of programs are scored: the official results, and unbiased pass@k over samples."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from mas2_env.scoring.scorer import Marks, Prediction, Row, Scorer, means, text
from mas2_env.task import Item, Truth
from mas2_tasks import humaneval, mbpp, submissions
from mas2_tasks.code_task import pass_at_k
from mas2_tasks.scorers import reference

KS = (1, 10, 100)
"""The values of k that the official program of HumanEval reports where every task has as many samples."""


class CodeScorer(Scorer):
    """Programs: `passed`, and `result_class`, which is `passed`, `failed` or `timed out`."""

    formats = (submissions.SAMPLES, submissions.GENERATIONS, submissions.HARNESS)

    def on(self, item: Item, answer: Any) -> Marks:
        """How the answer and the item's tests end."""
        metrics = self.task.score(item, None if answer is None else text(answer)).metrics
        result = "timed out" if metrics["timed_out"] else "passed" if metrics["passed"] else "failed"
        return Marks(result == "passed", {"passed": metrics["passed"], "result_class": result})

    def posed(self, gold: Any) -> Item:
        """An item of nothing but tests."""
        return Item(task=self.task, id="", query="", truth=Truth(answer="", distractors=(), gold=gold))

    def summary(self, predictions: Sequence[Prediction], rows: Sequence[Row]) -> dict[str, float]:
        """The means, and pass@k for 1, 10 and 100 where every task has at least k samples."""
        samples: Counter[str] = Counter()
        correct: Counter[str] = Counter()
        for prediction, row in zip(predictions, rows, strict=True):
            if row.success is not None:
                samples[prediction.item] += 1
                correct[prediction.item] += row.success
        figures = means(rows)
        for k in KS:
            if samples and min(samples.values()) >= k:
                each = [pass_at_k(number, correct[item], k) for item, number in samples.items()]
                figures[f"pass@{k}"] = sum(each) / len(each)
        return figures


class HumanEvalScorer(CodeScorer):
    """HumanEval: the completion is appended to the prompt."""

    def against(self, gold: Any, answer: Any) -> Marks:
        """By a record of the data set."""
        return self.on(self.posed(humaneval.Gold(reference(gold, humaneval.Problem))), answer)

    def gold_of(self, record: Any) -> Any:
        """The record itself."""
        return record if "test" in record else UNSET


class _Tests(Struct, frozen=True):
    test_list: tuple[str, ...]
    test_setup_code: str = ""


class MBPPScorer(CodeScorer):
    """MBPP: `passed` as code_eval decides, which does not run the setup code that two tasks have.

    For those, `passed_with_setup_code` is the verdict with it.
    """

    def against(self, gold: Any, answer: Any) -> Marks:
        """By `test_list`, and `test_setup_code` where there is any."""
        tests = reference(gold, _Tests)
        problem = mbpp.Problem("", "", 0, tests.test_setup_code, tests.test_list, ())
        return self.on(self.posed(problem), answer)

    def on(self, item: Item, answer: Any) -> Marks:
        """How the program and the asserts end."""
        problem: mbpp.Problem = item.truth.gold
        if not problem.test_setup_code.strip():
            return super().on(item, answer)
        bare = replace(item, truth=replace(item.truth, gold=replace(problem, test_setup_code="")))
        marks = super().on(bare, answer)
        prepared = super().on(item, answer).metrics["passed"]
        return Marks(marks.success, {**marks.metrics, "passed_with_setup_code": prepared})

    def gold_of(self, record: Any) -> Any:
        """The record itself."""
        return record if "test_list" in record else UNSET
