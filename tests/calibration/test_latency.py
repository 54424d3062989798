"""How long calls take: the fit, the check, and a backbone's own times."""

import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mas2_env.abilities import Latency
from mas2_env.backends.calibrated import BY_PRICE, Calibration, load_calibration
from mas2_env.backends.ledger import Ledger, Line
from mas2_env.calibration.check import check
from mas2_env.calibration.crowd import Source
from mas2_env.calibration.estimators import line_fit
from mas2_env.calibration.figures import read_figures
from mas2_env.calibration.fit_latency import fit_latency
from mas2_env.cli import run

LINE = {"seconds_fixed": 2.0, "seconds_per_completion_token": 0.01, "log_residual_sd": 0.2}


def figures_of(tmp_path: Path, **sections: object):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"sections": sections}))
    return read_figures(str(path))


def published(price: float, rate: float) -> dict[str, object]:
    """An Aider entry of a model that needs `rate` seconds a token after 2 seconds for each of 1.5 calls."""
    tokens, prompt, n = 1000.0, 9000.0, 100
    return {
        "source": "Aider toy (100 exercises)",
        "model": f"at {price}",
        "first": {"p": 0.5, "ci": [0.4, 0.6], "n": n, "hits": 50},
        "seconds_per_case": 3.0 + rate * tokens,
        "completion_tokens_per_case": tokens,
        "prompt_tokens_per_case": prompt,
        "total_cost_usd": price * (tokens + prompt) * n / 1e6,
    }


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 5.0), st.floats(0.001, 0.1), st.floats(0.0, 0.5))
def test_a_line_is_found_again(fixed: float, per_token: float, spread: float) -> None:
    source = Source("line", "test")
    tokens = np.exp(5.0 + 0.6 * source.normal(20_000))
    seconds = (fixed + per_token * tokens) * np.exp(spread * source.normal(20_000))
    found = line_fit(tokens, seconds)
    whole = fixed + per_token * 150.0
    assert found[0] + found[1] * 150.0 == pytest.approx(whole, rel=0.02)
    assert found[0] == pytest.approx(fixed, abs=0.05 * whole)
    assert found[2] == pytest.approx(spread, abs=0.01)


def test_measured_lines_are_kept_and_means_are_split_as_these_are(tmp_path: Path) -> None:
    figures = figures_of(
        tmp_path,
        latency=[
            {"source": "cup", "model": "gpt-clever", **LINE},
            {"source": "cup", "system": "gpt-clever", "seconds": {"value": 12.0, "ci": [11.0, 13.0]}},
        ],
    )
    base = Calibration(load_calibration().setting, {}, {})
    found = fit_latency(base, figures).latency
    assert found["gpt-clever"] == Latency(2.0, 0.01, 0.2)
    whole = found["all|gpt-clever"]
    assert whole.fixed / whole.per_token == pytest.approx(200.0, rel=0.01)
    assert (whole.fixed + whole.per_token) * math.exp(0.02) == pytest.approx(12.0, rel=0.01), "at one token"
    assert fit_latency(base, figures) == fit_latency(base, figures)


def test_the_power_of_the_price_is_found_despite_an_outlier(tmp_path: Path) -> None:
    prices = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0]
    rows = [published(price, 0.02 * price**0.3) for price in prices] + [published(2.0, 5.0)]
    figures = figures_of(
        tmp_path, latency=[{"source": "cup", "model": "gpt-clever", **LINE}], retry_with_test_output=rows
    )
    usual = fit_latency(Calibration({}, {}, {}), figures).latency[BY_PRICE]
    assert usual.power == pytest.approx(0.3, abs=0.02)
    assert usual.per_token == pytest.approx(0.02, rel=0.1)


def test_the_shipped_latencies_are_those_of_the_figures_and_give_them_back(figures_file: str) -> None:
    figures = [f for f in read_figures(figures_file) if f.section in ("latency", "retry_with_test_output")]
    shipped = load_calibration()
    assert fit_latency(shipped, figures).latency == shipped.latency
    report = check([f for f in figures if f.section == "latency"], shipped)
    assert len(report.verdicts) == 12
    assert all(verdict.inside for verdict in report.verdicts)


def timed(count: int) -> list[dict[str, object]]:
    normal = Source("times").normal(count)
    rows = []
    for i in range(count):
        tokens = 50 + 10 * (i % 40)
        seconds = (0.8 + 0.02 * tokens) * math.exp(0.1 * normal[i])
        rows.append({"tokens": tokens, "seconds": seconds})
    return rows


@pytest.mark.parametrize("where", ["rows", "ledger", "nowhere"])
def test_a_backbone_is_as_fast_as_it_was_recorded(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, ledger = tmp_path / "runs.jsonl", tmp_path / "ledger.jsonl"
    row = {"benchmark": "gsm8k", "model": "m", "correct": True, "answer": "4"}
    times = timed(200)
    spoken = [
        {**row, "completion_tokens": t["tokens"], "seconds": t["seconds"]} if where == "rows" else row
        for t in times
    ]
    runs.write_text("\n".join(map(json.dumps, spoken)))
    with Ledger(ledger) as kept:
        for t in times:
            said = (
                0.0,
                t["seconds"],
                "q",
                "solver",
                "o",
                0,
                0,
                "m",
                "p",
                "reply",
                "server",
                100,
                t["tokens"],
            )
            kept.add(Line(*said))  # type: ignore[arg-type]
    extra = ["--ledger", str(ledger)] if where == "ledger" else []
    assert run(["simulator", "backbone", str(runs), "--model", "m", *extra]) == 0
    table = tomllib.loads(capsys.readouterr().out)["backbone"]["m"]
    if where == "nowhere":
        assert "latency" not in table
        return
    assert table["latency"]["fixed"] == pytest.approx(0.8, abs=0.15)
    assert table["latency"]["per_token"] == pytest.approx(0.02, rel=0.05)
    assert table["latency"]["spread"] == pytest.approx(0.1, abs=0.02)


def test_a_ledger_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = tmp_path / "runs.jsonl"
    runs.write_text("{}")
    assert run(["simulator", "backbone", str(runs), "--model", "m", "--ledger", str(tmp_path / "no")]) != 0
    assert "there is no such file" in capsys.readouterr().err
