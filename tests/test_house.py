"""The house stands as it was drawn: who may import whom, what an import loads, and what a wheel holds."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

PACKAGES = {
    "mas2_env": ROOT / "mas2_env",
    "mas2_tasks": ROOT / "tasks" / "mas2_tasks",
    "mas2_agents": ROOT / "agents" / "mas2_agents",
    "mas2_leaderboard": ROOT / "leaderboard" / "mas2_leaderboard",
}

# Between packages: the packages that each may import, besides itself.
ARROWS = {
    "mas2_env": set(),
    "mas2_tasks": {"mas2_env"},
    "mas2_agents": {"mas2_env"},
    "mas2_leaderboard": {"mas2_env", "mas2_tasks", "mas2_agents"},
}

# Inside mas2_env: the rooms by floor, lowest first. A room imports from lower floors alone, so rooms of one
# floor stand apart, save for the ground floor (the data model) and the arrows of NEIGHBOURS.
FLOORS = [
    {
        "errors",
        "abilities",
        "spec",
        "task",
        "pool",
        "system",
        "settings",
        "observation",
        "policy",
        "reward",
        "plugins",
        "prompts",
    }
    | {"records", "cache", "scoring", "providers", "descriptors", "engines", "wal"},
    {"execution"},
    {"tools", "backends", "faults", "episode", "mock"},
    {"runs", "envs", "tree", "calibration"},
    {"cli", "commands"},
]
NEIGHBOURS = {("runs", "envs"), ("runs", "tree"), ("cli", "commands")}
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS, start=1) for room in rooms}

# What `import mas2_env` must leave alone: each is loaded where it is used.
HEAVY = {
    "accelerate",
    "aiohttp",
    "bm25s",
    "datasets",
    "jinja2",
    "langgraph",
    "math_verify",
    "matplotlib",
    "numba",
    "openai",
    "pandas",
    "peft",
    "PIL",
    "pyarrow",
    "pydantic",
    "ray",
    "rich",
    "sb3_contrib",
    "scipy",
    "sklearn",
    "stable_baselines3",
    "sympy",
    "tokenizers",
    "torch",
    "transformers",
    "trl",
    "typer",
    "vllm",
}


def test_the_readme_names_every_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = re.findall(r"^\| (`[^|]*`) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = [extra for row in rows for extra in re.findall(r"`(\w+)`", row)]
    assert named == list(project["optional-dependencies"])


@cache
def modules() -> dict[str, Path]:
    """Every module of the four packages by its dotted name."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str) -> Iterator[tuple[str, int]]:
    """Modules of ours that a module imports anywhere in its code, with the line; not for typing alone."""
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    for node in _runtime_nodes(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: relative import; write the whole name"
            module = node.module or ""
            targets = [
                f"{module}.{alias.name}" if f"{module}.{alias.name}" in modules() else module
                for alias in node.names
            ]
        else:
            continue
        for target in dict.fromkeys(targets):
            if target.partition(".")[0] in PACKAGES:
                yield target, node.lineno


def _runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from _runtime_nodes(other)
            continue
        yield child
        yield from _runtime_nodes(child)


def _room(module: str) -> str:
    """The part of `mas2_env` that a module belongs to; the empty string for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def test_every_room_has_a_floor() -> None:
    rooms = {_room(module) for module in modules() if module.startswith("mas2_env.")}
    assert rooms <= set(FLOOR_OF), "give each new module of mas2_env a place in FLOORS"


def test_packages_import_only_along_the_arrows() -> None:
    broken = [
        f"{name}:{line} imports {target}"
        for name in modules()
        for target, line in imports(name)
        if (package := name.partition(".")[0]) != (other := target.partition(".")[0])
        and other not in ARROWS[package]
    ]
    assert broken == []


def test_rooms_import_only_downwards() -> None:
    broken = []
    for name in modules():
        if not name.startswith("mas2_env."):
            continue
        for target, line in imports(name):
            if not _may_import(_room(name), _room(target)):
                broken.append(f"{name}:{line} imports {target}")
    assert broken == []


def _may_import(room: str, other: str) -> bool:
    if room == other:
        return True
    if other == "":  # the package's own front door is for users
        return False
    below = FLOOR_OF[other] < FLOOR_OF[room] or FLOOR_OF[other] == FLOOR_OF[room] == 1
    return below or (room, other) in NEIGHBOURS


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: {target for target, _ in imports(name)} - {name} for name in modules()}
    assert [sorted(circle) for circle in strongly_connected(graph) if len(circle) > 1] == []


def strongly_connected(graph: dict[str, set[str]]) -> list[set[str]]:
    """Strongly connected components (R. Tarjan, Depth-first search and linear graph algorithms, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[set[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            place = stack.index(node)
            components.append(set(stack[place:]))
            del stack[place:]

    for node in graph:
        if node not in order:
            visit(node)
    return components


def test_the_search_for_circles_finds_one() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert {"a", "b", "c"} in strongly_connected(graph)


def test_importing_the_environment_loads_nothing_heavy() -> None:
    code = "import sys, mas2_env; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert HEAVY & set(loaded.stdout.split()) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    assert (PACKAGES[package] / "py.typed").is_file()


def _project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


def _entry_points() -> list[tuple[str, str, str]]:
    groups = {"console_scripts": _project()["scripts"], **_project()["entry-points"]}
    return [(group, name, value) for group, points in groups.items() for name, value in points.items()]


@pytest.mark.parametrize(("group", "name", "value"), _entry_points())
def test_entry_points_resolve(group: str, name: str, value: str) -> None:
    installed = importlib.metadata.entry_points(group=group)
    assert name in installed.names, "the installed package is older than pyproject.toml: install it again"
    assert installed[name].value == value
    assert callable(installed[name].load())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        information = {Path(name).name for name in archive.namelist() if ".dist-info/" in name}
    kept = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == kept
    assert {"LICENSE", "entry_points.txt"} <= information


def test_nothing_that_ships_names_the_place_it_was_made() -> None:
    marks = ("/work/", "/root/", "../shared", "NotImplementedError", "TODO", "FIXME")
    suffixes = {".py", ".md", ".toml", ".yml", ".j2", ".html", ".css", ".js", ".json", ".txt"}
    places = [*PACKAGES.values(), ROOT / "docs", ROOT / "examples", ROOT / "agents", ROOT / "leaderboard"]
    paths = {path for place in places for path in place.rglob("*") if path.suffix in suffixes}
    paths |= {*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "mkdocs.yml"}
    found = [
        f"{path.relative_to(ROOT)}: {mark}"
        for path in sorted(paths)
        if "__pycache__" not in path.parts
        for mark in marks
        if mark in path.read_text(encoding="utf-8")
    ]
    assert found == []
