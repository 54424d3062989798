"""What the backend `vllm` asks of vLLM, against a stand-in (tests/serving/vllm asks the real one)."""

import json
import sys
import types
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from mas2_env.backends.ledger import Ledger
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.backends.vllm import VLLM
from mas2_env.errors import PluginError, ProviderDown
from mas2_env.execution.operation import Failure, Reply
from mas2_env.pool import parse_pool
from mas2_env.task import ToolSpec, ToolUse

POOL = """
name = "local"
reference = "base"

[engine.qwen]
path = "org/model"
revision = "abc"
logprobs = true
structured = true
body = {{ max_tokens = 50 }}
vllm = {{ gpu_memory_utilization = 0.5 }}

[[backbone]]
name = "base"
description = "x"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
usd_per_million_cached = 0.05
context = 100

[[backbone]]
name = "tuned"
description = "x"
adapter = "{adapter}"
body = {{ temperature = 0.3, stop = "END", max_tokens = 20 }}
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 200
"""


@dataclass(kw_only=True)
class SamplingParams:
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    max_tokens: int | None = 16
    seed: int | None = None
    stop: Any = None
    logprobs: int | None = None
    structured_outputs: Any = None


@dataclass
class StructuredOutputsParams:
    json: Any = None


@dataclass
class LoRARequest:
    lora_name: str
    lora_int_id: int
    lora_path: str


class Tokenizer:
    """A character is a token; 1000 ends a thought, 1001 a reply."""

    chat_template = "yes"
    unk_token_id = None

    def apply_chat_template(self, messages, tools, add_generation_prompt, tokenize):
        assert add_generation_prompt
        assert not tokenize
        return "".join(message["content"] for message in messages) + "T" * len(tools or ())

    def __call__(self, text, add_special_tokens):
        return {"input_ids": [ord(letter) for letter in text]}

    def convert_tokens_to_ids(self, token):
        return 1000 if token == "</think>" else None


class EngineDeadError(Exception):
    pass


class LLM:
    """Writes by a script, and remembers what it was asked."""

    made: ClassVar[list["LLM"]] = []
    script = staticmethod(lambda prompt: ("Answer: 4", "stop"))

    def __init__(self, model, **options):
        self.model, self.options, self.asked = model, options, []
        LLM.made.append(self)

    def get_tokenizer(self):
        return Tokenizer()

    def get_default_sampling_params(self):
        return SamplingParams(temperature=0.6, top_k=20)

    def generate(self, prompts, sampling_params, *, use_tqdm, lora_request):
        assert not use_tqdm
        self.asked.append((prompts, sampling_params, lora_request))
        return [self._output(prompt) for prompt in prompts]

    def _output(self, prompt):
        text, finish = self.script("".join(map(chr, prompt["prompt_token_ids"])))
        tokens = [1000 if letter == "§" else ord(letter) for letter in text] + [1001] * (finish == "stop")
        logprobs = [{token: types.SimpleNamespace(logprob=-0.5)} for token in tokens]
        completion = types.SimpleNamespace(
            text=text.replace("§", "</think>"), token_ids=tokens, finish_reason=finish, logprobs=logprobs
        )
        return types.SimpleNamespace(outputs=[completion], num_cached_tokens=2)


@pytest.fixture
def adapter(tmp_path):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 24}))
    return tmp_path


@pytest.fixture
def backend(adapter, monkeypatch):
    stand_in = {
        "vllm": {"LLM": LLM, "SamplingParams": SamplingParams},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": LoRARequest},
        "vllm.sampling_params": {"StructuredOutputsParams": StructuredOutputsParams},
        "vllm.platforms": {"current_platform": types.SimpleNamespace(is_cpu=lambda: False)},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.exceptions": {"EngineDeadError": EngineDeadError},
    }
    for name, content in stand_in.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "mas2_env.backends.vllm_engine", raising=False)
    monkeypatch.setattr(LLM, "made", [])
    backend = VLLM(parse_pool(POOL.format(adapter=adapter), "p.toml"))
    backend.ledger = Ledger()
    yield backend
    sys.modules.pop("mas2_env.backends.vllm_engine", None)


def prompt(text="2 + 2?", backbone="base", sample=7, **changes):
    return Prompt(backbone, (ChatMessage("user", text),), sample, Label("sums/2", "s", "s#0@0/0"), **changes)


def test_the_engine_is_started_for_all_that_the_pool_asks_of_it(backend):
    backend.chat([prompt(), prompt()])
    backend.chat([prompt(backbone="tuned")])
    (engine,) = LLM.made
    assert engine.model == "org/model"
    assert engine.options == {
        "max_model_len": 200,
        "revision": "abc",
        "tokenizer_revision": "abc",
        "enable_lora": True,
        "max_loras": 1,
        "max_lora_rank": 32,
        "gpu_memory_utilization": 0.5,
    }


def test_all_requests_go_into_one_batch_each_with_its_own_parameters(backend, adapter):
    schema = {"type": "object"}
    backend.chat([prompt("ab", sample=3), prompt("c", "tuned"), prompt("d", schema=schema)])
    ((prompts, parameters, adapters),) = LLM.made[0].asked
    assert prompts == [
        {"prompt_token_ids": [97, 98]},
        {"prompt_token_ids": [99]},
        {"prompt_token_ids": [100]},
    ]
    first = SamplingParams(temperature=0.6, top_k=20, max_tokens=50, seed=3, stop=[], logprobs=0)
    tuned = SamplingParams(temperature=0.3, top_k=20, max_tokens=20, seed=7, stop=["END"], logprobs=0)
    assert parameters[:2] == [first, tuned]
    assert parameters[2].structured_outputs == StructuredOutputsParams(schema)
    assert adapters == [None, LoRARequest("adapter1", 1, str(adapter)), None]


def test_on_a_cpu_requests_without_an_adapter_go_apart(backend, monkeypatch):
    monkeypatch.setattr(sys.modules["vllm.platforms"].current_platform, "is_cpu", lambda: True)
    asked = [prompt("ab"), prompt("c", "tuned"), prompt("def")]
    assert [reply.prompt_tokens for reply in backend.chat(asked)] == [2, 1, 3]
    given = [[len(p["prompt_token_ids"]) for p in prompts] for prompts, _, _ in LLM.made[0].asked]
    assert given == [[2, 3], [1]]


def test_without_an_adapter_none_is_asked_for(backend):
    backend.chat([prompt()])
    assert LLM.made[0].asked[0][2] is None


def test_replies_and_what_they_cost(backend, monkeypatch):
    monkeypatch.setattr(LLM, "script", staticmethod(lambda prompt: ("Hm.§\nAnswer: 4", "stop")))
    (reply,) = backend.chat([prompt()])
    assert reply == Reply("Answer: 4", 6, 15, logprobs=(-0.5,) * 15, reasoning_tokens=4)
    totals = backend.ledger.totals
    assert (totals.prompt, totals.completion, totals.reasoning, totals.cached) == (6, 15, 4, 2)
    assert (totals.price, totals.billed) == (6 * 100 + 15 * 400, 4 * 100 + 2 * 50 + 15 * 400)


def test_tools_that_are_offered_are_called(backend, monkeypatch):
    written = '<tool_call>{"name": "add"}</tool_call>'
    monkeypatch.setattr(LLM, "script", staticmethod(lambda prompt: (written, "stop")))
    spec = ToolSpec("add", "Adds.", {})
    armed, closed = backend.chat([prompt(tools=(spec,)), prompt(tools=(spec,), closed=True)])
    assert (armed.text, armed.tool_uses) == ("", (ToolUse("add", "{}"),))
    assert (closed.text, closed.tool_uses) == (written, ())
    assert armed.prompt_tokens == 7, "the template was given the tool"


def test_room_in_the_context(backend):
    answers = backend.chat([prompt("x" * 100), prompt("x" * 90), prompt("x" * 100, "tuned")])
    assert isinstance(answers[0], Failure)
    assert answers[0].kind == "overflow"
    assert [parameters.max_tokens for parameters in LLM.made[0].asked[0][1]] == [10, 20]


def test_a_reply_that_was_cut_off(backend, monkeypatch):
    monkeypatch.setattr(LLM, "script", staticmethod(lambda prompt: ("Well", "length")))
    (reply,) = backend.chat([prompt()])
    assert (reply.text, reply.stop, reply.completion_tokens) == ("Well", "length", 4)


def test_a_dead_engine_ends_the_run(backend, monkeypatch):
    def dead(self, *args, **kwargs):
        raise EngineDeadError("see above")

    monkeypatch.setattr(LLM, "generate", dead)
    with pytest.raises(ProviderDown, match="the vLLM engine is dead: see above"):
        backend.chat([prompt()])


def test_the_extra_that_is_missing_is_named(adapter, monkeypatch):
    monkeypatch.setattr("mas2_env.backends.local.find_spec", lambda name: None)
    with pytest.raises(PluginError, match=r"needs 'vllm': pip install 'mas2-env\[vllm\]'"):
        VLLM(parse_pool(POOL.format(adapter=adapter), "p.toml")).prepare()
