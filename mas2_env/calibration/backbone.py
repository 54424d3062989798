"""A backbone's parameters from recorded runs of one's own.

What is counted: first replies (`round` 0) of one model, one line of JSON each, with `benchmark`, `model`,
`correct` and, where known, `answer` and `completion_tokens`, as in recordings that can be replayed.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from mas2_env.backends.parameters import BackboneTable, Parameters, logit, sigmoid
from mas2_env.errors import DataError

FEWEST: Final = 20
"""Graded replies below which a benchmark is not counted."""

_FAMILY: Final = {"gsm8k": "math", "humaneval": "code", "mbpp": "code", "hotpotqa": "recall", "nq": "recall"}
_FAMILIES: Final = ("math", "code", "recall", "reading")
_LIKE: Final = "gpt-4o-mini"


class Reply(Struct, frozen=True):
    """One line of a recording; other fields are passed over.

    Attributes:
        benchmark, model: what was asked, and who.
        correct: whether the answer was right; None if it was not graded.
        answer: the answer found in the reply; None if there was none.
        completion_tokens: length of the reply, if known.
        round: 0 for first replies.
    """

    benchmark: str
    model: str
    correct: bool | None = None
    answer: str | None = ""
    completion_tokens: int | None = None
    round: int = 0


def fit_backbone(rows: Iterable[Reply], model: str, parameters: Parameters) -> BackboneTable:
    """The table of a model whose replies were recorded.

    Accuracies of benchmarks get half a right and half a wrong reply added. A family is the mean in logits
    over its benchmarks; one of which nothing was recorded lies as far from gpt-4o-mini's as the others do
    on average.

    Raises:
        DataError: if no benchmark has `FEWEST` graded replies of the model.
    """
    graded: dict[str, list[bool]] = defaultdict(list)
    lengths: list[float] = []
    replies = unanswered = 0
    for row in rows:
        if row.model != model or row.round != 0:
            continue
        name = row.benchmark.lower()
        replies += 1
        unanswered += row.answer is None
        if row.correct is not None:
            graded[name].append(row.correct)
        if row.completion_tokens and name in parameters.task:
            lengths.append(math.log(row.completion_tokens / parameters.task[name].tokens))
    tasks = {
        name: (sum(marks) + 0.5) / (len(marks) + 1.0)
        for name, marks in graded.items()
        if len(marks) >= FEWEST
    }
    if not tasks:
        raise DataError(
            f"no benchmark has {FEWEST} graded first replies of {model!r}; found "
            f"{', '.join(f'{name}: {len(marks)}' for name, marks in sorted(graded.items())) or 'none'}"
        )
    families = _families(tasks, parameters)
    return BackboneTable(
        **{name: round(share, 4) for name, share in families.items()},
        verbosity=round(sum(lengths) / len(lengths), 3) if lengths else 0.0,
        malformed=round(unanswered / replies, 4),
        tasks={name: round(share, 4) for name, share in sorted(tasks.items()) if name in parameters.task},
    )


def _families(tasks: Mapping[str, float], parameters: Parameters) -> dict[str, float]:
    like = parameters.backbone[_LIKE]
    found: dict[str, list[float]] = defaultdict(list)
    for name, share in tasks.items():
        if name in _FAMILY:
            found[_FAMILY[name]].append(logit(share))
        elif name == "math":
            found["math"].append(logit(share) + parameters.task["math"].offset)
    known = {family: sum(values) / len(values) for family, values in found.items()}
    apart = [value - logit(getattr(like, family)) for family, value in known.items()]
    shift = sum(apart) / len(apart) if apart else 0.0
    return {family: sigmoid(known.get(family, logit(getattr(like, family)) + shift)) for family in _FAMILIES}


def as_table(model: str, table: BackboneTable) -> str:
    """The TOML table of a backbone."""
    lines = [f'[backbone."{model}"]']
    lines += [f"{name} = {getattr(table, name)}" for name in (*_FAMILIES, "verbosity", "malformed")]
    tasks = ", ".join(f"{name} = {share}" for name, share in table.tasks.items())
    return "\n".join([*lines, f"tasks = {{ {tasks} }}", ""])
