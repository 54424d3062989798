"""A backbone's parameters from recorded runs of one's own.

What is counted: first replies (`round` 0) of one model, one line of JSON each, with `benchmark`, `model`,
`correct` and, where known, `answer`, `completion_tokens` and `seconds`: recordings that can be replayed have
this form.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from mas2_env.abilities import Ability, Latency
from mas2_env.backends.ledger import Line
from mas2_env.backends.parameters import Parameters, logit, sigmoid
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
        seconds: how long it took, if known.
        round: 0 for first replies.
    """

    benchmark: str
    model: str
    correct: bool | None = None
    answer: str | None = ""
    completion_tokens: int | None = None
    seconds: float | None = None
    round: int = 0


Timed: TypeAlias = tuple[int, float]
"""Completion tokens of a call, and its seconds."""


def fit_backbone(
    rows: Iterable[Reply], model: str, parameters: Parameters, timed: Iterable[Timed] = ()
) -> Ability:
    """The table of a model whose replies were recorded.

    Accuracies of benchmarks get half a right and half a wrong reply added. A family is the mean in logits
    over its benchmarks; one of which nothing was recorded lies as far from gpt-4o-mini's as the others do
    on average. How long calls take is fitted to those of the rows that were timed, and to `timed`, if they
    are `FEWEST` at least.

    Raises:
        DataError: if no benchmark has `FEWEST` graded replies of the model.
    """
    graded: dict[str, list[bool]] = defaultdict(list)
    lengths: list[float] = []
    unanswered = 0
    rows = list(rows)
    mine = [row for row in rows if row.model == model and row.round == 0]
    if not mine:
        models = sorted({row.model for row in rows if row.round == 0})
        raise DataError(f"there are no first replies of {model!r}, but of {', '.join(models) or 'nobody'}")
    for row in mine:
        name = row.benchmark.lower()
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
    return Ability(
        math=round(families["math"], 4),
        code=round(families["code"], 4),
        recall=round(families["recall"], 4),
        reading=round(families["reading"], 4),
        verbosity=round(sum(lengths) / len(lengths), 3) if lengths else 0.0,
        malformed=round(unanswered / len(mine), 4),
        tasks={name: round(share, 4) for name, share in sorted(tasks.items()) if name in parameters.task},
        latency=_latency([*timed, *((row.completion_tokens or 0, row.seconds or 0.0) for row in mine)]),
    )


def timed_in(lines: Iterable[Line], model: str) -> list[Timed]:
    """Length and seconds of a model's replies in a ledger, as far as a server counted the tokens."""
    return [
        (line.completion, line.seconds)
        for line in lines
        if line.model == model and line.ended == "reply" and line.usage == "server"
    ]


def _latency(times: list[Timed]) -> Latency | None:
    import numpy as np

    from mas2_env.calibration.estimators import line_fit

    times = [(tokens, seconds) for tokens, seconds in times if tokens > 0 and seconds > 0.0]
    if len(times) < FEWEST:
        return None
    tokens, seconds = np.array(times, dtype=float).T
    fixed, per_token, spread = line_fit(tokens, seconds)
    return Latency(round(fixed, 3), round(per_token, 6), round(spread, 3))


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


def as_table(model: str, table: Ability) -> str:
    """The TOML table of a backbone."""
    lines = [f'[backbone."{model}"]']
    lines += [f"{name} = {getattr(table, name)}" for name in (*_FAMILIES, "verbosity", "malformed")]
    tasks = ", ".join(f"{name} = {share}" for name, share in table.tasks.items())
    lines.append(f"tasks = {{ {tasks} }}")
    if table.latency is not None:
        it = table.latency
        lines.append(
            f"latency = {{ fixed = {it.fixed}, per_token = {it.per_token:.6f}, spread = {it.spread} }}"
        )
    return "\n".join([*lines, ""])
