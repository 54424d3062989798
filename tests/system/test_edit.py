"""diff and apply: edits lead from any system to any other."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mas2_env.errors import InvalidDecision
from mas2_env.system.edit import apply, diff
from mas2_env.system.model import (
    AddChannel,
    AddRole,
    Assignment,
    ChangeRole,
    Debate,
    Reassign,
    Rebuild,
    Rectification,
    RemoveChannel,
    RemoveRole,
    Retry,
    Role,
    Send,
    SetOutput,
    Skip,
    System,
    Template,
)

LAW = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@LAW
@given(data=st.data())
def test_edits_of_a_diff_lead_from_any_system_to_any_other(kit, data):
    a, b = data.draw(kit.systems), data.draw(kit.systems)
    assert apply(a, diff(a, b)) == b


@LAW
@given(data=st.data())
def test_edits_of_a_diff_survive_json_and_are_no_longer_than_a_rebuild(kit, data):
    a, b = data.draw(kit.tidy), data.draw(kit.tidy)
    edits = diff(a, b)
    text = msgspec.json.encode(Rectification(edits))
    assert apply(a, msgspec.json.decode(text, type=Rectification).edits) == b
    assert len(text) <= len(msgspec.json.encode(Rectification((Rebuild(b),)))) or not edits


@LAW
@given(data=st.data())
def test_a_system_differs_from_itself_by_nothing(kit, data):
    system = data.draw(kit.systems)
    assert diff(system, system) == ()


def pair() -> System:
    template = Template(
        (
            Role("writer", prompt="Write a long and careful answer to the question. " * 4),
            Role("critic", "critique"),
        ),
        (Send("writer", "critic"),),
        "critic",
    )
    return System(template, Assignment({"writer": "small", "critic": "large"}))


def test_a_changed_prompt_is_one_edit_that_names_only_the_prompt():
    a = pair()
    b = apply(a, [ChangeRole("writer", prompt="Be brief.")])
    assert diff(a, b) == (ChangeRole("writer", prompt="Be brief."),)


def test_another_backbone_is_one_edit():
    a = pair()
    b = apply(a, [Reassign("critic", "small")])
    assert diff(a, b) == (Reassign("critic", "small"),)


def test_a_role_that_moves_is_taken_out_and_put_in():
    a = pair()
    roles = a.template.roles
    b = System(msgspec.structs.replace(a.template, roles=roles[::-1]), a.assignment)
    assert diff(a, b) == (RemoveRole("writer"), AddRole(roles[0], "small"))


def test_a_new_channel_says_where_it_goes_unless_it_is_the_last():
    a = pair()
    debate = Debate(("writer", "critic"))
    first = apply(a, [AddChannel(debate, 0)])
    last = apply(a, [AddChannel(debate)])
    assert first.template.channels == (debate, Send("writer", "critic"))
    assert diff(a, first) == (AddChannel(debate, 0),)
    assert diff(a, last) == (AddChannel(debate),)


def test_retry_and_skip_leave_the_system_as_it_is():
    assert apply(pair(), [Retry("writer#0@0"), Skip("critic#0@0")]) == pair()


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (
            Reassign("writr", "small"),
            "$.edits[0].role: given 'writr', expected one of writer, critic; did you mean 'writer'?",
        ),
        (RemoveRole("nobody"), "$.edits[0].role: given 'nobody', expected one of writer, critic"),
        (
            ChangeRole("critics", copies=2),
            "$.edits[0].role: given 'critics', expected one of writer, critic; did you mean 'critic'?",
        ),
        (AddRole(Role("critic")), "$.edits[0].role.name: 'critic' is a role already, expected another name"),
        (AddRole(Role("third"), None, 7), "$.edits[0].at: given 7, expected a position from 0 to 2"),
        (
            AddChannel(Send("critic", "writer"), -1),
            "$.edits[0].at: given -1, expected a position from 0 to 1",
        ),
        (
            RemoveChannel(Send("critic", "writer")),
            "$.edits[0].channel: no such channel; expected one exactly as it stands: "
            '{"type":"send","source":"writer","target":"critic"}',
        ),
    ],
)
def test_an_edit_of_something_that_is_not_there_is_refused(edit, line):
    with pytest.raises(InvalidDecision) as error:
        apply(pair(), [edit])
    assert error.value.problems == (line,)


def test_all_bad_edits_are_reported_at_once():
    with pytest.raises(InvalidDecision) as error:
        apply(pair(), [RemoveRole("x"), SetOutput("writer"), RemoveRole("y")])
    assert [line.split(":")[0] for line in error.value.problems] == ["$.edits[0].role", "$.edits[2].role"]
