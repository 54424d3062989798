"""Tiny models: the same for the same seed, and told apart by their adapters."""

import pytest

pytest.importorskip("transformers")
pytest.importorskip("torch")

from mas2_env.mock.tiny import SPECIAL, make_tiny


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def test_a_seed_makes_a_model(tmp_path):
    made = [make_tiny(tmp_path / str(number), seed) for number, seed in enumerate((1, 1, 2))]
    assert weights(made[0]) == weights(made[1]) != weights(made[2])


def test_its_tokenizer_keeps_every_text_and_renders_chats_with_tools(tmp_path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(make_tiny(tmp_path / "model"))
    text = "What is 2 + 2? Vier, Größe, 四."
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert [tokenizer.convert_tokens_to_ids(token) for token in SPECIAL] == list(range(len(SPECIAL)))
    call = {"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "3"},
    ]
    chat = tokenizer.apply_chat_template(messages, tools=[call], add_generation_prompt=True, tokenize=False)
    assert chat.endswith("<|im_start|>tool\n3<|im_end|>\n<|im_start|>assistant\n")
    assert '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call><|im_end|>' in chat
