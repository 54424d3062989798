"""What roles are told: the wording (snapshots), who said what, and that nothing hidden is in it."""

from pathlib import Path

import pytest

from mas2_env.backends.prompt import wire_messages, wire_tools
from mas2_env.backends.rendering import render_call, wordings
from mas2_env.episode import Episode
from mas2_env.execution.drive import run_sync
from mas2_env.execution.operation import Reply
from mas2_env.plugins import make_task, names
from mas2_env.settings import Settings
from mas2_env.system.model import Assignment, Critique, Debate, Role, Route, Send, Template, Vote
from mas2_env.task import ToolUse

SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "roles"

TEAM = Template(
    (
        Role("planner", "plan", "Be quick."),
        Role("a", prompt="Think first.", tools=("add",), copies=2),
        Role("b", "verify"),
        Role("ranker", "rank"),
        Role("critic", "critique"),
        Role("pool", "vote"),
        Role("router", "route"),
        Role("x", "summarise"),
        Role("y", "judge"),
        Role("last"),
    ),
    (
        Send("planner", "a"),
        Debate(("a", "b"), 2, ranker="ranker", keep=2),
        Vote(("a", "b"), "pool"),
        Send("pool", "router"),
        Route("router", ("x", "y")),
        Send("x", "last"),
        Send("y", "last"),
        Critique("last", "critic"),
    ),
    "last",
)


def script(call):
    """Says who speaks; `a` adds first; the critic sends back."""
    if call.turn.tools and not call.history:
        return Reply("", 1, 1, (ToolUse("add", '{"a": 2, "b": 2}'),))
    if call.turn.purpose == "review":
        return "REVISE: too short"
    if call.turn.purpose in ("rank", "route"):
        return ", ".join(call.turn.options)
    return f"{call.turn.id} here.\nAnswer: {len(call.turn.role)}"


@pytest.fixture
def calls(adding, pool, scripted):
    """Every model call of a system that has one of everything."""
    backend = scripted(script)
    episode = Episode(adding.item(2), pool, Settings(budget=1e6, rectifier=False))
    episode.decide(TEAM)
    backbone = pool.reference
    roles = [role.name for role in TEAM.roles if role.kind != "vote"]
    episode.decide(Assignment(dict.fromkeys(roles, backbone)))
    run_sync(episode, backend)
    assert episode.outcome.kind != "void"
    return backend.calls


def written(call):
    """A rendering as text."""
    prompt = render_call(call)
    parts = [f"===== {call.id} ({call.turn.kind}, {call.turn.purpose})"]
    for message in wire_messages(prompt.messages):
        asked = [
            f"calls {c['function']['name']}({c['function']['arguments']})"
            for c in message.get("tool_calls", ())
        ]
        parts.append(f"--- {message['role']}\n" + "\n".join([message["content"] or "", *asked]).strip())
    parts.append(f"--- tools: {', '.join(t['function']['name'] for t in wire_tools(prompt.tools)) or 'none'}")
    return "\n".join(parts) + "\n"


def test_wording_is_changed_on_purpose(calls):
    """To change it: bump `version` in `roles.toml` and write the new text to the file named here."""
    stored = SNAPSHOTS / f"v{wordings().version}.txt"
    kinds = {(call.turn.kind, call.turn.purpose, bool(call.history)): call for call in reversed(calls)}
    text = "\n".join(written(call) for call in calls if call in kinds.values())
    assert text == stored.read_text(encoding="utf-8"), stored


def test_samples_are_drawn_from_keys(calls):
    samples = {call.id: render_call(call).sample for call in calls}
    assert len(set(samples.values())) == len(samples)
    one, two = samples["a#0@0/0"], samples["a#1@0/0"]
    assert one != two, "copies are told the same, and are two samples"
    told = [render_call(call).messages for call in calls if call.id in ("a#0@0/0", "a#1@0/0")]
    assert told[0] == told[1]


def test_tools_that_may_not_be_called_any_more_are_shown_and_closed(adding, pool, scripted):
    use = ToolUse("add", '{"a": 1, "b": 1}')
    backend = scripted(lambda call: Reply("", 1, 1, (use,)) if call.turn.tools else "Answer: 4")
    episode = Episode(adding.item(2), pool, Settings(budget=1e6, max_tool_steps=1))
    episode.decide(Template((Role("s", tools=("add",)),), output="s"))
    episode.decide(Assignment({"s": pool.reference}))
    run_sync(episode, backend)
    first, last = (render_call(call) for call in backend.calls)
    assert (first.closed, last.closed) == (False, True)
    assert first.tools == last.tools == adding.tools


@pytest.mark.parametrize("name", sorted(names("tasks")))
def test_nothing_hidden_is_rendered(name, pool, scripted):
    """The answer of an item stands in a rendering only where it stands in the query or in what was said."""
    task = make_task(name)
    for index in range(5):
        item = task.item(index)
        backend = scripted(lambda call: "I do not know.")
        episode = Episode(item, pool, Settings(budget=1e6))
        episode.decide(Template((Role("s"), Role("c", "critique")), (Critique("s", "c"),), "s"))
        episode.decide(Assignment({"s": pool.reference, "c": pool.reference}))
        run_sync(episode, backend)
        for call in backend.calls:
            text = written(call).replace(item.query, "").replace(task.answer_format, "")
            hidden = [*item.truth.steps, *(document.text for document in item.documents)]
            hidden += [item.truth.answer] if len(item.truth.answer) > 8 else []
            assert not any(secret and secret in text for secret in hidden)
