"""The documentation says what is: its Python runs, its tables name what the code has, its commands exist."""

import math
import re
import shlex
from pathlib import Path
from typing import Any

import gymnasium
import msgspec
import pytest
import typer
from mas2_tasks.diagnostic_dials import Dials
from msgspec import Struct

from mas2_env.backends.ledger import Line
from mas2_env.cli import app, run
from mas2_env.engines import Engine, Sampling
from mas2_env.envs.encode import PLACES
from mas2_env.envs.layout import NAMES, OPERATIONS
from mas2_env.execution.trace import TRACE_VERSION, Event
from mas2_env.mock.scenario import Faults, Scenario
from mas2_env.observation import BackboneView, ExecutionView, FailureView, Observation, TurnView
from mas2_env.plugins import load, names
from mas2_env.providers import Provider
from mas2_env.reward import Outcome
from mas2_env.runs.record import Record
from mas2_env.settings import Settings
from mas2_env.system.draw import draw_text
from mas2_env.system.model import Edit, Limits, Role

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r'^--8<-- "([^":]+)"$', re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    """Fenced blocks of a language, in order, with the files that they include."""
    text = page.read_text(encoding="utf-8")
    found = [body for name, body in _FENCE.findall(text) if name == language]
    return [_INCLUDE.sub(lambda match: (ROOT / match[1]).read_text(encoding="utf-8"), body) for body in found]


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.split(rf"^#+ {re.escape(heading)}$", text, maxsplit=1, flags=re.MULTILINE)[1]
    return re.split(r"^#+ ", found, maxsplit=1, flags=re.MULTILINE)[0]


def table(page: str, heading: str) -> list[str]:
    """Names in the first column of the tables under a heading: its code spans, row by row."""
    rows = re.findall(r"^\| (`[^|]*) \|", section(page, heading), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


PYTHON = [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "documentation"}
    for number, code in enumerate(blocks(page, "python"), start=1):
        exec(compile(code, f"{page.name}, block {number}", "exec"), namespace)


def test_drawings_are_what_is_drawn() -> None:
    namespace: dict[str, Any] = {}
    exec(blocks(ROOT / "docs" / "systems.md", "python")[0], namespace)
    assert f"```text\n{draw_text(namespace['template']).rstrip()}\n```" in section("systems.md", "Drawing")


def test_readme_shows_the_custom_policy_as_it_is() -> None:
    code = (ROOT / "examples" / "custom_policy.py").read_text(encoding="utf-8")
    assert f"```python\n{code}```" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(code.splitlines()) < 20


def test_readme_shows_what_an_evaluation_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^mas2 (eval [^\n]*)\n```\n\n```text\n(task .*?)```$", text, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert run([*shlex.split(shown[1]), "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out.partition("\n\nrun ")[0]
    assert [line.rstrip() for line in printed.splitlines()] == shown[2].splitlines()


@pytest.mark.parametrize(
    ("page", "heading", "struct"),
    [
        ("environment.md", "Observation", Observation),
        ("environment.md", "Backbones", BackboneView),
        ("environment.md", "State of the execution", ExecutionView),
        ("environment.md", "Failures", FailureView),
        ("environment.md", "Turns", TurnView),
        ("environment.md", "Outcome", Outcome),
        ("environment.md", "Settings", Settings),
        ("environment.md", "Limits", Limits),
        ("systems.md", "Roles", Role),
        ("runs.md", "Record", Record),
        ("diagnostic.md", "Dials", Dials),
        ("models.md", "Provider", Provider),
        ("models.md", "Engine", Engine),
        ("models.md", "Sampling", Sampling),
        ("models.md", "Line", Line),
        ("models.md", "Scenario", Scenario),
        ("models.md", "Faults", Faults),
    ],
)
def test_tables_name_every_field(page: str, heading: str, struct: type[Struct]) -> None:
    assert table(page, heading) == list(struct.__struct_fields__)


@pytest.mark.parametrize(("heading", "struct"), [("Settings", Settings), ("Limits", Limits)])
def test_tables_give_the_defaults(heading: str, struct: type[Struct]) -> None:
    text = section("environment.md", heading)
    for name, default in msgspec.to_builtins(struct()).items():
        if not isinstance(default, dict):
            shown = re.search(rf"^\| `{name}` \| `?([^|`]+)`? \|", text, re.MULTILINE)
            assert shown is not None, name
            assert shown[1] == (str(default).lower() if isinstance(default, bool) else str(default)), name


def test_every_edit_is_described() -> None:
    tags = [kind.__struct_config__.tag for kind in Edit.__args__]  # type: ignore[attr-defined]
    rows = re.findall(r"^\| `(\w+)` \|", section("environment.md", "Decisions"), re.MULTILINE)
    assert rows == tags


def test_every_event_of_a_trace_is_described() -> None:
    kinds = Event.__args__  # type: ignore[attr-defined]
    assert table("runs.md", "Trace") == [kind.__name__.lower() for kind in kinds]
    assert TRACE_VERSION in section("runs.md", "Trace")


def test_array_tables_name_every_dimension_and_operation() -> None:
    dimensions = dict.fromkeys(re.sub(r"\[\d\]", "", name) for name in NAMES)
    assert [re.sub(r"\[\w\]", "", name) for name in table("environment.md", "Array action")] == [*dimensions]
    assert table("environment.md", "Array operations") == list(OPERATIONS)


def test_the_array_observation_is_described_block_by_block() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d× ]+) \|", section("environment.md", "Array observation"), re.MULTILINE
    )
    sizes = {name: math.prod(map(int, size.split("×"))) for name, size in rows}
    assert list(sizes.items()) == [(name, place.stop - place.start) for name, place in PLACES.items()]


def test_the_table_of_the_hub_is_the_one_that_is_used() -> None:
    text = section("tasks.md", "The hub")
    for name in names("tasks"):
        task = load("tasks", name)
        if "hub" in task.sources():
            data = task.hub_data()
            assert f"| `{name}` | {data.repository} | `{data.config}` | {data.revision or 'resolved'}" in text
            assert f"| {data.licence} | " in text
            assert all(f"{split.name} {split.rows:,}" in text for split in data.splits)


def test_built_in_policies_are_named() -> None:
    assert sorted(table("policies.md", "Policies that come with the project")) == sorted(names("policies"))


def test_info_holds_what_is_documented() -> None:
    keys = set(table("environment.md", "Info"))
    env = gymnasium.make("mas2/GSM8K-v0", max_invalid=0)
    _, info = env.reset(seed=0)
    assert set(info) == keys
    _, _, terminated, _, info = env.step("no decision")
    assert terminated
    assert set(info) == keys | set(Outcome.__struct_fields__) - {"kind"} | {"outcome", "answered"}


def _commands() -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(name: str, command: Any) -> None:
        children = getattr(command, "commands", None)
        if children:
            for child, its in children.items():
                walk(f"{name} {child}", its)
        else:
            found[name] = command

    walk("mas2", typer.main.get_command(app))
    return found


def _options(command: Any) -> list[str]:
    found = []
    for parameter in command.params:
        if parameter.param_type_name == "option" and "--help" not in parameter.opts:
            found += [*parameter.opts, *parameter.secondary_opts]
    return found


@pytest.mark.parametrize("name", sorted(_commands()))
def test_every_option_of_a_command_is_documented(name: str) -> None:
    assert table("cli.md", name) == _options(_commands()[name])


def _shown_commands() -> list[tuple[str, str]]:
    lines = [(page, line) for page in PAGES for block in blocks(page, "bash") for line in block.splitlines()]
    return [(page.name, line) for page, line in lines if line.startswith("mas2 ")]


@pytest.mark.parametrize(("page", "line"), _shown_commands())
def test_commands_shown_can_be_called(page: str, line: str) -> None:
    words = shlex.split(line.partition(" > ")[0], comments=True)
    commands = _commands()
    name = next(name for name in (" ".join(words[:3]), " ".join(words[:2])) if name in commands)
    commands[name].make_context(name, words[len(name.split()) :])
