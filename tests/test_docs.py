"""The documentation says what is: its Python runs, its tables name what the code has, its commands exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from mas2_env.observation import (
    BackboneView,
    ExecutionView,
    FailureView,
    Observation,
    TurnView,
)
from mas2_env.reward import Outcome
from mas2_env.settings import Settings
from mas2_env.system.model import Limits

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Fenced blocks of a language, in order."""
    text = page.read_text(encoding="utf-8")
    return [body for name, body in _FENCE.findall(text) if name == language]


def table(page: str, heading: str) -> list[str]:
    """Names in the first column of the table under a heading: its code spans, row by row."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    section = re.split(rf"^#+ {re.escape(heading)}$", text, maxsplit=1, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    return [name for row in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for name in _spans(row)]


def _spans(cell: str) -> Iterator[str]:
    yield from re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name
)
def test_the_python_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__docs__"}
    for number, code in enumerate(blocks(page, "python"), start=1):
        exec(compile(code, f"{page.name} block {number}", "exec"), namespace)


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("Observation", Observation),
        ("Backbones", BackboneView),
        ("State of the execution", ExecutionView),
        ("Failures", FailureView),
        ("Turns", TurnView),
        ("Outcome", Outcome),
        ("Settings", Settings),
        ("Limits", Limits),
    ],
)
def test_tables_of_the_contract_name_every_field(heading: str, struct: type[Struct]) -> None:
    assert table("environment.md", heading) == list(struct.__struct_fields__)
