"""Strategies for templates and systems, and a few teams that the tests share."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import strategies as st

from mas2_env.system.model import (
    Assignment,
    Critique,
    Debate,
    Role,
    Route,
    Send,
    System,
    Template,
    Vote,
)

KINDS = (
    "plan",
    "solve",
    "search",
    "code",
    "test",
    "critique",
    "verify",
    "judge",
    "summarise",
    "rank",
    "route",
    "vote",
)
BACKBONES = ("small", "medium", "large")
TOOLS = ("python", "search")

_names = st.sampled_from(["ada", "bob", "cyd", "dan", "eve", "fay"])
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_counts = st.integers(1, 4)
_roles = st.builds(
    Role,
    name=_names,
    kind=st.sampled_from(KINDS),
    prompt=_texts,
    tools=st.lists(st.sampled_from(TOOLS), max_size=2).map(tuple),
    copies=_counts,
)
_several = st.lists(_names, min_size=1, max_size=4).map(tuple)
_channels = st.one_of(
    st.builds(Send, source=_names, target=_names),
    st.builds(
        Debate,
        roles=_several,
        rounds=_counts,
        quorum=st.none() | st.floats(0, 0.99),
        ranker=st.none() | _names,
        keep=_counts,
    ),
    st.builds(Critique, author=_names, reviewer=_names, revisions=_counts),
    st.builds(Vote, sources=_several, target=_names),
    st.builds(Route, source=_names, targets=_several, choose=_counts),
)
_templates = st.builds(
    Template,
    roles=st.lists(_roles, max_size=5, unique_by=lambda role: role.name).map(tuple),
    channels=st.lists(_channels, max_size=5).map(tuple),
    output=_names | st.just(""),
)
_unruly = st.builds(
    Template,
    roles=st.lists(_roles, max_size=5).map(tuple),
    channels=st.lists(_channels, max_size=5).map(tuple),
    output=_names,
)
_assignments = st.builds(
    Assignment, backbones=st.dictionaries(_names, st.sampled_from(BACKBONES), max_size=6)
)


@st.composite
def _tidy_systems(draw: Any) -> System:
    template = draw(_templates)
    names = [role.name for role in template.roles]
    backbones = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(BACKBONES))) if names else {}
    return System(template, Assignment(backbones))


def debate_team(size: int = 5) -> Template:
    """`size` debaters whose answers are voted on."""
    names = tuple(f"debater{i}" for i in range(1, size + 1))
    return Template(
        roles=(*(Role(name) for name in names), Role("vote", "vote")),
        channels=(Debate(names, rounds=2), Vote(names, "vote")),
        output="vote",
    )


def coding_team() -> Template:
    """A planner, two coders, a tester that tries their code, and a reviewer of the tester."""
    return Template(
        roles=(
            Role("planner", "plan"),
            Role("coder1", "code", tools=("python",)),
            Role("coder2", "code", tools=("python",)),
            Role("tester", "test", tools=("python",)),
            Role("reviewer", "critique"),
        ),
        channels=(
            Send("planner", "coder1"),
            Send("planner", "coder2"),
            Send("coder1", "tester"),
            Send("coder2", "tester"),
            Critique("tester", "reviewer", revisions=2),
        ),
        output="tester",
    )


def routed_team() -> Template:
    """A router that picks one of three specialists, whose work an editor writes up."""
    return Template(
        roles=(
            Role("router", "route"),
            Role("solver", "solve"),
            Role("coder", "code", tools=("python",)),
            Role("finder", "search", tools=("search",)),
            Role("editor", "summarise"),
        ),
        channels=(
            Route("router", ("solver", "coder", "finder")),
            Send("solver", "editor"),
            Send("coder", "editor"),
            Send("finder", "editor"),
        ),
        output="editor",
    )


def big_team() -> Template:
    """Twelve roles and every kind of channel."""
    debaters = ("analyst", "sceptic", "optimist")
    return Template(
        roles=(
            Role("planner", "plan"),
            Role("router", "route"),
            Role("web_search", "search", tools=("search",)),
            Role("library_search", "search", tools=("search",), copies=2),
            *(Role(name, "solve") for name in debaters),
            Role("moderator", "rank"),
            Role("writer", "summarise"),
            Role("fact_checker", "verify", tools=("search", "python")),
            Role("solver", "solve", copies=5),
            Role("ballot", "vote"),
        ),
        channels=(
            Send("planner", "router"),
            Route("router", ("web_search", "library_search")),
            *(Send("web_search", name) for name in debaters),
            *(Send("library_search", name) for name in debaters),
            Debate(debaters, rounds=3, quorum=0.6, ranker="moderator", keep=2),
            *(Send(name, "writer") for name in debaters),
            Send("planner", "solver"),
            Critique("writer", "fact_checker", revisions=2),
            Vote(("solver", "writer"), "ballot"),
        ),
        output="ballot",
    )


def single_call() -> Template:
    """One role that answers."""
    return Template(roles=(Role("solver"),), output="solver")


def staffed(template: Template) -> System:
    """The template with a backbone for each role that speaks."""
    talkers = [role.name for role in template.roles if role.kind != "vote"]
    return System(template, Assignment({name: BACKBONES[i % 3] for i, name in enumerate(talkers)}))


TEAMS = {
    "single": single_call(),
    "debate": debate_team(),
    "coding": coding_team(),
    "routed": routed_team(),
    "big": big_team(),
}


@pytest.fixture(params=TEAMS, ids=list(TEAMS))
def team(request: pytest.FixtureRequest) -> Template:
    """Each of the teams in turn."""
    return TEAMS[request.param]


class Kit(SimpleNamespace):
    """What the tests share, with a name short enough for reports of failures."""

    def __repr__(self) -> str:
        return "kit"


@pytest.fixture(scope="session")
def kit() -> Kit:
    """Teams, strategies and names."""
    return Kit(
        teams=TEAMS,
        staffed=staffed,
        templates=_templates,
        unruly=_unruly,
        assignments=_assignments,
        systems=st.one_of(_tidy_systems(), st.builds(System, _templates | _unruly, _assignments)),
        tidy=_tidy_systems(),
        tools=TOOLS,
        backbones=BACKBONES,
    )
