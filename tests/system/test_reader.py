"""The reader takes decisions out of what language models write, and says what it repaired."""

import contextlib
import json
import time

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mas2_env.errors import InvalidDecision
from mas2_env.system.model import Assignment, Reassign, Rectification, Retry, Role, Send, Template
from mas2_env.system.reader import Reading, read

LAW = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
KINDS = (Template, Assignment, Rectification)

CLEAN = '{"roles": [{"name": "solver", "prompt": "see https://x.y/*z*/"}], "output": "solver"}'
TEMPLATE = Template((Role("solver", prompt="see https://x.y/*z*/"),), (), "solver")


def test_clean_json_is_taken_as_it_is():
    assert read(CLEAN, Template) == Reading(TEMPLATE, ())


@pytest.mark.parametrize(
    ("text", "repairs"),
    [
        (
            f"Here you are:\n```json\n{CLEAN}\n```\nHope it helps!",
            ["took it out of a code fence", "left out the text around it"],
        ),
        (f"```\n{CLEAN}\n```", ["took it out of a code fence"]),
        (f"I think {{x}} and don't mind, so: {CLEAN}", ["left out the text around it"]),
        (CLEAN.replace("}]", ",},]"), ["dropped a trailing comma"]),
        (CLEAN.replace('"', "'"), ["read single quotes as double"]),
        (CLEAN.replace('{"roles"', "{“roles”"), ["read the quotes “ as double"]),
        (CLEAN.replace('"roles"', "roles").replace('"name"', "name"), ["put quotes around keys"]),
        (CLEAN.replace('"solver"', "solver"), ["put quotes around words"]),
        (CLEAN.replace("[", "[ // the team\n").replace(', "out', ', /* last */ "out'), ["left out comments"]),
        (CLEAN[:-1], ["closed 1 bracket at the end"]),
        (CLEAN[: CLEAN.index("}]")] + ', "copies": 1', ["closed 3 brackets at the end"]),
        (CLEAN.replace('], "', '] "'), ["put in a missing comma"]),
        (
            '{"roles": [{"name": "solver" "prompt": "see https://x.y/*z*/"}] "output": "solver"}',
            ["put in a missing comma"],
        ),
        (CLEAN.replace("see ", "see\n"), ["kept a line break inside a string"]),
        (CLEAN.replace("see", 'see "here" at'), ["kept quotes inside a string"]),
        (CLEAN.replace("see", "see \\( x"), ["kept a backslash that escapes nothing"]),
        (CLEAN.replace('"solver", "p', '"solver", "copies": "1", "p'), ["read texts as the numbers in them"]),
        ('{"template": ' + CLEAN + "}", ["took the decision out of 'template'"]),
        ('{"thought": "one will do", "decision": ' + CLEAN + "}", ["took the decision out of 'decision'"]),
        (f"[{CLEAN}]", ["took the object out of a list"]),
        (f'<think>maybe {{"roles": []}}?</think>{CLEAN}', ["left out the reasoning before the decision"]),
        (f"First {CLEAN.replace('solver', 'draft')}, no, better {CLEAN}", ["left out the text around it"]),
    ],
)
def test_what_is_repaired_is_said(text, repairs):
    reading = read(text, Template)
    assert list(reading.repairs) == repairs
    expected = {"see\n": "see\nhttps", '"here"': 'see "here" at https', "\\(": "see \\( x https"}
    prompts = [after for sign, after in expected.items() if sign in text]
    assert [role.name for role in reading.decision.roles] == ["solver"]
    if prompts:
        assert reading.decision.roles[0].prompt.startswith(prompts[0])
    elif "copies" not in text:
        assert reading.decision == TEMPLATE


def test_python_literals():
    text = "{'edits': [{'type': 'reassign', 'role': 'a', 'backbone': None}]}"
    reading = read(text, Rectification)
    assert reading.decision == Rectification((Reassign("a", None),))
    assert reading.repairs == ("read single quotes as double", "read None as null")


def test_edits_may_be_a_list_or_a_single_one():
    one = '{"type": "retry", "turn": "a#0@0"}'
    expected = Rectification((Retry("a#0@0"),))
    assert read(f"[{one}]", Rectification) == Reading(expected, ("took the list as the edits",))
    assert read(one, Rectification) == Reading(expected, ("took the object as the only edit",))


def test_backbones_may_stand_alone():
    assert read('{"a": "small"}', Assignment) == Reading(
        Assignment({"a": "small"}), ("took the object as the backbones",)
    )


def test_an_empty_rectification_is_not_found_in_broken_text():
    assert read("No change: {}", Rectification).decision == Rectification()
    with pytest.raises(InvalidDecision, match="not JSON at line 1, column 46: expected ':'"):
        read('{"edits": [{"type": "retry", "turn" = "a#0@0"}, {}]}', Rectification)
    edits = '{"edits": [{"type": "retry", "turn": "a#0@0"}]} (the other lists are [] and {})'
    assert read(edits, Rectification).decision == Rectification((Retry("a#0@0"),))


def problems(text: object, kind: type = Template) -> list[str]:
    with pytest.raises(InvalidDecision) as error:
        read(text, kind)
    return list(error.value.problems)


def test_all_faults_of_shape_are_named_with_paths():
    text = """{"roles": [{"name": "a b", "kind": "solvr", "tool": ["x"], "copies": 99}, {}],
               "channels": [{"type": "sned"}, {"type": "send", "source": "a"}, 7], "output": 3}"""
    assert problems(text) == [
        "$.roles[0]: given an unknown field 'tool', expected name, kind, prompt, tools, copies; "
        "did you mean 'tools'?",
        "$.roles[0].name: given 'a b', expected a name: a letter, then letters, digits, _ or -, "
        "at most 40 characters",
        "$.roles[0].kind: given 'solvr', expected one of plan, solve, search, code, test, critique, verify, "
        "judge, summarise, rank, route, vote; did you mean 'solve'?",
        "$.roles[0].copies: given 99, expected a whole number <= 64",
        "$.roles[1]: the field 'name' is missing; expected name, kind, prompt, tools, copies",
        "$.channels[0].type: given 'sned', expected one of send, debate, critique, vote, route; "
        "did you mean 'send'?",
        "$.channels[1]: the field 'target' is missing; expected type, source, target",
        "$: and 2 more faults",
    ]


def test_the_place_where_text_stops_being_json_is_named():
    assert problems('Sure:\n{"roles": [{"name": "a", "copies": ?}]}') == [
        "$: not JSON at line 2, column 36: expected a value, given '?'"
    ]


@pytest.mark.parametrize("text", ["", "I would rather not.", "\x00", "\ud800", "{x}", "}{", "]["])
def test_text_without_a_decision(text):
    for kind in KINDS:
        assert problems(text, kind)[0].startswith("$: ")


@pytest.mark.parametrize("text", [None, 3, b"{}", [1]])
def test_what_is_no_text(text):
    assert problems(text)[0].startswith("$: given a")


HOSTILE = {
    "brackets": "[" * 10**6,
    "brackets within the limit": "[" * 199_999,
    "objects": '{"a":' * 39_000,
    "pairs of brackets": "[{" * 90_000,
    "many objects": '{"a":1}' * 28_000,
    "many words": "{x" * 90_000,
    "quotes": "'\"" * 90_000,
    "quoted brackets": '{"' * 90_000,
    "broken lines": '{"\n' * 60_000,
    "commas": "{" + "," * 190_000,
    "comments": "{" + "/*" * 90_000,
    "slashes": "{" + "//\n" * 60_000,
    "digits": '{"a":' + "1" * 190_000,
    "escapes": '{"a": "' + "\\" * 190_000,
    "fences": "```{" * 49_000,
    "thoughts": "</think>{" * 22_000,
    "spaces": '{"a": "' + ('"' + " " * 400) * 490,
    "ten megabytes": "x" * 10**7,
    "ten megabytes of JSON": '{"roles": [' + '{"name": "a"},' * 700_000 + "]}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_texts_are_answered_quickly(text, kind):
    begin = time.process_time()
    with contextlib.suppress(InvalidDecision):
        read(text, kind)
    assert time.process_time() - begin < 2.0


@LAW
@given(st.text() | st.text("{}[]\"'`,:/*\\ntrue1# \n“”", max_size=60), st.sampled_from(KINDS))
def test_any_text_gives_a_reading_or_an_invalid_decision(text, kind):
    try:
        decision = read(text, kind).decision
    except InvalidDecision as error:
        found = error.problems
    else:
        assert isinstance(decision, kind)
        return
    assert 1 <= len(found) <= 8
    assert all(line.startswith("$") for line in found)


@st.composite
def decisions(draw, kit):
    """A decision of any kind that says something."""
    system = draw(kit.tidy)
    decision = draw(
        st.sampled_from(
            [system.template, system.assignment, Rectification((Retry("a#0@0"), Reassign("a", "small")))]
        )
    )
    return decision


DAMAGES = {
    "none": lambda text: text,
    "fence": lambda text: f"```json\n{text}\n```",
    "bare fence": lambda text: f"So:\n```\n{text}\n```\nDone.",
    "prose": lambda text: f"Let me think about it. {text} That should do.",
    "thought": lambda text: f"<think>Hm, {{a}} or [b]? I can't say.</think>\n{text}",
    "python": lambda text: repr(json.loads(text)),
    "wrapped": lambda text: f'{{"decision": {text}}}',
    "comment": lambda text: f"{{ // what I want\n{text[1:]}",
    "trailing comma": lambda text: f"{text[:-1]},}}",
    "cut": lambda text: text.rstrip("}]"),
    "indented": lambda text: json.dumps(json.loads(text), indent=2, ensure_ascii=False),
    "single quotes": lambda text: _requote(text, "'", "'"),
    "smart quotes": lambda text: _requote(text, "“", "”"),
    "bare keys": lambda text: _bare_keys(json.loads(text)),
}


def _requote(text: str, left: str, right: str) -> str:
    """JSON whose structural quotes are others; `\\"` stays as it is."""
    out, inside, i = [], False, 0
    while i < len(text):
        if text[i] == "\\":
            out.append(text[i : i + 2])
            i += 2
            continue
        if text[i] == '"':
            inside = not inside
            out.append(left if inside else right)
        else:
            out.append(text[i].replace(right, f"\\u{ord(right):04x}"))
        i += 1
    return "".join(out)


def _bare_keys(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_bare_keys(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_bare_keys, value)) + "]"
    return json.dumps(value)


@LAW
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@given(data=st.data())
def test_a_decision_survives_the_ways_in_which_models_damage_it(kit, damage, data):
    decision = data.draw(decisions(kit))
    text = msgspec.json.encode(decision).decode()
    assume(decision != Assignment({}))
    assert read(damage(text), type(decision)).decision == decision


def test_clean_json_costs_next_to_nothing(kit, benchmark):
    text = msgspec.json.encode(kit.teams["debate"]).decode()
    assert benchmark(read, text, Template).decision == kit.teams["debate"]


def test_channels_are_read_by_their_type():
    channel = '{"type": "send", "source": "a", "target": "b"}'
    text = '{"roles": [{"name": "a"}, {"name": "b"}], "channels": [' + channel + "]}"
    assert read(text, Template).decision.channels == (Send("a", "b"),)


@pytest.mark.parametrize("tag", ["[]", "{}", "null", "1", '["send"]'])
def test_a_type_that_is_no_word_is_a_fault(tag):
    channel = f'{{"type": {tag}, "source": "a", "target": "b"}}'
    template = f'{{"roles": [{{"name": "a"}}, {{"name": "b"}}], "channels": [{channel}], "output": "b"}}'
    with pytest.raises(InvalidDecision, match=r"\$.channels\[0\].type: given .*expected one of send, debate"):
        read(template, Template)
    with pytest.raises(InvalidDecision, match=r"\$.edits\[0\].type: given .*expected one of retry, skip"):
        read(f'{{"edits": [{{"type": {tag}, "turn": "a#0@0"}}]}}', Rectification)
    with pytest.raises(InvalidDecision):
        read(f'{{"type": {tag}, "turn": "a#0@0"}}', Rectification)
