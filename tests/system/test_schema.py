"""The schemas that language models are given say what is accepted."""

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mas2_env.system.edit import diff
from mas2_env.system.model import (
    Assignment,
    Limits,
    Reassign,
    Rectification,
    Retry,
    Role,
    Template,
)
from mas2_env.system.schema import schema

LAW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def plain(decision: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(decision))


def accepts(wanted: dict, decision: object) -> bool:
    return jsonschema.Draft202012Validator(wanted).is_valid(plain(decision))


@pytest.mark.parametrize("kind", [Template, Assignment, Rectification])
def test_they_are_schemas_of_their_own(kind):
    wanted = schema(kind)
    jsonschema.Draft202012Validator.check_schema(wanted)
    assert wanted["title"] == kind.__name__
    assert "discriminator" not in str(wanted)
    assert "\\Z" not in str(wanted)
    assert schema(kind) == wanted
    assert schema(kind) is not wanted


@LAW
@given(data=st.data())
def test_decisions_are_accepted(kit, data):
    a, b = data.draw(kit.tidy), data.draw(kit.tidy)
    assert accepts(schema(Template), a.template)
    assert accepts(schema(Assignment), a.assignment)
    assert accepts(schema(Rectification), Rectification(diff(a, b)))


def test_teams_are_accepted_by_schemas_narrowed_to_what_they_use(team, kit):
    system = kit.staffed(team)
    offer = {"tools": kit.tools, "backbones": kit.backbones, "limits": Limits()}
    assert accepts(schema(Template, **offer), team)
    assert accepts(schema(Assignment, **offer, roles=tuple(system.assignment.backbones)), system.assignment)


@pytest.mark.parametrize(
    ("kind", "offer", "decision"),
    [
        (Template, {"tools": ["python"]}, Template((Role("a", tools=("search",)),))),
        (Template, {"tools": []}, Template((Role("a", tools=("search",)),))),
        (Template, {"limits": Limits(max_copies=2)}, Template((Role("a", copies=3),))),
        (Template, {"limits": Limits(max_roles=1)}, Template((Role("a"), Role("b")))),
        (Template, {}, Template((Role("a b"),))),
        (Template, {}, Template((Role("a", "solver"),))),
        (Assignment, {"backbones": ["small"]}, Assignment({"a": "large"})),
        (Assignment, {"backbones": ["small"], "roles": ["a", "b"]}, Assignment({"a": "small"})),
        (Assignment, {"roles": ["a"]}, Assignment({"b": "small"})),
        (Rectification, {"backbones": ["small"]}, Rectification((Reassign("a", "large"),))),
        (Rectification, {"failed": ["a#0@0"]}, Rectification((Retry("b#0@0"),))),
    ],
)
def test_what_is_not_on_offer_is_refused(kind, offer, decision):
    assert not accepts(schema(kind, **offer), decision)


def test_null_stays_a_backbone_of_votes():
    assert accepts(schema(Rectification, backbones=["small"]), Rectification((Reassign("v", None),)))


def test_only_decisions_have_schemas():
    with pytest.raises(TypeError, match="no kind of decision"):
        schema(Role)
