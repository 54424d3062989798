"""Fixtures for the tests of tasks."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real items and golden verdicts, a sibling of the checkout; skips where it is absent."""
    folder = Path(__file__).resolve().parents[2].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared folder is not here")
    return folder


@pytest.fixture(scope="session")
def published(shared: Path) -> Callable[[str], tuple[str, list[dict[str, Any]]]]:
    """By the name of a benchmark's folder: the path of its real items, and their records."""

    def published(name: str) -> tuple[str, list[dict[str, Any]]]:
        path = shared / "benchmarks" / name / "items.jsonl.gz"
        if not path.exists():
            pytest.skip("the real items are not here")
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            return str(path), [json.loads(line) for line in lines]

    return published
