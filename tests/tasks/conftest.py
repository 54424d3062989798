"""Fixtures for the tests of tasks."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real items and golden verdicts, a sibling of the checkout; skips where it is absent."""
    folder = Path(__file__).resolve().parents[2].parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared folder is not here")
    return folder
