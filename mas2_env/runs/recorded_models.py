"""Which simulated agent stands in a recorded model's place, and what a file of recordings compares."""

import math
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from mas2_env.backends import laws
from mas2_env.backends.calibrated import Calibration, Setting
from mas2_env.backends.stand_in import Fewer, StandIn, Standing, standing_of
from mas2_env.backends.transcripts import Strands, Transcripts
from mas2_env.pool import Backbone, Pool
from mas2_env.runs.structures import Comparison, compare
from mas2_env.task import Task

_CONTEXT = 1_000_000
_SPREAD = 0.5


class Placed(Struct, frozen=True):
    """One model of one recorded system.

    Attributes:
        recording: the setting of the calibration, or the benchmark whose shares were taken instead.
        fitted: whether level and lengths are fitted ones; else they are those of the recorded first replies.
        comparison: of its structures.
    """

    recording: str
    fitted: bool
    comparison: Comparison


def pool_of(models: Sequence[str]) -> Pool:
    """A pool of recorded models, all at one price: what they cost is compared in tokens."""
    backbones = {name: Backbone(name, "recorded", 1000, 1000, _CONTEXT) for name in models}
    return Pool("recorded", models[0], models[0], backbones, "")


def compare_recorded(
    task: Task,
    recording: str,
    model: str,
    calibration: Calibration,
    more: Task | None = None,
    critic: bool = False,
    alone: bool = False,
) -> Placed:
    """Run a model's recorded structures on its replies, and on those of a simulated one in its place.

    Args:
        task: its items hold `Transcripts`.
        recording: name of the recording's setting in the calibration.
        model: name of the recorded model.
        calibration: what was fitted.
        more: as in `compare`.
        critic: likewise.
        alone: whether those that go on to the last round of a debate hear none but each other there.

    Raises:
        DataError: if no item has transcripts of the model.
    """
    pool = pool_of([model])
    strands = strands_in(task, model)
    setting, where = _setting(calibration, recording, task.benchmark)
    seen = observed(strands)
    retried = any(one.kind == "retry" for one in strands)
    fitted = where == recording and not retried and any(n.split("|")[0] == model for n in setting.level)
    standing = standing_of(setting, model, seen) if fitted else seen
    fewer = fewer_in(strands, alone)
    stand_in = StandIn(pool, model, task.benchmark, setting, standing, calibration, fewer)
    stops = len({one.rounds for one in strands if one.kind == "debate"}) > 1
    overlooked = calibration.manner[setting.manner].overlooked if stops else 1.0
    return Placed(where, fitted, compare(task, model, pool, stand_in, more, overlooked, critic))


def strands_in(task: Task, model: str) -> list[Strands]:
    """What a model wrote at each item that has something of it; empty if none has."""
    assert task.size is not None
    golds = (task.item(index).truth.gold for index in range(task.size))
    return [gold.models[model] for gold in golds if isinstance(gold, Transcripts) and model in gold.models]


def fewer_in(strands: Sequence[Strands], alone: bool = False) -> Fewer | None:
    """Who speaks in the last round of the longest debates, mostly; None if all do."""
    debates = [one for one in strands if one.kind == "debate"]
    rounds = max((one.rounds for one in debates), default=0)
    spoke = Counter(
        sum(len(strand) == rounds for strand in one.strands) for one in debates if one.rounds == rounds
    )
    if rounds < 3:
        return None
    kept, _ = spoke.most_common(1)[0]
    size = max(one.size for one in debates)
    return Fewer(rounds - 1, kept, size, alone) if kept < size else None


def observed(strands: Sequence[Strands]) -> Standing:
    """Level, lengths and lacks of the first replies of all strands."""
    replies = [
        reply for one in strands for strand in one.strands for reply in strand[:1] if reply is not None
    ]
    said = [reply for reply in replies if reply.answer is not None]
    hits = sum(reply.correct for reply in said)
    logs = [math.log(reply.completion_tokens) for reply in replies if reply.completion_tokens > 0]
    mean = sum(logs) / len(logs) if logs else 0.0
    spread = math.sqrt(sum((x - mean) ** 2 for x in logs) / len(logs)) if logs else _SPREAD
    silent = 1.0 - len(said) / len(replies) if replies else 0.0
    return Standing(laws.NORMAL.inv_cdf((hits + 0.5) / (len(said) + 1)), (mean, spread), (silent,))


def _setting(calibration: Calibration, recording: str, benchmark: str) -> tuple[Setting, str]:
    found = calibration.setting.get(recording)
    if found is not None:
        return found, recording
    known = benchmark.lower() if benchmark.lower() in calibration.task else "default"
    return calibration.task[known], known
