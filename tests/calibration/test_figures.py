"""Figures files as they are read."""

import json
from pathlib import Path
from typing import Any

import pytest

from mas2_env.calibration.figures import CORE, Figure, read_figures
from mas2_env.errors import DataError


def write(tmp_path: Path, sections: Any) -> str:
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"sections": sections}))
    return str(path)


def read(tmp_path: Path, section: str, *entries: Any) -> list[Figure]:
    return read_figures(write(tmp_path, {section: list(entries)}))


def test_each_number_with_an_interval_is_a_figure(tmp_path: Path) -> None:
    pair = {
        "source": "s",
        "phi": {"value": 0.4, "ci": [0.3, 0.5], "n_items": 9},
        "tetrachoric": 0.6,
        "right": {"p": 0.9, "ci": [0.8, 0.95], "n": 5, "hits": 4},
    }
    lengths = {
        "source": "s",
        "mu": 5.0,
        "mu_ci": [4.9, 5.1],
        "sigma": 0.4,
        "sigma_ci": [0.3, 0.5],
        "median": 150,
    }
    found = read(tmp_path, "cross_model_correlation", pair) + read(tmp_path, "completion_tokens", lengths)
    assert [(f.key, f.measured, f.low, f.high) for f in found] == [
        ("phi", 0.4, 0.3, 0.5),
        ("right", 0.9, 0.8, 0.95),
        ("mu", 5.0, 4.9, 5.1),
        ("sigma", 0.4, 0.3, 0.5),
    ]


def test_a_figure_is_inside_its_interval_or_within_two_points(tmp_path: Path) -> None:
    [figure] = read(tmp_path, "accuracy", {"source": "s", "p": 0.50, "ci": [0.45, 0.51]})
    assert [figure.inside(x) for x in (0.44, 0.46, 0.5199, 0.5201)] == [False, True, True, False]


def test_the_log_mean_of_tokens_may_be_five_percent_off(tmp_path: Path) -> None:
    entry = {"source": "s", "mu": 6.0, "mu_ci": [5.99, 6.01], "sigma": 0.5, "sigma_ci": [0.49, 0.51]}
    mean, spread = read(tmp_path, "completion_tokens", entry)
    assert mean.inside(6.29)
    assert not mean.inside(6.31)
    assert not spread.inside(0.55)


def test_entries_without_intervals_give_what_is_listed_for_their_section(tmp_path: Path) -> None:
    entry = {
        "source": "s",
        "benchmark": "b",
        "models": 3,
        "mean_phi": 0.3,
        "mean_tetrachoric": 0.6,
        "pairs": 3,
    }
    found = read(tmp_path, "cross_model_summary", entry)
    assert [(f.key, f.low) for f in found] == [("mean_phi", None), ("mean_tetrachoric", None)]


def test_names_are_unique(tmp_path: Path) -> None:
    entry = {"source": "s", "p": 0.5, "ci": [0.4, 0.6]}
    names = [f.name for f in read(tmp_path, "accuracy", entry, entry)]
    assert names == ["accuracy source=s p", "accuracy source=s p (2)"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object with `sections`"),
        ('{"sections": {"accuracy": [3]}}', r"accuracy\[0\]: expected an object"),
        ('{"sections": {"accuracy": [{"p": "x", "ci": [0, 1]}]}}', r"accuracy\[0\]: could not convert"),
    ],
)
def test_what_is_no_figures_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_figures(str(path))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.json: cannot be read"):
        read_figures(str(tmp_path / "absent.json"))


def test_all_core_sections_are_measured(figures_file: str) -> None:
    figures = read_figures(figures_file)
    assert {f.section for f in figures if f.core} == set(CORE)
    assert len({f.name for f in figures}) == len(figures) > 3664
