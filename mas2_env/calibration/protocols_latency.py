"""How seconds of calls and of pipelines were measured, played by simulated agents."""

from typing import Any

import numpy as np

from mas2_env.backends import laws
from mas2_env.calibration.crowd import Source
from mas2_env.calibration.estimators import line_fit
from mas2_env.calibration.fit_latency import lengths_at
from mas2_env.calibration.places import profile_of
from mas2_env.calibration.world import Missing, World

CALLS = 400_000
"""Calls drawn for a line: the smaller its fixed part beside the rest, the less well that can be told."""


def latency(world: World, entry: dict[str, Any]) -> dict[str, float]:
    """Seconds of calls at their lengths, and the line through them, or their mean."""
    who = profile_of(entry)
    it = world.calibration.latency.get(who)
    if it is None:
        raise Missing(f"no latency of {who} was fitted")
    mean, spread = lengths_at(world.calibration.setting, entry)
    source = Source("latency", str(entry["source"]), who)
    tokens = np.ceil(laws.length(mean, spread, source.normal(CALLS)))
    seconds = laws.seconds(tokens, it.fixed, it.per_token, it.spread, source.normal(CALLS))
    if "seconds" in entry:
        return {"seconds": float(seconds.mean())}
    fixed, per_token, left = line_fit(tokens, seconds)
    return {"seconds_fixed": fixed, "seconds_per_completion_token": per_token, "log_residual_sd": left}
