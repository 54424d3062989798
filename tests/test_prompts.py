"""Renderings: their wording (snapshots), their bounds in any state, and what they say."""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mas2_env.observation import BackboneView, ExecutionView, FailureView, Observation, TurnView
from mas2_env.prompts import PROMPT_VERSION, TOKEN_BOUNDS, parse_json, render_json, render_observation
from mas2_env.reward import count_tokens
from mas2_env.system.model import (
    Assignment,
    Channel,
    Critique,
    Debate,
    Edit,
    Limits,
    Rectification,
    Retry,
    Role,
    RoleKind,
    Send,
    Template,
    Vote,
)
from mas2_env.system.validate import check_assignment, check_template
from mas2_env.task import ToolSpec

SNAPSHOTS = Path(__file__).parent / "snapshots" / "prompts"

SEARCH = ToolSpec(
    "search",
    "Find paragraphs by words.",
    {"type": "object", "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}}},
)
READ = ToolSpec("read", "Read a paragraph by its title.", {"type": "object", "properties": {"title": {}}})
BACKBONES = (
    BackboneView("small", "Fast and cheap, weak at long reasoning.", 50, 200, 128_000),
    BackboneView("middle", "Sound all-rounder.", 150, 600, 128_000),
    BackboneView("large", "Strong at mathematics and code.", 2_500, 10_000, 200_000),
)
TEMPLATE = Template(
    roles=(
        Role("solver", prompt="Think step by step.", tools=("search",), copies=2),
        Role("reviewer", "critique", prompt="Look for mistakes."),
        Role("pool", "vote"),
    ),
    channels=(Critique("solver", "reviewer", 2), Vote(("solver",), "pool")),
    output="pool",
)
GENERATE = Observation(
    stage="generate",
    task="HotpotQA",
    description="Questions whose answer takes two paragraphs.",
    query="Which of the two rivers is longer, the Ardle or the Isla?",
    answer_format="a few words",
    tools=(SEARCH, READ),
    backbones=BACKBONES,
    limits=Limits(),
    budget=2_592_000,
    reference_cost=216_000,
    invalid_left=2,
    max_tool_steps=4,
)
IMPLEMENT = Observation(
    **{
        **{f: getattr(GENERATE, f) for f in GENERATE.__struct_fields__},
        "stage": "implement",
        "template": TEMPLATE,
    }
)
RECTIFY = Observation(
    **{
        **{f: getattr(IMPLEMENT, f) for f in IMPLEMENT.__struct_fields__},
        "stage": "rectify",
        "assignment": Assignment({"solver": "small", "reviewer": "middle"}),
        "execution": ExecutionView(
            trigger=("failure", "budget"),
            failures=(FailureView("solver#1@0", "solver", "small", "timeout", "no answer within 60 s"),),
            turns=(
                TurnView(
                    "solver#0@0", "solver", "done", "the Isla", "The Isla is 46 miles long, so the Isla."
                ),
                TurnView("solver#1@0", "solver", "failed"),
                TurnView("reviewer#0@0", "reviewer", "waiting"),
                TurnView("pool#0@0", "pool", "waiting"),
            ),
            spent=2_700_000,
            step=1,
        ),
        "rectifications_left": 3,
        "problems": ("$.edits[0].turn: no turn 'solver#2@0' failed; did you mean 'solver#1@0'?",),
        "invalid_left": 1,
    }
)
DECISIONS = {"generate": Template, "implement": Assignment, "rectify": Rectification}
STATES = {"generate": GENERATE, "implement": IMPLEMENT, "rectify": RECTIFY}


def beside_query(observation: Observation, style: str) -> int:
    return count_tokens(render_observation(observation, style)) - count_tokens(observation.query)


@pytest.mark.parametrize("style", ["full", "compact"])
@pytest.mark.parametrize("stage", STATES)
def test_wording_is_changed_on_purpose(stage, style):
    """To change it: bump PROMPT_VERSION and write the new text to the file that this test names."""
    stored = SNAPSHOTS / f"v{PROMPT_VERSION}_{style}_{stage}.txt"
    assert render_observation(STATES[stage], style) == stored.read_text(encoding="utf-8"), stored


@pytest.mark.parametrize("style", ["full", "compact"])
@pytest.mark.parametrize("stage", STATES)
def test_example_in_the_prompt_is_a_valid_decision(stage, style):
    observation = STATES[stage]
    example = render_observation(observation, style).rsplit("Example: ", 1)[1]
    decision = msgspec.json.decode(example, type=DECISIONS[stage])
    tools, backbones = [t.name for t in observation.tools], [b.name for b in observation.backbones]
    if isinstance(decision, Template):
        assert check_template(decision, tools, observation.limits) == []
    elif isinstance(decision, Assignment):
        assert check_assignment(decision, TEMPLATE, backbones) == []
    else:
        assert decision == Rectification((Retry("solver#1@0"),))


@pytest.mark.parametrize("style", ["full", "compact"])
def test_reference_names_all_kinds_channels_and_edits(style):
    generate, rectify = (render_observation(STATES[s], style) for s in ("generate", "rectify"))
    for kind in get_args(RoleKind):
        assert kind in generate
    for channel in get_args(Channel):
        assert f"{channel.__struct_config__.tag}" in generate
        assert f"{channel.__struct_config__.tag}" in rectify
        for field in channel.__struct_fields__:
            assert field in generate
    for edit in get_args(Edit):
        assert f"{edit.__struct_config__.tag}" in rectify


def test_full_says_everything_that_the_decision_hangs_on():
    text = render_observation(RECTIFY)
    for part in (
        RECTIFY.query,
        "search(query, limit): Find paragraphs by words.",
        "- middle: 0.15/0.6, 128k. Sound all-rounder.",
        "Budget: 12 times the cost of one plain call",
        "Spent: 12.5 times. Rectifications left: 3.",
        '{"name":"reviewer","kind":"critique","prompt":"Look for mistakes."}',
        '"solver":"small"',
        "- solver#1@0 on small: timeout: no answer within 60 s",
        "done solver#0@0: the Isla | The Isla is 46 miles long",
        "waiting reviewer#0@0, pool#0@0",
        "did you mean 'solver#1@0'?",
    ):
        assert part in text


def test_json_loses_nothing():
    for observation in STATES.values():
        assert parse_json(render_json(observation)) == observation
        assert json.loads(render_json(observation))["query"] == observation.query


def test_lone_surrogates_do_not_break_a_rendering():
    observation = Observation(
        **{**{f: getattr(IMPLEMENT, f) for f in IMPLEMENT.__struct_fields__}, "query": "why \ud83d?"}
    )
    assert "why ??" in render_observation(observation)
    assert json.loads(render_json(observation))["query"] == "why ??"


def test_unknown_style():
    with pytest.raises(ValueError, match="expected 'full' or 'compact'"):
        render_observation(GENERATE, "tiny")


def largest(length: int) -> Observation:
    """12 roles and backbones with the longest names, everything failed or full of text."""
    names = [f"role{i:02}" + "x" * 34 for i in range(12)]
    long = "lorem ipsum " * (length // 12 + 1)
    backbones = [f"backbone{i:02}" + "y" * 30 for i in range(12)]
    turns = [f"{name}#{copy}@0" for name in names for copy in range(8)]
    return Observation(
        stage="rectify",
        task="T" * 40,
        description=long,
        query="q",
        answer_format=long,
        tools=tuple(ToolSpec(f"tool{i}", long, {"properties": {"a": {}, "b": {}}}) for i in range(8)),
        backbones=tuple(BackboneView(name, long, 123_456, 654_321, 1_000_000) for name in backbones),
        limits=Limits(),
        budget=10**15,
        reference_cost=7,
        template=Template(
            roles=tuple(Role(name, "summarise", long, ("tool0", "tool1"), 8) for name in names),
            channels=(*(Send(a, b) for a in names[:6] for b in names[6:]), Debate(tuple(names), 5, 0.6)),
            output=names[-1],
        ),
        assignment=Assignment(dict(zip(names, backbones, strict=True))),
        execution=ExecutionView(
            trigger=("failure", "budget"),
            failures=tuple(FailureView(t, t[:40], backbones[0], "unavailable", long) for t in turns[:48]),
            turns=tuple(
                TurnView(turn, turn[:40], ("failed", "done", "waiting", "skipped")[i % 4], long, long)
                for i, turn in enumerate(turns)
            ),
            spent=10**16,
            step=128,
        ),
        rectifications_left=3,
        problems=tuple(f"$.edits[{i}]: {long}" for i in range(20)),
        invalid_left=2,
    )


@pytest.mark.parametrize("style", ["full", "compact"])
def test_bound_in_the_largest_state(style):
    observation = largest(4_000)
    assert beside_query(observation, style) < TOKEN_BOUNDS[style]
    text = render_observation(observation, style)
    for title in ("Task: ", "Tools", "Backbones", "Query", "oles:", "channels:", "Assignment: ", "invalid"):
        assert title.lower() in text.lower()
    assert "more" in text
    assert text == render_observation(parse_json(render_json(observation)), style)


texts = st.text(max_size=600) | st.sampled_from(["", "a\nb\tc", "é" * 5_000, "\ud800", "w " * 3_000])
names = st.text("abcxyzABC_-019", min_size=1, max_size=40)
amounts = st.integers(0, 10**18)
template_of = st.builds(
    Template,
    st.lists(st.builds(Role, names, st.sampled_from(get_args(RoleKind)), texts), max_size=14).map(tuple),
    st.lists(
        st.builds(Send, names, names) | st.builds(Vote, st.lists(names).map(tuple), names), max_size=40
    ).map(tuple),
    names,
)
observations = st.builds(
    Observation,
    stage=st.sampled_from(["generate", "implement", "rectify"]),
    task=texts,
    description=texts,
    query=texts,
    answer_format=texts,
    tools=st.lists(
        st.builds(ToolSpec, texts, texts, st.just({}) | st.just({"properties": {"q": {}}})), max_size=12
    ).map(tuple),
    backbones=st.lists(st.builds(BackboneView, texts, texts, amounts, amounts, amounts), max_size=20).map(
        tuple
    ),
    limits=st.just(Limits()),
    budget=amounts,
    reference_cost=amounts,
    template=st.none() | template_of,
    assignment=st.none() | st.builds(Assignment, st.dictionaries(names, texts, max_size=14)),
    execution=st.none()
    | st.builds(
        ExecutionView,
        st.lists(st.sampled_from(["failure", "budget"]), max_size=2).map(tuple),
        st.lists(st.builds(FailureView, names, names, st.none() | names, texts, texts), max_size=20).map(
            tuple
        ),
        st.lists(
            st.builds(
                TurnView,
                names,
                names,
                st.sampled_from(["waiting", "done", "failed", "skipped"]),
                st.none() | texts,
                texts,
            ),
            max_size=40,
        ).map(tuple),
        amounts,
        st.integers(0, 128),
    ),
    rectifications_left=st.integers(0, 9),
    problems=st.lists(texts, max_size=20).map(tuple),
    invalid_left=st.integers(0, 9),
)


@settings(max_examples=150, deadline=None)
@given(observations)
def test_bound_holds_in_any_state(observation):
    for style, bound in TOKEN_BOUNDS.items():
        assert beside_query(observation, style) < bound
