"""Every structural fault is found, all at once, each with its place and what was expected."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from mas2_env.errors import InvalidDecision
from mas2_env.execution.compile import compile_template
from mas2_env.system.model import (
    AddChannel,
    AddRole,
    Assignment,
    ChangeRole,
    Critique,
    Debate,
    Limits,
    Reassign,
    Rebuild,
    Rectification,
    RemoveRole,
    Retry,
    Role,
    Route,
    Send,
    SetOutput,
    Skip,
    System,
    Template,
    Vote,
)
from mas2_env.system.structure import count_turns
from mas2_env.system.validate import check_assignment, check_rectification, check_system, check_template

LAW = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
TOOLS = ("python", "search")
POOL = ("small", "medium", "large")
LIMITS = Limits()


def roles(*names: str, **changed: Role) -> tuple[Role, ...]:
    return tuple(changed.get(name, Role(name)) for name in names)


def faults(*channels, team=("a", "b", "c"), output="c", limits=LIMITS, **changed) -> list[str]:
    """Faults of a team whose members all send to the output, so that only the channels matter."""
    template = Template(roles(*team, **changed), channels, output)
    return check_template(template, TOOLS, limits)


def test_teams_as_they_should_be_have_no_fault(team, kit):
    assert check_template(team, kit.tools, LIMITS) == []
    assert check_system(kit.staffed(team), kit.tools, kit.backbones, LIMITS) == []


def test_all_faults_are_reported_at_once():
    template = Template(
        (Role("a", copies=9, tools=("pythn",)), Role("a", prompt="x" * 5000), Role("b", "vote")),
        (Send("a", "bb"), Debate(("a",), rounds=9)),
        "c",
    )
    assert check_template(template, TOOLS, LIMITS) == [
        "$.roles[0].copies: given 9, expected at most 8",
        "$.roles[0].tools[0]: given 'pythn', expected one of python, search; did you mean 'python'?",
        "$.roles[1].name: 'a' is the name of $.roles[0] already, expected another",
        "$.roles[1].prompt: given 5000 characters, expected at most 4000",
        "$.channels[0].target: given 'bb', expected one of a, a, b; did you mean 'b'?",
        "$.channels[1].roles: given 1 participants (copies count), expected at least 2",
        "$.channels[1].rounds: given 9, expected at most 5",
        "$.roles[2]: no vote ends in 'b', expected a channel of type vote with it as target",
        "$.output: given 'c', expected one of a, a, b",
    ]


def test_a_template_without_roles():
    assert check_template(Template(()), TOOLS, LIMITS) == ["$.roles: given none, expected at least one role"]


def test_too_many_roles():
    names = [f"r{i}" for i in range(13)]
    template = Template(roles(*names), tuple(Send(name, "r0") for name in names[1:]), "r0")
    assert check_template(template, TOOLS, LIMITS) == ["$.roles: given 13 roles, expected at most 12"]


AB, AC, BC = Send("a", "b"), Send("a", "c"), Send("b", "c")
VOTE = {"c": Role("c", "vote")}
PAIR = {"a": Role("a", copies=2)}


@pytest.mark.parametrize(
    ("channels", "changed", "expected"),
    [
        ((AB,), {}, "$.roles[0]: nothing of 'a' reaches the output 'c', expected a channel that leads there"),
        ((AC, BC), {"c": Role("c", copies=3)}, "$.output: given 'c', which has 3 independent outputs"),
        ((AC, BC, AC), {}, "$.channels[2]: is the same as $.channels[0]"),
        (
            (AC, BC, Send("a", "a")),
            {},
            "$.channels: given roles that wait for each other in a circle (a -> a)",
        ),
        ((AB, Send("b", "a"), BC), {}, "$.channels: given roles that wait for each other in a circle"),
        ((Debate(("a", "b")), AB, BC), {}, "$.channels: given roles that wait for each other in a circle"),
        ((Critique("c", "b"), Send("b", "a"), AC), {}, "$.channels: given roles that wait for each other"),
        (
            (Critique("c", "b"), Send("c", "a"), Send("a", "b")),
            {},
            "$.channels: given roles that wait for each",
        ),
        ((AC, BC), VOTE, "$.channels[0].target: 'c' is of kind vote, expected a channel of type vote"),
        (
            (Vote(("a", "b"), "c"),),
            {},
            "$.channels[0].target: 'c' is of kind solve, expected a role of kind vote",
        ),
        ((Vote((), "c"), AB), VOTE, "$.channels[0].sources: given none, expected at least one role"),
        ((Vote(("a", "a", "b"), "c"),), VOTE, "$.channels[0].sources: given 'a' 2 times, expected it once"),
        (
            (Vote(("a", "b"), "c"), Vote(("b",), "c")),
            VOTE,
            "$.channels[1].sources[0]: 'b' is a source of 'c' in",
        ),
        (
            (Vote(("a", "b"), "c"),),
            {"c": Role("c", "vote", tools=("python",), copies=2)},
            "$.roles[2].copies: given 2, expected 1: a vote pools into one answer",
        ),
        ((Vote(("a", "b"), "c"), Debate(("b", "c"))), VOTE, "$.channels[1].roles[1]: 'c' is of kind vote"),
        ((Vote(("a", "b"), "c"), Critique("c", "b")), VOTE, "$.channels[1].author: 'c' is of kind vote"),
        ((Debate(("a", "b")), Debate(("b", "c"))), {}, "$.channels[1].roles[0]: 'b' is in the debate in"),
        (
            (Debate(("a", "b", "c"), ranker="c"),),
            {},
            "$.channels[0].ranker: 'c' is in the debate, expected a role",
        ),
        ((Debate(("a", "b"), 2, ranker="c"), AC), {}, "$.channels[0].keep: given 2 of 2 participants"),
        (
            (Debate(("b", "c"), 2, ranker="a", keep=1),),
            PAIR,
            "$.channels[0].ranker: 'a' has 2 copies, expected 1",
        ),
        (
            (Debate(("b", "c"), 2, ranker="a", keep=1), Critique("c", "a")),
            {},
            "$.channels[0].ranker: 'a' is the reviewer at $.channels[1].reviewer, so it cannot be",
        ),
        ((Critique("c", "a"), Critique("c", "b")), {}, "$.channels[1].author: 'c' is the author in"),
        ((Critique("c", "a"), Critique("b", "a"), BC), {}, "$.channels[1].reviewer: 'a' is the reviewer in"),
        (
            (Critique("c", "c"), AC, BC),
            {},
            "$.channels[0].reviewer: 'c' is the author, expected another role",
        ),
        (
            (Critique("c", "a"), BC),
            PAIR,
            "$.channels[0].reviewer: 'a' has 2 copies, expected 1 for a reviewer",
        ),
        ((Critique("c", "a", 9), BC), {}, "$.channels[0].revisions: given 9, expected at most 5"),
        (
            (Critique("c", "b"), Critique("b", "a")),
            {},
            "$.channels[0].reviewer: 'b' is the author at $.channels[1].author, so it cannot be the reviewer",
        ),
        ((Critique("c", "b"), Debate(("a", "b"))), {}, "$.channels[0].reviewer: 'b' is in the debate at"),
        ((Route("a", ("b", "c"), 2), BC), {}, "$.channels[0].choose: given 2 of 2 targets, expected fewer"),
        ((Route("a", ("a", "b", "c")), BC), {}, "$.channels[0].targets: the source 'a' is among them"),
        ((Route("a", ("b", "b", "c")), BC), {}, "$.channels[0].targets: given 'b' 2 times, expected it once"),
        ((Route("a", ("b", "c")), BC), PAIR, "$.channels[0].source: 'a' has 2 copies, expected 1"),
        (
            (Route("a", ("b", "c")), Route("a", ("c", "b")), BC),
            {},
            "$.channels[1].source: 'a' is the source of",
        ),
        (
            (Route("a", ("b", "c")), BC, Debate(("a", "b"))),
            {},
            "$.channels[0].source: 'a' is in the debate at",
        ),
        (
            (AC, Send("bb", "c"), BC),
            {},
            "$.channels[1].source: given 'bb', expected one of a, b, c; did you mean 'b'?",
        ),
    ],
)
def test_a_fault_of_channels_is_named_with_its_place(channels, changed, expected):
    found = faults(*channels, **changed)
    assert any(line.startswith(expected) for line in found), found


def test_a_circle_is_named_in_the_direction_of_its_channels():
    template = Template(roles("a", "b", "c", "out"), (AB, BC, Send("c", "a"), Send("c", "out")), "out")
    (line,) = check_template(template, TOOLS, LIMITS)
    assert any(way in line for way in ("(a -> b -> c -> a)", "(b -> c -> a -> b)", "(c -> a -> b -> c)"))


def test_turns_are_counted_with_copies_rounds_and_revisions():
    template = Template(
        (Role("a", copies=8), Role("b", copies=8), Role("c"), Role("r", "critique")),
        (Debate(("a", "b"), rounds=5), Send("a", "c"), Critique("c", "r", revisions=5)),
        "c",
    )
    assert count_turns(template) == 16 * 6 + 1 + 10
    assert check_template(template, TOOLS, LIMITS) == []
    assert check_template(template, TOOLS, Limits(max_turns=100)) == [
        "$: given a system of 107 turns (copies, rounds and revisions included), expected at most 100"
    ]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (Template([Role("a")], (), "a"), "$: the Template holds something that it cannot hold: [Role"),
        (
            Template(({"name": "a"},), (), "a"),
            "$: the Template holds something that it cannot hold: {'name': 'a'} is given where a struct",
        ),
        (
            Template((Role("a"), Role("b")), ({"type": "send", "source": "a", "target": "b"},), "b"),
            "$: the Template holds something that it cannot hold: {'type': 'send'",
        ),
        (
            Template((Role("a", copies="2"),), (), "a"),
            "$.roles[0].copies: given '2', expected a whole number",
        ),
        (Template((Role("a b"),), (), "a b"), "$.roles[0].name: given 'a b', expected a name: a letter"),
        (
            Template((Role("a", "solv"),), (), "a"),
            "$.roles[0].kind: given 'solv', expected one of plan, solve",
        ),
        (
            Template((Role("a"),), (Debate(("a", "a"), quorum=float("nan")),), "a"),
            "$.channels[0].quorum: given",
        ),
        (Template((Role("a", prompt=object()),), (), "a"), "$: the Template holds something"),
        (
            Template((Role("a", prompt=UNSET),), (), "a"),
            "$: the Template holds something that it cannot hold",
        ),
        (
            Template((Role("a", tools="\ud800"),), (), "a"),
            "$.roles[0].tools: given '\\ud800', expected another type",
        ),
        (Template(None), "$.roles: given None, expected a list"),
        ({"roles": []}, "$: given a dict, expected a Template"),
        (None, "$: given a NoneType, expected a Template"),
    ],
)
def test_structs_built_in_python_with_wrong_types_are_faults_and_never_exceptions(template, expected):
    found = check_template(template, TOOLS, LIMITS)
    assert found[0].startswith(expected), found


@st.composite
def sensible(draw) -> Template:
    """Templates that are valid more often than not: sends lead on, everything ends in the last role."""
    size = draw(st.integers(2, 6))
    names = [f"r{i}" for i in range(size)]
    team = [Role(name, copies=draw(st.integers(1, 3))) for name in names[:-1]] + [Role(names[-1])]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    channels = [Send(*pair) for pair in draw(st.lists(st.sampled_from(pairs), unique=True))]
    channels += [
        c for name in names[:-1] if (c := Send(name, names[-1])) not in channels and draw(st.booleans())
    ]
    shuffled = draw(st.permutations(names))
    cut = draw(st.integers(2, size))
    if draw(st.booleans()):
        ranker = shuffled[cut] if cut < size and draw(st.booleans()) else None
        channels.append(Debate(tuple(shuffled[:cut]), draw(st.integers(1, 3)), ranker=ranker, keep=1))
    if draw(st.booleans()):
        channels.append(Critique(*draw(st.permutations(names))[:2], draw(st.integers(1, 3))))
    if size > 3 and draw(st.booleans()):
        some = draw(st.permutations(names))
        channels.append(Route(some[0], tuple(some[1:3])))
    return Template(tuple(team), tuple(channels), names[-1])


@LAW
@given(sensible())
def test_what_is_valid_compiles_to_as_many_distinct_turns_as_were_counted(template):
    found = check_template(template, TOOLS, LIMITS)
    if not found:
        plan = compile_template(template)
        assert len(plan.turns) == len(set(plan.turns)) == count_turns(template)
        assert len(plan.output) == 1
    elif all(line.startswith("$.channels: given roles that wait") for line in found):
        with pytest.raises(InvalidDecision):
            compile_template(template)


@LAW
@given(data=st.data())
def test_any_template_gives_faults_with_paths_that_lead_somewhere(kit, data):
    template = data.draw(kit.templates | kit.unruly)
    for line in check_template(template, kit.tools, LIMITS):
        path = line.split(": ")[0]
        place = msgspec.to_builtins(template)
        for step in path.replace("[", ".[").split(".")[1:]:
            # Fields that hold their default are left out of JSON.
            default = {"tools": [], "output": "", "copies": 1, "choose": 1, "rounds": 1, "keep": 2}
            place = place[int(step[1:-1])] if step[0] == "[" else place.get(step, default.get(step))


def test_assignments():
    template = Template((Role("a"), Role("b"), Role("v", "vote")), (Vote(("a", "b"), "v"),), "v")
    assert check_assignment(Assignment({"a": "small", "b": "large"}), template, POOL) == []
    bad = Assignment({"a": "smal", "v": "large", "bb": "small"})
    assert check_assignment(bad, template, POOL) == [
        "$.backbones.a: given 'smal', expected one of small, medium, large; did you mean 'small'?",
        "$.backbones.b: no backbone is given, expected one of small, medium, large",
        "$.backbones.v: given 'large', expected none: a vote makes no model call",
        "$.backbones: given a role 'bb', expected one of a, b, v; did you mean 'b'?",
    ]


@pytest.mark.parametrize(
    "bad", [None, Assignment(None), Assignment({"a": 3}), Assignment({3: "small"}), Assignment({"a": None})]
)
def test_assignments_built_in_python_with_wrong_types(bad):
    assert check_assignment(bad, Template((Role("a"),), (), "a"), POOL)


def pair() -> System:
    return System(Template(roles("a", "b"), (AB,), "b"), Assignment({"a": "small", "b": "large"}))


def check(*edits, failed=("a#0@0",)) -> list[str]:
    turns = ("a#0@0", "b#0@0")
    return check_rectification(Rectification(edits), pair(), turns, failed, TOOLS, POOL, LIMITS)


def test_rectifications_that_can_be_carried_out():
    assert check() == []
    assert check(Retry("a#0@0")) == []
    assert check(Skip("a#0@0"), Reassign("b", "small")) == []
    assert (
        check(
            Rebuild(System(Template(roles("z"), (), "z"), Assignment({"z": "small"}))),
            ChangeRole("z", copies=1),
        )
        == []
    )


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([Retry("b#0@0")], "$.edits[0].turn: 'b#0@0' has not failed, expected a turn that failed: a#0@0"),
        (
            [Skip("a#0@1")],
            "$.edits[0].turn: 'a#0@1' is no turn of this system, expected a turn that failed: a#0@0",
        ),
        ([Retry("a#0@0"), Skip("a#0@0")], "$.edits[1].turn: 'a#0@0' is settled by $.edits[0] already"),
        (
            [Reassign("a", "smal")],
            "$.edits: the edited system: $.assignment.backbones.a: given 'smal', expected one of",
        ),
        ([Reassign("aa", "small")], "$.edits[0].role: given 'aa', expected one of a, b; did you mean 'a'?"),
        (
            [RemoveRole("a")],
            "$.edits: the edited system: $.template.channels[0].source: given 'a', expected one of b",
        ),
        ([SetOutput("c")], "$.edits: the edited system: $.template.output: given 'c', expected one of a, b"),
        ([AddRole(Role("c"))], "$.edits: the edited system: $.template.roles[2]: nothing of 'c' reaches"),
        (
            [AddChannel(Send("b", "a"))],
            "$.edits: the edited system: $.template.channels: given roles that wait",
        ),
        (
            [ChangeRole("a", tools=("serch",))],
            "$.edits: the edited system: $.template.roles[0].tools[0]: given",
        ),
        ([ChangeRole("a", copies=99)], "$.edits[0].copies: given 99, expected"),
        ([AddRole(None)], "$.edits[0].role: given None, expected an object with name"),
        (["retry"], "$.edits[0]: given 'retry', expected an object whose 'type' is one of retry, skip"),
    ],
)
def test_faults_of_rectifications(edits, expected):
    found = check(*edits)
    assert found[0].startswith(expected), found


def test_checking_again_is_quick(kit, benchmark):
    system = kit.staffed(kit.teams["debate"])
    tools, pool = ("python", "search"), dict.fromkeys(kit.backbones)

    def both():
        return check_template(system.template, tools, LIMITS) + check_assignment(
            system.assignment, system.template, pool
        )

    assert benchmark(both) == []
