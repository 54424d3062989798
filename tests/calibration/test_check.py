"""`mas2 simulator check` and `fit` from end to end, on what a few figures say."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import mas2_env
from mas2_env.backends.calibrated import load_calibration, parse_calibration
from mas2_env.calibration.check import as_json, by_section, check
from mas2_env.calibration.figures import CORE, Figure, read_figures
from mas2_env.calibration.fit import fit
from mas2_env.calibration.write import as_toml, write_calibration
from mas2_env.cli import run

SMALL = ("dylan_math_complex", "qwen_math_rm", "reflexion_hotpotqa", "mint")


@pytest.fixture(scope="module")
def small(figures_file: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The figures of a few recordings, and critics' verdicts."""
    raw = json.loads(Path(figures_file).read_text())
    kept = ("accuracy", "same_model_correlation", "vote_gain", "debate_stop", "retry_qa", "critic_verdict")
    raw["sections"] = {
        name: [e for e in raw["sections"][name] if e.get("source") in SMALL] for name in (*kept, "tool_use")
    }
    path = tmp_path_factory.mktemp("figures") / "small.json"
    path.write_text(json.dumps(raw))
    return str(path)


def figures_of(small: str) -> Sequence[Figure]:
    return read_figures(small)


def test_every_figure_is_simulated_or_said_to_be_beyond_the_model(small: str) -> None:
    figures = figures_of(small)
    report = check(figures, load_calibration())
    names = [v.figure.name for v in report.verdicts] + [u.name for u in report.unsaid]
    assert sorted(names) == sorted(f.name for f in figures)
    assert {u.section for u in report.unsaid} >= {"tool_use"}
    for verdict in report.verdicts:
        assert verdict.inside == verdict.figure.inside(verdict.simulated)


def test_most_of_it_is_inside(small: str) -> None:
    table = by_section(check(figures_of(small), load_calibration()))
    for name in ("accuracy", "vote_gain", "retry_qa", "critic_verdict"):
        inside, total, _, _ = table[name]
        assert inside > 0.85 * total


def test_two_checks_say_the_same(small: str) -> None:
    one, two = (as_json(check(figures_of(small), load_calibration())) for _ in range(2))
    assert one == two


def test_the_json_has_the_promised_keys(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulator", "check", small, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"figures", "inside", "total", "not_expressible"}
    assert set(printed["figures"][0]) == {"name", "measured", "low", "high", "simulated", "inside"}
    assert printed["total"] == len(printed["figures"])
    assert printed["inside"] == sum(figure["inside"] for figure in printed["figures"])


def test_the_table_lists_sections_and_what_is_outside(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulator", "check", small, "--outside"]) == 0
    printed = capsys.readouterr().out
    assert "all core sections" in printed
    assert "Outside:" in printed
    assert "Not expressible:" in printed


def test_a_fit_can_be_written_and_read_again(small: str) -> None:
    import tomllib

    figures = [f for f in figures_of(small) if f.section in ("accuracy", "critic_verdict", "retry_qa")]
    fitted = fit(figures)
    again = parse_calibration(tomllib.loads(as_toml(fitted)), "fitted")
    assert again == fitted
    assert fit(figures) == fitted
    table = by_section(check(figures, fitted))
    inside, total, unsaid, _ = table["accuracy"]
    assert inside > 0.9 * total
    assert unsaid == 0


def test_agents_of_an_episode_take_what_was_fitted(small: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    fitted = fit([f for f in figures_of(small) if f.section == "critic_verdict"])
    fitted.habit["review math"].update(good_right=0.01, good_wrong=0.01)  # as if critics hardly approved
    write_calibration(fitted, str(path))
    shipped = mas2_env.run("reflexion", "gsm8k", items=60)
    own = mas2_env.run("reflexion", "gsm8k", items=60, backend=f"simulated[calibration={path}]")
    assert own.plan.backend_digest != shipped.plan.backend_digest
    assert sum(o.model_calls for o in own.outcomes) > 1.2 * sum(o.model_calls for o in shipped.outcomes)
    assert not own.summary.void


def test_the_core_is_reproduced(figures_file: str) -> None:
    """The targets, over all core sections and in each."""
    figures = [f for f in read_figures(figures_file) if f.core]
    table = by_section(check(figures, load_calibration()))
    inside, total, unsaid, _ = (sum(row[i] for row in table.values()) for i in range(4))
    assert inside > 0.9 * (total + unsaid)
    assert all(table[name][0] >= 0.7 * table[name][1] for name in CORE)
