"""Reading what a model wrote itself: calls of tools in the forms that open models use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.backends.speech import Speech, read_speech
from mas2_env.task import ToolUse

ADD = ToolUse("add", '{"a":2,"b":"x"}')


@pytest.mark.parametrize(
    ("text", "speech"),
    [
        ("Four.", Speech("Four.")),
        ("<think>2 and 2</think>\n\nFour.", Speech("Four.")),
        ('<tool_call>\n{"name": "add", "arguments": {"a": 2, "b": "x"}}\n</tool_call>', Speech("", (ADD,))),
        ('I add.\n<tool_call>{"name": "add", "arguments": {"a": 2, "b": "x"}}', Speech("I add.", (ADD,))),
        (
            '<think>or <tool_call>{"name": "no"}</tool_call>?</think>'
            '<tool_call>{"name": "add", "arguments": {"a": 2, "b": "x"}}</tool_call>\n'
            '<tool_call>{"name": "add"}</tool_call>',
            Speech("", (ADD, ToolUse("add", "{}"))),
        ),
        (
            "<tool_call>\n<function=add>\n<parameter=a>\n2\n</parameter>\n<parameter=b>\nx\n</parameter>\n"
            "</function>\n</tool_call>",
            Speech("", (ADD,)),
        ),
        ('{"name": "add", "parameters": {"a": 2, "b": "x"}}', Speech("", (ADD,))),
        ('{"name": "Ada", "age": 3}', Speech('{"name": "Ada", "age": 3}')),
        ("<tool_call>add 2 and 2</tool_call>", Speech("<tool_call>add 2 and 2</tool_call>")),
    ],
)
def test_forms(text, speech):
    assert read_speech(text, ("add",)) == speech


def test_where_no_tool_is_offered_nothing_is_a_call():
    text = '<tool_call>{"name": "add"}</tool_call>'
    assert read_speech(text) == Speech(text)


@given(st.text(), st.booleans())
def test_any_text_is_read(text, offered):
    speech = read_speech(f"<tool_call>{text}", ("add",) if offered else ())
    assert isinstance(speech.text, str)
    assert all(isinstance(use.name, str) and isinstance(use.arguments, str) for use in speech.uses)
