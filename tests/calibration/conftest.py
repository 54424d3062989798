"""A small calibration, and measured figures where they are."""

from pathlib import Path

import pytest

from mas2_env.backends.calibrated import Calibration, Manner, Setting

CLEVER, PLAIN, OTHER = "gpt-clever", "gpt-plain", "claude-other"


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    """One setting with three models, two of them of one family."""
    setting = Setting(
        "math",
        difficulty=0.5,
        family=0.1,
        affinity=0.2,
        popular=-0.5,
        slope=0.8,
        own=0.4,
        strata={"level=1": -0.5, "level=5": 0.5},
        level={CLEVER: 1.0, PLAIN: 0.0, OTHER: 0.0},
        tokens={CLEVER: (5.0, 0.4)},
        lacks={f"{CLEVER}|no answer found at all": 0.1},
    )
    manner = Manner(inertia=1.0, power=3.0, discernment=1.0, anew=0.05, hint=0.2)
    return Calibration({"cup/GSM8K": setting}, {"math": manner}, {})


@pytest.fixture(scope="session")
def figures_file() -> str:
    """The measured figures, in a sibling of the checkout; skips where they are absent."""
    path = Path(__file__).resolve().parents[2].parent / "shared" / "calibration" / "figures.json"
    if not path.exists():
        pytest.skip("the measured figures are not here")
    return str(path)
