"""The backend `transformers`: a tiny model in this process."""

import json
import math
import pickle
import re
import shutil

import pytest

pytest.importorskip("transformers")
pytest.importorskip("peft")

from typer.testing import CliRunner

from mas2_env.backends.ledger import Ledger, read_ledger, sum_lines
from mas2_env.backends.prompt import ChatMessage, Label, Prompt, ToolRequest
from mas2_env.backends.transformers import Transformers
from mas2_env.cli import app
from mas2_env.episode import Episode
from mas2_env.errors import PoolError, ProviderDown
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import parse_pool
from mas2_env.runs.rollout import rollout
from mas2_env.system.model import Assignment, Debate, Rectification, Role, Template, Vote
from mas2_env.task import ToolSpec

POOL = """
name = "local"
reference = "base"

[engine.tiny]
path = "{path}"
body = {{ max_tokens = 16 }}
{engine}
"""
BACKBONE = """
[[backbone]]
name = "{name}"
description = "random weights"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 512
{more}
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Folders of a model and of two adapters."""
    from mas2_env.mock.tiny import make_adapter, make_tiny

    model = make_tiny(tmp_path_factory.mktemp("tiny"))
    return model, *[make_adapter(tmp_path_factory.mktemp("adapter"), model, seed) for seed in (1, 2)]


def backend_of(weights, body="", engine=""):
    model, *adapters = weights
    more = {"base": "", "first": f'adapter = "{adapters[0]}"', "second": f'adapter = "{adapters[1]}"'}
    entries = [BACKBONE.format(name=name, more=f"{line}\nbody = {{ {body} }}") for name, line in more.items()]
    backend = Transformers(parse_pool(POOL.format(path=model, engine=engine) + "".join(entries), "l.toml"))
    backend.ledger = Ledger()
    return backend


@pytest.fixture(scope="module")
def greedy(weights):
    return backend_of(weights, "temperature = 0", "logprobs = true")


@pytest.fixture(scope="module")
def drawing(weights):
    return backend_of(weights, "temperature = 0.9, top_p = 0.95, top_k = 50", "logprobs = true")


def prompt(text="What is 2 + 2?", sample=1, backbone="base", **changes):
    label = Label("sums/2", "s", "s#0@0/0")
    return Prompt(backbone, (ChatMessage("user", text),), sample, label, **changes)


TEXTS = ["What is 2 + 2?", "Plan the work. " * 9, "a", "Which one is longer, the first or the second one?"]


def said(answers):
    return [(a.text, a.prompt_tokens, a.completion_tokens) if isinstance(a, Reply) else a for a in answers]


@pytest.fixture(scope="module")
def penalised(weights):
    return backend_of(weights, "temperature = 0.9, min_p = 0.01, repetition_penalty = 1.5")


@pytest.mark.parametrize("name", ["greedy", "drawing", "penalised"])
def test_a_reply_does_not_depend_on_its_batch(name, request):
    backend = request.getfixturevalue(name)
    prompts = [prompt(text, sample) for sample, text in enumerate(TEXTS * 3)]
    together = said(backend.chat(prompts))
    assert together == said(backend.chat(prompts[::-1]))[::-1]
    assert together == [said(backend.chat([one]))[0] for one in prompts]


def test_what_the_pool_leaves_open_the_generation_config_says(weights, greedy, tmp_path):
    shutil.copytree(weights[0], tmp_path / "model")
    path = tmp_path / "model" / "generation_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "do_sample": True, "top_k": 1, "temperature": 0.6}))
    likeliest = backend_of((tmp_path / "model", *weights[1:]))
    assert said(likeliest.chat([prompt()])) == said(greedy.chat([prompt()]))


def test_samples_differ_where_they_are_drawn(greedy, drawing):
    prompts = [prompt(sample=sample) for sample in range(8)]
    assert len(set(map(str, said(greedy.chat(prompts))))) == 1
    assert len(set(map(str, said(drawing.chat(prompts))))) > 4
    assert said(drawing.chat(prompts)) == said(drawing.chat(prompts)), "and a sample is itself again"


def test_greedy_is_what_the_library_writes(greedy, weights):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = (
        AutoTokenizer.from_pretrained(weights[0]),
        AutoModelForCausalLM.from_pretrained(weights[0]),
    )
    chat = [{"role": "user", "content": TEXTS[0]}]
    given = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt")
    written = model.generate(**given, max_new_tokens=16, do_sample=False)[0, given["input_ids"].shape[1] :]
    (reply,) = greedy.chat([prompt(TEXTS[0])])
    assert reply.text == tokenizer.decode(written, skip_special_tokens=True)
    assert (reply.prompt_tokens, reply.completion_tokens) == (given["input_ids"].shape[1], len(written))
    assert len(reply.logprobs) == len(written)
    assert all(-math.log(400) < value < 0 for value in reply.logprobs), "the likeliest beat the average"


def test_draws_follow_the_distribution(weights):
    """Frequencies of the first token against its probabilities, by a chi-square of 20 classes."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from mas2_env.backends.transformers_engine import Draw, Drawing

    tokenizer, model = (
        AutoTokenizer.from_pretrained(weights[0]),
        AutoModelForCausalLM.from_pretrained(weights[0]),
    )
    with torch.inference_mode():
        scores = model(**tokenizer("What is", return_tensors="pt")).logits[0, -1:]
    count = 4000
    draw = Draw(Drawing(0.8, top_k=20), range(count), keep=False)
    chosen = draw(None, scores.expand(count, -1)).argmax(-1)
    top = (scores[0] / 0.8).topk(20)
    expected = count * top.values.softmax(-1)
    seen = torch.stack([(chosen == token).sum() for token in top.indices])
    assert int(seen.sum()) == count, "no other token is drawn"
    assert float(((seen - expected) ** 2 / expected).sum()) < 43.8, "99.9 % of chi-square with 19 degrees"


def test_adapters_share_a_base_and_write_different_texts(greedy):
    names = ["base", "first", "second", "base", "second", "first"]
    texts = [answer.text for answer in greedy.chat([prompt(backbone=name) for name in names])]
    assert texts[:3] == [texts[3], texts[5], texts[4]]
    assert len(set(texts)) == 3
    assert len(greedy._running) == 1


def test_the_ledger_has_what_episodes_were_charged(drawing, adding):
    team = Template(
        (Role("a", copies=2), Role("b"), Role("v", "vote")), (Debate(("a", "b")), Vote(("a",), "v")), "v"
    )

    class Team:
        def decide(self, observations):
            answers = {
                "generate": team,
                "implement": Assignment({"a": "first", "b": "second"}),
                "rectify": Rectification(),
            }
            return [answers[observation.stage] for observation in observations]

    drawing.ledger = Ledger()
    episodes = [Episode(adding.item(i), drawing.pool, seed=i) for i in range(6)]
    done = list(rollout(Team(), episodes, drawing, batch=6))
    assert {episode.outcome.kind for episode in done} <= {"success", "failure"}
    totals = drawing.ledger.totals
    assert totals.estimated == totals.unknown == 0
    assert sum(e.outcome.prompt_tokens for e in done) == totals.prompt
    assert sum(e.outcome.cost for e in done) == totals.price


def test_tools_and_their_outputs_reach_the_chat_template(greedy):
    spec = ToolSpec("add", "Adds two integers.", {"properties": {"a": {"type": "integer"}}})
    request = ToolRequest("call_0", "add", '{"a": 2}')
    loop = (ChatMessage("assistant", "", request), ChatMessage("tool", "4", None, "call_0"))
    begin = prompt(tools=(spec,))
    whole = Prompt("base", begin.messages + loop, 1, begin.label, (spec,))
    plain, armed, looped = (greedy.chat([asked])[0].prompt_tokens for asked in (prompt(), begin, whole))
    assert plain + 50 < armed < looped


def test_a_prompt_beyond_the_context_is_an_overflow(greedy):
    answers = greedy.chat([prompt(), prompt("long " * 600)])
    assert isinstance(answers[0], Reply)
    assert isinstance(answers[1], Failure)
    assert (answers[1].kind, answers[1].prompt_tokens) == ("overflow", 0)
    assert "leaves no room in the context of 512" in answers[1].message


def test_stop_texts_and_lengths(weights, greedy):
    whole = greedy.chat([prompt()])[0].text
    stop = re.search("[a-z]{2}", whole)[0]
    backend = backend_of(weights, f"temperature = 0, stop = [{stop!r}], max_tokens = 12")
    (reply,) = backend.chat([prompt()])
    assert reply.text == whole[: whole.index(stop)]
    assert 1 <= reply.completion_tokens < 12
    (cut,) = backend_of(weights, "temperature = 0, max_tokens = 3").chat([prompt()])
    assert (cut.stop, cut.completion_tokens) == ("length", 3)


def test_batches_are_packed_by_what_they_have_in_common_and_by_tokens():
    from mas2_env.backends.local import Ask
    from mas2_env.backends.transformers_engine import pack
    from mas2_env.engines import Sampling

    asks = [
        Ask([1] * length, Sampling(temperature=heat), 10, 0, adapter)
        for length, heat, adapter in [
            (90, 0, ""),
            (10, 0, ""),
            (20, 0, ""),
            (10, 1, ""),
            (10, 0, "a"),
            (300, 0, ""),
        ]
    ]
    batches = list(pack(asks, 200))
    assert batches == [[1, 2], [0], [5], [3], [4]]


def test_too_little_memory_for_a_batch_is_enough_for_its_halves(drawing, monkeypatch):
    import torch

    (engine,) = drawing._running.values()
    whole, sizes = engine._batch, []

    def tight(asks):
        sizes.append(len(asks))
        if len(asks) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(asks)

    prompts = [prompt(sample=sample) for sample in range(6)]
    before = said(drawing.chat(prompts))
    monkeypatch.setattr(engine, "_batch", tight)
    assert said(drawing.chat(prompts)) == before
    assert sizes == [6, 3, 1, 2, 3, 1, 2]


def test_a_run_from_the_command_line(weights, tmp_path):
    pool = tmp_path / "local.toml"
    pool.write_text(
        POOL.format(path=weights[0], engine="").replace("= 16", "= 64")
        + BACKBONE.format(name="base", more="").replace("512", "2048")
        + BACKBONE.format(name="tuned", more=f'adapter = "{weights[1]}"').replace("512", "2048")
    )
    options = [
        "--policy",
        "cot,llm",
        "--tasks",
        "gsm8k",
        "--items",
        "4",
        "--backend",
        "transformers",
        "--json",
    ]
    command = ["eval", *options, "--pool", str(pool), "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    totals = sum_lines(read_ledger(tmp_path / "run" / "ledger.jsonl"))
    assert totals.calls > 8
    assert totals.estimated == totals.unknown == 0


def test_what_tells_weights_apart(weights, tmp_path):
    backend = backend_of(weights)
    assert pickle.loads(pickle.dumps(backend)).digest == backend.digest
    assert backend.parameters("first")["weights"] != backend.parameters("second")["weights"]
    assert backend.parameters("base")["max_tokens"] == 16
    backend.prepare()


def test_what_cannot_be(weights, tmp_path):
    with pytest.raises(PoolError, match=r"body.presence_penalty is nothing that the backend 'transformers'"):
        backend_of(weights, "presence_penalty = 1")
    with pytest.raises(PoolError, match="'nowhere' is neither a folder nor a name on the hub"):
        backend_of(("nowhere", *weights[1:])).prepare()
    with pytest.raises(PoolError, match=r"holds no adapter_config.json"):
        backend_of((weights[0], tmp_path, tmp_path)).prepare()
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    with pytest.raises(ProviderDown, match=r"engine 'tiny': .* cannot be loaded: "):
        backend_of((tmp_path, *weights[1:])).chat([prompt()])
