"""Recorded models as backbones: accuracies by family of tasks, for whoever lists them in a pool.

Mathematics is what ZeroEval measured on GSM8K. HumanEval and MATH are published ones (openai/simple-evals @
0f2cf33303, README.md, which repeats what Anthropic, Google and Meta report). Where HumanEval was not, code
follows from predicting what code prints (CRUXEval-O), by the least-squares line in logits through the
models of which both are known. How well models recall and read facts was not measured; it is put on the
lines through the estimates of three models of the default pool.
"""

import math
from typing import Final

from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration, Model
from mas2_env.calibration.fit_levels import NORMAL
from mas2_env.calibration.world import FAILING

_GSM8K: Final = "zeroeval_gsm/GSM8K"
_CRUX: Final = "zeroeval_crux/CRUXEval-O"
_REFERENCE: Final = "gpt-4o-mini-2024-07-18"

_HUMANEVAL: Final = {
    "gpt-4o-mini-2024-07-18": 0.872,
    "gpt-4o-2024-05-13": 0.910,
    "gpt-4o-2024-08-06": 0.902,
    "claude-3-5-sonnet-20240620": 0.920,
    "claude-3-opus-20240229": 0.849,
    "Meta-Llama-3.1-8B-Instruct": 0.726,
    "Meta-Llama-3.1-70B-Instruct": 0.805,
    "gemini-1.5-pro": 0.719,
    "gemini-1.5-flash": 0.715,
}
"""Published pass@1."""

_MATH: Final = {
    "gpt-4o-mini-2024-07-18": 0.702,
    "gpt-4o-2024-05-13": 0.766,
    "gpt-4o-2024-08-06": 0.759,
    "claude-3-5-sonnet-20240620": 0.711,
    "claude-3-opus-20240229": 0.601,
    "Meta-Llama-3.1-8B-Instruct": 0.519,
    "Meta-Llama-3.1-70B-Instruct": 0.680,
    "gemini-1.5-pro": 0.585,
    "gemini-1.5-flash": 0.409,
}
"""Published accuracies on MATH."""

_RECALL: Final = {
    "Meta-Llama-3.1-8B-Instruct": (0.20, 0.58),
    "gpt-4o-mini-2024-07-18": (0.27, 0.65),
    "claude-3-5-sonnet-20240620": (0.34, 0.72),
}
"""Estimated accuracies on HotpotQA without and with the paragraphs, as in the default pool."""


def fit_models(calibration: Calibration, _: object = None) -> Calibration:
    """The calibration with a table for each model of which both benchmarks were recorded."""
    math_setting = calibration.setting.get(_GSM8K)
    crux_setting = calibration.setting.get(_CRUX)
    if math_setting is None or crux_setting is None:
        return calibration
    crux = {name: _logit(NORMAL.cdf(level)) for name, level in crux_setting.level.items()}
    code = _line({name: _logit(p) for name, p in _HUMANEVAL.items()}, crux)
    recall = _line({name: _logit(pair[0]) for name, pair in _RECALL.items()}, crux)
    reading = _line({name: _logit(pair[1]) for name, pair in _RECALL.items()}, crux)
    usual = math_setting.tokens.get(_REFERENCE, (0.0, 0.0))[0]
    models = {}
    for name, level in math_setting.level.items():
        if name in crux:
            failing = sum(math_setting.lacks.get(f"{name}|{what}", 0.0) for what in FAILING)
            models[name] = Model(
                math=round(NORMAL.cdf(level), 4),
                code=_HUMANEVAL.get(name) or _share(code, crux[name]),
                recall=_share(recall, crux[name]),
                reading=_share(reading, crux[name]),
                verbosity=round(math_setting.tokens.get(name, (usual, 0.0))[0] - usual, 3),
                malformed=round(failing, 4),
                tasks={"math": _MATH[name]} if name in _MATH else {},
            )
    return replace(calibration, model=models)


def _line(wanted: dict[str, float], given: dict[str, float]) -> tuple[float, float]:
    """Least-squares line: where it begins and how it rises; (0, 1) where fewer than two points are known."""
    points = [(given[name], y) for name, y in wanted.items() if name in given]
    if len(points) < 2:
        return 0.0, 1.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return mean_y - rise * mean_x, rise


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))


def _share(line: tuple[float, float], x: float) -> float:
    return round(1.0 / (1.0 + math.exp(-line[0] - line[1] * x)), 4)
