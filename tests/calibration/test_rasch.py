"""The Rasch model, on simulated answers and on the recordings whose figures are known."""

import gzip
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from mas2_env.calibration.rasch import accuracies, name_family, rasch

SHARED = Path(__file__).parents[2] / "../shared"


def answers(ability: np.ndarray, sigma: float, items: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    difficulty = rng.normal(0, sigma, items)[:, None]
    right: np.ndarray = (rng.random((items, len(ability))) < 1 / (1 + np.exp(difficulty - ability))).astype(
        float
    )
    return right


def test_spreads_are_found_again() -> None:
    ability = np.linspace(-1.5, 2.0, 30)
    (found,) = rasch(answers(ability, 1.2, 800)[None], ["a"] * 15 + ["b"] * 15)
    assert found["difficulty_sd"] == pytest.approx(1.2, abs=0.12)
    assert found["ability_sd"] == pytest.approx(ability.std(), abs=0.08)
    assert abs(found["residual_corr_other_family"]) < 0.06


def test_groups_are_estimated_as_if_alone() -> None:
    right = answers(np.linspace(-1.0, 1.0, 8), 1.5, 400).reshape(2, 200, 8)
    families = list("aabbccdd")
    both = rasch(right, families)
    for group, found in zip(right, both, strict=True):
        assert found == pytest.approx(rasch(group[None], families)[0])


def test_a_model_that_is_always_wrong_is_left_out() -> None:
    right = answers(np.linspace(-1.0, 1.0, 8), 1.0, 300)
    with_it = np.concatenate([right, np.zeros((300, 1))], axis=1)
    found, expected = rasch(with_it[None], list("aabbccdde"))[0], rasch(right[None], list("aabbccdd"))[0]
    assert found == pytest.approx(expected, abs=2e-3)


def test_abilities_are_turned_back_into_accuracies() -> None:
    ability, sigma = np.linspace(-2.0, 2.0, 12), 1.3
    right = answers(ability, sigma, 20_000)
    assert accuracies(list(ability), sigma) == pytest.approx(right.mean(0), abs=0.03)


def test_families_are_the_leading_letters() -> None:
    assert name_family("llama3-chatqa-1.5-8b") == name_family("llama-3.1-8b-instruct") == "llama"
    assert name_family("codegemma-7b") != name_family("gemma-2-9b-it")


@pytest.mark.skipif(not (SHARED / "recordings").is_dir(), reason="needs the recordings")
@pytest.mark.parametrize("task", ["NQ", "TriviaQA", "HumanEval", "GSM8K", "MATH"])
def test_published_figures_come_out_of_the_recordings(task: str) -> None:
    rows: dict[str, dict[str, float]] = defaultdict(dict)
    with gzip.open(SHARED / "recordings" / "llmrouter.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            if row["benchmark"] == task:
                rows[row["item_id"]][row["model"]] = float(row["correct"])
    figures = json.loads((SHARED / "calibration" / "figures.json").read_text())["sections"]["rasch"]
    (entry,) = (e for e in figures if (e["source"], e["benchmark"]) == ("llmrouter", task))
    models = list(entry["ability"])
    right = np.array([[answered[model] for model in models] for answered in rows.values()])
    (found,) = rasch(right[None], [name_family(model) for model in models])
    for key, value in found.items():
        assert value == pytest.approx(entry[key], abs=1e-3)
