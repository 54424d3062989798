"""The scripted server: what a client sees of each misbehaviour, and what the server's own log says of it."""

import gc
import http.client
import json
import re
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import msgspec
import pytest

from mas2_env.errors import DataError
from mas2_env.mock.scenario import Faults, ReplyRule, Scenario, load_scenario
from mas2_env.mock.server import Line, Mock


def ask(server, prompt="What is 2 + 2?", path="/v1/chat/completions", headers=None, **body):
    """Status, headers and body of a response; the exception that a broken connection gives."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=240)
    text = {"messages": [{"role": "user", "content": prompt}]} if "chat" in path else {"prompt": prompt}
    try:
        connection.request("POST", path, json.dumps({"model": "m", **text, **body}), headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def text_of(answer):
    return json.loads(answer[2])["choices"][0]["message"]["content"]


def test_answers_are_drawn_from_the_request_alone():
    scenario = Scenario(reply=(ReplyRule(texts=("Answer: {draw}", "I think {draw}")),))
    prompts = [f"question {i}" for i in range(20)]
    with Mock(scenario) as one, Mock(scenario) as two:
        first = [text_of(ask(one, p)) for p in prompts]
        again = [text_of(ask(two, p)) for p in reversed(prompts)]
        assert first == again[::-1]
        assert len(set(first)) > 5
        assert text_of(ask(one, seed=1)) != text_of(ask(one, seed=2))


def test_the_usage_of_a_response_is_what_the_log_bills():
    with Mock(Scenario(cached=0.5, reply=(ReplyRule(reasoning_tokens=40),))) as server:
        usage = json.loads(ask(server)[2])["usage"]
        (line,) = server.lines
        assert (line.prompt_tokens, line.completion_tokens) == (
            usage["prompt_tokens"],
            usage["completion_tokens"],
        )
        assert line.billed
        assert line.reasoning_tokens == usage["completion_tokens_details"]["reasoning_tokens"] == 40
        assert line.cached_tokens == usage["prompt_tokens_details"]["cached_tokens"] == 4
        assert usage["total_tokens"] == line.prompt_tokens + line.completion_tokens


def test_a_tool_is_called_before_the_text_is_given():
    rule = ReplyRule(tool="add", arguments='{"a": 1}', tool_calls=1, texts=("done",))
    tools = [{"type": "function", "function": {"name": "add"}}]
    with Mock(Scenario(reply=(rule,))) as server:
        (choice,) = json.loads(ask(server, tools=tools)[2])["choices"]
        assert choice["finish_reason"] == "tool_calls"
        (call,) = choice["message"]["tool_calls"]
        assert call["function"] == {"name": "add", "arguments": '{"a": 1}'}
        history = [{"role": "user", "content": "x"}, {"role": "tool", "content": "3", "tool_call_id": "1"}]
        assert text_of(ask(server, tools=tools, messages=history)) == "done"
        assert text_of(ask(server)) == "done", "a tool that is not offered is not called"


def test_log_probabilities_and_limits():
    with Mock(Scenario(reply=(ReplyRule(texts=("one two three four five six",)),))) as server:
        (choice,) = json.loads(ask(server, logprobs=True)[2])["choices"]
        assert [token["token"] for token in choice["logprobs"]["content"]][:2] == ["one ", "two "]
        assert all(token["logprob"] <= 0 for token in choice["logprobs"]["content"])
        body = json.loads(ask(server, max_tokens=2)[2])
        assert body["choices"][0]["finish_reason"] == "length"
        assert body["usage"]["completion_tokens"] == 2


def test_plain_completions_models_and_health():
    with Mock(Scenario(models=("a", "b"))) as server:
        assert json.loads(ask(server, path="/v1/completions", model="a")[2])["choices"][0]["text"]
        with urlopen(f"{server.url}/models") as response:
            assert [model["id"] for model in json.load(response)["data"]] == ["a", "b"]
        with urlopen(f"http://{server.host}:{server.port}/health") as response:
            assert json.load(response) == {"status": "ok"}


@pytest.mark.parametrize(
    ("fault", "status", "billed"),
    [
        ("rate_limit", 429, False),
        ("server_error", (500, 502, 503), False),
        ("bad_request", 400, False),
        ("garbage", 200, False),
        ("empty", 200, True),
        ("drip", 200, True),
        ("no_usage", 200, True),
        ("wrong_usage", 200, True),
        ("filtered", 200, True),
    ],
)
def test_misbehaviour_with_a_response(fault, status, billed):
    scenario = Scenario(faults=Faults(**{fault: 1.0}), retry_after=3, drip_seconds=0.05)
    with Mock(scenario) as server:
        got, headers, body = ask(server)
        assert got in (status if isinstance(status, tuple) else (status,))
        assert (server.lines[0].fault, server.lines[0].billed) == (fault, billed)
    assert headers["Retry-After"] == ("3" if fault == "rate_limit" else None)
    if fault == "garbage":
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)
    elif fault == "no_usage":
        assert "usage" not in json.loads(body)
    elif fault == "wrong_usage":
        assert json.loads(body)["usage"]["prompt_tokens"] == -1
    elif fault == "empty":
        assert json.loads(body)["choices"] == []
    elif fault == "filtered":
        assert json.loads(body)["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize("bill_lost", [False, True])
@pytest.mark.parametrize("fault", ["drop", "hang", "half"])
def test_misbehaviour_without_a_response(fault, bill_lost):
    scenario = Scenario(faults=Faults(**{fault: 1.0}), hang_seconds=0.05, bill_lost=bill_lost)
    with Mock(scenario) as server:
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            ask(server)
        (line,) = server.lines
    assert (line.fault, line.billed, line.prompt_tokens > 0) == (fault, bill_lost, bill_lost)


def test_a_request_that_is_tried_again_meets_another_draw_in_whatever_order():
    scenario = Scenario(faults=Faults(server_error=0.5))
    prompts = [f"question {i}" for i in range(10)]

    def tries(order):
        with Mock(scenario) as server:
            statuses = [(p, ask(server, p)[0]) for p in order]
        return {p: [s for q, s in statuses if q == p] for p in prompts}

    once = tries(prompts * 3)
    assert once == tries([p for p in reversed(prompts) for _ in range(3)])
    assert len({status for statuses in once.values() for status in statuses if status == 200}) == 1
    assert any(len(set(statuses)) > 1 for statuses in once.values())


def test_keys_models_and_streams_that_are_refused():
    with Mock(Scenario(key="secret", models=("m",))) as server:
        good = {"Authorization": "Bearer secret"}
        assert ask(server)[0] == 401
        assert ask(server, headers=good)[0] == 200
        assert ask(server, headers=good, model="other")[0] == 404
        assert ask(server, headers=good, stream=True)[0] == 400
        assert [line.billed for line in server.lines] == [False, True, False, False]


def test_a_server_that_dies():
    with Mock(Scenario(die_after=2)) as server:
        assert [ask(server, str(i))[0] for i in range(2)] == [200, 200]
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            ask(server, "3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latency = -1", "scenario.toml: latency is -1.0, expected a number from 0"),
        ("retry_after = nan", "retry_after is nan, expected a number from 0"),
        ("concurrency = -1", "concurrency is -1, expected a number from 0"),
        ("[faults]\ndrop = 0.7\nhalf = 0.7", "scenario.toml: the faults add up to 1.4, expected at most 1"),
        ("[faults]\ndrpo = 0.7", "faults: unknown key 'drpo'; did you mean 'drop'? keys are"),
        ("latncy = 1", "scenario.toml: unknown key 'latncy'; did you mean 'latency'? keys are seed"),
        ("[[reply]]\ntext = ['a']", "reply 1: unknown key 'text'; did you mean 'texts'? keys are"),
        ("[[reply]]\nmatch = '('", "is no regular expression"),
        ("[[reply]]\ntexts = []", "has no texts"),
        ("x", "not a TOML file"),
    ],
)
def test_a_scenario_that_cannot_be_played(tmp_path, text, said):
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=re.escape(said)):
        load_scenario(path)


def test_the_command_serves_a_scenario_and_writes_a_log(tmp_path):
    (tmp_path / "s.toml").write_text('latency = 0.01\n[[reply]]\nmatch = "sum"\ntexts = ["Answer: 4"]\n')
    command = [sys.executable, "-m", "mas2_env.cli", "serve-mock", "--scenario", "s.toml", "--port", "0"]
    command += ["--log", "log.jsonl", "--fault", "no_usage=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, text=True) as process:
        try:
            url = process.stdout.readline().split()[1]
            host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
            begin = time.monotonic()
            answer = ask(type("At", (), {"host": host, "port": int(port)}), "the sum?")
            assert text_of(answer) == "Answer: 4"
            assert "usage" not in json.loads(answer[2])
            assert time.monotonic() - begin >= 0.01
        finally:
            process.terminate()
    (line,) = [
        msgspec.json.decode(data, type=Line) for data in (tmp_path / "log.jsonl").read_bytes().splitlines()
    ]
    assert (line.number, line.status, line.fault, line.billed) == (1, 200, "no_usage", True)


def test_connections_that_come_as_it_stops_are_closed():
    for _ in range(20):
        with Mock() as server:
            socket.create_connection((server.host, server.port)).close()
    gc.collect()  # an open socket warns as it is collected, which fails a test
