"""What servers send, read leniently, and their tokens held to what can be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.backends.response import Unusable, read_response
from mas2_env.backends.trouble import retry_after, trouble_of_status
from mas2_env.backends.usage import read_usage
from mas2_env.execution.operation import Failure, Reply
from mas2_env.task import ToolUse

REQUEST = b'{"messages": [{"role": "user", "content": "What is 2 + 2? Think first."}]}'


def response(message=None, finish="stop", usage=None, **choice):
    message = {"role": "assistant", "content": "Answer: 4"} if message is None else message
    usage = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35} if usage is None else usage
    body = {"choices": [{"message": message, "finish_reason": finish, **choice}], "usage": usage}
    return json.dumps(body).encode()


def read(data):
    return read_response(data, REQUEST, 8000)


def test_a_plain_reply():
    answer, tokens = read(response())
    assert answer == Reply("Answer: 4", 30, 5)
    assert (tokens.prompt, tokens.completion, tokens.source) == (30, 5, "server")


def test_tool_calls_whatever_the_form_of_their_arguments():
    calls = [
        {"function": {"name": "add", "arguments": '{"a": 1}'}},
        {"function": {"name": "add", "arguments": {"a": 2}}},
        {"function": {"name": "list"}},
        {"function": "nonsense"},
    ]
    answer, _ = read(response({"content": None, "tool_calls": calls}, "tool_calls"))
    expected = (ToolUse("add", '{"a": 1}'), ToolUse("add", '{"a":2}'), ToolUse("list", "{}"))
    assert answer == Reply("", 30, 5, expected)


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("<think>2 + 2 is 4, so Answer: 5? no.</think>\n\nAnswer: 4", "Answer: 4"),
        ("I add.</think>Answer: 4", "Answer: 4"),
        ("Answer: 4", "Answer: 4"),
    ],
)
def test_reasoning_before_the_reply_is_left_out(text, visible):
    assert read(response({"content": text}))[0].text == visible


def test_a_reply_in_parts_and_one_that_was_cut_off():
    parts = [{"type": "text", "text": "Answer: "}, {"type": "text", "text": "4"}]
    assert read(response({"content": parts}))[0].text == "Answer: 4"
    assert read(response(finish="length"))[0].stop == "length"


def test_log_probabilities():
    content = [{"token": "Answer", "logprob": -0.5}, {"token": ": 4", "logprob": -1}]
    assert read(response(logprobs={"content": content}))[0].logprobs == (-0.5, -1.0)
    assert read(response(logprobs=None))[0].logprobs == ()


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (response(finish="content_filter"), "refused", "content filter"),
        (response({"content": None, "refusal": "I cannot help."}), "refused", "refused: I cannot help."),
        (response({"content": " "}), "malformed", "is empty"),
        (response({"content": "<think>hmm</think>"}), "malformed", "is empty"),
        (response({"content": ""}, "length"), "malformed", "was cut off after 5 tokens"),
    ],
)
def test_replies_that_are_failures_of_the_model_and_are_paid_for(data, kind, said):
    failure, _ = read(data)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.prompt_tokens, failure.completion_tokens) == (kind, 30, 5)
    assert said in failure.message


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"<html>502</html>", b"[]", b"null", b"{}", b'{"choices": 3}', b'{"choices": [1]}', b"\xff"),
        *(response()[:40], b'{"choices": [{"message": "x"}]}', b'{"error": {"message": "overloaded"}}'),
    ],
)
def test_what_is_no_response(data):
    with pytest.raises(Unusable) as caught:
        read(data)
    assert caught.value.tokens is None


def test_an_empty_response_may_be_billed():
    with pytest.raises(Unusable) as caught:
        read(b'{"choices": [], "usage": {"prompt_tokens": 30, "completion_tokens": 2}}')
    assert (caught.value.tokens.prompt, caught.value.tokens.completion) == (30, 2)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["choices", "message", "content", "tool_calls", "function", "usage", "name"]), x)))  # fmt: skip  # noqa: E501
def test_whatever_a_server_sends_is_an_answer_or_unusable(value):
    try:
        answer, tokens = read(json.dumps(value).encode())
    except Unusable:
        return
    assert isinstance(answer, Reply | Failure)
    assert tokens.prompt >= 0


# Usage.


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 30, "completion_tokens": 5}, (30, 5, 0, 0, "server")),
        ({"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 99}, (30, 69, 0, 0, "server")),
        (
            {
                "prompt_tokens": 30,
                "completion_tokens": 25,
                "completion_tokens_details": {"reasoning_tokens": 20},
                "prompt_tokens_details": {"cached_tokens": 16},
            },
            (30, 25, 20, 16, "server"),
        ),
        (
            {
                "prompt_tokens": 30,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 20},
                "prompt_tokens_details": {"cached_tokens": 99},
            },
            (30, 5, 5, 30, "server"),
        ),
        (None, (19, 3, 0, 0, "estimated")),
        ({"prompt_tokens": -1, "completion_tokens": 5}, (19, 3, 0, 0, "estimated")),
        ({"prompt_tokens": "30", "completion_tokens": 5}, (19, 3, 0, 0, "estimated")),
        ({"prompt_tokens": 30, "completion_tokens": 0}, (19, 3, 0, 0, "estimated")),
        ({"prompt_tokens": 10**6, "completion_tokens": 5}, (19, 3, 0, 0, "estimated")),
        ({"prompt_tokens": 30, "completion_tokens": 10**6}, (19, 3, 0, 0, "estimated")),
        ({"prompt_tokens": 30, "completion_tokens": True}, (19, 3, 0, 0, "estimated")),
    ],
)
def test_usage_is_the_servers_unless_it_cannot_be(usage, expected):
    tokens = read_usage(usage, REQUEST, "Answer: 4", 8000)
    assert (tokens.prompt, tokens.completion, tokens.reasoning, tokens.cached, tokens.source) == expected


# Statuses.


@pytest.mark.parametrize(
    ("status", "body", "headers", "remedy", "after"),
    [
        (429, {}, {"retry-after": "2"}, "wait", 2.0),
        (429, {}, {"retry-after-ms": "250"}, "wait", 0.25),
        (429, {}, {}, "wait", None),
        (429, {"error": {"code": "insufficient_quota"}}, {}, "halt", None),
        (503, {}, {"retry-after": "1"}, "wait", 1.0),
        (500, {}, {}, "retry", None),
        (529, {}, {}, "retry", None),
        (408, {}, {}, "retry", None),
        (401, {}, {}, "halt", None),
        (404, {}, {}, "halt", None),
        (400, {"error": {"code": "context_length_exceeded"}}, {}, "fail", None),
        (400, {"error": {"code": "content_filter"}}, {}, "fail", None),
        (413, "too large", {}, "fail", None),
        (400, {"error": {"message": "no"}}, {}, "give up", None),
        (422, None, {}, "give up", None),
    ],
)
def test_what_is_done_about_a_status(status, body, headers, remedy, after):
    trouble = trouble_of_status(status, headers, body, "said")
    assert (trouble.remedy, trouble.after) == (remedy, after)
    assert str(trouble) == f"status {status}: said"
    assert trouble.answered


def test_retry_after_as_a_date():
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}) > 1e9
    assert retry_after({"retry-after": "soon"}) is None
